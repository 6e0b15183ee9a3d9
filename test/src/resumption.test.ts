import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import { isSame } from '../../src/bytes.ts';
import {
  type ClientOptions,
  client,
  decodeSession,
  describeFailure,
  type Effect,
  type ExternalPsk,
  encodeSession,
  receive,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  type State,
  send,
  server,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import {
  type Authenticator,
  dangerouslyAcceptAnyCertificate as anybody,
  chainOfTrust,
  trustAnchor,
} from '../../x509/index.ts';
import { nullCrypto } from './null-crypto.ts';
import { quickAuthority, quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import {
  bytes,
  converse,
  DAY,
  data,
  find,
  makeClientConfig,
  makeCredential,
  makeServerConfig,
  must,
  NOW,
  type Run,
  sent,
} from './support.ts';

const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
const clientCredential = makeCredential(quickAuthority, {
  crypto: nullCrypto,
  kind: { kind: 'ed25519' },
  names: ['client.example'],
});
const otherCredential = makeCredential(quickAuthority, {
  crypto: nullCrypto,
  kind: { kind: 'ed25519' },
  validity: { notBefore: NOW - 2 * DAY, notAfter: NOW + 2 * DAY },
});
const trusting = chainOfTrust({ anchors: [trustAnchor(quickAuthority.certificate)] });

describe('a session', () => {
  it('is resumed over real cryptography, and carries data', () => {
    const clientConfig = makeClientConfig();
    const serverConfig = makeServerConfig({ ticketKeys });
    const first = converse(client(clientConfig, bytes(48)), server(serverConfig, bytes(48, 2)));
    const sessions = sessionsOf(first);
    assert.equal(sessions.length, 2);
    const again = converse(
      client(clientConfig, bytes(48, 5), { sessions, now: NOW + 1000 }),
      server(serverConfig, bytes(48, 6)),
    );
    assert.equal(established(again.clientEffects).resumed, true);
    assert.equal(established(again.serverEffects).resumed, true);
    const { peer } = established(again.clientEffects);
    assert.deepEqual(peer?.leaf.der, established(first.clientEffects).peer?.leaf.der);
    assert.deepEqual(carried(again.client, again.server), bytes(100));
    assert.deepEqual(carried(again.server, again.client), bytes(100));
  });

  it('is resumed after a HelloRetryRequest, with its binder made anew', () => {
    const sessions = sessionsOf(meet());
    const again = meet({ groups: ['x25519', 'secp256r1'] }, { groups: ['secp256r1'] }, sessions);
    assert.equal(established(again.clientEffects).helloRetryRequest, true);
    assert.equal(established(again.serverEffects).resumed, true);
  });

  it('survives being stored as bytes', () => {
    const [session] = sessionsOf(meet());
    assert.ok(session !== undefined);
    assert.deepEqual(must(decodeSession(encodeSession(session))), session);
    for (const length of [0, 1, 40])
      assert.equal(decodeSession(encodeSession(session).subarray(0, length)).ok, false);
  });

  it('goes on under another suite of the same hash, not of another', () => {
    const sessions = sessionsOf(meet({ cipherSuites: ['TLS_AES_128_GCM_SHA256'] }));
    const same = meet({ cipherSuites: ['TLS_CHACHA20_POLY1305_SHA256'] }, {}, sessions);
    assert.equal(established(same.serverEffects).resumed, true);
    const other = meet({ cipherSuites: ['TLS_AES_256_GCM_SHA384'] }, {}, sessions);
    assert.equal(established(other.serverEffects).resumed, false);
  });

  it('is resumed by a client that takes no more tickets', () => {
    const again = meet({ acceptTickets: false }, {}, sessionsOf(meet()));
    assert.equal(established(again.serverEffects).resumed, true);
    assert.equal(sessionsOf(again).length, 0);
  });

  it('gives new tickets when it is resumed', () => {
    const again = meet({}, {}, sessionsOf(meet()));
    const third = meet({}, {}, sessionsOf(again));
    assert.equal(established(third.serverEffects).resumed, true);
  });

  it('has its server judged once, however many tickets remember it', () => {
    const sessions = sessionsOf(meet());
    assert.equal(sessions.length, 2);
    let judged = 0;
    const counting: Authenticator = (presented) => {
      judged++;
      return trusting(presented);
    };
    assert.equal(established(meet({ authenticator: counting }, {}, sessions).clientEffects).resumed, true);
    assert.equal(judged, 1);
    const others = sessions.map((session, i) =>
      i === 0 ? session : { ...session, signatureScheme: 'ecdsa_secp256r1_sha256' as const },
    );
    meet({ authenticator: counting }, {}, others);
    assert.equal(judged, 3);
  });

  it('remembers the client that a certificate has authenticated, and judges it anew', () => {
    const mutual = { clientAuthentication: { authenticator: trusting, required: true } };
    const sessions = sessionsOf(meet({ credentials: [clientCredential] }, mutual));
    const again = meet({ credentials: [clientCredential] }, mutual, sessions);
    assert.equal(established(again.serverEffects).resumed, true);
    assert.deepEqual(established(again.serverEffects).peer?.leaf.der, clientCredential.leaf.der);
    const distrusting = {
      clientAuthentication: { authenticator: chainOfTrust({ anchors: [] }), required: true },
    };
    const refused = meet({ credentials: [clientCredential] }, distrusting, sessions);
    assertFailed(refused.serverEffects, 'no-anchors');
  });
});

describe('a full handshake takes the place of a session', () => {
  const cases: readonly (readonly [string, Partial<ClientOptions>, Partial<ServerOptions>, number])[] = [
    ['that has expired', {}, { ticketLifetime: 60 }, NOW + 61_000],
    ['whose key the server has forgotten', {}, { ticketKeys: rotateTicketKeys([], bytes(48, 9)) }, NOW],
    ['of a configuration with another context', {}, { sessionContext: bytes(3) }, NOW],
    [
      'that was anonymous where clients must be known',
      { credentials: [clientCredential] },
      {
        clientAuthentication: { authenticator: trusting, required: true },
      },
      NOW,
    ],
    ['that is from the future', {}, {}, NOW - DAY / 2],
    [
      'whose server has become somebody else to the client',
      { authenticator: exceptFor(quickCredential.leaf.der) },
      { credentials: [otherCredential] },
      NOW,
    ],
    ['for another name', { serverName: 'other.example', authenticator: anybody }, {}, NOW],
  ];
  for (const [what, clientOptions, serverOptions, now] of cases) {
    it(what, () => {
      const sessions = sessionsOf(meet());
      const again = meet(clientOptions, serverOptions, sessions, now);
      assert.equal(established(again.clientEffects).resumed, false);
      assert.equal(established(again.serverEffects).resumed, false);
    });
  }

  it('whose key was rotated out, but not before', () => {
    const sessions = sessionsOf(meet());
    const once = rotateTicketKeys(ticketKeys, bytes(48, 10));
    assert.equal(established(meet({}, { ticketKeys: once }, sessions).serverEffects).resumed, true);
    const twice = rotateTicketKeys(once, bytes(48, 11));
    assert.equal(established(meet({}, { ticketKeys: twice }, sessions).serverEffects).resumed, false);
  });

  it('that somebody has tampered with', () => {
    const [session] = sessionsOf(meet());
    assert.ok(session !== undefined);
    for (let at = 0; at < session.ticket.length; at++) {
      const ticket = session.ticket.slice();
      ticket[at] = (ticket[at] ?? 0) ^ 1;
      const again = meet({}, {}, [{ ...session, ticket }]);
      assert.equal(established(again.serverEffects).resumed, false);
    }
  });
});

describe('the resumption of a session fails', () => {
  it('when its binder is made with another key', () => {
    const sessions = sessionsOf(meet()).map((session) => ({ ...session, psk: secret(bytes(32, 77)) }));
    assertFailed(meet({}, {}, sessions).serverEffects, 'bad-binder');
  });
});

describe('an external PSK', () => {
  const external: ExternalPsk = { identity: bytes(8), secret: secret(bytes(32, 4)) };

  it('authenticates both sides without a certificate', () => {
    const run = meet({ externalPsks: [external] }, { externalPsks: [external], credentials: [] });
    assert.deepEqual(established(run.clientEffects).externalIdentity, external.identity);
    assert.deepEqual(established(run.serverEffects).externalIdentity, external.identity);
    assert.equal(established(run.clientEffects).peer, undefined);
    assert.equal(sessionsOf(run).length, 0);
  });

  it('is imported for the hash of the suite', () => {
    const run = meet(
      { externalPsks: [external] },
      { externalPsks: [external], credentials: [], cipherSuites: ['TLS_AES_256_GCM_SHA384'] },
    );
    assert.deepEqual(established(run.serverEffects).externalIdentity, external.identity);
  });

  it('that the server does not know gives way to a certificate', () => {
    const run = meet({ externalPsks: [external] });
    assert.equal(established(run.clientEffects).externalIdentity, undefined);
  });

  it('with another context is another key (Selfie, RFC 9258 Appendix A)', () => {
    const reflected = { ...external, context: bytes(2) };
    const run = meet({ externalPsks: [external] }, { externalPsks: [reflected] });
    assert.equal(established(run.serverEffects).externalIdentity, undefined);
  });

  it('with another key under the same identity fails by its binder', () => {
    const wrong = { ...external, secret: secret(bytes(32, 5)) };
    assertFailed(meet({ externalPsks: [external] }, { externalPsks: [wrong] }).serverEffects, 'bad-binder');
  });
});

/** An authenticator that has lost its trust in one certificate. */
function exceptFor(der: Uint8Array): Authenticator {
  return (presented) =>
    isSame(presented.certificates[0]?.der ?? der, der)
      ? chainOfTrust({ anchors: [] })(presented)
      : trusting(presented);
}

/** A whole conversation over the null provider. The server has ticket keys unless told otherwise. */
function meet(
  clientOptions: Partial<ClientOptions> = {},
  serverOptions: Partial<ServerOptions> = {},
  sessions: readonly Session[] = [],
  now = NOW,
): Run {
  return converse(
    client(quickClientConfig(clientOptions), bytes(48, 21), { sessions, now }),
    server(quickServerConfig({ ticketKeys, ...serverOptions }), bytes(48, 22)),
    now,
  );
}

function sessionsOf(run: Run): readonly Session[] {
  return run.clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function established(effects: readonly Effect[]) {
  const failure = find(effects, 'failed');
  assert.equal(failure && describeFailure(failure.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function assertFailed(effects: readonly Effect[], word: string): void {
  const failure = find(effects, 'failed')?.failure ?? assert.fail('did not fail');
  assert.ok(describeFailure(failure).includes(word), describeFailure(failure));
}

function carried(from: State, to: State): Uint8Array {
  return data(receive(to, sent(send(from, bytes(100)).effects), NOW).effects);
}
