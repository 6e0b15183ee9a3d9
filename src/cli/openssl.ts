import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commandError } from './command.ts';

/** Milliseconds that an openssl process of the demo may take for anything. */
const PATIENCE = 10_000;

/** What `openssl version` says, or undefined where there is no openssl. */
export async function opensslVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('openssl', ['version'], { timeout: PATIENCE });
    // OpenSSL 3 names its library again behind that.
    return stdout.split('(')[0]?.trim();
  } catch {
    return undefined;
  }
}

/** A running openssl. */
export interface Openssl {
  readonly write: (text: string) => void;
  /** Resolves with the match once what openssl has printed matches; rejects when it ends before, or takes too long. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Everything it printed, once it has ended by itself; rejects when it takes too long. */
  readonly finished: () => Promise<string>;
  /** Ends it, if it still runs. */
  readonly stop: () => Promise<void>;
}

/** Starts `openssl ARGS`; an openssl that cannot be started shows in `printed`. */
export function startOpenssl(args: readonly string[]): Openssl {
  const child = spawn('openssl', args, { stdio: 'pipe' });
  let output = '';
  let ended = false;
  let wake = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      wake();
    });
  }
  const gone = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  }).then(() => {
    ended = true;
    wake();
  });
  // It may end before it has read everything.
  child.stdin.on('error', () => {});

  async function until<T>(find: () => T | undefined): Promise<T> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (ended || left <= 0) throw commandError(`openssl ${args[0]} failed: ${lastLine(output)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  return {
    write: (text) => void child.stdin.write(text),
    printed: (pattern) => until(() => pattern.exec(output) ?? undefined),
    finished: () => until(() => (ended ? output : undefined)),
    stop: async () => {
      child.kill();
      await gone;
    },
  };
}

/** Puts texts into files of a new private folder, under their names, while `use` runs. */
export async function withFiles<T>(
  texts: Readonly<Record<string, string>>,
  use: (path: (name: string) => string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pure-tls-'));
  try {
    for (const [name, text] of Object.entries(texts))
      await writeFile(join(folder, name), text, { mode: 0o600 });
    return await use((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) || 'it printed nothing';
}
