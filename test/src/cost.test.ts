import assert from 'node:assert/strict';
import { test } from 'node:test';
import { receive, type State, send } from '../../src/index.ts';
import { contents, emptyQueue, enqueue } from '../../src/wire/byte-queue.ts';
import { assertAt } from './expect.ts';
import { data, deliver, type Peer, plainRecord, record, updateKeys } from './peer.ts';
import { quickCredential } from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { establishedClient, establishedServer } from './stages.ts';
import { bytes, concatAll, handshake, hex, NOW } from './support.ts';

// What a peer can make us do and hold. Work is counted, not timed: every byte that a copy moves.

test('n single bytes in a queue cost n·log n copied bytes and log n chunks', () => {
  for (const n of [1, 2, 3, 1000, 65_536, 100_000]) {
    let queue = emptyQueue;
    let copied = 0;
    let chunks = 0;
    for (let i = 0; i < n; i++) {
      const before = queue.last;
      queue = enqueue(queue, Uint8Array.of(i));
      if (queue.last !== before) copied += queue.last?.bytes.length ?? 0;
    }
    for (let chunk = queue.last; chunk !== undefined; chunk = chunk.before) chunks += 1;
    const log = Math.ceil(Math.log2(n + 1));
    assert.ok(chunks <= log, `${chunks} chunks for ${n} bytes`);
    assert.ok(copied <= n * (log + 1), `${copied} bytes copied for ${n}`);
    assert.deepEqual(
      contents(queue),
      Uint8Array.from({ length: n }, (_, i) => i),
    );
  }
});

test('the earlier queue stays usable', () => {
  const one = enqueue(emptyQueue, hex('01'));
  const two = enqueue(one, hex('02'));
  const other = enqueue(one, hex('03'));
  assert.deepEqual([contents(one), contents(two), contents(other)], [hex('01'), hex('0102'), hex('0103')]);
});

/** A ClientHello of about this length, in records of `size` bytes of content. */
function longHello(length: number, size: number): Uint8Array {
  const client = meetServer();
  const padding = { name: 'unknown', type: 21, data: new Uint8Array(length - 300) } as const;
  const raw = client.compose.clientHello((hello) => ({
    ...hello,
    extensions: [...hello.extensions, padding],
  }));
  const records: Uint8Array[] = [];
  for (let from = 0; from < raw.length; from += size) {
    records.push(plainRecord(22, raw.subarray(from, from + size)));
  }
  return concatAll(records);
}

for (const [title, size, step] of [
  ['in single bytes', 2 ** 14, 1],
  ['in records of one byte', 1, 2 ** 20],
  ['in records of one byte, each in single bytes', 1, 1],
] as const) {
  test(`a ClientHello of 64 KiB ${title} costs work in proportion to its length`, () => {
    const cost = (length: number): number => {
      const wire = longHello(length, size);
      const { peer } = meetServer();
      const copied = copiedBytes(() => deliverIn(peer, wire, step));
      assertAt(peer, 'awaitClientFinished');
      return copied;
    };
    assertNearlyLinear(cost(16_000), cost(64_000));
  });
}

test('a protected message in records of one byte costs work in proportion to its length', () => {
  const cost = (length: number): number => {
    const server = meetClient({ chain: [...quickCredential.chain, bytes(length)] });
    server.play('serverHello', 'encryptedExtensions');
    const raw = server.compose.certificate();
    const records: Uint8Array[] = [];
    for (let at = 0; at < raw.length; at++) records.push(record(server.peer, 22, raw.subarray(at, at + 1)));
    const wire = concatAll(records);
    const copied = copiedBytes(() => deliverIn(server.peer, wire, wire.length));
    assertAt(server.peer, 'awaitCertificateVerify');
    return copied;
  };
  assertNearlyLinear(cost(2000), cost(8000));
});

test('data is copied once when it is sent, and not at all when it arrives in whole records', () => {
  const length = 64 * 2 ** 14;
  const { state } = establishedClient().peer;
  const content = bytes(length);
  assert.ok(copiedBytes(() => send(state, content)) < 1.01 * length);
  const server = establishedServer().peer;
  const records = Array.from({ length: 64 }, () => record(server, 23, content.subarray(0, 2 ** 14)));
  const wire = concatAll(records);
  assert.ok(copiedBytes(() => receive(server.state, wire, NOW)) < 0.01 * length);
});

