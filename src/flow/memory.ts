import { type ByteQueue, byteQueue } from './byte-queue.ts';
import { type Flow, flowClosedError } from './flow.ts';

export interface MemoryPairOptions {
  /** No `read` gives more bytes than this at once. Default: as they were written. */
  readonly chunkSize?: number | undefined;
  /** About how many bytes each direction holds before a `write` waits for the reader. Default 64 KiB. */
  readonly capacity?: number | undefined;
}

/** Two flows, each the other's peer: what one writes the other reads. */
export function memoryPair(options: MemoryPairOptions = {}): readonly [Flow, Flow] {
  const { chunkSize, capacity = 64 * 1024 } = options;
  if (chunkSize !== undefined && !(chunkSize >= 1)) throw new RangeError('chunkSize must be at least 1');
  if (!(capacity >= 0)) throw new RangeError('capacity must be at least 0');
  const there = pipe(byteQueue(capacity, chunkSize));
  const back = pipe(byteQueue(capacity, chunkSize));
  return [joined(back, there), joined(there, back)];
}

/** One direction. */
interface Pipe {
  readonly read: Flow['read'];
  readonly write: Flow['write'];
  readonly closeWrite: Flow['closeWrite'];
  /** The reader will take no more. */
  readonly closeReader: () => void;
  /** The writer will give no more, and has not said so in order. */
  readonly closeWriter: () => void;
}

function joined(incoming: Pipe, outgoing: Pipe): Flow {
  return {
    read: incoming.read,
    write: outgoing.write,
    closeWrite: outgoing.closeWrite,
    close: async () => {
      incoming.closeReader();
      outgoing.closeWriter();
    },
  };
}

function pipe(queue: ByteQueue): Pipe {
  let ended = false;
  let gone: Error | undefined;

  function refuseIfGone(): void {
    if (gone !== undefined) throw gone;
  }

  return {
    read: queue.read,
    write: async (bytes) => {
      refuseIfGone();
      if (ended) throw new TypeError('write was called after closeWrite');
      // The writer has its bytes back before the reader has seen them: they are copied.
      queue.push(bytes.slice());
      await queue.room();
      refuseIfGone();
    },
    closeWrite: async () => {
      refuseIfGone();
      ended = true;
      queue.end();
    },
    closeReader: () => {
      gone ??= peerClosedError();
      queue.abandon(flowClosedError());
    },
    closeWriter: () => {
      gone ??= flowClosedError();
      queue.end(peerClosedError());
    },
  };
}

function peerClosedError(): Error {
  return Object.assign(new Error('the peer closed the flow'), { code: 'ERR_FLOW_PEER_CLOSED' });
}
