import { requireLength } from './bytes.ts';

/** Octets of a block. */
const BLOCK = 8;

/**
 * Decrypts DES (8 octets of key), two-key or three-key triple DES (16 or 24) in CBC mode (FIPS 46-3, SP 800-67), padding
 * and all. Other key lengths, an IV that is no block, and a ciphertext of no whole blocks are RangeErrors. Its time
 * depends on key and data. There is no encryption: DES has been broken by brute force, and triple DES by its small blocks.
 */
export function desCbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  if (![8, 16, 24].includes(key.length)) {
    throw new RangeError(`a DES key cannot have ${key.length} bytes`);
  }
  requireLength('an initialization vector', iv, BLOCK);
  if (ciphertext.length % BLOCK !== 0) {
    throw new RangeError(`${ciphertext.length} bytes are not whole blocks`);
  }
  const [first, second = first, third = first] = [0, 8, 16]
    .slice(0, key.length / 8)
    .map((start) => roundKeys(key.subarray(start, start + 8)));
  if (first === undefined || second === undefined || third === undefined) {
    throw new RangeError('a DES key has at least one part');
  }
  const boxes = permutedBoxes();
  const plaintext = new Uint8Array(ciphertext.length);
  let previous = wordsAt(iv, 0);
  for (let i = 0; i < ciphertext.length; i += BLOCK) {
    const block = wordsAt(ciphertext, i);
    let words = permute(block, INITIAL);
    // Encryption is E, D, E under the three keys; this is its inverse. With one key twice over, two of them cancel out.
    words = rounds(words, [...third].reverse(), boxes);
    words = rounds(words, second, boxes);
    words = rounds(words, [...first].reverse(), boxes);
    const [left, right] = permute(words, FINAL);
    putWord(plaintext, i, left ^ previous[0]);
    putWord(plaintext, i + 4, right ^ previous[1]);
    previous = block;
  }
  return plaintext;
}

/** 64 bits, the high ones first. */
type Words = readonly [high: number, low: number];

/** Sixteen round keys, each in eight groups of six bits. */
type RoundKeys = readonly (readonly number[])[];

/** The sixteen rounds between the permutations of FIPS 46-3, with the halves swapped at the end. */
function rounds([high, low]: Words, keys: RoundKeys, boxes: readonly Uint32Array[]): Words {
  let left = high;
  let right = low;
  for (const key of keys) {
    let mixed = 0;
    for (let group = 0; group < 8; group++) {
      // The expansion E: six bits of the right half, from one before the group to one after it, around the corner.
      const shift = (31 - 4 * group + 28) % 32;
      const six = ((right >>> ((shift + 0) % 32)) | (right << (32 - shift))) & 63;
      mixed |= boxes[group]?.[six ^ (key[group] ?? 0)] ?? 0;
    }
    [left, right] = [right, left ^ mixed];
  }
  return [right, left];
}
