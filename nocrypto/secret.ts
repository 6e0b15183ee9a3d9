/**
 * Bytes that must not be printed, compared with `===` or put into a trace: private keys, shared secrets, traffic
 * secrets. The brand exists only in the type system; {@link secret} is the one place that applies it.
 */
export type Secret = Uint8Array & { readonly [secretBrand]: true };

declare const secretBrand: unique symbol;

/** Marks bytes as a {@link Secret}. The bytes are not copied. */
export function secret(bytes: Uint8Array): Secret {
  return bytes as Secret;
}
