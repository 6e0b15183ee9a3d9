import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  any,
  bitString,
  bitStringOctets,
  boolean,
  encode,
  enumerated,
  flags,
  type Grammar,
  integer,
  namedInteger,
  nul,
  octetString,
  smallInteger,
} from '../../asn1/index.ts';
import { assertBothWays, assertRefused, hex } from './support.ts';

test('BOOLEAN is one octet, 00 or FF (X.690, sections 8.2.2 and 11.1)', () => {
  assertBothWays(boolean, '01 01 FF', true);
  assertBothWays(boolean, '01 01 00', false);
  assertRefused(boolean, '01 01 01', 'encoding', 2);
  assertRefused(boolean, '01 00', 'encoding', 2);
  assertRefused(boolean, '01 02 FF FF', 'encoding', 2);
});

/** From X.690's rules, at every boundary of the number of octets. */
const integers: readonly (readonly [string, bigint])[] = [
  ['02 01 00', 0n],
  ['02 01 01', 1n],
  ['02 01 7F', 127n],
  ['02 02 00 80', 128n],
  ['02 02 00 FF', 255n],
  ['02 02 01 00', 256n],
  ['02 02 7F FF', 32767n],
  ['02 03 00 80 00', 32768n],
  ['02 01 FF', -1n],
  ['02 01 80', -128n],
  ['02 02 FF 7F', -129n],
  ['02 02 80 00', -32768n],
  ['02 06 7F FF FF FF FF FF', 2n ** 47n - 1n],
  ['02 07 00 80 00 00 00 00 00', 2n ** 47n],
  ['02 07 1F FF FF FF FF FF FF', 2n ** 53n - 1n],
  ['02 07 E0 00 00 00 00 00 01', 1n - 2n ** 53n],
  ['02 08 80 00 00 00 00 00 00 00', -(2n ** 63n)],
  ['02 09 00 80 00 00 00 00 00 00 00', 2n ** 63n],
];

test('INTEGER is in two’s complement, of any size', () => {
  for (const [digits, value] of integers) assertBothWays(integer, digits, value);
});

test('a small INTEGER is a number over the whole safe range', () => {
  for (const [digits, value] of integers) {
    if (Number.isSafeInteger(Number(value))) assertBothWays(smallInteger(), digits, Number(value));
    else assertRefused(smallInteger(), digits, 'value', 2);
  }
});

test('INTEGER must have contents, in the fewest octets (X.690, section 8.3.2)', () => {
  for (const grammar of [integer, smallInteger(), namedInteger({ zero: 0 }), smallInteger(0, 300)]) {
    assertRefused(grammar, '02 00', 'encoding', 2);
    assertRefused(grammar, '02 02 00 00', 'encoding', 2);
    assertRefused(grammar, '02 02 00 7F', 'encoding', 2);
    assertRefused(grammar, '02 02 FF 80', 'encoding', 2);
    assertRefused(grammar, '02 09 00 00 80 00 00 00 00 00 00', 'encoding', 2);
  }
});

test('a small INTEGER outside its range is refused', () => {
  assertBothWays(smallInteger(0, 127), '02 01 7F', 127);
  assertRefused(smallInteger(0, 127), '02 02 00 80', 'value', 2);
  assertRefused(smallInteger(0, 127), '02 01 FF', 'value', 2);
  assertRefused(smallInteger(0), `02 81 80 7F ${'FF'.repeat(127)}`, 'value', 3);
  assert.throws(() => smallInteger(1, 0), RangeError);
  assert.throws(() => smallInteger(0, 2 ** 53), RangeError);
});

test('ENUMERATED and named INTEGERs are known by name, and unknown numbers refused', () => {
  const reason = enumerated({ unspecified: 0, keyCompromise: 1, aACompromise: 10 });
  assertBothWays(reason, '0A 01 0A', 'aACompromise');
  assertRefused(reason, '0A 01 07', 'value', 2);
  assertRefused(reason, '0A 02 00 01', 'encoding', 2);
  assertRefused(reason, '02 01 01', 'tag', 0);
  const version = namedInteger({ v1: 0, v3: 2 });
  assertBothWays(version, '02 01 02', 'v3');
  assertRefused(version, '02 01 01', 'value', 2);
  assertRefused(version, `02 08 7F ${'FF'.repeat(7)}`, 'value', 2);
  assert.throws(() => enumerated({ a: 1, b: 1 }), RangeError);
  assert.throws(() => enumerated({ a: 0.5 }), RangeError);
  const untyped: Grammar<unknown> = reason;
  for (const name of ['other', 'toString']) assert.throws(() => encode(untyped, name), RangeError);
  assert.throws(() => encode(untyped, 1), TypeError);
});

