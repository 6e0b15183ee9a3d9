import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decode,
  defaultLimits,
  type Grammar,
  integer,
  lazy,
  nul,
  octetStringContaining,
  sequence,
  sequenceOf,
} from '../../asn1/index.ts';
import { hex, refused } from './support.ts';

type Nested = readonly Nested[];
const nested: Grammar<Nested> = sequenceOf(lazy(() => nested));
const wrapped: Grammar<Nested> = sequenceOf(octetStringContaining(lazy(() => wrapped)));

/** `depth` elements of a tag, each inside the one before. */
function nest(tags: readonly string[], depth: number): string {
  let digits = '';
  for (let i = depth - 1; i >= 0; i--) {
    digits = `${tags[i % tags.length]}${(digits.length / 2).toString(16).padStart(2, '0')}${digits}`;
  }
  return digits;
}

test('nesting is bounded, of elements and of contents in OCTET STRINGs', () => {
  assert.equal(decode(nested, hex(nest(['30'], 32))).ok, true);
  assert.deepEqual(pick(refused(nested, nest(['30'], 33))), { kind: 'limit', offset: 64 });
  assert.equal(decode(wrapped, hex(nest(['30', '04'], 31))).ok, true);
  assert.equal(refused(wrapped, nest(['30', '04'], 33)).kind, 'limit');
  assert.equal(refused(nested, nest(['30'], 3), { depth: 2 }).kind, 'limit');
});

test('the elements of one decode are bounded', () => {
  const list = sequenceOf(nul);
  const of = (count: number): string =>
    `3082${(2 * count).toString(16).padStart(4, '0')}${'0500'.repeat(count)}`;
  assert.equal(decode(list, hex(of(9999))).ok, true);
  assert.deepEqual(pick(refused(list, of(10_000))), { kind: 'limit', offset: 4 + 2 * 9999 });
  assert.equal(refused(list, '30 04 05 00 05 00', { elements: 2 }).kind, 'limit');
});

test('a list that states its maximum is bounded by that', () => {
  const list = sequenceOf(sequence({ a: nul }), { max: 20_000 });
  const of = (count: number): string =>
    `3083${(4 * count).toString(16).padStart(6, '0')}${'30020500'.repeat(count)}`;
  assert.equal(decode(list, hex(of(20_000))).ok, true);
  assert.equal(refused(list, of(20_001)).kind, 'value');
  assert.equal(refused(list, of(20_000), { elements: 2 }).kind, 'limit');
});

test('limits can be lowered and not raised', () => {
  assert.throws(() => decode(integer, hex('02 01 00'), { depth: 33 }), RangeError);
  assert.throws(() => decode(integer, hex('02 01 00'), { elements: Number.POSITIVE_INFINITY }), RangeError);
  assert.throws(() => decode(integer, hex('02 01 00'), { oidArcs: 1.5 }), RangeError);
  assert.throws(() => decode(integer, hex('02 01 00'), { depth: -1 }), RangeError);
  assert.equal(decode(integer, hex('02 01 00'), defaultLimits).ok, true);
  assert.equal(decode(integer, hex('02 01 00'), {}).ok, true);
});

function pick({ kind, offset }: { readonly kind: string; readonly offset: number }): unknown {
  return { kind, offset };
}
