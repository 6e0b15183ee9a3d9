import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  any,
  bitStringContaining,
  boolean,
  choice,
  decode,
  encode,
  err,
  explicit,
  type Grammar,
  type Infer,
  ia5String,
  implicit,
  integer,
  lazy,
  map,
  nul,
  octetString,
  octetStringContaining,
  oid,
  ok,
  openType,
  optional,
  raw,
  sequence,
  sequenceOf,
  set,
  setOf,
  smallInteger,
  utcTime,
  utf8String,
  visibleString,
  withDefault,
} from '../../asn1/index.ts';
import { type Expression, expression } from './grammars.ts';
import { assertBothWays, assertRefused, decoded, hex, refused } from './support.ts';

test('SEQUENCE has its fields in order (X.690, section 8.9.3)', () => {
  const person = sequence({ name: ia5String, ok: boolean });
  assertBothWays(person, '30 0A 16 05 53 6D 69 74 68 01 01 FF', { name: 'Smith', ok: true });
  assertRefused(person, '30 0A 01 01 FF 16 05 53 6D 69 74 68', 'tag', 2, ['name']);
  assert.deepEqual(Object.keys(decoded(person, '30 0A 16 05 53 6D 69 74 68 01 01 FF')), ['name', 'ok']);
});

test('tags are implicit or explicit (X.690, section 8.14.3)', () => {
  const type1 = visibleString;
  const type2 = implicit({ class: 'application', number: 3 }, type1);
  const type3 = explicit(2, type2);
  const type4 = implicit({ class: 'application', number: 7 }, type3);
  const type5 = implicit(2, type2);
  assertBothWays(type1, '1A 05 4A 6F 6E 65 73', 'Jones');
  assertBothWays(type2, '43 05 4A 6F 6E 65 73', 'Jones');
  assertBothWays(type3, 'A2 07 43 05 4A 6F 6E 65 73', 'Jones');
  assertBothWays(type4, '67 07 43 05 4A 6F 6E 65 73', 'Jones');
  assertBothWays(type5, '82 05 4A 6F 6E 65 73', 'Jones');
});

test('an absent optional field is there with the value undefined', () => {
  const grammar = sequence({ a: optional(integer), b: optional(explicit(0, integer)), c: boolean });
  assertBothWays(grammar, '30 03 01 01 00', { a: undefined, b: undefined, c: false });
  assertBothWays(grammar, '30 08 A0 03 02 01 05 01 01 00', { a: undefined, b: 5n, c: false });
  assertBothWays(grammar, '30 0B 02 01 04 A0 03 02 01 05 01 01 00', { a: 4n, b: 5n, c: false });
  assert.deepEqual(Object.keys(decoded(grammar, '30 03 01 01 00')), ['a', 'b', 'c']);
  assertRefused(grammar, '30 0B A0 03 02 01 05 02 01 04 01 01 00', 'tag', 7, ['c']);
  assertRefused(grammar, '30 06 02 01 04 02 01 04', 'tag', 5, ['c']);
});

test('a default value is absent (X.690, section 11.5)', () => {
  const constraints = sequence({ cA: withDefault(boolean, false), path: optional(smallInteger(0)) });
  assertBothWays(constraints, '30 00', { cA: false, path: undefined });
  assertBothWays(constraints, '30 03 01 01 FF', { cA: true, path: undefined });
  assertRefused(constraints, '30 03 01 01 00', 'encoding', 2, ['cA']);
  const list = sequence({ numbers: withDefault(sequenceOf(integer), [1n, 2n]) });
  assertBothWays(list, '30 00', { numbers: [1n, 2n] });
  assertBothWays(list, '30 05 30 03 02 01 01', { numbers: [1n] });
  assertRefused(list, '30 08 30 06 02 01 01 02 01 02', 'encoding', 2, ['numbers']);
  assert.throws(() => sequence({ small: withDefault(smallInteger(0, 3), 4) }), RangeError);
});

test('SET has its fields in the order of their tags (X.690, section 10.3)', () => {
  const grammar = set({
    late: implicit(0, nul),
    early: integer,
    app: implicit({ class: 'application', number: 9 }, nul),
  });
  assertBothWays(grammar, '31 07 02 01 05 49 00 80 00', { late: null, early: 5n, app: null });
  assertRefused(grammar, '31 07 02 01 05 80 00 49 00', 'encoding', 7);
  assertRefused(grammar, '31 07 02 01 05 02 01 06 00', 'tag', 5);
  assertRefused(grammar, '31 05 02 01 05 49 00', 'missing', 7, ['late']);
  assertRefused(grammar, '31 03 01 01 00', 'tag', 2);
});

