import assert from 'node:assert/strict';
import type { Result } from '../../x509/index.ts';

/** Runs of a property; `FC_RUNS` raises it for a long campaign. */
export const FC_RUNS = Number(process.env['FC_RUNS'] ?? 100);

/** The value of a result that must be one. */
export function unwrap<T>(result: Result<T, unknown>): T {
  if (!result.ok) {
    assert.fail(`refused: ${JSON.stringify(result.error, printBigint)}`);
  }
  return result.value;
}

/** The error of a result that must be one. */
export function unwrapError<E>(result: Result<unknown, E>): E {
  assert.ok(!result.ok, 'accepted');
  return result.error;
}

/** 32 bytes that stand for fresh entropy; a different label gives different ones. */
export function entropy(label: string): Uint8Array {
  const bytes = new TextEncoder().encode(label.padEnd(32, '.'));
  return bytes.slice(0, 32);
}

function printBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
