import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { requireLength } from './bytes.ts';
import { aesCcm } from './ccm.ts';
import { aesGcm } from './gcm.ts';
import type { Aead, AeadKey, AeadName } from './provider.ts';

const NONCE_LENGTH = 12;

/**
 * AES-GCM (NIST SP 800-38D), AES-CCM (SP 800-38C) and ChaCha20-Poly1305 (RFC 8439).
 *
 * None of them is constant time in JavaScript: AES with its look-up tables least of all, and it is the slowest. Prefer
 * ChaCha20-Poly1305 with this provider.
 */
export const aeads: Readonly<Record<AeadName, Aead>> = {
  'aes-128-gcm': aead('aes-128-gcm', aesGcm),
  'aes-256-gcm': aead('aes-256-gcm', aesGcm),
  'aes-128-ccm': aead('aes-128-ccm', (key) => aesCcm(key, 16)),
  'aes-128-ccm-8': aead('aes-128-ccm-8', (key) => aesCcm(key, 8)),
  'aes-256-ccm': aead('aes-256-ccm', (key) => aesCcm(key, 16)),
  'aes-256-ccm-8': aead('aes-256-ccm-8', (key) => aesCcm(key, 8)),
  'chacha20-poly1305': aead('chacha20-poly1305', chaCha20Poly1305),
};

/**
 * An AEAD whose callers are held to the lengths of the contract, from one that checks nothing. `prepare` gets a copy of
 * the key.
 */
export function aead(name: AeadName, prepare: (key: Uint8Array) => AeadKey): Aead {
  const keyLength = name.startsWith('aes-128') ? 16 : 32;
  const tagLength = name.endsWith('-ccm-8') ? 8 : 16;
  return {
    name,
    keyLength,
    nonceLength: NONCE_LENGTH,
    tagLength,
    prepare: (callersKey) => {
      requireLength(`a key of ${name}`, callersKey, keyLength);
      const key = prepare(callersKey.slice());
      return {
        seal: (nonce, additionalData, plaintext, out, outOffset) => {
          requireLength('a nonce', nonce, NONCE_LENGTH);
          requireRoom(out, outOffset, plaintext.length + tagLength);
          key.seal(nonce, additionalData, plaintext, out, outOffset);
        },
        open: (nonce, additionalData, ciphertext, out, outOffset) => {
          requireLength('a nonce', nonce, NONCE_LENGTH);
          const length = ciphertext.length - tagLength;
          if (length < 0) return false;
          requireRoom(out, outOffset, length);
          return key.open(nonce, additionalData, ciphertext, out, outOffset);
        },
      };
    },
  };
}

function chaCha20Poly1305(key: Uint8Array): AeadKey {
  return {
    seal: (nonce, additionalData, plaintext, out, outOffset) => {
      const sealed = out.subarray(outOffset, outOffset + plaintext.length + 16);
      if (sealed.byteOffset % 4 === 0) {
        chacha20poly1305(key, nonce, additionalData).encrypt(plaintext, sealed);
        return;
      }
      // noble goes by words where it can and by bytes elsewhere, a fifth slower, and what stands behind the five bytes of
      // a record's header is not aligned.
      const aligned = new Uint8Array(sealed.length);
      aligned.set(plaintext);
      chacha20poly1305(key, nonce, additionalData).encrypt(aligned.subarray(0, plaintext.length), aligned);
      out.set(aligned, outOffset);
    },
    open: (nonce, additionalData, ciphertext, out, outOffset) => {
      const opened = out.subarray(outOffset, outOffset + ciphertext.length - 16);
      try {
        // The lengths are right, so the only error left to noble is a wrong tag. It computes the tag over the
        // ciphertext before it touches the output; a test holds it to that.
        chacha20poly1305(key, nonce, additionalData).decrypt(ciphertext, opened);
        return true;
      } catch {
        return false;
      }
    },
  };
}

function requireRoom(out: Uint8Array, offset: number, length: number): void {
  if (!Number.isInteger(offset) || offset < 0 || out.length - offset < length) {
    throw new RangeError(`${length} bytes do not fit into ${out.length} from offset ${offset}`);
  }
}
