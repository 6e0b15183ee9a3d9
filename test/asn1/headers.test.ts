import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  any,
  decode,
  describeError,
  encode,
  explicit,
  implicit,
  integer,
  nul,
  octetString,
  sequence,
  sequenceOf,
  utf8String,
} from '../../asn1/index.ts';
import { assertBothWays, assertRefused, hex, refused } from './support.ts';

test('a length is in the fewest octets (X.690, section 10.1)', () => {
  assertBothWays(octetString, `04 7F ${'00'.repeat(127)}`, new Uint8Array(127));
  assertBothWays(octetString, `04 81 80 ${'00'.repeat(128)}`, new Uint8Array(128));
  assertBothWays(octetString, `04 81 FF ${'00'.repeat(255)}`, new Uint8Array(255));
  assertBothWays(octetString, `04 82 01 00 ${'00'.repeat(256)}`, new Uint8Array(256));
  assertBothWays(octetString, `04 83 01 00 00 ${'00'.repeat(65536)}`, new Uint8Array(65536));
  assertRefused(octetString, '04 81 00', 'encoding', 1);
  assertRefused(octetString, `04 81 7F ${'00'.repeat(127)}`, 'encoding', 1);
  assertRefused(octetString, '04 82 00 80', 'encoding', 1);
});

test('a length is definite', () => {
  assertRefused(sequence({}), '30 80 00 00', 'encoding', 1);
  assertRefused(octetString, '24 80 04 01 00 00 00', 'encoding', 0);
  assertRefused(any, '30 80 00 00', 'encoding', 1);
});

test('an element that goes past its end is truncated', () => {
  assertRefused(octetString, '04', 'truncated', 1);
  assertRefused(octetString, '04 01', 'truncated', 0);
  assertRefused(octetString, '04 82 01', 'truncated', 1);
  assertRefused(octetString, '04 84 FF FF FF FF', 'truncated', 0);
  assertRefused(octetString, '04 FF', 'truncated', 1);
  assertRefused(octetString, `04 88 ${'FF'.repeat(8)}`, 'truncated', 0);
  assertRefused(octetString, `04 FE ${'FF'.repeat(126)}`, 'truncated', 0);
  assertRefused(sequence({ inner: octetString }), '30 03 04 02 00 00', 'truncated', 2, ['inner']);
});

test('nothing may follow the value', () => {
  assertRefused(nul, '05 00 05 00', 'trailing', 2);
  assertRefused(nul, '05 00 9F', 'trailing', 2);
  assertRefused(sequence({ a: nul }), '30 04 05 00 05 00', 'trailing', 4);
  assertRefused(explicit(0, nul), 'A0 04 05 00 05 00', 'trailing', 4);
});

test('no bytes are no value', () => {
  assertRefused(nul, '', 'missing', 0);
  assertRefused(sequence({ a: nul }), '30 00', 'missing', 2, ['a']);
  assertRefused(explicit(0, nul), 'A0 00', 'missing', 2);
});

test('another tag is named in the error', () => {
  const error = refused(sequence({ serialNumber: integer }), '30 03 04 01 00');
  assert.deepEqual(error, {
    kind: 'tag',
    offset: 2,
    path: ['serialNumber'],
    expected: 'INTEGER',
    found: 'OCTET STRING',
  });
  assert.equal(describeError(error), 'serialNumber at offset 2: expected INTEGER, found OCTET STRING');
  assert.equal(refused(implicit(1, integer), '80 01 00').expected, '[1] INTEGER');
  assert.equal(
    refused(explicit({ class: 'application', number: 31 }, nul), '05 00').expected,
    '[APPLICATION 31]',
  );
  assert.equal(refused(nul, 'DF 8F 7F 00').found, '[PRIVATE 2047]');
  assert.equal(refused(nul, '09 00').found, '[UNIVERSAL 9]');
});

test('an error names the way through fields and list positions', () => {
  const table = sequence({ rows: sequenceOf(sequence({ id: integer, name: utf8String })) });
  const error = refused(table, '30 12 30 10 30 06 02 01 01 0C 01 41 30 06 02 01 02 0C 01 FF');
  assert.equal(
    describeError(error),
    'rows.1.name at offset 19: expected well-formed UTF-8, found other octets',
  );
  assert.equal(describeError(refused(nul, '')), 'at offset 0: expected NULL, found nothing more');
});

test('a type has one form, primitive or constructed', () => {
  assertRefused(integer, '22 03 02 01 00', 'encoding', 0);
  assertRefused(utf8String, '2C 03 04 01 41', 'encoding', 0);
  assertRefused(sequence({}), '10 00', 'encoding', 0);
  assertRefused(explicit(0, nul), '80 02 05 00', 'encoding', 0);
  assertRefused(implicit(0, nul), 'A0 00', 'encoding', 0);
});

test('a tag number is in the fewest octets (X.690, section 8.1.2.4)', () => {
  const tagged = (number: number) => implicit({ class: 'private', number }, nul);
  assertBothWays(tagged(30), 'DE 00', null);
  assertBothWays(tagged(31), 'DF 1F 00', null);
  assertBothWays(tagged(127), 'DF 7F 00', null);
  assertBothWays(tagged(128), 'DF 81 00 00', null);
  assertBothWays(tagged(0x3fff), 'DF FF 7F 00', null);
  assertBothWays(tagged(0x4000), 'DF 81 80 00 00', null);
  assertBothWays(tagged(0x1f_ffff), 'DF FF FF 7F 00', null);
  assertBothWays(tagged(0x20_0000), 'DF 81 80 80 00 00', null);
  assertBothWays(tagged(0x3ff_ffff), 'DF 9F FF FF 7F 00', null);
  assertRefused(tagged(30), 'DF 1E 00', 'encoding', 0);
  assertRefused(tagged(31), 'DF 80 1F 00', 'encoding', 0);
  assertRefused(any, 'DF 1E 00', 'encoding', 0);
  assertRefused(any, 'DF 80 1F 00', 'encoding', 0);
  assertRefused(any, 'DF A0 80 80 00 00', 'limit', 0);
  assertRefused(any, 'DF FF', 'truncated', 0);
  assert.throws(() => tagged(0x400_0000), RangeError);
  assert.throws(() => implicit(-1, nul), RangeError);
});

test('decoded octets are views into the input, and encoded ones are not', () => {
  const input = hex('04 02 01 02');
  const result = decode(octetString, input);
  assert.ok(result.ok);
  assert.equal(result.value.buffer, input.buffer);
  assert.notEqual(encode(octetString, result.value).buffer, input.buffer);
});

test('an encoding grows past any size', () => {
  const big = new Uint8Array(100_000).fill(7);
  const list = sequenceOf(octetString);
  const result = decode(list, encode(list, [big, big, big]));
  assert.deepEqual(result, { ok: true, value: [big, big, big] });
});
