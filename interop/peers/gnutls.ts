import { createHash } from 'node:crypto';
import type { GroupName } from '../../nocrypto/index.ts';
import type { CipherSuiteName } from '../../src/index.ts';
import { freePort } from '../support/ours.ts';
import { type Child, run, start } from '../support/process.ts';
import { awaitedLater, type Scope } from '../support/scope.ts';
import {
  type ConnectOptions,
  EXPORTER,
  type Peer,
  type PeerFacts,
  type PeerReport,
  type Presence,
  type ServeOptions,
  type Serving,
} from './peer.ts';

/** `GNUTLS_CLI` and `GNUTLS_SERV` name other binaries than those on the path. */
const clientProgram = process.env['GNUTLS_CLI'] ?? 'gnutls-cli';
const serverProgram = process.env['GNUTLS_SERV'] ?? 'gnutls-serv';

/** Looks for GnuTLS 3.7 or newer, in both roles. */
export async function findGnutls(): Promise<Presence> {
  try {
    const [version = '', ...others] = await Promise.all([clientProgram, serverProgram].map(versionOf));
    const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(version) ?? [];
    return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 7)
      ? { kind: 'present', peer: gnutlsPeer([version, ...others].join(', ')) }
      : { kind: 'absent', reason: `${version} is not GnuTLS 3.7 or newer` };
  } catch {
    return {
      kind: 'absent',
      reason: `${clientProgram} and ${serverProgram} were not found (GNUTLS_CLI, GNUTLS_SERV)`,
    };
  }
}

/** A priority string (the manual's "Priority Strings"): TLS 1.3 as GnuTLS would do it, then the changes. */
export function priority(...changes: readonly string[]): string {
  return ['NORMAL', '-VERS-ALL', '+VERS-TLS1.3', ...changes].join(':');
}

/** Starts `gnutls-cli` against a port of this machine; once connected it carries lines. */
export function gnutlsClient(scope: Scope, port: number, args: readonly string[]): Child {
  return start(scope, clientProgram, ['--port', `${port}`, '127.0.0.1', ...orUsualPriority(args)]);
}

/** Starts `gnutls-serv`, which answers each line with the same line, to one connection after the other, until killed. */
export async function gnutlsServer(
  scope: Scope,
  args: readonly string[],
): Promise<{ readonly port: number; readonly child: Child }> {
  // It cannot say which one the system has given it.
  const port = await freePort();
  const child = start(scope, serverProgram, ['--echo', '--port', `${port}`, ...orUsualPriority(args)]);
  await child.printed(/Echo Server listening on IPv4 .*done/);
  return { port, child };
}

/** The answer that `gnutls-cli` has got to the only line sent. */
export async function replyTo(child: Child): Promise<string | undefined> {
  const [, reply] = await child.printed(/^- Simple Client Mode:\n\n(.*)\n/m);
  return reply;
}

/** What either tool prints of one connection. */
export function factsOf(text: string): PeerFacts {
  const [, groupName = ''] = /^- Description: \(TLS1\.3[^)]*\)-\((?:ECDHE|DHE)-([^)]+)\)/m.exec(text) ?? [];
  const [, cipher = ''] = /^- Description: .*\(([^)]+)\)$/m.exec(text) ?? [];
  const [, applicationProtocol = ''] = /^- Application protocol: (.*)$/m.exec(text) ?? [];
  const [, exported] = /^- Key material: ([0-9a-f]+)$/m.exec(text) ?? [];
  const resumed = text.includes('*** This is a resumed session');
  return {
    cipherSuite: nameIn(cipherNames, cipher) ?? 'unknown',
    // A resumed session has a group, too, but is not said to.
    ...(resumed ? {} : { group: nameIn(groupNames, groupName) ?? 'unknown' }),
    applicationProtocol,
    resumed,
    fingerprint: fingerprintIn(text),
    exported,
  };
}

function gnutlsPeer(version: string): Peer {
  return {
    name: 'gnutls',
    version,
    groups: Object.keys(groupNames) as GroupName[],
    answer: (line) => line,
    serve,
    connect,
  };
}

async function serve(scope: Scope, options: ServeOptions): Promise<Serving> {
  const { port, child } = await gnutlsServer(scope, [
    ...['--x509certfile', options.chainFile, '--x509keyfile', options.keyFile],
    ...(options.clientAnchorFile === undefined
      ? ['--disable-client-cert']
      : ['--require-client-cert', '--verify-client-cert', '--x509cafile', options.clientAnchorFile]),
    ...(options.applicationProtocols ?? []).flatMap((name) => ['--alpn', name]),
    ...commonArguments(options),
  ]);
  return { port, report: awaitedLater(serverReport(child, options.connections ?? 1)) };
}

