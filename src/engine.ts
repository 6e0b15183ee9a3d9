import { seedRng } from '../nocrypto/index.ts';
import { ok } from '../x509/index.ts';
import { answerClientRequest } from './client/handle.ts';
import { type Resumption, startClient } from './client/hello.ts';
import { contentTypes } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import type { EarlyDataProgress } from './early-data.ts';
import { misuse } from './failure.ts';
import { takeBytes, takeHandshake } from './incoming.ts';
import { everyRecord } from './record-size.ts';
import type { Response } from './request.ts';
import { answerServerRequest, startServer } from './server/handle.ts';
import { type OpenRequests, openLateRequests, requestLate } from './server/late-authentication.ts';
import {
  establishedIn,
  isClientWaiting,
  isServerWaiting,
  isWaiting,
  nothingIncoming,
  type Phase,
  type State,
  speaksTls12,
} from './state.ts';
import type { Transition } from './transition.ts';
import {
  apply,
  beginTurn,
  contentSize,
  end,
  endTurn,
  fail,
  type Step,
  sendAlert,
  sendContent,
  type Turn,
  turnToHandshakeKeys,
  updateWriteKeys,
} from './turn.ts';
import { contents, emptyQueue } from './wire/byte-queue.ts';

export type { Step } from './turn.ts';

/** What a wrapper needs to know of a state between steps. */
export interface Status {
  /** `waiting`: a request is outstanding. `over`: failed, or closed in both directions. */
  readonly phase: 'handshaking' | 'waiting' | 'established' | 'over';
  /** Whether `send` may be called: established, also while a late request is outstanding, and this side has not closed. */
  readonly canSend: boolean;
  /**
   * Whether `requestCertificate` may be called: established in TLS 1.3 with a client that has offered it, neither side has
   * closed, and not too many requests are unanswered (`limits.lateRequests`).
   */
  readonly canRequestCertificate: boolean;
  /**
   * What `sendEarlyData` takes at present; undefined when that must not be called. At a client from its offer until the
   * server has answered it, at a server that has accepted early data until the handshake is over.
   */
  readonly earlyData: EarlyDataStatus | undefined;
  /** Whether bytes from the peer still mean anything. While `waiting` they are kept, so it is better not to read. */
  readonly canReceive: boolean;
}

export interface EarlyDataStatus {
  /** Bytes that may still be sent. */
  readonly left: number;
  /** What the bytes have to be: at a client the protocol of the session it goes on from, not what may be negotiated now. */
  readonly applicationProtocol: string | undefined;
}

/**
 * Begins a connection as client; the first effect sends the ClientHello. `seed` is at least 48 fresh random bytes: all
 * randomness of the connection comes from it, so the same seed must never serve twice. `resumption` gives sessions of
 * earlier connections to go on from, the most wanted first; those that have expired or are for another name are left out.
 */
export function client(config: ClientConfig, seed: Uint8Array, resumption?: Resumption): Step {
  const { phase, actions } = startClient(config, seedRng(seed, undefined, config.crypto), resumption);
  const turn = beginTurn(initial(config, phase), 0);
  apply(turn, { ok: true, value: { phase, actions } });
  return endTurn(turn);
}

/** Begins a connection as server, which waits for a ClientHello. `seed` as for {@link client}. */
export function server(config: ServerConfig, seed: Uint8Array): Step {
  return { state: initial(config, startServer(seedRng(seed, undefined, config.crypto))), effects: [] };
}

/**
 * Takes bytes from the peer, cut anywhere. `now` is milliseconds since the Unix epoch. `bytes` is read during the call
 * only; the caller may reuse it afterwards. After the end of a connection bytes are ignored.
 */
