import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { chainOfTrust, type RawKeyAuthenticator } from '../../x509/index.ts';
import { type ReplayGuard, replayGuard, type TlsConnection, wrapServer } from '../flow/index.ts';
import { duplexFromFlow, flowFromSocket } from '../flow/node/index.ts';
import {
  type AnyCredential,
  type ClientAuthentication,
  type Facts,
  rotateTicketKeys,
  type ServerConfig,
  type ServerOptions,
  serverConfig,
  TICKET_KEY_ENTROPY,
} from '../index.ts';
import {
  type Command,
  exitCodes,
  parseArguments,
  portNumber,
  required,
  usageError,
  wholeNumber,
} from './command.ts';
import type { TimedEvent } from './diagram.ts';
import { echKeysFromFiles } from './ech.ts';
import { factsPage } from './facts-page.ts';
import { credentialFromFiles, rawKeyFromFile, stapledFromFiles, trustAnchorsFrom } from './files.ts';
import { connectionReason, systemReason } from './reason.ts';
import { listen } from './tcp.ts';
import { printable } from './text.ts';
import {
  commonOptions,
  factsLine,
  observer,
  rawKeyAuthenticator,
  rawKeyText,
  tlsOptions,
  tlsOptionsHelp,
} from './tls-options.ts';

/** What a ticket can say (max_early_data_size, RFC 9846 §4.3.10). */
const MAX_EARLY_DATA = 2 ** 32 - 1;

/** Milliseconds without a byte in either direction after which a browser's connection is closed. */
const PAGE_IDLE_TIMEOUT = 60_000;

