import { type AeadName, type CryptoProvider, noble } from '../nocrypto/index.ts';
import { type CipherSuiteName, receive, type State, send } from '../src/index.ts';
import { type Connection, type Fixture, handshake, makeConfigs, NOW, seedOf, sent } from './fixtures.ts';
import type { Benchmark, Contender } from './harness.ts';
import { withoutCiphers } from './no-cipher.ts';
import { hangUp, nodeTls, transfer } from './node-tls.ts';

/** Half a megabyte of full records, sealed at one end and opened at the other, for each suite. */
export function bulk(fixture: Fixture, crypto: CryptoProvider): readonly Benchmark[] {
  return SUITES.map(([suite, aead, title]) => ({
    name: `bulk, ${title}, ${crypto.name}`,
    prepare: async () => {
      const data = new Uint8Array(BULK_RECORDS * FULL_RECORD).fill(1);
      const sockets = await nodeTls(fixture, suite).connect();
      const bare = bareAead(crypto, aead, FULL_RECORD);
      return {
        operations: 1,
        bytes: data.length,
        ours: { name: 'pure-tls', run: carry(connect(fixture, suite, crypto), data) },
        peers: [
          { name: 'node:tls', run: () => transfer(sockets, data) },
          {
            name: 'the AEAD alone',
            run: () => times(BULK_RECORDS, bare.both),
          },
        ],
        close: () => hangUp(sockets),
      };
    },
  }));
}

/** Records of 64 bytes, each in a call of its own, sent and received. */
export function smallRecords(fixture: Fixture, crypto: CryptoProvider): Benchmark {
  return {
    name: `64-byte records, ChaCha20-Poly1305, ${crypto.name}`,
    prepare: async () => {
      const data = new Uint8Array(SMALL_RECORD);
      return {
        operations: SMALL_RECORDS,
        ours: ours(carry(connect(fixture, SMALL_SUITE, crypto), data)),
        peers: [aeadAlone(bareAead(crypto, SMALL_AEAD, SMALL_RECORD).both)],
      };
    },
  };
}

/** The same in each direction and with no cipher, which would hide it: what the engine costs. */
export function engineRecords(fixture: Fixture): readonly Benchmark[] {
  const crypto = withoutCiphers(noble);
  const data = new Uint8Array(SMALL_RECORD);
  return [
    {
      name: '64-byte records sent, no cipher',
      prepare: async () => ({
        operations: SMALL_RECORDS,
        ours: ours(sendFrom(connect(fixture, SMALL_SUITE, crypto).client, data)),
        peers: [aeadAlone(bareAead(crypto, SMALL_AEAD, SMALL_RECORD).seal)],
      }),
    },
    {
      name: '64-byte records received, no cipher',
      prepare: async () => {
        const { client, server } = connect(fixture, SMALL_SUITE, crypto);
        return {
          operations: SMALL_RECORDS,
          ours: ours(receiveAt(server, sent(send(client, data).effects))),
          peers: [aeadAlone(bareAead(crypto, SMALL_AEAD, SMALL_RECORD).open)],
        };
      },
    },
  ];
}

const SUITES: readonly (readonly [CipherSuiteName, AeadName, string])[] = [
  ['TLS_CHACHA20_POLY1305_SHA256', 'chacha20-poly1305', 'ChaCha20-Poly1305'],
  ['TLS_AES_128_GCM_SHA256', 'aes-128-gcm', 'AES-128-GCM'],
  ['TLS_AES_256_GCM_SHA384', 'aes-256-gcm', 'AES-256-GCM'],
];
const SMALL_SUITE = 'TLS_CHACHA20_POLY1305_SHA256';
const SMALL_AEAD = 'chacha20-poly1305';
const FULL_RECORD = 16_384;
const BULK_RECORDS = 32;
const SMALL_RECORD = 64;
const SMALL_RECORDS = 256;

function ours(once: () => void): Contender {
  return { name: 'pure-tls', run: () => times(SMALL_RECORDS, once) };
}

function aeadAlone(once: () => void): Contender {
  return { name: 'the AEAD alone', run: () => times(SMALL_RECORDS, once) };
}

function times(count: number, once: () => void): void {
  for (let i = 0; i < count; i++) once();
}

function connect(fixture: Fixture, suite: CipherSuiteName, crypto: CryptoProvider): Connection {
  return handshake(makeConfigs(fixture, suite, { crypto }), seedOf(2));
}

/** Sends `data` in one call and receives it in another. */
function carry(start: Connection, data: Uint8Array): () => void {
  let { client, server } = start;
  return () => {
    const up = send(client, data);
    client = up.state;
    server = receive(server, sent(up.effects), NOW).state;
  };
}

function sendFrom(start: State, data: Uint8Array): () => void {
  let state = start;
  return () => {
    state = send(state, data).state;
  };
}

/** The next state is let go: a record can then be received again, and the state before it is as good as ever. */
function receiveAt(state: State, record: Uint8Array): () => void {
  return () => void receive(state, record, NOW);
}

interface BareAead {
  readonly seal: () => void;
  readonly open: () => void;
  readonly both: () => void;
}

/** A record of `length` bytes of content sealed and opened without an engine, in buffers that are there already. */
function bareAead(crypto: CryptoProvider, name: AeadName, length: number): BareAead {
  const { keyLength, nonceLength, tagLength, prepare } = crypto.aeads[name];
  const key = prepare(new Uint8Array(keyLength));
  const nonce = new Uint8Array(nonceLength);
  const header = new Uint8Array(5);
  // A record's content has its type behind it.
  const inner = new Uint8Array(length + 1);
  const sealed = new Uint8Array(inner.length + tagLength);
  const seal = (): void => key.seal(nonce, header, inner, sealed, 0);
  const open = (): void => {
    if (!key.open(nonce, header, sealed, inner, 0)) throw new Error('a record does not open');
  };
  const both = (): void => {
    seal();
    open();
  };
  seal();
  return { seal, open, both };
}