export function receive(state: State, bytes: Uint8Array, now: number): Step {
  if (!status(state).canReceive) return { state, effects: [] };
  const turn = beginTurn(state, now);
  // A plain view: slice() of a Node Buffer would not copy, and what is kept must be a copy.
  takeBytes(turn, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return endTurn(turn);
}

/**
 * The flow has ended. After close_notify that says nothing new; before it, it is a truncation (RFC 9846 §6.1), which an
 * attacker can bring about.
 */
export function receiveEnd(state: State): Step {
  if (!status(state).canReceive) return { state, effects: [] };
  const turn = beginTurn(state, 0);
  fail(turn, { kind: 'truncated' });
  return endTurn(turn);
}

/**
 * Sends application data. Throws when {@link status} says `canSend: false`: that is the caller's bug. Empty data sends
 * nothing.
 *
 * The old state stays usable, but what is sent from it again is sealed with the same nonces: bytes of only one branch
 * may ever reach the wire, or both messages can be read.
 */
export function send(state: State, data: Uint8Array): Step {
  if (!status(state).canSend) {
    throw new Error(
      'send: the connection is not established, or this side has closed it (see status().canSend)',
    );
  }
  const turn = beginTurn(state, 0);
  sendData(turn, data);
  return endTurn(turn);
}

/**
 * Sends data before the handshake is over (RFC 9846 §2.3): at a client along with its ClientHello, when `client` was asked
 * to offer early data; at a server that has accepted early data, as an answer to it. Throws when there is more of it than
 * {@link status} says (`earlyData`): that is the caller's bug.
 *
 * A client's early data has no forward secrecy, and somebody in between may bring it to the server again, or to other
 * servers: send only what may be done twice. The server takes all of it or nothing, which the facts tell (`earlyData`).
 * What was rejected is gone; whether it is sent again is the caller's to decide, who must not do so blindly when another
 * application protocol was negotiated. What a server sends early goes to whoever made the first connection, who may be
 * gone by now.
 */
export function sendEarlyData(state: State, data: Uint8Array): Step {
  const left = status(state).earlyData?.left;
  if (left === undefined || data.length > left) {
    throw new Error('sendEarlyData: early data is not open, or not for so much (see status().earlyData)');
  }
  const turn = beginTurn(state, 0);
  sendContent(turn, contentTypes.applicationData, data);
  const { write } = turn;
  turn.write = { ...write, earlyDataLeft: Math.max(0, write.earlyDataLeft - data.length) };
  return endTurn(turn);
}

/**
 * Turns this side's keys over (RFC 9846 §4.7.3), and with `ask` requests the same of the peer, unless it was asked already
 * and has not answered. The limits of §5.5 are kept without it. Throws as {@link send} does, and in TLS 1.2, which cannot.
 */
export function updateKeys(state: State, { ask }: { readonly ask: boolean }): Step {
  if (!status(state).canSend) {
    throw new Error('updateKeys: the connection is not established, or this side has closed it');
  }
  if (speaksTls12(state.phase)) throw new Error('updateKeys: TLS 1.2 has no new keys');
  const turn = beginTurn(state, 0);
  updateWriteKeys(turn, ask && !turn.write.keyUpdateAsked);
  return endTurn(turn);
}

/** A {@link Step}, and what the answer is known by. */
export interface CertificateRequested extends Step {
  /** The certificate_request_context: stands in the effect `certificateAnswered`. */
  readonly context: Uint8Array;
}

/**
 * At a server: asks the client for a certificate (RFC 9846 §4.7.2), to be judged as the option `postHandshakeAuthentication`
 * says. The effect `certificateAnswered` brings what it has shown, whenever that is: the client may ask somebody first, and
 * what it sends before was sent by nobody known. One that shows a certificate which is not accepted, or none where one is
 * `required`, ends the connection. Throws when {@link status} says `canRequestCertificate: false`: that is the caller's bug.
 */
export function requestCertificate(state: State): CertificateRequested {
  const open = openRequests(state);
  if (open === undefined) {
    throw new Error(
      'requestCertificate: the client may not be asked now (see status().canRequestCertificate)',
    );
  }
  const { context, transition } = requestLate(open);
  const turn = beginTurn(state, 0);
  apply(turn, transition);
  return { ...endTurn(turn), context };
}

/**
 * Says close_notify: this side sends no more. The peer may go on sending until it says so too (half-close); `closed`
 * comes when both have. Before the handshake is over this cancels it.
 */
export function close(state: State): Step {
  const { phase } = status(state);
  if (phase === 'over' || state.write.closed) return { state, effects: [] };
  const isEstablished = establishedIn(state.phase) !== undefined;
  const turn = beginTurn(state, 0);
  turnToHandshakeKeys(turn);
  if (!isEstablished) sendAlert(turn, 'user_canceled');
  sendAlert(turn, 'close_notify');
  const { protection } = turn.write;
  turn.write = { protection, closed: true, keyUpdateAsked: false, keyUpdateOwed: false, earlyDataLeft: 0 };
  if (!isEstablished || turn.read.closed) end(turn, undefined);
  return endTurn(turn);
}

/**
 * Brings the response to the outstanding request; what arrived meanwhile is then taken up. Throws when no such request
 * is outstanding: that is the caller's bug.
 */
export function answer(state: State, response: Response): Step {
  const established = establishedIn(state.phase);
  // Who has said close_notify meanwhile says no more.
  const transition =
    established !== undefined && state.write.closed && isClientWaiting(state.phase)
      ? ok({ phase: established, actions: [] })
      : responded(state, response);
  const turn = beginTurn(state, state.incoming.now);
  const { incoming } = turn;
  turn.incoming = { ...incoming, records: emptyQueue, handshake: emptyQueue, messageLength: 0 };
  turn.unread = contents(incoming.handshake);
  apply(turn, transition);
  takeHandshake(turn);
  takeBytes(turn, contents(incoming.records));
  return endTurn(turn);
}

/** See {@link Status}. */
export function status(state: State): Status {
  const { phase, read, write } = state;
  const kind =
    phase.kind === 'ended'
      ? 'over'
      : isWaiting(phase)
        ? 'waiting'
        : establishedIn(phase) !== undefined
          ? 'established'
          : 'handshaking';
  return {
    phase: kind,
    canSend: establishedIn(phase) !== undefined && !write.closed,
    canRequestCertificate: openRequests(state) !== undefined,
    earlyData: earlyDataStatus(state),
    canReceive: kind !== 'over' && !read.closed,
  };
}

function responded(state: State, response: Response): Transition {
  const { phase } = state;
  const { config } = state.fixed;
  if (config.role === 'client' && isClientWaiting(phase)) return answerClientRequest(config, phase, response);
  if (config.role === 'server' && isServerWaiting(phase)) return answerServerRequest(config, phase, response);
  throw new Error(`answer: no request is outstanding (the state is ${phase.kind})`);
}

function initial(config: ClientConfig | ServerConfig, phase: Phase): State {
  return {
    fixed: { config },
    phase,
    read: { protection: undefined, closed: false, skippable: 0 },
    write: {
      protection: undefined,
      closed: false,
      keyUpdateAsked: false,
      keyUpdateOwed: false,
      earlyDataLeft: 0,
    },
    incoming: nothingIncoming,
    recordSizes: everyRecord,
  };
}

function openRequests({ fixed: { config }, phase, read, write }: State): OpenRequests | undefined {
  if (config.role !== 'server' || read.closed || write.closed) return undefined;
  return openLateRequests(config, phase);
}

function earlyDataStatus({ fixed, phase, write }: State): EarlyDataStatus | undefined {
  const { protection } = write;
  if (protection === undefined || write.closed) return undefined;
  const { limits } = fixed.config;
  // These keys are never turned over (RFC 9846 §5.5): two records are left for an end and an alert.
  const records = limits[protection.keys.suite.recordLimit] - 2 - protection.sequence;
  const most = Math.max(0, records) * limits.recordPlaintext;
  switch (phase.kind) {
    case 'awaitServerHello':
      return toBeSent(phase.sent.early, Math.min(most, write.earlyDataLeft));
    case 'awaitEncryptedExtensions':
      return toBeSent(phase.agreed.early, Math.min(most, write.earlyDataLeft));
    case 'awaitServerFinished':
      return toBeSent(phase.settled.early, Math.min(most, write.earlyDataLeft));
    case 'awaitEndOfEarlyData':
    case 'awaitClientFinished': {
      const { applicationProtocol, earlyData } = phase.sent.flight.agreed;
      return earlyData.kind === 'accepted' ? { left: most, applicationProtocol } : undefined;
    }
    default:
      return undefined;
  }
}

function toBeSent(early: EarlyDataProgress, left: number): EarlyDataStatus | undefined {
  return early.kind === 'offered' || early.kind === 'accepted'
    ? { left, applicationProtocol: early.applicationProtocol }
    : undefined;
}

/**
 * Two records short of the AEAD limit the keys turn over (RFC 9846 §5.5): one is the KeyUpdate's, one an alert's. So they do
 * before any data when the peer has asked for it. TLS 1.2 has no other keys, and the connection ends.
 */
function sendData(turn: Turn, data: Uint8Array): void {
  if (turn.write.keyUpdateOwed && data.length > 0) updateWriteKeys(turn, false);
  const { limits } = turn.fixed.config;
  const size = contentSize(turn, contentTypes.applicationData);
  for (let from = 0; from < data.length; ) {
    const { protection } = turn.write;
    if (protection === undefined) return;
    const left = limits[protection.keys.suite.recordLimit] - 2 - protection.sequence;
    if (left <= 0 && protection.keys.version === '1.2') {
      fail(turn, misuse('keys-worn-out', `${protection.sequence} records were sent under these keys`));
      return;
    }
    if (left <= 0 && protection.sequence > 0) {
      updateWriteKeys(turn, false);
      continue;
    }
    const until = Math.min(data.length, from + Math.max(left, 1) * size);
    sendContent(turn, contentTypes.applicationData, data.subarray(from, until));
    from = until;
  }
}