test('NULL has no contents (X.690, section 8.8.2)', () => {
  assertBothWays(nul, '05 00', null);
  assertRefused(nul, '05 01 00', 'encoding', 2);
});

test('BIT STRING counts its unused bits (X.690, section 8.6.4.2)', () => {
  assertBothWays(bitString, '03 07 04 0A 3B 5F 29 1C D0', { bytes: hex('0A3B5F291CD0'), unusedBits: 4 });
  assertBothWays(bitString, '03 01 00', { bytes: hex(''), unusedBits: 0 });
  assertRefused(bitString, '03 00', 'encoding', 2);
  assertRefused(bitString, '03 02 08 00', 'encoding', 2);
  assertRefused(bitString, '03 01 01', 'encoding', 2);
});

test('the unused bits of a BIT STRING are zero (X.690, section 11.2.1)', () => {
  assertRefused(bitString, '03 07 04 0A 3B 5F 29 1C D1', 'encoding', 8);
  assertRefused(bitString, '03 02 07 C0', 'encoding', 3);
  assert.throws(() => encode(bitString, { bytes: hex('01'), unusedBits: 1 }), RangeError);
  assert.throws(() => encode(bitString, { bytes: hex(''), unusedBits: 1 }), RangeError);
  assert.throws(() => encode(bitString, { bytes: hex('00'), unusedBits: 8 }), RangeError);
});

test('a BIT STRING of octets has no unused bits', () => {
  assertBothWays(bitStringOctets, '03 03 00 01 FF', hex('01FF'));
  assertRefused(bitStringOctets, '03 02 01 FE', 'value', 2);
});

test('named bits are counted from the first, with trailing zeros absent (X.690, section 11.2.2)', () => {
  const keyUsage = flags({ digitalSignature: 0, keyCertSign: 5, cRLSign: 6, decipherOnly: 8 });
  const none = { digitalSignature: false, keyCertSign: false, cRLSign: false, decipherOnly: false };
  assertBothWays(keyUsage, '03 01 00', none);
  assertBothWays(keyUsage, '03 02 01 06', { ...none, keyCertSign: true, cRLSign: true });
  assertBothWays(keyUsage, '03 02 07 80', { ...none, digitalSignature: true });
  assertBothWays(keyUsage, '03 03 07 80 80', { ...none, digitalSignature: true, decipherOnly: true });
  assertRefused(keyUsage, '03 02 00 06', 'encoding', 3);
  assertRefused(keyUsage, '03 03 07 80 00', 'encoding', 4);
  assertRefused(keyUsage, '03 02 06 40', 'value', 3);
  assertRefused(keyUsage, '03 05 00 80 00 00 01', 'value', 6);
  assert.throws(() => flags({ a: 1, b: 1 }), RangeError);
  assert.throws(() => flags({ a: -1 }), RangeError);
  const untyped: Grammar<unknown> = keyUsage;
  assert.throws(() => encode(untyped, { digitalSignature: true }), TypeError);
});

test('OCTET STRING is its contents', () => {
  assertBothWays(octetString, '04 00', hex(''));
  assertBothWays(octetString, '04 03 01 02 03', hex('010203'));
});

test('any is one whole element, whatever it is', () => {
  assertBothWays(any, '05 00', hex('0500'));
  assertBothWays(any, '30 03 02 01 05', hex('3003020105'));
  assertBothWays(any, 'BF 81 00 00', hex('BF810000'));
  assertRefused(any, '00 00', 'encoding', 0);
  assertRefused(any, '30 03 02 01', 'truncated', 0);
  assert.throws(() => encode(any, hex('0500 00')), RangeError);
  assert.throws(() => encode(any, hex('05')), RangeError);
});
