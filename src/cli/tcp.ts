import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { commandError } from './command.ts';
import { systemReason } from './reason.ts';

/** Connects; a {@link commandError} that says why that cannot be done. */
export async function dial(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return socket;
  } catch (thrown) {
    throw commandError(`cannot connect to ${host} port ${port}: ${systemReason(thrown)}`);
  }
}

/** Lets a server listen and gives its port, which the system chooses when `port` is 0. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (thrown) {
    throw commandError(`cannot listen on ${host} port ${port}: ${systemReason(thrown)}`);
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
