import { type Cursor, cursorOver, FAILED, fail, openAny } from './cursor.ts';
import { type Grammar, primitive } from './grammar.ts';
import { defaultLimits } from './limits.ts';
import { toHex } from './octets.ts';
import { type Tag, universal } from './tag.ts';
import { putOctet, putOctets, refuseRange, refuseType, requireBytes, type Writer } from './writer.ts';

/** BOOLEAN: 00 or FF, as DER has it (X.690, sections 8.2 and 11.1). */
export const boolean: Grammar<boolean> = primitive({
  name: 'BOOLEAN',
  tag: universal.boolean,
  shape: { kind: 'boolean' },
  contents(cursor, start, end) {
    const octet = cursor.bytes[start];
    if (end - start !== 1 || (octet !== 0x00 && octet !== 0xff)) {
      return fail(
        cursor,
        'encoding',
        start,
        'the one octet 00 or FF',
        end - start === 1 ? `${octet}` : `${end - start} octets`,
      );
    }
    return octet === 0xff;
  },
  putContents(writer, value) {
    if (typeof value !== 'boolean') refuseType(writer, 'a boolean', value);
    putOctet(writer, value ? 0xff : 0x00);
  },
});

/** INTEGER of any size, as a bigint (X.690, section 8.3). */
export const integer: Grammar<bigint> = primitive({
  name: 'INTEGER',
  tag: universal.integer,
  shape: { kind: 'integer' },
  contents(cursor, start, end) {
    return isMinimal(cursor, start, end) ? toBigint(cursor.bytes, start, end) : FAILED;
  },
  putContents(writer, value) {
    if (typeof value !== 'bigint') refuseType(writer, 'a bigint', value);
    putBigint(writer, value);
  },
});

/**
 * INTEGER within `min` to `max` (both included, both safe integers), as a number. By default all safe integers.
 */
export function smallInteger(
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): Grammar<number> {
  if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min > max) {
    throw new RangeError(`smallInteger needs safe integers in order, not ${min} and ${max}`);
  }
  const expected = `an integer from ${min} to ${max}`;
  return primitive({
    name: 'INTEGER',
    tag: universal.integer,
    shape: { kind: 'smallInteger', min, max },
    contents(cursor, start, end) {
      if (!isMinimal(cursor, start, end)) return FAILED;
      const value = toNumber(cursor.bytes, start, end);
      if (value >= min && value <= max) return value;
      return fail(
        cursor,
        'value',
        start,
        expected,
        Number.isSafeInteger(value) ? `${value}` : 'a larger number',
      );
    },
    putContents(writer, value) {
      if (typeof value !== 'number') refuseType(writer, 'a number', value);
      if (!Number.isInteger(value) || value < min || value > max) refuseRange(writer, expected);
      putNumber(writer, value);
    },
  });
}

/** ENUMERATED: the name of one of the listed numbers (X.690, section 8.4). Other numbers are refused. */
export function enumerated<const N extends Readonly<Record<string, number>>>(
  numbers: N,
): Grammar<keyof N & string> {
  return named('ENUMERATED', universal.enumerated, numbers);
}

/** INTEGER restricted to named numbers, such as a version: the name of one of them. Other numbers are refused. */
export function namedInteger<const N extends Readonly<Record<string, number>>>(
  numbers: N,
): Grammar<keyof N & string> {
  return named('INTEGER', universal.integer, numbers);
}

/** NULL (X.690, section 8.8). */
export const nul: Grammar<null> = primitive({
  name: 'NULL',
  tag: universal.null,
  shape: { kind: 'nul' },
  contents(cursor, start, end) {
    return start === end ? null : fail(cursor, 'encoding', start, 'no contents', `${end - start} octets`);
  },
  putContents(writer, value) {
    if (value !== null) refuseType(writer, 'null', value);
  },
});

/** OCTET STRING (X.690, section 8.7). The decoded value is a view into the input. */
export const octetString: Grammar<Uint8Array> = primitive({
  name: 'OCTET STRING',
  tag: universal.octetString,
  shape: { kind: 'octetString' },
  contents: (cursor, start, end) => cursor.bytes.subarray(start, end),
  putContents(writer, value) {
    requireBytes(writer, value);
    putOctets(writer, value);
  },
});

