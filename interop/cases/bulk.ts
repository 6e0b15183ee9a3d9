import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TlsConnection } from '../../src/flow/index.ts';
import type { CipherSuiteName } from '../../src/index.ts';
import { quietClient, quietServer } from '../peers/openssl.ts';
import type { Case } from '../support/case.ts';
import {
  connectTo,
  freePort,
  listenFor,
  ourClientConfig,
  ourServerConfig,
  valueFrom,
} from '../support/ours.ts';
import type { Child } from '../support/process.ts';
import { opensslCase } from '../support/with-openssl.ts';

/** Much data, both ways at once, through openssl's standard input and output. */
export function bulkCases(): readonly Case[] {
  return suites.flatMap((suite) => [
    opensslCase(
      'client',
      `64 MiB each way at once, ${suite}`,
      async ({ scope, identities }) => {
        const { chainFile, keyFile } = await identities.usual('P-256');
        const atPeer = tally();
        const port = await freePort();
        const child = quietServer(scope, port, ['-cert', chainFile, '-key', keyFile], atPeer.take);
        const config = ourClientConfig(identities, { cipherSuites: [suite] });
        const outcome = await connectTo(scope, port, config, (connection) =>
          carry(connection, child, atPeer),
        );
        valueFrom(outcome);
      },
      { limit: LIMIT, slow: true },
    ),
    opensslCase(
      'server',
      `64 MiB each way at once, ${suite}`,
      async ({ scope, identities }) => {
        const { credential } = await identities.usual('P-256');
        const config = ourServerConfig({ credentials: [credential], cipherSuites: [suite] });
        const atPeer = tally();
        const { port, outcome } = await listenFor(scope, config, (connection) =>
          carry(connection, child, atPeer),
        );
        const child = quietClient(scope, port, ['-CAfile', identities.authority.file], atPeer.take);
        valueFrom(await outcome);
      },
      { limit: LIMIT, slow: true },
    ),
  ]);
}

const suites: readonly CipherSuiteName[] = [
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
];
const BLOCK = 1024 * 1024;
const BLOCKS = 64;
/** AES in JavaScript manages some 40 MB/s, and everything shares the machine. */
const LIMIT = 90_000;

/** Hashes what openssl prints. */
interface Tally {
  readonly take: (chunk: Uint8Array) => void;
  /** Resolves with the hash when as much has come as is to come. */
  readonly complete: Promise<string>;
}

function tally(): Tally {
  const hash = createHash('sha256');
  let length = 0;
  let finish: (digest: string) => void = () => {};
  const complete = new Promise<string>((resolve) => {
    finish = resolve;
  });
  return {
    take: (chunk) => {
      hash.update(chunk);
      length += chunk.length;
      if (length === BLOCKS * BLOCK) finish(hash.digest('hex'));
    },
    complete,
  };
}

/** Sends from both sides at once and compares what arrives with what left. */
async function carry(connection: TlsConnection, peer: Child, atPeer: Tally): Promise<void> {
  const [sent, sentByPeer, received, receivedByPeer] = await Promise.all([
    sendBlocks(1, connection.write),
    sendBlocks(2, peer.write),
    receive(connection),
    atPeer.complete,
  ]);
  assert.equal(receivedByPeer, sent);
  assert.equal(received, sentByPeer);
}

/** Reads as much as is to come and gives its hash. */
async function receive(connection: TlsConnection): Promise<string> {
  const hash = createHash('sha256');
  for (let length = 0; length < BLOCKS * BLOCK; ) {
    const bytes = await connection.read();
    if (bytes === undefined) throw new Error(`the end after ${length} bytes`);
    hash.update(bytes);
    length += bytes.length;
  }
  return hash.digest('hex');
}

/** Writes the blocks, no two of them alike, and gives the hash of all. */
async function sendBlocks(seed: number, write: (bytes: Uint8Array) => Promise<void>): Promise<string> {
  const hash = createHash('sha256');
  for (let i = 0; i < BLOCKS; i++) {
    const block = noise(seed * BLOCKS + i);
    hash.update(block);
    await write(block);
  }
  return hash.digest('hex');
}

/** A block that looks random and is the same in every run (xorshift32). */
function noise(seed: number): Uint8Array {
  const words = new Uint32Array(BLOCK / 4);
  let x = Math.imul(seed, 2654435761) | 1;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer);
}
