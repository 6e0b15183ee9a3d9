import { type CryptoProvider, noble } from '../nocrypto/index.ts';
import type { TraceLevel } from '../src/index.ts';
import { type Fixture, handshake, makeConfigs, seedOf } from './fixtures.ts';
import type { Benchmark } from './harness.ts';
import { hangUp, nodeTls } from './node-tls.ts';
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
