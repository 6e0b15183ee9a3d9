import {
  type CryptoProvider,
  type HpkeSuite,
  hpkeIdsOfSuite,
  hpkePrivateKeyLength,
  hpkeSetupSender,
  hpkeSuiteOfIds,
} from '../../nocrypto/index.ts';
import { err, ok, type ReferenceIdentity, type Result, referenceIdentity } from '../../x509/index.ts';
import { concat } from '../bytes.ts';
import { extensionTypes } from '../codepoints.ts';
import {
  type Codec,
  decode,
  encode,
  opaque,
  prefixed,
  struct,
  type Tagged,
  tagged,
  text,
  uint8,
  uint16,
  vector,
} from '../wire/codec.ts';

// ECHConfigList (RFC 9849 §4): what a server publishes so that clients can encrypt their ClientHello to it.

/** RFC 9849 §4: HpkeSymmetricCipherSuite. */
export interface EchCipherSuite {
  readonly kdfId: number;
  readonly aeadId: number;
}

/** RFC 9849 §4: HpkeKeyConfig. */
export interface EchKeyConfig {
  readonly configId: number;
  readonly kemId: number;
  readonly publicKey: Uint8Array;
  readonly cipherSuites: readonly EchCipherSuite[];
}

/** RFC 9849 §4: ECHConfigExtension. With the high bit of `type` set it is mandatory. */
export interface EchConfigExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** RFC 9849 §4: ECHConfigContents. */
export interface EchConfigContents {
  readonly keyConfig: EchKeyConfig;
  /** Bytes of the longest name behind this key, 0 when unknown: clients pad to it. */
  readonly maximumNameLength: number;
  /** The DNS name of the server that can correct a client whose configuration is out of date. */
  readonly publicName: string;
  readonly extensions: readonly EchConfigExtension[];
}

/** RFC 9849 §4: ECHConfig, of the version we know (`ech`) or of another. */
export type EchConfig = Tagged<EchConfigVersions>;

interface EchConfigVersions {
  readonly ech: EchConfigContents;
}

export const echCipherSuite = struct<EchCipherSuite>({ kdfId: uint16, aeadId: uint16 });

const contents = struct<EchConfigContents>({
  keyConfig: struct<EchKeyConfig>({
    configId: uint8,
    kemId: uint16,
    publicKey: opaque(1, 0xffff),
    cipherSuites: vector(echCipherSuite, 4, 0xfffc),
  }),
  maximumNameLength: uint8,
  publicName: text(1, 255),
  extensions: vector(struct<EchConfigExtension>({ type: uint16, data: opaque(0, 0xffff) }), 0, 0xffff),
});

/** The version is the codepoint of the extension that it is for. */
export const echConfig: Codec<EchConfig> = tagged<EchConfigVersions>(
  uint16,
  { ech: [extensionTypes.encryptedClientHello, prefixed(contents, 0, 0xffff)] },
  opaque(0, 0xffff),
);

export const echConfigList: Codec<readonly EchConfig[]> = vector(echConfig, 4, 0xffff);

/** A configuration that a client can encrypt to. Only {@link chooseEchConfig} makes one. */
export interface UsableEchConfig {
  readonly contents: EchConfigContents;
  /** The serialized ECHConfig: what HPKE binds the encryption to. */
  readonly bytes: Uint8Array;
  readonly suite: HpkeSuite;
  /** `publicName` as the name to authenticate when the server rejects ECH (RFC 9849 §6.1.7). */
  readonly publicIdentity: ReferenceIdentity & { readonly kind: 'dns' };
}

/** What is wrong with an ECHConfigList, in words. */
export type EchConfigError =
  | { readonly kind: 'malformed'; readonly problem: string }
  /** Well-formed; `problem` says of each configuration why this client cannot use it. */
  | { readonly kind: 'unusable'; readonly problem: string };

/**
 * The first configuration of a serialized ECHConfigList (as in the `ech` parameter of an HTTPS record, RFC 9848) that
 * this client supports, with the first of its cipher suites that it supports: the order is the server's preference
 * (RFC 9849 §4, §6.1).
 */
