import { secret } from '../../nocrypto/index.ts';
import {
  answer,
  type ClientOptions,
  close,
  type ServerOptions,
  type State,
  type TicketKey,
} from '../../src/index.ts';
import { earlySecrets } from '../../src/key-schedule.ts';
import type { ImportedPsk } from '../../src/psk.ts';
import { sealTicket, type TicketState } from '../../src/ticket.ts';
import { answerTo, ask, asking, meetAsking, say } from './late.ts';
import { nullCrypto } from './null-crypto.ts';
import { alert, follow, interject, type Peer, protectWrites, transcriptHash } from './peer.ts';
import { externalCredential, quickAuthenticator, quickCredential } from './quick.ts';
import { meetServer, type ScriptedClient, type ScriptedClientOptions } from './scripted-client.ts';
import { meetClient, type ScriptedServer, type ServerSays } from './scripted-server.ts';
import { bytes, NAME, NOW } from './support.ts';

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
  atServer('awaitEndOfEarlyData', takingEarlyData),
  atServer('awaitClientFinished', () => afterHello({})),
  atServer('awaitLateCertificateVerify', () => answeringLate(asking, 1)),
  atServer('awaitLateFinished', () => answeringLate(asking, 2)),
  atServer('established', () => establishedServer()),
];

/** A PSK with a name as of a stored session. */
const storedPsk: ImportedPsk = {
  identity: bytes(32, 33),
  psk: { secret: secret(bytes(32, 34)), hash: 'sha256', binderLabel: 'res binder' },
};

const ticketKey: TicketKey = { name: bytes(16, 35), secret: secret(bytes(32, 36)) };

/** The ticket of a client that has shown a certificate. */
const sealedPsk: ImportedPsk = sealed({ certificates: quickCredential.chain, signatureScheme: 0x0807 });

/** A ticket that allows early data. */
const earlyPsk: ImportedPsk = sealed({ maxEarlyData: 1000 });

function sealed(state: Partial<TicketState>): ImportedPsk {
  const whole: TicketState = {
    cipherSuite: 0x1301,
    psk: storedPsk.psk.secret,
    group: 0,
    issuedAt: NOW / 1000,
    issuedAtMilliseconds: 0,
    lifetime: 7200,
    ageAdd: 0,
    maxEarlyData: 0,
    applicationProtocol: '',
    serverCertificateType: 0,
    certificateType: 'x509',
    authenticatedAt: NOW / 1000,
    serverName: NAME,
    context: bytes(0),
    certificates: [],
    ocspResponses: [],
    scts: undefined,
    signatureScheme: 0,
    ...state,
  };
  return { ...storedPsk, identity: sealTicket(nullCrypto, ticketKey, whole, bytes(32, 37)) };
}

/** States in which an engine has asked its caller for something. */
export const waitingStages: readonly Stage[] = [
  atServer('awaitCredential', () => afterHello({ server: { credentials: 'ask' } })),
  atServer('awaitSignature', () => afterHello({ server: { credentials: [externalCredential] } })),
  atServer('awaitSession', () => afterHello({ server: { storedSessions: true }, psk: storedPsk })),
  atServer('awaitSessionVerdict', () =>
    afterHello({
      server: { clientAuthentication: { authenticator: 'ask', required: true }, ticketKeys: [ticketKey] },
      psk: sealedPsk,
    }),
  ),
  atServer('awaitReplayCheck', offeringEarlyData),
  atServer('awaitClientVerdict', () => {
    const client = afterHello({ server: { clientAuthentication: { authenticator: 'ask', required: true } } });
    client.say.certificate();
    client.say.certificateVerify();
    return client;
  }),
  atServer('awaitLateVerdict', () =>
    answeringLate({ postHandshakeAuthentication: { authenticator: 'ask', required: true } }, 2),
  ),
  atClientOf({ authenticator: 'ask' }, 'awaitServerVerdict', ...untilVerify),
  atClientOf({ credentials: 'ask' }, 'awaitOwnCredential', ...withRequest),
  atClientOf({ credentials: [externalCredential] }, 'awaitOwnSignature', ...withRequest),
  askedLate({ credentials: 'ask' }, 'awaitLateCredential'),
  askedLate({ credentials: [externalCredential] }, 'awaitLateSignature'),
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

/** The client has said so much of its answer. */
function answeringLate(server: Partial<ServerOptions>, messages: number): ScriptedClient {
  const client = meetAsking(server);
  say(client, ...answerTo(client, ask(client)).slice(0, messages));
  return client;
}

function offeringEarlyData(): ScriptedClient {
  return afterHello({
    server: { ticketKeys: [ticketKey], maxEarlyData: 1000 },
    psk: earlyPsk,
    extensions: [{ name: 'earlyData', value: bytes(0) }],
  });
}

/** The client goes on under the keys of early data. */
function takingEarlyData(): ScriptedClient {
  const client = offeringEarlyData();
  const { peer } = client;
  const suite = client.suite();
  const hash = transcriptHash(peer, suite);
  const early = earlySecrets(peer.crypto, suite.hash, earlyPsk.psk.secret, hash);
  follow(peer, answer(peer.state, { kind: 'replayCheck', isNew: true }));
  protectWrites(peer, suite, early.clientEarlyTraffic);
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

/** A client that is asked for a certificate on the established connection. */
function askedLate(client: Partial<ClientOptions>, phase: Stage['phase']): Stage {
  const reach = () => {
    const { peer } = establishedClient({ client: { ...client, postHandshakeAuthentication: true } });
    interject(peer, {
      kind: 'certificateRequest',
      body: {
        certificateRequestContext: bytes(8),
        extensions: [{ name: 'signatureAlgorithms', value: [0x0807] }],
      },
    });
    return peer;
  };
  return { role: 'client', phase, title: `a client in ${phase}`, reach };
}

function atServer(phase: Stage['phase'], reach: () => ScriptedClient): Stage {
  return { role: 'server', phase, title: `a server in ${phase}`, reach: () => reach().peer };
}
