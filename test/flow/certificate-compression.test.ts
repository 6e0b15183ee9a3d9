import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { nodeCertificateCompression } from '../../src/flow/node/index.ts';
import { certificateCompressionCodes } from '../../src/index.ts';
import {
  bytes,
  concatAll,
  find,
  handshake,
  makeClientConfig,
  makeServerConfig,
  runs,
} from '../src/support.ts';

const codes = certificateCompressionCodes;
const algorithms = nodeCertificateCompression();
/** Node has it from 22.15 on. */
const hasZstd = 'zstdCompressSync' in zlib;

test('there are Brotli, Zstandard where Node has it, and zlib, in this order', () => {
  const wanted = [codes.brotli, ...(hasZstd ? [codes.zstd] : []), codes.zlib];
  assert.deepEqual(
    algorithms.map(({ algorithm }) => algorithm),
    wanted,
  );
});

test('what they compress, others decompress, and the other way round', () => {
  const message = bytes(5000);
  const by = (code: number) =>
    algorithms.find(({ algorithm }) => algorithm === code) ?? assert.fail('not there');
  const brotli = by(codes.brotli).compress?.(message);
  const deflated = by(codes.zlib).compress?.(message);
  assert.ok(brotli !== undefined && deflated !== undefined);
  assert.ok(zlib.brotliDecompressSync(brotli).equals(message));
  // With the header of RFC 1950, which `inflate` insists on.
  assert.ok(zlib.inflateSync(deflated).equals(message));
  assert.deepEqual(plain(by(codes.brotli).decompress?.(zlib.brotliCompressSync(message), 5000)), message);
  assert.deepEqual(
    plain(by(codes.zlib).decompress?.(zlib.deflateSync(message, { level: 1 }), 5000)),
    message,
  );
});

for (const [name, code] of Object.entries(codes)) {
  const skip = code === codes.zstd && !hasZstd ? 'this Node has no Zstandard' : false;
  describe(name, { skip }, () => {
    const chosen = algorithms.find(({ algorithm }) => algorithm === code);
    const compress = (message: Uint8Array) => chosen?.compress?.(message) ?? assert.fail('not compressed');
    const decompress = (compressed: Uint8Array, length: number) =>
      plain(chosen?.decompress?.(compressed, length));

    it('gives back what was compressed, whatever it is', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (message) => {
          assert.deepEqual(decompress(compress(message), message.length), message);
        }),
        { numRuns: runs(50) },
      );
    });

    it('makes nothing of more than was announced: not of one byte, and not of 32 MiB', () => {
      const message = bytes(3000);
      assert.equal(decompress(compress(message), 2999), undefined);
      const bomb = compress(new Uint8Array(2 ** 25));
      assert.ok(bomb.length < 2 ** 16);
      const before = process.memoryUsage().arrayBuffers;
      assert.equal(decompress(bomb, 100 * 1024), undefined);
      assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 22);
    });

    it('gives less than was announced for what it is', () => {
      assert.equal(decompress(compress(bytes(3000)), 3001)?.length, 3000);
    });

    it('makes nothing of bytes cut short, with others behind them, or of none', () => {
      const compressed = compress(bytes(3000));
      assert.equal(decompress(compressed.subarray(0, -1), 3000), undefined);
      assert.equal(decompress(concatAll([compressed, Uint8Array.of(0)]), 3000), undefined);
      assert.equal(decompress(concatAll([compressed, compressed]), 6000), undefined);
      assert.equal(decompress(new Uint8Array(0), 3000), undefined);
      assert.equal(decompress(compressed, 0), undefined);
    });

    it('never throws, and never gives more than was announced', () => {
      const compressed = compress(concatAll([bytes(40), bytes(40), bytes(40, 2), bytes(40)]));
      const changed = fc
        .tuple(fc.nat(compressed.length - 1), fc.integer({ min: 1, max: 255 }))
        .map(([at, mask]) => compressed.map((byte, index) => (index === at ? byte ^ mask : byte)));
      const input = fc.oneof(changed, fc.uint8Array({ maxLength: 200 }));
      fc.assert(
        fc.property(input, fc.integer({ min: 1, max: 400 }), (bytes, length) => {
          assert.ok((decompress(bytes, length)?.length ?? 0) <= length);
        }),
        { numRuns: runs(300) },
      );
    });

    it('remembers what it has compressed last, and forgets the rest', () => {
      const first = compress(bytes(100, 1));
      assert.equal(compress(bytes(100, 1)), first);
      for (let i = 2; i <= 64; i++) compress(bytes(100, i));
      assert.equal(compress(bytes(100, 1)), first);
      for (let i = 65; i <= 127; i++) compress(bytes(100, i));
      assert.equal(compress(bytes(100, 1)), first, 'it was asked for 63 others ago');
      for (let i = 128; i <= 191; i++) compress(bytes(100, i));
      assert.notEqual(compress(bytes(100, 1)), first);
    });

    it('compresses the certificate of a handshake', () => {
      const certificateCompression = algorithms.filter(({ algorithm }) => algorithm === code);
      const run = handshake(
        makeClientConfig({ certificateCompression, trace: 'messages' }),
        makeServerConfig({ certificateCompression }),
      );
      assert.ok(find(run.clientEffects, 'established') !== undefined);
      assert.ok(find(run.serverEffects, 'established') !== undefined);
      const shown = run.clientEffects.flatMap((effect) =>
        effect.kind === 'trace' &&
        effect.event.kind === 'message' &&
        effect.event.message === 'compressedCertificate'
          ? [effect.event.details['algorithm']]
          : [],
      );
      assert.deepEqual(shown, [name]);
    });
  });
}

/** What Node gives is a Buffer, which is not deepEqual to other arrays. */
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes && Uint8Array.from(bytes);
}
