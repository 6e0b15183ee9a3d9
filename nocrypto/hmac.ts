import { expand, extract } from '@noble/hashes/hkdf.js';
import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { hashes, nobleHash } from './hash.ts';
import type { HashName, MacKey } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/**
 * HMAC (RFC 2104) with a key of any length. The two blocks that hold the key are hashed once, here; each `mac`
 * starts from a copy of that state, always in the same place.
 */
export function hmac(hash: HashName, key: Uint8Array): MacKey {
  const keyed = nobleHmac.create(nobleHash(hash), key);
  const scratch = keyed.clone();
  return {
    length: hashes[hash].outputLength,
    mac: (data) => keyed._cloneInto(scratch).update(data).digest(),
  };
}

/** The same for a key that serves once, without preparing it. */
export function hmacOnce(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return nobleHmac(nobleHash(hash), key, data);
}

/** HKDF-Extract (RFC 5869 §2.2). An empty salt is the same HMAC key as the standard's string of zeros. */
export function hkdfExtract(hash: HashName, salt: Uint8Array, inputKeyMaterial: Uint8Array): Secret {
  return secret(extract(nobleHash(hash), inputKeyMaterial, salt));
}

/**
 * HKDF-Expand (RFC 5869 §2.3). A pseudorandom key shorter than the hash's output, or more than 255 outputs asked
 * for, is a RangeError.
 */
export function hkdfExpand(
  hash: HashName,
  pseudorandomKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Secret {
  requireHkdf(hash, pseudorandomKey, length);
  return secret(expand(nobleHash(hash), pseudorandomKey, info, length));
}

/** What every provider holds its caller to. */
export function requireHkdf(hash: HashName, pseudorandomKey: Uint8Array, length: number): void {
  const { outputLength } = hashes[hash];
  if (pseudorandomKey.length < outputLength) {
    throw new RangeError(`an HKDF key must be at least ${outputLength} bytes, not ${pseudorandomKey.length}`);
  }
  if (!Number.isInteger(length) || length < 0 || length > 255 * outputLength) {
    throw new RangeError(`HKDF cannot expand to ${length} bytes`);
  }
}
