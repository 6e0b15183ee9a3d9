import { err, ok, type Result } from '../../x509/index.ts';

/**
 * The presentation language of RFC 9846 §3 as values: a `Codec<T>` reads and writes one structure, so that a message
 * is described once. `shape` says the same as data, for the tests' generators.
 */
export interface Codec<T> {
  readonly shape: Shape;
  /** Reads a value and moves the cursor past it. After a failure it returns some value that nobody may look at. */
  readonly read: (cursor: Cursor) => T;
  /** Appends the bytes of a value. A value outside the structure's bounds is a RangeError (the caller's bug). */
  readonly write: (value: T, out: Writer) => void;
}

export type Shape =
  | { readonly kind: 'uint'; readonly bytes: 1 | 2 | 3 | 4 }
  | { readonly kind: 'opaque'; readonly min: number; readonly max: number }
  | { readonly kind: 'text'; readonly min: number; readonly max: number }
  | { readonly kind: 'vector'; readonly item: Shape; readonly min: number; readonly max: number }
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [string, Shape])[] }
  | { readonly kind: 'oneOf'; readonly values: readonly (string | boolean)[] }
  | { readonly kind: 'optional'; readonly item: Shape }
  /** A tag and what it announces; what a tag outside of the cases announces. */
  | {
      readonly kind: 'tagged';
      readonly tag: Shape;
      readonly cases: readonly { readonly kind: string; readonly tag: number; readonly shape: Shape }[];
      readonly unknown: Shape;
    }
  /** A TLS extension: the name and shape of each that is known where it stands. */
  | {
      readonly kind: 'extension';
      readonly known: readonly { readonly name: string; readonly shape: Shape }[];
    };

/** Where and why reading stopped. */
export interface WireError {
  readonly offset: number;
  readonly path: readonly string[];
  readonly expected: string;
  readonly found: string;
}

/** Reads exactly one value from all of `bytes`. Byte strings in the result are views into `bytes`. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): Result<T, WireError> {
  const cursor = openCursor(bytes);
  const value = codec.read(cursor);
  if (cursor.error === undefined && cursor.offset !== cursor.end) {
    refuse(cursor, 'the end of the structure', `${cursor.end - cursor.offset} more bytes`);
  }
  return cursor.error === undefined ? ok(value) : err(cursor.error);
}

/** The bytes of a value, with `space` bytes left free before them. */
export function encode<T>(codec: Codec<T>, value: T, space = 0): Uint8Array {
  const out: Writer = { bytes: new Uint8Array(256), length: space };
  codec.write(value, out);
  return out.bytes.slice(0, out.length);
}

/** A reading position. It lives inside one `decode` and is never shared. */
export interface Cursor {
  readonly bytes: Uint8Array;
  offset: number;
  end: number;
  readonly path: string[];
  /** The first failure; while it stands, every read returns at once. */
  error: WireError | undefined;
}

/** A growing output. It lives inside one `encode`. */
export interface Writer {
  bytes: Uint8Array;
  length: number;
}

export const uint8: Codec<number> = uint(1);
export const uint16: Codec<number> = uint(2);
export const uint24: Codec<number> = uint(3);
export const uint32: Codec<number> = uint(4);

/** `opaque name[length]` */
export function opaqueFixed(length: number): Codec<Uint8Array> {
  return {
    shape: { kind: 'opaque', min: length, max: length },
    read: (cursor) => take(cursor, length),
    write: (value, out) => {
      checkBounds(value.length, length, length);
      append(out, value);
    },
  };
}

/** All bytes to the end of the enclosing structure. */
export const opaqueRest: Codec<Uint8Array> = {
  shape: { kind: 'opaque', min: 0, max: 0xffff },
  read: (cursor) => take(cursor, cursor.end - cursor.offset),
  write: (value, out) => append(out, value),
};

/** `opaque name<min..max>` */
export function opaque(min: number, max: number): Codec<Uint8Array> {
  const width = lengthWidth(max);
  return {
    shape: { kind: 'opaque', min, max },
    read: (cursor) => take(cursor, readLength(cursor, width, min, max)),
    write: (value, out) => {
      checkBounds(value.length, min, max);
      appendUint(out, value.length, width);
      append(out, value);
    },
  };
}

/** `opaque name<min..max>` as a string with one character for each byte. */
export function text(min: number, max: number): Codec<string> {
  const inner = opaque(min, max);
  return {
    shape: { kind: 'text', min, max },
    read: (cursor) => characters(inner.read(cursor)),
    write: (value, out) => inner.write(octets(value), out),
  };
}

