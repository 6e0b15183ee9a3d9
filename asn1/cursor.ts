import type { Asn1Error } from './error.ts';
import type { Limits } from './limits.ts';
import {
  describeTag,
  type Form,
  leadingOctet,
  maxTagNumber,
  noTag,
  peekTag,
  type Tag,
  tagSize,
} from './tag.ts';

/**
 * A place in the input. It is the one mutable thing of a decode: readers move it forward and never back, and
 * allocate nothing for an element beyond the value they return.
 */
export interface Cursor {
  readonly bytes: Uint8Array;
  readonly limits: Limits;
  /** The next octet to read. */
  pos: number;
  /** Where the enclosing element ends. */
  end: number;
  depth: number;
  elements: number;
  /** The fields read so far of the innermost enclosing SEQUENCE: what an open type selects by. */
  scope: Readonly<Record<string, unknown>>;
  /** What went wrong, without the path, once a reader has returned {@link FAILED}. */
  failure: Omit<Asn1Error, 'path'> | undefined;
  /** Built from the innermost name outwards while a failure passes up. */
  readonly path: string[];
}

/** What a reader returns in place of a value; the reason is in the cursor. Cheaper than a Result per element. */
export const FAILED: unique symbol = Symbol('failed');
export type Failed = typeof FAILED;

/** UNIVERSAL 0 stands for no type: in BER it ends contents of indefinite length (X.690, section 8.1.5). */
const endOfContents: Tag = 0;

const noScope: Readonly<Record<string, unknown>> = {};

export function cursorOver(bytes: Uint8Array, limits: Limits): Cursor {
  return {
    bytes,
    limits,
    pos: 0,
    end: bytes.length,
    depth: 0,
    elements: 0,
    scope: noScope,
    failure: undefined,
    path: [],
  };
}

export function fail(
  cursor: Cursor,
  kind: Asn1Error['kind'],
  offset: number,
  expected: string,
  found: string,
): Failed {
  cursor.failure = { kind, offset, expected, found };
  return FAILED;
}

/** Adds the name of the field the failure passed through. */
export function failWithin(cursor: Cursor, name: string): Failed {
  cursor.path.push(name);
  return FAILED;
}

/** The error of a cursor whose reader returned {@link FAILED}. */
export function errorOf(cursor: Cursor): Asn1Error {
  if (cursor.failure === undefined) throw new Error('a reader failed without a reason');
  return { ...cursor.failure, path: [...cursor.path].reverse() };
}

/**
 * Reads the header of an element that must have `tag` and `form`; the cursor then stands at its contents. Returns
 * where the contents end, or -1 after a failure. `name` is what the grammar calls it.
 */
export function open(cursor: Cursor, tag: Tag, form: Form, name: string): number {
  const { bytes, pos, end } = cursor;
  const leading = leadingOctet(tag, form);
  const matches =
    pos < end && bytes[pos] === leading && ((leading & 0x1f) !== 0x1f || peekTag(bytes, pos, end) === tag);
  if (!matches) {
    failAtTag(cursor, tag, form, name);
    return -1;
  }
  cursor.pos = pos + tagSize(tag);
  return openLength(cursor, pos);
}

/** Reads the header of an element of any tag, as {@link open} does. */
export function openAny(cursor: Cursor): number {
  const { bytes, pos, end } = cursor;
  const tag = peekTag(bytes, pos, end);
  if (tag < 0) {
    failAtBadTag(cursor, tag, 'an element');
    return -1;
  }
  if (tag === endOfContents) {
    fail(cursor, 'encoding', pos, 'an element', 'the end-of-contents mark of BER');
    return -1;
  }
  cursor.pos = pos + tagSize(tag);
  return openLength(cursor, pos);
}

/** Like {@link open}, and enters the element. Returns the end of the enclosing one, for {@link leave}; or -1. */
export function enter(cursor: Cursor, tag: Tag, form: Form, name: string): number {
  const start = cursor.pos;
  const end = open(cursor, tag, form, name);
  if (end < 0) return -1;
  if (!descend(cursor, start)) return -1;
  const outer = cursor.end;
  cursor.end = end;
  return outer;
}

/** Counts one more level of nesting; false, with a failure, when there is none left. */
export function descend(cursor: Cursor, start: number): boolean {
  if (cursor.depth >= cursor.limits.depth) {
    fail(cursor, 'limit', start, `at most ${cursor.limits.depth} levels of nesting`, 'one more');
    return false;
  }
  cursor.depth++;
  return true;
}

