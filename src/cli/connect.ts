import type { Socket } from 'node:net';
import { type Authenticator, chainOfTrust, dangerouslyAcceptAnyCertificate } from '../../x509/index.ts';
import { isTlsError, type TlsConnection, wrapClient } from '../flow/index.ts';
import { flowFromSocket } from '../flow/node/index.ts';
import { type ClientConfig, clientConfig } from '../index.ts';
import {
  type Command,
  commandError,
  exitCodes,
  hostAndPort,
  onlyPositional,
  parseArguments,
  usageError,
} from './command.ts';
import { trustAnchorsFrom } from './files.ts';
import { connectionReason } from './reason.ts';
import { dial } from './tcp.ts';
import { commonOptions, factsLine, observer, tlsOptions, tlsOptionsHelp } from './tls-options.ts';

export const connectCommand: Command = {
  summary: 'connect to a TLS server; standard input goes there, what it sends comes out',
  help: `usage: pure-tls connect HOST:PORT [OPTIONS]

Connects, checks the server's certificate for HOST, then sends standard input to the server and
prints what the server sends. At the end of the input it says close_notify and goes on printing
until the server closes. Everything else is printed on stderr.

  --ca SOURCE         trust the CA certificates in this file or folder, or those of the system
                      (system); default: those in Node (node)
  --servername NAME   the name to ask for and to check, instead of HOST
${tlsOptionsHelp}
  --insecure          accept any certificate: anybody in between can read and change everything

exit codes: 0 done; 1 no connection, or it broke; 2 the command line makes no sense`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args, {
    ...tlsOptions,
    ca: { type: 'string' },
    servername: { type: 'string' },
    insecure: { type: 'boolean', default: false },
  });
  const { host, port } = hostAndPort(onlyPositional(positionals, 'HOST:PORT'));
  if (values.insecure && values.ca !== undefined) throw usageError('--ca and --insecure exclude each other');
  const observe = observer(values);
  const config = clientConfig({
    ...commonOptions(values),
    authenticator: await authenticatorFor(values.ca, values.insecure),
    serverName: values.servername ?? host,
  });
  if (!config.ok) throw usageError(`${config.error.option} ${config.error.problem}`);
  if (values.insecure) tell('WARNING: --insecure: the server could be anybody');

  const connection = await open(await dial(host, port), config.value, observe);
  tell(`connected: ${factsLine(connection.facts)}`);
  return converse(connection);
}

async function authenticatorFor(ca: string | undefined, insecure: boolean): Promise<Authenticator> {
  if (insecure) return dangerouslyAcceptAnyCertificate;
  return chainOfTrust({ anchors: await trustAnchorsFrom(ca ?? 'node') });
}

async function open(
  socket: Socket,
  config: ClientConfig,
  onTrace: ReturnType<typeof observer>,
): Promise<TlsConnection> {
  try {
    return await wrapClient(flowFromSocket(socket), config, { onTrace });
  } catch (thrown) {
    throw commandError(`${connectionReason(thrown)}${adviceOn(thrown)}`);
  }
}

/** Both directions until the peer closes; its end is the command's end. */
async function converse(connection: TlsConnection): Promise<number> {
  const sending = send(connection);
  try {
    await receive(connection);
  } catch (thrown) {
    throw commandError(connectionReason(thrown));
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
    case 'peerAlert':
      return alertAdvice[failure.alert] ?? '';
    default:
      return '';
  }
}

const certificateAdvice: Readonly<Record<string, string>> = {
  'unknown-issuer': '; if you trust who issued it, give the CA certificate with --ca FILE',
  'name-mismatch': '; if the server goes by another name, give it with --servername NAME',
  expired: '; the server needs a new certificate, or this clock is wrong',
  'not-yet-valid': '; is this clock right?',
};

const alertAdvice: Readonly<Record<string, string>> = {
  handshake_failure: '; it may want other --groups or --ciphers',
  no_application_protocol: '; it may want another --alpn',
  protocol_version: '; it does not speak TLS 1.3',
  unrecognized_name: '; it may want another --servername',
};

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
