import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bmpString,
  encode,
  type Grammar,
  ia5String,
  numericString,
  printableString,
  teletexString,
  universalString,
  utf8String,
  visibleString,
} from '../../asn1/index.ts';
import { assertBothWays, assertRefused } from './support.ts';

test('UTF8String is well-formed UTF-8, in the shortest form', () => {
  assertBothWays(utf8String, '0C 00', '');
  assertBothWays(utf8String, '0C 05 53 6D 69 74 68', 'Smith');
  assertBothWays(utf8String, '0C 03 E2 82 AC', '€');
  assertBothWays(utf8String, '0C 04 F0 9F 94 92', '🔒');
  assertBothWays(utf8String, '0C 03 EF BB BF', '\ufeff');
  assertRefused(utf8String, '0C 01 80', 'value', 2);
  assertRefused(utf8String, '0C 02 C1 81', 'value', 2);
  assertRefused(utf8String, '0C 03 ED A0 80', 'value', 2);
  assertRefused(utf8String, '0C 04 F4 90 80 80', 'value', 2);
  assert.throws(() => encode(utf8String, 'a\ud800'), RangeError);
});

/** The octet of each character, for the types that have one octet a character. */
const charsets: readonly (readonly [string, Grammar<string>, string])[] = [
  ['12', numericString, '0123456789 '],
  ['13', printableString, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?"],
  ['16', ia5String, textFrom(0x00, 0x7f)],
  ['1A', visibleString, textFrom(0x20, 0x7e)],
  ['14', teletexString, textFrom(0x20, 0x7e) + textFrom(0xa0, 0xff)],
];

for (const [tag, grammar, characters] of charsets) {
  test(`${grammar.name} takes exactly its own characters`, () => {
    for (let octet = 0; octet < 256; octet++) {
      const digits = `${tag} 02 20 ${octet.toString(16).padStart(2, '0')}`;
      const text = ` ${String.fromCharCode(octet)}`;
      if (characters.includes(text.slice(1))) {
        assertBothWays(grammar, digits, text);
      } else {
        assertRefused(grammar, digits, 'value', 3);
        assert.throws(() => encode(grammar, text), RangeError);
      }
    }
    assert.throws(() => encode(grammar, 'Ā'), RangeError);
    assert.throws(() => encode(grammar, '\u{10041}'), RangeError);
  });
}

test('BMPString has two octets for a character of the basic plane', () => {
  assertBothWays(bmpString, '1E 04 00 41 20 AC', 'A€');
  assertBothWays(bmpString, '1E 02 FF FF', '\uffff');
  assertRefused(bmpString, '1E 03 00 41 00', 'value', 2);
  assertRefused(bmpString, '1E 04 D8 3D DD 12', 'value', 2);
  assert.throws(() => encode(bmpString, '🔒'), RangeError);
});

test('UniversalString has four octets for any character', () => {
  assertBothWays(universalString, '1C 08 00 00 00 41 00 01 F5 12', 'A🔒');
  assertBothWays(universalString, '1C 04 00 10 FF FF', '\u{10ffff}');
  assertRefused(universalString, '1C 02 00 41', 'value', 2);
  assertRefused(universalString, '1C 04 00 00 D8 00', 'value', 2);
  assertRefused(universalString, '1C 08 00 00 00 41 00 11 00 00', 'value', 6);
  assertRefused(universalString, '1C 04 FF FF FF FF', 'value', 2);
  assert.throws(() => encode(universalString, '\udc00'), RangeError);
});

function textFrom(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, i) => String.fromCharCode(first + i)).join('');
}
