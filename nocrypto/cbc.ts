import { cbc } from '@noble/ciphers/aes.js';
import { requireLength } from './bytes.ts';
import type { CbcKey } from './provider.ts';

const BLOCK = 16;

/** AES-CBC (NIST SP 800-38A §6.2) without padding, as the provider's contract has it. */
export function aesCbc(callersKey: Uint8Array): CbcKey {
  requireAesKey(callersKey);
  const key = callersKey.slice();
  return cbcKey(
    (iv, plaintext) => cbc(key, iv, { disablePadding: true }).encrypt(plaintext),
    (iv, ciphertext) => cbc(key, iv, { disablePadding: true }).decrypt(ciphertext),
  );
}

/** The two directions of a CBC that checks nothing, with its callers held to whole blocks. */
export function cbcKey(encrypt: CbcKey['encrypt'], decrypt: CbcKey['decrypt']): CbcKey {
  const held =
    (transform: CbcKey['encrypt']): CbcKey['encrypt'] =>
    (iv, blocks) => {
      requireLength('an initialization vector', iv, BLOCK);
      if (blocks.length % BLOCK !== 0) throw new RangeError(`${blocks.length} bytes are not whole blocks`);
      return transform(iv, blocks);
    };
  return { encrypt: held(encrypt), decrypt: held(decrypt) };
}

/** Holds a caller to the three lengths of an AES key. */
export function requireAesKey(key: Uint8Array): void {
  if (![16, 24, 32].includes(key.length)) throw new RangeError(`an AES key cannot have ${key.length} bytes`);
}

/** Pads to whole blocks of so many bytes, by at least one byte (PKCS #7's padding: RFC 5652 §6.3). */
export function padPkcs7(bytes: Uint8Array, blockLength: number = BLOCK): Uint8Array {
  const count = blockLength - (bytes.length % blockLength);
  const padded = new Uint8Array(bytes.length + count).fill(count);
  padded.set(bytes);
  return padded;
}

/**
 * Takes {@link padPkcs7}'s padding off; `undefined` when there is no such padding. This tells whoever can change the
 * ciphertext and watch the answer what the plaintext is (Vaudenay 2002): only for what has been authenticated, or for
 * files, such as an encrypted private key, that nobody else can submit again and again.
 */
export function unpadPkcs7(padded: Uint8Array, blockLength: number = BLOCK): Uint8Array | undefined {
  const count = padded.at(-1) ?? 0;
  if (padded.length % blockLength !== 0 || count === 0 || count > blockLength) return undefined;
  const end = padded.length - count;
  return padded.subarray(end).every((byte) => byte === count) ? padded.subarray(0, end) : undefined;
}
