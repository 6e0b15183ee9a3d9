import { Duplex } from 'node:stream';
import type { Flow } from '../flow.ts';

/**
 * A Node stream over a {@link Flow}, for everything that speaks to streams: `httpServer.emit('connection',
 * duplexFromFlow(connection))`. Ending it closes the write side, destroying it closes the flow, and what the flow
 * rejects with is the stream's error. Like a `net.Socket` it needs a listener for 'error'.
 */
export function duplexFromFlow(flow: Flow): Duplex {
  return new Duplex({
    read() {
      flow.read().then(
        // The stream may keep the bytes beyond the flow's next read.
        (bytes) => this.push(bytes === undefined ? null : bytes.slice()),
        (error) => this.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      settle(flow.write(chunk), done);
    },
    writev(chunks, done) {
      settle(flow.write(Buffer.concat(chunks.map(({ chunk }) => chunk))), done);
    },
    final(done) {
      settle(flow.closeWrite(), done);
    },
    destroy(error, done) {
      settle(flow.close(), () => done(error));
    },
  });
}

function settle(work: Promise<void>, done: (error?: Error | null) => void): void {
  work.then(() => done(), done);
}
