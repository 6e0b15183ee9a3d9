import { REVOCATION_CLOCK_SKEW } from './limits.ts';
import { formatTime } from './time.ts';

/** How recent what is said about revocation must be. */
export interface Freshness {
  /** By how many milliseconds clocks may differ. Default: 5 minutes. */
  readonly clockSkew?: number;
  /**
   * How many milliseconds old thisUpdate may be, whatever nextUpdate says. Default: any age up to nextUpdate. Without it,
   * a statement that has no nextUpdate is not believed, for it could be repeated for ever.
   */
  readonly maximumAge?: number;
}

/** Why a CRL or an OCSP response says nothing about a certificate. */
export interface EvidenceFault {
  readonly source: 'crl' | 'ocsp';
  readonly reason: EvidenceFaultReason;
  readonly expected: string;
  readonly found: string;
}

export type EvidenceFaultReason =
  /** Does not decode. */
  | 'malformed'
  /** The responder refused to answer, or does not know the certificate. */
  | 'no-answer'
  | 'not-yet-valid'
  | 'stale'
  /** Nobody who may speak for the issuer has signed it. */
  | 'unauthorized-signer'
  | 'bad-signature'
  | 'unhandled-critical-extension'
  | 'wrong-nonce'
  /** It speaks for other certificates, or not of every reason for revocation. */
  | 'out-of-scope';

/** When a statement was made, and when there will be a newer one; milliseconds since 1970. */
interface StatementTimes {
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
}

/** RFC 5280 §6.3.3 (a) and RFC 6960 §4.2.2.1: what is wrong with the age of a statement. */
export function checkFreshness(
  source: EvidenceFault['source'],
  { thisUpdate, nextUpdate }: StatementTimes,
  now: number,
  freshness: Freshness,
): EvidenceFault | undefined {
  const { clockSkew = REVOCATION_CLOCK_SKEW, maximumAge } = freshness;
  const future = checkBegun(source, thisUpdate, now, freshness);
  if (future !== undefined) {
    return future;
  }
  if (nextUpdate === undefined && maximumAge === undefined) {
    return fault(source, 'stale', 'a nextUpdate, since no maximum age was given', 'none');
  }
  const end = Math.min(
    nextUpdate ?? Number.POSITIVE_INFINITY,
    thisUpdate + (maximumAge ?? Number.POSITIVE_INFINITY),
  );
  return now - clockSkew > end
    ? fault(source, 'stale', `a time up to ${formatTime(end)}`, formatTime(now))
    : undefined;
}

/** Nobody can have said something tomorrow. */
export function checkBegun(
  source: EvidenceFault['source'],
  moment: number,
  now: number,
  { clockSkew = REVOCATION_CLOCK_SKEW }: Freshness,
): EvidenceFault | undefined {
  return now + clockSkew < moment
    ? fault(source, 'not-yet-valid', `a time from ${formatTime(moment)}`, formatTime(now))
    : undefined;
}

export function fault(
  source: EvidenceFault['source'],
  reason: EvidenceFaultReason,
  expected: string,
  found: string,
): EvidenceFault {
  return { source, reason, expected, found };
}

/** One line for a person. */
export function describeEvidenceFault({ source, reason, expected, found }: EvidenceFault): string {
  return `${source === 'crl' ? 'CRL' : 'OCSP response'} (${reason}): expected ${expected}, found ${found}`;
}
