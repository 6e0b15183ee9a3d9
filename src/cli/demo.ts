import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { noble } from '../../nocrypto/index.ts';
import { chainOfTrust, trustAnchor } from '../../x509/index.ts';
import { type TlsConnection, wrapClient, wrapServer } from '../flow/index.ts';
import { flowFromSocket } from '../flow/node/index.ts';
import { type ClientConfig, clientConfig, type ServerConfig, serverConfig } from '../index.ts';
import { type Command, commandError, exitCodes, noPositionals, parseArguments } from './command.ts';
import { DEMO_NAME, type DemoCredentials, demoCredentials } from './demo-credentials.ts';
import { diagram, type TimedEvent } from './diagram.ts';
import { factRows } from './facts-page.ts';
import { opensslVersion, startOpenssl, withFiles } from './openssl.ts';
import { dial, listen } from './tcp.ts';
import { type Paint, paintFor, printable } from './text.ts';

export const demoCommand: Command = {
  summary: 'show a handshake between two pure-tls peers, and with openssl where there is one',
  help: `usage: pure-tls demo

Makes a certification authority and a server certificate in memory, connects a pure-tls client
with a pure-tls server through TCP on this machine, sends data both ways and draws what happened.
Then does the same with openssl as client and as server, where it is installed. Needs no network.

exit codes: 0 done; 1 something failed; 2 the command line makes no sense`,
  run,
};

const LOOPBACK = '127.0.0.1';
const QUESTION = 'Hello, is anybody there?';
const ANSWER = 'Yes, and nobody else can hear us.';

async function run(args: readonly string[]): Promise<number> {
  const { positionals } = parseArguments(args, {});
  noPositionals(positionals);
  const paint = paintFor(process.stdout, process.env);
  const print = (...lines: readonly string[]) =>
    void process.stdout.write(lines.map((line) => `${line}\n`).join(''));

  const started = performance.now();
  const credentials = demoCredentials(Date.now());
  const made = performance.now();
  const parties = partiesOf(credentials);

  print(...heading('A pure-tls client and a pure-tls server, over TCP on this machine', paint));
  const own = await betweenOurselves(parties);
  print(
    ...diagram(own.conversation, {
      clientName: 'pure-tls client',
      serverName: 'pure-tls server',
      start: own.begun,
      paint,
    }),
    '',
  );
  print(...table(factRows(own.connection.facts), paint), '');
  print(
    ...table(
      [
        ['making keys and certificates', milliseconds(made - started)],
        ['handshake', `${milliseconds(own.times.handshake)} (both ends in one process, from a cold start)`],
        ['question and answer', milliseconds(own.times.exchange)],
        ['closing', milliseconds(own.times.closing)],
      ],
      paint,
    ),
    '',
  );

  const version = await opensslVersion();
  if (version?.startsWith('OpenSSL ') !== true) {
    // LibreSSL goes by the same name, and knows neither -brief nor port 0.
    const found = version === undefined ? 'openssl was not found' : `openssl is ${version} here`;
    print(`${found}: the handshakes with OpenSSL are left out.`);
    return exitCodes.ok;
  }
  const { authority, chain, key } = credentials.pem;
  await withFiles({ 'ca.pem': authority, 'chain.pem': chain, 'key.pem': key }, async (path) => {
    print(...heading(`openssl s_client and a pure-tls server (${version})`, paint));
    print(...(await withOpensslClient(parties.server, path('ca.pem'), paint)), '');
    print(...heading(`A pure-tls client and openssl s_server (${version})`, paint));
    print(...(await withOpensslServer(parties.client, path('chain.pem'), path('key.pem'), paint)), '');
  });
  return exitCodes.ok;
}

interface Parties {
  readonly client: ClientConfig;
  readonly server: ServerConfig;
}

function partiesOf(credentials: DemoCredentials): Parties {
  const client = clientConfig({
    crypto: noble,
    authenticator: chainOfTrust({ anchors: [trustAnchor(credentials.authority)] }),
    serverName: DEMO_NAME,
    applicationProtocols: ['demo/1'],
    trace: 'records',
  });
  if (!client.ok) throw commandError(`${client.error.option} ${client.error.problem}`);
  const server = serverConfig({
    crypto: noble,
    credentials: [credentials.server],
    applicationProtocols: ['demo/1'],
    trace: 'records',
  });
  if (!server.ok) throw commandError(`${server.error.option} ${server.error.problem}`);
  return { client: client.value, server: server.value };
}

interface OwnHandshake {
  readonly conversation: { readonly client: readonly TimedEvent[]; readonly server: readonly TimedEvent[] };
  /** The client's. */
  readonly connection: TlsConnection;
  /** When the client began. */
  readonly begun: number;
  /** Milliseconds. */
  readonly times: { readonly handshake: number; readonly exchange: number; readonly closing: number };
}

