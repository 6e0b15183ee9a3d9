import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secret } from '../../nocrypto/index.ts';
import { alertCodes } from '../../src/codepoints.ts';
import {
  type AlertName,
  type CipherSuiteName,
  type ClientOptions,
  cipherSuiteCodes,
  client,
  defaults,
  type Effect,
  exportKeyingMaterial,
  legacyCipherSuites,
  peekClientHello,
  receive,
  type ServerOptions,
  type Session,
  type State,
  send,
  server,
  status,
  tlsUnique,
} from '../../src/index.ts';
import { dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { assertMisbehaved, blame } from './expect.ts';
import { quickClientConfig, quickCredential, quickServerConfig } from './quick.ts';
import { meetTls12Client } from './scripted-tls12-server.ts';
import { bytes, converse, data, find, must, NOW, type Run, sent } from './support.ts';

// TLS 1.2 between our own two sides.

const ticketKeys = [{ name: bytes(16, 5), secret: secret(bytes(32, 6)) }];
const ecdsaSuites = Object.keys(cipherSuiteCodes).filter((name): name is CipherSuiteName =>
  name.startsWith('TLS_ECDHE_ECDSA_'),
);

test('every suite for this key ends in data both ways, and both sides export the same', () => {
  for (const suite of ecdsaSuites) {
    const run = meet({ cipherSuites: [suite] }, { cipherSuites: [suite] });
    const { facts } = established(run.clientEffects);
    assert.equal(facts.cipherSuite, suite);
    assert.equal(facts.version, 'TLS 1.2');
    assert.equal(established(run.serverEffects).facts.cipherSuite, suite);
    assertTalk(run);
    assert.deepEqual(tlsUnique(run.client), tlsUnique(run.server));
    assert.ok(tlsUnique(run.client));
    for (const context of [undefined, new Uint8Array(0), bytes(5)]) {
      const exported = (state: State) => exportKeyingMaterial(state, 'EXPERIMENTAL test', context, 40);
      assert.deepEqual(exported(run.client), exported(run.server));
    }
  }
});

test('both sides take the higher version where both speak it', () => {
  const both = { versions: ['1.3', '1.2'] } as const;
  assert.equal(established(meet(both, both).clientEffects).facts.version, 'TLS 1.3');
  assert.equal(established(meet(both, { versions: ['1.2'] }).clientEffects).facts.version, 'TLS 1.2');
  assert.equal(established(meet({ versions: ['1.2'] }, both).serverEffects).facts.version, 'TLS 1.2');
});

test('sides without a version in common say so', () => {
  const run = meet({ versions: ['1.2'] }, { versions: ['1.3'] });
  assertEnded(run.serverEffects, 'incompatible no-common-version', 'protocol_version');
});

test('a second try without TLS 1.3 is refused by a server that speaks it (RFC 7507)', () => {
  const run = meet({ fallback: true }, { versions: ['1.3', '1.2'] });
  assertEnded(run.serverEffects, 'incompatible inappropriate-fallback', 'inappropriate_fallback');
  assert.equal(status(meet({ fallback: true }, {}).server).phase, 'established');
});

test('who takes TLS 1.3 out of an offer is found out by the sentinel in the random (RFC 9846 §4.2.3)', () => {
  const both = { versions: ['1.3', '1.2'] } as const;
  const hello = client(quickClientConfig(both), bytes(48, 1));
  // supported_versions with 1.2 only: as long as before, so that no length has to change.
  const text = Buffer.from(sent(hello.effects))
    .toString('hex')
    .replace('002b00050403040303', '002b00050403030303');
  const cut = Uint8Array.from(Buffer.from(text, 'hex'));
  assert.notDeepEqual(cut, sent(hello.effects));
  const answer = receive(server(quickServerConfig(both), bytes(48, 2)).state, cut, NOW);
  const step = receive(hello.state, sent(answer.effects), NOW);
  assertEnded(step.effects, 'peerMisbehaved downgrade-sentinel', 'illegal_parameter');
});

test('a client shows its certificate to a server that asks, and signs the whole handshake', () => {
  const clientAuthentication = { authenticator: dangerouslyAcceptAnyCertificate, required: true };
  const run = meet({ credentials: [quickCredential] }, { clientAuthentication });
  assert.ok(established(run.serverEffects).facts.peer);
  assert.equal(established(run.clientEffects).facts.ownSignatureScheme, 'ed25519');
  assertTalk(run);
  const { serverEffects } = meet({}, { clientAuthentication });
  assertEnded(serverEffects, 'peerMisbehaved no-tls12-client-certificate', 'handshake_failure');
});

test('a ticket takes up the session, without certificates and with the client it began with', () => {
  const clientAuthentication = { authenticator: dangerouslyAcceptAnyCertificate, required: true };
  const options = { ticketKeys, clientAuthentication };
  const first = meet({ credentials: [quickCredential] }, options);
  const again = meet({ credentials: [quickCredential] }, options, ticketsOf(first));
  for (const effects of [again.clientEffects, again.serverEffects]) {
    assert.equal(established(effects).facts.resumed, true);
  }
  assert.ok(established(again.serverEffects).facts.peer);
  assertTalk(again);
  assert.deepEqual(tlsUnique(again.client), tlsUnique(again.server));
});

test('a session is not taken up under another name, context, suite, key or after its time', () => {
  const suite = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
  const sessions = ticketsOf(meet({}, { ticketKeys, cipherSuites: [suite] }));
  assert.equal(sessions.length, 1);
  const other = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256';
  const cases: readonly [Partial<ServerOptions>, number][] = [
    [{ ticketKeys, sessionContext: bytes(3) }, NOW],
    [{ ticketKeys, cipherSuites: [other] }, NOW],
    [{ ticketKeys: [{ name: bytes(16, 5), secret: secret(bytes(32, 7)) }] }, NOW],
    [{ ticketKeys: [] }, NOW],
    [{ ticketKeys }, NOW + 7_201_000],
  ];
  for (const [options, now] of cases) {
    const step = client(quickClientConfig({ versions: ['1.2'] }), bytes(48, 3), { sessions, now: NOW });
    const config = quickServerConfig({ versions: ['1.2'], ...options });
    const run = converse(step, server(config, bytes(48, 4)), now);
    assert.equal(established(run.serverEffects).facts.resumed, false);
  }
});

test('CBC is in no default', () => {
  assert.ok(legacyCipherSuites.includes('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'));
  assert.deepEqual(
    defaults.cipherSuites.filter((name) => legacyCipherSuites.some((legacy) => legacy === name)),
    [],
  );
});

test('encrypt-then-MAC is agreed on with CBC (RFC 7366), by a client that has CBC suites to offer', () => {
  const cipherSuites = ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'] as const;
  const offers = (options: Partial<ClientOptions>) => {
    const { effects } = client(quickClientConfig({ versions: ['1.2'], ...options }), bytes(48, 1));
    const peeked = must(peekClientHello(sent(effects)));
    return peeked?.hello.extensions.some(({ name }) => name === 'encryptThenMac');
  };
  assert.equal(offers({ cipherSuites }), true);
  assert.equal(offers({}), false);
  const { client: ended } = meet({ cipherSuites }, { cipherSuites });
  const { keys } = ended.write.protection ?? {};
  assert.ok(keys?.version === '1.2' && keys.kind === 'cbc' && keys.cbc.encryptThenMac);
});

test('a server that agrees on encrypt-then-MAC with a suite that has no MAC is refused (RFC 7366 §3)', () => {
  const aead = 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256';
  const cipherSuites = [aead, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'] as const;
  const scripted = meetTls12Client({ client: { versions: ['1.2'], cipherSuites }, suite: aead });
  scripted.serverHello((hello) => ({
    ...hello,
    extensions: [...hello.extensions, { name: 'encryptThenMac', value: new Uint8Array(0) }],
  }));
  assertMisbehaved(scripted.peer, 'illegal_parameter', 'encrypt-then-mac-without-mac');
});

function meet(
  clientOptions: Partial<ClientOptions>,
  serverOptions: Partial<ServerOptions>,
  sessions: readonly Session[] = [],
): Run {
  return converse(
    client(quickClientConfig({ versions: ['1.2'], ...clientOptions }), bytes(48, 1), { sessions, now: NOW }),
    server(quickServerConfig({ versions: ['1.2'], ...serverOptions }), bytes(48, 2)),
  );
}

function assertTalk(run: Run): void {
  const question = send(run.client, bytes(40_000, 3));
  assert.deepEqual(data(receive(run.server, sent(question.effects), NOW).effects), bytes(40_000, 3));
  const reply = send(run.server, bytes(7, 4));
  assert.deepEqual(data(receive(run.client, sent(reply.effects), NOW).effects), bytes(7, 4));
}

/** The failure, and the alert that is the last thing sent: in the clear here. */
function assertEnded(effects: readonly Effect[], reason: string, alert: AlertName): void {
  const failed = find(effects, 'failed');
  assert.equal(failed && blame(failed.failure), reason);
  assert.deepEqual([...sent(effects).subarray(-7)], [21, 3, 3, 0, 2, 2, alertCodes[alert]]);
}

function established(effects: readonly Effect[]): Extract<Effect, { kind: 'established' }> {
  const found = find(effects, 'established');
  assert.ok(found, JSON.stringify(find(effects, 'failed')));
  return found;
}

function ticketsOf(run: Run): readonly Session[] {
  return run.clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}
