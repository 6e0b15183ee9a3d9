import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Flow } from '../../src/flow/flow.ts';
import { memoryPair } from '../../src/flow/memory.ts';

const runs = Number(process.env['FC_RUNS'] ?? 50);

describe('a pair in memory', () => {
  it('gives the reader what the writer wrote, in order, however it is split', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 64 }),
        async (writes, chunkSize) => {
          const [a, b] = memoryPair({ chunkSize });
          const reading = readAll(b);
          for (const bytes of writes) await a.write(bytes);
          await a.closeWrite();
          assert.deepEqual(await reading, Buffer.concat(writes));
        },
      ),
      { numRuns: runs },
    );
  });

  it('splits what is written into chunks of at most the chunk size', async () => {
    const [a, b] = memoryPair({ chunkSize: 2 });
    await a.write(Uint8Array.of(1, 2, 3));
    assert.deepEqual(await b.read(), Uint8Array.of(1, 2));
    assert.deepEqual(await b.read(), Uint8Array.of(3));
  });

  it('leaves the bytes to the writer once the write is over', async () => {
    const [a, b] = memoryPair();
    const bytes = Uint8Array.of(1, 2, 3);
    await a.write(bytes);
    bytes.fill(9);
    assert.deepEqual(await b.read(), Uint8Array.of(1, 2, 3));
  });

  it('makes a writer wait while more than its capacity is unread', async () => {
    const [a, b] = memoryPair({ capacity: 4 });
    let written = false;
    const writing = a.write(new Uint8Array(5)).then(() => {
      written = true;
    });
    await settled();
    assert.equal(written, false);
    await b.read();
    await writing;
  });

  it('ends each direction by itself', async () => {
    const [a, b] = memoryPair();
    await a.closeWrite();
    await a.closeWrite();
    assert.equal(await b.read(), undefined);
    assert.equal(await b.read(), undefined);
    await b.write(Uint8Array.of(7));
    assert.deepEqual(await a.read(), Uint8Array.of(7));
    await assert.rejects(a.write(Uint8Array.of(1)), TypeError);
  });

  it('refuses a second read while one is outstanding', async () => {
    const [a, b] = memoryPair();
    const first = b.read();
    await assert.rejects(b.read(), TypeError);
    await a.write(Uint8Array.of(1));
    assert.deepEqual(await first, Uint8Array.of(1));
  });

  it('tells both sides of an abort, after what was on its way', async () => {
    const [a, b] = memoryPair();
    await a.write(Uint8Array.of(1));
    const reading = a.read();
    await a.close();
    await a.close();
    await assert.rejects(reading, { code: 'ERR_FLOW_CLOSED' });
    await assert.rejects(a.write(Uint8Array.of(1)), { code: 'ERR_FLOW_CLOSED' });
    assert.deepEqual(await b.read(), Uint8Array.of(1));
    await assert.rejects(b.read(), { code: 'ERR_FLOW_PEER_CLOSED' });
    await assert.rejects(b.write(Uint8Array.of(1)), { code: 'ERR_FLOW_PEER_CLOSED' });
  });

  it('wakes a waiting writer when the reader is gone', async () => {
    const [a, b] = memoryPair({ capacity: 0 });
    const writing = a.write(Uint8Array.of(1));
    await b.close();
    await assert.rejects(writing, { code: 'ERR_FLOW_PEER_CLOSED' });
  });

  it('keeps an orderly end when the writer closes after it', async () => {
    const [a, b] = memoryPair();
    await a.write(Uint8Array.of(1));
    await a.closeWrite();
    await a.close();
    assert.deepEqual(await readAll(b), Buffer.of(1));
  });
});

async function readAll(flow: Flow): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const bytes = await flow.read();
    if (bytes === undefined) return Buffer.concat(chunks);
    chunks.push(bytes);
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
