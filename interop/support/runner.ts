import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findGnutls } from '../peers/gnutls.ts';
import { findGo } from '../peers/go.ts';
import { findNode } from '../peers/node.ts';
import { findOpenssl } from '../peers/openssl.ts';
import type { PeerName, Presence } from '../peers/peer.ts';
import { findRustls } from '../peers/rustls.ts';
import type { Case } from './case.ts';
import { type Identities, makeIdentities } from './identities.ts';
import { openScope } from './scope.ts';

/** What all cases of a run share: a temporary folder with certificates, and the peers, each looked for once. */
export interface World {
  readonly identities: Identities;
  readonly find: (name: PeerName) => Promise<Presence>;
  /** Removes the folder, as the end of the process does. */
  readonly end: () => void;
}

export type Verdict = { readonly milliseconds: number } & (
  | { readonly kind: 'passed' }
  /** `notes` is what the programs that took part printed. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly notes: readonly string[] }
  | { readonly kind: 'skipped'; readonly reason: string }
);

const CASE_LIMIT = 20_000;

export async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'pure-tls-interop-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const found = new Map<PeerName, Promise<Presence>>();
  return {
    identities: await makeIdentities(folder),
    find: (name) => {
      const presence = found.get(name) ?? finders[name](folder);
      found.set(name, presence);
      return presence;
    },
    end: () => {
      remove();
      process.off('exit', remove);
    },
  };
}

const finders: Readonly<Record<PeerName, (folder: string) => Promise<Presence>>> = {
  openssl: findOpenssl,
  go: findGo,
  node: findNode,
  gnutls: findGnutls,
  rustls: findRustls,
};

/** Runs a case within its time. Whatever it started has ended when this resolves. */
export async function runCase({ identities, find }: World, entry: Case): Promise<Verdict> {
  const presence = await find(entry.peer);
  if (presence.kind === 'absent') return { kind: 'skipped', reason: presence.reason, milliseconds: 0 };
  const { peer } = presence;
  if (entry.needs !== undefined && !peer.groups.includes(entry.needs)) {
    return { kind: 'skipped', reason: `${peer.version} has no ${entry.needs}`, milliseconds: 0 };
  }
  const scope = openScope(identities.folder);
  const begun = performance.now();
  const since = () => performance.now() - begun;
  try {
    await within(entry.limit ?? CASE_LIMIT, entry.run({ scope, identities, peer }));
    return { kind: 'passed', milliseconds: since() };
  } catch (error) {
    return { kind: 'failed', error, notes: scope.notes(), milliseconds: since() };
  } finally {
    await scope.end();
  }
}

async function within(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over within ${milliseconds} ms`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
