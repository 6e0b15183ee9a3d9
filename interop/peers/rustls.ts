import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GroupName } from '../../nocrypto/index.ts';
import { run, start } from '../support/process.ts';
import { awaitedLater, type Scope } from '../support/scope.ts';
import { groupNames } from './groups.ts';
import {
  type ConnectOptions,
  type Peer,
  type PeerReport,
  type Presence,
  reversed,
  type ServeOptions,
  type Serving,
} from './peer.ts';

/** Where rustup puts it; tried after the path. `CARGO` names another one. */
const programs =
  process.env['CARGO'] === undefined
    ? ['cargo', join(process.env['HOME'] ?? '/', '.cargo/bin/cargo')]
    : [process.env['CARGO']];

/** The sources, seen from the compiled file. What is built stays beside them: it takes minutes. */
const sources = fileURLToPath(new URL('../../../interop/peers/rust/', import.meta.url));

/** The first build fetches the crates and compiles a C library. */
const BUILD_LIMIT = 900_000;

/** Looks for cargo and builds the peer, where that has not been done before. */
export async function findRustls(): Promise<Presence> {
  const program = await firstThatRuns(programs);
  if (program === undefined) return { kind: 'absent', reason: 'cargo was not found (CARGO names it)' };
  const manifest = join(sources, 'Cargo.toml');
  try {
    await run(program, ['build', '--release', '--quiet', '--manifest-path', manifest], {
      milliseconds: BUILD_LIMIT,
    });
    const tree = await run(program, ['tree', '--quiet', '--depth', '1', '--manifest-path', manifest]);
    const version = /rustls v\S+/.exec(tree)?.[0] ?? 'rustls';
    const folder = process.env['CARGO_TARGET_DIR'] ?? join(sources, 'target');
    return { kind: 'present', peer: rustlsPeer(version, join(folder, 'release/pure-tls-peer')) };
  } catch (error) {
    return { kind: 'absent', reason: `cargo does not build the peer: ${String(error)}` };
  }
}

function rustlsPeer(version: string, program: string): Peer {
  return {
    name: 'rustls',
    version,
    groups: ['x25519', 'secp256r1', 'secp384r1', 'X25519MLKEM768', 'SecP256r1MLKEM768'],
    answer: reversed,
    serve: (scope, options) => serve(scope, program, options),
    connect: (scope, port, options) => connect(scope, program, port, options),
  };
}

async function serve(scope: Scope, program: string, options: ServeOptions): Promise<Serving> {
  const { printed } = start(scope, program, [
    ...['serve', '-cert', options.chainFile, '-key', options.keyFile],
    ...(options.clientAnchorFile === undefined ? [] : ['-ca', options.clientAnchorFile]),
    ...commonArguments(options),
  ]);
  const [, port] = await printed(/^LISTEN (\d+)$/m);
  return { port: Number(port), report: awaitedLater(readReport(printed)) };
}

async function connect(
  scope: Scope,
  program: string,
  port: number,
  options: ConnectOptions,
): Promise<PeerReport> {
  const { chainFile, keyFile, echConfigs } = options;
  const { printed } = start(scope, program, [
    ...['connect', '-port', `${port}`, '-ca', options.anchorFile, '-name', options.serverName],
    ...(chainFile === undefined || keyFile === undefined ? [] : ['-cert', chainFile, '-key', keyFile]),
    ...(echConfigs === undefined ? [] : ['-ech', Buffer.from(echConfigs).toString('base64')]),
    ...['-line', options.line, ...commonArguments(options)],
  ]);
  return readReport(printed);
}

async function readReport(printed: (pattern: RegExp) => Promise<RegExpExecArray>): Promise<PeerReport> {
  const [text] = await printed(/^\{.*\}$/m);
  const { error, reply, group, echAccepted, ...facts }: RustlsReport = JSON.parse(text);
  if (error !== '') throw new Error(`rustls: ${error}`);
  const name = group === undefined ? undefined : (groupNames.get(group) ?? 'unknown');
  return { facts: { ...facts, group: name, encryptedClientHello: echAccepted }, reply };
}

/** What main.rs prints; after an error nothing but that. */
interface RustlsReport {
  readonly cipherSuite?: string;
  readonly group?: number;
  readonly helloRetryRequest?: boolean;
  readonly applicationProtocol?: string;
  readonly resumed?: boolean;
  readonly exported?: string;
  /** Clients alone know. */
  readonly echAccepted?: boolean;
  readonly reply?: string;
  /** Empty for none. */
  readonly error: string;
}

function commonArguments(options: ServeOptions | ConnectOptions): readonly string[] {
  const { groups, applicationProtocols, connections = 1 } = options;
  return [
    ...(groups === undefined ? [] : ['-groups', groups.map(numberOf).join(',')]),
    ...(applicationProtocols === undefined ? [] : ['-alpn', applicationProtocols.join(',')]),
    ...['-count', `${connections}`],
  ];
}

function numberOf(group: GroupName): number | undefined {
  return [...groupNames].find(([, name]) => name === group)?.[0];
}

async function firstThatRuns(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    try {
      await run(candidate, ['--version']);
      return candidate;
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}
