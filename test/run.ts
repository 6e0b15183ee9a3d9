/**
 * Runs the tests: `npm test`, or `npm test -- asn1 x509/name` for the files whose path contains one of the words.
 *
 * The list of files comes from the sources, so that a compiled leftover of a deleted test never runs. node:test's
 * own file discovery differs between the Node versions this package supports; `run({ files })` does not.
 */
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The default run is meant to take less than three minutes on two cores; whatever still runs then hangs. */
const RUN_LIMIT_MS = 6 * 60_000;
/** How many cases each property tries with `--long`, unless FC_RUNS says otherwise. */
const LONG_RUNS = '5000';

const compiled = fileURLToPath(new URL('..', import.meta.url));
const root = join(compiled, '..');

const { values, positionals } = parseArgs({
  options: { long: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const sources = testFiles().filter(
  (file) => positionals.length === 0 || positionals.some((word) => file.includes(word)),
);
const files = sources.map((source) => join(compiled, source.replace(/\.ts$/, '.js')));
const unbuilt = files.filter((file) => !existsSync(file));

if (files.length === 0) {
  fail(`no test file matches ${positionals.join(' ')}`);
} else if (unbuilt.length > 0) {
  fail(`not compiled: ${unbuilt.join(', ')}`);
} else {
  runAll();
}

function runAll(): void {
  if (values.long) {
    process.env['FC_RUNS'] ??= LONG_RUNS;
  }
  const withTests = new Set<string>();
  run({
    files,
    concurrency: availableParallelism(),
    ...(values.long ? {} : { signal: AbortSignal.timeout(RUN_LIMIT_MS) }),
  })
    .on('test:pass', noteTest)
    .on('test:fail', (event) => {
      noteTest(event);
      process.exitCode = 1;
    })
    .once('end', () => {
      const empty = sources.filter((source) => !withTests.has(source));
      if (empty.length > 0) {
        fail(`no test ran in ${empty.join(', ')}`);
      }
    })
    .compose(new spec())
    .pipe(process.stdout);

  // A file without tests is itself reported as one passed test, named by its path.
  function noteTest(event: { readonly name: string; readonly file?: string }): void {
    if (event.file !== undefined && !files.includes(event.name)) {
      withTests.add(sourceOf(event.file));
    }
  }
}

function testFiles(): readonly string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort();
}

// The runner names a file by its compiled path or, through the source map, by its source: one name for both.
function sourceOf(file: string): string {
  const base = file.startsWith(compiled) ? compiled : root;
  return relative(base, file).replace(/\.js$/, '.ts');
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
