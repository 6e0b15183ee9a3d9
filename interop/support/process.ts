import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Scope } from './scope.ts';

/** A running program of somebody else's. */
export interface Child {
  /** Resolves when the bytes are on their way to its standard input. */
  readonly write: (bytes: Uint8Array | string) => Promise<void>;
  /** Ends its standard input. */
  readonly end: () => void;
  /** Resolves with the match once what it has printed matches; rejects when it ends before. Default: on either stream. */
  readonly printed: (pattern: RegExp, stream?: 'both' | 'stdout') => Promise<RegExpExecArray>;
  /** All that it has printed so far. */
  readonly output: () => string;
  /** Kills it as a crash would: nothing is said to anybody. */
  readonly kill: () => void;
  /** Resolves with the exit code, or undefined for one that was killed or never started. */
  readonly exited: Promise<number | undefined>;
}

/** Starts a program, which ends with the scope at the latest. `onOutput` takes standard output away from `printed`. */
export function start(
  scope: Scope,
  program: string,
  args: readonly string[],
  { onOutput }: { readonly onOutput?: (chunk: Uint8Array) => void } = {},
): Child {
  const child = spawn(program, args, { stdio: 'pipe' });
  const text = { stdout: '', both: '' };
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const again of waiting) again();
    waiting.clear();
  };
  const add = (chunk: string) => {
    text.both += chunk;
    wake();
  };
  if (onOutput !== undefined) child.stdout.on('data', onOutput);
  else {
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text.stdout += chunk;
      add(chunk);
    });
  }
  child.stderr.setEncoding('utf8').on('data', add);
  // It may end before it has read everything: its exit says why.
  child.stdin.on('error', () => {});
  const exited = new Promise<number | undefined>((resolve) => {
    child.on('error', (error) => {
      add(error.message);
      resolve(undefined);
    });
    child.on('close', (code) => resolve(code ?? undefined));
  }).then((code) => {
    ended = true;
    wake();
    return code;
  });
  const kill = () => void child.kill('SIGKILL');
  // Also when this process ends before the scope does.
  process.once('exit', kill);
  scope.defer(async () => {
    kill();
    await exited;
    process.off('exit', kill);
  });
  scope.note(() => `${program} ${args.join(' ')}\n${text.both.trim()}`);

  return {
    write: (bytes) =>
      new Promise((resolve) => {
        child.stdin.write(bytes, () => resolve());
      }),
    end: () => {
      child.stdin.end();
    },
    printed: async (pattern, stream = 'both') => {
      for (;;) {
        const match = pattern.exec(text[stream]);
        if (match !== null) return match;
        if (ended) throw new Error(`${program} ${args[0]} ended without printing ${pattern}`);
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
    output: () => text.both,
    kill,
    exited,
  };
}

/** Runs a program to its end and gives what it printed; a failure or more than `milliseconds` is an error. */
export async function run(
  program: string,
  args: readonly string[],
  { milliseconds = 10_000, env }: { readonly milliseconds?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: milliseconds, env });
  return stdout;
}
