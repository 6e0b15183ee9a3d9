import { err, ok } from '../../../x509/index.ts';
import type { ClientConfig } from '../../config.ts';
import { notOffered } from '../../early-data.ts';
import type { Tls12Facts } from '../../effect.ts';
import { endPointOf } from '../../exporter.ts';
import { misbehaved } from '../../failure.ts';
import type { Finished } from '../../messages.ts';
import { ownFacts } from '../../own-certificate.ts';
import { peerFacts } from '../../peer-certificate.ts';
import { limitRecords } from '../../record-size.ts';
import type { Tls12Session } from '../../session.ts';
import { storeShown } from '../../stored-shown.ts';
import { verifyData } from '../../tls12/key-schedule.ts';
import type { Tls12NewSessionTicket } from '../../tls12/messages.ts';
import { tls12Keys } from '../../tls12/record.ts';
import { extended, type Tls12Transcript } from '../../tls12/transcript.ts';
import { type Action, sendTls12Handshake, type Transition } from '../../transition.ts';
import { sessionName } from '../session-name.ts';
import type {
  ReceivedTicket,
  Tls12AwaitNewSessionTicket,
  Tls12AwaitServerChangeCipherSpec,
  Tls12AwaitServerFinished,
  Tls12Finished,
  Tls12Secured,
} from './phase.ts';

/** What a client with its keys awaits: a ticket, if one was announced, then change_cipher_spec (RFC 5077 §3.3). */
export function awaitServer(
  finished: Tls12Finished,
): Tls12AwaitNewSessionTicket | Tls12AwaitServerChangeCipherSpec {
  return finished.secured.agreed.awaitsTicket
    ? { kind: 'tls12AwaitNewSessionTicket', ...finished }
    : { kind: 'tls12AwaitServerChangeCipherSpec', ...finished, ticket: undefined };
}

/** RFC 5077 §3.3 */
export function answerTls12NewSessionTicket(
  { secured, chosen, firstVerifyData, transcript }: Tls12AwaitNewSessionTicket,
  message: Tls12NewSessionTicket,
  raw: Uint8Array,
): Transition {
  const { ticketLifetimeHint, ticket } = message;
  return ok({
    phase: {
      kind: 'tls12AwaitServerChangeCipherSpec',
      secured,
      chosen,
      firstVerifyData,
      transcript: extended(transcript, raw),
      ticket: ticket.length === 0 ? undefined : { lifetimeHint: ticketLifetimeHint, ticket: ticket.slice() },
    },
    actions: [],
  });
}

/** RFC 5246 §7.1: from here on the server sends under its keys. */
export function answerServerChangeCipherSpec(
  { crypto }: ClientConfig,
  phase: Tls12AwaitServerChangeCipherSpec,
): Transition {
  const { agreed, keys } = phase.secured;
  const serverKeys = tls12Keys(crypto, agreed.suite, keys.server, agreed.encryptThenMac);
  const protection = { keys: serverKeys, sequence: 0 };
  return ok({
    phase: { ...phase, kind: 'tls12AwaitServerFinished' },
    actions: [{ kind: 'changeCipher', direction: 'received', protection }],
  });
}

/** RFC 5246 §7.4.9: the server has seen what we have seen. In a resumed handshake ours is still to come. */
export function answerTls12ServerFinished(
  config: ClientConfig,
  phase: Tls12AwaitServerFinished,
  message: Finished,
  raw: Uint8Array,
  now: number,
): Transition {
  const { crypto } = config;
  const { secured } = phase;
  const { suite } = secured.agreed;
  const digest = phase.transcript.hash.digest();
  const expected = verifyData(crypto, suite, secured.master, 'server', digest);
  if (!crypto.equal(expected, message.verifyData)) {
    return err(misbehaved('bad-finished', 'the server Finished does not match what this side has seen'));
  }
  const own =
    secured.resumed === undefined
      ? []
      : sendFinished(config, secured, extended(phase.transcript, raw)).sending;
  return ok({
    phase: established(phase, phase.firstVerifyData ?? expected),
    actions: [
      ...own,
      { kind: 'established', facts: clientFacts(config, phase) },
      ...tickets(config, phase, now),
    ],
  });
}

