import { type Form, leadingOctet, type Tag, tagNumber, tagSize } from './tag.ts';

/**
 * Where an encoding grows, from its last octet to its first: an element's length is then known when its header
 * is written, and nothing is measured twice or moved.
 */
export interface Writer {
  buffer: Uint8Array<ArrayBuffer>;
  /** The first octet written; free space lies before it. */
  start: number;
  /** The innermost enclosing SEQUENCE value: what an open type selects by. */
  scope: Readonly<Record<string, unknown>>;
  /** Field names from the outermost value inwards, for the message when a value is refused. */
  readonly path: string[];
}

const noScope: Readonly<Record<string, unknown>> = {};

export function newWriter(): Writer {
  return { buffer: new Uint8Array(256), start: 256, scope: noScope, path: [] };
}

/** The octets written so far. */
export function size(writer: Writer): number {
  return writer.buffer.length - writer.start;
}

/** A copy of what was written since `size(writer)` was `mark`. */
export function writtenSince(writer: Writer, mark: number): Uint8Array<ArrayBuffer> {
  return writer.buffer.slice(writer.start, writer.buffer.length - mark);
}

/** Forgets what was written since `size(writer)` was `mark`. */
export function rewind(writer: Writer, mark: number): void {
  writer.start = writer.buffer.length - mark;
}

/** Puts one octet before everything written so far. */
export function putOctet(writer: Writer, octet: number): void {
  reserve(writer, 1);
  writer.buffer[--writer.start] = octet;
}

/** Puts `octets`, in their order, before everything written so far. */
export function putOctets(writer: Writer, octets: Uint8Array): void {
  reserve(writer, octets.length);
  writer.start -= octets.length;
  writer.buffer.set(octets, writer.start);
}

/** Puts the header of an element whose contents are what was written since `size(writer)` was `mark`. */
export function putHeader(writer: Writer, tag: Tag, form: Form, mark: number): void {
  const length = size(writer) - mark;
  if (length < 0x80) {
    putOctet(writer, length);
  } else {
    let octets = 0;
    for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) {
      putOctet(writer, rest % 0x100);
      octets++;
    }
    putOctet(writer, 0x80 | octets);
  }
  if (tagSize(tag) > 1) {
    let rest = tagNumber(tag);
    putOctet(writer, rest & 0x7f);
    for (rest >>= 7; rest > 0; rest >>= 7) putOctet(writer, 0x80 | (rest & 0x7f));
  }
  putOctet(writer, leadingOctet(tag, form));
}

/** Throws: the value is of another JavaScript type than the grammar's. */
export function refuseType(writer: Writer, expected: string, value: unknown): never {
  throw new TypeError(`${place(writer)}expected ${expected}, got ${value === null ? 'null' : typeof value}`);
}

/** Throws unless the value is an object whose properties can be read. */
export function requireObject(writer: Writer, value: unknown): void {
  if (typeof value !== 'object' || value === null) refuseType(writer, 'an object', value);
}

/** Throws unless the value is a Uint8Array. */
export function requireBytes(writer: Writer, value: unknown): void {
  if (!(value instanceof Uint8Array)) refuseType(writer, 'a Uint8Array', value);
}

/** Throws: the value has the right type and the grammar does not admit it. */
export function refuseRange(writer: Writer, expected: string): never {
  throw new RangeError(`${place(writer)}expected ${expected}`);
}

function place(writer: Writer): string {
  return writer.path.length === 0 ? 'encode: ' : `encode: ${writer.path.join('.')}: `;
}

function reserve(writer: Writer, octets: number): void {
  if (octets <= writer.start) return;
  const used = size(writer);
  const grown = new Uint8Array(Math.max(2 * writer.buffer.length, used + octets));
  grown.set(writer.buffer.subarray(writer.start), grown.length - used);
  writer.buffer = grown;
  writer.start = grown.length - used;
}
