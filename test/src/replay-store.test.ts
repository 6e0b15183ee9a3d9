import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ReplayCheck, type ReplayStore, replayStore, takeOnce } from '../../src/index.ts';
import { bytes, runs } from './support.ts';

// RFC 9846 §8.2: each ClientHello with early data once, for as long as it could be taken for fresh, in bounded memory.

const WINDOW = 10_000;

test('a key is new once', () => {
  const first = takeOnce(replayStore({ since: 0 }), check(1, 100_000), 100_000);
  assert.equal(first.isNew, true);
  assert.equal(takeOnce(first.store, check(1, 100_000), 100_001).isNew, false);
  assert.equal(takeOnce(first.store, check(2, 100_000), 100_001).isNew, true);
});

test('the store before a key was taken does not know of it: it is a value', () => {
  const empty = replayStore({ since: 0 });
  const { store } = takeOnce(empty, check(1, 100_000), 100_000);
  takeOnce(store, check(2, 100_000), 100_000);
  assert.equal(takeOnce(empty, check(1, 100_000), 100_000).isNew, true);
  assert.equal(takeOnce(store, check(2, 100_000), 100_000).isNew, true);
});

test('what could have been recorded before the store began is not new', () => {
  const store = replayStore({ since: 100_000 });
  assert.equal(takeOnce(store, check(1, 100_000 + WINDOW - 1), 100_000).isNew, false);
  assert.equal(takeOnce(store, check(1, 100_000 + WINDOW), 100_000).isNew, true);
  const external: ReplayCheck = {
    kind: 'replayCheck',
    key: bytes(32),
    from: Number.NEGATIVE_INFINITY,
    until: Number.POSITIVE_INFINITY,
  };
  assert.equal(takeOnce(replayStore({ since: 0 }), external, 100_000).isNew, false);
});

test('a full store takes nothing more until what it holds can be forgotten', () => {
  let store = replayStore({ since: 0, capacity: 10 });
  for (let i = 0; i < 10; i++) store = taken(store, check(i, 100_000), 100_000);
  assert.equal(takeOnce(store, check(10, 100_000), 100_000).isNew, false);
  // Both generations have to go, the older one first.
  store = takeOnce(store, check(11, 110_001), 110_001).store;
  const after = takeOnce(store, check(12, 110_001), 110_001);
  assert.equal(after.isNew, true);
});

test('what is asked too late is not new: the store may have forgotten that it was there', () => {
  const asked = check(1, 100_000);
  let store = taken(replayStore({ since: 0 }), asked, 100_000);
  // The same hello again, in time; but something between its arrival and this question took longer than it may.
  for (const now of [110_001, 110_002, 110_003]) {
    const late = takeOnce(store, asked, now);
    assert.equal(late.isNew, false);
    store = late.store;
  }
  assert.equal(takeOnce(replayStore({ since: 0 }), check(2, 100_000), 110_001).isNew, false);
});

test('keys that begin alike are told apart, whatever their length', () => {
  const keys = [bytes(32), new Uint8Array(48), new Uint8Array(32), new Uint8Array(33)];
  keys[0] = Uint8Array.from(keys[0] ?? [], (byte, i) => (i === 31 ? byte ^ 1 : byte));
  let store = replayStore({ since: 0 });
  for (const key of [...keys, bytes(32)]) store = taken(store, { ...check(0, 100_000), key }, 100_000);
  for (const key of [...keys, bytes(32)]) {
    assert.equal(takeOnce(store, { ...check(0, 100_000), key }, 100_000).isNew, false);
  }
});

test('law: while a key can be fresh it is taken at most once, however the clock and the others go', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 8 }), wait: fc.integer({ min: 0, max: 12_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let store = replayStore({ since: 0, capacity: 1000 });
      let now = 1_000_000;
      const until = new Map<number, number>();
      for (const { key, wait } of steps) {
        now += wait;
        const asked = check(key, now);
        const result = takeOnce(store, asked, now);
        store = result.store;
        if (now <= (until.get(key) ?? 0)) assert.equal(result.isNew, false);
        if (result.isNew) until.set(key, asked.until);
      }
    }),
    { numRuns: runs(200) },
  );
});

test('memory is bounded by what comes in two windows', () => {
  let store = replayStore({ since: 0, capacity: 100_000 });
  for (let i = 0; i < 5000; i++) {
    const now = 1_000_000 + i * 100;
    store = taken(store, check(i, now), now);
    assert.ok(store.recent.size + store.older.size <= 2 * (2 * (WINDOW / 100) + 2));
  }
});

/** Of a hello that was sent at this time. */
function check(seed: number, sentAt: number): ReplayCheck {
  return { kind: 'replayCheck', key: bytes(32, seed), from: sentAt - WINDOW, until: sentAt + WINDOW };
}

function taken(store: ReplayStore, asked: ReplayCheck, now: number): ReplayStore {
  const result = takeOnce(store, asked, now);
  assert.equal(result.isNew, true);
  return result.store;
}