/** change_cipher_spec and Finished of this side. */
export function sendFinished(
  { crypto }: ClientConfig,
  { agreed, master, keys }: Tls12Secured,
  transcript: Tls12Transcript,
): {
  readonly verifyData: Uint8Array;
  readonly transcript: Tls12Transcript;
  readonly sending: readonly Action[];
} {
  const { suite } = agreed;
  const data = verifyData(crypto, suite, master, 'client', transcript.hash.digest());
  const finished = sendTls12Handshake({ kind: 'finished', body: { verifyData: data } });
  const protection = { keys: tls12Keys(crypto, suite, keys.client, agreed.encryptThenMac), sequence: 0 };
  return {
    verifyData: data,
    transcript: extended(transcript, finished.raw),
    sending: [
      { kind: 'sendChangeCipherSpec' },
      ...limitRecords(agreed.recordSizes, 'sent'),
      { kind: 'changeCipher', direction: 'sent', protection },
      finished,
    ],
  };
}

function established({ secured }: Tls12AwaitServerFinished, firstVerifyData: Uint8Array) {
  const { agreed, master, server } = secured;
  const { suite, randoms } = agreed;
  return {
    kind: 'established',
    version: '1.2',
    suite,
    endPoint: endPointOf(server.peer?.leaf),
    bound: agreed.extendedMasterSecret ? { master, randoms, firstVerifyData } : undefined,
  } as const;
}

/**
 * The session to go on from: a new one, or the one that was resumed, with the ticket that is the newest. Without an extended
 * master secret there is none (RFC 7627 §5.2).
 */
function tickets(
  config: ClientConfig,
  { secured, ticket }: Tls12AwaitServerFinished,
  now: number,
): readonly Action[] {
  const { agreed, server, resumed } = secured;
  const { signatureScheme } = server;
  if (!config.acceptTickets || !agreed.extendedMasterSecret) return [];
  if (ticket === undefined && resumed !== undefined) return [{ kind: 'ticket', session: resumed }];
  if (ticket === undefined && agreed.sessionId.length === 0) return [];
  // Nor is there one that began without forward secrecy: it would go on without.
  if (signatureScheme === undefined) return [];
  return [{ kind: 'ticket', session: { ...session(config, secured, ticket, now), signatureScheme } }];
}

function session(
  config: ClientConfig,
  { agreed, server, group, master }: Tls12Secured,
  received: ReceivedTicket | undefined,
  now: number,
): Omit<Tls12Session, 'signatureScheme'> {
  return {
    version: 'TLS 1.2',
    cipherSuite: agreed.suite.name,
    masterSecret: master,
    group,
    sessionId: received === undefined ? agreed.sessionId.slice() : new Uint8Array(0),
    ticket: received?.ticket ?? new Uint8Array(0),
    ticketLifetime: received?.lifetimeHint || DAY,
    receivedAt: now,
    serverName: sessionName(config),
    ...storeShown(server.shown),
  };
}

/** Seconds that a session is tried for when the server does not say: RFC 5246 §F.1.4 suggests no more. */
const DAY = 24 * 60 * 60;

function clientFacts(config: ClientConfig, { secured, chosen }: Tls12AwaitServerFinished): Tls12Facts {
  const { agreed, server, group, resumed } = secured;
  return {
    version: 'TLS 1.2',
    role: 'client',
    cipherSuite: agreed.suite.name,
    group,
    extendedMasterSecret: agreed.extendedMasterSecret,
    ...ownFacts(chosen),
    ...peerFacts(server),
    applicationProtocol: agreed.applicationProtocol,
    serverName: config.serverName,
    rawExtensions: agreed.rawExtensions,
    resumed: resumed !== undefined,
    externalIdentity: undefined,
    recordSizes: agreed.recordSizes,
    earlyData: notOffered,
    helloRetryRequest: false,
    encryptedClientHello: false,
    clientRandom: agreed.randoms.client.slice(),
  };
}
