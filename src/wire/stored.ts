import { nameOf } from '../codepoints.ts';
import { type Codec, refuse, uint8, uint16, uint32 } from './codec.ts';

// What this library writes for itself to read needs a little more than the presentation language has.

/** One byte, 0 or 1. */
export const boolean: Codec<boolean> = {
  shape: { kind: 'oneOf', values: [false, true] },
  read: (cursor) => {
    const byte = uint8.read(cursor);
    if (byte > 1) refuse(cursor, '0 or 1', `${byte}`);
    return byte === 1;
  },
  write: (value, out) => uint8.write(value ? 1 : 0, out),
};

/** A value that may be missing: whether it is there, then the value. */
export function optional<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    shape: { kind: 'optional', item: item.shape },
    read: (cursor) => (boolean.read(cursor) ? item.read(cursor) : undefined),
    write: (value, out) => {
      boolean.write(value !== undefined, out);
      if (value !== undefined) item.write(value, out);
    },
  };
}

/** Byte strings that are copies: what a caller is given must not share a buffer with secrets. */
export function copied(inner: Codec<Uint8Array>): Codec<Uint8Array> {
  return { ...inner, read: (cursor) => inner.read(cursor).slice() };
}

/** One of the names of a table, as its number in two bytes. */
export function named<Name extends string>(table: Readonly<Record<Name, number>>): Codec<Name> {
  const names = namesOf(table);
  const [first] = names;
  if (first === undefined) throw new RangeError('a table without names');
  return {
    shape: { kind: 'oneOf', values: names },
    read: (cursor) => {
      const code = uint16.read(cursor);
      const name = nameOf(table, code);
      if (name === undefined) refuse(cursor, `a code for one of ${names.join(', ')}`, `${code}`);
      return name ?? first;
    },
    write: (value, out) => uint16.write(table[value], out),
  };
}

/** A whole number in eight bytes, at most 2^53 - 1: beyond that a JS number is not exact. */
export const safeInteger: Codec<number> = {
  shape: { kind: 'uint', bytes: 4 },
  read: (cursor) => {
    const value = uint32.read(cursor) * 2 ** 32 + uint32.read(cursor);
    if (!Number.isSafeInteger(value)) refuse(cursor, 'at most 2^53 - 1', `${value}`);
    return value;
  },
  write: (value, out) => {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not from 0 to 2^53 - 1`);
    uint32.write(Math.floor(value / 2 ** 32), out);
    uint32.write(value % 2 ** 32, out);
  },
};

function namesOf<Name extends string>(table: Readonly<Record<Name, number>>): readonly Name[] {
  const names: Name[] = [];
  for (const name in table) names.push(name);
  return names;
}
