import { SERVERS_WITH_SESSIONS, SESSIONS_PER_SERVER } from './limits.ts';
import { isFresh, type Session } from './session.ts';

// What a client keeps of its sessions between connections, as a value: at most so many for each server, for at most so
// many servers, each used once (RFC 9846 §C.4: a ticket that comes twice links its connections for everybody who watches).

/** Sessions by server, the server that was last heard of first. Begins as {@link emptySessionCache}. */
export type SessionCache = readonly SessionsOfServer[];

export interface SessionsOfServer {
  readonly serverName: string;
  /** The newest first. */
  readonly sessions: readonly Session[];
}

export const emptySessionCache: SessionCache = [] as const;

/** With one session more. What is too much is forgotten, the oldest first. */
export function keepSession(cache: SessionCache, session: Session): SessionCache {
  const { serverName } = session;
  const sessions = [session, ...sessionsOf(cache, serverName)].slice(0, SESSIONS_PER_SERVER);
  return [{ serverName, sessions }, ...without(cache, serverName)].slice(0, SERVERS_WITH_SESSIONS);
}

/**
 * The newest session for a server (`serverName` as in the {@link Session}) that is still good at `now`, milliseconds since
 * the Unix epoch, and the cache without it and without those that are not good any more.
 */
export function takeSession(
  cache: SessionCache,
  serverName: string,
  now: number,
): { readonly session: Session | undefined; readonly cache: SessionCache } {
  const [session, ...left] = sessionsOf(cache, serverName).filter((kept) => isFresh(kept, now));
  const others = without(cache, serverName);
  return { session, cache: left.length === 0 ? others : [{ serverName, sessions: left }, ...others] };
}

function sessionsOf(cache: SessionCache, name: string): readonly Session[] {
  return cache.find(({ serverName }) => serverName === name)?.sessions ?? [];
}

function without(cache: SessionCache, name: string): SessionCache {
  return cache.filter(({ serverName }) => serverName !== name);
}
