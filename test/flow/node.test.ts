import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import type { Flow } from '../../src/flow/flow.ts';
import { memoryPair } from '../../src/flow/memory.ts';
import { connectFlow, duplexFromFlow, flowFromDuplex, flowFromSocket } from '../../src/flow/node/index.ts';
import { socketPair } from './sockets.ts';

describe('a flow from a socket', () => {
  it('carries bytes both ways and ends each direction by itself', async (t) => {
    const [near, far] = await socketPair(t);
    const a = flowFromSocket(near);
    const b = flowFromSocket(far);
    await a.write(Buffer.from('there'));
    await a.closeWrite();
    await a.closeWrite();
    assert.equal(await readText(b), 'there');
    assert.equal(await b.read(), undefined);
    await b.write(Buffer.from('back'));
    await b.closeWrite();
    assert.equal(await readText(a), 'back');
    await assert.rejects(a.write(Buffer.from('more')), TypeError);
  });

  it('makes the writer wait until the peer reads', async (t) => {
    const [near, far] = await socketPair(t);
    const a = flowFromSocket(near);
    const size = 32 * 1024 * 1024;
    let written = false;
    const writing = a.write(new Uint8Array(size)).then(() => {
      written = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(written, false);
    const b = flowFromSocket(far);
    for (let read = 0; read < size; ) read += (await b.read())?.length ?? size;
    await writing;
  });

  it('rejects reading when the peer resets, after what came before', async (t) => {
    const [near, far] = await socketPair(t);
    const a = flowFromSocket(near);
    far.write('last words');
    await once(near, 'readable');
    far.resetAndDestroy();
    await once(near, 'error');
    assert.equal(Buffer.from((await a.read()) ?? []).toString(), 'last words');
    await assert.rejects(a.read(), { code: 'ECONNRESET' });
    await assert.rejects(a.write(Uint8Array.of(1)), { code: 'ECONNRESET' });
  });

  it('closes at once, rejects what is outstanding, and leaves no listener but the one for late errors', async (t) => {
    const [near, far] = await socketPair(t);
    const before = near.eventNames();
    const a = flowFromSocket(near);
    const reading = a.read();
    // More than the kernel takes: the write is still going on.
    const writing = a.write(new Uint8Array(32 * 1024 * 1024));
    await Promise.all([
      assert.rejects(reading, { code: 'ERR_FLOW_CLOSED' }),
      assert.rejects(writing),
      a.close(),
      a.close(),
    ]);
    await assert.rejects(a.read(), { code: 'ERR_FLOW_CLOSED' });
    assert.equal(near.destroyed, true);
    assert.deepEqual(
      near.eventNames().filter((name) => !before.includes(name)),
      ['error'],
    );
    far.destroy();
  });

  it('is at its end, or failed, from the start over a stream that already is', async () => {
    const destroyed = new PassThrough();
    destroyed.destroy();
    await once(destroyed, 'close');
    const flow = flowFromDuplex(destroyed);
    await assert.rejects(flow.read(), /closed before its end/);
    await assert.rejects(flow.write(Uint8Array.of(1)), /closed before its end/);
    await flow.close();

    const ended = new PassThrough({ autoDestroy: false });
    ended.resume().end();
    await once(ended, 'end');
    assert.equal(await flowFromDuplex(ended).read(), undefined);
  });

  it('refuses a stream of strings and overlapping reads', async () => {
    const stream = new PassThrough();
    stream.setEncoding('utf8');
    const flow = flowFromDuplex(stream);
    const first = flow.read();
    await assert.rejects(flow.read(), TypeError);
    stream.write('text');
    await assert.rejects(first, /encoding/);
    await flow.close();
  });

  it('does not hang on a stream that forgets its callbacks when it is destroyed', async () => {
    const silent = new Duplex({ read() {}, write() {} });
    const flow = flowFromDuplex(silent);
    const writing = flow.write(Uint8Array.of(1));
    const writingMore = flow.write(Uint8Array.of(2));
    await Promise.all([assert.rejects(writing), assert.rejects(writingMore), flow.close()]);
  });
});

describe('a flow with a connection of its own', () => {
  it('carries bytes both ways and ends each direction by itself', async (t) => {
    const [a, far] = await connected(t);
    const b = flowFromSocket(far);
    await a.write(Buffer.from('there'));
    await a.closeWrite();
    assert.equal(await readText(b), 'there');
    assert.equal(await b.read(), undefined);
    await b.write(Buffer.from('back'));
    await b.closeWrite();
    assert.equal(await readText(a), 'back');
    assert.equal(await a.read(), undefined);
  });

  it('reads all of it, however small its buffer, and leaves the bytes alone until the next read', async (t) => {
    const [flow, far] = await connected(t, { readBuffer: 7 });
    const sent = Buffer.from('bytes that do not fit into so small a buffer');
    far.end(sent);
    const all: number[] = [];
    for (let bytes = await flow.read(); bytes !== undefined; bytes = await flow.read()) {
      assert.ok(bytes.length <= 7);
      // What comes meanwhile must not land here.
      await new Promise((resolve) => setTimeout(resolve, 2));
      all.push(...bytes);
    }
    assert.deepEqual(Buffer.from(all), sent);
  });

  it('makes the peer wait until it is read', async (t) => {
    const [flow, far] = await connected(t);
    const size = 32 * 1024 * 1024;
    let written = false;
    far.write(new Uint8Array(size), () => {
      written = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(written, false);
    for (let read = 0; read < size; ) read += (await flow.read())?.length ?? size;
  });

  it('rejects what is outstanding when it is closed, and reading when the peer resets', async (t) => {
    const [closing] = await connected(t);
    const reading = closing.read();
    await Promise.all([assert.rejects(reading, { code: 'ERR_FLOW_CLOSED' }), closing.close()]);
    const [flow, far] = await connected(t);
    far.resetAndDestroy();
    await assert.rejects(flow.read(), { code: 'ECONNRESET' });
  });

  it('says at the first read and at the first write what went wrong with connecting', async (t) => {
    const [flow, far] = await connected(t);
    const port = far.localPort ?? 0;
    await flow.close();
    // Nobody listens there any more.
    const refused = connectFlow({ host: '127.0.0.1', port });
    await Promise.all([
      assert.rejects(refused.read(), { code: 'ECONNREFUSED' }),
      assert.rejects(refused.write(Uint8Array.of(1)), { code: 'ECONNREFUSED' }),
    ]);
    await refused.close();
  });

  async function connected(
    t: TestContext,
    options: { readonly readBuffer?: number } = {},
  ): Promise<readonly [Flow, Socket]> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const flow = connectFlow({ host: '127.0.0.1', port, ...options });
    const [far]: Socket[] = await once(server, 'connection');
    assert.ok(far);
    far.on('error', () => {});
    server.close();
    t.after(async () => {
      far.destroy();
      await flow.close();
    });
    return [flow, far];
  }
});

describe('a stream from a flow', () => {
  it('carries bytes both ways and ends when both directions have', async () => {
    const [a, b] = memoryPair({ chunkSize: 3 });
    const near = duplexFromFlow(a);
    const far = duplexFromFlow(b);
    near.end('there');
    assert.equal(await text(far), 'there');
    far.end('back');
    assert.equal(await text(near), 'back');
    await Promise.all([closed(near), closed(far)]);
  });

  it('emits what the flow rejects with as its error', async () => {
    const [a, b] = memoryPair();
    const near = duplexFromFlow(a);
    near.resume();
    await b.close();
    const [error] = await once(near, 'error');
    assert.equal(error.code, 'ERR_FLOW_PEER_CLOSED');
  });

  it('closes the flow when it is destroyed, and keeps quiet', async () => {
    const [a, b] = memoryPair();
    const near = duplexFromFlow(a);
    near.resume();
    near.destroy();
    await closed(near);
    await assert.rejects(b.read(), { code: 'ERR_FLOW_PEER_CLOSED' });
  });

  it('keeps bytes that the flow overwrites at the next read', async () => {
    const memory = new Uint8Array(1);
    let count = 0;
    const reusing: Flow = {
      read: async () => (++count > 3 ? undefined : memory.fill(0x60 + count)),
      write: async () => {},
      closeWrite: async () => {},
      close: async () => {},
    };
    const stream = duplexFromFlow(reusing);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(await text(stream), 'abc');
  });

  it('turned back into a flow is the same flow', async () => {
    const [a, b] = memoryPair();
    const again = flowFromDuplex(duplexFromFlow(a));
    await again.write(Buffer.from('there'));
    await again.closeWrite();
    assert.equal(await readText(b), 'there');
    await b.write(Buffer.from('back'));
    await b.closeWrite();
    assert.equal(await readText(again), 'back');
    await again.close();
  });

  it('serves as the connection of an HTTP server and of an HTTP request', async () => {
    const [a, b] = memoryPair({ chunkSize: 7 });
    const server = createHttpServer((incoming, response) => response.end(`hello from ${incoming.url}`));
    server.emit('connection', duplexFromFlow(b));
    const asking = request({ path: '/here', createConnection: () => duplexFromFlow(a) }).end();
    const [response] = await once(asking, 'response');
    assert.equal(await text(response), 'hello from /here');
  });
});

async function readText(flow: Flow): Promise<string> {
  let result = '';
  for (;;) {
    const bytes = await flow.read();
    if (bytes === undefined) return result;
    result += Buffer.from(bytes).toString();
  }
}

/** Reads to the end. An async iterator would destroy the stream there. */
async function text(stream: Readable): Promise<string> {
  let result = '';
  stream.on('data', (chunk) => {
    result += chunk.toString();
  });
  await once(stream, 'end');
  return result;
}

async function closed(stream: Duplex): Promise<void> {
  if (!stream.closed) await once(stream, 'close');
}
