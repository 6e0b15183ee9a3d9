import { type ClientOptions, close, type State } from '../../src/index.ts';
import { alert, follow, type Peer } from './peer.ts';
import { externalCredential, quickAuthenticator } from './quick.ts';
import { meetServer, type ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import { meetClient, type ScriptedServer, type ServerSays } from './scripted-server.ts';

/** Every state that an engine can wait in, each with a way to bring a fresh one there. */
export interface Stage {
  readonly role: 'client' | 'server';
  readonly phase: State['phase']['kind'];
  readonly title: string;
  readonly reach: () => Peer;
}

const untilVerify = ['serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify'] as const;
const withRequest = [
  'serverHello',
  'encryptedExtensions',
  'certificateRequest',
  'certificate',
  'certificateVerify',
  'finished',
] as const;

export const clientStages: readonly Stage[] = [
  atClient('awaitServerHello'),
  atClient('awaitSecondServerHello', 'helloRetryRequest'),
  atClient('awaitEncryptedExtensions', 'serverHello'),
  atClient('awaitCertificateOrRequest', 'serverHello', 'encryptedExtensions'),
  atClient('awaitCertificate', 'serverHello', 'encryptedExtensions', 'certificateRequest'),
  atClient('awaitCertificateVerify', 'serverHello', 'encryptedExtensions', 'certificate'),
  atClient('awaitServerFinished', ...untilVerify),
  atClient('established', ...handshakeOfServer()),
];

/** A server that wants to know who its clients are. */
const inquisitive = { clientAuthentication: { authenticator: quickAuthenticator, required: true } } as const;

export const serverStages: readonly Stage[] = [
  atServer('awaitClientHello', () => meetServer()),
  atServer('awaitSecondClientHello', () => afterHello({ keyShares: [] })),
  atServer('awaitClientCertificate', () => afterHello({ server: inquisitive })),
  atServer('awaitClientCertificateVerify', () => {
    const client = afterHello({ server: inquisitive });
    client.say.certificate();
    return client;
  }),
  atServer('awaitClientFinished', () => afterHello({})),
  atServer('established', () => establishedServer()),
];

/** States in which an engine has asked its caller for something. */
export const waitingStages: readonly Stage[] = [
  atServer('awaitCredential', () => afterHello({ server: { credentials: 'ask' } })),
  atServer('awaitSignature', () => afterHello({ server: { credentials: [externalCredential] } })),
  atServer('awaitClientVerdict', () => {
    const client = afterHello({ server: { clientAuthentication: { authenticator: 'ask', required: true } } });
    client.say.certificate();
    client.say.certificateVerify();
    return client;
  }),
  atClientOf({ authenticator: 'ask' }, 'awaitServerVerdict', ...untilVerify),
  atClientOf({ credentials: 'ask' }, 'awaitOwnCredential', ...withRequest),
  atClientOf({ credentials: [externalCredential] }, 'awaitOwnSignature', ...withRequest),
];

/** One direction closed, and the other not. */
export const halfClosedStages: readonly Stage[] = [
  {
    role: 'client',
    phase: 'established',
    title: 'a client that has said close_notify',
    reach: () => {
      const { peer } = establishedClient();
      follow(peer, close(peer.state));
      return peer;
    },
  },
  {
    role: 'server',
    phase: 'established',
    title: 'a server whose client has said close_notify',
    reach: () => {
      const { peer } = establishedServer();
      alert(peer, 'close_notify', 1);
      return peer;
    },
  },
];

export const allStages: readonly Stage[] = [
  ...clientStages,
  ...serverStages,
  ...waitingStages,
  ...halfClosedStages,
];

/** A client behind a whole handshake. */
export function establishedClient(...options: Parameters<typeof meetClient>): ScriptedServer {
  const server = meetClient(...options);
  server.play(...handshakeOfServer());
  return server;
}

/** A server behind a whole handshake. */
export function establishedServer(...options: Parameters<typeof meetServer>): ScriptedClient {
  const client = meetServer(...options);
  client.say.clientHello();
  client.say.finished();
  return client;
}

function afterHello(options: ScriptedClientOptions): ScriptedClient {
  const client = meetServer(options);
  client.say.clientHello();
  return client;
}

function handshakeOfServer(): readonly ServerSays[] {
  return ['serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify', 'finished'];
}

function atClient(phase: Stage['phase'], ...said: readonly ServerSays[]): Stage {
  return atClientOf({}, phase, ...said);
}

function atClientOf(
  client: Partial<ClientOptions>,
  phase: Stage['phase'],
  ...said: readonly ServerSays[]
): Stage {
  const reach = () => {
    const server = meetClient({ client });
    server.play(...said);
    return server.peer;
  };
  return { role: 'client', phase, title: `a client in ${phase}`, reach };
}

function atServer(phase: Stage['phase'], reach: () => ScriptedClient): Stage {
  return { role: 'server', phase, title: `a server in ${phase}`, reach: () => reach().peer };
}
