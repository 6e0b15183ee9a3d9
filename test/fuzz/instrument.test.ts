import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { COUNTERS, instrument } from './instrument.ts';

const source = `
  const pick = (n) => n > 2 ? n > 4 ? 'many' : 'some' : n && 'few';
  function loop(n) { let s = ''; for (const i of [...Array(n).keys()]) if (i % 2) s += i; else s += '.'; return s; }
  function choose(n) { switch (n) { case 1: return 'one'; default: return { n }; } }
  ({ picked: [0, 1, 3, 5].map(pick), looped: loop(4), chosen: [1, 2].map(choose), wrapped: [1].map((n) => ({ n })) });
`;

test('instrumented code does what it did before, and counts each branch as often as it is taken', () => {
  const { code, count } = instrument(source, 2);
  const counters = new Uint32Array(count);
  const counted: unknown = runInNewContext(code, {
    [COUNTERS]: counters,
    globalThis: { [COUNTERS]: counters },
  });
  assert.deepEqual(JSON.stringify(counted), JSON.stringify(runInNewContext(source)));
  const pickCounts = [4, 2, 2, 1, 1, 1];
  const loopCounts = [1, 4, 2, 2];
  const chooseCounts = [2, 1, 1];
  const wrapped = 1;
  assert.deepEqual([...counters.subarray(2)], [...pickCounts, ...loopCounts, ...chooseCounts, wrapped]);
  assert.deepEqual([...counters.subarray(0, 2)], [0, 0]);
});
