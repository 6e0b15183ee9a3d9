import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, oid, relativeOid } from '../../asn1/index.ts';
import { assertBothWays, assertRefused, refused } from './support.ts';

test('an OBJECT IDENTIFIER has its first two arcs in one number', () => {
  assertBothWays(oid, '06 03 88 37 03', '2.999.3'); // X.690, section 8.19.5
  assertBothWays(oid, '06 02 88 37', '2.999');
  assertBothWays(oid, '06 03 81 34 03', '2.100.3');
  assertBothWays(oid, '06 01 00', '0.0');
  assertBothWays(oid, '06 01 27', '0.39');
  assertBothWays(oid, '06 01 28', '1.0');
  assertBothWays(oid, '06 01 4F', '1.39');
  assertBothWays(oid, '06 01 50', '2.0');
  assertBothWays(oid, '06 01 7F', '2.47');
  assertBothWays(oid, '06 02 81 00', '2.48');
});

test('OBJECT IDENTIFIERs in use are read and written', () => {
  assertBothWays(oid, '06 09 60 86 48 01 65 03 04 02 01', '2.16.840.1.101.3.4.2.1'); // RFC 9090, section 2
  assertBothWays(oid, '06 06 2A 86 48 86 F7 0D', '1.2.840.113549'); // rsadsi
  assertBothWays(oid, '06 03 55 1D 13', '2.5.29.19'); // basicConstraints
});

test('an arc keeps all its digits', () => {
  // X.667, section 6.3: a UUID as one arc.
  const uuid = '2.25.329800735698586629295641978511506172918';
  assertBothWays(oid, '06 14 69 83 F0 9D A7 EB CF DE E0 C7 A1 A7 B2 C0 94 8C C8 F9 D7 76', uuid);
  assertBothWays(oid, '06 09 2A 8F FF FF FF FF FF FF 7F', `1.2.${2n ** 53n - 1n}`);
  assertBothWays(oid, '06 09 2A 90 80 80 80 80 80 80 00', `1.2.${2n ** 53n}`);
});

test('a RELATIVE-OID is its arcs (X.690, section 8.20.5)', () => {
  assertBothWays(relativeOid, '0D 04 C2 7B 03 02', '8571.3.2');
  assertBothWays(relativeOid, '0D 01 00', '0');
});

test('an arc is in the fewest octets and complete', () => {
  for (const grammar of [oid, relativeOid]) {
    const tag = grammar === oid ? '06' : '0D';
    assertRefused(grammar, `${tag} 00`, 'encoding', 2);
    assertRefused(grammar, `${tag} 03 2A 80 01`, 'encoding', 3);
    assertRefused(grammar, `${tag} 02 80 01`, 'encoding', 2);
    assertRefused(grammar, `${tag} 02 2A 86`, 'encoding', 3);
  }
});

test('arcs are bounded in number and in length', () => {
  assertBothWays(oid, `06 7F 2A ${'01'.repeat(126)}`, `1.2${'.1'.repeat(126)}`);
  assertRefused(oid, `06 81 80 2A ${'01'.repeat(127)}`, 'limit', 130);
  assertRefused(oid, `06 14 ${'81'.repeat(19)} 01`, 'limit', 2);
  assert.equal(refused(oid, '06 02 2A 03', { oidArcs: 2 }).kind, 'limit');
  assert.throws(() => encode(oid, `1.2${'.1'.repeat(127)}`), RangeError);
  assert.throws(() => encode(oid, `2.${2n ** 133n}`), RangeError);
});

test('text that is no OBJECT IDENTIFIER is not encoded', () => {
  for (const text of [
    '',
    '1',
    '3.1',
    '1.40',
    '0.40.1',
    '1.2.',
    '.1.2',
    '1..2',
    '1.02',
    '1.-2',
    '1.2 ',
    '1.2e3',
  ]) {
    assert.throws(() => encode(oid, text), RangeError, text);
  }
  for (const text of ['', '1.', '01', 'a']) assert.throws(() => encode(relativeOid, text), RangeError, text);
});
