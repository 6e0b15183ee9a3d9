import { implicit } from './combinators.ts';
import {
  type Cursor,
  cursorOver,
  descend,
  errorOf,
  FAILED,
  type Failed,
  failTrailing,
  failWithin,
  openAny,
} from './cursor.ts';
import { decode } from './decode.ts';
import type { Asn1Error } from './error.ts';
import type { Grammar } from './grammar.ts';
import { defaultLimits, type Limits, lowerLimits } from './limits.ts';
import { toHex } from './octets.ts';
import { oid } from './oid.ts';
import { boolean, integer } from './primitives.ts';
import { err, ok, type Result } from './result.ts';
import { ia5String, printableString, utf8String, visibleString } from './strings.ts';
import {
  constructedForm,
  describeTag,
  packTag,
  peekTag,
  type TagClass,
  type TagName,
  tagClass,
  tagNumber,
  universal,
} from './tag.ts';

/** One element of any DER, for people to look at. A grammar is the way to get values out of bytes. */
export interface Asn1Tree {
  readonly class: TagClass;
  /** The tag number within its class. */
  readonly tag: number;
  readonly constructed: boolean;
  /** Where the header starts, in octets from the start of the input. */
  readonly offset: number;
  /** Octets of the identifier and the length. */
  readonly headerLength: number;
  /** Octets of the contents. */
  readonly length: number;
  /** The elements inside; none for a primitive element. */
  readonly children: readonly Asn1Tree[];
}

/** The elements of `bytes`, which must be one element of minimal headers throughout. Bounded as `decode` is. */
export function readTree(bytes: Uint8Array, limits?: Partial<Limits>): Result<Asn1Tree, Asn1Error> {
  const cursor = cursorOver(bytes, limits === undefined ? defaultLimits : lowerLimits(limits));
  let tree = readElement(cursor);
  if (tree !== FAILED && cursor.pos !== cursor.end) tree = failTrailing(cursor, 'the element');
  return tree === FAILED ? err(errorOf(cursor)) : ok(tree);
}

/**
 * One line for each element: offset, header and contents lengths, the type indented by its depth, and a short
 * value where one can be shown. `bytes` are those the tree was read from.
 */
export function formatTree(tree: Asn1Tree, bytes: Uint8Array): string {
  return linesOf(tree, bytes, 0).join('\n');
}

function readElement(cursor: Cursor): Asn1Tree | Failed {
  const { bytes, end: outer, pos: offset } = cursor;
  const end = openAny(cursor);
  if (end < 0) return FAILED;
  const tag = peekTag(bytes, offset, outer);
  const start = cursor.pos;
  const constructed = ((bytes[offset] ?? 0) & constructedForm) !== 0;
  const children: Asn1Tree[] = [];
  if (constructed) {
    if (!descend(cursor, offset)) return FAILED;
    cursor.end = end;
    while (cursor.pos < end) {
      const child = readElement(cursor);
      if (child === FAILED) return failWithin(cursor, `${children.length}`);
      children.push(child);
    }
    cursor.end = outer;
    cursor.depth--;
  }
  cursor.pos = end;
  return {
    class: tagClass(tag),
    tag: tagNumber(tag),
    constructed,
    offset,
    headerLength: start - offset,
    length: end - start,
    children,
  };
}

function linesOf(tree: Asn1Tree, bytes: Uint8Array, depth: number): readonly string[] {
  const type = describeTag(packTag({ class: tree.class, number: tree.tag }));
  const value = tree.constructed ? '' : ` ${preview(tree, bytes)}`;
  const offset = `${tree.offset}`.padStart(5);
  const line = `${offset} ${tree.headerLength}+${`${tree.length}`.padEnd(5)} ${'  '.repeat(depth)}${type}${value}`;
  return [line.trimEnd(), ...tree.children.flatMap((child) => linesOf(child, bytes, depth + 1))];
}

/** The value where its type is universal and short to show, and otherwise the first octets. */
function preview(tree: Asn1Tree, bytes: Uint8Array): string {
  const start = tree.offset + tree.headerLength;
  const end = start + tree.length;
  // Not for long ones: the decimal digits of a huge INTEGER take long to find, only to be cut off.
  const isShown = tree.class === 'universal' && tree.length <= 4 * maxPreview;
  const show = isShown ? shown.get(tree.tag) : undefined;
  const text =
    show?.(bytes.subarray(tree.offset, end)) ?? toHex(bytes, start, Math.min(end, start + maxPreview));
  return text.length > maxPreview ? `${text.slice(0, maxPreview)}…` : text;
}

const maxPreview = 64;

/** How to show the elements of a universal tag; undefined for one that its grammar refuses. */
const shown: ReadonlyMap<number, (element: Uint8Array) => string | undefined> = new Map([
  [universal.boolean, showAs(boolean, String)],
  [universal.integer, showAs(integer, String)],
  [universal.enumerated, showAs(implicit(asUniversal(universal.enumerated), integer), String)],
  [universal.objectIdentifier, showAs(oid, String)],
  [universal.utf8String, showAs(utf8String, quote)],
  [universal.printableString, showAs(printableString, quote)],
  [universal.ia5String, showAs(ia5String, quote)],
  [universal.utcTime, showAs(implicit(asUniversal(universal.utcTime), visibleString), String)],
  [
    universal.generalizedTime,
    showAs(implicit(asUniversal(universal.generalizedTime), visibleString), String),
  ],
]);

function showAs<T>(
  grammar: Grammar<T>,
  show: (value: T) => string,
): (element: Uint8Array) => string | undefined {
  return (element) => {
    const decoded = decode(grammar, element);
    return decoded.ok ? show(decoded.value) : undefined;
  };
}

function asUniversal(number: number): TagName {
  return { class: 'universal', number };
}

/** In quotes, and with nothing that could steer a terminal or reorder a line: such names come from strangers. */
function quote(text: string): string {
  const safe = text.replace(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return `'${safe}'`;
}
