import {
  type CryptoProvider,
  generate,
  type HpkeAeadName,
  type HpkeKdfName,
  type HpkeKemName,
  type HpkeKeyPair,
  type HpkeSuite,
  hpkeDeriveKeyPair,
  hpkeIdsOfSuite,
  hpkeKeyPair,
  hpkePrivateKeyLength,
  type Secret,
  secret,
  seedRng,
} from '../../nocrypto/index.ts';
import {
  decodePem,
  decodePrivateKey,
  describePemError,
  encodePem,
  encodePrivateKey,
  err,
  ok,
  type Result,
} from '../../x509/index.ts';
import { concat, isSame } from '../bytes.ts';
import { decode } from '../wire/codec.ts';
import {
  type EchConfigContents,
  echCipherSuiteOf,
  echConfig,
  echConfigList,
  echSuite,
  encodeEchConfig,
  publicIdentityOf,
} from './config.ts';

// What a server needs to accept Encrypted ClientHello: configurations with their private keys.

/** A configuration that a server publishes, with its private key. */
export interface EchKey {
  /** One serialized ECHConfig (RFC 9849 §4). */
  readonly config: Uint8Array;
  /** As HPKE serializes it (RFC 9180 §7.1.2); 32 bytes for X25519. */
  readonly privateKey: Secret;
  /**
   * Whether clients that come with an outdated configuration are given this one. Default true. False for an old key that
   * is kept for as long as clients may have its configuration in a cache.
   */
  readonly isRetryConfig?: boolean | undefined;
}

export interface EchKeyOptions {
  /** The DNS name clients show to everybody. The server needs a certificate for it: without one, no client can recover. */
  readonly publicName: string;
  /** Bytes of the longest name behind the key, 0 to 255: clients pad shorter ones. Default 0: they are not told. */
  readonly maximumNameLength?: number | undefined;
  /** Default `dhkem-x25519`, which every client has (RFC 9849 §9). */
  readonly kem?: HpkeKemName | undefined;
  /** The most wanted first. Default AES-128-GCM, which every client has, and ChaCha20-Poly1305; both with HKDF-SHA256. */
  readonly cipherSuites?:
    | readonly { readonly kdf: HpkeKdfName; readonly aead: Exclude<HpkeAeadName, 'export-only'> }[]
    | undefined;
  /** The server's other keys: the new one gets an identifier that none of them has (RFC 9849 §4.1). */
  readonly beside?: readonly EchKey[] | undefined;
}

/** Bytes of entropy that {@link generateEchKey} takes at least. */
export const ECH_KEY_ENTROPY = 48;

/** A new key with its configuration. `entropy` is fresh and secret. An error is one line for a person. */
export function generateEchKey(
  crypto: CryptoProvider,
  options: EchKeyOptions,
  entropy: Uint8Array,
): Result<EchKey, string> {
  const { publicName, maximumNameLength = 0, kem = 'dhkem-x25519', beside = [] } = options;
  const suites = options.cipherSuites ?? DEFAULT_SUITES;
  if (publicIdentityOf(publicName) === undefined) return err('publicName must be a DNS name (A-labels)');
  if (!Number.isInteger(maximumNameLength) || maximumNameLength < 0 || maximumNameLength > 255) {
    return err('maximumNameLength must be a whole number from 0 to 255');
  }
  if (suites.length === 0) return err('cipherSuites must hold at least one');
  const taken = beside.flatMap((key) => decodeKeyConfig(key.config)?.keyConfig.configId ?? []);
  if (new Set(taken).size > MOST_KEYS) return err(`there are more than ${MOST_KEYS} keys already`);
  const { configId, keyMaterial } = drawKey(crypto, kem, taken, entropy);
  const pair = hpkeDeriveKeyPair(crypto, kem, keyMaterial);
  const config = encodeEchConfig({
    kind: 'ech',
    value: {
      keyConfig: {
        configId,
        kemId: hpkeIdsOfSuite({ kem, ...DEFAULT_SUITES[0] }).kemId,
        publicKey: pair.publicKey,
        cipherSuites: suites.map(({ kdf, aead }) => echCipherSuiteOf({ kem, kdf, aead })),
      },
      maximumNameLength,
      publicName,
      extensions: [],
    },
  });
  return ok({ config, privateKey: pair.privateKey });
}

/** The ECHConfigList to publish, as in the `ech` parameter of an HTTPS record (RFC 9848): the retry configurations. */
export function publishedEchConfigs(keys: readonly EchKey[]): Uint8Array {
  const published = concat(keys.filter(isRetryConfig).map(({ config }) => config));
  return concat([Uint8Array.of(published.length >> 8, published.length), published]);
}

/** Key and configuration in one PEM text (RFC 9934): a PRIVATE KEY and an ECHCONFIG. X25519 and the NIST curves. */
export function encodeEchKey(crypto: CryptoProvider, key: EchKey): Result<string, string> {
  const opened = openEchKey(crypto, key);
  if (!opened.ok) return opened;
  const pkcs8 = encodePkcs8(crypto, opened.value.suites[0]?.kem, key.privateKey);
  if (pkcs8 === undefined) return err('no PKCS #8 form is known for this KEM');
  return ok(`${encodePem('PRIVATE KEY', pkcs8)}${encodePem('ECHCONFIG', publishedEchConfigs([key]))}`);
}