/** `Item name<min..max>`; the bounds count bytes, as in the RFC. */
export function vector<T>(item: Codec<T>, min: number, max: number): Codec<readonly T[]> {
  const width = lengthWidth(max);
  return {
    shape: { kind: 'vector', item: item.shape, min, max },
    read: (cursor) => {
      const length = readLength(cursor, width, min, max);
      return within(cursor, length, () => {
        const items: T[] = [];
        while (cursor.error === undefined && cursor.offset < cursor.end) {
          cursor.path.push(`${items.length}`);
          items.push(item.read(cursor));
          if (cursor.error === undefined) cursor.path.pop();
        }
        return items;
      });
    },
    write: (items, out) =>
      withLength(out, width, min, max, () => {
        for (const value of items) item.write(value, out);
      }),
  };
}

/** A value wrapped in a length of its own: `opaque name<min..max>` that holds a structure. */
export function prefixed<T>(inner: Codec<T>, min: number, max: number): Codec<T> {
  const width = lengthWidth(max);
  return {
    shape: inner.shape,
    read: (cursor) => within(cursor, readLength(cursor, width, min, max), () => inner.read(cursor)),
    write: (value, out) => withLength(out, width, min, max, () => inner.write(value, out)),
  };
}

/** A list at the end of a structure that may be missing altogether; an absent list reads as an empty one. */
export function optionalBlock<T>(list: Codec<readonly T[]>): Codec<readonly T[]> {
  return {
    shape: list.shape,
    read: (cursor) => (cursor.offset === cursor.end ? [] : list.read(cursor)),
    write: list.write,
  };
}

/** `struct { … }`: the fields in the order of the object literal. */
export function struct<T extends object>(
  fields: { readonly [K in keyof T]: Codec<T[K]> },
): Codec<Readonly<T>> {
  const shapes: (readonly [string, Shape])[] = [];
  for (const name in fields) shapes.push([name, fields[name].shape]);
  return {
    shape: { kind: 'struct', fields: shapes },
    read: (cursor) => {
      const value: Partial<T> = {};
      for (const name in fields) {
        cursor.path.push(name);
        value[name] = fields[name].read(cursor);
        if (cursor.error !== undefined) break;
        cursor.path.pop();
      }
      // Complete unless the cursor failed, and then nobody looks at it.
      return value as T;
    },
    write: (value, out) => {
      for (const name in fields) fields[name].write(value[name], out);
    },
  };
}

/** A value of {@link tagged}: one of the cases, or `unknown` and raw. */
export type Tagged<T> =
  | { readonly [K in keyof T]: { readonly kind: K; readonly value: T[K] } }[keyof T]
  | { readonly kind: 'unknown'; readonly tag: number; readonly data: Uint8Array };

/** `select (tag)`: the tag, then what it announces. A tag that no case has reads as `unknown`, its data by `unknown`. */
export function tagged<T extends object>(
  tag: Codec<number>,
  cases: { readonly [K in keyof T]: readonly [number, Codec<T[K]>] },
  unknown: Codec<Uint8Array>,
): Codec<Tagged<T>> {
  const kinds: (keyof T & string)[] = [];
  const rows: { readonly kind: string; readonly tag: number; readonly shape: Shape }[] = [];
  for (const kind in cases) {
    const [number, body] = cases[kind];
    kinds.push(kind);
    rows.push({ kind, tag: number, shape: body.shape });
  }
  return {
    shape: { kind: 'tagged', tag: tag.shape, cases: rows, unknown: unknown.shape },
    read: (cursor) => {
      const number = tag.read(cursor);
      const kind = kinds.find((candidate) => cases[candidate][0] === number);
      return kind === undefined
        ? { kind: 'unknown', tag: number, data: unknown.read(cursor) }
        : { kind, value: cases[kind][1].read(cursor) };
    },
    write: (value, out) => {
      if (value.kind === 'unknown') {
        // A case called `unknown` would be ambiguous, and TypeScript cannot see that there is none.
        const { tag: number, data } = value as { readonly tag: number; readonly data: Uint8Array };
        tag.write(number, out);
        unknown.write(data, out);
        return;
      }
      // As for extensions: { kind: K, value: T[K] } for one K.
      const { kind, value: body } = value as { readonly kind: keyof T; readonly value: T[keyof T] };
      const [number, codec] = cases[kind];
      tag.write(number, out);
      codec.write(body, out);
    },
  };
}