test('a SET has optional and default fields, and a CHOICE once', () => {
  const grammar = set({
    which: choice({ zero: implicit(0, nul), two: implicit(2, nul) }),
    one: optional(implicit(1, nul)),
    flag: withDefault(boolean, true),
  });
  assertBothWays(grammar, '31 02 82 00', { which: { kind: 'two', value: null }, one: undefined, flag: true });
  assertBothWays(grammar, '31 07 01 01 00 81 00 82 00', {
    which: { kind: 'two', value: null },
    one: null,
    flag: false,
  });
  assertRefused(grammar, '31 06 80 00 81 00 82 00', 'tag', 6);
  assertRefused(grammar, '31 05 01 01 FF 80 00', 'encoding', 2, ['flag']);
});

test('SEQUENCE OF keeps its order and its bounds', () => {
  const some = sequenceOf(integer, { min: 1, max: 2 });
  assertBothWays(some, '30 06 02 01 02 02 01 01', [2n, 1n]);
  assertRefused(some, '30 00', 'value', 2);
  assertRefused(some, '30 09 02 01 02 02 01 01 02 01 00', 'value', 8);
  assertRefused(some, '30 06 02 01 02 01 01 00', 'tag', 5, ['1']);
  assert.throws(() => encode(some, []), RangeError);
  assert.throws(() => encode(some, [1n, 2n, 3n]), RangeError);
  assert.throws(() => sequenceOf(integer, { min: 2, max: 1 }), RangeError);
  assert.throws(() => sequenceOf(integer, { max: Number.NaN }), RangeError);
});

test('SET OF is in the order of its encodings (X.690, section 11.6)', () => {
  const numbers = setOf(integer);
  assertBothWays(numbers, '31 0A 02 01 01 02 01 01 02 02 00 80', [1n, 1n, 128n]);
  assertRefused(numbers, '31 06 02 01 02 02 01 01', 'encoding', 5);
  assertRefused(numbers, '31 07 02 02 00 80 02 01 01', 'encoding', 6);
  assert.deepEqual(encode(numbers, [128n, -1n, 1n]), hex('31 0A 02 01 01 02 01 FF 02 02 00 80'));
});

test('CHOICE is known by its alternative’s name', () => {
  const time = choice({ number: integer, nested: choice({ text: utf8String, flag: boolean }) });
  assertBothWays(time, '02 01 07', { kind: 'number', value: 7n });
  assertBothWays(time, '01 01 FF', { kind: 'nested', value: { kind: 'flag', value: true } });
  assertRefused(time, '05 00', 'tag', 0);
  assertRefused(time, '', 'missing', 0);
  assertRefused(time, '0C 01 FF', 'value', 2, ['nested', 'text']);
  const untyped: Grammar<unknown> = time;
  assert.throws(() => encode(untyped, { kind: 'other', value: 1n }), RangeError);
  assert.throws(() => encode(untyped, { kind: 'toString', value: 1n }), RangeError);
  assert.throws(() => encode(untyped, undefined), TypeError);
});

test('map changes the values and may refuse', () => {
  const even = map(smallInteger(), {
    decode: (value) => (value % 2 === 0 ? ok(value / 2) : err('an even number')),
    encode: (value: number) => value * 2,
  });
  assertBothWays(even, '02 01 0A', 5);
  assert.equal(refused(sequence({ even }), '30 03 02 01 09').expected, 'an even number');
  assertRefused(sequence({ even }), '30 03 02 01 09', 'value', 2, ['even']);
  assertBothWays(implicit(0, even), '80 01 0A', 5);
});

test('raw captures the exact bytes and writes them back', () => {
  const signed = sequence({ content: raw(sequence({ a: integer })), signature: octetString });
  const value = decoded(signed, '30 08 30 03 02 01 05 04 01 FF');
  assert.deepEqual(value.content, { raw: hex('30 03 02 01 05'), value: { a: 5n } });
  assertBothWays(signed, '30 08 30 03 02 01 05 04 01 FF', value);
  const changed = { raw: hex('30 03 02 01 06'), value: { a: 5n } };
  assert.deepEqual(encode(signed, { ...value, content: changed }), hex('30 08 30 03 02 01 06 04 01 FF'));
});

test('raw bytes that are no encoding are not written', () => {
  const grammar = raw(sequence({ a: integer }));
  for (const bytes of ['', '30 03 02 01', '30 03 01 01 00', '30 03 02 01 05 00']) {
    assert.throws(() => encode(grammar, { raw: hex(bytes), value: { a: 5n } }), RangeError, bytes);
  }
});