/** It says nothing of a connection's end: what it tells is complete when the handshake is. */
async function serverReport(child: Child, connections: number): Promise<PeerReport> {
  const oneConnection = '^\\* Accepted connection(?:.|\n)*?^(?:- Key material: .*|Error in handshake: .*)$\n';
  const [text] = await child.printed(new RegExp(`(?:${oneConnection}(?:.|\n)*?){${connections}}`, 'm'));
  const last = text.slice(text.lastIndexOf('* Accepted connection'));
  return { facts: checked(last), reply: undefined };
}

async function connect(scope: Scope, port: number, options: ConnectOptions): Promise<PeerReport> {
  const { connections = 1 } = options;
  if (connections > 2) throw new RangeError('gnutls-cli resumes once');
  const child = gnutlsClient(scope, port, [
    ...['--x509cafile', options.anchorFile, '--print-cert'],
    ...['--sni-hostname', options.serverName, '--verify-hostname', options.serverName],
    ...(options.chainFile === undefined ? [] : ['--x509certfile', options.chainFile]),
    ...(options.keyFile === undefined ? [] : ['--x509keyfile', options.keyFile]),
    ...(options.applicationProtocols ?? []).flatMap((name) => ['--alpn', name]),
    ...(connections === 2 ? ['--resume', '--waitresumption'] : []),
    '--single-key-share',
    ...commonArguments(options),
  ]);
  void child.write(`${options.line}\n`);
  const reply = await replyTo(child);
  child.end();
  const all = child.output();
  const last = all.slice(all.lastIndexOf('Connecting to '));
  // The certificate that it prints is the server's, and what it has of its own it does not show.
  return { facts: { ...checked(last), fingerprint: undefined }, reply };
}

function commonArguments({
  cipherSuites,
  groups,
  halfClose,
}: ServeOptions | ConnectOptions): readonly string[] {
  if (halfClose) throw new RangeError("GnuTLS's tools close both halves at once");
  return [
    // Without a context, which in TLS 1.3 is the same as an empty one.
    ...['--keymatexport', EXPORTER.label, '--keymatexportsize', `${EXPORTER.length}`],
    '--priority',
    priority(
      ...(cipherSuites === undefined ? [] : ['-CIPHER-ALL', ...cipherSuites.map(cipherPriority)]),
      ...(groups === undefined ? [] : ['-GROUP-ALL', ...groups.map(groupPriority)]),
    ),
  ];
}

function orUsualPriority(args: readonly string[]): readonly string[] {
  return args.includes('--priority') ? args : [...args, '--priority', priority()];
}

function cipherPriority(suite: CipherSuiteName): string {
  const name = cipherNames[suite];
  if (name === undefined) throw new RangeError(`GnuTLS is not asked for ${suite}`);
  return `+${name}`;
}

function groupPriority(group: GroupName): string {
  const name = groupNames[group];
  if (name === undefined) throw new RangeError(`GnuTLS has no ${group}`);
  return `+GROUP-${name}`;
}

const cipherNames: Partial<Readonly<Record<CipherSuiteName, string>>> = {
  TLS_AES_128_GCM_SHA256: 'AES-128-GCM',
  TLS_AES_256_GCM_SHA384: 'AES-256-GCM',
  TLS_CHACHA20_POLY1305_SHA256: 'CHACHA20-POLY1305',
  TLS_AES_128_CCM_SHA256: 'AES-128-CCM',
  TLS_AES_128_CCM_8_SHA256: 'AES-128-CCM-8',
};

const groupNames: Partial<Readonly<Record<GroupName, string>>> = {
  x25519: 'X25519',
  secp256r1: 'SECP256R1',
  secp384r1: 'SECP384R1',
  secp521r1: 'SECP521R1',
  x448: 'X448',
  ffdhe2048: 'FFDHE2048',
  ffdhe3072: 'FFDHE3072',
  ffdhe4096: 'FFDHE4096',
  ffdhe6144: 'FFDHE6144',
  ffdhe8192: 'FFDHE8192',
};

function nameIn(table: Readonly<Record<string, string>>, theirs: string): string | undefined {
  return Object.entries(table).find(([, name]) => name === theirs)?.[0];
}

/** SHA-256 of the first certificate that stands in the text as PEM. */
function fingerprintIn(text: string): string {
  const [, base64 = ''] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(text) ?? [];
  return base64 === '' ? '' : createHash('sha256').update(Buffer.from(base64, 'base64')).digest('hex');
}

function checked(text: string): PeerFacts {
  const [failed] = /^(?:Error in handshake|\*\*\* Fatal error): .*$/m.exec(text) ?? [];
  if (failed !== undefined) throw new Error(`gnutls: ${failed}`);
  return factsOf(text);
}

async function versionOf(program: string): Promise<string> {
  const [version = ''] = (await run(program, ['--version'])).split('\n');
  return version;
}