/** Leaves what {@link enter} entered; false, with a failure, when something of it is unread. */
export function leave(cursor: Cursor, outer: number, name: string): boolean {
  if (cursor.pos !== cursor.end) {
    failTrailing(cursor, name);
    return false;
  }
  cursor.end = outer;
  cursor.depth--;
  return true;
}

/** Fails because the enclosing element goes on after `name` is complete. */
export function failTrailing(cursor: Cursor, name: string): Failed {
  const { bytes, pos, end } = cursor;
  const tag = peekTag(bytes, pos, end);
  const found = tag < 0 ? `${end - pos} more octets` : `another ${describeTag(tag)}`;
  return fail(cursor, 'trailing', pos, `the end of ${name}`, found);
}

/** Fails because the element at the cursor is none that could start `expected`. */
export function failUnexpected(cursor: Cursor, expected: string): Failed {
  const { bytes, pos, end } = cursor;
  const tag = peekTag(bytes, pos, end);
  if (tag < 0) return failAtBadTag(cursor, tag, expected);
  return fail(cursor, 'tag', pos, expected, describeTag(tag));
}

/** The length octets after the identifier that starts at `start` (X.690, sections 8.1.3 and 10.1). */
function openLength(cursor: Cursor, start: number): number {
  const { bytes, end } = cursor;
  if (++cursor.elements > cursor.limits.elements) {
    fail(cursor, 'limit', start, `at most ${cursor.limits.elements} elements`, 'one more');
    return -1;
  }
  let pos = cursor.pos;
  if (pos >= end) {
    fail(cursor, 'truncated', pos, 'a length', 'the end of the bytes');
    return -1;
  }
  let length = bytes[pos++] ?? 0;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    if (octets === 0) {
      fail(cursor, 'encoding', pos - 1, 'a definite length', 'an indefinite one');
      return -1;
    }
    if (octets > end - pos) {
      fail(cursor, 'truncated', pos - 1, `a length of ${octets} octets`, `${end - pos} octets left`);
      return -1;
    }
    if (bytes[pos] === 0) {
      fail(cursor, 'encoding', pos - 1, 'a length in the fewest octets', 'a leading zero octet');
      return -1;
    }
    length = 0;
    // Multiplied, not shifted: a length past 2^32 must stay larger than any input instead of wrapping round.
    for (const stop = pos + octets; pos < stop; pos++) length = length * 0x100 + (bytes[pos] ?? 0);
    if (length < 0x80) {
      fail(cursor, 'encoding', pos - octets - 1, 'a length in the fewest octets', 'the long form below 128');
      return -1;
    }
  }
  if (length > end - pos) {
    fail(cursor, 'truncated', start, `${length} octets of contents`, `${end - pos} octets left`);
    return -1;
  }
  cursor.pos = pos;
  return pos + length;
}

function failAtTag(cursor: Cursor, tag: Tag, form: Form, name: string): Failed {
  const { bytes, pos, end } = cursor;
  const expected = expectedName(tag, name);
  const found = peekTag(bytes, pos, end);
  if (found < 0) return failAtBadTag(cursor, found, expected);
  if (found !== tag) return fail(cursor, 'tag', pos, expected, describeTag(found));
  const forms = form === 0 ? ['primitive', 'constructed'] : ['constructed', 'primitive'];
  return fail(cursor, 'encoding', pos, `${expected} in ${forms[0]} form`, `${forms[1]} form`);
}

function failAtBadTag(cursor: Cursor, problem: Tag, expected: string): Failed {
  const { pos, end } = cursor;
  switch (problem) {
    case noTag.notMinimal:
      return fail(cursor, 'encoding', pos, 'a tag number in the fewest octets', 'a longer form');
    case noTag.tooLarge:
      return fail(cursor, 'limit', pos, `a tag number up to ${maxTagNumber}`, 'a larger one');
    default:
      return pos < end
        ? fail(cursor, 'truncated', pos, expected, 'the end of the bytes within a tag')
        : fail(cursor, 'missing', pos, expected, 'nothing more');
  }
}

/** A universal tag says no more than the type's name; any other is worth seeing beside it. */
function expectedName(tag: Tag, name: string): string {
  const described = describeTag(tag);
  return described.startsWith('[') && name !== described ? `${described} ${name}` : name;
}
