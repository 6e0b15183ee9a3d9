import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '';

/** For `test(name, { skip }, …)`: openssl is not needed to build or use pure-tls, so its absence skips visibly. */
export const skipWithoutOpenssl = /^OpenSSL ([3-9]|\d\d)/.test(version)
  ? false
  : 'openssl 3 is not installed';

/** The standard output of an openssl command that must succeed; `input` goes to its standard input. */
export function openssl(args: readonly string[], input: string | Uint8Array = ''): Buffer {
  return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Whether an openssl command succeeds. */
export function opensslAgrees(args: readonly string[]): boolean {
  return spawnSync('openssl', args, { stdio: 'ignore' }).status === 0;
}

/** Runs `use` with files of the given contents in a folder of their own, and takes them away. */
export function withFiles<T>(
  contents: Readonly<Record<string, string | Uint8Array>>,
  use: (path: (name: string) => string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'pure-tls-x509-'));
  try {
    for (const [name, content] of Object.entries(contents)) {
      writeFileSync(join(folder, name), content);
    }
    return use((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
