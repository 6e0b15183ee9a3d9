import { err, ok, type Result } from '../x509/index.ts';
import { handshakeTypes } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import { type Failure, misbehaved } from './failure.ts';
import {
  type CertificateMessage,
  type CompressedCertificate,
  certificate,
  HANDSHAKE_HEADER_LENGTH,
  type HandshakeMessage,
  parsed,
  unknownMessage,
} from './messages.ts';
import { encode } from './wire/codec.ts';

// Certificate compression (RFC 8879), at a client and at a server alike. How bytes are compressed is the caller's to bring.

/**
 * A way to compress certificates. Its functions are called while a message is handled, and must never throw: what comes
 * from the peer may be anything. A recorded connection replays if they give equal bytes for equal bytes. One of the two
 * may be left out: this side then only sends, or only accepts.
 */
export interface CertificateCompression {
  /** CertificateCompressionAlgorithm: out of `certificateCompressionCodes`, or a number that both sides know. */
  readonly algorithm: number;
  /**
   * Compresses the body of a Certificate message, or answers undefined when it cannot. Called each time that certificates
   * are shown, mostly the same ones: it may remember what came of them.
   */
  readonly compress?: ((message: Uint8Array) => Uint8Array | undefined) | undefined;
  /**
   * The inverse. `length`, 1 or more, is what the peer says will come of it, and no more than `limits.certificateMessage`.
   * It answers undefined for bytes that do not decompress, and for those of which more than `length` would come, without
   * making much more than that: a few bytes can stand for gigabytes. What is not `length` long is refused.
   */
  readonly decompress?: ((compressed: Uint8Array, length: number) => Uint8Array | undefined) | undefined;
}

/** What the peer says that it can decompress. */
export interface CompressionWishes {
  /** CertificateCompressionAlgorithms (RFC 8879 §3) in the peer's order, known here or not. Empty when it does not say. */
  readonly certificateCompressionAlgorithms: readonly number[];
}

/** What this side says that it can decompress. */
export function decompressible({ certificateCompression }: ClientConfig | ServerConfig): readonly number[] {
  return certificateCompression.flatMap(({ algorithm, decompress }) =>
    decompress === undefined ? [] : [algorithm],
  );
}

/**
 * The message that shows certificates: compressed where the peer takes something that this side can make, of which the
 * first in this side's order, and where there is something to be gained: a raw key or an empty list mostly grows.
 */
export function compressedOrPlain(
  { certificateCompression }: ClientConfig | ServerConfig,
  { certificateCompressionAlgorithms: accepted }: CompressionWishes,
  body: CertificateMessage,
): HandshakeMessage {
  const plain: HandshakeMessage = { kind: 'certificate', body };
  const chosen = certificateCompression.find(
    ({ algorithm, compress }) => compress !== undefined && accepted.includes(algorithm),
  );
  if (chosen === undefined) return plain;
  const uncompressed = encode(certificate, body);
  const compressed = chosen.compress?.(uncompressed);
  if (compressed === undefined || compressed.length === 0 || compressed.length >= uncompressed.length) {
    return plain;
  }
  return {
    kind: 'compressedCertificate',
    body: {
      algorithm: chosen.algorithm,
      uncompressedLength: uncompressed.length,
      compressedCertificateMessage: compressed,
    },
  };
}

/**
 * The Certificate in a CompressedCertificate (RFC 8879 §4). It is under the same limit as one that is not compressed, and
 * that before anything is decompressed (§5).
 */
export function decompressed(
  { certificateCompression, limits }: ClientConfig | ServerConfig,
  { algorithm, uncompressedLength: length, compressedCertificateMessage }: CompressedCertificate,
): Result<CertificateMessage, Failure> {
  const offered = certificateCompression.filter(({ decompress }) => decompress !== undefined);
  if (offered.length === 0) return err(unknownMessage(handshakeTypes.compressedCertificate));
  const decompress = offered.find((offer) => offer.algorithm === algorithm)?.decompress;
  if (decompress === undefined) {
    return err(misbehaved('unoffered-certificate-compression', `${algorithm} in CompressedCertificate`));
  }
  if (HANDSHAKE_HEADER_LENGTH + length > limits.certificateMessage) {
    return err(misbehaved('message-too-long', `a Certificate of ${length} bytes, compressed`));
  }
  const expanded = length === 0 ? undefined : decompress(compressedCertificateMessage, length);
  if (expanded?.length !== length) {
    const found = expanded?.length ?? 'nothing usable';
    return err(misbehaved('bad-compressed-certificate', `not ${length} bytes but ${found} came of it`));
  }
  // A copy: the message is kept, and whose the memory is that it came in is not known.
  const message = parsed('certificate', certificate, new Uint8Array(expanded));
  return message.ok ? ok(message.value.body) : message;
}
