import fc from 'fast-check';
import { type GroupName, secret } from '../../nocrypto/index.ts';
import {
  type CipherSuiteName,
  type ClientConfig,
  type Credential,
  clientConfig,
  credential,
  type ExternalPsk,
  type GroupRetry,
  type ServerConfig,
  type SignatureSchemeName,
  serverConfig,
  type VersionName,
} from '../../src/index.ts';
import { nullCrypto as crypto } from './null-crypto.ts';
import { quickAuthenticator, quickAuthority } from './quick.ts';
import { bytes, makeLeaf, must, NAME } from './support.ts';

// The space of configurations, as choices that a property draws, and what two of them should come to.

export type KeyKind = keyof typeof keyKinds;

/** What one side is configured with, as far as it can decide whether it gets on with the other. */
export interface Choices {
  /** Those it would speak; see {@link versionsOf}. */
  readonly versions: readonly VersionName[];
  readonly tls12CipherSuites: readonly CipherSuiteName[];
  readonly cipherSuites: readonly CipherSuiteName[];
  readonly groups: readonly GroupName[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly applicationProtocols: readonly string[];
  readonly keys: readonly KeyKind[];
  /** The external keys it knows, by number. */
  readonly psks: readonly number[];
  readonly grease: boolean;
  readonly recordPlaintext: number;
}

export interface ClientChoices extends Choices {
  /** How many of its groups it sends a share for. */
  readonly keyShares: number;
  readonly middleboxCompatibility: boolean;
  readonly permuted: boolean;
}

export interface ServerChoices extends Choices {
  readonly clientAuthentication: 'none' | 'optional' | 'required';
  readonly helloRetryCookie: boolean;
  readonly groupRetry: GroupRetry;
  readonly tickets: boolean;
}

const suiteNames = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
] as const satisfies readonly CipherSuiteName[];

/** All for the kinds of keys below. The last is for old peers. */
const tls12SuiteNames = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
] as const satisfies readonly CipherSuiteName[];

const groupNames = [
  'X25519MLKEM768',
  'x25519',
  'secp256r1',
  'ffdhe2048',
] as const satisfies readonly GroupName[];

/**
 * Kinds of certified keys, each with the one scheme that it signs a handshake of TLS 1.3 with, and those that it takes in TLS
 * 1.2, where any hash goes with any curve, its favourite first.
 */
const keyKinds = {
  ed25519: { key: { kind: 'ed25519' }, scheme: 'ed25519', tls12: ['ed25519'] },
  'P-256': {
    key: { kind: 'ec', curve: 'secp256r1' },
    scheme: 'ecdsa_secp256r1_sha256',
    tls12: ['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384'],
  },
  'P-384': {
    key: { kind: 'ec', curve: 'secp384r1' },
    scheme: 'ecdsa_secp384r1_sha384',
    tls12: ['ecdsa_secp384r1_sha384', 'ecdsa_secp256r1_sha256'],
  },
} as const;

const allKinds = ['ed25519', 'P-256', 'P-384'] as const satisfies readonly KeyKind[];

const credentials: Readonly<Record<KeyKind, Credential>> = {
  ed25519: credentialOf('ed25519'),
  'P-256': credentialOf('P-256'),
  'P-384': credentialOf('P-384'),
};

const ticketKeys = [{ name: bytes(16, 5), secret: secret(bytes(32, 6)) }];

export const clientChoices: fc.Arbitrary<ClientChoices> = fc.record({
  ...choices(0),
  keyShares: fc.nat({ max: 4 }),
  middleboxCompatibility: fc.boolean(),
  permuted: fc.boolean(),
});

export const serverChoices: fc.Arbitrary<ServerChoices> = fc.record({
  ...choices(1),
  clientAuthentication: fc.constantFrom('none', 'none', 'optional', 'required'),
  helloRetryCookie: fc.boolean(),
  groupRetry: fc.constantFrom('never', 'forHybrid', 'always'),
  tickets: fc.boolean(),
});

export function clientOf(chosen: ClientChoices): ClientConfig {
  return must(
    clientConfig({
      ...optionsOf(chosen),
      authenticator: quickAuthenticator,
      serverName: NAME,
      keyShares: chosen.groups.slice(0, chosen.keyShares),
      middleboxCompatibility: chosen.middleboxCompatibility,
      extensionOrder: chosen.permuted ? 'permuted' : 'fixed',
      credentials: chosen.keys.map((kind) => credentials[kind]),
    }),
  );
}

