/**
 * Runs the cases of a file in x509-limbo's format: `npm run limbo -- FILE`. Prints `id expected got` for each, and at the end
 * how many agree. The exit code is 1 when a case deviates that exceptions.ts does not excuse, when an exception there is
 * stale, or when a case takes too long.
 */
import { readFileSync } from 'node:fs';
import { noble } from '../../nocrypto/index.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { complaints, deviates, type Judge, judge } from './judge.ts';
import { readTestcases } from './testcase.ts';

/** Milliseconds that one case may take. */
const LIMIT = 500;

const [path, ...rest] = process.argv.slice(2);
if (path === undefined || rest.length > 0) {
  console.error('usage: npm run limbo -- FILE');
  process.exitCode = 2;
} else {
  run(path);
}

function run(path: string): void {
  const options: Judge = { crypto: noble, exceptions: EXCEPTIONS, now: Date.now(), limit: LIMIT };
  let bad = 0;
  const verdicts = readTestcases(readFileSync(path, 'utf8')).map((testcase) => {
    const verdict = judge(testcase, options);
    const wrong = complaints(verdict, LIMIT);
    bad += wrong.length;
    console.log(`${verdict.id} ${verdict.expected} ${verdict.got}`);
    for (const line of wrong) console.log(`  ${line}`);
    return verdict;
  });
  const deviating = verdicts.filter(deviates);
  for (const { id, reason, excuse } of deviating) {
    if (excuse !== undefined) console.log(`excused ${id} (${reason ?? 'accepted'}): ${excuse}`);
  }
  const slowest = verdicts.reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a));
  console.log(`slowest: ${slowest.id}, ${slowest.milliseconds.toFixed(1)} ms of at most ${LIMIT} ms`);
  const excused = deviating.filter(({ excuse }) => excuse !== undefined).length;
  console.log(
    `${verdicts.length - deviating.length} agree, ${deviating.length} deviate (${excused} excused)`,
  );
  if (bad > 0) process.exitCode = 1;
}
