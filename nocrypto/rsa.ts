import { concat } from './bytes.ts';
import { equal } from './constant-time.ts';
import { hashes } from './hash.ts';
import { bitLength, modInverse, modPow, modPowPublic, randomBelow, toBigint, toBytes } from './modular.ts';
import type { SignatureHash, SignError } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import { deriveRng, generate, type Rng } from './rng.ts';

/** RFC 8017's RSAPublicKey. */
export interface RsaPublicNumbers {
  readonly modulus: bigint;
  readonly publicExponent: bigint;
}

/** RFC 8017's two-prime RSAPrivateKey. */
export interface RsaPrivateNumbers extends RsaPublicNumbers {
  readonly privateExponent: bigint;
  readonly prime1: bigint;
  readonly prime2: bigint;
  readonly exponent1: bigint;
  readonly exponent2: bigint;
  readonly coefficient: bigint;
}

/**
 * RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2): the one right encoding of the message is made and compared as
 * a whole with what the signature recovers. Nothing of the recovered bytes is parsed, so there is no room for the
 * garbage that Bleichenbacher's 2006 forgery hides in a lenient parser. A DigestInfo without its NULL is refused.
 */
export function verifyPkcs1(
  key: RsaPublicNumbers,
  hash: SignatureHash,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const recovered = recover(key, signature);
  return recovered !== undefined && equal(recovered, encodePkcs1(hash, message, byteLength(key)));
}

/** RSASSA-PSS verification (RFC 8017 §8.1.2), MGF1 with `hash`, a salt of exactly `saltLength` bytes. */
export function verifyPss(
  key: RsaPublicNumbers,
  hash: SignatureHash,
  saltLength: number,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const recovered = recover(key, signature);
  return (
    recovered !== undefined && checkPss(recovered, bitLength(key.modulus) - 1, hash, saltLength, message)
  );
}

/** RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.1). `entropy` blinds; the signature does not depend on it. */
export function signPkcs1(
  key: RsaPrivateNumbers,
  hash: SignatureHash,
  message: Uint8Array,
  entropy: Uint8Array,
): Result<Uint8Array, SignError> {
  const encoded = encodePkcs1(hash, message, byteLength(key));
  return signEncoded(key, encoded, signingRng(key, hash, message, entropy));
}

/** RSASSA-PSS (RFC 8017 §8.1.1) with MGF1 of the same hash. Salt and blinding are drawn from `entropy`. */
export function signPss(
  key: RsaPrivateNumbers,
  hash: SignatureHash,
  saltLength: number,
  message: Uint8Array,
  entropy: Uint8Array,
): Result<Uint8Array, SignError> {
  const emBits = bitLength(key.modulus) - 1;
  if (!pssFits(emBits, hash, saltLength)) {
    return err({
      kind: 'unsuitable-key',
      detail: `modulus too short for ${hash} and ${saltLength} bytes of salt`,
    });
  }
  const salt = generate(signingRng(key, hash, message, entropy), saltLength);
  return signEncoded(key, encodePss(emBits, hash, salt.bytes, message), salt.rng);
}

/**
 * The private operation (RFC 8017 §5.1.2, by CRT) on a representative in 0 … n−1.
 *
 * BigInt arithmetic is not constant time, so the representative is blinded: with r random, (m·rᵉ)ᵈ·r⁻¹ = mᵈ, and
 * what the exponentiations work on is unrelated to m. The result is raised to e again before it is released: one
 * wrong half of a CRT result would give away the factors (Boneh, DeMillo and Lipton 1997).
 */
export function privateOperation(
  key: RsaPrivateNumbers,
  representative: bigint,
  rng: Rng,
): Result<bigint, { readonly kind: 'fault' }> {
  const { modulus, publicExponent, prime1, prime2, exponent1, exponent2, coefficient } = key;
  const blinding = blindingFactor(modulus, rng);
  const blinded = (representative * modPowPublic(blinding.factor, publicExponent, modulus)) % modulus;
  const s1 = modPow(blinded % prime1, exponent1, prime1);
  const s2 = modPow(blinded % prime2, exponent2, prime2);
  const h = ((s1 + prime1 - (s2 % prime1)) * coefficient) % prime1;
  const result = ((s2 + prime2 * h) * blinding.inverse) % modulus;
  if (modPowPublic(result, publicExponent, modulus) !== representative) return err({ kind: 'fault' });
  return ok(result);
}

function blindingFactor(modulus: bigint, rng: Rng): { readonly factor: bigint; readonly inverse: bigint } {
  const drawn = randomBelow(rng, modulus);
  const inverse = modInverse(drawn.n, modulus);
  // A factor without an inverse shares a prime with the modulus: nobody will live to see the second round.
  return inverse === undefined ? blindingFactor(modulus, drawn.rng) : { factor: drawn.n, inverse };
}

