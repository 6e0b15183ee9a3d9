import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXCEPTIONS } from '../../interop/limbo/exceptions.ts';
import { complaints, judge, type Verdict } from '../../interop/limbo/judge.ts';
import { readTestcases } from '../../interop/limbo/testcase.ts';
import { noble } from '../../nocrypto/index.ts';

/** C2SP x509-limbo, where it lies beside the project. */
const LIMBO = fileURLToPath(new URL('../../../../shared/vectors/limbo.json', import.meta.url));
const skip = existsSync(LIMBO) ? false : 'no ../shared/vectors/limbo.json';

test('x509-limbo: what must be refused is refused, what is good is accepted', { skip }, () => {
  // How long a case takes is for `npm run limbo` to say, on a machine with nothing else to do.
  const limit = Number.POSITIVE_INFINITY;
  const options = { crypto: noble, exceptions: EXCEPTIONS, now: Date.now(), limit };
  const wrong = readTestcases(readFileSync(LIMBO, 'utf8'))
    .map((testcase) => judge(testcase, options))
    .flatMap((verdict) => complaints(verdict, limit).map((line) => `${verdict.id} ${line}`));
  assert.deepEqual(wrong, []);
});

const verdict = (overrides: Partial<Verdict>): Verdict => ({
  id: 'case',
  expected: 'FAILURE',
  got: 'FAILURE',
  reason: 'expired',
  excuse: undefined,
  milliseconds: 10,
  ...overrides,
});

test('a run of x509-limbo objects to deviations without excuse, to excuses without deviation, and to what is slow', () => {
  const accepted = { got: 'SUCCESS', reason: undefined } as const;
  assert.deepEqual(complaints(verdict({}), 10), []);
  assert.deepEqual(complaints(verdict(accepted), 10), ['deviates: accepted']);
  assert.deepEqual(complaints(verdict({ expected: 'SUCCESS' }), 10), ['deviates: expired']);
  assert.deepEqual(complaints(verdict({ ...accepted, excuse: 'why' }), 10), []);
  assert.match(complaints(verdict({ excuse: 'why' }), 10).join(), /^stale exception/);
  assert.match(complaints(verdict({ milliseconds: 11 }), 10).join(), /^slow: 11 ms/);
});

test('a file that is not of the format is refused', () => {
  for (const text of ['{}', '{"version":2,"testcases":[]}', '{"version":1}', 'x']) {
    assert.throws(() => readTestcases(text));
  }
});
