import { type Cursor, type Failed, fail } from './cursor.ts';
import { type Grammar, primitive, type StringType } from './grammar.ts';
import { type Tag, universal } from './tag.ts';
import { putOctets, refuseRange, refuseType } from './writer.ts';

/** UTF8String: any Unicode text without lone surrogates. */
export const utf8String: Grammar<string> = stringGrammar('UTF8String', universal.utf8String, {
  read(cursor, start, end) {
    const ascii = asciiText(cursor.bytes, start, end);
    if (ascii !== undefined) return ascii;
    try {
      return utf8Decoder.decode(cursor.bytes.subarray(start, end));
    } catch {
      return fail(cursor, 'value', start, 'well-formed UTF-8', 'other octets');
    }
  },
  admits: (text) => !/\p{Surrogate}/u.test(text),
  write: (text) => utf8Encoder.encode(text),
});

/** NumericString: digits and space (X.680, table 9). */
export const numericString: Grammar<string> = octetPerCharacter(
  'NumericString',
  universal.numericString,
  /[0-9 ]/,
);

/** PrintableString: letters, digits, space and `' ( ) + , - . / : = ?` (X.680, table 10). */
export const printableString: Grammar<string> = octetPerCharacter(
  'PrintableString',
  universal.printableString,
  /[A-Za-z0-9 '()+,\-./:=?]/,
);

/** IA5String: ASCII with its control characters, NUL included: a host name needs a check of its own. */
export const ia5String: Grammar<string> = octetPerCharacter('IA5String', universal.ia5String, /[\0-\x7f]/);

/** VisibleString: ASCII without control characters. */
export const visibleString: Grammar<string> = octetPerCharacter(
  'VisibleString',
  universal.visibleString,
  /[ -~]/,
);

/**
 * TeletexString, read as ISO 8859-1 as all known software does, without control characters.
 *
 * The standard's T.61 can switch character sets by escape sequences. Refusing controls refuses those, so a text
 * that Latin-1 would misread is never shown as something else.
 */
export const teletexString: Grammar<string> = octetPerCharacter(
  'TeletexString',
  universal.teletexString,
  /[ -~\xa0-\xff]/,
);

/** BMPString: two octets a character, so the Basic Multilingual Plane only; surrogates are not characters. */
export const bmpString: Grammar<string> = octetsPerCharacter('BMPString', universal.bmpString, 2);

/** UniversalString: four octets a character, any Unicode text without surrogates. */
export const universalString: Grammar<string> = octetsPerCharacter(
  'UniversalString',
  universal.universalString,
  4,
);

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8Encoder = new TextEncoder();

interface Charset {
  read(cursor: Cursor, start: number, end: number): string | Failed;
  /** Whether every character of the text has an encoding. */
  admits(text: string): boolean;
  write(text: string): Uint8Array;
}

function stringGrammar(type: StringType, tag: Tag, charset: Charset): Grammar<string> {
  return primitive({
    name: type,
    tag,
    shape: { kind: 'string', type },
    contents: charset.read,
    putContents(writer, value) {
      if (typeof value !== 'string') refuseType(writer, 'a string', value);
      if (!charset.admits(value)) refuseRange(writer, `characters of ${type}`);
      putOctets(writer, charset.write(value));
    },
  });
}

/** A type with one octet for each character of `allowed`, numbered as in ISO 8859-1. */
function octetPerCharacter(type: StringType, tag: Tag, allowed: RegExp): Grammar<string> {
  const isAllowed = Array.from({ length: 256 }, (_, octet) => allowed.test(String.fromCharCode(octet)));
  return stringGrammar(type, tag, {
    read(cursor, start, end) {
      for (let i = start; i < end; i++) {
        const octet = cursor.bytes[i] ?? 0;
        if (!isAllowed[octet]) return fail(cursor, 'value', i, `a character of ${type}`, `octet ${octet}`);
      }
      return latin1Text(cursor.bytes, start, end);
    },
    admits: (text) => {
      for (let i = 0; i < text.length; i++) if (!isAllowed[text.charCodeAt(i)]) return false;
      return true;
    },
    write: (text) => Uint8Array.from(text, (character) => character.charCodeAt(0)),
  });
}

/** A type with `width` octets, big-endian, for each code point. */
function octetsPerCharacter(type: StringType, tag: Tag, width: 2 | 4): Grammar<string> {
  const last = width === 2 ? 0xffff : 0x10_ffff;
  return stringGrammar(type, tag, {
    read(cursor, start, end) {
      if ((end - start) % width !== 0) {
        return fail(cursor, 'value', start, `${width} octets for each character`, `${end - start} octets`);
      }
      let text = '';
      for (let i = start; i < end; i += width) {
        let point = 0;
        for (let j = i; j < i + width; j++) point = point * 0x100 + (cursor.bytes[j] ?? 0);
        if (point > last || (point >= 0xd800 && point <= 0xdfff)) {
          return fail(cursor, 'value', i, `a character of ${type}`, `code point ${point.toString(16)}`);
        }
        text += String.fromCodePoint(point);
      }
      return text;
    },
    admits: (text) => (width === 2 ? !/[\ud800-\udfff]/.test(text) : !/\p{Surrogate}/u.test(text)),
    write(text) {
      const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
      const octets = new Uint8Array(width * points.length);
      points.forEach((point, i) => {
        for (let j = 0; j < width; j++) octets[width * i + j] = point >> (8 * (width - 1 - j));
      });
      return octets;
    },
  });
}

function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

/** The text if it is all ASCII. Most names are, and a TextDecoder costs more than they do. */
function asciiText(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let i = start; i < end; i++) if ((bytes[i] ?? 0) >= 0x80) return undefined;
  return latin1Text(bytes, start, end);
}
