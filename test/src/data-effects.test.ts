import assert from 'node:assert/strict';
import { test } from 'node:test';
import { data, deliver, keyUpdateRecord, type Peer, record } from './peer.ts';
import { establishedClient, establishedServer } from './stages.ts';
import { bytes, concatAll } from './support.ts';

// How application data comes out of a call: as few pieces as its order allows, and with no more memory than it needs.

const [first, second] = [bytes(700), bytes(20).fill(2)];

function dataRecord(peer: Peer, content: Uint8Array, padding = 0): Uint8Array {
  return record(peer, 23, content, { padding });
}

function kindsOf({ latest }: Peer): readonly string[] {
  return latest.map(({ kind }) => kind);
}

function dataIn({ latest }: Peer): readonly Uint8Array[] {
  return latest.flatMap((effect) => (effect.kind === 'data' ? [effect.bytes] : []));
}

test('data of several records that come together is one effect, whatever padding stands between', () => {
  for (const { peer } of [establishedClient(), establishedServer()]) {
    deliver(peer, concatAll([dataRecord(peer, first, 9), dataRecord(peer, second), dataRecord(peer, first)]));
    assert.deepEqual(kindsOf(peer), ['data']);
    assert.deepEqual(dataIn(peer), [concatAll([first, second, first])]);
  }
});

test('a KeyUpdate or a dropped message between two records does not part their data', () => {
  const { peer } = establishedServer();
  const all = [dataRecord(peer, first), keyUpdateRecord(peer, 0), dataRecord(peer, second)];
  deliver(peer, concatAll(all));
  assert.deepEqual(dataIn(peer), [concatAll([first, second])]);
});

test('data comes before the end of the connection that came with it, and is whole', () => {
  const { peer } = establishedServer();
  const wire = dataRecord(peer, first);
  const bad = dataRecord(peer, second).fill(0, 20);
  deliver(peer, concatAll([wire, bad]));
  assert.deepEqual(kindsOf(peer), ['data', 'send', 'failed']);
  assert.deepEqual(dataIn(peer), [first]);

  const other = establishedClient().peer;
  deliver(other, concatAll([dataRecord(other, first), record(other, 21, Uint8Array.of(1, 0))]));
  assert.deepEqual(kindsOf(other), ['data', 'peerClosed']);
});

test('a record begun in the call before and those behind it are one effect', () => {
  const { peer } = establishedServer();
  const begun = dataRecord(peer, first);
  const behind = dataRecord(peer, second);
  deliver(peer, begun.subarray(0, 300), concatAll([begun.subarray(300), behind, behind.subarray(0, 4)]));
  assert.deepEqual(dataIn(peer), [concatAll([first, second])]);
});

test('padding is not held: the buffer of an effect is at most twice its data', () => {
  const { peer } = establishedServer();
  for (const [length, padding] of [
    [1, 0],
    [1, 16_000],
    [9_000, 7_000],
    [100, 100],
  ] as const) {
    data(peer, bytes(length), { padding });
    const [content] = dataIn(peer);
    assert.equal(content?.length, length);
    assert.ok((content?.buffer.byteLength ?? 0) <= 2 * (length + 1));
  }
});
