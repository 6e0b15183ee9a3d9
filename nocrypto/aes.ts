import { unsafe } from '@noble/ciphers/aes.js';

/*
 * The AES block cipher (FIPS 197) for the modes of this room. noble expands a key at every call of its own modes;
 * here it is expanded once. Blocks are four words with the first byte in the low bits, as noble has them.
 *
 * noble calls these functions unsafe because they check nothing and may change from version to version. Nothing here
 * reaches them unchecked, and the version is pinned.
 */

/** An expanded key. */
export type AesSchedule = Uint32Array;

/** Bytes of a block. */
export const AES_BLOCK = 16;

/** Expands a key of 16, 24 or 32 bytes. */
export function expandAesKey(key: Uint8Array): AesSchedule {
  return unsafe.expandKeyLE(key);
}

/** Encrypts one block. */
export function encryptAesBlock(
  schedule: AesSchedule,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
): { readonly s0: number; readonly s1: number; readonly s2: number; readonly s3: number } {
  return unsafe.encrypt(schedule, s0, s1, s2, s3);
}

/**
 * Counter mode (SP 800-38A §6.5) from the counter block given, whose last four bytes count, big-endian. `out` may be
 * `input` itself, from the same place on.
 */
export function aesCtr(
  schedule: AesSchedule,
  counterBlock: Uint8Array,
  input: Uint8Array,
  out: Uint8Array,
  outOffset: number,
): void {
  const c0 = word(counterBlock, 0);
  const c1 = word(counterBlock, 4);
  const c2 = word(counterBlock, 8);
  let counter = swapBytes(word(counterBlock, 12));
  const whole = input.length - (input.length % AES_BLOCK);
  for (let i = 0; i < whole; i += AES_BLOCK) {
    const { s0, s1, s2, s3 } = unsafe.encrypt(schedule, c0, c1, c2, swapBytes(counter));
    xorWord(input, i, s0, out, outOffset + i);
    xorWord(input, i + 4, s1, out, outOffset + i + 4);
    xorWord(input, i + 8, s2, out, outOffset + i + 8);
    xorWord(input, i + 12, s3, out, outOffset + i + 12);
    counter = (counter + 1) | 0;
  }
  if (whole === input.length) return;
  const { s0, s1, s2, s3 } = unsafe.encrypt(schedule, c0, c1, c2, swapBytes(counter));
  const words = [s0, s1, s2, s3];
  for (let i = whole; i < input.length; i++) {
    const at = i - whole;
    out[outOffset + i] = (input[i] ?? 0) ^ ((words[at >> 2] ?? 0) >>> (8 * (at & 3)));
  }
}

/** The four bytes from `offset` on as a word, the first in the low bits; bytes past the end are zero. */
export function word(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset] ?? 0) |
    ((bytes[offset + 1] ?? 0) << 8) |
    ((bytes[offset + 2] ?? 0) << 16) |
    ((bytes[offset + 3] ?? 0) << 24)
  );
}

/** The word with its bytes in the other order. */
export function swapBytes(n: number): number {
  return (n << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24);
}

function xorWord(input: Uint8Array, i: number, mask: number, out: Uint8Array, o: number): void {
  out[o] = (input[i] ?? 0) ^ mask;
  out[o + 1] = (input[i + 1] ?? 0) ^ (mask >>> 8);
  out[o + 2] = (input[i + 2] ?? 0) ^ (mask >>> 16);
  out[o + 3] = (input[i + 3] ?? 0) ^ (mask >>> 24);
}
