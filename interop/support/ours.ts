import { on, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { noble } from '../../nocrypto/index.ts';
import {
  isTlsError,
  type TlsConnection,
  type TlsError,
  type WrapOptions,
  wrapClient,
  wrapServer,
} from '../../src/flow/index.ts';
import { flowFromSocket } from '../../src/flow/node/index.ts';
import {
  type ClientConfig,
  type ClientOptions,
  clientConfig,
  type ServerConfig,
  type ServerOptions,
  serverConfig,
  type TraceEvent,
} from '../../src/index.ts';
import { type Identities, NAME } from './identities.ts';
import { must } from './must.ts';
import { awaitedLater, type Scope } from './scope.ts';

// pure-tls in both roles, over TCP on this machine, through the same doors that its users take.

/** How a connection of ours ended: with what the case made of it, or with a TlsError. */
export type Outcome<T> = { readonly events: readonly TraceEvent[] } & (
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: TlsError }
);

/** What a case does with a connection; its socket is there to be mistreated. */
export type Use<T> = (connection: TlsConnection, socket: Socket) => Promise<T>;

export function ourClientConfig(
  { authority }: Identities,
  options: Partial<ClientOptions> = {},
): ClientConfig {
  return must(
    clientConfig({
      crypto: noble,
      trace: 'messages',
      authenticator: authority.authenticator,
      serverName: NAME,
      ...options,
    }),
  );
}

export function ourServerConfig(
  options: Partial<ServerOptions> & Pick<ServerOptions, 'credentials'>,
): ServerConfig {
  return must(serverConfig({ crypto: noble, trace: 'messages', ...options }));
}

/** Connects to a port, once somebody listens there; after `use` the connection is closed. */
export async function connectTo<T>(
  scope: Scope,
  port: number,
  config: ClientConfig,
  use: Use<T>,
  options: WrapOptions = {},
): Promise<Outcome<T>> {
  const socket = await dial(port);
  scope.defer(() => void socket.destroy());
  return conclude(socket, use, (onTrace) =>
    wrapClient(flowFromSocket(socket), config, { ...options, onTrace }),
  );
}

/** Listens for one connection, or for so many and the outcome of the last; after `use` each is closed. */
export async function listenFor<T>(
  scope: Scope,
  config: ServerConfig,
  use: Use<T>,
  options: WrapOptions = {},
  connections = 1,
): Promise<{ readonly port: number; readonly outcome: Promise<Outcome<T>> }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  scope.defer(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const arriving = on(server, 'connection');
  const outcome = (async () => {
    for (let left = connections; ; left--) {
      const { value } = await arriving.next();
      const socket: Socket = value[0];
      scope.defer(() => void socket.destroy());
      const ended = await conclude(socket, use, (onTrace) =>
        wrapServer(flowFromSocket(socket), config, { ...options, onTrace }),
      );
      if (left <= 1) return ended;
    }
  })();
  return { port, outcome: awaitedLater(outcome) };
}

/** A port that is free at the moment, for a program that cannot say which one the system has given it. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The value of a connection that should have gone well. */
export function valueFrom<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'failed') throw outcome.error;
  return outcome.value;
}

/** The error of a connection that should have failed. */
export function failureOf(outcome: Outcome<unknown>): TlsError {
  if (outcome.kind === 'done') throw new Error('the connection went well, which it should not');
  return outcome.error;
}

async function dial(port: number): Promise<Socket> {
  for (const deadline = performance.now() + PATIENCE; ; ) {
    try {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await setTimeout(RETRY_INTERVAL);
    }
  }
}

/** Milliseconds. */
const PATIENCE = 5_000;
const RETRY_INTERVAL = 10;

async function conclude<T>(
  socket: Socket,
  use: Use<T>,
  wrap: (onTrace: (event: TraceEvent) => void) => Promise<TlsConnection>,
): Promise<Outcome<T>> {
  const events: TraceEvent[] = [];
  try {
    const connection = await wrap((event) => void events.push(event));
    const value = await use(connection, socket);
    await connection.close();
    return { kind: 'done', value, events };
  } catch (thrown) {
    if (isTlsError(thrown)) return { kind: 'failed', error: thrown, events };
    throw thrown;
  }
}
