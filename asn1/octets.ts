const octetTexts: readonly string[] = Array.from({ length: 256 }, (_, octet) =>
  octet.toString(16).padStart(2, '0'),
);

/** Two lower-case digits for each octet from `start` up to `end`. */
export function toHex(bytes: Uint8Array, start: number, end: number): string {
  let digits = '';
  for (let i = start; i < end; i++) digits += octetTexts[bytes[i] ?? 0] ?? '';
  return digits;
}

/** Whether the octets from `start` up to `end` are those of `other`. */
export function equalRange(bytes: Uint8Array, start: number, end: number, other: Uint8Array): boolean {
  if (end - start !== other.length) return false;
  for (let i = 0; i < other.length; i++) if (bytes[start + i] !== other[i]) return false;
  return true;
}

/**
 * Negative, zero or positive as the first of two encodings sorts before, with or after the second in a SET OF
 * (X.690, section 11.6). No encoding is the beginning of another, so the padding rule there never comes to bear.
 */
export function compareEncodings(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < length; i++) {
    const difference = (a[aStart + i] ?? 0) - (b[bStart + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
