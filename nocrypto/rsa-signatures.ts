import { concat } from './bytes.ts';
import { equal } from './constant-time.ts';
import { mgf1, xor } from './mgf1.ts';
import { bitLength, toBytes } from './modular.ts';
import type {
  CryptoProvider,
  RsaPrivateKey,
  RsaPublicKey,
  SignatureAlgorithm,
  SignatureHash,
  SignError,
} from './provider.ts';
import { err, type Result } from './result.ts';
import { deriveRng, generate, type Rng } from './rng.ts';
import { byteLength, type RsaPrimitives } from './rsa.ts';

type Pkcs1 = Extract<SignatureAlgorithm, { readonly kind: 'rsa-pkcs1' }>;
type Pss = Extract<SignatureAlgorithm, { readonly kind: 'rsa-pss' }>;
type Hashes = CryptoProvider['hashes'];

/**
 * RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2): the one right encoding of the message is made and compared as
 * a whole with what the signature recovers. Nothing of the recovered bytes is parsed, so there is no room for the
 * garbage that Bleichenbacher's 2006 forgery hides in a lenient parser. A DigestInfo without its NULL is refused.
 */
export function verifyPkcs1(
  rsa: RsaPrimitives,
  { hash }: Pkcs1,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const recovered = recover(rsa, key, signature);
  return recovered !== undefined && equal(recovered, encodePkcs1(rsa.hashes, hash, message, byteLength(key)));
}

/** RSASSA-PSS verification (RFC 8017 §8.1.2), MGF1 with the same hash, a salt of exactly the length given. */
export function verifyPss(
  rsa: RsaPrimitives,
  { hash, saltLength }: Pss,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const recovered = recover(rsa, key, signature);
  const emBits = bitLength(key.modulus) - 1;
  return recovered !== undefined && checkPss(rsa.hashes, recovered, emBits, hash, saltLength, message);
}

/** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.1). `entropy` blinds; the signature does not depend on it. */
export function signPkcs1(
  rsa: RsaPrimitives,
  { hash }: Pkcs1,
  key: RsaPrivateKey,
  message: Uint8Array,
  entropy: Uint8Array,
): Result<Uint8Array, SignError> {
  const encoded = encodePkcs1(rsa.hashes, hash, message, byteLength(key));
  return signEncoded(rsa, key, encoded, () => signingRng(rsa.hashes, key, hash, message, entropy));
}

/** RSASSA-PSS (RFC 8017 §8.1.1) with MGF1 of the same hash. Salt and blinding are drawn from `entropy`. */
export function signPss(
  rsa: RsaPrimitives,
  { hash, saltLength }: Pss,
  key: RsaPrivateKey,
  message: Uint8Array,
  entropy: Uint8Array,
): Result<Uint8Array, SignError> {
  const emBits = bitLength(key.modulus) - 1;
  if (!pssFits(rsa.hashes, emBits, hash, saltLength)) {
    return err({
      kind: 'unsuitable-key',
      detail: `modulus too short for ${hash} and ${saltLength} bytes of salt`,
    });
  }
  const salt = generate(signingRng(rsa.hashes, key, hash, message, entropy), saltLength);
  const encoded = encodePss(rsa.hashes, emBits, hash, salt.bytes, message);
  // Of a modulus with 8k+1 bits, the encoding is a byte shorter than the representative.
  const padded = new Uint8Array(byteLength(key));
  padded.set(encoded, padded.length - encoded.length);
  return signEncoded(rsa, key, padded, () => salt.rng);
}

/**
 * The generator of one signature. The private exponent is mixed in, so that blinding stays unpredictable to others
 * even when the caller's entropy is bad.
 */
function signingRng(
  hashes: Hashes,
  key: RsaPrivateKey,
  hash: SignatureHash,
  message: Uint8Array,
  entropy: Uint8Array,
): Rng {
  const privateExponent = toBytes(key.privateExponent, byteLength(key));
  return deriveRng('RSA signature', entropy, privateExponent, hashes[hash].digest(message));
}

function signEncoded(
  rsa: RsaPrimitives,
  key: RsaPrivateKey,
  encoded: Uint8Array,
  blinding: () => Rng,
): Result<Uint8Array, SignError> {
  // An encoding begins with a zero bit, so it is below the modulus.
  return rsa.privateOperation(key, encoded, blinding) ?? err({ kind: 'fault' });
}

