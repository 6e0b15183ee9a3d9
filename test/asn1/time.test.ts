import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode, generalizedTime, utcTime } from '../../asn1/index.ts';
import { assertBothWays, assertRefused, runs, toHex } from './support.ts';

/** The encoding of a text under a tag, in hexadecimal. */
function text(tag: string, characters: string): string {
  const octets = Buffer.from(characters, 'latin1');
  return tag + octets.length.toString(16).padStart(2, '0') + octets.toString('hex');
}

const utc = (characters: string): string => text('17', characters);
const general = (characters: string): string => text('18', characters);

test('UTCTime spans 1950 to 2049 (RFC 5280, section 4.1.2.5.1)', () => {
  assertBothWays(utcTime, utc('700101000000Z'), 0);
  assertBothWays(utcTime, utc('500101000000Z'), Date.UTC(1950, 0, 1));
  assertBothWays(utcTime, utc('491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59));
  assertBothWays(utcTime, utc('991231235959Z'), Date.UTC(1999, 11, 31, 23, 59, 59));
  assertBothWays(utcTime, utc('000229120000Z'), Date.UTC(2000, 1, 29, 12));
  assert.throws(() => encode(utcTime, Date.UTC(2050, 0, 1)), RangeError);
  assert.throws(() => encode(utcTime, Date.UTC(1949, 11, 31, 23, 59, 59)), RangeError);
});

test('GeneralizedTime spans 0000 to 9999 (RFC 5280, section 4.1.2.5.2)', () => {
  assertBothWays(generalizedTime, general('20500101000000Z'), Date.UTC(2050, 0, 1));
  assertBothWays(generalizedTime, general('99991231235959Z'), Date.UTC(9999, 11, 31, 23, 59, 59));
  assertBothWays(generalizedTime, general('19691231235959Z'), -1000);
  assertBothWays(generalizedTime, general('00000101000000Z'), Date.parse('0000-01-01T00:00:00Z'));
  assertBothWays(generalizedTime, general('00000229000000Z'), Date.parse('0000-02-29T00:00:00Z'));
  assert.throws(() => encode(generalizedTime, Date.UTC(10000, 0, 1)), RangeError);
});

test('a time has seconds, Z and no fraction', () => {
  for (const form of [
    '9912312359Z',
    '991231235959',
    '991231235959+0000',
    '991231235959.5Z',
    '99123123595Z',
    '',
  ]) {
    assertRefused(utcTime, utc(form), 'encoding', 2);
  }
  for (const form of [
    '199912312359Z',
    '19991231235959',
    '19991231235959.5Z',
    '991231235959Z',
    '19991231235959z',
  ]) {
    assertRefused(generalizedTime, general(form), 'encoding', 2);
  }
  assertRefused(utcTime, utc('9912312359+9Z'), 'encoding', 12);
  assertRefused(utcTime, utc(' 91231235959Z'), 'encoding', 2);
});

test('a time is on the calendar and the clock', () => {
  assertRefused(utcTime, utc('990031000000Z'), 'value', 4);
  assertRefused(utcTime, utc('991331000000Z'), 'value', 4);
  assertRefused(utcTime, utc('990100000000Z'), 'value', 6);
  assertRefused(utcTime, utc('990132000000Z'), 'value', 6);
  assertRefused(utcTime, utc('990431000000Z'), 'value', 6);
  assertRefused(utcTime, utc('990229000000Z'), 'value', 6);
  assertRefused(generalizedTime, general('19000229000000Z'), 'value', 8);
  assertRefused(generalizedTime, general('20230229000000Z'), 'value', 8);
  assertRefused(utcTime, utc('990101240000Z'), 'value', 8);
  assertRefused(utcTime, utc('990101006000Z'), 'value', 10);
  assertRefused(utcTime, utc('161231235960Z'), 'value', 12);
});

test('a time between seconds is not encoded', () => {
  for (const value of [1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => encode(generalizedTime, value), RangeError);
  }
});

test('every year ends one second before the next begins', () => {
  for (let year = 1; year <= 9999; year++) {
    const digits = (of: number): string => `${of}`.padStart(4, '0');
    const start = Date.parse(`${digits(year)}-01-01T00:00:00Z`);
    assert.equal(toHex(encode(generalizedTime, start)), general(`${digits(year)}0101000000Z`));
    assert.equal(toHex(encode(generalizedTime, start - 1000)), general(`${digits(year - 1)}1231235959Z`));
  }
});

test('times agree with the calendar of Date', () => {
  fc.assert(
    fc.property(fc.bigInt(-62167219200n, 253402300799n), (seconds) => {
      const instant = Number(seconds) * 1000;
      const written = new Date(instant).toISOString().replace(/\.\d+|[-:T]/g, '');
      assert.equal(toHex(encode(generalizedTime, instant)), general(written));
      assertBothWays(generalizedTime, general(written), instant);
    }),
    runs(500),
  );
});
