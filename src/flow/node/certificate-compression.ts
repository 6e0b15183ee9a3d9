/** Node's zlib at the flow boundary: what compresses certificates (RFC 8879). */
import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import { type CertificateCompression, certificateCompressionCodes } from '../../index.ts';

/**
 * Brotli, which knows words that stand in certificates, Zstandard where this Node has it (22.15 and later) and zlib, for the
 * option `certificateCompression`. Each remembers what it has compressed last: give the same values to all
 * configurations of a program.
 */
export function nodeCertificateCompression(): readonly CertificateCompression[] {
  const { brotli, zstd, zlib: deflate } = certificateCompressionCodes;
  return [
    {
      algorithm: brotli,
      compress: remembering((message) => zlib.brotliCompressSync(message)),
      decompress: bounded((bytes, bounds) => zlib.brotliDecompressSync(bytes, bounds)),
    },
    ...zstandard(zstd),
    {
      algorithm: deflate,
      compress: remembering((message) => zlib.deflateSync(message, { level: 9 })),
      decompress: bounded((bytes, bounds) => zlib.inflateSync(bytes, bounds)),
    },
  ];
}

interface Bounds {
  /** More bytes than these are an error. */
  readonly maxOutputLength: number;
  /** Beside the result comes the engine, which has counted what it read. */
  readonly info: true;
}

/** Zstandard is in no type of the oldest Node that is supported. */
function zstandard(algorithm: number): readonly CertificateCompression[] {
  const compress: unknown = 'zstdCompressSync' in zlib ? zlib.zstdCompressSync : undefined;
  const decompress: unknown = 'zstdDecompressSync' in zlib ? zlib.zstdDecompressSync : undefined;
  if (typeof compress !== 'function' || typeof decompress !== 'function') return [];
  const params = { [ZSTD_D_WINDOW_LOG_MAX]: ZSTD_WINDOW_LOG };
  return [
    {
      algorithm,
      compress: remembering((message) => {
        const compressed: unknown = compress(message);
        return compressed instanceof Uint8Array ? compressed : undefined;
      }),
      decompress: bounded((bytes, bounds) => decompress(bytes, { ...bounds, params })),
    },
  ];
}

/** The parameter's number in zstd.h. */
const ZSTD_D_WINDOW_LOG_MAX = 100;

/** RFC 8878 §3.1.1.1.2: 8 MiB is what every decoder should have, and more than any certificate needs. */
const ZSTD_WINDOW_LOG = 23;

/** Nothing but the whole of the input, in its format and no longer than announced, decompresses. */
function bounded(decompress: (bytes: Uint8Array, bounds: Bounds) => unknown) {
  return (compressed: Uint8Array, length: number): Uint8Array | undefined => {
    try {
      const result = decompress(compressed, { maxOutputLength: length, info: true });
      return bytesRead(result) === compressed.length ? bufferOf(result) : undefined;
    } catch {
      // Cut short, not in the format, or too long: Node throws for each.
      return undefined;
    }
  };
}

function bufferOf(result: unknown): Uint8Array | undefined {
  const buffer = property(result, 'buffer');
  return buffer instanceof Uint8Array ? buffer : undefined;
}

/** What stands behind the end of the compressed bytes is not read, and nobody knows what it is for. */
function bytesRead(result: unknown): unknown {
  return property(property(result, 'engine'), 'bytesWritten');
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** For each algorithm: a server shows few certificates, and what is forgotten is made again. */
const REMEMBERED = 64;

/** The best that an algorithm can do takes milliseconds, and a server shows the same certificates again and again. */
function remembering(compress: (message: Uint8Array) => Uint8Array | undefined) {
  const remembered = new Map<string, Uint8Array | undefined>();
  return (message: Uint8Array): Uint8Array | undefined => {
    const name = createHash('sha256').update(message).digest('base64');
    const compressed = remembered.has(name) ? remembered.get(name) : compress(message);
    // Put in anew, so that the first of them is the one that has not been asked for the longest.
    remembered.delete(name);
    remembered.set(name, compressed);
    for (const [oldest] of remembered) {
      if (remembered.size <= REMEMBERED) break;
      remembered.delete(oldest);
    }
    return compressed;
  };
}