/**
 * The generator of one signature. The private exponent is mixed in, so that blinding stays unpredictable to others
 * even when the caller's entropy is bad.
 */
function signingRng(
  key: RsaPrivateNumbers,
  hash: SignatureHash,
  message: Uint8Array,
  entropy: Uint8Array,
): Rng {
  const privateExponent = toBytes(key.privateExponent, byteLength(key));
  return deriveRng('RSA signature', entropy, privateExponent, hashes[hash].digest(message));
}

function signEncoded(key: RsaPrivateNumbers, encoded: Uint8Array, rng: Rng): Result<Uint8Array, SignError> {
  const signature = privateOperation(key, toBigint(encoded), rng);
  return signature.ok ? ok(toBytes(signature.value, byteLength(key))) : signature;
}

/** RSAVP1 (RFC 8017 §5.2.2) as k bytes; `undefined` for a signature of another length or not below the modulus. */
function recover(key: RsaPublicNumbers, signature: Uint8Array): Uint8Array | undefined {
  const length = byteLength(key);
  if (signature.length !== length) return undefined;
  const s = toBigint(signature);
  if (s >= key.modulus) return undefined;
  return toBytes(modPowPublic(s, key.publicExponent, key.modulus), length);
}

/** RFC 8017's k. */
function byteLength(key: RsaPublicNumbers): number {
  return Math.ceil(bitLength(key.modulus) / 8);
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). The smallest modulus there is, of 256 bytes, has room for every hash. */
function encodePkcs1(hash: SignatureHash, message: Uint8Array, length: number): Uint8Array {
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

function pssFits(emBits: number, hash: SignatureHash, saltLength: number): boolean {
  const emLength = Math.ceil(emBits / 8);
  const room = emLength - hashes[hash].outputLength - 2;
  return Number.isInteger(saltLength) && saltLength >= 0 && saltLength <= room;
}

/** EMSA-PSS-ENCODE (RFC 8017 §9.1.1) for lengths that fit. */
function encodePss(emBits: number, hash: SignatureHash, salt: Uint8Array, message: Uint8Array): Uint8Array {
  const emLength = Math.ceil(emBits / 8);
  const h = pssHash(hash, message, salt);
  const dbLength = emLength - h.length - 1;
  const db = concat(new Uint8Array(dbLength - salt.length - 1), Uint8Array.of(1), salt);
  const maskedDb = xor(db, mgf1(hash, h, dbLength));
  maskedDb[0] = (maskedDb[0] ?? 0) & topMask(emBits);
  return concat(maskedDb, h, Uint8Array.of(0xbc));
}

/**
 * EMSA-PSS-VERIFY (RFC 8017 §9.1.2). `recovered` has the modulus's length; where the modulus has 8k+1 bits, the
 * encoding is a byte shorter and the byte in front must be zero.
 */
function checkPss(
  recovered: Uint8Array,
  emBits: number,
  hash: SignatureHash,
  saltLength: number,
  message: Uint8Array,
): boolean {
  if (!pssFits(emBits, hash, saltLength)) return false;
  const emLength = Math.ceil(emBits / 8);
  if (recovered.length > emLength && recovered[0] !== 0) return false;
  const em = recovered.subarray(recovered.length - emLength);
  const dbLength = emLength - hashes[hash].outputLength - 1;
  const maskedDb = em.subarray(0, dbLength);
  const h = em.subarray(dbLength, -1);
  if (em[emLength - 1] !== 0xbc) return false;
  if (((maskedDb[0] ?? 0) & ~topMask(emBits)) !== 0) return false;
  const db = xor(maskedDb, mgf1(hash, h, dbLength));
  db[0] = (db[0] ?? 0) & topMask(emBits);
  const saltStart = dbLength - saltLength;
  const paddingIsRight = db.subarray(0, saltStart).every((byte, i) => byte === (i === saltStart - 1 ? 1 : 0));
  return paddingIsRight && equal(h, pssHash(hash, message, db.subarray(saltStart)));
}

/** The bits of the first byte that a number of `emBits` bits may use. */
function topMask(emBits: number): number {
  return 0xff >> (8 * Math.ceil(emBits / 8) - emBits);
}

/** Hash(eight zeros ‖ Hash(message) ‖ salt). */
function pssHash(hash: SignatureHash, message: Uint8Array, salt: Uint8Array): Uint8Array {
  const { digest } = hashes[hash];
  return digest(concat(new Uint8Array(8), digest(message), salt));
}

/** MGF1 (RFC 8017 B.2.1). */
function mgf1(hash: SignatureHash, seed: Uint8Array, length: number): Uint8Array {
  const seeded = hashes[hash].start().update(seed);
  const blocks = Array.from({ length: Math.ceil(length / hashes[hash].outputLength) }, (_, counter) =>
    seeded.update(toBytes(BigInt(counter), 4)).digest(),
  );
  return concat(...blocks).subarray(0, length);
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}
