import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { noble, secret } from '../../nocrypto/index.ts';
import type { ClientHelloExtension } from '../../src/extensions.ts';
import {
  type ClientOptions,
  client,
  describeFailure,
  type Effect,
  type ExternalPsk,
  type Facts,
  rotateTicketKeys,
  type ServerOptions,
  type Session,
  server,
  TICKET_KEY_ENTROPY,
} from '../../src/index.ts';
import { importPsk } from '../../src/psk.ts';
import { blame } from './expect.ts';
import { quickClientConfig, quickServerConfig } from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { bytes, concatAll, converse, find, NOW, type Run } from './support.ts';

const external: ExternalPsk = { identity: bytes(8), secret: secret(bytes(32, 4)) };
const both = { externalPsks: [external] };
const ticketKeys = rotateTicketKeys([], bytes(TICKET_KEY_ENTROPY, 3));
const ke = { pskKeyExchangeModes: ['psk_ke'] } as const;
const either = { pskKeyExchangeModes: ['psk_dhe_ke', 'psk_ke'] } as const;
const rather = { pskKeyExchangeModes: ['psk_ke', 'psk_dhe_ke'] } as const;

describe('a PSK', () => {
  const cases = [
    ['is used with a key exchange where nobody says otherwise', {}, {}, 'x25519'],
    ['is used without one where both sides know nothing else', ke, ke, undefined],
    ['is used with one where both could do either', either, either, 'x25519'],
    ['is used without one where the server would rather', either, rather, undefined],
    ['is used with one where the client could do either and the server not', either, {}, 'x25519'],
    ['is used without one where the client can do nothing else', ke, either, undefined],
  ] as const;
  for (const [title, ours, theirs, group] of cases) {
    it(`${title}, an external one and a session`, () => {
      const first = meet({ ...both, ...ours }, { ...both, credentials: [], ...theirs });
      assert.deepEqual(facts(first.clientEffects).externalIdentity, external.identity);
      assert.equal(facts(first.clientEffects).group, group);
      assert.equal(facts(first.serverEffects).group, group);
      const again = meet(ours, theirs, sessionsOf(meet(ours, theirs)));
      assert.equal(facts(again.serverEffects).resumed, true);
      assert.equal(facts(again.serverEffects).group, group);
      assert.equal(facts(again.clientEffects).group, group);
    });
  }

  it('that could only be used as the other side will not gives way to a certificate, and no ticket is given', () => {
    for (const [ours, theirs] of [
      [ke, {}],
      [{}, ke],
    ] as const) {
      const run = meet({ ...both, ...ours }, { ...both, ...theirs });
      assert.equal(facts(run.serverEffects).externalIdentity, undefined);
      assert.equal(facts(run.serverEffects).group, 'x25519');
      assert.deepEqual(sessionsOf(run), []);
    }
  });

  it('does without a group in common if it may, and only then', () => {
    const odd = { groups: ['x448'], keyShares: ['x448'] } as const;
    const run = meet({ ...both, ...odd, ...either }, { ...both, ...either });
    assert.equal(facts(run.serverEffects).group, undefined);
    const strict = meet({ ...both, ...odd, ...either }, both);
    assert.equal(failure(strict.serverEffects), 'incompatible no-common-group');
    const unknown = meet({ ...both, ...odd, ...either }, either);
    assert.equal(failure(unknown.serverEffects), 'incompatible no-common-group');
  });

  it('is asked a share for, rather than used without, where the server would rather have one', () => {
    const run = meet({ ...both, ...either }, { ...both, ...either, groups: ['secp256r1'] });
    assert.equal(facts(run.serverEffects).helloRetryRequest, true);
    assert.equal(facts(run.serverEffects).group, 'secp256r1');
  });
});

describe('a server', () => {
  const imported = importPsk(quickServerConfig().crypto, external, 'sha256');
  const modes = (...value: number[]) => ({ name: 'pskKeyExchangeModes', value }) as const;

  /** A hello for a PSK alone: without anything that a key exchange needs (RFC 9846 §9.2). */
  function helloWithout(names: readonly string[], mode: number, options: Partial<ServerOptions>) {
    const scripted = meetServer({ server: options, psk: imported });
    scripted.say.clientHello((hello) => ({
      ...hello,
      extensions: hello.extensions.flatMap((extension): readonly ClientHelloExtension[] =>
        names.includes(extension.name)
          ? []
          : extension.name === 'pskKeyExchangeModes'
            ? [modes(mode)]
            : [extension],
      ),
    }));
    return scripted.peer;
  }

  it('misses key_share or supported_groups, unless psk_ke is offered and both are left out', () => {
    for (const [names, mode] of [
      [['keyShare'], 0],
      [['supportedGroups'], 0],
      [['keyShare', 'supportedGroups'], 1],
    ] as const) {
      const { effects } = helloWithout(names, mode, { ...both, ...either });
      assert.equal(failure(effects), 'peerMisbehaved missing-extension');
    }
    // Past that check: the changed hello no longer has the binder that was made for it.
    const { effects } = helloWithout(['keyShare', 'supportedGroups'], 0, { ...both, ...either });
    assert.equal(failure(effects), 'peerMisbehaved bad-binder');
    const refused = helloWithout(['keyShare', 'supportedGroups'], 0, both);
    assert.equal(failure(refused.effects), 'incompatible no-common-group');
  });
});

