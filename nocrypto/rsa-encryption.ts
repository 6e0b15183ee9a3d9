import { concat, requireLength } from './bytes.ts';
import { mgf1, xor } from './mgf1.ts';
import { toBytes } from './modular.ts';
import { type RsaEncryption, type RsaPrivateKey, SIGNING_ENTROPY_LENGTH } from './provider.ts';
import { err, ok } from './result.ts';
import { deriveRng, generate, type Rng } from './rng.ts';
import { byteLength, type RsaPrimitives } from './rsa.ts';
import { secret } from './secret.ts';

/** The encryption schemes of RFC 8017 §7 on a provider's primitives. */
export function rsaEncryption(rsa: RsaPrimitives): RsaEncryption {
  return {
    encryptPkcs1: (key, message, entropy) => {
      requireEntropy(entropy);
      const length = byteLength(key);
      const paddingLength = length - message.length - 3;
      if (paddingLength < MINIMUM_PADDING) {
        return err({ kind: 'message-too-long', limit: length - MINIMUM_PADDING - 3 });
      }
      const padding = nonZeroBytes(deriveRng('RSAES-PKCS1-v1_5', entropy), paddingLength);
      const encoded = concat(Uint8Array.of(0, 2), padding, Uint8Array.of(0), message);
      return ok(encryptEncoded(rsa, key, encoded));
    },

    decryptPkcs1: (key, ciphertext, substitute, entropy) => {
      requireEntropy(entropy);
      const length = byteLength(key);
      if (substitute.length > length - MINIMUM_PADDING - 3) {
        throw new RangeError(`a key of ${length} bytes encrypts no message of ${substitute.length}`);
      }
      const encoded = decryptRaw(rsa, key, ciphertext, entropy);
      return secret(encoded === undefined ? substitute.slice() : selectMessage(encoded, substitute));
    },

    encryptOaep: (key, hash, label, message, entropy) => {
      requireEntropy(entropy);
      const { outputLength, digest } = rsa.hashes[hash];
      const length = byteLength(key);
      const limit = length - 2 * outputLength - 2;
      if (message.length > limit) return err({ kind: 'message-too-long', limit: Math.max(limit, 0) });
      const zeros = new Uint8Array(limit - message.length);
      const db = concat(digest(label), zeros, Uint8Array.of(1), message);
      const seed = generate(deriveRng('RSAES-OAEP', entropy), outputLength).bytes;
      const maskedDb = xor(db, mgf1(rsa.hashes[hash], seed, db.length));
      const maskedSeed = xor(seed, mgf1(rsa.hashes[hash], maskedDb, outputLength));
      return ok(encryptEncoded(rsa, key, concat(Uint8Array.of(0), maskedSeed, maskedDb)));
    },

    decryptOaep: (key, hash, label, ciphertext, entropy) => {
      requireEntropy(entropy);
      const { outputLength, digest } = rsa.hashes[hash];
      const encoded = decryptRaw(rsa, key, ciphertext, entropy);
      if (encoded === undefined) return err({ kind: 'decryption-failed' });
      const maskedSeed = encoded.subarray(1, 1 + outputLength);
      const maskedDb = encoded.subarray(1 + outputLength);
      const seed = xor(maskedSeed, mgf1(rsa.hashes[hash], maskedDb, outputLength));
      const db = xor(maskedDb, mgf1(rsa.hashes[hash], seed, maskedDb.length));
      const start = oaepMessageStart(encoded[0] ?? 0, db, digest(label));
      return start === 0 ? err({ kind: 'decryption-failed' }) : ok(secret(db.slice(start)));
    },
  };
}

/** Bytes of PS in RSAES-PKCS1-v1_5 at least (RFC 8017 §7.2.1). */
const MINIMUM_PADDING = 8;

function encryptEncoded(
  rsa: RsaPrimitives,
  key: Parameters<RsaPrimitives['publicOperation']>[0],
  encoded: Uint8Array,
): Uint8Array {
  const ciphertext = rsa.publicOperation(key, encoded);
  // The encodings of §7 begin with a zero byte.
  if (ciphertext === undefined) throw new RangeError('a representative above the modulus');
  return ciphertext;
}

/**
 * The private operation on a ciphertext as k bytes. `undefined` for what the sender knows himself to be no ciphertext
 * (another length, not below the modulus), and for a fault.
 */
function decryptRaw(
  rsa: RsaPrimitives,
  key: RsaPrivateKey,
  ciphertext: Uint8Array,
  entropy: Uint8Array,
): Uint8Array | undefined {
  const length = byteLength(key);
  if (ciphertext.length !== length) return undefined;
  // As for signatures, the private exponent makes up for bad entropy.
  const blinding = () =>
    deriveRng('RSA decryption', entropy, toBytes(key.privateExponent, length), ciphertext);
  const decrypted = rsa.privateOperation(key, ciphertext, blinding);
  return decrypted?.ok ? decrypted.value : undefined;
}

/**
 * The message of 00 ‖ 02 ‖ PS ‖ 00 ‖ M if M has the substitute's length, else the substitute. There is no branch and no
 * index that depends on the encoded bytes: whether the padding was right is Bleichenbacher's oracle (1998, and ROBOT).
 */
function selectMessage(encoded: Uint8Array, substitute: Uint8Array): Uint8Array {
  const start = encoded.length - substitute.length;
  let wrong = (encoded[0] ?? 0) | ((encoded[1] ?? 0) ^ 2) | (encoded[start - 1] ?? 0);
  for (let i = 2; i < start - 1; i++) wrong |= isZero(encoded[i] ?? 0);
  const keep = -isZero(wrong) & 0xff;
  return substitute.map((byte, i) => ((encoded[start + i] ?? 0) & keep) | (byte & ~keep));
}

/**
 * Where the message starts in DB (RFC 8017 §7.1.2, step 3.g), or 0 when anything is wrong: the first byte, the hash
 * of the label, or what stands before the message. Which of them it was must not show (Manger 2001), so all of them
 * are always looked at, without a branch.
 */
function oaepMessageStart(first: number, db: Uint8Array, labelHash: Uint8Array): number {
  let wrong = first;
  for (let i = 0; i < labelHash.length; i++) wrong |= (db[i] ?? 0) ^ (labelHash[i] ?? 0);
  let start = 0;
  let before = 1;
  for (let i = labelHash.length; i < db.length; i++) {
    const byte = db[i] ?? 0;
    const isOne = isZero(byte ^ 1);
    start |= -(before & isOne) & (i + 1);
    wrong |= before & ~isOne & ~isZero(byte) & 1;
    before &= ~isOne;
  }
  return start & -isZero(wrong | before);
}

/** 1 for 0, else 0, for numbers of up to 31 bits. */
function isZero(n: number): number {
  return (n - 1) >>> 31;
}

/** `length` bytes, none of them zero: the generator is asked again for each that is. */
function nonZeroBytes(start: Rng, length: number): Uint8Array {
  let rng = start;
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length; ) {
    const drawn = generate(rng, length - filled);
    rng = drawn.rng;
    const usable = drawn.bytes.filter((byte) => byte !== 0);
    bytes.set(usable, filled);
    filled += usable.length;
  }
  return bytes;
}

function requireEntropy(entropy: Uint8Array): void {
  requireLength('entropy for RSA', entropy, SIGNING_ENTROPY_LENGTH);
}
