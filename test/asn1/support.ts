import assert from 'node:assert/strict';
import {
  type Asn1Error,
  decode,
  describeError,
  encode,
  type Grammar,
  type Limits,
} from '../../asn1/index.ts';

/** The octets of hexadecimal digits, in which spaces and line ends do not count. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.replace(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

/** The value of an encoding that must be accepted. */
export function decoded<T>(grammar: Grammar<T>, digits: string): T {
  const result = decode(grammar, hex(digits));
  if (!result.ok) assert.fail(describeError(result.error));
  return result.value;
}

/** The error of an encoding that must be refused. */
export function refused(grammar: Grammar<unknown>, digits: string, limits?: Partial<Limits>): Asn1Error {
  const result = decode(grammar, hex(digits), limits);
  assert.ok(!result.ok, `accepted ${digits}`);
  return result.error;
}

/** Asserts the kind and the offset, and if given the path, of the refusal of an encoding. */
export function assertRefused(
  grammar: Grammar<unknown>,
  digits: string,
  kind: Asn1Error['kind'],
  offset: number,
  path: readonly string[] = [],
): void {
  const error = refused(grammar, digits);
  assert.deepEqual(
    [error.kind, error.offset, error.path],
    [kind, offset, path],
    `${digits}: ${error.expected}`,
  );
}

/** Asserts that value and encoding are each other's, both ways. */
export function assertBothWays<T>(grammar: Grammar<T>, digits: string, value: T): void {
  assert.deepEqual(decoded(grammar, digits), value, `decode ${digits}`);
  assert.equal(toHex(encode(grammar, value)), toHex(hex(digits)), `encode to ${digits}`);
}

/** How many runs a property gets: `usual`, scaled by the environment's FC_RUNS as if 100 were usual. */
export function runs(usual: number): { readonly numRuns: number } {
  const scale = Number(process.env['FC_RUNS'] ?? 100) / 100;
  return { numRuns: Math.max(1, Math.round(usual * scale)) };
}
