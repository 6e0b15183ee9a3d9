import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GroupName } from '../../nocrypto/index.ts';
import type { EchKey } from '../../src/index.ts';
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

/** Where Go's own installer puts it; tried after the path. `GO` names another one. */
const programs = process.env['GO'] === undefined ? ['go', '/usr/local/go/bin/go'] : [process.env['GO']];

/** The sources, seen from the compiled file. */
const sources = fileURLToPath(new URL('../../../interop/peers/go/', import.meta.url));

/** The first build of crypto/tls on a machine compiles half of Go's library. */
const BUILD_LIMIT = 240_000;

/** Looks for Go 1.26 or newer (older ones do not tell the group) and builds the peer in `folder`. */
export async function findGo(folder: string): Promise<Presence> {
  const program = await firstThatRuns(programs);
  if (program === undefined) return { kind: 'absent', reason: 'go was not found (GO names it)' };
  const peer = join(folder, 'go-peer');
  const version = (await run(program, ['version'])).trim();
  try {
    await run(program, ['-C', sources, 'build', '-buildvcs=false', '-o', peer, '.'], {
      milliseconds: BUILD_LIMIT,
      env: { ...process.env, GOTOOLCHAIN: 'local', GOPROXY: 'off', GOFLAGS: '-mod=mod', GOWORK: 'off' },
    });
  } catch (error) {
    return { kind: 'absent', reason: `${version} does not build the peer: ${String(error)}` };
  }
  return { kind: 'present', peer: goPeer(version, peer) };
}

function goPeer(version: string, program: string): Peer {
  return {
    name: 'go',
    version,
    groups: ['x25519', 'secp256r1', 'secp384r1', 'X25519MLKEM768'],
    answer: reversed,
    serve: (scope, options) => serve(scope, program, options),
    connect: (scope, port, options) => connect(scope, program, port, options),
  };
}

async function serve(scope: Scope, program: string, options: ServeOptions): Promise<Serving> {
  const { printed } = start(scope, program, [
    ...['serve', '-cert', options.chainFile, '-key', options.keyFile],
    ...(options.clientAnchorFile === undefined ? [] : ['-ca', options.clientAnchorFile]),
    ...(options.ocspResponse === undefined ? [] : ['-ocsp', base64(options.ocspResponse)]),
    ...(options.sct === undefined ? [] : ['-sct', base64(options.sct)]),
    ...(options.echKeys === undefined ? [] : ['-ech-keys', options.echKeys.map(echKeyText).join(',')]),
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
  const { printed } = start(scope, program, [
    ...['connect', '-port', `${port}`, '-ca', options.anchorFile, '-name', options.serverName],
    ...(options.chainFile === undefined ? [] : ['-cert', options.chainFile]),
    ...(options.keyFile === undefined ? [] : ['-key', options.keyFile]),
    ...(options.echConfigs === undefined ? [] : ['-ech-configs', base64(options.echConfigs)]),
    ...['-line', options.line, ...commonArguments(options)],
  ]);
  return readReport(printed);
}

async function readReport(printed: (pattern: RegExp) => Promise<RegExpExecArray>): Promise<PeerReport> {
  const [text] = await printed(/^\{.*\}$/m);
  const { error, reply, group, echAccepted, ...facts }: GoReport = JSON.parse(text);
  if (error !== '') throw new Error(`go: ${error}`);
  const encryptedClientHello = echAccepted;
  return { facts: { ...facts, group: groupNames.get(group) ?? 'unknown', encryptedClientHello }, reply };
}

/** The type `report` of main.go. */
interface GoReport {
  readonly cipherSuite: string;
  readonly group: number;
  readonly helloRetryRequest: boolean;
  readonly applicationProtocol: string;
  readonly resumed: boolean;
  readonly fingerprint: string;
  readonly exported: string;
  readonly echAccepted: boolean;
  /** Base64, or null for none. */
  readonly ocspResponse: string | null;
  readonly sct: string | null;
  readonly reply: string;
  /** Empty for none. */
  readonly error: string;
}

function commonArguments(options: ServeOptions | ConnectOptions): readonly string[] {
  const { groups, applicationProtocols, halfClose = false, connections = 1 } = options;
  return [
    ...(groups === undefined ? [] : ['-groups', groups.map(numberOf).join(',')]),
    ...(applicationProtocols === undefined ? [] : ['-alpn', applicationProtocols.join(',')]),
    ...(halfClose ? ['-late'] : []),
    ...['-count', `${connections}`],
  ];
}

function echKeyText({ config, privateKey }: EchKey): string {
  return `${base64(config)}:${base64(privateKey)}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function numberOf(group: GroupName): number | undefined {
  return [...groupNames].find(([, name]) => name === group)?.[0];
}

async function firstThatRuns(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    try {
      await run(candidate, ['version']);
      return candidate;
    } catch {
      // The next one, then.
    }
  }
  return undefined;
}
