import { scrypt as nobleScrypt } from '@noble/hashes/scrypt.js';
import { type Secret, secret } from './secret.ts';

/**
 * scrypt (RFC 7914): `length` bytes. `cost` is its N, a power of two above 1, `blockSize` its r, `parallelization` its p;
 * 128 · N · r octets of memory are taken, and time in proportion to N · r · p. Numbers that the RFC does not allow, and
 * more than a gibibyte, are RangeErrors; whoever reads them from a file bounds them lower.
 */
export function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  {
    cost,
    blockSize,
    parallelization,
  }: { readonly cost: number; readonly blockSize: number; readonly parallelization: number },
  length: number,
): Secret {
  const isPositive = (n: number) => Number.isInteger(n) && n >= 1;
  const isPowerOfTwo = Number.isInteger(Math.log2(cost)) && cost > 1;
  const fits = 128 * cost * blockSize <= MAXIMUM_MEMORY && blockSize * parallelization < 2 ** 30;
  if (!isPowerOfTwo || ![blockSize, parallelization, length].every(isPositive) || !fits) {
    throw new RangeError(
      `scrypt cannot take N ${cost}, r ${blockSize}, p ${parallelization} for ${length} bytes`,
    );
  }
  return secret(nobleScrypt(password, salt, { N: cost, r: blockSize, p: parallelization, dkLen: length }));
}

const MAXIMUM_MEMORY = 2 ** 30;