export const serveCommand: Command = {
  summary: 'serve a page that shows the connection it comes over, or echo',
  help: `usage: pure-tls serve --port N (--cert FILE --key FILE | --raw-key FILE) [OPTIONS]

Serves TLS until it is interrupted. Without --echo every HTTP request gets a small page that shows
the connection it came over. A connection that fails costs one line on stderr. Clients can resume:
their tickets are sealed under a key that is made at the start and forgotten at the end.

  --port N            the TCP port; 0 lets the system choose one, which is printed
  --host ADDRESS      the address to listen on; default 127.0.0.1, this machine alone
  --cert FILE         the certificate chain in PEM, the server's own first
  --key FILE          its private key in PEM (PKCS #8, SEC 1 or PKCS #1, not encrypted)
  --ocsp FILE         an OCSP response about the certificate, DER, to be stapled
  --sct FILE          timestamps to be stapled: a SignedCertificateTimestampList (RFC 6962)
  --raw-key FILE      a private key to prove without a certificate (RFC 7250), to clients that
                      accept this; its pin is printed. Instead of a certificate, or beside one
  --ech FILE          accept Encrypted ClientHello (RFC 9849) under the key in this file, made by
                      'pure-tls ech'; may be repeated: all but the last are for clients whose
                      configuration is out of date
  --client-ca SOURCE  ask clients for a certificate from the CAs in this file or folder
  --client-raw-pin TEXT
                      ask clients for a key without a certificate: key:sha256:DIGEST, several with
                      commas
  --require-client-cert
                      refuse clients that show none
  --early-data BYTES  take so much early data (0-RTT) from clients that resume, no flight twice
  --echo              send back whatever comes, and close when the client does
${tlsOptionsHelp}

exit codes: 1 it cannot listen, or a file is no good; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    ...tlsOptions,
    port: { type: 'string' },
    host: { type: 'string', default: '127.0.0.1' },
    cert: { type: 'string' },
    key: { type: 'string' },
    ocsp: { type: 'string' },
    sct: { type: 'string' },
    'client-ca': { type: 'string' },
    'client-raw-pin': { type: 'string' },
    'raw-key': { type: 'string' },
    'require-client-cert': { type: 'boolean', default: false },
    ech: { type: 'string', multiple: true, default: [] },
    'early-data': { type: 'string' },
    echo: { type: 'boolean', default: false },
  });
  if (positionals.length > 0) throw usageError(`'${positionals[0]}' is not wanted here`);
  const port = portNumber(required(values.port, '--port'));
  const credentials = await ownCredentials(values);
  const observe = observer(values);
  const common = commonOptions(values);
  const config = serverConfig({
    ...common,
    // A page is HTTP/1.1; a client that insists on another protocol should hear so (RFC 7301 §3.2).
    applicationProtocols: common.applicationProtocols ?? (values.echo ? undefined : ['http/1.1']),
    credentials,
    clientAuthentication: await clientAuthentication(
      values['client-ca'],
      rawKeyAuthenticator(values['client-raw-pin'], '--client-raw-pin'),
      values['require-client-cert'],
    ),
    encryptedClientHello: await echOption(values.ech),
    ticketKeys: rotateTicketKeys([], crypto.getRandomValues(new Uint8Array(TICKET_KEY_ENTROPY))),
    maxEarlyData:
      values['early-data'] === undefined
        ? 0
        : wholeNumber(values['early-data'], '--early-data', MAX_EARLY_DATA),
  });
  if (!config.ok) throw usageError(`${config.error.option} ${config.error.problem}`);
  await serve(values.host, port, config.value, values.echo ? echo : pages(), observe);
  return exitCodes.ok;
}

/** The newest key is last, and the one that others are told of. */
async function echOption(paths: readonly string[]): Promise<ServerOptions['encryptedClientHello']> {
  if (paths.length === 0) return undefined;
  const current = await echKeysFromFiles(paths.slice(-1));
  const old = await echKeysFromFiles(paths.slice(0, -1));
  return { keys: [...current, ...old.map((key) => ({ ...key, isRetryConfig: false }))] };
}

/** What it shows: the certificate rather than the key where a client takes both. */
async function ownCredentials(values: {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly 'raw-key'?: string | undefined;
  readonly ocsp?: string | undefined;
  readonly sct?: string | undefined;
}): Promise<readonly AnyCredential[]> {
  const { cert, key, 'raw-key': rawKeyPath } = values;
  const raw = rawKeyPath === undefined ? [] : [await rawKeyFromFile(rawKeyPath)];
  for (const { rawKey } of raw) tell(`the raw key is ${rawKeyText(rawKey)}`);
  if (raw.length > 0 && cert === undefined && key === undefined) return raw;
  const own = await credentialFromFiles(required(cert, '--cert'), required(key, '--key'));
  return [await stapledFromFiles(own, values.ocsp, values.sct), ...raw];
}

async function clientAuthentication(
  source: string | undefined,
  rawKeyAuthenticator: RawKeyAuthenticator | undefined,
  required: boolean,
): Promise<ClientAuthentication | undefined> {
  if (source === undefined) {
    if (rawKeyAuthenticator !== undefined) return { rawKeyAuthenticator, required };
    if (required) throw usageError('--require-client-cert needs --client-ca or --client-raw-pin');
    return undefined;
  }
  const anchors = await trustAnchorsFrom(source);
  const certificateAuthorities = anchors.map(({ certificate }) => certificate.subject.raw);
  const authenticator = chainOfTrust({ anchors });
  return { authenticator, rawKeyAuthenticator, required, certificateAuthorities };
}

/** What is done with an established connection; over when the returned promise is. */
type Service = (accepted: Accepted) => Promise<void>;

interface Accepted {
  readonly socket: Socket;
  readonly connection: TlsConnection;
  /** The events up to the end of the handshake. */
  readonly handshake: readonly TimedEvent[];
}

async function serve(
  host: string,
  port: number,
  config: ServerConfig,
  service: Service,
  observe: ReturnType<typeof observer>,
): Promise<void> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  // No ticket is older than this process, so nobody else can have taken early data with one.
  const guard = replayGuard({ since: 0 });
  server.on('connection', (socket) => void attend(socket, config, guard, service, observe));
  const bound = await listen(server, host, port);
  process.stdout.write(`listening on ${endpoint(host, bound)}\n`);
  // From here on an error is one accept that failed (no descriptors left, say); the next may succeed.
  server.on('error', (error) => tell(`accept: ${systemReason(error)}`));
  await once(server, 'close');
}

/** One connection from its first byte to its last. Whatever goes wrong is a line; nothing gets out. */
async function attend(
  socket: Socket,
  config: ServerConfig,
  guard: ReplayGuard,
  service: Service,
  observe: ReturnType<typeof observer>,
): Promise<void> {
  const name = endpoint(socket.remoteAddress ?? '?', socket.remotePort ?? 0);
  const handshake: TimedEvent[] = [];
  let established = false;
  try {
    const connection = await wrapServer(flowFromSocket(socket), config, {
      replayGuard: guard,
      onTrace: (event) => {
        observe(event, name);
        if (!established) handshake.push({ at: performance.now(), event });
      },
    });
    established = true;
    tell(`${name} connected: ${factsLine(connection.facts)}`);
    await service({ socket, connection, handshake });
    tell(`${name} closed`);
  } catch (thrown) {
    tell(`${name} failed: ${connectionReason(thrown)}`);
  }
}

async function echo({ connection }: Accepted): Promise<void> {
  try {
    for (;;) {
      const bytes = await connection.read();
      if (bytes === undefined) return;
      await connection.write(bytes);
    }
  } finally {
    await connection.close();
  }
}

/** Node's own HTTP server over our connections. */
function pages(): Service {
  const accepted = new WeakMap<Duplex, Accepted>();
  const http = createHttpServer((request, response) => {
    const origin = accepted.get(request.socket);
    if (origin !== undefined) respond(request, response, origin.connection.facts, origin.handshake);
  });
  return async (origin) => {
    const duplex = duplexFromFlow(origin.connection);
    accepted.set(duplex, origin);
    origin.socket.setTimeout(PAGE_IDLE_TIMEOUT, () => duplex.destroy());
    let failure: Error | undefined;
    duplex.on('error', (error) => {
      failure = error;
    });
    http.emit('connection', duplex);
    if (!duplex.closed) await new Promise((resolve) => duplex.once('close', resolve));
    if (failure !== undefined) throw failure;
  };
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  facts: Facts,
  handshake: readonly TimedEvent[],
): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    // The page needs nothing, so nothing is allowed.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : factsPage(facts, handshake));
}

function endpoint(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function tell(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}
