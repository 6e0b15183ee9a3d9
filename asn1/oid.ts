import { type Cursor, type Failed, fail } from './cursor.ts';
import { type Grammar, primitive } from './grammar.ts';
import { defaultLimits, maxArcOctets } from './limits.ts';
import { universal } from './tag.ts';
import { putOctet, refuseRange, refuseType, type Writer } from './writer.ts';

/**
 * OBJECT IDENTIFIER, as dotted decimals: `'1.2.840.113549'`, `'2.999.1'` (X.690, section 8.19).
 *
 * From 2 to 128 arcs, each of at most 19 octets (below 2^133). Large arcs, such as UUIDs under 2.25, keep every digit.
 */
export const oid: Grammar<string> = primitive({
  name: 'OBJECT IDENTIFIER',
  tag: universal.objectIdentifier,
  shape: { kind: 'oid' },
  contents: (cursor, start, end) => readArcs(cursor, start, end, true),
  putContents(writer, value) {
    const expected = 'an OBJECT IDENTIFIER such as 2.999.1';
    const [root, second, ...rest] = parseArcs(writer, value, expected);
    if (root === undefined || second === undefined || root > 2n || (root < 2n && second >= 40n)) {
      refuseRange(writer, expected);
    }
    putArcs(writer, [root * 40n + second, ...rest]);
  },
});

/** RELATIVE-OID, as dotted decimals: `'8571.3.2'` (X.690, section 8.20). One arc or more, bounded as in {@link oid}. */
export const relativeOid: Grammar<string> = primitive({
  name: 'RELATIVE-OID',
  tag: universal.relativeOid,
  shape: { kind: 'relativeOid' },
  contents: (cursor, start, end) => readArcs(cursor, start, end, false),
  putContents(writer, value) {
    putArcs(writer, parseArcs(writer, value, 'a RELATIVE-OID such as 8571.3.2'));
  },
});

/** The arcs in dotted form. When `joint`, the first number stands for two of them (X.690, section 8.19.4). */
function readArcs(cursor: Cursor, start: number, end: number, joint: boolean): string | Failed {
  const { bytes, limits } = cursor;
  if (start === end) return fail(cursor, 'encoding', start, 'at least one arc', 'no contents');
  let dotted = '';
  let count = joint ? 1 : 0;
  for (let pos = start; pos < end; ) {
    if (++count > limits.oidArcs) {
      return fail(cursor, 'limit', pos, `at most ${limits.oidArcs} arcs`, 'one more');
    }
    if (bytes[pos] === 0x80)
      return fail(cursor, 'encoding', pos, 'an arc in the fewest octets', 'leading zeros');
    const last = lastOctetOfArc(bytes, pos, end);
    if (last === end) return fail(cursor, 'encoding', pos, 'a complete arc', 'the end of the contents');
    if (last - pos >= maxArcOctets) {
      return fail(cursor, 'limit', pos, `an arc of at most ${maxArcOctets} octets`, 'a longer one');
    }
    const arc = arcValue(bytes, pos, last);
    if (pos > start) dotted += `.${arc}`;
    else dotted = joint ? splitJoint(arc) : `${arc}`;
    pos = last + 1;
  }
  return dotted;
}

/** The index of the octet that ends the arc at `pos`; `end` when none does. */
function lastOctetOfArc(bytes: Uint8Array, pos: number, end: number): number {
  let last = pos;
  while (last < end && (bytes[last] ?? 0) >= 0x80) last++;
  return last;
}

function arcValue(bytes: Uint8Array, first: number, last: number): number | bigint {
  // Seven octets carry 49 bits, which a number holds exactly.
  if (last - first < 7) {
    let arc = 0;
    for (let i = first; i <= last; i++) arc = arc * 0x80 + ((bytes[i] ?? 0) & 0x7f);
    return arc;
  }
  let arc = 0n;
  for (let i = first; i <= last; i++) arc = (arc << 7n) | BigInt((bytes[i] ?? 0) & 0x7f);
  return arc;
}

function splitJoint(joint: number | bigint): string {
  if (typeof joint === 'bigint') return `2.${joint - 80n}`;
  if (joint >= 80) return `2.${joint - 80}`;
  return joint >= 40 ? `1.${joint - 40}` : `0.${joint}`;
}

function parseArcs(writer: Writer, value: string, expected: string): readonly bigint[] {
  if (typeof value !== 'string') refuseType(writer, expected, value);
  const arcs = value.split('.');
  if (arcs.length > defaultLimits.oidArcs) refuseRange(writer, `at most ${defaultLimits.oidArcs} arcs`);
  return arcs.map((arc) => {
    // A 133-bit number has at most 41 digits; a longer one is not worth converting.
    if (!/^(?:0|[1-9]\d{0,40})$/.test(arc)) refuseRange(writer, expected);
    return BigInt(arc);
  });
}

function putArcs(writer: Writer, arcs: readonly bigint[]): void {
  for (const arc of [...arcs].reverse()) {
    if (arc >> BigInt(7 * maxArcOctets) > 0n) refuseRange(writer, `an arc of at most ${maxArcOctets} octets`);
    putOctet(writer, Number(arc & 0x7fn));
    for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) putOctet(writer, 0x80 | Number(rest & 0x7fn));
  }
}