/**
 * The keys of a PEM text (RFC 9934): a private key, and the ECHCONFIG with each configuration that is for it. Others are
 * left out. An error is one line for a person.
 */
export function decodeEchKeys(crypto: CryptoProvider, pem: string): Result<readonly EchKey[], string> {
  const blocks = decodePem(pem);
  if (!blocks.ok) return err(describePemError(blocks.error));
  const der = blocks.value.find(({ label }) => label === 'PRIVATE KEY')?.bytes;
  const list = blocks.value.find(({ label }) => label === 'ECHCONFIG')?.bytes;
  if (der === undefined || list === undefined) return err('a PRIVATE KEY and an ECHCONFIG are wanted');
  const privateKey = decodePkcs8(crypto, der);
  if (!privateKey.ok) return privateKey;
  const configs = decode(echConfigList, list);
  if (!configs.ok) return err(`not an ECHConfigList: expected ${configs.error.expected}`);
  const keys = configs.value
    .map((config): EchKey => ({ config: encodeEchConfig(config), privateKey: privateKey.value }))
    .filter((key) => openEchKey(crypto, key).ok);
  return keys.length > 0 ? ok(keys) : err('no configuration in it is for the private key');
}

/** A key that has been checked. Only {@link openEchKey} makes one. */
export interface OpenedEchKey {
  readonly contents: EchConfigContents;
  /** The serialized ECHConfig. */
  readonly config: Uint8Array;
  readonly pair: HpkeKeyPair;
  readonly isRetryConfig: boolean;
  /** Those that the configuration lists and this library has; at least one. */
  readonly suites: readonly HpkeSuite[];
}

/** Checks that a configuration can be read, is supported, and is for the private key beside it. */
export function openEchKey(crypto: CryptoProvider, key: EchKey): Result<OpenedEchKey, string> {
  const contents = decodeKeyConfig(key.config);
  if (contents === undefined) return err('the configuration is no ECHConfig of a supported version');
  const { kemId, publicKey, cipherSuites } = contents.keyConfig;
  const suites = cipherSuites.flatMap((pair) => echSuite(kemId, pair) ?? []);
  const [first] = suites;
  if (first === undefined) return err('the configuration lists no supported algorithms');
  const pair = hpkeKeyPair(crypto, first.kem, key.privateKey);
  if (!pair.ok) return err(pair.error.detail);
  if (!isSame(pair.value.publicKey, publicKey)) return err('the configuration is for another private key');
  return ok({
    contents,
    config: Uint8Array.from(key.config),
    pair: pair.value,
    isRetryConfig: isRetryConfig(key),
    suites,
  });
}

const DEFAULT_SUITES = [
  { kdf: 'hkdf-sha256', aead: 'aes-128-gcm' },
  { kdf: 'hkdf-sha256', aead: 'chacha20-poly1305' },
] as const;

/** Of 256 identifiers some are left, so that drawing one that is free ends soon. */
const MOST_KEYS = 128;

function isRetryConfig(key: EchKey): boolean {
  return key.isRetryConfig !== false;
}

function decodeKeyConfig(bytes: Uint8Array): EchConfigContents | undefined {
  const decoded = decode(echConfig, Uint8Array.from(bytes));
  return decoded.ok && decoded.value.kind === 'ech' ? decoded.value.value : undefined;
}

/** RFC 9849 §4.1: an identifier is drawn until it is one that no other key has. */
function drawKey(
  crypto: CryptoProvider,
  kem: HpkeKemName,
  taken: readonly number[],
  entropy: Uint8Array,
): { readonly configId: number; readonly keyMaterial: Uint8Array } {
  let drawn = generate(seedRng(entropy, undefined, crypto), hpkePrivateKeyLength(kem));
  const keyMaterial = drawn.bytes;
  for (;;) {
    drawn = generate(drawn.rng, 1);
    const [configId = 0] = drawn.bytes;
    if (!taken.includes(configId)) return { configId, keyMaterial };
  }
}

/** RFC 8410 §7: all of an X25519 private key in PKCS #8 but the key itself. */
const X25519_PKCS8 = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0x00,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x6e,
  0x04,
  0x22,
  0x04,
  0x20,
);

/** KEMs by the curve of their keys. */
const curveOfKem = {
  'dhkem-p256': 'secp256r1',
  'dhkem-p384': 'secp384r1',
  'dhkem-p521': 'secp521r1',
} as const;

function encodePkcs8(
  crypto: CryptoProvider,
  kem: HpkeKemName | undefined,
  privateKey: Secret,
): Uint8Array | undefined {
  if (kem === 'dhkem-x25519') return concat([X25519_PKCS8, privateKey]);
  if (kem === undefined || kem === 'dhkem-x448') return undefined;
  const key = crypto.privateKey({ kind: 'ec', curve: curveOfKem[kem], scalar: privateKey });
  return key.ok ? encodePrivateKey(key.value) : undefined;
}

function decodePkcs8(crypto: CryptoProvider, der: Uint8Array): Result<Secret, string> {
  const start = X25519_PKCS8.length;
  if (der.length === start + 32 && isSame(der.subarray(0, start), X25519_PKCS8)) {
    return ok(secret(der.slice(start)));
  }
  const key = decodePrivateKey(crypto, der);
  if (!key.ok) return err(key.error.detail);
  return key.value.kind === 'ec' ? ok(key.value.scalar) : err(`a ${key.value.kind} key decrypts nothing`);
}