/** RSAVP1 (RFC 8017 §5.2.2) as k bytes; `undefined` for a signature of another length or not below the modulus. */
function recover(rsa: RsaPrimitives, key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  return signature.length === byteLength(key) ? rsa.publicOperation(key, signature) : undefined;
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). The smallest modulus there is, of 256 bytes, has room for every hash. */
function encodePkcs1(hashes: Hashes, hash: SignatureHash, message: Uint8Array, length: number): Uint8Array {
  const digestInfo = concat(DIGEST_INFO[hash], hashes[hash].digest(message));
  const padding = new Uint8Array(length - digestInfo.length - 3).fill(0xff);
  return concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), digestInfo);
}

/** The DER of DigestInfo up to the digest (RFC 8017 §9.2, note 1), parameters NULL. */
const DIGEST_INFO: Readonly<Record<SignatureHash, Uint8Array>> = {
  sha256: digestInfoPrefix(1, 32),
  sha384: digestInfoPrefix(2, 48),
  sha512: digestInfoPrefix(3, 64),
};

/** SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.`arc`, NULL }, OCTET STRING of `length` }. */
function digestInfoPrefix(arc: number, length: number): Uint8Array {
  const algorithm = [0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0x00];
  return Uint8Array.of(0x30, algorithm.length + 2 + length, ...algorithm, 0x04, length);
}

function pssFits(hashes: Hashes, emBits: number, hash: SignatureHash, saltLength: number): boolean {
  const emLength = Math.ceil(emBits / 8);
  const room = emLength - hashes[hash].outputLength - 2;
  return Number.isInteger(saltLength) && saltLength >= 0 && saltLength <= room;
}

/** EMSA-PSS-ENCODE (RFC 8017 §9.1.1) for lengths that fit. */
function encodePss(
  hashes: Hashes,
  emBits: number,
  hash: SignatureHash,
  salt: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const emLength = Math.ceil(emBits / 8);
  const h = pssHash(hashes, hash, message, salt);
  const dbLength = emLength - h.length - 1;
  const db = concat(new Uint8Array(dbLength - salt.length - 1), Uint8Array.of(1), salt);
  const maskedDb = xor(db, mgf1(hashes[hash], h, dbLength));
  maskedDb[0] = (maskedDb[0] ?? 0) & topMask(emBits);
  return concat(maskedDb, h, Uint8Array.of(0xbc));
}

/**
 * EMSA-PSS-VERIFY (RFC 8017 §9.1.2). `recovered` has the modulus's length; where the modulus has 8k+1 bits, the
 * encoding is a byte shorter and the byte in front must be zero.
 */
function checkPss(
  hashes: Hashes,
  recovered: Uint8Array,
  emBits: number,
  hash: SignatureHash,
  saltLength: number,
  message: Uint8Array,
): boolean {
  if (!pssFits(hashes, emBits, hash, saltLength)) return false;
  const emLength = Math.ceil(emBits / 8);
  if (recovered.length > emLength && recovered[0] !== 0) return false;
  const em = recovered.subarray(recovered.length - emLength);
  const dbLength = emLength - hashes[hash].outputLength - 1;
  const maskedDb = em.subarray(0, dbLength);
  const h = em.subarray(dbLength, -1);
  if (em[emLength - 1] !== 0xbc) return false;
  if (((maskedDb[0] ?? 0) & ~topMask(emBits)) !== 0) return false;
  const db = xor(maskedDb, mgf1(hashes[hash], h, dbLength));
  db[0] = (db[0] ?? 0) & topMask(emBits);
  const saltStart = dbLength - saltLength;
  const paddingIsRight = db.subarray(0, saltStart).every((byte, i) => byte === (i === saltStart - 1 ? 1 : 0));
  return paddingIsRight && equal(h, pssHash(hashes, hash, message, db.subarray(saltStart)));
}

/** The bits of the first byte that a number of `emBits` bits may use. */
function topMask(emBits: number): number {
  return 0xff >> (8 * Math.ceil(emBits / 8) - emBits);
}

/** Hash(eight zeros ‖ Hash(message) ‖ salt). */
function pssHash(hashes: Hashes, hash: SignatureHash, message: Uint8Array, salt: Uint8Array): Uint8Array {
  const { digest } = hashes[hash];
  return digest(concat(new Uint8Array(8), digest(message), salt));
}
