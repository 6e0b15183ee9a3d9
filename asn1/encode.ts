import { refuseOpen } from './decode.ts';
import { type Grammar, ownTag } from './grammar.ts';
import { newWriter, writtenSince } from './writer.ts';

/**
 * The DER encoding of `value`, in a fresh array.
 *
 * Throws TypeError or RangeError, naming the field, for a value outside the grammar: that is the caller's bug.
 */
export function encode<T>(grammar: Grammar<T>, value: T): Uint8Array<ArrayBuffer> {
  refuseOpen(grammar);
  const writer = newWriter();
  grammar.write(writer, value, ownTag);
  return writtenSince(writer, 0);
}
