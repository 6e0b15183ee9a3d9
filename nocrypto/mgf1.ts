import { concat } from './bytes.ts';
import type { Hash } from './provider.ts';

/** The mask generation function MGF1 (RFC 8017 B.2.1): `length` bytes. */
export function mgf1(hash: Hash, seed: Uint8Array, length: number): Uint8Array {
  const seeded = hash.start().update(seed);
  const blocks = Array.from({ length: Math.ceil(length / hash.outputLength) }, (_, i) =>
    seeded.update(Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i)).digest(),
  );
  return concat(...blocks).subarray(0, length);
}

/** The bytes of `a`, each with its bits turned over where `b` has ones. */
export function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}
