import assert from 'node:assert/strict';
import { type CryptoProvider, type GeneratedKeyKind, noble, type PrivateKey } from '../../nocrypto/index.ts';
import {
  type ClientConfig,
  type ClientOptions,
  type Credential,
  client,
  clientConfig,
  credential,
  type Effect,
  type Resumption,
  receive,
  type ServerConfig,
  type ServerOptions,
  type State,
  type Step,
  server,
  serverConfig,
} from '../../src/index.ts';
import {
  buildCertificate,
  type Certificate,
  type CertificateOptions,
  chainOfTrust,
  type GeneralName,
  type Result,
  trustAnchor,
} from '../../x509/index.ts';

/** 2026-11-20T12:00:00Z */
export const NOW = 1_795_176_000_000;
export const DAY = 24 * 3600 * 1000;
export const NAME = 'server.example';

/** The value of a Result that a test expects to be good. */
export function must<T, E>(result: Result<T, E>): T {
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
}

export function hex(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(/\s/g, ''), 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** How many cases a property tries: `usual`, scaled by the environment's FC_RUNS as if 100 were usual. */
export function runs(usual: number): number {
  return Math.ceil((usual * Number(process.env['FC_RUNS'] ?? 100)) / 100);
}

/** Bytes that look random and are the same in every run. */
export function bytes(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let x = seed * 2654435761;
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
}

export interface Authority {
  readonly certificate: Certificate;
  readonly key: PrivateKey;
}

/** A root that signs the leaves of a test. */
export function makeAuthority(
  kind: GeneratedKeyKind = { kind: 'ec', curve: 'secp256r1' },
  crypto: CryptoProvider = noble,
  name = 'Test Root',
): Authority {
  const key = crypto.generateKey(kind, bytes(32, 100 + name.length));
  const certificate = must(
    buildCertificate({
      crypto,
      entropy: bytes(32, 8),
      subject: [['commonName', name]],
      publicKey: key.public,
      signer: { key },
      validity: { notBefore: NOW - DAY, notAfter: NOW + 365 * DAY },
      authority: { pathLenConstraint: undefined },
    }),
  );
  return { certificate, key };
}

export interface LeafOptions {
  readonly crypto?: CryptoProvider;
  readonly kind?: GeneratedKeyKind;
  readonly names?: readonly string[];
  readonly validity?: { readonly notBefore: number; readonly notAfter: number };
  readonly external?: string;
  /** Another public key than the one that belongs to `kind`. */
  readonly publicKey?: CertificateOptions['publicKey'];
  readonly keyUsage?: CertificateOptions['keyUsage'];
  readonly extKeyUsage?: CertificateOptions['extKeyUsage'];
}

/** A server certificate under `authority`, ready to be configured. */
export function makeCredential(authority: Authority, options: LeafOptions = {}): Credential {
  const { key, der } = makeLeaf(authority, options);
  return must(
    credential(
      options.crypto ?? noble,
      [der],
      options.external === undefined
        ? { kind: 'private', key }
        : { kind: 'external', label: options.external },
    ),
  );
}

export function makeLeaf(
  authority: Authority,
  options: LeafOptions = {},
): { readonly key: PrivateKey; readonly der: Uint8Array } {
  const { crypto = noble } = options;
  const key = crypto.generateKey(options.kind ?? { kind: 'ec', curve: 'secp256r1' }, bytes(32, 9));
  const names: readonly GeneralName[] = (options.names ?? [NAME]).map((value) => ({
    kind: 'dNSName',
    value,
  }));
  const leaf = must(
    buildCertificate({
      crypto,
      entropy: bytes(32, 10),
      subject: [],
      publicKey: options.publicKey ?? key.public,
      signer: authority,
      validity: options.validity ?? { notBefore: NOW - DAY, notAfter: NOW + DAY },
      subjectAltName: names,
      ...(options.keyUsage === undefined ? {} : { keyUsage: options.keyUsage }),
      ...(options.extKeyUsage === undefined ? {} : { extKeyUsage: options.extKeyUsage }),
    }),
  );
  return { key, der: leaf.der };
}

/** One root and one P-256 certificate that most tests share: making keys is slow. */
export const authority = makeAuthority();
export const ownCredential = makeCredential(authority);

export function makeClientConfig(options: Partial<ClientOptions> = {}): ClientConfig {
  return must(
    clientConfig({
      crypto: noble,
      // What TLS 1.2 adds has tests of its own, which say so.
      versions: ['1.3'],
      authenticator: chainOfTrust({ anchors: [trustAnchor(authority.certificate)] }),
      serverName: NAME,
      groups: ['x25519', 'secp256r1'],
      keyShares: ['x25519'],
      ...options,
    }),
  );
}

export function makeServerConfig(options: Partial<ServerOptions> = {}): ServerConfig {
  return must(
    serverConfig({
      crypto: noble,
      versions: ['1.3'],
      credentials: [ownCredential],
      groups: ['x25519', 'secp256r1'],
      ...options,
    }),
  );
}

/** All bytes that a list of effects sends. */
export function sent(effects: readonly Effect[]): Uint8Array {
  return concatAll(effects.flatMap((effect) => (effect.kind === 'send' ? [effect.bytes] : [])));
}

/** All application data in a list of effects. */
export function data(effects: readonly Effect[]): Uint8Array {
  return concatAll(effects.flatMap((effect) => (effect.kind === 'data' ? [effect.bytes] : [])));
}

export function find<K extends Effect['kind']>(
  effects: readonly Effect[],
  kind: K,
): Extract<Effect, { kind: K }> | undefined {
  return effects.find((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}

export function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

export interface Run {
  readonly client: State;
  readonly server: State;
  readonly clientEffects: readonly Effect[];
  readonly serverEffects: readonly Effect[];
}

/** Lets a client and a server talk until neither has anything more to say. */
export function handshake(
  clientOptions: ClientConfig = makeClientConfig(),
  serverOptions: ServerConfig = makeServerConfig(),
  seeds: readonly [number, number] = [1, 2],
  resumption?: Resumption,
): Run {
  return converse(
    client(clientOptions, bytes(48, seeds[0]), resumption),
    server(serverOptions, bytes(48, seeds[1])),
  );
}

/** Carries what each step sends to the other side until silence. */
export function converse(clientStep: Step, serverStep: Step, now = NOW): Run {
  const clientEffects = [...clientStep.effects];
  const serverEffects = [...serverStep.effects];
  let left = clientStep.state;
  let right = serverStep.state;
  let toServer = sent(clientStep.effects);
  let toClient = sent(serverStep.effects);
  while (toServer.length > 0 || toClient.length > 0) {
    if (toServer.length > 0) {
      const step = receive(right, toServer, now);
      right = step.state;
      serverEffects.push(...step.effects);
      toClient = concatAll([toClient, sent(step.effects)]);
      toServer = new Uint8Array(0);
    }
    if (toClient.length > 0) {
      const step = receive(left, toClient, now);
      left = step.state;
      clientEffects.push(...step.effects);
      toServer = sent(step.effects);
      toClient = new Uint8Array(0);
    }
  }
  return { client: left, server: right, clientEffects, serverEffects };
}
