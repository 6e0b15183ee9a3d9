import { execFileSync } from 'node:child_process';

/** Runs the text as a module in a process of its own and gives what it printed. Throws when it fails. */
export function evaluate(script: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  }).trim();
}
