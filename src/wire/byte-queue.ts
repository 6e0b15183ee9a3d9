/**
 * Bytes that have arrived but do not yet make a whole record or message, as a value: appending leaves the old queue
 * usable.
 *
 * The newest chunk comes first. Appending merges it with its neighbour while that one is not larger, as in counting in
 * binary: n single bytes cost n·log n copied bytes and log n chunks, never n² or n.
 */
export type ByteQueue = { readonly length: number; readonly last: Chunk | undefined };

interface Chunk {
  readonly bytes: Uint8Array;
  readonly before: Chunk | undefined;
}

export const emptyQueue: ByteQueue = { length: 0, last: undefined };

/** The queue with `bytes` (copied) at its end. */
export function enqueue(queue: ByteQueue, bytes: Uint8Array): ByteQueue {
  if (bytes.length === 0) return queue;
  let before = queue.last;
  let size = bytes.length;
  while (before !== undefined && before.bytes.length <= size) {
    size += before.bytes.length;
    before = before.before;
  }
  const merged = new Uint8Array(size);
  merged.set(bytes, size - bytes.length);
  let end = size - bytes.length;
  for (let chunk = queue.last; chunk !== before && chunk !== undefined; chunk = chunk.before) {
    end -= chunk.bytes.length;
    merged.set(chunk.bytes, end);
  }
  return { length: queue.length + bytes.length, last: { bytes: merged, before } };
}

/** All bytes of the queue in one array, which may be the queue's own: not to be written to. */
export function contents(queue: ByteQueue): Uint8Array {
  if (queue.last === undefined) return new Uint8Array(0);
  if (queue.last.before === undefined) return queue.last.bytes;
  return concatChunks(queue, queue.last);
}

function concatChunks(queue: ByteQueue, last: Chunk): Uint8Array {
  const all = new Uint8Array(queue.length);
  let end = queue.length;
  for (let chunk: Chunk | undefined = last; chunk !== undefined; chunk = chunk.before) {
    end -= chunk.bytes.length;
    all.set(chunk.bytes, end);
  }
  return all;
}