describe('a client', () => {
  const answering = (options: Partial<ClientOptions>, leaveOut: readonly string[]) => {
    const scripted = meetClient({ client: { ...both, ...options } });
    scripted.say.serverHello((hello) => ({
      ...hello,
      extensions: [
        ...hello.extensions.filter(({ name }) => !leaveOut.includes(name)),
        { name: 'preSharedKey', value: 0 },
      ],
    }));
    return scripted.peer;
  };

  it('that offers only psk_ke refuses a PSK with a key share (§4.3.9)', () => {
    const { effects } = answering(ke, []);
    assert.equal(failure(effects), 'peerMisbehaved unoffered-psk-key-exchange-mode');
  });

  it('that does not offer psk_ke refuses a PSK without a key share', () => {
    assert.equal(failure(answering({}, ['keyShare']).effects), 'peerMisbehaved missing-extension');
  });

  it('refuses a ServerHello with neither key share nor PSK, whatever it offers', () => {
    const scripted = meetClient({ client: { ...both, ...either } });
    scripted.say.serverHello((hello) => ({
      ...hello,
      extensions: hello.extensions.filter(({ name }) => name !== 'keyShare'),
    }));
    assert.equal(failure(scripted.peer.effects), 'peerMisbehaved missing-extension');
  });
});

describe('an external key that goes with SHA-384', () => {
  const strong: ExternalPsk = { ...external, hash: 'sha384' };

  it('is imported for suites of either hash, and is not the key that goes with SHA-256', () => {
    for (const suite of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const) {
      const theirs = { externalPsks: [strong], credentials: [], cipherSuites: [suite] };
      const run = meet({ externalPsks: [strong] }, theirs);
      assert.deepEqual(facts(run.serverEffects).externalIdentity, external.identity);
      // The identity on the wire is the same (RFC 9258 §3 does not name the hash): the binder tells.
      const mixed = meet(both, theirs);
      assert.equal(failure(mixed.serverEffects), 'peerMisbehaved bad-binder');
    }
  });

  it('is imported as RFC 9258 §4.1 has it, computed here with HMAC alone', () => {
    const context = bytes(5);
    for (const own of ['sha256', 'sha384'] as const) {
      for (const [target, kdf, length] of [
        ['sha256', 1, 32],
        ['sha384', 2, 48],
      ] as const) {
        const { identity, psk } = importPsk(noble, { ...external, hash: own, context }, target);
        assert.deepEqual(
          identity,
          concatAll([
            Uint8Array.of(0, 8),
            external.identity,
            Uint8Array.of(0, 5),
            context,
            Uint8Array.of(3, 4, 0, kdf),
          ]),
        );
        const zeros = new Uint8Array(own === 'sha256' ? 32 : 48);
        const extracted = createHmac(own, zeros).update(external.secret).digest();
        const digest = createHash(own).update(identity).digest();
        const label = Buffer.from('tls13 derived psk');
        const info = [0, length, label.length, ...label, digest.length, ...digest];
        assert.deepEqual(Buffer.from(psk.secret), expand(own, extracted, Uint8Array.from(info), length));
      }
    }
  });
});

describe('the Selfie attack (RFC 9258 Appendix A, RFC 9846 §E.6)', () => {
  const role = (context: string): ExternalPsk => ({ ...external, context: Buffer.from(context) });

  it('works on a key without roles: a node that is client and server authenticates to itself', () => {
    const run = meet(both, { ...both, credentials: [] });
    assert.deepEqual(facts(run.clientEffects).externalIdentity, external.identity);
  });

  it('fails where the context names the two ends: its own hello is for somebody else', () => {
    // Alice calls Bob with the key for Alice to Bob, and answers under the key for Bob to Alice.
    const asClient = { externalPsks: [role('alice to bob')] };
    const asServer = { externalPsks: [role('bob to alice')], credentials: [] };
    const reflected = meet(asClient, asServer);
    assert.equal(failure(reflected.serverEffects), 'incompatible no-common-psk');
    // An identity that an attacker writes over does not help: the binder covers the context.
    const honest = meet({ externalPsks: [role('bob to alice')] }, asServer);
    assert.deepEqual(facts(honest.serverEffects).externalIdentity, external.identity);
  });

  it('fails, too, with a hello whose identity has been exchanged on the way', () => {
    const { crypto } = quickServerConfig();
    const ours = importPsk(crypto, role('alice to bob'), 'sha256');
    const theirs = importPsk(crypto, role('bob to alice'), 'sha256');
    const scripted = meetServer({
      server: { externalPsks: [role('bob to alice')], credentials: [] },
      psk: { identity: theirs.identity, psk: ours.psk },
    });
    scripted.say.clientHello();
    assert.equal(failure(scripted.peer.effects), 'peerMisbehaved bad-binder');
  });
});

function expand(hash: string, key: Uint8Array, info: Uint8Array, length: number): Buffer {
  const first = createHmac(hash, key).update(info).update(Uint8Array.of(1)).digest();
  const second = createHmac(hash, key).update(first).update(info).update(Uint8Array.of(2)).digest();
  return Buffer.concat([first, second]).subarray(0, length);
}

function meet(
  clientOptions: Partial<ClientOptions>,
  serverOptions: Partial<ServerOptions>,
  sessions: readonly Session[] = [],
): Run {
  return converse(
    client(quickClientConfig(clientOptions), bytes(48, 21), { sessions, now: NOW }),
    server(quickServerConfig({ ticketKeys, ...serverOptions }), bytes(48, 22)),
  );
}

function sessionsOf(run: Run): readonly Session[] {
  return run.clientEffects.flatMap((effect) => (effect.kind === 'ticket' ? [effect.session] : []));
}

function facts(effects: readonly Effect[]): Facts {
  const failed = find(effects, 'failed');
  assert.equal(failed && describeFailure(failed.failure), undefined);
  return find(effects, 'established')?.facts ?? assert.fail('not established');
}

function failure(effects: readonly Effect[]): string {
  return blame(find(effects, 'failed')?.failure ?? assert.fail('did not fail'));
}
