import { pbkdf2 as noblePbkdf2 } from '@noble/hashes/pbkdf2.js';
import { nobleHash } from './hash.ts';
import type { HashName } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/** PBKDF2 with HMAC (RFC 8018 §5.2). */
export function pbkdf2(
  hash: HashName,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Secret {
  requirePbkdf2(iterations, length);
  return secret(noblePbkdf2(nobleHash(hash), password, salt, { c: iterations, dkLen: length }));
}

/** What every provider holds its caller to: at least one iteration and one byte, neither of more than 31 bits. */
export function requirePbkdf2(iterations: number, length: number): void {
  for (const n of [iterations, length]) {
    if (!Number.isInteger(n) || n < 1 || n >= 2 ** 31) {
      throw new RangeError(`PBKDF2 cannot take ${iterations} iterations for ${length} bytes`);
    }
  }
}
