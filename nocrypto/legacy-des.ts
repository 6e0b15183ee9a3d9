import { concat, requireLength } from './bytes.ts';

/**
 * Decrypts DES (a key of 8 octets) or triple DES (16 or 24) in CBC mode (FIPS 46-3, SP 800-67), padding and all. Other
 * lengths of the key, an IV that is no block, and a ciphertext of no whole blocks are RangeErrors. The time it takes
 * depends on the key. There is no way to encrypt: brute force has broken DES, and triple DES has small blocks.
 */
export function desCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  if (![8, 16, 24].includes(key.length)) {
    throw new RangeError(`a DES key cannot have ${key.length} bytes`);
  }
  requireLength('an initialization vector', iv, BLOCK);
  if (ciphertext.length % BLOCK !== 0) {
    throw new RangeError(`${ciphertext.length} bytes are not whole blocks`);
  }
  // DES is triple DES with one key three times: the first two uses undo each other. Two keys are used as 1, 2, 1.
  const three = concat(key, key, key).subarray(0, 3 * BLOCK);
  const [first, second, third] = [0, 8, 16].map((start) => roundKeys(three.subarray(start, start + BLOCK)));
  const schedule = [reversed(third), second, reversed(first)];
  const boxes = permutedBoxes();
  const plaintext = new Uint8Array(ciphertext.length);
  let previous = blockAt(iv, 0);
  for (let i = 0; i < ciphertext.length; i += BLOCK) {
    const block = blockAt(ciphertext, i);
    const permuted = permute(block, INITIAL_PERMUTATION);
    const decrypted = schedule.reduce((halves, keys = []) => rounds(halves, keys, boxes), permuted);
    const [left, right] = permute(decrypted, FINAL_PERMUTATION);
    putWord(plaintext, i, left ^ previous[0]);
    putWord(plaintext, i + 4, right ^ previous[1]);
    previous = block;
  }
  return plaintext;
}

/** Octets of a block, and of a key. */
const BLOCK = 8;

/** The two halves of a block, each of 32 bits. */
type Halves = readonly [left: number, right: number];

/** A round key as the eight groups of six bits that go to the eight boxes. */
type RoundKey = readonly number[];

/** The sixteen rounds between the two permutations, with the halves exchanged at the end. */
function rounds(halves: Halves, keys: readonly RoundKey[], boxes: readonly Uint32Array[]): Halves {
  let [left, right] = halves;
  for (const key of keys) {
    let mixed = 0;
    for (let box = 0; box < 8; box++) {
      // The expansion E gives a box its four bits and one neighbour on either side, around the corner.
      const turn = (4 * box + 31) % 32;
      const six = ((right << turn) | (right >>> (32 - turn))) >>> 26;
      mixed |= boxes[box]?.[six ^ (key[box] ?? 0)] ?? 0;
    }
    [left, right] = [right, left ^ mixed];
  }
  return [right, left];
}

/** FIPS 46-3, appendix 1: the key schedule. The parity bits are not looked at. */
function roundKeys(key: Uint8Array): readonly RoundKey[] {
  const bits = PERMUTED_CHOICE_1.map((position) => bitOf(blockAt(key, 0), position));
  let turned = 0;
  return ROTATIONS.map((rotation) => {
    turned += rotation;
    const chosen = PERMUTED_CHOICE_2.map((position) => {
      const half = position > 28 ? 28 : 0;
      return bits[half + ((position - 1 - half + turned) % 28)] ?? 0;
    });
    return Array.from({ length: 8 }, (_, box) =>
      chosen.slice(6 * box, 6 * box + 6).reduce((group, bit) => 2 * group + bit, 0),
    );
  });
}

/** The boxes, with the permutation P of FIPS 46-3 applied to what they put out. */
function permutedBoxes(): readonly Uint32Array[] {
  return BOXES.map((digits, box) =>
    Uint32Array.from({ length: 64 }, (_, six) => {
      const row = ((six >> 4) & 2) | (six & 1);
      const column = (six >> 1) & 15;
      const output = Number.parseInt(digits.charAt(16 * row + column), 16) << (28 - 4 * box);
      return PERMUTATION.reduce((word, position) => (word << 1) | bitOf([output, 0], position), 0);
    }),
  );
}

function permute(block: Halves, positions: readonly number[]): Halves {
  const half = (start: number) =>
    positions.slice(start, start + 32).reduce((word, position) => (word << 1) | bitOf(block, position), 0);
  return [half(0), half(32)];
}

/** A bit of a block by FIPS 46-3's numbers: 1 is the leftmost. */
function bitOf([left, right]: Halves, position: number): number {
  return position > 32 ? (right >>> (64 - position)) & 1 : (left >>> (32 - position)) & 1;
}

function blockAt(bytes: Uint8Array, offset: number): Halves {
  const word = (at: number) => bytes.subarray(at, at + 4).reduce((value, octet) => (value << 8) | octet, 0);
  return [word(offset), word(offset + 4)];
}

function putWord(bytes: Uint8Array, offset: number, word: number): void {
  bytes.set([word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff], offset);
}

function reversed(keys: readonly RoundKey[] = []): readonly RoundKey[] {
  return [...keys].reverse();
}

/** IP: rows of bits, from the last octet's to the first's. */
const INITIAL_PERMUTATION: readonly number[] = [58, 60, 62, 64, 57, 59, 61, 63].flatMap((start) =>
  Array.from({ length: 8 }, (_, row) => start - 8 * row),
);

/** Its inverse. */
const FINAL_PERMUTATION: readonly number[] = INITIAL_PERMUTATION.map(
  (_, bit) => INITIAL_PERMUTATION.indexOf(bit + 1) + 1,
);

const PERMUTATION: readonly number[] = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22,
  11, 4, 25,
];

const PERMUTED_CHOICE_1: readonly number[] = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];

const PERMUTED_CHOICE_2: readonly number[] = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47,
  55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

const ROTATIONS: readonly number[] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

/** S1 to S8: four rows of sixteen hexadecimal digits each. */
const BOXES: readonly string[] = [
  'e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d',
  'f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9',
  'a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c',
  '7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e',
  '2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453',
  'c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d',
  '4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c',
  'd2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b',
];