export function serverOf(chosen: ServerChoices): ServerConfig {
  const { clientAuthentication } = chosen;
  return must(
    serverConfig({
      ...optionsOf(chosen),
      credentials: chosen.keys.map((kind) => credentials[kind]),
      helloRetryCookie: chosen.helloRetryCookie,
      groupRetry: chosen.groupRetry,
      ...(chosen.tickets ? { ticketKeys } : {}),
      ...(clientAuthentication === 'none'
        ? {}
        : {
            clientAuthentication: {
              authenticator: quickAuthenticator,
              required: clientAuthentication === 'required',
            },
          }),
    }),
  );
}

/** What an honest pair agrees on, worked out by the standard's words and not by the engine's code. */
export interface Agreement {
  readonly version: VersionName;
  readonly cipherSuite: CipherSuiteName;
  readonly helloRetryRequest: boolean;
  readonly groups: readonly GroupName[];
  readonly applicationProtocol: string | undefined;
  /** The external key that takes the place of certificates. */
  readonly psk: number | undefined;
  readonly serverSignature: SignatureSchemeName | undefined;
  readonly clientSignature: SignatureSchemeName | undefined;
}

/** Whether a server wants another share, of the `groups` that both have in its order, than those that were sent. */
function isAskedAgain(
  groupRetry: GroupRetry,
  groups: readonly GroupName[],
  shared: readonly GroupName[],
): boolean {
  const best = groups.findIndex((group) => shared.includes(group));
  if (best === -1 || groupRetry === 'never') return best === -1;
  const better = groups.slice(0, best);
  return groupRetry === 'always' ? better.length > 0 : better.includes('X25519MLKEM768');
}

/** TLS 1.2 needs a curve; who has chosen none speaks the other. */
export function versionsOf({ versions, groups }: Choices): readonly VersionName[] {
  const possible = groups.some(isCurve) ? versions : versions.filter((version) => version === '1.3');
  return possible.length === 0 ? ['1.3'] : possible;
}

/** Undefined when the two have too little in common. The version is settled first: what fails in it tries no other. */
export function agreementOf(client: ClientChoices, server: ServerChoices): Agreement | undefined {
  const versions = common(versionsOf(server), versionsOf(client));
  if (versions.includes('1.3')) return tls13AgreementOf(client, server);
  return versions.includes('1.2') ? tls12AgreementOf(client, server) : undefined;
}

function tls12AgreementOf(client: ClientChoices, server: ServerChoices): Agreement | undefined {
  const [cipherSuite] = common(server.tls12CipherSuites, client.tls12CipherSuites);
  const [group] = common(server.groups, client.groups).filter(isCurve);
  const [applicationProtocol] = common(server.applicationProtocols, client.applicationProtocols);
  const usesProtocols = server.applicationProtocols.length > 0 && client.applicationProtocols.length > 0;
  // RFC 8422 §5.1: the client's groups are those that it takes certificates on, too.
  const shown = server.keys.filter((kind) => kind === 'ed25519' || client.groups.includes(curveOf(kind)));
  const serverSignature = tls12SignatureOf(shown, client);
  if (cipherSuite === undefined || group === undefined || serverSignature === undefined) return undefined;
  if (usesProtocols && applicationProtocol === undefined) return undefined;
  const asked = server.clientAuthentication !== 'none';
  const clientSignature = asked ? tls12SignatureOf(client.keys, server) : undefined;
  if (server.clientAuthentication === 'required' && clientSignature === undefined) return undefined;
  return {
    version: '1.2',
    cipherSuite,
    helloRetryRequest: false,
    groups: [group],
    applicationProtocol,
    psk: undefined,
    serverSignature,
    clientSignature,
  };
}

