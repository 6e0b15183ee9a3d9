import { type CryptoProvider, noble } from '../nocrypto/index.ts';
import { receive, rotateTicketKeys, type TraceLevel } from '../src/index.ts';
import { type Fixture, handshake, makeConfigs, NOW, seedOf } from './fixtures.ts';
import type { Benchmark } from './harness.ts';
import { hangUp, nodeSession, nodeTls } from './node-tls.ts';
import { handshakePrimitives } from './primitives.ts';
import { rehearse } from './rehearsed.ts';

const SUITE = 'TLS_AES_128_GCM_SHA256';

/** A full handshake, both ends in memory: X25519, a leaf and its root on P-256, AES-128-GCM. */
export function fullHandshake(fixture: Fixture, crypto: CryptoProvider): Benchmark {
  return {
    name: `full handshake, ${crypto.name}`,
    prepare: async () => {
      const configs = makeConfigs(fixture, SUITE, { crypto });
      const peer = nodeTls(fixture, SUITE);
      let seed = 0;
      return {
        operations: 1,
        ours: { name: 'pure-tls', run: () => void handshake(configs, seedOf(seed++)) },
        peers: [
          { name: 'node:tls', run: async () => hangUp(await peer.connect()) },
          { name: 'the primitives alone', run: handshakePrimitives(crypto, fixture) },
        ],
      };
    },
  };
}

/** The same resumed by a ticket, with a fresh key exchange (psk_dhe_ke): no certificate, no signature. */
export function resumedHandshake(fixture: Fixture, crypto: CryptoProvider): Benchmark {
  return {
    name: `resumed handshake, ${crypto.name}`,
    prepare: async () => {
      const ticketKeys = rotateTicketKeys([], seedOf(1));
      const configs = makeConfigs(fixture, SUITE, { crypto }, ticketKeys);
      const first = handshake(configs, seedOf(2));
      const given = receive(first.client, first.tickets, NOW).effects.flatMap((effect) =>
        effect.kind === 'ticket' ? [effect.session] : [],
      );
      // node:tls offers one, too.
      const sessions = given.slice(0, 1);
      if (!handshake(configs, seedOf(3), sessions).resumed) throw new Error('pure-tls does not resume');
      const peer = nodeTls(fixture, SUITE);
      const session = await nodeSession(peer);
      let seed = 4;
      return {
        operations: 1,
        ours: { name: 'pure-tls', run: () => void handshake(configs, seedOf(seed++), sessions) },
        peers: [{ name: 'node:tls', run: async () => hangUp(await peer.connect(undefined, session)) }],
      };
    },
  };
}

/** The same with a provider that knows its answers: what is left is the engine. */
export function engineHandshake(fixture: Fixture): Benchmark {
  const run = (trace: TraceLevel): (() => void) =>
    rehearse(noble, (crypto) => {
      const configs = makeConfigs(fixture, SUITE, { crypto, trace });
      return () => void handshake(configs, seedOf(1));
    });
  return {
    name: 'full handshake, answers known',
    prepare: async () => ({
      operations: 1,
      ours: { name: 'pure-tls', run: run('off') },
      peers: [{ name: 'pure-tls, messages traced', run: run('messages') }],
    }),
  };
}
