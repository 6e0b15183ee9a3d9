/** A small part of `npm run paths`, which asks Go too. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { compare } from '../../interop/paths/compare.ts';
import { askOpenssl, askOurs, opensslVersion } from '../../interop/paths/implementations.ts';
import { plan } from '../../interop/paths/plan.ts';
import { makeQuestion, type Question } from '../../interop/paths/question.ts';

const RUNS = Number(process.env['FC_RUNS'] ?? 40);
const folder = mkdtempSync(join(tmpdir(), 'pure-tls-paths-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const skip = opensslVersion() === undefined ? 'openssl 3 is not installed' : false;

test('openssl verify agrees about random paths, but for the rules that are named', { skip }, () => {
  const ask = (question: Question) => askOpenssl(question, folder);
  fc.assert(
    fc.property(plan, (plan) => {
      const question = makeQuestion(plan);
      const comparison = compare(question, ask(question), 'openssl', ask);
      assert.notEqual(comparison.kind, 'unexplained', JSON.stringify(comparison));
    }),
    { numRuns: RUNS },
  );
});

test('random paths are accepted often enough to say something', () => {
  const accepted = fc.sample(plan, { numRuns: 30, seed: 1 }).filter((plan) => askOurs(makeQuestion(plan)).ok);
  assert.ok(accepted.length >= 3, `${accepted.length} of 30`);
});