test('data that arrives in small pieces is copied a bounded number of times', () => {
  const { peer } = establishedServer();
  const wire = record(peer, 23, bytes(2 ** 14));
  const copied = copiedBytes(() => deliverIn(peer, wire, 1));
  assert.ok(copied < 16 * wire.length, `${copied} bytes copied for ${wire.length}`);
});

test('an idle connection holds no buffer', () => {
  const { client, server } = handshake();
  assert.ok(heldBytes(server) < 1000, `a server holds ${heldBytes(server)} bytes`);
  // A client keeps the certificates of its peer, and the record that they came in.
  assert.ok(heldBytes(client) < 2500, `a client holds ${heldBytes(client)} bytes`);
});

test('a hello that was long leaves nothing behind', () => {
  const client = meetServer();
  const padding = { name: 'unknown', type: 21, data: new Uint8Array(16_000) } as const;
  client.say.clientHello((hello) => ({ ...hello, extensions: [...hello.extensions, padding] }));
  client.say.finished();
  assertAt(client.peer, 'established');
  assert.ok(heldBytes(client.peer.state) < 1000, `${heldBytes(client.peer.state)} bytes`);
});

test('neither data nor KeyUpdates make a connection hold more', () => {
  for (const { peer } of [establishedClient(), establishedServer()]) {
    const before = heldBytes(peer.state);
    for (let i = 0; i < 100; i++) {
      updateKeys(peer, 1);
      data(peer, bytes(1000));
    }
    assertAt(peer, 'established');
    assert.equal(heldBytes(peer.state), before);
  }
});

test('half a record is all that is held of a record', () => {
  const { peer } = establishedServer();
  const before = heldBytes(peer.state);
  const wire = record(peer, 23, bytes(10_000));
  deliver(peer, wire.subarray(0, 5000));
  assert.equal(heldBytes(peer.state), before + 5000);
  deliver(peer, wire.subarray(5000));
  assert.equal(heldBytes(peer.state), before);
});

test('a record header that promises much makes nothing be set aside', () => {
  const { peer } = establishedServer();
  const before = heldBytes(peer.state);
  deliver(peer, hex('17 0303 4100'));
  assert.equal(heldBytes(peer.state), before + 5);
  const fresh = meetServer().peer;
  deliver(fresh, plainRecord(22, hex('01 00ff00')));
  assert.ok(heldBytes(fresh.state) < 200);
});

function deliverIn(peer: Peer, wire: Uint8Array, step: number): void {
  let { state } = peer;
  for (let from = 0; from < wire.length; from += step) {
    ({ state } = receive(state, wire.subarray(from, from + step), NOW));
  }
  peer.state = state;
}

/** n·log n passes for an input four times as long, and n² (sixteen times the work) does not. */
function assertNearlyLinear(small: number, large: number): void {
  assert.ok(large < 6 * small, `${small} bytes copied, and ${large} for an input four times as long`);
}

/** Counts the bytes that `set` and `slice` of typed arrays move while `run` runs. */
function copiedBytes(run: () => void): number {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype);
  const { set, slice } = prototype;
  let copied = 0;
  prototype.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number): void {
    copied += source.length;
    set.call(this, source, offset);
  };
  prototype.slice = function (this: Uint8Array, ...range: readonly number[]): Uint8Array {
    const result: Uint8Array = slice.apply(this, range);
    copied += result.length;
    return result;
  };
  try {
    run();
  } finally {
    Object.assign(prototype, { set, slice });
  }
  return copied;
}

/** The bytes of all buffers that a state leads to, but for the configuration that all connections share. */
function heldBytes(state: State): number {
  const buffers = new Set<ArrayBufferLike>();
  const seen = new Set<object>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value) || value === state.fixed) return;
    seen.add(value);
    if (value instanceof Uint8Array) buffers.add(value.buffer);
    else for (const inner of Object.values(value)) visit(inner);
  };
  visit(state);
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
}
