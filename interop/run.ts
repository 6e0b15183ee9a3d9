/**
 * Runs pure-tls against TLS implementations that nobody here wrote: `npm run interop`, or `npm run interop -- openssl
 * client HRR` for the cases whose line holds all the words. One line per case; exit code 1 when one failed.
 */
import { parseArgs } from 'node:util';
import { allCases } from './cases/index.ts';
import type { Case } from './support/case.ts';
import { openWorld, runCase, type Verdict, type World } from './support/runner.ts';

const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const chosen = allCases().filter((entry) => {
  const text = label(entry).toLowerCase();
  return positionals.every((word) => text.includes(word.toLowerCase()));
});

// An exit in order ends the peers and removes the files.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

if (chosen.length === 0) {
  console.error(`no case matches ${positionals.join(' ')}`);
  process.exitCode = 1;
} else if (values.list) {
  for (const entry of chosen) console.log(label(entry));
} else {
  const world = await openWorld();
  try {
    await runAll(world, chosen);
  } finally {
    world.end();
  }
}

async function runAll(world: World, cases: readonly Case[]): Promise<void> {
  await introduce(world, cases);
  const begun = performance.now();
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const entry of cases) {
    const verdict = await runCase(world, entry);
    counts[verdict.kind] += 1;
    report(entry, verdict);
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`);
  if (counts.failed > 0) process.exitCode = 1;
}

/** Says which peers take part. */
async function introduce(world: World, cases: readonly Case[]): Promise<void> {
  for (const name of new Set(cases.map(({ peer }) => peer))) {
    const presence = await world.find(name);
    console.log(
      presence.kind === 'present'
        ? `${name}: ${presence.peer.version}`
        : `${name}: absent: ${presence.reason}`,
    );
  }
}

function report(entry: Case, verdict: Verdict): void {
  const line = `${verdict.kind.padEnd(8)}${label(entry).padEnd(84)}`;
  switch (verdict.kind) {
    case 'passed':
      console.log(`${line}${verdict.milliseconds.toFixed(0).padStart(6)} ms`);
      return;
    case 'skipped':
      console.log(`${line} ${verdict.reason}`);
      return;
    case 'failed':
      console.log(`${line}${verdict.milliseconds.toFixed(0).padStart(6)} ms`);
      for (const text of [describe(verdict.error), ...verdict.notes])
        console.log(text.replace(/^/gm, '    '));
      return;
    default:
      verdict satisfies never;
  }
}

function label({ peer, role, title }: Case): string {
  return `${peer.padEnd(8)}our ${role}  ${title}`;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
