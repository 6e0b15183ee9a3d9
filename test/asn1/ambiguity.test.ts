import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  any,
  boolean,
  choice,
  decode,
  encode,
  explicit,
  type Grammar,
  implicit,
  integer,
  lazy,
  map,
  nul,
  octetStringContaining,
  oid,
  ok,
  openType,
  optional,
  raw,
  sequence,
  sequenceOf,
  set,
  utf8String,
  withDefault,
} from '../../asn1/index.ts';
import { hex } from './support.ts';

const ambiguous = { name: 'TypeError', message: /^ambiguous grammar: / };

test('an optional field differs from those that may follow it (X.680, section 25.6)', () => {
  assert.throws(() => sequence({ a: optional(integer), b: integer }), ambiguous);
  assert.throws(() => sequence({ a: withDefault(integer, 1n), b: optional(boolean), c: integer }), ambiguous);
  assert.throws(() => sequence({ a: optional(integer), b: optional(integer) }), ambiguous);
  assert.throws(() => sequence({ a: optional(any), b: integer }), ambiguous);
  assert.throws(() => sequence({ a: optional(integer), b: any }), ambiguous);
  assert.throws(() => sequence({ a: optional(integer), b: choice({ x: boolean, y: integer }) }), ambiguous);
  assert.throws(() => sequence({ a: optional(raw(integer)), b: integer }), ambiguous);
  sequence({ a: integer, b: integer });
  sequence({ a: optional(integer), b: boolean, c: integer });
  sequence({ a: optional(integer), b: implicit(0, integer) });
  sequence({ a: integer, b: optional(any) });
});

test('the fields of a SET differ (X.680, section 27.3)', () => {
  assert.throws(() => set({ a: integer, b: boolean, c: integer }), ambiguous);
  assert.throws(() => set({ a: any, b: integer }), ambiguous);
  assert.throws(() => set({ a: choice({ x: integer, y: nul }), b: nul }), ambiguous);
});

test('the alternatives of a CHOICE differ (X.680, section 29.3)', () => {
  assert.throws(() => choice({ a: integer, b: integer }), ambiguous);
  assert.throws(() => choice({ a: integer, b: any }), ambiguous);
  assert.throws(() => choice({ a: implicit(0, integer), b: explicit(0, utf8String) }), ambiguous);
  assert.throws(() => choice({ a: choice({ x: integer }), b: integer }), ambiguous);
  assert.throws(() => choice({}), TypeError);
  choice({ a: implicit(0, integer), b: implicit({ class: 'application', number: 0 }, integer) });
});

test('an implicit tag needs a tag to replace (X.680, section 31.2.7)', () => {
  const untaggable = { name: 'TypeError', message: /no tag for an implicit one to replace/ };
  assert.throws(() => implicit(0, any), untaggable);
  assert.throws(() => implicit(0, choice({ a: integer })), untaggable);
  assert.throws(() => implicit(0, raw(integer)), untaggable);
  assert.throws(() => implicit(0, openType('id', {}, integer)), untaggable);
  assert.throws(
    () => implicit(0, map(any, { decode: ok, encode: (value: Uint8Array) => value })),
    untaggable,
  );
  const late = implicit(
    0,
    lazy(() => choice({ a: integer })),
  );
  assert.throws(() => decode(late, hex('80 01 00')), untaggable);
  assert.throws(() => encode(late, { kind: 'a', value: 0n }), untaggable);
  implicit(0, explicit(1, any));
});

test('an open type needs an earlier, mandatory OID field', () => {
  const unselected = { name: 'TypeError', message: /earlier, mandatory OID field/ };
  const value = openType('id', { '1.2': nul }, any);
  assert.throws(() => sequence({ value, id: oid }), unselected);
  assert.throws(() => sequence({ id: optional(oid), value }), unselected);
  assert.throws(() => sequence({ id: withDefault(oid, '1.2'), value }), unselected);
  assert.throws(() => sequence({ id: integer, value }), unselected);
  assert.throws(() => sequence({ other: oid, value }), unselected);
  assert.throws(() => sequence({ id: oid, inner: sequence({ value }) }), unselected);
  assert.throws(() => set({ id: oid, value: explicit(0, value) }), TypeError);
  sequence({ id: implicit(0, oid), value: explicit(0, sequenceOf(octetStringContaining(value))) });
});

test('an open type does not stand alone', () => {
  const alone = { name: 'TypeError', message: /open type selects by id/ };
  const value = openType('id', { '1.2': nul }, any);
  assert.throws(() => decode(value, hex('05 00')), alone);
  assert.throws(() => encode(sequenceOf(value), []), alone);
  const grammar = sequence({ id: oid, value: lazy(() => value) });
  assert.throws(() => decode(grammar, hex('30 05 06 01 2A 05 00')), TypeError);
});

test('a field needs a name that an object keeps in order', () => {
  assert.throws(() => sequence({ 1: integer }), TypeError);
  assert.throws(() => set({ ['__proto__']: integer }), TypeError);
});

interface Node {
  readonly next: Node | undefined;
  readonly last: boolean;
}

test('a recursive grammar is checked when it is first used', () => {
  const node: Grammar<Node> = sequence({ next: optional(lazy(() => node)), last: boolean });
  assert.deepEqual(decode(node, hex('30 08 30 03 01 01 FF 01 01 00')), {
    ok: true,
    value: { next: { next: undefined, last: true }, last: false },
  });
  const confused: Grammar<unknown> = sequence({
    next: optional(lazy(() => confused)),
    list: sequenceOf(integer),
  });
  assert.throws(() => decode(confused, hex('30 00')), ambiguous);
  assert.throws(() => encode(confused, { next: undefined, list: [] }), ambiguous);
  assert.throws(() => decode(confused, hex('30 00')), ambiguous);
});

test('a grammar that begins with itself is refused', () => {
  const endless = { name: 'TypeError', message: /begins with itself/ };
  const itself: Grammar<unknown> = lazy(() => itself);
  const through: Grammar<unknown> = choice({ a: integer, b: lazy(() => through) });
  for (const grammar of [itself, through]) {
    assert.throws(() => decode(grammar, hex('02 01 00')), endless);
    assert.throws(() => encode(grammar, { kind: 'a', value: 0n }), endless);
  }
});
