import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { type TlsConnection, wrapClient, wrapServer } from '../src/flow/index.ts';
import { flowFromSocket } from '../src/flow/node/index.ts';
import { type Fixture, makeConfigs } from './fixtures.ts';
import type { Benchmark } from './harness.ts';
import { hangUp, nodeTls, transfer } from './node-tls.ts';

const SUITE = 'TLS_AES_128_GCM_SHA256';

/** Bytes that cross the loopback interface in one go. */
const LENGTH = 8 * 1024 * 1024;

/** From a client to a server in this process, over TCP: what a user of sockets gets. */
export function loopback(fixture: Fixture, crypto: CryptoProvider): Benchmark {
  return {
    name: `bulk over loopback, AES-128-GCM, ${crypto.name}`,
    prepare: async () => {
      const data = new Uint8Array(LENGTH).fill(1);
      const configs = makeConfigs(fixture, SUITE, { crypto });
      const [near, far] = await socketPair();
      const [client, server] = await Promise.all([
        wrapClient(flowFromSocket(near), configs.client),
        wrapServer(flowFromSocket(far), configs.server),
      ]);
      const sockets = await nodeTls(fixture, SUITE).connect(await socketPair());
      return {
        operations: 1,
        bytes: LENGTH,
        ours: { name: 'pure-tls', run: () => carry(client, server, data) },
        peers: [{ name: 'node:tls', run: () => transfer(sockets, data) }],
        close: () => {
          near.destroy();
          far.destroy();
          hangUp(sockets);
        },
      };
    },
  };
}

/** Sends `data` in one write; resolves when all of it has arrived. */
async function carry(client: TlsConnection, server: TlsConnection, data: Uint8Array): Promise<void> {
  const writing = client.write(data);
  for (let missing = data.length; missing > 0; ) {
    const bytes = await server.read();
    if (bytes === undefined) throw new Error('the connection ended');
    missing -= bytes.length;
  }
  await writing;
}

/** Both ends of a TCP connection. */
async function socketPair(): Promise<readonly [Socket, Socket]> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const near = connect({ port: address.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const [far]: Socket[] = await once(listener, 'connection');
  listener.close();
  if (far === undefined) throw new Error('no connection');
  return [near, far];
}