/** Stops the cursor with an error, unless it has one already. */
export function refuse(cursor: Cursor, expected: string, found: string): void {
  cursor.error ??= { offset: cursor.offset, path: [...cursor.path], expected, found };
}

/** Opens a cursor over all of `bytes`. */
function openCursor(bytes: Uint8Array): Cursor {
  return { bytes, offset: 0, end: bytes.length, path: [], error: undefined };
}

/** Runs `read` on the next `length` bytes, all of which it must use. */
function within<T>(cursor: Cursor, length: number, read: () => T): T {
  const { end } = cursor;
  cursor.end = cursor.offset + length;
  const value = read();
  if (cursor.error === undefined && cursor.offset !== cursor.end) {
    refuse(cursor, 'the end of the structure', `${cursor.end - cursor.offset} more bytes`);
  }
  cursor.end = end;
  return value;
}

/** Runs `write` and puts the length of what it wrote before it. */
function withLength(out: Writer, width: 1 | 2 | 3, min: number, max: number, write: () => void): void {
  const start = out.length;
  appendUint(out, 0, width);
  write();
  const length = out.length - start - width;
  checkBounds(length, min, max);
  for (let i = 0; i < width; i++) out.bytes[start + i] = length >>> (8 * (width - 1 - i));
}

function uint(bytes: 1 | 2 | 3 | 4): Codec<number> {
  return {
    shape: { kind: 'uint', bytes },
    read: (cursor) => readUint(cursor, bytes),
    write: (value, out) => {
      checkBounds(value, 0, 256 ** bytes - 1);
      appendUint(out, value, bytes);
    },
  };
}

/** One by one: a spread of 65,535 arguments is more than some engines take. */
function characters(bytes: Uint8Array): string {
  let value = '';
  for (const byte of bytes) value += String.fromCharCode(byte);
  return value;
}

function octets(value: string): Uint8Array {
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i++) bytes[i] = value.charCodeAt(i);
  return bytes;
}

function lengthWidth(max: number): 1 | 2 | 3 {
  return max < 1 << 8 ? 1 : max < 1 << 16 ? 2 : 3;
}

function readUint(cursor: Cursor, width: 1 | 2 | 3 | 4): number {
  const start = cursor.offset;
  if (!available(cursor, width)) return 0;
  cursor.offset = start + width;
  let value = 0;
  // Multiplication, not a shift: a uint32 must not turn negative.
  for (let i = start; i < start + width; i++) value = value * 256 + (cursor.bytes[i] ?? 0);
  return value;
}

function readLength(cursor: Cursor, width: 1 | 2 | 3, min: number, max: number): number {
  const start = cursor.offset;
  const length = readUint(cursor, width);
  if (cursor.error !== undefined) return 0;
  if (length < min || length > max) {
    cursor.offset = start;
    refuse(cursor, `a length from ${min} to ${max}`, `${length}`);
    return 0;
  }
  return available(cursor, length) ? length : 0;
}

function take(cursor: Cursor, length: number): Uint8Array {
  if (!available(cursor, length)) return cursor.bytes.subarray(0, 0);
  const start = cursor.offset;
  cursor.offset = start + length;
  return cursor.bytes.subarray(start, start + length);
}

/** Every read passes here: a length is compared with what is there before anything is looked at (Heartbleed). */
function available(cursor: Cursor, length: number): boolean {
  if (cursor.error !== undefined) return false;
  const left = cursor.end - cursor.offset;
  if (length <= left) return true;
  refuse(cursor, `${length} bytes`, `${left} bytes`);
  return false;
}

function append(out: Writer, bytes: Uint8Array): void {
  reserve(out, bytes.length);
  out.bytes.set(bytes, out.length);
  out.length += bytes.length;
}

function appendUint(out: Writer, value: number, width: 1 | 2 | 3 | 4): void {
  reserve(out, width);
  for (let i = width - 1; i >= 0; i--) out.bytes[out.length++] = value >>> (8 * i);
}

function reserve(out: Writer, more: number): void {
  if (out.length + more <= out.bytes.length) return;
  const larger = new Uint8Array(Math.max(out.bytes.length * 2, out.length + more));
  larger.set(out.bytes.subarray(0, out.length));
  out.bytes = larger;
}

function checkBounds(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${value} is not from ${min} to ${max}`);
  }
}
