import { emptySessionCache, keepSession, type Session, takeSession } from '../index.ts';

// What outlives a connection so that the next one can go on from it, at either end.

/** A client's sessions: kept as they come, each given once. One for all connections of one configuration. */
export interface ClientSessions {
  readonly keep: (session: Session) => void;
  /** The newest session that is kept under a name (the Session's `serverName`) and still good at `now`. */
  readonly take: (serverName: string, now: number) => Session | undefined;
}

/** Keeps sessions in memory: 8 for each server, for 256 servers. */
export function clientSessions(): ClientSessions {
  let cache = emptySessionCache;
  return {
    keep: (session) => {
      cache = keepSession(cache, session);
    },
    take: (serverName, now) => {
      const taken = takeSession(cache, serverName, now);
      ({ cache } = taken);
      return taken.session;
    },
  };
}

/**
 * A server's sessions, for a configuration with `storedSessions`. Many servers can share one store, if `take` gives no
 * session twice however many ask at once (in Redis: GETDEL).
 */
export interface SessionStore {
  /** Keeps `session` under `id` (32 bytes) for at most `lifetime` seconds. A rejection costs the session, nothing else. */
  readonly put: (id: Uint8Array, session: Uint8Array, lifetime: number) => Promise<void> | void;
  /** Gives a session and forgets it. After a rejection, as without a session, there is a full handshake. */
  readonly take: (id: Uint8Array) => Promise<Uint8Array | undefined> | Uint8Array | undefined;
}

export interface MemorySessionStoreOptions {
  /** How many sessions to keep; of more the oldest go. Default 10,000: some 10 MB where clients show certificates. */
  readonly capacity?: number | undefined;
  /** Milliseconds since the Unix epoch. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** Keeps a server's sessions in the memory of this process. */
export function memorySessionStore({
  capacity = 10_000,
  now = Date.now,
}: MemorySessionStoreOptions = {}): SessionStore {
  const kept = new Map<string, { readonly session: Uint8Array; readonly until: number }>();
  return {
    put: (id, session, lifetime) => {
      kept.set(nameOf(id), { session, until: now() + lifetime * 1000 });
      // A Map walks in the order of insertion: the first is the oldest.
      for (const [oldest] of kept) {
        if (kept.size <= capacity) break;
        kept.delete(oldest);
      }
    },
    take: (id) => {
      const name = nameOf(id);
      const found = kept.get(name);
      kept.delete(name);
      return found !== undefined && now() < found.until ? found.session : undefined;
    },
  };
}

function nameOf(id: Uint8Array): string {
  let name = '';
  for (const byte of id) name += String.fromCharCode(byte);
  return name;
}
