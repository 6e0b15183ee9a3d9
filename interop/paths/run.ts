/**
 * Asks pure-tls, `openssl verify` and Go's crypto/x509 about certificate paths that chance has made: `npm run paths`, or
 * `npm run paths -- 10000 7` for so many, from that seed. Prints how often they agree, by which rules they differ, and any
 * difference that no rule explains; then the exit code is 1. `npm run paths -- 10000 7 123` prints the certificates of one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { encodePem } from '../../x509/index.ts';
import { compare } from './compare.ts';
import { type Answer, askGo, askOpenssl, buildGo, opensslVersion } from './implementations.ts';
import { plan } from './plan.ts';
import { makeQuestion, type Question } from './question.ts';
import type { Implementation } from './rules.ts';

const [count = '1000', seed = `${Date.now() % 1_000_000}`, one] = process.argv.slice(2);
const plans = fc.sample(plan, { numRuns: Number(count), seed: Number(seed) });
const questions = (one === undefined ? plans : plans.slice(Number(one)).slice(0, 1)).map(makeQuestion);
const folder = mkdtempSync(join(tmpdir(), 'pure-tls-paths-'));
try {
  if (one === undefined) {
    console.log(`${count} paths from seed ${seed}`);
    runOpenssl();
    runGo();
  } else {
    for (const question of questions) console.log(describe(question));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function runOpenssl(): void {
  const version = opensslVersion();
  if (version === undefined) {
    console.log('openssl 3 is not installed: not asked');
    return;
  }
  const ask = (question: Question) => askOpenssl(question, folder);
  report('openssl', version, questions.map(ask), ask);
}

function runGo(): void {
  const go = buildGo(folder);
  if (go === undefined) {
    console.log('go was not found (GO names it): not asked');
    return;
  }
  const ask = (question: Question) => askGo([question], go.program)[0] ?? { ok: false, error: 'no answer' };
  report('go', go.version, askGo(questions, go.program), ask);
}

function report(
  of: Implementation,
  version: string,
  answers: readonly Answer[],
  ask: (question: Question) => Answer,
): void {
  const rules = new Map<string, number>();
  let accepted = 0;
  let refused = 0;
  let unexplained = 0;
  for (const [i, question] of questions.entries()) {
    const comparison = compare(question, answers[i] ?? { ok: false, error: 'no answer' }, of, ask);
    switch (comparison.kind) {
      case 'agree':
        accepted += comparison.accepted ? 1 : 0;
        refused += comparison.accepted ? 0 : 1;
        break;
      case 'differ':
        rules.set(comparison.rule, (rules.get(comparison.rule) ?? 0) + 1);
        break;
      case 'unexplained':
        unexplained += 1;
        console.log(`path ${i}: pure-tls: ${comparison.ours}; ${of}: ${comparison.theirs}`);
    }
  }
  console.log(`${version}: both accept ${accepted}, both refuse ${refused}, unexplained ${unexplained}`);
  for (const [rule, times] of rules) console.log(`  ${times} times: ${rule}`);
  if (unexplained > 0) process.exitCode = 1;
}

function describe({ chain, anchors, purpose, host, now }: Question): string {
  const pem = (certificates: readonly Uint8Array[]) =>
    certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
  const asked = `${purpose} ${host ?? 'anybody'} ${new Date(now).toISOString()}`;
  return `${asked}\nchain:\n${pem(chain)}anchors:\n${pem(anchors)}`;
}
