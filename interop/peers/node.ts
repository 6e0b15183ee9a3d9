import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer, type TLSSocket } from 'node:tls';
import type { GroupName } from '../../nocrypto/index.ts';
import { awaitedLater, type Scope } from '../support/scope.ts';
import { opensslNames } from './groups.ts';
import {
  type ConnectOptions,
  EXPORTER,
  type Peer,
  type PeerFacts,
  type PeerReport,
  type Presence,
  reversed,
  type ServeOptions,
  type Serving,
} from './peer.ts';

/** The node:tls of the Node that runs this: OpenSSL as a library, driven by Node's own state machine. */
export async function findNode(): Promise<Presence> {
  const { node, openssl = '0.0' } = process.versions;
  const [major = 0, minor = 0] = openssl.split('.').map(Number);
  const hasHybrid = major > 3 || (major === 3 && minor >= 5);
  return { kind: 'present', peer: nodePeer(`node:tls of Node ${node} with OpenSSL ${openssl}`, hasHybrid) };
}

function nodePeer(version: string, hasHybrid: boolean): Peer {
  return {
    name: 'node',
    version,
    groups: ['x25519', 'secp256r1', 'secp384r1', ...(hasHybrid ? (['X25519MLKEM768'] as const) : [])],
    answer: reversed,
    serve,
    connect,
  };
}

async function serve(scope: Scope, options: ServeOptions): Promise<Serving> {
  const server = createServer({
    ...commonOptions(options),
    cert: await readFile(options.chainFile),
    key: await readFile(options.keyFile),
    allowHalfOpen: options.halfClose ?? false,
    ...(options.clientAnchorFile === undefined
      ? {}
      : { requestCert: true, rejectUnauthorized: true, ca: await readFile(options.clientAnchorFile) }),
  });
  scope.defer(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let left = options.connections ?? 1;
  const report = new Promise<PeerReport>((resolve, reject) => {
    server.on('tlsClientError', reject);
    server.on('secureConnection', (socket) => {
      scope.defer(() => void socket.destroy());
      const facts = factsOf(socket);
      socket.on('error', reject);
      left -= 1;
      if (left === 0) socket.on('close', () => resolve({ facts, reply: undefined }));
      answer(socket, options.halfClose ?? false);
    });
  });
  return { port, report: awaitedLater(report) };
}

async function connect(scope: Scope, port: number, options: ConnectOptions): Promise<PeerReport> {
  let session: Buffer | undefined;
  for (let left = options.connections ?? 1; ; left--) {
    const report = await connectOnce(scope, port, options, session, (newest) => {
      session = newest;
    });
    if (left <= 1) return report;
  }
}

async function connectOnce(
  scope: Scope,
  port: number,
  options: ConnectOptions,
  session: Buffer | undefined,
  onSession: (session: Buffer) => void,
): Promise<PeerReport> {
  const { chainFile, keyFile } = options;
  const socket = connectTls({
    ...commonOptions(options),
    host: '127.0.0.1',
    port,
    servername: options.serverName,
    ca: await readFile(options.anchorFile),
    cert: chainFile && (await readFile(chainFile)),
    key: keyFile && (await readFile(keyFile)),
    session,
  });
  socket.on('session', onSession);
  scope.defer(() => void socket.destroy());
  await once(socket, 'secureConnect');
  const facts = factsOf(socket);
  if (options.halfClose) socket.end(options.line);
  else socket.write(`${options.line}\n`);
  let reply = '';
  for await (const chunk of socket) {
    reply += chunk;
    // Leaving the loop here would destroy the socket.
    if (reply.endsWith('\n')) socket.end();
  }
  return { facts, reply: reply.replace(/\n$/, '') };
}

function answer(socket: TLSSocket, late: boolean): void {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    if (late) return;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) socket.write(`${reversed(line)}\n`);
  });
  socket.on('end', () => socket.end(late ? reversed(text) : ''));
}

/** What node:tls tells: the group only to a client, and never of a HelloRetryRequest. */
function factsOf(socket: TLSSocket): PeerFacts {
  const key = socket.getEphemeralKeyInfo();
  return {
    cipherSuite: socket.getCipher().standardName,
    group: key !== null && 'name' in key ? groupsHere.get(key.name) : undefined,
    applicationProtocol: socket.alpnProtocol || '',
    resumed: socket.isSessionReused(),
    fingerprint: (socket.getPeerX509Certificate()?.fingerprint256 ?? '').replaceAll(':', '').toLowerCase(),
    exported: socket.exportKeyingMaterial(EXPORTER.length, EXPORTER.label, EXPORTER.context).toString('hex'),
  };
}

const groupsHere: ReadonlyMap<unknown, GroupName> = new Map([
  ['X25519', 'x25519'],
  ['prime256v1', 'secp256r1'],
  ['secp384r1', 'secp384r1'],
  ['X25519MLKEM768', 'X25519MLKEM768'],
]);

function commonOptions({ cipherSuites, groups, applicationProtocols }: ServeOptions | ConnectOptions) {
  return {
    minVersion: 'TLSv1.3',
    ...(cipherSuites === undefined ? {} : { ciphers: cipherSuites.join(':') }),
    ...(groups === undefined ? {} : { ecdhCurve: groups.map((group) => opensslNames[group]).join(':') }),
    ...(applicationProtocols === undefined ? {} : { ALPNProtocols: [...applicationProtocols] }),
  } as const;
}
