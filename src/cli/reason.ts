import { isTlsError } from '../flow/index.ts';

/** Why a connection failed, in words: an error of the system underneath speaks for itself. */
export function connectionReason(thrown: unknown): string {
  if (isTlsError(thrown) && thrown.failure.kind === 'flowFailed') {
    return `the connection broke: ${systemReason(thrown.cause)}`;
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Why the operating system refused, in words and with its code. */
export function systemReason(thrown: unknown): string {
  const code = codeOf(thrown);
  const words = code === undefined ? undefined : reasons[code];
  if (words !== undefined) return `${words} (${code})`;
  return code ?? (thrown instanceof Error ? thrown.message : String(thrown));
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the port is in use; choose another',
  EEXIST: 'it exists; --force replaces it',
  EADDRNOTAVAIL: 'this machine has no such address',
  ECONNREFUSED: 'nothing is listening there',
  ECONNRESET: 'the peer reset the connection',
  EHOSTUNREACH: 'the host cannot be reached',
  EISDIR: 'it is a directory',
  ENETUNREACH: 'the network cannot be reached',
  ENOENT: 'there is no such file',
  ENOTFOUND: 'the name is not known; check its spelling',
  EAI_AGAIN: 'the name cannot be looked up now; check the network',
  EPIPE: 'the peer closed the connection',
  ETIMEDOUT: 'no answer came in time',
};

/** A connection tried at several addresses fails with all their errors at once: the last speaks for them. */
function codeOf(thrown: unknown): string | undefined {
  if (thrown instanceof AggregateError) return codeOf(thrown.errors.at(-1));
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}
