/**
 * Coverage-guided fuzzing of the engine: `npm run fuzz -- client`, or `server`; `--minutes 30`, `--seed 7`. Programs that reach a
 * branch, or take one more often, than any before are kept and changed further. Progress is told every ten seconds. A
 * program under which something does not hold ends the run with exit code 1: it is printed as a line for corpus.txt.
 * `--corpus FILE` writes the programs kept, less those that the others make superfluous.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type * as target from './execute.ts';
import { bundleInstrumented, COUNTERS } from './instrument.ts';
import { type Dice, dice, mutate } from './mutate.ts';
import { formatProgram, type Program, parseProgram } from './program.ts';

/** A call may take that long; a program has at most 64. Most take a fraction of a millisecond. */
const SLOW_MS = 2000;
/** One program of so many is run again, also in single bytes. */
const THOROUGHLY = 50;
const PROGRESS_MS = 10_000;

const { values, positionals } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    corpus: { type: 'string' },
  },
  allowPositionals: true,
});
const [side, ...others] = positionals;
if ((side !== 'client' && side !== 'server') || others.length > 0) {
  console.error('usage: npm run fuzz -- client|server [--minutes N] [--seed N] [--corpus FILE]');
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'pure-tls-fuzz-'));
  try {
    await fuzz(side, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A program with the branches it takes, by number and by how often (see {@link bucket}). */
interface Kept {
  readonly program: Program;
  readonly marks: ReadonlySet<number>;
}

async function fuzz(side: Program['side'], folder: string): Promise<void> {
  const bundle = join(folder, 'target.mjs');
  const compiled = fileURLToPath(new URL('../../', import.meta.url));
  const entry = fileURLToPath(new URL('./execute.js', import.meta.url));
  const count = await bundleInstrumented(entry, join(compiled, 'src'), bundle);
  const counters = new Uint32Array(count);
  Object.defineProperty(globalThis, COUNTERS, { value: counters });
  const { execute, executeThoroughly, record, scenarioCount }: typeof target = await import(
    pathToFileURL(bundle).href
  );

  const chance = dice(Number(values.seed));
  const kept: Kept[] = [];
  const seen = new Uint8Array(count);
  const until = Date.now() + Number(values.minutes) * 60_000;
  let runs = 0;
  let told = Date.now();

  const attempt = (program: Program): boolean => {
    counters.fill(0);
    const begun = performance.now();
    try {
      execute(program);
      const elapsed = performance.now() - begun;
      if (elapsed > SLOW_MS) throw new Error(`it takes ${elapsed.toFixed(0)} ms`);
      keep(program);
      if (runs++ % THOROUGHLY === 0) executeThoroughly(program);
      return true;
    } catch (error) {
      console.log(`${String(error instanceof Error ? error.stack : error)}\n${formatProgram(program)}`);
      process.exitCode = 1;
      return false;
    }
  };
  const keep = (program: Program): void => {
    const marks = marksOf(counters);
    const news = marks.filter((mark) => ((seen[mark >> 3] ?? 0) & (1 << (mark & 7))) === 0);
    if (news.length === 0) return;
    for (const mark of news) seen[mark >> 3] = (seen[mark >> 3] ?? 0) | (1 << (mark & 7));
    kept.push({ program, marks: new Set(marks) });
  };

  const seeds = [
    ...Array.from({ length: scenarioCount }, (_, index) => record(index)).flat(),
    ...readCorpus(),
  ].filter((program) => program.side === side);
  for (const seed of seeds) {
    if (!attempt(seed)) return;
  }
  while (Date.now() < until) {
    if (
      !attempt(
        mutate(
          pick(kept, chance),
          kept.slice(-50).map(({ program }) => program),
          chance,
        ),
      )
    )
      return;
    if (Date.now() - told >= PROGRESS_MS) {
      told = Date.now();
      tell(side, runs, kept.length, seen);
    }
  }
  tell(side, runs, kept.length, seen);
  if (values.corpus !== undefined) {
    const lines = smallest(kept).map(({ program }) => formatProgram(program));
    writeFileSync(values.corpus, `${lines.join('\n')}\n`);
  }
}

/** Each counter's number times eight, plus how often it was reached in powers of two: more often is something new. */
function marksOf(counters: Uint32Array): readonly number[] {
  const marks: number[] = [];
  for (let i = 0; i < counters.length; i++) {
    const times = counters[i] ?? 0;
    if (times > 0) marks.push(i * 8 + bucket(times));
  }
  return marks;
}

/** 1, 2, 3, up to 7, 15, 31, 127, and more. */
function bucket(times: number): number {
  if (times <= 3) return times - 1;
  if (times <= 7) return 3;
  if (times <= 15) return 4;
  if (times <= 31) return 5;
  return times <= 127 ? 6 : 7;
}

/** Half of the time one of the newest, which have been changed least. */
function pick(kept: readonly Kept[], chance: Dice): Program {
  const recent = Math.min(kept.length, 30);
  const at = chance.roll(2) === 0 ? kept.length - 1 - chance.roll(recent) : chance.roll(kept.length);
  const chosen = kept[at];
  if (chosen === undefined) throw new Error('there are no seeds');
  return chosen.program;
}

/** Enough of the programs to reach everything that all of them do: short ones first, then whatever adds something. */
function smallest(kept: readonly Kept[]): readonly Kept[] {
  const size = ({ program }: Kept) => formatProgram(program).length;
  const covered = new Set<number>();
  return [...kept]
    .sort((a, b) => size(a) - size(b))
    .filter(({ marks }) => {
      // The branch counts here, not how often it is taken: what is kept for ever should be little.
      const branches = [...marks].map((mark) => mark >> 3).filter((branch) => !covered.has(branch));
      for (const branch of branches) covered.add(branch);
      return branches.length > 0;
    });
}

function readCorpus(): readonly Program[] {
  const file = fileURLToPath(new URL('../../../test/fuzz/corpus.txt', import.meta.url));
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(parseProgram);
}

function tell(side: string, runs: number, kept: number, seen: Uint8Array): void {
  const reached = seen.filter((marks) => marks !== 0).length;
  console.log(`${side}: ${runs} programs run, ${kept} kept, ${reached} of ${seen.length} branches reached`);
}