function tls13AgreementOf(client: ClientChoices, server: ServerChoices): Agreement | undefined {
  const [cipherSuite] = common(server.cipherSuites, client.cipherSuites);
  const groups = common(server.groups, client.groups);
  const shared = client.groups.slice(0, client.keyShares);
  const [applicationProtocol] = common(server.applicationProtocols, client.applicationProtocols);
  const usesProtocols = server.applicationProtocols.length > 0 && client.applicationProtocols.length > 0;
  const [psk] = common(client.psks, server.psks);
  const serverSignature = psk === undefined ? signatureOf(server, client) : undefined;
  if (cipherSuite === undefined || groups.length === 0) return undefined;
  if (usesProtocols && applicationProtocol === undefined) return undefined;
  if (psk === undefined && serverSignature === undefined) return undefined;
  const asked = psk === undefined && server.clientAuthentication !== 'none';
  const clientSignature = asked ? signatureOf(client, server) : undefined;
  if (asked && server.clientAuthentication === 'required' && clientSignature === undefined) return undefined;
  return {
    version: '1.3',
    cipherSuite,
    helloRetryRequest: isAskedAgain(server.groupRetry, groups, shared),
    groups,
    applicationProtocol,
    psk,
    serverSignature,
    clientSignature,
  };
}

/** The scheme that one side signs with for the other: of its first key that the other accepts. */
function signatureOf(signer: Choices, verifier: Choices): SignatureSchemeName | undefined {
  return signer.keys
    .map((kind) => keyKinds[kind].scheme)
    .find((scheme) => verifier.signatureSchemes.includes(scheme));
}

/** The same in TLS 1.2. */
function tls12SignatureOf(keys: readonly KeyKind[], verifier: Choices): SignatureSchemeName | undefined {
  return keys
    .flatMap((kind): readonly SignatureSchemeName[] => keyKinds[kind].tls12)
    .find((scheme) => verifier.signatureSchemes.includes(scheme));
}

function curveOf(kind: Exclude<KeyKind, 'ed25519'>): GroupName {
  return keyKinds[kind].key.curve;
}

function isCurve(group: GroupName): boolean {
  return group === 'x25519' || group === 'secp256r1';
}

function common<T>(wanted: readonly T[], others: readonly T[]): readonly T[] {
  return wanted.filter((one) => others.includes(one));
}

/** `least`: how many keys; a server needs one. */
function choices(least: number) {
  return {
    versions: fc.constantFrom<(readonly VersionName[])[]>(['1.3', '1.2'], ['1.3', '1.2'], ['1.3'], ['1.2']),
    tls12CipherSuites: some(tls12SuiteNames),
    cipherSuites: some(suiteNames),
    groups: some(groupNames),
    signatureSchemes: some(allKinds.map((kind) => keyKinds[kind].scheme)),
    applicationProtocols: fc.shuffledSubarray(['h2', 'http/1.1', 'dot']),
    keys: fc.shuffledSubarray([...allKinds], { minLength: least }),
    // At most two, each imported for two hashes: a server looks at no more than five identities.
    psks: fc.oneof(
      { arbitrary: fc.constant([]), weight: 3 },
      { arbitrary: fc.shuffledSubarray([1, 2, 3], { maxLength: 2 }), weight: 1 },
    ),
    grease: fc.boolean(),
    recordPlaintext: fc.constantFrom(64, 500, 2 ** 14),
  };
}

function some<T>(all: readonly T[]): fc.Arbitrary<readonly T[]> {
  return fc.shuffledSubarray([...all], { minLength: 1 });
}

function optionsOf(chosen: Choices) {
  const { groups, signatureSchemes, applicationProtocols, grease, recordPlaintext } = chosen;
  const versions = versionsOf(chosen);
  const cipherSuites = [
    ...(versions.includes('1.3') ? chosen.cipherSuites : []),
    ...(versions.includes('1.2') ? chosen.tls12CipherSuites : []),
  ];
  return {
    crypto,
    versions,
    cipherSuites,
    groups,
    signatureSchemes,
    applicationProtocols,
    grease,
    externalPsks: chosen.psks.map(externalPsk),
    limits: { recordPlaintext },
  };
}

export function externalPsk(number: number): ExternalPsk {
  return { identity: Uint8Array.of(number), secret: secret(bytes(32, 40 + number)) };
}

function credentialOf(kind: KeyKind): Credential {
  const { key, der } = makeLeaf(quickAuthority, { crypto, kind: keyKinds[kind].key });
  return must(credential(crypto, [der], { kind: 'private', key }));
}
