import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { type TlsConnection, wrapClient, wrapServer } from '../src/flow/index.ts';
import { connectFlow, flowFromSocket } from '../src/flow/node/index.ts';
import { type Fixture, makeConfigs } from './fixtures.ts';
import type { Benchmark } from './harness.ts';
import { hangUp, nodeTls, transfer } from './node-tls.ts';

const SUITE = 'TLS_AES_128_GCM_SHA256';

/** Bytes that cross the loopback interface in one go. */
const LENGTH = 8 * 1024 * 1024;

const HOST = '127.0.0.1';

/** From a server to a client in this process, over TCP: what a user of sockets gets, and of a flow that connects itself. */
export function loopback(fixture: Fixture, crypto: CryptoProvider): readonly Benchmark[] {
  const sockets = { title: 'sockets', flow: (port: number) => flowFromSocket(connect(port, HOST)) };
  const own = { title: 'connectFlow', flow: (port: number) => connectFlow({ port, host: HOST }) };
  return [sockets, own].map(({ title, flow }) => ({
    name: `bulk over loopback, ${title}, AES-128-GCM, ${crypto.name}`,
    prepare: async () => {
      const data = new Uint8Array(LENGTH).fill(1);
      const configs = makeConfigs(fixture, SUITE, { crypto });
      const [near, far] = await connected(flow);
      const [client, server] = await Promise.all([
        wrapClient(near, configs.client),
        wrapServer(flowFromSocket(far), configs.server),
      ]);
      const peer = await nodeTls(fixture, SUITE).connect(await connected((port) => connect(port, HOST)));
      return {
        operations: 1,
        bytes: LENGTH,
        ours: { name: 'pure-tls', run: () => carry(server, client, data) },
        peers: [
          { name: 'node:tls', run: () => transfer({ client: peer.server, server: peer.client }, data) },
        ],
        close: () => {
          void near.close();
          far.destroy();
          hangUp(peer);
        },
      };
    },
  }));
}

/** Sends `data` in one write; resolves when all of it has arrived. */
async function carry(from: TlsConnection, to: TlsConnection, data: Uint8Array): Promise<void> {
  const writing = from.write(data);
  for (let missing = data.length; missing > 0; ) {
    const bytes = await to.read();
    if (bytes === undefined) throw new Error('the connection ended');
    missing -= bytes.length;
  }
  await writing;
}

/** Both ends of a TCP connection: what `near` makes to the port, and the socket that a server gets. */
async function connected<Near>(near: (port: number) => Near): Promise<readonly [Near, Socket]> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, HOST);
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const connecting = near(address.port);
  const [far]: Socket[] = await once(listener, 'connection');
  listener.close();
  if (far === undefined) throw new Error('no connection');
  return [connecting, far];
}
