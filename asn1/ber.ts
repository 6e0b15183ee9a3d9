/**
 * BER to DER, for the formats that were written before anybody insisted on DER: PKCS#12 files and old CMS.
 *
 * asn1js finds the elements in the BER, and this file writes them in the one form DER allows; the strict grammars
 * of this room then see DER only.
 */
import * as asn1js from 'asn1js';
import type { Asn1Error } from './error.ts';
import { type Limits, lowerLimits } from './limits.ts';
import { compareEncodings } from './octets.ts';
import { err, ok, type Result } from './result.ts';
import { constructedForm, describeTag, peekTag, primitiveForm, type Tag, tagSize, universal } from './tag.ts';
import {
  newWriter,
  putHeader,
  putOctet,
  putOctets,
  rewind,
  size,
  type Writer,
  writtenSince,
} from './writer.ts';

/** The longest input, in octets: asn1js's own bound. */
export const maxBerLength = asn1js.DEFAULT_MAX_CONTENT_LENGTH;

/** The types whose DER form cannot be told from the BER alone. */
export type UntoldType = 'OCTET STRING' | 'SET' | 'SET OF';

export interface BerOptions extends Partial<Limits> {
  /**
   * The type of the element at `place`: child positions from the outermost element, which is at `[]`.
   *
   * BER may cut an OCTET STRING into pieces, and beneath an IMPLICIT tag it then looks like any other constructed
   * element. An IMPLICIT tag hides a SET too, and an open one may be a SET or a SET OF. Only the format's
   * specification tells; an element without an answer is taken for what it looks like.
   */
  readonly typeAt?: (place: readonly number[]) => UntoldType | undefined;
}

/**
 * The DER form of one BER element: tags and lengths in the fewest octets, OCTET STRINGs and BIT STRINGs in one piece,
 * unused bits zero, BOOLEANs 00 or FF, and SETs in order.
 *
 * DER comes back unchanged. For that, a SET of unknown kind stays as it is when it is in the order of its tags or of
 * its encodings, and otherwise is put in that of its tags if all differ and of its encodings if not. What BER and DER
 * write alike is copied: mistakes in it are for the grammar to find. OCTET STRINGs are not looked into. Character
 * strings in pieces are refused, as asn1js does not read them.
 *
 * Errors have the offset where it is known, and no path. Bounded by `Limits` and {@link maxBerLength}.
 */
export function berToDer(
  bytes: Uint8Array,
  options: BerOptions = {},
): Result<Uint8Array<ArrayBuffer>, Asn1Error> {
  const limits = lowerLimits(options);
  if (bytes.length > maxBerLength) {
    return refuse('limit', 0, `at most ${maxBerLength} octets of BER`, `${bytes.length}`);
  }
  const parsed = parse(bytes, limits);
  if (!parsed.ok) return parsed;
  const writer = newWriter();
  const conversion = { bytes, writer, typeAt: options.typeAt ?? (() => undefined) };
  const failure = putElement(conversion, parsed.value, []);
  return failure === undefined ? ok(writtenSince(writer, 0)) : err(failure);
}

/** An element of the input, however it was written. */
interface Element {
  readonly tag: Tag;
  readonly constructed: boolean;
  readonly offset: number;
  /** Where the contents start and end, without an end-of-contents mark. */
  readonly start: number;
  readonly end: number;
  /** Where the next element starts. */
  readonly next: number;
  readonly children: readonly Element[];
}

function parse(bytes: Uint8Array, limits: Limits): Result<Element, Asn1Error> {
  const parsed = readBlocks(bytes, limits);
  if (!parsed.ok) return parsed;
  const element = elementOf(bytes, 0, parsed.value);
  if (!element.ok || element.value.next === bytes.length) return element;
  const { next } = element.value;
  return refuse('trailing', next, 'the end of the element', `${bytes.length - next} more octets`);
}

