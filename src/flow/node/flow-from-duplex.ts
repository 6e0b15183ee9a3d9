import { connect, type IpcNetConnectOpts, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Deferred, deferred } from '../deferred.ts';
import { type Flow, flowClosedError, overlappingReadError } from '../flow.ts';

/**
 * A {@link Flow} over a Node stream of bytes. The stream belongs to the flow from the call on, and its errors become
 * rejections: none goes unhandled. Half-close is allowed whatever the stream was made with, since TLS ends each
 * direction by itself.
 */
export function flowFromDuplex(duplex: Duplex): Flow {
  return flowOver(duplex, {
    take: () => duplex.read(),
    watch: (serve) => {
      duplex.on('readable', serve);
      return () => duplex.off('readable', serve);
    },
  });
}

/** {@link flowFromDuplex} for TCP: small records leave at once, since TLS fills its own segments. */
export function flowFromSocket(socket: Socket): Flow {
  socket.setNoDelay(true);
  return flowFromDuplex(socket);
}

/** What `net.connect` takes, but for what the flow sees to itself. */
export type ConnectFlowOptions = (Omit<TcpNetConnectOpts, Own> | Omit<IpcNetConnectOpts, Own>) & {
  /** Bytes to read at once. Default 256 KiB. */
  readonly readBuffer?: number | undefined;
};

type Own = 'onread' | 'noDelay' | 'allowHalfOpen';

/**
 * A {@link Flow} over a connection of its own, to where `net.connect` is told: `connectFlow({ host, port: 443 })`. It is
 * there at once; what goes wrong with connecting, the first `read` or `write` rejects with.
 *
 * It reads into one buffer again and again, where a socket takes a new one each time, and so receives much data with a
 * sixth less of the processor than {@link flowFromSocket}. The buffer is held while the connection is open: for few busy
 * connections, not for many idle ones.
 */
export function connectFlow({ readBuffer = READ_BUFFER, ...options }: ConnectFlowOptions): Flow {
  let arrived: Uint8Array | null = null;
  let notify = () => {};
  const socket = connect({
    ...options,
    noDelay: true,
    allowHalfOpen: true,
    onread: {
      buffer: new Uint8Array(readBuffer),
      callback: (length, buffer) => {
        arrived = buffer.subarray(0, length);
        notify();
        // Reads no more until it is asked to: the reader may look at these bytes until its next read.
        return false;
      },
    },
  });
  return flowOver(socket, {
    take: () => {
      const bytes = arrived;
      arrived = null;
      if (bytes === null) socket.resume();
      return bytes;
    },
    watch: (serve) => {
      notify = serve;
      return () => {
        notify = () => {};
      };
    },
  });
}

const READ_BUFFER = 256 * 1024;

/** How bytes come out of a stream. */
interface Source {
  /** What has arrived, null for nothing. */
  readonly take: () => unknown;
  /** Has `serve` called whenever there may be something to take, until the function that comes back is called. */
  readonly watch: (serve: () => void) => () => void;
}

function flowOver(duplex: Duplex, source: Source): Flow {
  let closed = false;
  let ended = duplex.readableEnded;
  let failure: Error | undefined;
  let reader: Deferred<Uint8Array | undefined> | undefined;
  const writers = new Set<Deferred<void>>();
  const gone = deferred<void>();

  duplex.allowHalfOpen = true;
  const unwatch = source.watch(serve);
  duplex.on('end', onEnd);
  duplex.on('error', onError);
  duplex.on('close', onClose);
  if (duplex.closed) onClose();
  else if (duplex.errored !== null) onError(duplex.errored);

  /** Gives a waiting reader what there is for it by now. */
  function serve(): void {
    if (reader === undefined) return;
    const waiting = reader;
    const chunk: unknown = closed ? null : source.take();
    reader = undefined;
    if (chunk instanceof Uint8Array) waiting.resolve(chunk);
    else if (chunk !== null) waiting.reject(new TypeError('the stream gives no bytes: it has an encoding'));
    else if (closed) waiting.reject(flowClosedError());
    else if (ended) waiting.resolve(undefined);
    else if (failure !== undefined) waiting.reject(failure);
    else reader = waiting;
  }

  function onEnd(): void {
    ended = true;
    serve();
  }

  function onError(error: Error): void {
    failure ??= error;
    serve();
  }

  function onClose(): void {
    failure ??= closed ? flowClosedError() : new Error('the stream was closed before its end');
    serve();
    // A stream may forget the callbacks of its writes when it is destroyed.
    for (const writer of writers) writer.reject(failure);
    writers.clear();
    unwatch();
    duplex.off('end', onEnd);
    duplex.off('close', onClose);
    // onError stays: an error may follow a close, and unheard it would end the process.
    gone.resolve();
  }

  /** One call of the stream's write or end, settled by its callback or by the end of the stream. */
  async function writing(call: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (closed) throw flowClosedError();
    if (failure !== undefined) throw failure;
    const writer = deferred<void>();
    writers.add(writer);
    call((error) => {
      // A destroyed socket reports its unfinished writes as done; onClose knows better.
      if (!error && duplex.destroyed) return;
      writers.delete(writer);
      if (error) writer.reject(failure ?? error);
      else writer.resolve();
    });
    await writer.promise;
  }

  return {
    read: async () => {
      if (reader !== undefined) throw overlappingReadError();
      reader = deferred();
      const { promise } = reader;
      serve();
      return promise;
    },
    write: async (bytes) => {
      if (duplex.writableEnded) throw new TypeError('write was called after closeWrite');
      if (bytes.length > 0) await writing((done) => duplex.write(bytes, done));
    },
    closeWrite: async () => {
      if (duplex.writableFinished) return;
      await writing((done) => duplex.end(done));
    },
    close: async () => {
      closed = true;
      duplex.destroy();
      serve();
      await gone.promise;
    },
  };
}