test('a type inside an OCTET STRING or BIT STRING fills it', () => {
  assertBothWays(octetStringContaining(integer), '04 03 02 01 05', 5n);
  assertRefused(octetStringContaining(integer), '04 05 02 01 05 05 00', 'trailing', 5);
  assertRefused(octetStringContaining(integer), '04 00', 'missing', 2);
  assertRefused(octetStringContaining(integer), '04 03 02 02 05', 'truncated', 2);
  assertBothWays(bitStringContaining(integer), '03 04 00 02 01 05', 5n);
  assertRefused(bitStringContaining(integer), '03 04 01 02 01 04', 'value', 2);
  assertRefused(bitStringContaining(integer), '03 06 00 02 01 05 05 00', 'trailing', 6);
  assertRefused(bitStringContaining(integer), '03 00', 'encoding', 2);
});

const extension = sequence({
  id: oid,
  critical: withDefault(boolean, false),
  value: openType(
    'id',
    {
      '2.5.29.19': octetStringContaining(sequence({ cA: boolean })),
      '2.999': octetStringContaining(integer),
    },
    octetString,
  ),
});

test('an earlier OID selects an open type', () => {
  assertBothWays(extension, '30 0C 06 03 55 1D 13 04 05 30 03 01 01 FF', {
    id: '2.5.29.19',
    critical: false,
    value: { kind: '2.5.29.19', value: { cA: true } },
  });
  assertBothWays(extension, '30 0C 06 02 88 37 01 01 FF 04 03 02 01 05', {
    id: '2.999',
    critical: true,
    value: { kind: '2.999', value: 5n },
  });
  assertBothWays(extension, '30 07 06 01 2A 04 02 FF FF', {
    id: '1.2',
    critical: false,
    value: { kind: 'otherwise', value: hex('FF FF') },
  });
  assertRefused(extension, '30 09 06 02 88 37 04 03 01 01 00', 'tag', 8, ['value']);
});

test('an open type is written as what the OID selects', () => {
  const mismatched: Infer<typeof extension> = {
    id: '1.2',
    critical: false,
    value: { kind: '2.999', value: 5n },
  };
  assert.throws(() => encode(extension, mismatched), {
    name: 'RangeError',
    message: /value: expected the kind otherwise/,
  });
});

test('an open type looks at the innermost SEQUENCE, through lists, tags and wrappers', () => {
  const attributes = sequence({
    id: oid,
    inner: sequence({
      id: oid,
      values: explicit(0, setOf(octetStringContaining(openType('id', { '1.2': nul, '1.3': integer }, any)))),
      after: openType('id', { '1.3': nul }, boolean),
    }),
  });
  assertBothWays(attributes, '30 13 06 01 2A 30 0E 06 01 2B A0 07 31 05 04 03 02 01 05 05 00', {
    id: '1.2',
    inner: { id: '1.3', values: [{ kind: '1.3', value: 5n }], after: { kind: '1.3', value: null } },
  });
});

test('an OID that is no table entry but an inherited name selects otherwise', () => {
  const grammar = sequence({ id: oid, value: openType('id', {}, any) });
  assert.deepEqual(decoded(grammar, '30 05 06 01 2A 05 00'), {
    id: '1.2',
    value: { kind: 'otherwise', value: hex('05 00') },
  });
});

test('a recursive type is decoded and encoded', () => {
  const value: Expression = {
    kind: 'and',
    value: [{ kind: 'not', value: { kind: 'present', value: 'a' } }],
  };
  assertBothWays(expression, 'A0 05 A1 03 82 01 61', value);
  assertRefused(expression, 'A0 05 A1 03 83 01 61', 'tag', 4, ['and', '0', 'not']);
});

test('a value of another type is refused, with the way to it', () => {
  const grammar: Grammar<unknown> = sequence({ list: sequenceOf(sequence({ n: integer })) });
  assert.throws(() => encode(grammar, { list: [{ n: 1n }, { n: 2 }] }), {
    name: 'TypeError',
    message: 'encode: list.1.n: expected a bigint, got number',
  });
  assert.throws(() => encode(grammar, { list: [null] }), {
    name: 'TypeError',
    message: /list\.0: expected an object, got null/,
  });
  assert.throws(() => encode(grammar, {}), { name: 'TypeError', message: /list: expected an array/ });
  assert.throws(() => encode(grammar, null), TypeError);
});

test('a value of another JavaScript type is a TypeError for every primitive', () => {
  const untyped: readonly Grammar<unknown>[] = [
    integer,
    smallInteger(),
    boolean,
    nul,
    octetString,
    oid,
    utf8String,
    utcTime,
    any,
  ];
  for (const grammar of untyped) {
    assert.throws(() => encode(grammar, { odd: true }), TypeError, grammar.name);
    assert.throws(() => encode(grammar, undefined), TypeError, grammar.name);
  }
});

test('decode gives the caller no exception for any grammar that is whole', () => {
  const untyped: Grammar<unknown> = sequence({ a: lazy(() => integer) });
  assert.equal(decode(untyped, hex('30 03 02 01 05')).ok, true);
  assert.equal(decode(untyped, hex('30 02 05 00')).ok, false);
});