/** One element of any type, header included, as it stands. What its contents hold is not looked at. */
export const any: Grammar<Uint8Array> = {
  kind: 'grammar',
  name: 'any element',
  shape: { kind: 'any' },
  starts: { kind: 'anything' },
  taggable: false,
  selectors: [],
  read(cursor) {
    const start = cursor.pos;
    const end = openAny(cursor);
    if (end < 0) return FAILED;
    cursor.pos = end;
    return cursor.bytes.subarray(start, end);
  },
  write(writer, value) {
    requireBytes(writer, value);
    if (!isOneElement(value)) refuseRange(writer, 'one whole DER element');
    putOctets(writer, value);
  },
};

function isOneElement(bytes: Uint8Array): boolean {
  const cursor = cursorOver(bytes, defaultLimits);
  return openAny(cursor) === bytes.length;
}

/** Either kind of named number; the name is the value, so that code compares words and not codes. */
function named<N extends Readonly<Record<string, number>>>(
  name: string,
  tag: Tag,
  numbers: N,
): Grammar<keyof N & string> {
  const byNumber = new Map<number, keyof N & string>();
  for (const key in numbers) {
    const number = numbers[key];
    if (number === undefined || !Number.isSafeInteger(number))
      throw new RangeError(`${key} needs a safe integer`);
    if (byNumber.has(number)) throw new RangeError(`two names for the number ${number}`);
    byNumber.set(number, key);
  }
  const expected = `one of ${[...byNumber.values()].join(', ')}`;
  return primitive({
    name,
    tag,
    shape: { kind: 'named', names: [...byNumber.values()] },
    contents(cursor, start, end) {
      if (!isMinimal(cursor, start, end)) return FAILED;
      const number = toNumber(cursor.bytes, start, end);
      return byNumber.get(number) ?? fail(cursor, 'value', start, expected, describeNumber(number));
    },
    putContents(writer, value) {
      if (typeof value !== 'string') refuseType(writer, 'a name', value);
      const number = Object.hasOwn(numbers, value) ? numbers[value] : undefined;
      if (number === undefined) refuseRange(writer, expected);
      putNumber(writer, number);
    },
  });
}

/** Whether the contents are an integer in the fewest octets (X.690, section 8.3.2); leaves a failure if not. */
function isMinimal(cursor: Cursor, start: number, end: number): boolean {
  const first = cursor.bytes[start] ?? 0;
  const second = cursor.bytes[start + 1] ?? 0;
  if (start === end) {
    fail(cursor, 'encoding', start, 'at least one octet', 'no contents');
    return false;
  }
  if (end - start > 1 && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    fail(cursor, 'encoding', start, 'an integer in the fewest octets', 'a redundant leading octet');
    return false;
  }
  return true;
}

/** The two's complement integer; exact when safe, and otherwise some number outside of the safe range. */
function toNumber(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] ?? 0;
  let value = first >= 0x80 ? first - 0x100 : first;
  for (let i = start + 1; i < end; i++) value = value * 0x100 + (bytes[i] ?? 0);
  return value;
}

function describeNumber(value: number): string {
  return Number.isSafeInteger(value) ? `${value}` : 'a number beyond 53 bits';
}

function toBigint(bytes: Uint8Array, start: number, end: number): bigint {
  if (end - start <= 6) return BigInt(toNumber(bytes, start, end));
  const value = BigInt(`0x${toHex(bytes, start, end)}`);
  return (bytes[start] ?? 0) >= 0x80 ? BigInt.asIntN(8 * (end - start), value) : value;
}

function putNumber(writer: Writer, value: number): void {
  let rest = value;
  let octet: number;
  do {
    // Divided, not shifted: safe integers are wider than the 32 bits of a shift.
    octet = ((rest % 0x100) + 0x100) % 0x100;
    putOctet(writer, octet);
    rest = Math.floor(rest / 0x100);
  } while (!(rest === 0 && octet < 0x80) && !(rest === -1 && octet >= 0x80));
}

function putBigint(writer: Writer, value: bigint): void {
  const magnitude = (value < 0n ? ~value : value).toString(2).length;
  // One bit more than the magnitude, for the sign. Zero has magnitude '0', of one digit, and takes one octet too.
  const octets = (magnitude >> 3) + 1;
  const digits = BigInt.asUintN(8 * octets, value)
    .toString(16)
    .padStart(2 * octets, '0');
  for (let i = digits.length; i > 0; i -= 2) putOctet(writer, Number.parseInt(digits.slice(i - 2, i), 16));
}
