import { close, type State } from '../../src/index.ts';
import { alert, follow, type Peer } from './peer.ts';
import { externalCredential } from './quick.ts';
import { meetServer, type ScriptedClient } from './scripted-client.ts';
import { meetClient, type ScriptedServer, type ServerSays } from './scripted-server.ts';

/** Every state that an engine can wait in, each with a way to bring a fresh one there. */
export interface Stage {
  readonly role: 'client' | 'server';
  readonly phase: State['phase']['kind'];
  readonly title: string;
  readonly reach: () => Peer;
}

export const clientStages: readonly Stage[] = [
  atClient('awaitServerHello'),
  atClient('awaitSecondServerHello', 'helloRetryRequest'),
  atClient('awaitEncryptedExtensions', 'serverHello'),
  atClient('awaitCertificateOrRequest', 'serverHello', 'encryptedExtensions'),
  atClient('awaitCertificate', 'serverHello', 'encryptedExtensions', 'certificateRequest'),
  atClient('awaitCertificateVerify', 'serverHello', 'encryptedExtensions', 'certificate'),
  atClient('awaitServerFinished', 'serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify'),
  atClient('established', ...handshakeOfServer()),
];

export const serverStages: readonly Stage[] = [
  atServer('awaitClientHello', () => meetServer()),
  atServer('awaitSecondClientHello', () => {
    const client = meetServer({ keyShares: [] });
    client.say.clientHello();
    return client;
  }),
  atServer('awaitClientFinished', () => {
    const client = meetServer();
    client.say.clientHello();
    return client;
  }),
  atServer('established', () => establishedServer()),
];

/** A server that has asked its caller for something. */
export const waitingStages: readonly Stage[] = [
  atServer('awaitCredential', () => {
    const client = meetServer({ server: { credentials: 'ask' } });
    client.say.clientHello();
    return client;
  }),
  atServer('awaitSignature', () => {
    const client = meetServer({ server: { credentials: [externalCredential] } });
    client.say.clientHello();
    return client;
  }),
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

function handshakeOfServer(): readonly ServerSays[] {
  return ['serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify', 'finished'];
}

function atClient(phase: Stage['phase'], ...said: readonly ServerSays[]): Stage {
  const reach = () => {
    const server = meetClient();
    server.play(...said);
    return server.peer;
  };
  return { role: 'client', phase, title: `a client in ${phase}`, reach };
}

function atServer(phase: Stage['phase'], reach: () => ScriptedClient): Stage {
  return { role: 'server', phase, title: `a server in ${phase}`, reach: () => reach().peer };
}
