import { type Deferred, deferred } from './deferred.ts';
import { overlappingReadError } from './flow.ts';

/** Bytes on their way to one reader, with an end: what a flow's `read` stands on. */
export interface ByteQueue {
  /** Adds bytes, which from now on belong to the queue. Ignored once the queue has its end. */
  readonly push: (bytes: Uint8Array) => void;
  /** The end, orderly or an error; it shows after the bytes before it. The first end counts. */
  readonly end: (error?: Error) => void;
  /** Drops what is queued; reading rejects with `error` from now on, whatever end was said before. */
  readonly abandon: (error: Error) => void;
  /** As {@link Flow}'s `read`. */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** Resolves when no more than the capacity is queued, or nothing can be queued any more. */
  readonly room: () => Promise<void>;
}

/**
 * An empty queue. `capacity` is in bytes, where each chunk counts for some more than its own: somebody who sends single
 * bytes must not fill the memory with what it takes to hold each. No `read` gives more than `chunkSize` bytes.
 */
export function byteQueue(capacity: number, chunkSize = Number.POSITIVE_INFINITY): ByteQueue {
  let chunks: Uint8Array[] = [];
  let queued = 0;
  let ended: { readonly error: Error | undefined } | undefined;
  let reader: Deferred<Uint8Array | undefined> | undefined;
  let waiting: Deferred<void> | undefined;

  function hasRoom(): boolean {
    return queued <= capacity || ended !== undefined;
  }

  function notifyRoom(): void {
    if (!hasRoom()) return;
    waiting?.resolve();
    waiting = undefined;
  }

  function take(): Uint8Array | undefined {
    const first = chunks[0];
    if (first === undefined) return undefined;
    const taken = first.subarray(0, chunkSize);
    queued -= taken.length;
    if (taken.length < first.length) {
      chunks[0] = first.subarray(taken.length);
    } else {
      chunks.shift();
      queued -= CHUNK_COST;
    }
    notifyRoom();
    return taken;
  }

  /** Gives a waiting reader what there is for it by now. */
  function serve(): void {
    if (reader === undefined) return;
    const taken = take();
    if (taken === undefined && ended === undefined) return;
    if (taken === undefined && ended?.error !== undefined) reader.reject(ended.error);
    else reader.resolve(taken);
    reader = undefined;
  }

  return {
    push: (bytes) => {
      if (ended !== undefined || bytes.length === 0) return;
      chunks.push(bytes);
      queued += bytes.length + CHUNK_COST;
      serve();
    },
    end: (error) => {
      ended ??= { error };
      serve();
      notifyRoom();
    },
    abandon: (error) => {
      chunks = [];
      queued = 0;
      ended = { error };
      serve();
      notifyRoom();
    },
    read: async () => {
      if (reader !== undefined) throw overlappingReadError();
      reader = deferred();
      const { promise } = reader;
      serve();
      return promise;
    },
    room: async () => {
      if (hasRoom()) return;
      waiting ??= deferred();
      await waiting.promise;
    },
  };
}

/** About what a Uint8Array of its own takes beside its bytes. */
const CHUNK_COST = 128;
