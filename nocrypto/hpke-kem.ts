import { concat, requireLength } from './bytes.ts';
import { labeledExpand, labeledExtract, uint16 } from './hpke-labels.ts';
import type { CryptoProvider, CurveName, HashName } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import { type Secret, secret } from './secret.ts';

// The KEMs of HPKE (RFC 9180 §4.1): Diffie-Hellman, and a key derivation that binds the public keys.

export type HpkeKemName = 'dhkem-p256' | 'dhkem-p384' | 'dhkem-p521' | 'dhkem-x25519' | 'dhkem-x448';

/** A key pair in the serialized forms of RFC 9180 §7.1.1 and §7.1.2. */
export interface HpkeKeyPair {
  readonly privateKey: Secret;
  readonly publicKey: Uint8Array;
}

/** A key that is none for this KEM, or one that no secret may be agreed on with. */
export type HpkeKeyError = { readonly kind: 'invalid-key'; readonly detail: string };

interface Kem {
  readonly id: number;
  readonly group: 'x25519' | 'x448' | CurveName;
  readonly hash: HashName;
  /** Nsk, bytes of a private key, and of the key material that {@link hpkeDeriveKeyPair} wants at least. */
  readonly privateKeyLength: number;
}

/** RFC 9180 §7.1. */
export const HPKE_KEMS: Readonly<Record<HpkeKemName, Kem>> = {
  'dhkem-p256': { id: 0x0010, group: 'secp256r1', hash: 'sha256', privateKeyLength: 32 },
  'dhkem-p384': { id: 0x0011, group: 'secp384r1', hash: 'sha384', privateKeyLength: 48 },
  'dhkem-p521': { id: 0x0012, group: 'secp521r1', hash: 'sha512', privateKeyLength: 66 },
  'dhkem-x25519': { id: 0x0020, group: 'x25519', hash: 'sha256', privateKeyLength: 32 },
  'dhkem-x448': { id: 0x0021, group: 'x448', hash: 'sha512', privateKeyLength: 56 },
};

/**
 * DeriveKeyPair (RFC 9180 §7.1.3). `keyMaterial` is secret and has at least as many bytes as a private key (else
 * RangeError): 32 for P-256 and X25519, 48 for P-384, 56 for X448, 66 for P-521.
 */
export function hpkeDeriveKeyPair(
  crypto: CryptoProvider,
  name: HpkeKemName,
  keyMaterial: Uint8Array,
): HpkeKeyPair {
  const { group, hash, privateKeyLength } = HPKE_KEMS[name];
  if (keyMaterial.length < privateKeyLength) {
    throw new RangeError(
      `${name} derives keys from ${privateKeyLength} bytes or more, not ${keyMaterial.length}`,
    );
  }
  const suiteId = kemSuiteId(name);
  const pseudorandomKey = labeledExtract(crypto, hash, suiteId, EMPTY, 'dkp_prk', keyMaterial);
  const expand = (label: string, info: Uint8Array) =>
    labeledExpand(crypto, hash, suiteId, pseudorandomKey, label, info, privateKeyLength);
  if (group === 'x25519' || group === 'x448') return montgomeryPair(crypto, group, expand('sk', EMPTY));
  for (let counter = 0; counter < 256; counter++) {
    const candidate = expand('candidate', Uint8Array.of(counter));
    if (group === 'secp521r1') candidate[0] = (candidate[0] ?? 0) & 0x01;
    const pair = hpkeKeyPair(crypto, name, candidate);
    if (pair.ok) return pair.value;
  }
  // RFC 9180's DeriveKeyPairError: for P-256, the likeliest to get here, a chance of 2^-8192.
  throw new RangeError('no key can be derived from this key material');
}

/** Nsk (§7.1): bytes of a private key, and of the entropy that a sender needs. */
export function hpkePrivateKeyLength(name: HpkeKemName): number {
  return HPKE_KEMS[name].privateKeyLength;
}

