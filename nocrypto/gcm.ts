import { AES_BLOCK, aesCtr, encryptAesBlock, expandAesKey, swapBytes } from './aes.ts';
import { equal } from './constant-time.ts';
import { ghash, ghashLengths, ghashTable } from './ghash.ts';
import type { AeadKey } from './provider.ts';

/**
 * AES-GCM (NIST SP 800-38D §7) with nonces of 12 bytes and tags of 16. The key is expanded once, and so is the table
 * of its hash key (256 bytes). Lengths are the caller's to check.
 */
export function aesGcm(key: Uint8Array): AeadKey {
  const schedule = expandAesKey(key);
  const { s0, s1, s2, s3 } = encryptAesBlock(schedule, 0, 0, 0, 0);
  const table = ghashTable(swapBytes(s0), swapBytes(s1), swapBytes(s2), swapBytes(s3));

  /** GHASH of both, enciphered with the first counter block (§7.1, steps 4 to 6). */
  function tagOf(counterBlock: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const state = new Uint32Array(4);
    ghash(table, state, additionalData);
    ghash(table, state, ciphertext);
    ghashLengths(table, state, additionalData.length, ciphertext.length);
    const tag = new Uint8Array(TAG_LENGTH);
    for (let i = 0; i < TAG_LENGTH; i++) tag[i] = (state[i >> 2] ?? 0) >>> (8 * (3 - (i & 3)));
    aesCtr(schedule, counterBlock, tag, tag, 0);
    return tag;
  }

  return {
    seal: (nonce, additionalData, plaintext, out, outOffset) => {
      aesCtr(schedule, counterBlock(nonce, 2), plaintext, out, outOffset);
      const end = outOffset + plaintext.length;
      out.set(tagOf(counterBlock(nonce, 1), additionalData, out.subarray(outOffset, end)), end);
    },
    open: (nonce, additionalData, sealed, out, outOffset) => {
      const end = sealed.length - TAG_LENGTH;
      const ciphertext = sealed.subarray(0, end);
      if (!equal(tagOf(counterBlock(nonce, 1), additionalData, ciphertext), sealed.subarray(end)))
        return false;
      aesCtr(schedule, counterBlock(nonce, 2), ciphertext, out, outOffset);
      return true;
    },
  };
}

const TAG_LENGTH = 16;

/** nonce ‖ a count of 32 bits (§7.1, step 2). */
function counterBlock(nonce: Uint8Array, count: number): Uint8Array {
  const block = new Uint8Array(AES_BLOCK);
  block.set(nonce);
  block[AES_BLOCK - 1] = count;
  return block;
}
