/**
 * Runs BoGo, the tests of TLS that BoringSSL keeps in ssl/test/runner, against this library:
 *
 *     npm run bogo -- PATH_TO_BORINGSSL [--test 'GLOB;GLOB'] [--workers N] [--provider noble|node] [--disabled]
 *
 * Needs Go. Builds the runner and the shim, runs every test that disabled.ts does not exclude, and counts. Exit code 1
 * when a test failed, when one needs something that disabled.ts gives no reason for, or when a reason there is stale: it
 * covers no test, or one that passes. `--disabled` runs the excluded tests too, to find those.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { differences, type Exclusion, excluded, missing } from './disabled.ts';
import { UNIMPLEMENTED_LOG } from './exit.ts';
import { matchesGlob } from './glob.ts';
import { PROVIDER } from './provider.ts';

type Verdict = 'passed' | 'failed' | 'unimplemented';

interface Result {
  readonly name: string;
  readonly verdict: Verdict;
  /** What the runner printed below the verdict. */
  readonly details: readonly string[];
}

const PROGRESS_MS = 10_000;

const { values, positionals } = parseArgs({
  options: {
    test: { type: 'string' },
    workers: { type: 'string', default: String(availableParallelism()) },
    provider: { type: 'string', default: 'noble' },
    disabled: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const [checkout, ...others] = positionals;
const source = join(checkout ?? '', 'ssl', 'test', 'runner');
if (checkout === undefined || others.length > 0 || !existsSync(join(source, 'runner.go'))) {
  console.error(
    'usage: npm run bogo -- PATH_TO_BORINGSSL [--test GLOBS] [--workers N] [--provider noble|node] [--disabled]',
  );
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'pure-tls-bogo-'));
  try {
    await runAll(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAll(folder: string): Promise<void> {
  const runner = join(folder, 'runner.test');
  execFileSync('go', ['test', '-c', '-o', runner, '.'], {
    cwd: source,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const names = await listTests(folder, runner);
  const config = join(folder, 'config.json');
  const off = values.disabled ? [] : names.filter((name) => reasonFor(excluded, name) !== undefined);
  writeFileSync(
    config,
    JSON.stringify({
      DisabledTests: Object.fromEntries(off.map((name) => [name, ''])),
      // Our tickets come when the handshake is over.
      HalfRTTTickets: 0,
    }),
  );
  const log = join(folder, 'unimplemented.log');
  writeFileSync(log, '');
  const shim = await bundleShim();
  const args = ['-shim-path', shim, '-shim-config', config, '-num-workers', values.workers];
  const selection = values.test === undefined ? [] : ['-test', values.test];
  const results = await runTests(runner, [...args, ...selection], {
    [UNIMPLEMENTED_LOG]: log,
    [PROVIDER]: values.provider,
  });
  const needs = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  report(names, results, needs);
}

/** One file, so that Node starts quickly: it is started once for every test. */
async function bundleShim(): Promise<string> {
  const entry = fileURLToPath(new URL('./shim.js', import.meta.url));
  const outfile = entry.replace(/\.js$/, '.bundle.mjs');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
  return outfile;
}

/** The names of all tests: those that a shim runs which implements nothing. */
async function listTests(folder: string, runner: string): Promise<readonly string[]> {
  const shim = join(folder, 'nothing.sh');
  writeFileSync(shim, '#!/bin/sh\nif [ "$1" = -is-handshaker-supported ]; then echo No; else exit 89; fi\n');
  chmodSync(shim, 0o755);
  return (await runTests(runner, ['-shim-path', shim], {})).map(({ name }) => name);
}

async function runTests(
  runner: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<readonly Result[]> {
  const child = spawn(runner, ['-allow-unimplemented', '-pipe', ...args], {
    cwd: source,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const results: Result[] = [];
  let details: string[] = [];
  let told = Date.now();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, word, name] = /^(PASSED|FAILED|UNIMPLEMENTED) \((.+)\)$/.exec(line) ?? [];
    if (name === undefined) {
      details.push(line);
      continue;
    }
    details = [];
    const verdict = word === 'PASSED' ? 'passed' : word === 'FAILED' ? 'failed' : 'unimplemented';
    results.push({ name, verdict, details });
    if (Date.now() - told >= PROGRESS_MS) {
      told = Date.now();
      console.error(`${results.length} tests run, the last one ${name}`);
    }
  }
  const code = child.exitCode ?? (await once(child, 'exit'))[0];
  if (results.length === 0 || (code !== 0 && code !== 1)) {
    throw new Error(`the runner ended with ${code}:\n${details.join('\n')}`);
  }
  return results;
}

/** Prints what came of it all, and sets the exit code. */
function report(names: readonly string[], results: readonly Result[], needs: readonly string[]): void {
  const of = (verdict: Verdict) => results.filter((result) => result.verdict === verdict);
  const differing = of('failed').filter(({ name }) => reasonFor(differences, name) !== undefined);
  const failed = of('failed').filter((result) => !differing.includes(result));
  const ran = new Set(results.map(({ name }) => name));
  const notRun = names.filter((name) => !ran.has(name) && isSelected(name));
  const unexplained = [...new Set(needs)].filter((what) => reasonFor(missing, what) === undefined);
  const stale = staleReasons(names, of('passed'), needs);

  for (const { name, details } of failed) console.log(`\nFAILED ${name}\n${details.join('\n').trimEnd()}`);
  console.log(`\n${String(of('passed').length).padStart(5)} passed`);
  const disabled = [...notRun, ...differing.map(({ name }) => name)];
  console.log(`${String(disabled.length).padStart(5)} disabled`);
  count(disabled.map((name) => reasonFor([...excluded, ...differences], name) ?? 'none'));
  console.log(`${String(of('unimplemented').length).padStart(5)} unimplemented`);
  count(needs.map((what) => `${reasonFor(missing, what) ?? 'no reason given'} (${what})`));
  console.log(`${String(failed.length).padStart(5)} failed`);
  for (const { name } of failed) console.log(`        ${name}`);
  for (const what of unexplained) console.log(`no reason in disabled.ts: ${what}`);
  for (const line of stale) console.log(`stale in disabled.ts: ${line}`);
  if (failed.length + unexplained.length + stale.length > 0) process.exitCode = 1;
}

/** Prints how often each text stands in a list, the most frequent first. */
function count(texts: readonly string[]): void {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  for (const [text, number] of sorted) console.log(`${String(number).padStart(11)}  ${text}`);
}

/** Patterns that cover no test or nothing a test asked for, and tests that pass although a reason says they cannot. */
function staleReasons(
  names: readonly string[],
  passed: readonly Result[],
  needs: readonly string[],
): readonly string[] {
  const patterns = [...excluded, ...differences].flatMap(({ tests }) => tests);
  const idle = patterns.filter((pattern) => !names.some((name) => matchesGlob(pattern, name)));
  const needless = passed.filter(({ name }) => reasonFor([...excluded, ...differences], name) !== undefined);
  // Only a whole run has asked for everything.
  const unasked =
    values.test === undefined
      ? missing
          .flatMap(({ tests }) => tests)
          .filter((pattern) => !needs.some((what) => matchesGlob(pattern, what)))
      : [];
  return [
    ...idle.map((pattern) => `${pattern} covers no test`),
    ...unasked.map((pattern) => `${pattern} is asked for by no test`),
    ...needless.map(({ name }) => `${name} passes`),
  ];
}

function reasonFor(exclusions: readonly Exclusion[], name: string): string | undefined {
  return exclusions.find(({ tests }) => tests.some((pattern) => matchesGlob(pattern, name)))?.reason;
}

function isSelected(name: string): boolean {
  return values.test?.split(';').some((pattern) => matchesGlob(pattern, name)) ?? true;
}
