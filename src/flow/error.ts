import { type AlertName, alertFor, describeFailure, type Failure } from '../index.ts';

/**
 * Why a connection ended badly: the protocol's own {@link Failure}, or one that only the boundary can see.
 *
 * - `flowFailed`: the flow underneath rejected a read or a write; its error is the TlsError's `cause`.
 * - `handshakeTimeout`: the handshake was not over in time.
 */
export type ConnectionFailure =
  | Failure
  | { readonly kind: 'flowFailed'; readonly operation: 'read' | 'write' }
  | { readonly kind: 'handshakeTimeout'; readonly milliseconds: number };

/** What a wrapped connection rejects with. Recognised by {@link isTlsError}. */
export interface TlsError extends Error {
  readonly name: 'TlsError';
  readonly failure: ConnectionFailure;
  /** The alert this side sent about it, or the one that came (`failure.kind` is `peerAlert`); undefined for none. */
  readonly alert: AlertName | 'unknown' | undefined;
}

/** Whether `error` is a {@link TlsError}. */
export function isTlsError(error: unknown): error is TlsError {
  return error instanceof Error && error.name === 'TlsError' && 'failure' in error;
}

/** The TlsError of a failure. `cause` is the error of the flow underneath, where there is one. */
export function tlsError(failure: ConnectionFailure, cause?: unknown): TlsError {
  const error = new Error(describe(failure, cause), cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: 'TlsError', failure, alert: alertOf(failure) } as const);
}

/** The text of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function describe(failure: ConnectionFailure, cause: unknown): string {
  switch (failure.kind) {
    case 'flowFailed':
      return `the flow under the connection failed at a ${failure.operation}: ${messageOf(cause)}`;
    case 'handshakeTimeout':
      return `the handshake was not over within ${failure.milliseconds} ms`;
    default:
      return describeFailure(failure);
  }
}

function alertOf(failure: ConnectionFailure): AlertName | 'unknown' | undefined {
  switch (failure.kind) {
    case 'flowFailed':
    case 'handshakeTimeout':
      return undefined;
    case 'peerAlert':
      return failure.alert;
    default:
      return alertFor(failure);
  }
}
