import type { CertificateCompression } from '../../src/index.ts';
import { type CertificateMessage, type CompressedCertificate, certificate } from '../../src/messages.ts';
import { encode } from '../../src/wire/codec.ts';
import { concatAll, hex } from './support.ts';

/** A number for private use (RFC 8879 §7.3). */
export const SHRINKING = 0xff01;

/**
 * The least there is to save: the two zeros that a Certificate message begins with when it has no context and less than
 * 64 KiB. It keeps to no length.
 */
export const shrinking = {
  algorithm: SHRINKING,
  compress: (message: Uint8Array) => (message[0] === 0 && message[1] === 0 ? message.slice(2) : undefined),
  decompress: (compressed: Uint8Array) => concatAll([hex('0000'), compressed]),
} satisfies CertificateCompression;

export function shrunk(body: CertificateMessage): CompressedCertificate {
  const message = encode(certificate, body);
  return {
    algorithm: SHRINKING,
    uncompressedLength: message.length,
    compressedCertificateMessage: message.slice(2),
  };
}
