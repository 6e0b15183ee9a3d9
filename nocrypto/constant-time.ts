/**
 * Whether `a` and `b` hold the same bytes: the one comparison for secrets in this project.
 *
 * The time depends on the two lengths only, as far as JavaScript allows: there is no early exit and no branch
 * on a byte, but no engine promises that. Lengths are not secret; different ones are an immediate `false`.
 */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
