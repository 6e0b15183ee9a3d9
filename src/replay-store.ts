import { isSame } from './bytes.ts';
import { MAX_REPLAY_ENTRIES } from './limits.ts';
import type { Request } from './request.ts';

// Which ClientHellos with early data a single server has seen (RFC 9846 §8.2), as a value. Several servers that open the
// same tickets need a store that they share instead, or early data can be replayed once to each of them.

/** Data only. Its memory is bounded, and what can no longer be replayed is forgotten. */
export interface ReplayStore {
  readonly since: number;
  readonly capacity: number;
  /** What is recorded goes here. */
  readonly recent: Generation;
  /** What was recorded before that, until nothing in it matters any more. */
  readonly older: Generation;
}

interface Generation {
  readonly size: number;
  /** When the last of its keys may be forgotten. */
  readonly until: number;
  readonly root: Node;
}

/** A trie by half-bytes. Its keys are message authentication codes, so nobody can make it deep. */
type Node = Uint8Array | readonly Node[] | undefined;

export type ReplayCheck = Extract<Request, { readonly kind: 'replayCheck' }>;

/**
 * A store that has seen nothing. `since`: milliseconds since the Unix epoch from when on no early data can have been
 * recorded anywhere else: the present where tickets of an earlier run are still good, 0 where their keys are as young as
 * the store. `capacity`: ClientHellos it keeps at most; while it is full nothing counts as new.
 */
export function replayStore({
  since,
  capacity = MAX_REPLAY_ENTRIES,
}: {
  readonly since: number;
  readonly capacity?: number;
}): ReplayStore {
  return { since, capacity, recent: nothing, older: nothing };
}

/**
 * Answers a replay check: whether this is the first time, and the store that knows of it. What could have been recorded
 * before the store began, as early data under an external key always could, is never new; nor is what is asked too late.
 */
export function takeOnce(
  store: ReplayStore,
  { key, from, until }: ReplayCheck,
  now: number,
): { readonly store: ReplayStore; readonly isNew: boolean } {
  const current = store.older.until < now ? { ...store, older: store.recent, recent: nothing } : store;
  const { recent, older } = current;
  const isNew =
    from >= current.since &&
    // Later it may be forgotten that it was there, however young the hello was when it came.
    until >= now &&
    recent.size + older.size < current.capacity &&
    !has(recent.root, key) &&
    !has(older.root, key);
  if (!isNew) return { store: current, isNew };
  const grown: Generation = {
    size: recent.size + 1,
    until: Math.max(recent.until, until),
    root: added(recent.root, key, 0),
  };
  return { store: { ...current, recent: grown }, isNew };
}

const nothing: Generation = { size: 0, until: Number.NEGATIVE_INFINITY, root: undefined };

function has(root: Node, key: Uint8Array): boolean {
  let node = root;
  for (let depth = 0; isBranch(node); depth++) node = node[halfByte(key, depth)];
  return node !== undefined && isSame(node, key);
}

/** The trie with a key that is not in it. */
function added(node: Node, key: Uint8Array, depth: number): Node {
  if (node === undefined) return key;
  if (isBranch(node)) return withBranch(node, halfByte(key, depth), (below) => added(below, key, depth + 1));
  const apart = withBranch(emptyBranch, halfByte(node, depth), () => node);
  return added(apart, key, depth);
}

function withBranch(branch: readonly Node[], at: number, change: (node: Node) => Node): readonly Node[] {
  const changed = branch.slice();
  changed[at] = change(branch[at]);
  return changed;
}

const emptyBranch: readonly Node[] = new Array<Node>(16).fill(undefined);

/** Behind the end of a key stands its length, so that two keys go apart somewhere even if one begins the other. */
function halfByte(key: Uint8Array, depth: number): number {
  const at = depth >> 1;
  const byte = key[at] ?? (at === key.length ? key.length : 0);
  return depth % 2 === 0 ? byte >> 4 : byte & 0x0f;
}

function isBranch(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}
