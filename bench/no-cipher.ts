import type { Aead, CryptoProvider } from '../nocrypto/index.ts';

/**
 * `crypto` with AEADs that encrypt nothing: they copy, and leave the tag at zero. What a record then costs is the
 * engine. Never for anything but a benchmark.
 */
export function withoutCiphers(crypto: CryptoProvider): CryptoProvider {
  return {
    ...crypto,
    aeads: {
      ...crypto.aeads,
      'aes-128-gcm': withoutCipher(crypto.aeads['aes-128-gcm']),
      'aes-256-gcm': withoutCipher(crypto.aeads['aes-256-gcm']),
      'chacha20-poly1305': withoutCipher(crypto.aeads['chacha20-poly1305']),
    },
  };
}

function withoutCipher(aead: Aead): Aead {
  return {
    ...aead,
    prepare: () => ({
      seal: (_nonce, _additionalData, plaintext, out, outOffset) => out.set(plaintext, outOffset),
      open: (_nonce, _additionalData, ciphertext, out, outOffset) => {
        out.set(ciphertext.subarray(0, ciphertext.length - aead.tagLength), outOffset);
        return true;
      },
    }),
  };
}
