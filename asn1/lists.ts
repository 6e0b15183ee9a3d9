import { type Cursor, FAILED, type Failed, fail, failWithin } from './cursor.ts';
import { constructed, type Grammar, ownTag, type SizeRange } from './grammar.ts';
import { compareEncodings } from './octets.ts';
import { constructedForm, universal } from './tag.ts';
import { putOctets, refuseRange, refuseType, rewind, size, type Writer, writtenSince } from './writer.ts';

/**
 * SEQUENCE OF (X.690, section 8.10), of `min` to `max` elements.
 *
 * A list that states its `max` is bounded by that: each of its elements has the decode's budget of elements to
 * itself. Any other list shares the one budget.
 */
export function sequenceOf<T>(element: Grammar<T>, bounds: Partial<SizeRange> = {}): Grammar<readonly T[]> {
  const range = sizeRange(bounds);
  return constructed<readonly T[]>({
    name: 'SEQUENCE OF',
    tag: universal.sequence,
    form: constructedForm,
    shape: { kind: 'sequenceOf', element, size: range },
    selectors: element.selectors,
    read: (cursor) => readElements(cursor, element, range, false),
    write(writer, value) {
      checkSize(writer, value, range);
      for (const [i, item] of [...value.entries()].reverse()) writeElement(writer, element, item, i);
    },
  });
}

/**
 * SET OF (X.690, sections 8.12 and 11.6), of `min` to `max` elements, as for {@link sequenceOf}.
 *
 * The decoded array is in the order of the encodings, the only one that is accepted; encoding sorts.
 */
export function setOf<T>(element: Grammar<T>, bounds: Partial<SizeRange> = {}): Grammar<readonly T[]> {
  const range = sizeRange(bounds);
  return constructed<readonly T[]>({
    name: 'SET OF',
    tag: universal.set,
    form: constructedForm,
    shape: { kind: 'setOf', element, size: range },
    selectors: element.selectors,
    read: (cursor) => readElements(cursor, element, range, true),
    write(writer, value) {
      checkSize(writer, value, range);
      const start = size(writer);
      const encodings = value.map((item, i) => {
        writeElement(writer, element, item, i);
        const encoding = writtenSince(writer, start);
        rewind(writer, start);
        return encoding;
      });
      encodings.sort((a, b) => compareEncodings(b, 0, b.length, a, 0, a.length));
      for (const encoding of encodings) putOctets(writer, encoding);
    },
  });
}

function readElements<T>(
  cursor: Cursor,
  element: Grammar<T>,
  range: SizeRange,
  ordered: boolean,
): readonly T[] | Failed {
  const { bytes, elements } = cursor;
  const values: T[] = [];
  const start = cursor.pos;
  let previous = start;
  while (cursor.pos < cursor.end) {
    const elementStart = cursor.pos;
    if (values.length === range.max) {
      return fail(cursor, 'value', elementStart, `at most ${range.max} elements`, 'one more');
    }
    if (range.max !== Number.POSITIVE_INFINITY) cursor.elements = elements;
    const value = element.read(cursor, ownTag);
    if (value === FAILED) return failWithin(cursor, `${values.length}`);
    if (ordered && compareEncodings(bytes, previous, elementStart, bytes, elementStart, cursor.pos) > 0) {
      return fail(
        cursor,
        'encoding',
        elementStart,
        'elements in ascending order of their encodings',
        'a lower one',
      );
    }
    previous = elementStart;
    values.push(value);
  }
  if (values.length < range.min) {
    return fail(cursor, 'value', start, `at least ${range.min} elements`, `${values.length}`);
  }
  return values;
}

function writeElement<T>(writer: Writer, element: Grammar<T>, value: T, index: number): void {
  writer.path.push(`${index}`);
  element.write(writer, value, ownTag);
  writer.path.pop();
}

function checkSize(writer: Writer, value: readonly unknown[], range: SizeRange): void {
  if (!Array.isArray(value)) refuseType(writer, 'an array', value);
  if (value.length < range.min || value.length > range.max) {
    refuseRange(writer, `from ${range.min} to ${range.max} elements`);
  }
}

function sizeRange({ min = 0, max = Number.POSITIVE_INFINITY }: Partial<SizeRange>): SizeRange {
  if (!Number.isInteger(min) || min < 0 || !(max >= min)) {
    throw new RangeError(`a size range needs a whole number and one no lower, not ${min} and ${max}`);
  }
  return { min, max };
}
