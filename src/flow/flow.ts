/**
 * The smallest duplex of bytes: what a TLS connection needs under it, and what it is itself for whoever uses it, so
 * that TLS over TLS, over a socket or over a pair in memory are one thing.
 *
 * - *Reading:* at most one `read` is outstanding; a second one meanwhile is the caller's bug (TypeError).
 * - *Writing:* writes may overlap; the bytes leave in the order of the calls.
 * - *Errors:* a promise rejects with an Error once, and so does every later call of that direction. What arrived
 *   before the error is read first.
 */
export interface Flow {
  /**
   * The next bytes (never none), or undefined at the orderly end of the peer's data, and on every call after that.
   * The bytes stand until the next `read`: a flow may then use their memory again, so whoever keeps them copies.
   */
  readonly read: () => Promise<Uint8Array | undefined>;
  /**
   * Resolves when the bytes have been passed on and more may be written: awaiting it is the backpressure. Until then
   * the flow may look at `bytes`, so they must not change; after that they are the caller's again.
   */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** After the writes before it: says that this side writes no more. Reading goes on. Calling it again changes nothing. */
  readonly closeWrite: () => Promise<void>;
  /**
   * Gives up the flow in both directions and resolves when its resources are free; bytes not yet passed on may be
   * lost. Never rejects; calling it again changes nothing. An outstanding `read`, and every call after, rejects with
   * {@link flowClosedError}: an aborted reading must not pass for the orderly end of the data.
   */
  readonly close: () => Promise<void>;
}

/** What reading from or writing to a flow rejects with after this side closed it. */
export function flowClosedError(): Error {
  return Object.assign(new Error('the flow was closed on this side'), { code: 'ERR_FLOW_CLOSED' });
}

/** What a second `read` rejects with while one is outstanding. */
export function overlappingReadError(): TypeError {
  return new TypeError('read was called while another read of this flow is outstanding');
}
