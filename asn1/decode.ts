import { cursorOver, errorOf, FAILED, failTrailing } from './cursor.ts';
import type { Asn1Error } from './error.ts';
import { type Grammar, ownTag } from './grammar.ts';
import { defaultLimits, type Limits, lowerLimits } from './limits.ts';
import { err, ok, type Result } from './result.ts';

/**
 * The value that `bytes` encode: one element in DER (X.690, sections 8, 10 and 11) and nothing after it.
 *
 * OCTET STRINGs, BIT STRINGs, `any` and `raw` are views into `bytes`, not copies: who goes on to change the input
 * changes them. For every accepted input `encode(grammar, value)` gives the same bytes back.
 *
 * `limits` lowers the bounds of `defaultLimits` (RangeError for one that raises them).
 * Throws TypeError for a grammar that cannot stand alone or, if recursive, proves ambiguous on first use.
 */
export function decode<T>(
  grammar: Grammar<T>,
  bytes: Uint8Array,
  limits?: Partial<Limits>,
): Result<T, Asn1Error> {
  refuseOpen(grammar);
  // A plain view: the slices of a subclass (Node's Buffer) would be of that subclass.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = cursorOver(plain, limits === undefined ? defaultLimits : lowerLimits(limits));
  let value = grammar.read(cursor, ownTag);
  if (value !== FAILED && cursor.pos !== cursor.end) value = failTrailing(cursor, grammar.name);
  return value === FAILED ? err(errorOf(cursor)) : ok(value);
}

/** Throws TypeError when an open type of `grammar` selects by a field no SEQUENCE in it has. */
export function refuseOpen(grammar: Grammar<unknown>): void {
  const [field] = grammar.selectors;
  if (field !== undefined)
    throw new TypeError(`an open type selects by ${field} outside of a sequence with it`);
}
