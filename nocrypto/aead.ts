import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { requireLength } from './bytes.ts';
import type { Aead, AeadName } from './provider.ts';

const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;

/**
 * AES-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), each with a 12-byte nonce and a 16-byte tag.
 *
 * Neither cipher is constant time in JavaScript: AES with its look-up tables least of all, and it is the slower
 * of the two. Prefer ChaCha20-Poly1305 with this provider.
 */
export const aeads: Readonly<Record<AeadName, Aead>> = {
  'aes-128-gcm': aead('aes-128-gcm', 16, aesGcm),
  'aes-256-gcm': aead('aes-256-gcm', 32, aesGcm),
  'chacha20-poly1305': aead('chacha20-poly1305', 32, chaCha20Poly1305),
};

/** One message under one key and nonce. `out` has the very length of the result; `open` throws on a wrong tag. */
type Cipher = (
  key: Uint8Array,
  nonce: Uint8Array,
  additionalData: Uint8Array,
) => {
  readonly seal: (plaintext: Uint8Array, out: Uint8Array) => void;
  readonly open: (ciphertext: Uint8Array, out: Uint8Array) => void;
};

function aesGcm(...parameters: Parameters<Cipher>): ReturnType<Cipher> {
  const cipher = gcm(...parameters);
  // noble's GCM takes no buffer for its result, hence the copy.
  return {
    seal: (plaintext, out) => out.set(cipher.encrypt(plaintext)),
    open: (ciphertext, out) => out.set(cipher.decrypt(ciphertext)),
  };
}

function chaCha20Poly1305(...parameters: Parameters<Cipher>): ReturnType<Cipher> {
  const cipher = chacha20poly1305(...parameters);
  return {
    seal: (plaintext, out) => {
      cipher.encrypt(plaintext, out);
    },
    // noble computes the tag over the ciphertext before it touches the output; a test holds it to that.
    open: (ciphertext, out) => {
      cipher.decrypt(ciphertext, out);
    },
  };
}

function aead(name: AeadName, keyLength: number, cipher: Cipher): Aead {
  return {
    name,
    keyLength,
    nonceLength: NONCE_LENGTH,
    tagLength: TAG_LENGTH,
    prepare: (callersKey) => {
      requireLength(`an ${name} key`, callersKey, keyLength);
      const key = callersKey.slice();
      return {
        seal: (nonce, additionalData, plaintext, out, outOffset) => {
          requireLength('a nonce', nonce, NONCE_LENGTH);
          const sealed = range(out, outOffset, plaintext.length + TAG_LENGTH);
          cipher(key, nonce, additionalData).seal(plaintext, sealed);
        },
        open: (nonce, additionalData, ciphertext, out, outOffset) => {
          requireLength('a nonce', nonce, NONCE_LENGTH);
          if (ciphertext.length < TAG_LENGTH) return false;
          const opened = range(out, outOffset, ciphertext.length - TAG_LENGTH);
          try {
            // The lengths are right, so the only error left to noble is a wrong tag.
            cipher(key, nonce, additionalData).open(ciphertext, opened);
            return true;
          } catch {
            return false;
          }
        },
      };
    },
  };
}

function range(out: Uint8Array, offset: number, length: number): Uint8Array {
  if (!Number.isInteger(offset) || offset < 0 || out.length - offset < length) {
    throw new RangeError(`${length} bytes do not fit into ${out.length} from offset ${offset}`);
  }
  return out.subarray(offset, offset + length);
}
