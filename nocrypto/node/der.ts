/*
 * The little DER that keys need which have no JSON Web Key form: lengths up to 65535, whole elements at once.
 */

/** An element of this tag around these contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length];
  return Buffer.concat([Uint8Array.of(tag, ...header), content]);
}

export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const BIT_STRING = 0x03;
export const OCTET_STRING = 0x04;
export const OBJECT_IDENTIFIER = 0x06;

/** INTEGER 0, the version of a PrivateKeyInfo (RFC 5958). */
export const VERSION = der(INTEGER, Uint8Array.of(0));

/** An INTEGER that is not negative, from big-endian bytes. */
export function unsigned(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const magnitude = start < 0 ? Uint8Array.of(0) : bytes.subarray(start);
  return der(INTEGER, (magnitude[0] ?? 0) < 0x80 ? magnitude : Buffer.concat([Uint8Array.of(0), magnitude]));
}
