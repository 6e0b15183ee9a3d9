import { type Failure, misbehaved } from './failure.ts';
import { MAX_INNER_PLAINTEXT, MIN_PLAINTEXT } from './limits.ts';
import type { RecordSizes } from './state.ts';
import type { LimitRecords } from './transition.ts';

// RFC 8449: each side says the longest record it takes, and the other keeps to it.

/** The protocol's own limits, which hold until others are agreed on. */
export const everyRecord: RecordSizes = { sent: MAX_INNER_PLAINTEXT, received: MAX_INNER_PLAINTEXT };

/**
 * The limits that hold when both have said theirs; what one says alone is said to nobody. `most` is what the version has at
 * most, whatever the limits say.
 */
export function agreedRecordSizes(
  own: number | undefined,
  theirs: number | undefined,
  most = MAX_INNER_PLAINTEXT,
): RecordSizes | undefined {
  return own === undefined || theirs === undefined
    ? undefined
    : { sent: Math.min(theirs, most), received: Math.min(own, most) };
}

/**
 * §4: an alert needs 64 bytes. A client may allow more than TLS 1.3 has, for a version we do not know; a server, which knows
 * the version, may not.
 */
export function recordSizeLimitProblem(
  limit: number | undefined,
  from: 'client' | 'server',
): Failure | undefined {
  if (limit === undefined) return undefined;
  const isGood = limit >= MIN_PLAINTEXT && (from === 'client' || limit <= MAX_INNER_PLAINTEXT);
  return isGood ? undefined : misbehaved('bad-record-size-limit', `${limit} bytes`);
}

/** What is wrong with limits that were written down, in one line; undefined when nothing is. */
export function recordSizesProblem(sizes: RecordSizes | undefined): string | undefined {
  const { sent, received } = sizes ?? everyRecord;
  const isGood = [sent, received].every((size) => size >= MIN_PLAINTEXT && size <= MAX_INNER_PLAINTEXT);
  return isGood ? undefined : `records of ${sent} and ${received} bytes`;
}

/** The action that puts a limit into force for one direction, if there is one. */
export function limitRecords(
  sizes: RecordSizes | undefined,
  direction: keyof RecordSizes,
): readonly LimitRecords[] {
  return sizes === undefined ? [] : [{ kind: 'limitRecords', direction, most: sizes[direction] }];
}
