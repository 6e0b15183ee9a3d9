import { swapBytes, word } from './aes.ts';

/*
 * GHASH (SP 800-38D §6.4), by Shoup's method: a table of the sixteen multiples of the hash key by polynomials of four
 * bits, and so eight steps for a word. An element of the field is four words; bit 0, the coefficient of x^0, is
 * the highest bit of the first.
 */

/** Sixteen elements of four words each. */
export type GhashTable = Uint32Array;

/** The table of one hash key, the encryption of the zero block, as four words in the order of their bytes. */
export function ghashTable(h0: number, h1: number, h2: number, h3: number): GhashTable {
  const table = new Uint32Array(64);
  let [z0, z1, z2, z3] = [h0, h1, h2, h3];
  for (const index of [8, 4, 2, 1]) {
    table.set([z0, z1, z2, z3], 4 * index);
    // Times x: a shift to the right, and the field's polynomial where a coefficient falls out.
    const carry = z3 & 1;
    z3 = (z3 >>> 1) | (z2 << 31);
    z2 = (z2 >>> 1) | (z1 << 31);
    z1 = (z1 >>> 1) | (z0 << 31);
    z0 = (z0 >>> 1) ^ (carry * 0xe1000000);
  }
  for (const high of [2, 4, 8]) {
    for (let low = 1; low < high; low++) {
      for (let i = 0; i < 4; i++) {
        table[4 * (high + low) + i] = (table[4 * high + i] ?? 0) ^ (table[4 * low + i] ?? 0);
      }
    }
  }
  return table;
}

/** Absorbs `data`, filled up with zeros to whole blocks, into the four words of `state`. */
export function ghash(table: GhashTable, state: Uint32Array, data: Uint8Array): void {
  for (let offset = 0; offset < data.length; offset += 16) {
    absorb(
      table,
      state,
      swapBytes(word(data, offset)),
      swapBytes(word(data, offset + 4)),
      swapBytes(word(data, offset + 8)),
      swapBytes(word(data, offset + 12)),
    );
  }
}

/** Absorbs the last block, which holds the lengths of the additional data and of the ciphertext in bits. */
export function ghashLengths(
  table: GhashTable,
  state: Uint32Array,
  additionalData: number,
  ciphertext: number,
): void {
  const high = (bytes: number) => Math.floor(bytes / 2 ** 29);
  const low = (bytes: number) => (bytes % 2 ** 29) * 8;
  absorb(table, state, high(additionalData), low(additionalData), high(ciphertext), low(ciphertext));
}

function absorb(table: GhashTable, state: Uint32Array, b0: number, b1: number, b2: number, b3: number): void {
  const x0 = (state[0] ?? 0) ^ b0;
  const x1 = (state[1] ?? 0) ^ b1;
  const x2 = (state[2] ?? 0) ^ b2;
  const x3 = (state[3] ?? 0) ^ b3;
  let z0 = 0;
  let z1 = 0;
  let z2 = 0;
  let z3 = 0;
  // Horner's rule from the highest coefficients, which are the last bits: z = z·x^4 + (next four bits)·h.
  for (let i = 0; i < 4; i++) {
    let bits = i === 0 ? x3 : i === 1 ? x2 : i === 2 ? x1 : x0;
    for (let j = 0; j < 8; j++) {
      const fallen = REDUCTION[z3 & 15] ?? 0;
      const entry = (bits & 15) << 2;
      z3 = ((z3 >>> 4) | (z2 << 28)) ^ (table[entry + 3] ?? 0);
      z2 = ((z2 >>> 4) | (z1 << 28)) ^ (table[entry + 2] ?? 0);
      z1 = ((z1 >>> 4) | (z0 << 28)) ^ (table[entry + 1] ?? 0);
      z0 = (z0 >>> 4) ^ fallen ^ (table[entry] ?? 0);
      bits >>>= 4;
    }
  }
  state[0] = z0;
  state[1] = z1;
  state[2] = z2;
  state[3] = z3;
}

/** What the four coefficients that fall out of a shift by four come back as, in the first word: multiples of 0xe1. */
const REDUCTION: Uint32Array = Uint32Array.from({ length: 16 }, (_, bits) => {
  const at = (bit: number, multiple: number) => ((bits >> bit) & 1) * multiple;
  return at(3, 0xe1000000) ^ at(2, 0x70800000) ^ at(1, 0x38400000) ^ at(0, 0x1c200000);
});
