import { type Cursor, FAILED, type Failed, fail } from './cursor.ts';
import { type Grammar, primitive } from './grammar.ts';
import { universal } from './tag.ts';
import { putOctet, putOctets, refuseRange, refuseType, requireBytes, requireObject } from './writer.ts';

/** A string of `8 * bytes.length - unusedBits` bits, the first in the high bit of the first octet. */
export interface BitString {
  readonly bytes: Uint8Array;
  /** How many low bits of the last octet do not count: 0 to 7. They are zero. */
  readonly unusedBits: number;
}

/** BIT STRING (X.690, sections 8.6 and 11.2). The decoded bytes are a view into the input. */
export const bitString: Grammar<BitString> = primitive({
  name: 'BIT STRING',
  tag: universal.bitString,
  shape: { kind: 'bitString' },
  contents(cursor, start, end) {
    const unusedBits = readUnusedBits(cursor, start, end);
    return unusedBits === FAILED ? FAILED : { bytes: cursor.bytes.subarray(start + 1, end), unusedBits };
  },
  putContents(writer, value) {
    requireObject(writer, value);
    const { bytes, unusedBits } = value;
    requireBytes(writer, bytes);
    if (!Number.isInteger(unusedBits) || unusedBits < 0 || unusedBits > 7)
      refuseRange(writer, '0 to 7 unused bits');
    const last = bytes.at(-1);
    if (last === undefined ? unusedBits > 0 : (last & ((1 << unusedBits) - 1)) !== 0) {
      refuseRange(writer, 'unused bits that exist and are zero');
    }
    putOctets(writer, bytes);
    putOctet(writer, unusedBits);
  },
});

/** BIT STRING of whole octets, such as a signature or a public key. The decoded value is a view into the input. */
export const bitStringOctets: Grammar<Uint8Array> = primitive({
  name: 'BIT STRING of whole octets',
  tag: universal.bitString,
  shape: { kind: 'bitStringOctets' },
  contents(cursor, start, end) {
    const unusedBits = readUnusedBits(cursor, start, end);
    if (unusedBits === FAILED) return FAILED;
    if (unusedBits > 0) return fail(cursor, 'value', start, 'whole octets', `${unusedBits} unused bits`);
    return cursor.bytes.subarray(start + 1, end);
  },
  putContents(writer, value) {
    requireBytes(writer, value);
    putOctets(writer, value);
    putOctet(writer, 0);
  },
});

/**
 * BIT STRING with a named bit list, such as KeyUsage: which of the named bits are set.
 *
 * `bits` gives each name its bit number, counted from the first bit. Trailing zero bits are absent (X.690, section
 * 11.2.2). A set bit without a name is refused: it could not be written back.
 */
export function flags<const B extends Readonly<Record<string, number>>>(
  bits: B,
): Grammar<{ readonly [K in keyof B]: boolean }>;
export function flags(bits: Readonly<Record<string, number>>): Grammar<Readonly<Record<string, boolean>>> {
  const names = Object.keys(bits);
  const named = new Set(Object.values(bits));
  if (named.size < names.length) throw new RangeError('two names for one bit');
  for (const bit of named) {
    if (!Number.isInteger(bit) || bit < 0 || bit > 255)
      throw new RangeError(`${bit} is no bit number from 0 to 255`);
  }
  return primitive<Readonly<Record<string, boolean>>>({
    name: 'BIT STRING of named bits',
    tag: universal.bitString,
    shape: { kind: 'flags', names },
    contents(cursor, start, end) {
      const unusedBits = readUnusedBits(cursor, start, end);
      if (unusedBits === FAILED) return FAILED;
      const { bytes } = cursor;
      const length = 8 * (end - start - 1) - unusedBits;
      if (length > 0 && !bitAt(bytes, start + 1, length - 1)) {
        return fail(cursor, 'encoding', end - 1, 'no trailing zero bits', 'some');
      }
      for (let bit = 0; bit < length; bit++) {
        if (!named.has(bit) && bitAt(bytes, start + 1, bit)) {
          return fail(cursor, 'value', start + 1 + (bit >> 3), `bits of ${names.join(', ')}`, `bit ${bit}`);
        }
      }
      const value: Record<string, boolean> = {};
      for (const name in bits) {
        const bit = bits[name] ?? 0;
        value[name] = bit < length && bitAt(bytes, start + 1, bit);
      }
      return value;
    },
    putContents(writer, value) {
      requireObject(writer, value);
      const set: number[] = [];
      for (const name in bits) {
        if (typeof value[name] !== 'boolean') refuseType(writer, `a boolean for ${name}`, value[name]);
        if (value[name]) set.push(bits[name] ?? 0);
      }
      const length = Math.max(-1, ...set) + 1;
      const octets = new Uint8Array((length + 7) >> 3);
      for (const bit of set) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
      putOctets(writer, octets);
      putOctet(writer, 8 * octets.length - length);
    },
  });
}

/** The checked leading octet of a BIT STRING's contents (X.690, sections 8.6.2 and 11.2.1). */
export function readUnusedBits(cursor: Cursor, start: number, end: number): number | Failed {
  const { bytes } = cursor;
  if (start === end) return fail(cursor, 'encoding', start, 'a count of unused bits', 'no contents');
  const unusedBits = bytes[start] ?? 0;
  if (unusedBits > 7 || (unusedBits > 0 && end - start === 1)) {
    return fail(cursor, 'encoding', start, 'a count of unused bits there are', `${unusedBits}`);
  }
  if (((bytes[end - 1] ?? 0) & ((1 << unusedBits) - 1)) !== 0) {
    return fail(cursor, 'encoding', end - 1, 'unused bits of zero', 'some set');
  }
  return unusedBits;
}

function bitAt(bytes: Uint8Array, start: number, bit: number): boolean {
  return ((bytes[start + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
}