/** The key pair of a serialized private key; refused where it is no scalar of the curve. */
export function hpkeKeyPair(
  crypto: CryptoProvider,
  name: HpkeKemName,
  privateKey: Uint8Array,
): Result<HpkeKeyPair, HpkeKeyError> {
  const { group, privateKeyLength } = HPKE_KEMS[name];
  if (privateKey.length !== privateKeyLength) {
    return err({
      kind: 'invalid-key',
      detail: `a private key of ${name} has ${privateKeyLength} bytes, not ${privateKey.length}`,
    });
  }
  const scalar = secret(privateKey.slice());
  if (group === 'x25519' || group === 'x448') return ok(montgomeryPair(crypto, group, scalar));
  const key = crypto.privateKey({ kind: 'ec', curve: group, scalar });
  if (!key.ok || key.value.public.kind !== 'ec') {
    return err({ kind: 'invalid-key', detail: `not a scalar of ${group}` });
  }
  return ok({ privateKey: scalar, publicKey: key.value.public.point });
}

/** Encap and AuthEncap (§4.1): a secret for the holder of `recipient`, and what it must be sent for it. */
export function encapsulate(
  crypto: CryptoProvider,
  name: HpkeKemName,
  recipient: Uint8Array,
  keyMaterial: Uint8Array,
  sender: HpkeKeyPair | undefined,
): Result<{ readonly encapsulated: Uint8Array; readonly sharedSecret: Secret }, HpkeKeyError> {
  requireLength(`key material for ${name}`, keyMaterial, HPKE_KEMS[name].privateKeyLength);
  const ephemeral = hpkeDeriveKeyPair(crypto, name, keyMaterial);
  const secrets = agreeAll(crypto, name, [
    [ephemeral.privateKey, recipient],
    ...(sender === undefined ? [] : [[sender.privateKey, recipient] as const]),
  ]);
  if (!secrets.ok) return secrets;
  const context = concat(ephemeral.publicKey, recipient, sender?.publicKey ?? EMPTY);
  const sharedSecret = extractAndExpand(crypto, name, secrets.value, context);
  return ok({ encapsulated: ephemeral.publicKey, sharedSecret });
}

/** Decap and AuthDecap (§4.1). */
export function decapsulate(
  crypto: CryptoProvider,
  name: HpkeKemName,
  encapsulated: Uint8Array,
  recipient: HpkeKeyPair,
  sender: Uint8Array | undefined,
): Result<Secret, HpkeKeyError> {
  const secrets = agreeAll(crypto, name, [
    [recipient.privateKey, encapsulated],
    ...(sender === undefined ? [] : [[recipient.privateKey, sender] as const]),
  ]);
  if (!secrets.ok) return secrets;
  const context = concat(encapsulated, recipient.publicKey, sender ?? EMPTY);
  return ok(extractAndExpand(crypto, name, secrets.value, context));
}

const EMPTY = new Uint8Array(0);

/** The entropy that makes a key of these groups is the private key. */
function montgomeryPair(crypto: CryptoProvider, group: 'x25519' | 'x448', privateKey: Secret): HpkeKeyPair {
  return { privateKey, publicKey: crypto.groups[group].generate(privateKey).share };
}

/** DH with each pair of keys, one secret after the other (§4.1). */
function agreeAll(
  crypto: CryptoProvider,
  name: HpkeKemName,
  pairs: readonly (readonly [Secret, Uint8Array])[],
): Result<Uint8Array, HpkeKeyError> {
  const group = crypto.groups[HPKE_KEMS[name].group];
  const secrets: Uint8Array[] = [];
  for (const [privateKey, publicKey] of pairs) {
    const agreed = group.decapsulate(privateKey, publicKey);
    if (!agreed.ok) return err({ kind: 'invalid-key', detail: `not a usable public key for ${name}` });
    secrets.push(agreed.value);
  }
  return ok(concat(...secrets));
}

function extractAndExpand(
  crypto: CryptoProvider,
  name: HpkeKemName,
  agreed: Uint8Array,
  context: Uint8Array,
): Secret {
  const { hash } = HPKE_KEMS[name];
  const suiteId = kemSuiteId(name);
  const pseudorandomKey = labeledExtract(crypto, hash, suiteId, EMPTY, 'eae_prk', agreed);
  const { outputLength } = crypto.hashes[hash];
  return labeledExpand(crypto, hash, suiteId, pseudorandomKey, 'shared_secret', context, outputLength);
}

function kemSuiteId(name: HpkeKemName): Uint8Array {
  return concat(new TextEncoder().encode('KEM'), uint16(HPKE_KEMS[name].id));
}
