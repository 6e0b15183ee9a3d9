import { encode, generalizedTime } from '../asn1/index.ts';

/** A moment in milliseconds since 1970 as `2026-01-31T23:59:59Z`; fractions of a second are cut off. */
export function formatTime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000) * 1000;
  if (!(seconds >= YEAR_0 && seconds < YEAR_10000)) {
    return `${milliseconds} ms since 1970`;
  }
  // GeneralizedTime is these very digits without the punctuation, after two octets of header.
  const digits = new TextDecoder().decode(encode(generalizedTime, seconds).subarray(2));
  return digits.replace(/(....)(..)(..)(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z');
}

const YEAR_0 = -62_167_219_200_000;
const YEAR_10000 = 253_402_300_800_000;
