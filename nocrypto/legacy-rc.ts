import { requireLength } from './bytes.ts';

/**
 * Decrypts RC2 in CBC mode (RFC 2268), padding and all, under a key of 1 to 128 octets cut down to `effectiveBits`, 1 to
 * 1024. Other lengths, an IV of other than 8 octets, and a ciphertext of no whole blocks are RangeErrors. There is no way to
 * encrypt: keys were 40 bits long, by law, and 64 bits of block are few.
 */
export function rc2CbcDecrypt(
  key: Uint8Array,
  effectiveBits: number,
  iv: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array {
  if (key.length < 1 || key.length > 128 || !(effectiveBits >= 1 && effectiveBits <= 1024)) {
    throw new RangeError(`RC2 cannot take ${key.length} bytes of key for ${effectiveBits} bits`);
  }
  requireLength('an initialization vector', iv, BLOCK);
  if (ciphertext.length % BLOCK !== 0) {
    throw new RangeError(`${ciphertext.length} bytes are not whole blocks`);
  }
  const keys = expandKey(key, effectiveBits);
  const plaintext = new Uint8Array(ciphertext.length);
  let previous = iv;
  for (let i = 0; i < ciphertext.length; i += BLOCK) {
    const block = ciphertext.subarray(i, i + BLOCK);
    const words = decryptBlock(block, keys);
    for (let j = 0; j < BLOCK; j++) {
      plaintext[i + j] = ((words[j >> 1] ?? 0) >> (8 * (j & 1))) ^ (previous[j] ?? 0);
    }
    previous = block;
  }
  return plaintext;
}

/** RC4 under a key of 1 to 256 octets (else RangeError): encrypts and decrypts alike. Its first octets betray the key. */
export function rc4(key: Uint8Array, input: Uint8Array): Uint8Array {
  if (key.length < 1 || key.length > 256) {
    throw new RangeError(`RC4 cannot take a key of ${key.length} bytes`);
  }
  const state = Uint8Array.from({ length: 256 }, (_, i) => i);
  const exchange = (i: number, j: number) => {
    [state[i], state[j]] = [state[j] ?? 0, state[i] ?? 0];
  };
  let j = 0;
  for (let i = 0; i < 256; i++) {
    j = (j + (state[i] ?? 0) + (key[i % key.length] ?? 0)) & 0xff;
    exchange(i, j);
  }
  let i = 0;
  j = 0;
  return input.map((octet) => {
    i = (i + 1) & 0xff;
    j = (j + (state[i] ?? 0)) & 0xff;
    exchange(i, j);
    return octet ^ (state[((state[i] ?? 0) + (state[j] ?? 0)) & 0xff] ?? 0);
  });
}

/** Octets of RC2's block. */
const BLOCK = 8;

/** RFC 2268 §2: 64 words, made of the key's octets, of which only `effectiveBits` count. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const octets = new Uint8Array(128);
  octets.set(key);
  for (let i = key.length; i < 128; i++) {
    octets[i] = pi((octets[i - 1] ?? 0) + (octets[i - key.length] ?? 0));
  }
  const effective = Math.ceil(effectiveBits / 8);
  const mask = 0xff >> (8 * effective - effectiveBits);
  octets[128 - effective] = pi((octets[128 - effective] ?? 0) & mask);
  for (let i = 127 - effective; i >= 0; i--) {
    octets[i] = pi((octets[i + 1] ?? 0) ^ (octets[i + effective] ?? 0));
  }
  return Uint16Array.from({ length: 64 }, (_, i) => (octets[2 * i] ?? 0) | ((octets[2 * i + 1] ?? 0) << 8));
}

/** RFC 2268 §4: the rounds of encryption backwards. */
function decryptBlock(block: Uint8Array, keys: Uint16Array): Uint16Array {
  const words = Uint16Array.from(
    { length: 4 },
    (_, i) => (block[2 * i] ?? 0) | ((block[2 * i + 1] ?? 0) << 8),
  );
  const word = (i: number) => words[i & 3] ?? 0;
  let next = 63;
  for (const [rounds, mash] of [
    [5, true],
    [6, true],
    [5, false],
  ] as const) {
    for (let round = 0; round < rounds; round++) {
      for (let i = 3; i >= 0; i--) {
        const turned = (word(i) >> (ROTATIONS[i] ?? 0)) | (word(i) << (16 - (ROTATIONS[i] ?? 0)));
        const mixed = (word(i + 3) & word(i + 2)) + (~word(i + 3) & word(i + 1));
        words[i] = turned - (keys[next--] ?? 0) - mixed;
      }
    }
    for (let i = 3; mash && i >= 0; i--) {
      words[i] = word(i) - (keys[word(i + 3) & 63] ?? 0);
    }
  }
  return words;
}

const ROTATIONS: readonly number[] = [1, 2, 3, 5];

/** RFC 2268 §2: a permutation of the octets, made of the digits of pi. */
function pi(octet: number): number {
  return Number.parseInt(PI_TABLE.slice(2 * (octet & 0xff), 2 * (octet & 0xff) + 2), 16);
}

const PI_TABLE =
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
  '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
  '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
  '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
  '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
  'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
  '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
  '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad';
