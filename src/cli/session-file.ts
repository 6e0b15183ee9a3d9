import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { decodeSession, encodeSession, type Session } from '../index.ts';
import { commandError } from './command.ts';
import { systemReason } from './reason.ts';

/** The session in a file; none when there is no such file yet. */
export async function sessionsFromFile(path: string): Promise<readonly Session[]> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return [];
  const session = decodeSession(bytes);
  if (!session.ok) throw commandError(`${path} is ${session.error}; if nobody needs it, remove it`);
  return [session.value];
}

/** Puts a session in the place of the one in the file, for the owner's eyes alone. */
export function writeSession(path: string, session: Session): void {
  try {
    // Not over the old file: the key would have its mode.
    rmSync(path, { force: true });
    writeFileSync(path, encodeSession(session), { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    throw commandError(`cannot write ${path}: ${systemReason(thrown)}`);
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw commandError(`cannot read ${path}: ${systemReason(thrown)}`);
  }
}
