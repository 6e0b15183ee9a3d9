import {
  type CipherCCM,
  type CipherChaCha20Poly1305,
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type DecipherCCM,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
  type KeyObject,
} from 'node:crypto';
import { aead } from '../aead.ts';
import { cbcKey, requireAesKey } from '../cbc.ts';
import { CCM_LIMIT } from '../ccm.ts';
import type { Aead, AeadName, CryptoProvider } from '../provider.ts';
import { plain } from './bytes.ts';

export const aeads: Readonly<Record<AeadName, Aead>> = {
  'aes-128-gcm': nodeAead('aes-128-gcm', gcm('aes-128-gcm')),
  'aes-256-gcm': nodeAead('aes-256-gcm', gcm('aes-256-gcm')),
  'aes-128-ccm': nodeAead('aes-128-ccm', ccm('aes-128-ccm', 16)),
  'aes-128-ccm-8': nodeAead('aes-128-ccm-8', ccm('aes-128-ccm', 8)),
  'aes-256-ccm': nodeAead('aes-256-ccm', ccm('aes-256-ccm', 16)),
  'aes-256-ccm-8': nodeAead('aes-256-ccm-8', ccm('aes-256-ccm', 8)),
  'chacha20-poly1305': nodeAead('chacha20-poly1305', chaCha20Poly1305()),
};

export const aesCbc: CryptoProvider['aesCbc'] = (callersKey) => {
  requireAesKey(callersKey);
  const algorithm = `aes-${8 * callersKey.length}-cbc`;
  const key = createSecretKey(callersKey);
  return cbcKey(
    (iv, plaintext) => plain(createCipheriv(algorithm, key, iv).setAutoPadding(false).update(plaintext)),
    (iv, ciphertext) => plain(createDecipheriv(algorithm, key, iv).setAutoPadding(false).update(ciphertext)),
  );
};

/** A cipher for one message each. */
interface Ciphers {
  readonly cipher: (key: KeyObject, nonce: Uint8Array) => CipherGCM | CipherCCM | CipherChaCha20Poly1305;
  readonly decipher: (
    key: KeyObject,
    nonce: Uint8Array,
  ) => DecipherGCM | DecipherCCM | DecipherChaCha20Poly1305;
  readonly tagLength: number;
  /** What a plaintext must be shorter than. */
  readonly limit: number;
}

function gcm(algorithm: 'aes-128-gcm' | 'aes-256-gcm'): Ciphers {
  const options = { authTagLength: 16 };
  return {
    cipher: (key, nonce) => createCipheriv(algorithm, key, nonce, options),
    decipher: (key, nonce) => createDecipheriv(algorithm, key, nonce, options),
    tagLength: 16,
    limit: Number.POSITIVE_INFINITY,
  };
}

function ccm(algorithm: 'aes-128-ccm' | 'aes-256-ccm', tagLength: number): Ciphers {
  const options = { authTagLength: tagLength };
  return {
    cipher: (key, nonce) => createCipheriv(algorithm, key, nonce, options),
    decipher: (key, nonce) => createDecipheriv(algorithm, key, nonce, options),
    tagLength,
    limit: CCM_LIMIT,
  };
}

function chaCha20Poly1305(): Ciphers {
  const options = { authTagLength: 16 };
  return {
    cipher: (key, nonce) => createCipheriv('chacha20-poly1305', key, nonce, options),
    decipher: (key, nonce) => createDecipheriv('chacha20-poly1305', key, nonce, options),
    tagLength: 16,
    limit: Number.POSITIVE_INFINITY,
  };
}

/**
 * A key object lives as long as its direction; a cipher object serves one record, since node:crypto cannot start one
 * again. It cannot write into the caller's buffer either, hence the copies.
 */
function nodeAead(name: AeadName, { cipher, decipher, tagLength, limit }: Ciphers): Aead {
  return aead(name, (callersKey) => {
    const key = createSecretKey(callersKey);
    return {
      seal: (nonce, additionalData, plaintext, out, outOffset) => {
        const { length } = plaintext;
        if (length >= limit) throw new RangeError(`${name} with these nonces seals less than ${limit} bytes`);
        const sealing = cipher(key, nonce);
        sealing.setAAD(additionalData, { plaintextLength: length });
        const ciphertext = sealing.update(somewhere(plaintext));
        sealing.final();
        out.set(ciphertext, outOffset);
        out.set(sealing.getAuthTag(), outOffset + length);
        release(ciphertext);
      },
      open: (nonce, additionalData, sealed, out, outOffset) => {
        const length = sealed.length - tagLength;
        if (length >= limit) return false;
        const opening = decipher(key, nonce);
        opening.setAuthTag(sealed.subarray(length));
        opening.setAAD(additionalData, { plaintextLength: length });
        const plaintext = opening.update(somewhere(sealed.subarray(0, length)));
        try {
          // Only here is the tag compared. Until then the plaintext stays where nobody sees it.
          opening.final();
        } catch {
          release(plaintext);
          return false;
        }
        out.set(plaintext, outOffset);
        release(plaintext);
        return true;
      },
    };
  });
}

/** An empty array may have no address, which OpenSSL 3.0 takes for another question when it is asked to apply CCM. */
function somewhere(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? NOTHING : bytes;
}

const NOTHING: Uint8Array = Buffer.alloc(1).subarray(0, 0);

/**
 * Gives the memory of a result back at once, where the platform can (Node from 22 on): a collector that learns late of
 * 16 KiB for every record costs a fifth of the throughput. Only for a buffer that has its memory to itself.
 */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer.byteLength !== byteLength || byteLength === 0) return;
  if ('transfer' in buffer && typeof buffer.transfer === 'function') buffer.transfer(0);
}