function readBlocks(bytes: Uint8Array, limits: Limits): Result<asn1js.BaseBlock, Asn1Error> {
  try {
    const { offset, result } = asn1js.fromBER(new Uint8Array(bytes), {
      maxDepth: limits.depth,
      maxNodes: limits.elements,
      parseEmbedded: false,
    });
    if (offset !== -1) return ok(result);
    return refuse(result.error.startsWith('Maximum') ? 'limit' : 'encoding', 0, 'BER', result.error);
  } catch (thrown) {
    return refuse('encoding', 0, 'BER', thrown instanceof Error ? thrown.message : 'something else');
  }
}

/**
 * The element at `offset`, as asn1js found it. asn1js lets an end-of-contents mark be missing or misplaced, so the
 * elements are held against the octets: each starts where the one before it ends, and together they fill what is
 * around them.
 */
function elementOf(bytes: Uint8Array, offset: number, block: asn1js.BaseBlock): Result<Element, Asn1Error> {
  const tag = peekTag(bytes, offset, bytes.length);
  // BER has tags in the fewest octets too (X.690, section 8.1.2.4); UNIVERSAL 0 is only ever an end-of-contents mark.
  if (tag <= 0) return refuse('encoding', offset, 'the tag of an element', 'something else');
  const { isConstructed: constructed } = block.idBlock;
  const { isIndefiniteForm: indefinite, blockLength: lengthOctets, length } = block.lenBlock;
  const start = offset + tagSize(tag) + lengthOctets;
  const children: Element[] = [];
  let end = start;
  if (constructed) {
    const blocks = childrenOf(block);
    if (blocks === undefined) return refuse('encoding', offset, `${describeTag(tag)} in one piece`, 'pieces');
    for (const inner of blocks) {
      const child = elementOf(bytes, end, inner);
      if (!child.ok) return child;
      children.push(child.value);
      end = child.value.next;
    }
  } else {
    end += length;
  }
  const complete = indefinite ? bytes[end] === 0 && bytes[end + 1] === 0 : end === start + length;
  if (!complete || end > bytes.length)
    return refuse('encoding', offset, 'contents that fill the element', 'others');
  return ok({ tag, constructed, offset, start, end, next: indefinite ? end + 2 : end, children });
}

/** The blocks inside; undefined for a character string in pieces, whose contents asn1js takes for characters. */
function childrenOf(block: asn1js.BaseBlock): readonly asn1js.BaseBlock[] | undefined {
  const isRead =
    block instanceof asn1js.Constructed ||
    block instanceof asn1js.OctetString ||
    block instanceof asn1js.BitString;
  return isRead ? block.valueBlock.value : undefined;
}

/** What a conversion carries along. */
interface Conversion {
  readonly bytes: Uint8Array;
  readonly writer: Writer;
  typeAt(place: readonly number[]): UntoldType | undefined;
}

/** Puts the DER form of an element; returns why it has none. */
function putElement(
  conversion: Conversion,
  element: Element,
  place: readonly number[],
): Asn1Error | undefined {
  const { writer } = conversion;
  const { tag } = element;
  const type = conversion.typeAt(place);
  const mark = size(writer);
  const isOctets = tag === universal.octetString || type === 'OCTET STRING';
  const isConstructed = element.constructed && !isOctets && tag !== universal.bitString;
  let failure: Asn1Error | undefined;
  if (isOctets) failure = putOctetString(conversion, element);
  else if (tag === universal.bitString) failure = putBitString(conversion, element);
  else if (isConstructed) failure = putElements(conversion, element, place, type);
  else putPrimitive(conversion, element);
  putHeader(writer, tag, isConstructed ? constructedForm : primitiveForm, mark);
  return failure;
}

function putPrimitive({ bytes, writer }: Conversion, { tag, start, end }: Element): void {
  if (tag === universal.boolean && end - start === 1) putOctet(writer, bytes[start] === 0x00 ? 0x00 : 0xff);
  else putOctets(writer, bytes.subarray(start, end));
}

