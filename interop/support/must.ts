import type { Result } from '../../nocrypto/index.ts';

/** The value of a Result that can only be good here. */
export function must<T, E>(result: Result<T, E>): T {
  if (!result.ok) throw new Error(`not as expected: ${JSON.stringify(result.error)}`);
  return result.value;
}
