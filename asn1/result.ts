/**
 * The outcome of a function that can refuse its input.
 *
 * Bad input is data, not an exceptional event, so the pure rooms return it as a value. Exceptions are kept for
 * a caller's bug (an argument no caller should have passed).
 */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E };

/** A successful {@link Result}. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A refused {@link Result}. */
export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}
