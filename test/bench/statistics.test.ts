import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { medianInterval, medianSpread } from '../../bench/statistics.ts';

const samples = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 60 });

test('the median of an even number of samples lies halfway between the middle two', () => {
  assert.equal(medianInterval([4, 1, 3, 2]).value, 2.5);
  assert.equal(medianSpread([4, 1, 3, 2]).value, 2.5);
});

test('the quartiles are interpolated between the samples', () => {
  assert.deepEqual(medianSpread([5, 1, 2, 4, 3]), { value: 3, low: 2, high: 4 });
  assert.deepEqual(medianSpread([1, 2, 3, 4]), { value: 2.5, low: 1.75, high: 3.25 });
});

test('the interval for a median covers it with at least 95 %, and leaving one sample out on each side would not', () => {
  for (let n = 6; n <= 200; n++) {
    const ranks = Array.from({ length: n }, (_, i) => i);
    const { low, high } = medianInterval(ranks);
    assert.equal(high, n - 1 - low);
    // The median is outside when more than n − 1 − low of n fair coins show the same side.
    assert.ok(40n * atMost(low, n) <= 2n ** BigInt(n), `too narrow for ${n}`);
    assert.ok(40n * atMost(low + 1, n) > 2n ** BigInt(n), `too wide for ${n}`);
  }
});

test('of thousands of samples the interval is a narrow one around the median', () => {
  const { value, low, high } = medianInterval(Array.from({ length: 5001 }, (_, i) => i));
  assert.equal(value, 2500);
  // 1.96 standard deviations of a binomial distribution: 0.98 times the square root of n.
  assert.ok(Math.abs(low - 2431) <= 1 && Math.abs(high - 2569) <= 1, `${low} to ${high}`);
});

test('fewer than six samples are all within the interval', () => {
  assert.deepEqual(medianInterval([3, 1, 2]), { value: 2, low: 1, high: 3 });
});

test('no samples have no median', () => {
  assert.throws(() => medianInterval([]), RangeError);
  assert.throws(() => medianSpread([]), RangeError);
});

test('law: the order of the samples does not matter, and the bounds enclose the median', () => {
  fc.assert(
    fc.property(samples, (list) => {
      for (const estimate of [medianInterval, medianSpread]) {
        const { value, low, high } = estimate(list);
        assert.ok(low <= value && value <= high);
        assert.deepEqual(estimate([...list].reverse()), { value, low, high });
      }
    }),
  );
});

/** How many of the 2^n ways to throw n coins show at most `most` heads. */
function atMost(most: number, n: number): bigint {
  let ways = 1n;
  let sum = 0n;
  for (let i = 0; i <= most; i++) {
    sum += ways;
    ways = (ways * BigInt(n - i)) / BigInt(i + 1);
  }
  return sum;
}