export function chooseEchConfig(
  crypto: CryptoProvider,
  list: Uint8Array,
): Result<UsableEchConfig, EchConfigError> {
  const decoded = decode(echConfigList, Uint8Array.from(list));
  if (!decoded.ok) {
    const { offset, path, expected, found } = decoded.error;
    const where = ['ECHConfigList', ...path].join('.');
    return err({
      kind: 'malformed',
      problem: `${where} (byte ${offset}): expected ${expected}, found ${found}`,
    });
  }
  const problems: string[] = [];
  for (const config of decoded.value) {
    const usable = usableEchConfig(crypto, config);
    if (usable.ok) return usable;
    problems.push(usable.error);
  }
  return err({ kind: 'unusable', problem: problems.join('; ') });
}

/** What HPKE binds an encryption to (RFC 9849 §6.1): "tls ech", a zero, the ECHConfig. */
export function echInfo(config: Uint8Array): Uint8Array {
  return concat([new TextEncoder().encode('tls ech\0'), config]);
}

/** A configuration as it is serialized. */
export function encodeEchConfig(config: EchConfig): Uint8Array {
  return encode(echConfig, config);
}

/** The suite of an offered pair of algorithms with the key's KEM, if it is one of ours that encrypts. */
export function echSuite(kemId: number, { kdfId, aeadId }: EchCipherSuite): HpkeSuite | undefined {
  const suite = hpkeSuiteOfIds(kemId, kdfId, aeadId);
  return suite?.aead === 'export-only' ? undefined : suite;
}

/** The pair of algorithms that a suite stands for on the wire. */
export function echCipherSuiteOf(suite: HpkeSuite): EchCipherSuite {
  const { kdfId, aeadId } = hpkeIdsOfSuite(suite);
  return { kdfId, aeadId };
}

/**
 * RFC 9849 §6.1.7: a host name in preferred syntax, without a dot at its end, that nobody could take for an IPv4 address.
 */
export function publicIdentityOf(name: string): (ReferenceIdentity & { readonly kind: 'dns' }) | undefined {
  const identity = referenceIdentity(name);
  return identity.ok && identity.value.kind === 'dns' && !name.endsWith('.') ? identity.value : undefined;
}

/** The checks of RFC 9849 §4, §4.2, §6.1 and §6.1.7; the error is what stands in the way. */
function usableEchConfig(crypto: CryptoProvider, config: EchConfig): Result<UsableEchConfig, string> {
  if (config.kind === 'unknown') return err(`version 0x${config.tag.toString(16)} is not supported`);
  const { keyConfig, publicName, extensions } = config.value;
  const suites = keyConfig.cipherSuites.map((pair) => echSuite(keyConfig.kemId, pair));
  const suite = suites.find((candidate) => candidate !== undefined);
  if (suite === undefined)
    return err(`no supported algorithms with the KEM 0x${keyConfig.kemId.toString(16)}`);
  const mandatory = extensions.find(({ type }) => type >= 0x8000);
  if (mandatory !== undefined)
    return err(`the mandatory extension 0x${mandatory.type.toString(16)} is not supported`);
  if (new Set(extensions.map(({ type }) => type)).size !== extensions.length) {
    return err('an extension stands twice');
  }
  const publicIdentity = publicIdentityOf(publicName);
  if (publicIdentity === undefined) return err('the public name is no DNS name');
  const bytes = encodeEchConfig(config);
  if (!isPublicKey(crypto, suite, keyConfig.publicKey)) return err('the public key is not valid');
  return ok({ contents: config.value, bytes, suite, publicIdentity });
}

/** A key that one secret can be agreed on with is a point of its group, and no other secret is refused. */
function isPublicKey(crypto: CryptoProvider, suite: HpkeSuite, recipient: Uint8Array): boolean {
  return hpkeSetupSender(crypto, suite, {
    recipient,
    entropy: new Uint8Array(hpkePrivateKeyLength(suite.kem)).fill(1),
  }).ok;
}
