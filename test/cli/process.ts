/** Runs the command line as its users do: as a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What goes to standard input, which then ends. Undefined: it stays open, with nothing coming. */
  readonly input?: string | Uint8Array | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Runs `pure-tls ARGS` to its end. */
export async function pureTls(
  args: readonly string[],
  options: RunOptions = { input: '' },
): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...args], { env: options.environment ?? process.env });
  const outputs = collect(child);
  child.stdin.on('error', () => {});
  if (options.input !== undefined) child.stdin.end(options.input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, ...outputs() };
}

export interface Running {
  readonly port: number;
  readonly stderr: () => string;
  /** Resolves once what it said on stderr matches. */
  readonly said: (pattern: RegExp) => Promise<void>;
}

/** Starts `pure-tls serve ARGS` on a free port; it is ended with the test. */
export async function serve(t: TestContext, args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [main, 'serve', '--port', '0', ...args]);
  t.after(() => child.kill());
  const outputs = collect(child);
  const until = async (find: () => RegExpExecArray | null) => {
    for (;;) {
      const match = find();
      if (match !== null) return match;
      if (child.exitCode !== null) throw new Error(`serve ended: ${outputs().stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const [, port] = await until(() => /^listening on 127\.0\.0\.1:(\d+)\n$/.exec(outputs().stdout));
  return {
    port: Number(port),
    stderr: () => outputs().stderr,
    said: async (pattern) => void (await until(() => pattern.exec(outputs().stderr))),
  };
}

/** A folder with these files, until the test is over. Gives the path of a name. */
export function folder(
  t: TestContext,
  files: Readonly<Record<string, string | Uint8Array>>,
): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'pure-tls-test-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return (name) => join(path, name);
}

function collect({ stdout, stderr }: ChildProcess): () => Omit<Outcome, 'code'> {
  const texts = { stdout: '', stderr: '' };
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text;
  });
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text;
  });
  return () => ({ ...texts });
}
