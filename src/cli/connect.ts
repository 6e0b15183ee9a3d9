import type { Socket } from 'node:net';
import {
  type Authenticator,
  authenticatorFromText,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  err,
} from '../../x509/index.ts';
import { connectWithEch, isTlsError, type TlsConnection, type WrapOptions } from '../flow/index.ts';
import { flowFromSocket } from '../flow/node/index.ts';
import { type AnyCredential, type ClientOptions, clientConfig } from '../index.ts';
import {
  type Command,
  commandError,
  exitCodes,
  hostAndPort,
  onlyPositional,
  parseArguments,
  required,
  usageError,
} from './command.ts';
import { echConfigsFrom } from './ech.ts';
import { credentialFromFiles, rawKeyFromFile, readBytes, trustAnchorsFrom } from './files.ts';
import { connectionReason } from './reason.ts';
import { sessionsFromFile, writeSession } from './session-file.ts';
import { stapleLines } from './staple-text.ts';
import { dial } from './tcp.ts';
import { printable } from './text.ts';
import {
  commonOptions,
  factsLine,
  observer,
  rawKeyAuthenticator,
  tlsOptions,
  tlsOptionsHelp,
} from './tls-options.ts';

export const connectCommand: Command = {
  summary: 'connect to a TLS server; standard input goes there, what it sends comes out',
  help: `usage: pure-tls connect HOST:PORT [OPTIONS]

Connects, checks the server's certificate for HOST, then sends standard input to the server and
prints what the server sends. At the end of the input it says close_notify and goes on printing
until the server closes. Everything else is printed on stderr.

  --ca SOURCE         trust the CA certificates in this file or folder, or those of the system
                      (system); default: those in Node (node)
  --pin TEXT          trust the server by its certificate or key alone: certificate:sha256:DIGEST or
                      key:sha256:DIGEST, as 'pure-tls inspect' shows them; several with commas
  --raw-pin TEXT      trust a server that shows a key without a certificate (RFC 7250):
                      key:sha256:DIGEST, as 'pure-tls serve --raw-key' prints it; several with
                      commas. Certificates are then accepted only with --ca, --pin or --insecure
  --servername NAME   the name to ask for and to check, instead of HOST
  --cert FILE         the client's certificate chain in PEM, its own first, for a server that asks
  --key FILE          its private key in PEM (PKCS #8, SEC 1 or PKCS #1, not encrypted)
  --raw-key FILE      a private key to prove without a certificate, to a server that asks
  --status            print the OCSP response and the timestamps that the server staples. With or
                      without this, a certificate that a response says is revoked is refused
  --ech CONFIG        encrypt the ClientHello (RFC 9849) to the server's ECHConfigList: in base64,
                      as its HTTPS record has it, or a PEM file. A server with another one is tried
                      again with that; 'grease' only looks as if there were one
  --resume FILE       go on from the session in this file, if any, and put the newest one there;
                      whoever has the file can resume in this client's place
  --early-data FILE   send what is in this file before all else: as early data (0-RTT) where the
                      session of --resume allows it, which somebody in between may repeat
${tlsOptionsHelp}
  --insecure          accept any certificate: anybody in between can read and change everything

exit codes: 0 done; 1 no connection, or it broke; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    ...tlsOptions,
    ca: { type: 'string' },
    pin: { type: 'string' },
    'raw-pin': { type: 'string' },
    'raw-key': { type: 'string' },
    servername: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    ech: { type: 'string' },
    resume: { type: 'string' },
    status: { type: 'boolean', default: false },
    'early-data': { type: 'string' },
    insecure: { type: 'boolean', default: false },
  });
  const { host, port } = hostAndPort(onlyPositional(positionals, 'HOST:PORT'));
  const { ca, pin, insecure } = values;
  if ([ca !== undefined, pin !== undefined, insecure].filter((is) => is).length > 1) {
    throw usageError('--ca, --pin and --insecure exclude each other');
  }
  const observe = observer(values);
  const options: ClientOptions = {
    ...commonOptions(values),
    authenticator: await authenticatorFor(values),
    rawKeyAuthenticator: rawKeyAuthenticator(values['raw-pin'], '--raw-pin'),
    credentials: await ownCredentials(values.cert, values.key, values['raw-key']),
    serverName: values.servername ?? host,
    requestScts: values.status,
    encryptedClientHello: await echOption(values.ech),
  };
  const config = clientConfig(options);
  if (!config.ok) throw usageError(`${config.error.option} ${config.error.problem}`);
  if (insecure) tell('WARNING: --insecure: the server could be anybody');

  const { resume } = values;
  const early = await earlyDataFrom(values['early-data'], resume);
  const sessions = resume === undefined ? [] : await sessionsFromFile(resume);
  const connection = await open(() => dial(host, port), options, {
    onTrace: observe,
    sessions,
    onTicket: (session) => {
      if (resume !== undefined) writeSession(resume, session);
    },
    earlyData: early && (({ left }) => (early.length <= left ? early : undefined)),
    resendEarlyData: true,
  });
  tell(`connected: ${factsLine(connection.facts)}`);
  if (values.status) for (const line of stapleLines(connection.facts)) tell(printable(line));
  if (early !== undefined) await sendFirst(connection, early);
  return converse(connection);
}

async function earlyDataFrom(
  file: string | undefined,
  resume: string | undefined,
): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  if (resume === undefined) throw usageError('--early-data needs --resume');
  return readBytes(file);
}

/** What has not gone early goes now, unless it was meant for another protocol than was agreed on. */
async function sendFirst(connection: TlsConnection, early: Uint8Array): Promise<void> {
  const { earlyDataSent, earlyDataResent, facts } = connection;
  if (!earlyDataSent) await connection.write(early);
  else if (facts.earlyData.kind === 'rejected' && !earlyDataResent) {
    tell('the early data was rejected, and not sent again: another protocol was agreed on');
  }
}

/** What judges certificates; undefined where only a raw key will do. */
async function authenticatorFor(values: {
  readonly ca?: string | undefined;
  readonly pin?: string | undefined;
  readonly 'raw-pin'?: string | undefined;
  readonly insecure: boolean;
}): Promise<Authenticator | undefined> {
  const { ca, pin, insecure } = values;
  if (insecure) return dangerouslyAcceptAnyCertificate;
  if (pin === undefined) {
    if (ca === undefined && values['raw-pin'] !== undefined) return undefined;
    return chainOfTrust({ anchors: await trustAnchorsFrom(ca ?? 'node'), revocation: { policy: 'prefer' } });
  }
  const pinned = authenticatorFromText(pin, { anchorsFrom: () => err({ detail: 'anchors go to --ca' }) });
  if (!pinned.ok) throw usageError(`--pin: ${pinned.error.detail}`);
  return pinned.value;
}

async function ownCredentials(
  cert: string | undefined,
  key: string | undefined,
  rawKey: string | undefined,
): Promise<readonly AnyCredential[]> {
  const raw = rawKey === undefined ? [] : [await rawKeyFromFile(rawKey)];
  if (cert === undefined && key === undefined) return raw;
  return [await credentialFromFiles(required(cert, '--cert'), required(key, '--key')), ...raw];
}

async function echOption(config: string | undefined): Promise<ClientOptions['encryptedClientHello']> {
  if (config === undefined || config === 'grease') return config;
  return { configs: await echConfigsFrom(config) };
}

async function open(
  reach: () => Promise<Socket>,
  options: ClientOptions,
  wrapOptions: WrapOptions,
): Promise<TlsConnection> {
  try {
    return await connectWithEch(async () => flowFromSocket(await reach()), options, wrapOptions);
  } catch (thrown) {
    if (!isTlsError(thrown)) throw thrown;
    throw commandError(`${connectionReason(thrown)}${adviceOn(thrown)}`);
  }
}

/** Both directions until the peer closes; its end is the command's end. */
async function converse(connection: TlsConnection): Promise<number> {
  const sending = send(connection);
  try {
    await receive(connection);
  } catch (thrown) {
    // A server that refuses this client says so only now.
    throw commandError(`${connectionReason(thrown)}${adviceOnAlert(thrown)}`);
  } finally {
    // An input that is still open would keep the process alive.
    process.stdin.destroy();
    await connection.close();
    await sending;
  }
  return exitCodes.ok;
}

/** What goes wrong in sending shows in receiving too, or does not matter: the peer has heard enough. */
async function send(connection: TlsConnection): Promise<void> {
  try {
    for await (const chunk of process.stdin) await connection.write(chunk);
    await connection.closeWrite();
  } catch {
    return;
  }
}

async function receive(connection: TlsConnection): Promise<void> {
  let outputGone = false;
  process.stdout.on('error', () => {
    outputGone = true;
  });
  for (;;) {
    const bytes = await connection.read();
    // Whoever read our output has gone (as `head` does): nobody is left to receive for.
    if (bytes === undefined || outputGone) return;
    await new Promise((done) => process.stdout.write(bytes, done));
  }
}

/** What the user can do about it. */
function adviceOn(thrown: unknown): string {
  if (!isTlsError(thrown)) return '';
  const { failure } = thrown;
  switch (failure.kind) {
    case 'truncated':
      return '; does the server speak TLS on this port?';
    case 'certificate':
      return certificateAdvice[failure.error.reason] ?? '';
    default:
      return adviceOnAlert(thrown);
  }
}

function adviceOnAlert(thrown: unknown): string {
  if (!isTlsError(thrown) || thrown.failure.kind !== 'peerAlert') return '';
  return alertAdvice[thrown.failure.alert] ?? '';
}

const certificateAdvice: Readonly<Record<string, string>> = {
  'unknown-issuer': '; if you trust who issued it, give the CA certificate with --ca FILE',
  'name-mismatch': '; if the server goes by another name, give it with --servername NAME',
  expired: '; the server needs a new certificate, or this clock is wrong',
  'not-yet-valid': '; is this clock right?',
};

const alertAdvice: Readonly<Record<string, string>> = {
  certificate_required: '; give a client certificate with --cert FILE --key FILE',
  handshake_failure: '; it may want other --groups or --ciphers',
  no_application_protocol: '; it may want another --alpn',
  protocol_version: '; it does not speak TLS 1.3',
  unrecognized_name: '; it may want another --servername',
};

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
