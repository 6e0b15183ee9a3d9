import { once } from 'node:events';
import { Duplex } from 'node:stream';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { CipherSuiteName } from '../src/index.ts';
import { type Fixture, NAME } from './fixtures.ts';

/** The peer: node:tls, both ends in this process, with the same parameters. */
export interface NodeTls {
  /** A whole handshake, over streams in memory where none are given. */
  readonly connect: (ends?: readonly [Duplex, Duplex], session?: Buffer) => Promise<NodeConnection>;
}

export interface NodeConnection {
  readonly client: TLSSocket;
  readonly server: TLSSocket;
}

/** Contexts are made once, as a server makes them once; every connection then verifies the chain of certificates. */
export function nodeTls({ pem }: Fixture, suite: CipherSuiteName): NodeTls {
  const common: SecureContextOptions = {
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: suite,
    ecdhCurve: 'X25519',
  };
  const secureContext = createSecureContext({ ...common, ca: pem.root });
  const listener = createServer({ ...common, cert: pem.leaf, key: pem.leafKey });
  return {
    connect: async ([near, far] = duplexPair(), session) => {
      const accepted = new Promise<TLSSocket>((resolve) => listener.once('secureConnection', resolve));
      listener.emit('connection', far);
      const client = connect({ socket: near, secureContext, servername: NAME, session });
      const [server] = await Promise.all([accepted, once(client, 'secureConnect')]);
      return { client, server };
    },
  };
}

/** A session to resume with, from a connection of its own. */
export async function nodeSession(peer: NodeTls): Promise<Buffer> {
  const first = await peer.connect();
  const [session]: Buffer[] = await once(first.client, 'session');
  hangUp(first);
  const resumed = await peer.connect(undefined, session);
  if (session === undefined || !resumed.client.isSessionReused()) throw new Error('node:tls does not resume');
  hangUp(resumed);
  return session;
}

/** Lets both ends of a connection go. */
export function hangUp({ client, server }: NodeConnection): void {
  client.destroy();
  server.destroy();
}

/** Sends `data` from the client to the server; resolves when all of it has arrived. */
export function transfer({ client, server }: NodeConnection, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    let missing = data.length;
    const count = (chunk: Uint8Array): void => {
      missing -= chunk.length;
      if (missing > 0) return;
      server.off('data', count);
      resolve();
    };
    server.on('data', count);
    client.write(data);
  });
}

/** Two streams, each the other's peer. (Node has such a pair from 22.6 on.) */
export function duplexPair(): readonly [Duplex, Duplex] {
  const toNear: Waiting = { writer: undefined };
  const toFar: Waiting = { writer: undefined };
  const near: Duplex = end(() => far, toNear, toFar);
  const far: Duplex = end(() => near, toFar, toNear);
  return [near, far];
}

/** Who has written in one direction and is called back when its reader wants more. */
interface Waiting {
  writer: (() => void) | undefined;
}

function end(peer: () => Duplex, incoming: Waiting, outgoing: Waiting): Duplex {
  return new Duplex({
    read() {
      const { writer } = incoming;
      incoming.writer = undefined;
      writer?.();
    },
    write(chunk, _encoding, done) {
      peer().push(chunk);
      outgoing.writer = done;
    },
    final(done) {
      peer().push(null);
      done();
    },
  });
}
