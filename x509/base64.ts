/**
 * Base64 (RFC 4648 §4), strict: canonical padding, no stray bits. White space has been removed by the caller.
 * Returns undefined for anything else.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) {
    return undefined;
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let length = 0;
  let bits = 0;
  let pending = 0;
  for (let i = 0; i < digits; i++) {
    const value = digitValue(text.charCodeAt(i));
    if (value < 0) {
      return undefined;
    }
    bits = ((bits << 6) | value) & 0xffff;
    pending += 6;
    if (pending >= 8) {
      pending -= 8;
      bytes[length++] = bits >> pending;
    }
  }
  // RFC 4648 §3.5: the bits that padding leaves over must be zero, else two texts would name one value.
  const leftover = bits & ((1 << pending) - 1);
  return leftover === 0 ? bytes : undefined;
}

/** Base64 (RFC 4648 §4) with padding, in one line. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const available = Math.min(3, bytes.length - i);
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET.charAt(group >> 18) + ALPHABET.charAt((group >> 12) & 63);
    text += available > 1 ? ALPHABET.charAt((group >> 6) & 63) : '=';
    text += available > 2 ? ALPHABET.charAt(group & 63) : '=';
  }
  return text;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Arithmetic rather than a table: private keys pass through here, and a table look-up leaks through the cache. */
function digitValue(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
  if (code === 0x2b) return 62;
  if (code === 0x2f) return 63;
  return -1;
}
