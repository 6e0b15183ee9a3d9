/**
 * A result of node:crypto as a plain array. A Buffer would do almost everywhere; but its `slice` is a view where that
 * of an array is a copy, and nobody outside of this folder should have to know.
 */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

export function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

export function fromBase64url(text: unknown): Uint8Array {
  if (typeof text !== 'string') throw new TypeError('a JSON Web Key without the expected member');
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}

/**
 * What `compute` gives, or `undefined` where node:crypto throws: for answers to a peer's bytes, which are no
 * exceptions here.
 */
export function attempt<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch {
    return undefined;
  }
}
