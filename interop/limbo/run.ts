/**
 * Runs the cases of a file in x509-limbo's format: `npm run limbo -- FILE`, by node:crypto with `--provider node`. Prints
 * `id expected got` for each, and at the end how many agree. The exit code is 1 when a case deviates that exceptions.ts does
 * not excuse, when an exception there is stale, or when a case takes too long.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { noble } from '../../nocrypto/index.ts';
import { node } from '../../nocrypto/node.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { complaints, deviates, type Judge, judge } from './judge.ts';
import { readTestcases } from './testcase.ts';

/** The providers, and how many milliseconds one case may take with each. */
const PROVIDERS = [
  { crypto: node, limit: 50 },
  { crypto: noble, limit: 500 },
];

const { values, positionals } = parseArgs({
  options: { provider: { type: 'string', default: 'noble' } },
  allowPositionals: true,
});
const [path, ...rest] = positionals;
const provider = PROVIDERS.find(({ crypto }) => crypto.name === values.provider);
if (path === undefined || rest.length > 0 || provider === undefined) {
  console.error('usage: npm run limbo -- FILE [--provider noble|node]');
  process.exitCode = 2;
} else {
  run(path, { ...provider, exceptions: EXCEPTIONS, now: Date.now() });
}

function run(path: string, options: Judge): void {
  const { limit } = options;
  let bad = 0;
  const verdicts = readTestcases(readFileSync(path, 'utf8')).map((testcase) => {
    const verdict = judge(testcase, options);
    const wrong = complaints(verdict, limit);
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
  console.log(
    `slowest with ${options.crypto.name}: ${slowest.id}, ${slowest.milliseconds.toFixed(1)} ms of at most ${limit} ms`,
  );
  const excused = deviating.filter(({ excuse }) => excuse !== undefined).length;
  console.log(
    `${verdicts.length - deviating.length} agree, ${deviating.length} deviate (${excused} excused)`,
  );
  if (bad > 0) process.exitCode = 1;
}