async function betweenOurselves({ client, server }: Parties): Promise<OwnHandshake> {
  const clientEvents = recorder();
  const serverEvents = recorder();
  const accepting = await accept(async (socket) => {
    const connection = await wrapServer(flowFromSocket(socket), server, { onTrace: serverEvents.record });
    await connection.read();
    await connection.write(Buffer.from(ANSWER));
    while ((await connection.read()) !== undefined);
    await connection.close();
  });
  const socket = await dial(LOOPBACK, accepting.port);
  const begun = performance.now();
  const connection = await wrapClient(flowFromSocket(socket), client, { onTrace: clientEvents.record });
  const established = performance.now();
  await connection.write(Buffer.from(QUESTION));
  await connection.read();
  const answered = performance.now();
  await connection.close();
  await accepting.done;
  const closed = performance.now();
  return {
    conversation: { client: clientEvents.events, server: serverEvents.events },
    connection,
    begun,
    times: { handshake: established - begun, exchange: answered - established, closing: closed - answered },
  };
}

async function withOpensslClient(
  server: ServerConfig,
  caFile: string,
  paint: Paint,
): Promise<readonly string[]> {
  const { events, record } = recorder();
  let question = '';
  const accepting = await accept(async (socket) => {
    const connection = await wrapServer(flowFromSocket(socket), server, { onTrace: record });
    question = textOf(await connection.read());
    await connection.write(Buffer.from(`${ANSWER}\n`));
    await connection.close();
  });
  const address = `${LOOPBACK}:${accepting.port}`;
  const openssl = startOpenssl([
    ...['s_client', '-brief', '-connect', address, '-servername', DEMO_NAME, '-alpn', 'demo/1'],
    ...['-CAfile', caFile, '-verify_hostname', DEMO_NAME, '-verify_return_error'],
  ]);
  try {
    openssl.write(`${QUESTION}\n`);
    // Whichever fails first says why.
    const [, answer] = await Promise.all([accepting.done, openssl.printed(literally(ANSWER))]);
    const output = await openssl.finished();
    return [
      ...diagram(
        { client: [], server: events },
        { clientName: 'openssl s_client', serverName: 'pure-tls server', paint },
      ),
      '',
      ...table([['openssl sent', question], ['openssl received', answer[0]], ...opinion(output)], paint),
    ];
  } finally {
    accepting.stop();
    await openssl.stop();
  }
}

async function withOpensslServer(
  client: ClientConfig,
  chainFile: string,
  keyFile: string,
  paint: Paint,
): Promise<readonly string[]> {
  const { events, record } = recorder();
  // -rev sends each line back, its letters in reverse.
  const openssl = startOpenssl([
    ...['s_server', '-accept', `${LOOPBACK}:0`, '-naccept', '1', '-rev', '-alpn', 'demo/1'],
    ...['-cert', chainFile, '-key', keyFile],
  ]);
  try {
    const [, port] = await openssl.printed(/^ACCEPT .*:(\d+)$/m);
    const socket = await dial(LOOPBACK, Number(port));
    const connection = await wrapClient(flowFromSocket(socket), client, { onTrace: record });
    await connection.write(Buffer.from(`${QUESTION}\n`));
    const answer = textOf(await connection.read());
    await connection.close();
    return [
      ...diagram(
        { client: events, server: [] },
        { clientName: 'pure-tls client', serverName: 'openssl s_server', paint },
      ),
      '',
      ...table([['openssl sent back', answer], ...factRows(connection.facts)], paint),
    ];
  } finally {
    await openssl.stop();
  }
}

interface Accepting {
  readonly port: number;
  /** Settles with what became of the one connection. */
  readonly done: Promise<void>;
  /** Stops waiting for it. */
  readonly stop: () => void;
}

/** Accepts one connection on loopback. */
async function accept(attend: (socket: Socket) => Promise<void>): Promise<Accepting> {
  const server = createServer({ allowHalfOpen: true });
  const port = await listen(server, LOOPBACK, 0);
  const done = once(server, 'connection').then(([socket]) => {
    server.close();
    return attend(socket);
  });
  // Awaited later; until then a failure must not count as unheard.
  done.catch(() => {});
  return { port, done, stop: () => void server.close() };
}

function recorder(): {
  readonly events: readonly TimedEvent[];
  readonly record: (event: TimedEvent['event']) => void;
} {
  const events: TimedEvent[] = [];
  return { events, record: (event) => void events.push({ at: performance.now(), event }) };
}

/** What openssl's -brief says about a connection. */
function opinion(output: string): readonly (readonly [string, string])[] {
  return ['Protocol version', 'Ciphersuite', 'Server Temp Key', 'Signature type', 'Verification'].flatMap(
    (name) => {
      const value = new RegExp(`^${name}: (.*)$`, 'm').exec(output)?.[1];
      return value === undefined ? [] : [[`openssl on: ${name}`, value] as const];
    },
  );
}

function heading(text: string, paint: Paint): readonly string[] {
  return [paint('bold', printable(text)), ''];
}

function table(rows: readonly (readonly [name: string, value: string])[], paint: Paint): readonly string[] {
  return rows.map(([name, value]) => `  ${paint('dim', name.padEnd(30))}${printable(value)}`);
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? [])
    .toString()
    .trimEnd();
}

function literally(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}
