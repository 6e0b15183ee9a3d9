import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, run, start } from '../support/process.ts';
import { awaitedLater, type Scope } from '../support/scope.ts';
import { opensslNames } from './groups.ts';
import { factsOf, parseMessages, type WireMessage } from './openssl-messages.ts';
import {
  type ConnectOptions,
  type Peer,
  type PeerReport,
  type Presence,
  reversed,
  type ServeOptions,
  type Serving,
} from './peer.ts';

/** `OPENSSL` names another binary than the one on the path. */
const program = process.env['OPENSSL'] ?? 'openssl';

/** Looks for OpenSSL 3.0 or newer. */
export async function findOpenssl(): Promise<Presence> {
  try {
    const version = (await run(program, ['version'])).replace(/ *\(.*|\n/g, '');
    const [, major = '0', minor = '0'] = /^OpenSSL (\d+)\.(\d+)/.exec(version) ?? [];
    if (Number(major) < 3) return { kind: 'absent', reason: `${version} is not OpenSSL 3.0 or newer` };
    const hasHybrid = Number(major) > 3 || Number(minor) >= 5;
    return { kind: 'present', peer: opensslPeer(version, hasHybrid) };
  } catch {
    return { kind: 'absent', reason: `${program} was not found (OPENSSL names another one)` };
  }
}

/** An `openssl s_client` or `s_server`, and what it saw on the wire. */
export interface OpensslRun {
  readonly child: Child;
  /** Resolves when it has ended, which is when the messages can be read. */
  readonly messages: () => Promise<readonly WireMessage[]>;
}

/** Starts `openssl s_client` against a port of this machine. */
export function sClient(scope: Scope, port: number, args: readonly string[]): OpensslRun {
  return startTool(scope, ['s_client', '-connect', `127.0.0.1:${port}`, ...args]);
}

/** Starts `openssl s_server` on a port of the system's choice, for one connection unless `-naccept` says otherwise. */
export async function sServer(
  scope: Scope,
  args: readonly string[],
): Promise<OpensslRun & { readonly port: number }> {
  const accept = ['s_server', '-accept', '127.0.0.1:0', '-naccept', '1'];
  const tool = startTool(scope, [...accept, ...args]);
  const [, port] = await tool.child.printed(/^ACCEPT .*:(\d+)$/m);
  return { ...tool, port: Number(port) };
}

/** An `openssl s_client` that does nothing but carry data between its standard streams and the connection. */
export function quietClient(
  scope: Scope,
  port: number,
  args: readonly string[],
  onOutput: (chunk: Uint8Array) => void,
): Child {
  const quiet = ['s_client', '-quiet', '-nocommands', '-connect', `127.0.0.1:${port}`];
  return start(scope, program, [...quiet, ...args], { onOutput });
}

/**
 * The same with `openssl s_server`. When quiet it tells nobody which port the system chose, so one has to be given; it
 * listens there a little after this returns.
 */
export function quietServer(
  scope: Scope,
  port: number,
  args: readonly string[],
  onOutput: (chunk: Uint8Array) => void,
): Child {
  const quiet = ['s_server', '-quiet', '-accept', `127.0.0.1:${port}`, '-naccept', '1'];
  return start(scope, program, [...quiet, ...args], { onOutput });
}

/** Runs any command of openssl to its end. */
export function openssl(...args: readonly string[]): Promise<string> {
  return run(program, args, { milliseconds: 60_000 });
}

function startTool(scope: Scope, args: readonly string[]): OpensslRun {
  const file = join(scope.folder, `messages-${randomUUID()}`);
  const child = start(scope, program, [...args, '-msg', '-msgfile', file]);
  return {
    child,
    messages: async () => {
      await child.exited;
      return parseMessages(await readFile(file, 'latin1'));
    },
  };
}

function opensslPeer(version: string, hasHybrid: boolean): Peer {
  return {
    name: 'openssl',
    version,
    groups: ['x25519', 'secp256r1', 'secp384r1', ...(hasHybrid ? (['X25519MLKEM768'] as const) : [])],
    answer: reversed,
    serve,
    connect,
  };
}

async function serve(scope: Scope, options: ServeOptions): Promise<Serving> {
  const { port, messages } = await sServer(scope, [
    ...['-rev', '-cert', options.chainFile, '-key', options.keyFile],
    ...['-naccept', `${options.connections ?? 1}`],
    ...(options.clientAnchorFile === undefined
      ? []
      : ['-Verify', '2', '-verify_return_error', '-CAfile', options.clientAnchorFile]),
    ...commonArguments(options),
  ]);
  const report = messages().then((seen) => ({ facts: factsOf(seen), reply: undefined }));
  return { port, report: awaitedLater(report) };
}

async function connect(scope: Scope, port: number, options: ConnectOptions): Promise<PeerReport> {
  const session = join(scope.folder, `session-${randomUUID()}`);
  for (let left = options.connections ?? 1, isFirst = true; ; left--, isFirst = false) {
    const { child, messages } = sClient(scope, port, [
      ...['-brief', '-nocommands', '-CAfile', options.anchorFile, '-verify_return_error'],
      ...['-servername', options.serverName, '-verify_hostname', options.serverName],
      ...(options.chainFile === undefined ? [] : ['-cert', options.chainFile]),
      ...(options.keyFile === undefined ? [] : ['-key', options.keyFile]),
      ...['-sess_out', session, ...(isFirst ? [] : ['-sess_in', session])],
      ...commonArguments(options),
    ]);
    void child.write(`${options.line}\n`);
    const [, reply] = await child.printed(/^(.*)\n/, 'stdout');
    child.end();
    const facts = factsOf(await messages());
    if (left <= 1) return { facts, reply };
  }
}

function commonArguments({
  cipherSuites,
  groups,
  applicationProtocols,
}: ServeOptions | ConnectOptions): readonly string[] {
  return [
    ...(cipherSuites === undefined ? [] : ['-ciphersuites', cipherSuites.join(':')]),
    ...(groups === undefined ? [] : ['-groups', groups.map((group) => opensslNames[group]).join(':')]),
    ...(applicationProtocols === undefined ? [] : ['-alpn', applicationProtocols.join(',')]),
  ];
}
