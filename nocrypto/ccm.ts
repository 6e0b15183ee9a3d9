import { AES_BLOCK, aesCtr, encryptAesBlock, expandAesKey, word } from './aes.ts';
import { concat } from './bytes.ts';
import { equal } from './constant-time.ts';
import type { AeadKey } from './provider.ts';

/**
 * AES-CCM (NIST SP 800-38C, RFC 6655) with nonces of 12 bytes, so that three are left for the length: a plaintext of
 * 2^24 bytes or more is a RangeError. The other lengths are the caller's to check.
 */
export function aesCcm(key: Uint8Array, tagLength: number): AeadKey {
  const schedule = expandAesKey(key);

  /** CBC-MAC over the formatted input (appendix A.2), enciphered with counter block 0 (§6.1, steps 3, 4 and 8). */
  function tagOf(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const { length } = plaintext;
    const flags = (additionalData.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | LENGTH_FLAGS;
    const first = Uint8Array.of(flags, ...nonce, length >>> 16, length >>> 8, length);
    let mac = encryptAesBlock(schedule, word(first, 0), word(first, 4), word(first, 8), word(first, 12));
    for (const data of [framed(additionalData), plaintext]) {
      for (let i = 0; i < data.length; i += AES_BLOCK) {
        mac = encryptAesBlock(
          schedule,
          mac.s0 ^ word(data, i),
          mac.s1 ^ word(data, i + 4),
          mac.s2 ^ word(data, i + 8),
          mac.s3 ^ word(data, i + 12),
        );
      }
    }
    const words = [mac.s0, mac.s1, mac.s2, mac.s3];
    const tag = Uint8Array.from({ length: tagLength }, (_, i) => (words[i >> 2] ?? 0) >>> (8 * (i & 3)));
    aesCtr(schedule, counterBlock(nonce, 0), tag, tag, 0);
    return tag;
  }

  return {
    seal: (nonce, additionalData, plaintext, out, outOffset) => {
      if (plaintext.length >= CCM_LIMIT) {
        throw new RangeError(`CCM with these nonces seals less than ${CCM_LIMIT} bytes`);
      }
      const tag = tagOf(nonce, additionalData, plaintext);
      aesCtr(schedule, counterBlock(nonce, 1), plaintext, out, outOffset);
      out.set(tag, outOffset + plaintext.length);
    },
    open: (nonce, additionalData, sealed, out, outOffset) => {
      const end = sealed.length - tagLength;
      if (end >= CCM_LIMIT) return false;
      // The tag is one of the plaintext, which therefore must exist before it may be released.
      const plaintext = new Uint8Array(end);
      aesCtr(schedule, counterBlock(nonce, 1), sealed.subarray(0, end), plaintext, 0);
      if (!equal(tagOf(nonce, additionalData, plaintext), sealed.subarray(end))) return false;
      out.set(plaintext, outOffset);
      return true;
    },
  };
}

/** What a plaintext must be shorter than, with three bytes for its length. */
export const CCM_LIMIT = 2 ** 24;

/** Appendix A's q − 1 for lengths of q = 3 bytes. */
const LENGTH_FLAGS = 2;

/** flags ‖ nonce ‖ a count of 24 bits (appendix A.3). */
function counterBlock(nonce: Uint8Array, count: number): Uint8Array {
  return Uint8Array.of(LENGTH_FLAGS, ...nonce, 0, 0, count);
}

/** Additional data behind its length, filled up to whole blocks (appendix A.2.2). */
function framed(data: Uint8Array): Uint8Array {
  const { length } = data;
  if (length === 0) return data;
  const prefix = length < 0xff00 ? [] : [0xff, 0xfe, length >>> 24, length >>> 16];
  return concat(Uint8Array.of(...prefix, length >>> 8, length), data);
}
