/** The boundary between the pure engine and the world, as far as it is the same on every platform. */

export { connectWithEch, type EchRetryOptions } from './ech.ts';
export { type ConnectionFailure, isTlsError, type TlsError } from './error.ts';
export { type Flow, flowClosedError } from './flow.ts';
export { type MemoryPairOptions, memoryPair } from './memory.ts';
export { type ReplayGuard, replayGuard } from './replay-guard.ts';
export {
  type ClientSessions,
  clientSessions,
  type MemorySessionStoreOptions,
  memorySessionStore,
  type SessionStore,
} from './sessions.ts';
export { type TlsConnection, type WrapOptions, wrapClient, wrapRestored, wrapServer } from './wrap.ts';
