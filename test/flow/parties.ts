/** A client and a server that trust each other, for tests: keys and certificates made once per process. */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { noble, type PrivateKey } from '../../nocrypto/index.ts';
import type { Flow } from '../../src/flow/index.ts';
import {
  type ClientConfig,
  type ClientOptions,
  clientConfig,
  credential,
  type ServerConfig,
  type ServerOptions,
  serverConfig,
} from '../../src/index.ts';
import {
  buildCertificate,
  type Certificate,
  chainOfTrust,
  type Result,
  trustAnchor,
} from '../../x509/index.ts';

const HOUR = 3_600_000;

/** The time of every test. */
export const NOW = 1_800_000_000_000;

/** Bytes that are random enough for a test, and the same in every run. */
export function entropyFrom(seed: number): (length: number) => Uint8Array {
  let count = 0;
  return (length) => {
    count++;
    const input = Uint8Array.of(seed >> 8, seed, count);
    return noble.hkdfExpand('sha256', noble.hashes.sha256.digest(input), new Uint8Array(), length);
  };
}

const entropy = entropyFrom(1);

export function newKey(): PrivateKey {
  return noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy(32));
}

export const authorityKey = newKey();
export const authority = must(
  buildCertificate({
    crypto: noble,
    entropy: entropy(32),
    subject: [['commonName', 'Test CA']],
    publicKey: authorityKey.public,
    signer: { key: authorityKey },
    validity: { notBefore: NOW - HOUR, notAfter: NOW + HOUR },
    authority: { pathLenConstraint: 0 },
  }),
);

export interface LeafOptions {
  readonly names?: readonly string[];
  readonly notAfter?: number;
}

/** A server certificate for `localhost`, or as asked, with its key. */
export function newLeaf(options: LeafOptions = {}): {
  readonly key: PrivateKey;
  readonly certificate: Certificate;
} {
  const key = newKey();
  const certificate = must(
    buildCertificate({
      crypto: noble,
      entropy: entropy(32),
      subject: [['commonName', 'Test server']],
      publicKey: key.public,
      signer: { key: authorityKey, certificate: authority },
      validity: { notBefore: NOW - HOUR, notAfter: options.notAfter ?? NOW + HOUR },
      subjectAltName: (options.names ?? ['localhost']).map((value) => ({ kind: 'dNSName', value })),
    }),
  );
  return { key, certificate };
}

export const leaf = newLeaf();
export const serverCredential = must(
  credential(noble, [leaf.certificate.der], { kind: 'private', key: leaf.key }),
);

/** P-256 and X25519 only: the hybrid group costs a test time and shows it nothing. */
const common = { crypto: noble, groups: ['x25519', 'secp256r1'] } as const;

export function testClient(options: Partial<ClientOptions> = {}): ClientConfig {
  return must(
    clientConfig({
      ...common,
      authenticator: chainOfTrust({ anchors: [trustAnchor(authority)] }),
      serverName: 'localhost',
      ...options,
    }),
  );
}

export function testServer(options: Partial<ServerOptions> = {}): ServerConfig {
  return must(serverConfig({ ...common, credentials: [serverCredential], ...options }));
}

/** Time and randomness for wrapClient and wrapServer. */
export function world(seed: number): {
  readonly now: () => number;
  readonly entropy: (n: number) => Uint8Array;
} {
  return { now: () => NOW, entropy: entropyFrom(seed) };
}

export function must<T>(result: Result<T, unknown>): T {
  assert.ok(result.ok, inspect(result));
  return result.value;
}

/** Reads to the end. */
export async function readAll(flow: Flow): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const bytes = await flow.read();
    if (bytes === undefined) return Buffer.concat(chunks);
    chunks.push(Buffer.from(bytes));
  }
}