function putElements(
  conversion: Conversion,
  { tag, children }: Element,
  place: readonly number[],
  type: UntoldType | undefined,
): Asn1Error | undefined {
  const { writer } = conversion;
  const mark = size(writer);
  const encodings: Uint8Array[] = [];
  for (const [i, child] of children.entries()) {
    const failure = putElement(conversion, child, [...place, i]);
    if (failure !== undefined) return failure;
    encodings.push(writtenSince(writer, mark));
    rewind(writer, mark);
  }
  const isSet = tag === universal.set || type === 'SET' || type === 'SET OF';
  const ordered = isSet ? inSetOrder(encodings, type) : encodings;
  for (const encoding of [...ordered].reverse()) putOctets(writer, encoding);
  return undefined;
}

function putOctetString({ bytes, writer }: Conversion, element: Element): Asn1Error | undefined {
  const pieces = piecesOf(element, universal.octetString);
  if (!pieces.ok) return pieces.error;
  for (const { start, end } of [...pieces.value].reverse()) putOctets(writer, bytes.subarray(start, end));
  return undefined;
}

/** Only the last piece of a BIT STRING may have unused bits (X.690, section 8.6.4). */
function putBitString({ bytes, writer }: Conversion, element: Element): Asn1Error | undefined {
  const pieces = piecesOf(element, universal.bitString);
  if (!pieces.ok) return pieces.error;
  let unusedBits = 0;
  for (const [i, { start, end }] of [...pieces.value.entries()].reverse()) {
    const unused = bytes[start] ?? 0;
    const isLast = i === pieces.value.length - 1;
    if (start === end || unused > 7 || (unused > 0 && (!isLast || end - start === 1))) {
      return refuse('encoding', element.offset, 'unused bits at the end of a BIT STRING only', 'others')
        .error;
    }
    if (unused > 0) {
      unusedBits = unused;
      putOctet(writer, ((bytes[end - 1] ?? 0) >> unused) << unused);
      putOctets(writer, bytes.subarray(start + 1, end - 1));
    } else {
      putOctets(writer, bytes.subarray(start + 1, end));
    }
  }
  putOctet(writer, unusedBits);
  return undefined;
}

/** The primitive strings, each of `tag`, that an OCTET STRING or BIT STRING is cut into (X.690, section 8.7.3). */
function piecesOf(element: Element, tag: Tag): Result<readonly Element[], Asn1Error> {
  if (!element.constructed) return ok([element]);
  const pieces: Element[] = [];
  for (const child of element.children) {
    if (child.tag !== tag) return refuse('tag', child.offset, describeTag(tag), describeTag(child.tag));
    const inner = piecesOf(child, tag);
    if (!inner.ok) return inner;
    pieces.push(...inner.value);
  }
  return ok(pieces);
}

function inSetOrder(encodings: readonly Uint8Array[], type: UntoldType | undefined): readonly Uint8Array[] {
  const byTag = (a: Uint8Array, b: Uint8Array): number => tagOf(a) - tagOf(b);
  const byEncoding = (a: Uint8Array, b: Uint8Array): number =>
    compareEncodings(a, 0, a.length, b, 0, b.length);
  if (type === 'SET') return [...encodings].sort(byTag);
  if (type === 'SET OF') return [...encodings].sort(byEncoding);
  const allDiffer = new Set(encodings.map(tagOf)).size === encodings.length;
  if (isSorted(encodings, byEncoding) || (allDiffer && isSorted(encodings, byTag))) return encodings;
  return [...encodings].sort(allDiffer ? byTag : byEncoding);
}

function isSorted<T>(items: readonly T[], compare: (a: T, b: T) => number): boolean {
  return items.every((item, i) => items.slice(i + 1, i + 2).every((next) => compare(item, next) <= 0));
}

function tagOf(encoding: Uint8Array): Tag {
  return peekTag(encoding, 0, encoding.length);
}

function refuse(
  kind: Asn1Error['kind'],
  offset: number,
  expected: string,
  found: string,
): { readonly ok: false; readonly error: Asn1Error } {
  return err({ kind, offset, path: [], expected, found });
}
