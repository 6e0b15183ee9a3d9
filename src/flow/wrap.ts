import type { Secret } from '../../nocrypto/index.ts';
import {
  answer,
  type ClientConfig,
  client,
  close,
  type EarlyDataStatus,
  type Effect,
  exportEarlyKeyingMaterial,
  exportKeyingMaterial,
  type Facts,
  type PeerFacts,
  type Request,
  type Response,
  receive,
  receiveEnd,
  requestCertificate,
  restore,
  type ServerConfig,
  type Session,
  type Step,
  send,
  sendEarlyData,
  server,
  sessionName,
  status,
  type TraceEvent,
  tlsExporter,
  tlsServerEndPoint,
} from '../index.ts';
import { byteQueue } from './byte-queue.ts';
import { alarm, type Deferred, deferred, within } from './deferred.ts';
import { messageOf, tlsError } from './error.ts';
import { type Flow, flowClosedError } from './flow.ts';
import type { ReplayGuard } from './replay-guard.ts';
import type { ClientSessions, SessionStore } from './sessions.ts';

/**
 * An established TLS connection: a {@link Flow} of application data with what was agreed on beside it.
 *
 * `read` gives the end only after the peer's close_notify; a flow that ended without one is a TlsError (`truncated`),
 * after the data that came. Its bytes are the reader's for good. `closeWrite` sends close_notify and leaves
 * reading open; `close` sends it too, waits for the peer's for at most `closeTimeout`, and closes the flow underneath.
 * When both sides have said close_notify the flow underneath is closed by itself.
 */
export interface TlsConnection extends Flow {
  readonly facts: Facts;
  /**
   * `length` bytes that only the two ends can derive for `label` and `context` (RFC 9846 §7.5). Throws, as the two
   * channel bindings do, when the connection is over.
   */
  readonly exportKeyingMaterial: (label: string, context: Uint8Array, length: number) => Secret;
  /** The channel binding `tls-exporter` (RFC 9266): 32 bytes. */
  readonly tlsExporter: () => Secret;
  /** The channel binding `tls-server-end-point` (RFC 5929 §4); undefined where the RFC defines none. */
  readonly tlsServerEndPoint: () => Uint8Array | undefined;
  /** As `exportKeyingMaterial`, for early data; not bound to this connection alone (RFC 9846 §F.5.1). */
  readonly exportEarlyKeyingMaterial: (label: string, context: Uint8Array, length: number) => Secret;
  /** At a server: whether `requestCertificate` may be called now; false for ever if the client has not offered it. */
  readonly canRequestCertificate: () => boolean;
  /**
   * At a server with `postHandshakeAuthentication`: asks the client for a certificate, and resolves with what it has shown,
   * which is nothing if it declines. The client may take its time and send data before; its answer comes while somebody
   * reads. Rejects when the connection ends first, or the client closes its half, and with a TypeError when it may not be
   * called.
   */
  readonly requestCertificate: () => Promise<PeerFacts>;
  /** At a client: whether early data was sent; what became of it is in the facts. */
  readonly earlyDataSent: boolean;
  /** At a client: whether early data that was rejected is sent again (see `resendEarlyData`). */
  readonly earlyDataResent: boolean;
}

export interface WrapOptions {
  /** Fresh bytes from a cryptographically secure source. Default: `globalThis.crypto.getRandomValues`. */
  readonly entropy?: ((length: number) => Uint8Array) | undefined;
  /** Milliseconds since the Unix epoch, for the validity of certificates. Default: `Date.now`. */
  readonly now?: (() => number) | undefined;
  /**
   * Answers what the engine asks of the world (an external key, a server that asks for its credentials). A rejection
   * refuses the request, and so does leaving this out; the connection then fails. Reading waits for the answer.
   */
  readonly answer?: ((request: Request) => Promise<Response>) | undefined;
  /**
   * Called at once, in order, with each event. Which there are is the configuration's `trace` to say: by default none.
   * What it throws ends the connection.
   */
  readonly onTrace?: ((event: TraceEvent) => void) | undefined;
  /** Called with each session a server gives to resume with. What it throws ends the connection. */
  readonly onTicket?: ((session: Session) => void) | undefined;
  /**
   * At a client: sessions of earlier connections to go on from, the most wanted first; or where they are kept
   * (`clientSessions()`): one is then taken, and those that this server gives are put there.
   */
  readonly sessions?: readonly Session[] | ClientSessions | undefined;
  /** At a server with `storedSessions`: where they are. Without it, `answer` is asked and sessions are lost. */
  readonly sessionStore?: SessionStore | undefined;
  /**
   * At a client: asked for early data (0-RTT) when a session allows it, and told how much that may be and which protocol
   * it has to speak; undefined sends none. Only what may be done twice: somebody in between can repeat it. What became of
   * it is in the facts.
   */
  readonly earlyData?: ((open: EarlyDataStatus) => Uint8Array | undefined) | undefined;
  /**
   * At a client: sends early data that was rejected again, before anything else, if the same application protocol was
   * negotiated. Default false: an attacker can have both the early data and its repetition reach a server.
   */
  readonly resendEarlyData?: boolean | undefined;
  /**
   * At a server: says whether early data is new; without it the request goes to `answer`, and if nobody answers early data
   * is rejected. Share one among all connections.
   */
  readonly replayGuard?: ReplayGuard | undefined;
  /**
   * At a server: called with early data as soon as it comes, when the client may be anybody who has recorded it. `reply`
   * answers as early. Without this, early data is read from the connection like all other once the handshake is over,
   * and by then the client has shown that it is there. What it throws ends the connection.
   */
  readonly onEarlyData?:
    | ((bytes: Uint8Array, reply: (bytes: Uint8Array) => Promise<void>) => void)
    | undefined;
  /** Gives up a handshake that is not over; an established connection is no longer its concern. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds for the whole handshake, the requests' answers included; Infinity for no bound. Default 30,000: long
   * for a slow network and an unaccelerated key exchange, short for a peer that holds sockets open.
   */
  readonly handshakeTimeout?: number | undefined;
  /** Milliseconds to wait for the peer at the end: for its close_notify, or until it has taken an alert. Default 1,000. */
  readonly closeTimeout?: number | undefined;
  /** About how many bytes to hold for the reader before reading from the flow pauses. Default 64 KiB. */
  readonly readAhead?: number | undefined;
}

/**
 * Does the client's handshake over `flow` and resolves once the server is authenticated. Rejects with a
 * {@link TlsError}, after any alert has been passed to the flow, or with the signal's reason. The flow belongs to
 * the connection from the call on: it is closed with it, whatever happens.
 */
export function wrapClient(
  flow: Flow,
  config: ClientConfig,
  options: WrapOptions = {},
): Promise<TlsConnection> {
  const { sessions: given = [], now = Date.now, earlyData } = options;
  const start = (seed: Uint8Array): Start => {
    const time = now();
    const sessions = 'take' in given ? listOf(given.take(sessionName(config), time)) : given;
    const first = client(config, seed, { sessions, now: time, earlyData: earlyData !== undefined });
    const open = status(first.state).earlyData;
    const bytes = open && earlyData?.(open);
    if (open === undefined || bytes === undefined) return { first };
    const { state, effects } = sendEarlyData(first.state, bytes);
    const { applicationProtocol } = open;
    return {
      first: { state, effects: [...first.effects, ...effects] },
      early: { bytes: bytes.slice(), applicationProtocol },
    };
  };
  return establish(flow, start, options);
}

/** As {@link wrapClient}, for the server's side. */
export function wrapServer(
  flow: Flow,
  config: ServerConfig,
  options: WrapOptions = {},
): Promise<TlsConnection> {
  return establish(flow, (seed) => ({ first: server(config, seed) }), options);
}

/**
 * Goes on with a connection that `snapshot` has written, over the flow it ran on. Resolves at once, or rejects when the
 * bytes are no such snapshot. The flow's next bytes must be those after the last that the connection has received.
 */
export async function wrapRestored(
  flow: Flow,
  config: ClientConfig | ServerConfig,
  snapshot: Uint8Array,
  options: WrapOptions = {},
): Promise<TlsConnection> {
  const first = restore(config, snapshot);
  if (first.ok) return drive(flow, { first: first.value }, options);
  await flow.close();
  throw new TypeError(`the connection cannot be restored (${first.error.kind}): ${first.error.detail}`);
}

/** Bytes of the engine's seed. */
const SEED_LENGTH = 48;
/** Application data handed to the engine at once, so that a large write is sealed as fast as the flow takes it. */
const WRITE_PIECE = 256 * 1024;
/** Bytes written without being asked (alerts, requests for new keys) that may wait before reading pauses. */
const UNSENT_BOUND = 64 * 1024;

const HANDSHAKE_TIMEOUT = 30_000;
const CLOSE_TIMEOUT = 1_000;
const READ_AHEAD = 64 * 1024;

/** How a connection begins. */
interface Start {
  readonly first: Step;
  /** What was sent as early data, and for which protocol. */
  readonly early?: { readonly bytes: Uint8Array; readonly applicationProtocol: string | undefined };
}

async function establish(
  flow: Flow,
  start: (seed: Uint8Array) => Start,
  options: WrapOptions,
): Promise<TlsConnection> {
  let begun: Start;
  try {
    options.signal?.throwIfAborted();
    begun = start((options.entropy ?? systemEntropy)(SEED_LENGTH));
  } catch (thrown) {
    // The flow is ours already.
    await flow.close();
    throw errorOf(thrown);
  }
  return drive(flow, begun, options);
}

/**
 * Drives one connection from its first step: the only code that carries out effects, for both roles.
 *
 * Everything turns around `advance`, which is synchronous: it takes one step of the engine and carries out its effects
 * in order. The pump, the callers of `write` and the answers to requests take turns at it.
 */
function drive(flow: Flow, { first, early }: Start, options: WrapOptions): Promise<TlsConnection> {
  const now = options.now ?? Date.now;
  const closeTimeout = options.closeTimeout ?? CLOSE_TIMEOUT;
  let { state } = first;

  const inbox = byteQueue(options.readAhead ?? READ_AHEAD);
  const established = deferred<TlsConnection>();
  const ended = deferred<void>();
  /** Why the connection ended, once it has ended other than in order. */
  let failure: Error | undefined;
  /** Nothing more is asked of the engine. */
  let over = false;
  let isEstablished = false;
  let closing: Promise<void> | undefined;
  /** The outstanding request, being answered. */
  let answering: Promise<void> | undefined;
  /** Who waits for which answer to a request for a certificate, by its context. */
  const asked = new Map<string, Deferred<PeerFacts>>();
  /** Resolves, and never rejects, when all that was written is with the flow. */
  let written: Promise<void> = Promise.resolve();
  /** Bytes not yet with the flow that no caller waits for: see UNSENT_BOUND. */
  let unsent = 0;
  /** Settles when the calls of write and closeWrite so far are done. */
  let calls: Promise<void> = Promise.resolve();

  const stopWaiting = limitHandshake(options, giveUp);
  advance(() => first);
  const pumping = pump();
  return established.promise;

  /** `awaited`: a caller waits for what the step sends. */
  function advance(next: () => Step, awaited = false): void {
    try {
      const step = next();
      state = step.state;
      for (const effect of step.effects) carryOut(effect, awaited);
    } catch (thrown) {
      // Not the peer's doing (the engine answers bad input with a value): a caller's callback, or a bug.
      fail(errorOf(thrown));
    }
  }

  function carryOut(effect: Effect, awaited: boolean): void {
    switch (effect.kind) {
      case 'send': {
        const before = written;
        const delivery = deliver(effect.bytes, awaited);
        written = before.then(() => delivery);
        return;
      }
      case 'data':
        if (effect.early && options.onEarlyData !== undefined) options.onEarlyData(effect.bytes, replyEarly);
        else inbox.push(effect.bytes);
        return;
      case 'established': {
        const { facts } = effect;
        const resent = early !== undefined && maySendAgain(early, facts);
        stopWaiting();
        isEstablished = true;
        // Queued, like any caller's: what this step has yet to send was sealed before it.
        if (resent) write(early.bytes).catch(() => {});
        established.resolve({
          facts,
          earlyDataSent: early !== undefined,
          earlyDataResent: resent,
          read: inbox.read,
          write,
          closeWrite,
          close: closeBoth,
          canRequestCertificate: () => status(state).canRequestCertificate,
          requestCertificate: askForCertificate,
          exportKeyingMaterial: (label, context, length) =>
            exportKeyingMaterial(state, label, context, length),
          tlsExporter: () => tlsExporter(state),
          tlsServerEndPoint: () => tlsServerEndPoint(state),
          exportEarlyKeyingMaterial: (label, context, length) =>
            exportEarlyKeyingMaterial(state, label, context, length),
        });
        return;
      }
      case 'certificateAnswered':
        settleAsked(effect.context, effect.shown);
        return;
      case 'request':
        answering = answerRequest(effect.request);
        return;
      case 'ticket':
        if (options.sessions !== undefined && 'keep' in options.sessions)
          options.sessions.keep(effect.session);
        options.onTicket?.(effect.session);
        return;
      case 'storeSession':
        void put(options.sessionStore, effect);
        return;
      case 'trace':
        options.onTrace?.(effect.event);
        return;
      case 'peerClosed':
        inbox.end();
        abandonAsked();
        return;
      case 'closed':
        end();
        return;
      case 'failed':
        fail(tlsError(effect.failure));
        return;
      default:
        effect satisfies never;
    }
  }

  async function pump(): Promise<void> {
    try {
      for (;;) {
        // Early data is bounded by the configuration, and nobody can read it before the handshake is over.
        if (isEstablished) await inbox.room();
        while (answering !== undefined) await answering;
        if (unsent > UNSENT_BOUND) await written;
        if (!over && !status(state).canReceive) return;
        const bytes = await flow.read();
        // After a failure the rest is read and dropped, see windUp.
        if (!over) advance(() => (bytes === undefined ? receiveEnd(state) : receive(state, bytes, now())));
        if (bytes === undefined) return;
      }
    } catch (cause) {
      fail(tlsError({ kind: 'flowFailed', operation: 'read' }, cause));
    }
  }

  async function deliver(bytes: Uint8Array, awaited: boolean): Promise<void> {
    // A write that waits must not stop the reading: the peer may be waiting to be read too.
    const counted = awaited ? 0 : bytes.length;
    unsent += counted;
    try {
      await flow.write(bytes);
    } catch (cause) {
      fail(tlsError({ kind: 'flowFailed', operation: 'write' }, cause));
    }
    unsent -= counted;
  }

  async function answerRequest(request: Request): Promise<void> {
    const response = await responseTo(request, options);
    answering = undefined;
    if (!over) advance(() => answer(state, response));
  }

  async function write(bytes: Uint8Array): Promise<void> {
    if (closing !== undefined) throw flowClosedError();
    await inTurn(() => writeAll(bytes));
  }

  async function writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += WRITE_PIECE) {
      refuseIfFailed();
      if (!status(state).canSend) throw new TypeError('write was called after closeWrite');
      advance(() => send(state, bytes.subarray(at, at + WRITE_PIECE)), true);
      await written;
    }
  }

  /** Before the handshake is over if it still can. */
  function replyEarly(bytes: Uint8Array): Promise<void> {
    return inTurn(async () => {
      if (status(state).earlyData === undefined) await writeAll(bytes);
      else advance(() => sendEarlyData(state, bytes), true);
      await written;
    });
  }

  function askForCertificate(): Promise<PeerFacts> {
    const answered = deferred<PeerFacts>();
    const ask = () => {
      const { context, ...step } = requestCertificate(state);
      asked.set(String(context), answered);
      return step;
    };
    inTurn(async () => {
      if (!status(state).canRequestCertificate) {
        throw new TypeError('requestCertificate was called where canRequestCertificate() is false');
      }
      advance(ask, true);
      await written;
    }).catch(answered.reject);
    return answered.promise;
  }

  function settleAsked(context: Uint8Array, shown: PeerFacts): void {
    const key = String(context);
    asked.get(key)?.resolve(shown);
    asked.delete(key);
  }

  /** No answer can come any more. */
  function abandonAsked(): void {
    for (const { reject } of asked.values()) reject(failure ?? flowClosedError());
    asked.clear();
  }

  function maySendAgain({ applicationProtocol }: NonNullable<Start['early']>, facts: Facts): boolean {
    const isSame = facts.applicationProtocol === applicationProtocol;
    return options.resendEarlyData === true && facts.earlyData.kind === 'rejected' && isSame;
  }

  function closeWrite(): Promise<void> {
    return inTurn(async () => {
      if (status(state).canSend) advance(() => close(state));
      await written;
    });
  }

  /** Lets overlapping calls follow each other. */
  function inTurn(call: () => Promise<void>): Promise<void> {
    const done = calls.then(async () => {
      refuseIfFailed();
      await call();
      refuseIfFailed();
    });
    calls = done.catch(() => {});
    return done;
  }

  function refuseIfFailed(): void {
    if (failure !== undefined) throw failure;
  }

  function closeBoth(): Promise<void> {
    closing ??= (async () => {
      inbox.abandon(flowClosedError());
      await within(closeTimeout, farewell());
      fail(flowClosedError());
      await closeFlow();
    })();
    return closing;
  }

  async function farewell(): Promise<void> {
    // A failure is no news to somebody who closes.
    await closeWrite().catch(() => {});
    await ended.promise;
  }

  /** Gives up the handshake, and tells the peer. */
  function giveUp(error: Error): void {
    failure ??= error;
    advance(() => close(state));
    end();
  }

  function fail(error: Error): void {
    if (over) return;
    failure ??= error;
    end();
  }

  function end(): void {
    if (over) return;
    over = true;
    stopWaiting();
    void windUp();
  }

  /**
   * The last bytes get out before anybody hears of the end. After a failure the flow is closed only when the peer has
   * stopped sending, or has had its time: a socket closed with unread bytes resets the connection, and the reset may
   * overtake the alert.
   */
  async function windUp(): Promise<void> {
    await within(closeTimeout, written);
    established.reject(failure ?? flowClosedError());
    abandonAsked();
    inbox.end(failure);
    await within(closeTimeout, lastWords());
    await closeFlow();
    ended.resolve();
  }

  /** A flow's close should not reject; one that does must not bring the process down. */
  async function closeFlow(): Promise<void> {
    try {
      await flow.close();
    } catch {
      // It is as closed as it can be.
    }
  }

  async function lastWords(): Promise<void> {
    try {
      await flow.closeWrite();
      if (failure !== undefined) await pumping;
    } catch {
      // The flow is gone: nothing is left to wait for.
    }
  }
}

/** Calls `giveUp` when time is over or the signal says so, until the function it returns is called. */
function limitHandshake(options: WrapOptions, giveUp: (error: Error) => void): () => void {
  const { signal, handshakeTimeout: milliseconds = HANDSHAKE_TIMEOUT } = options;
  const onAbort = () => giveUp(errorOf(signal?.reason));
  signal?.addEventListener('abort', onAbort);
  const stop = alarm(milliseconds, () => giveUp(tlsError({ kind: 'handshakeTimeout', milliseconds })));
  return () => {
    stop();
    signal?.removeEventListener('abort', onAbort);
  };
}

/** A session that cannot be stored is one that will not be resumed. */
async function put(
  store: SessionStore | undefined,
  { id, session, lifetime }: Extract<Effect, { readonly kind: 'storeSession' }>,
): Promise<void> {
  try {
    await store?.put(id, session, lifetime);
  } catch {
    // The client will find out with its ticket.
  }
}

/** A store that does not answer costs a full handshake. */
async function take(store: SessionStore, id: Uint8Array): Promise<Response> {
  try {
    return { kind: 'sessionLookup', session: await store.take(id) };
  } catch {
    return { kind: 'sessionLookup', session: undefined };
  }
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}

/** The caller's response; whatever is wrong with it becomes a refusal. */
async function responseTo(request: Request, options: WrapOptions): Promise<Response> {
  const { answer: answerer, sessionStore, replayGuard } = options;
  if (request.kind === 'sessionLookup' && sessionStore !== undefined) return take(sessionStore, request.id);
  if (request.kind === 'replayCheck' && replayGuard !== undefined) {
    try {
      return { kind: 'replayCheck', isNew: await replayGuard(request) };
    } catch (thrown) {
      return refusal(messageOf(thrown));
    }
  }
  if (answerer === undefined) {
    return refusal(`nothing answers the request for a ${request.kind}: give the option \`answer\``);
  }
  try {
    const response = await answerer(request);
    if (response.kind === request.kind || response.kind === 'refusal') return response;
    return refusal(`a request for a ${request.kind} was answered with a ${response.kind}`);
  } catch (thrown) {
    return refusal(messageOf(thrown));
  }
}

function refusal(reason: string): Response {
  return { kind: 'refusal', reason };
}

function systemEntropy(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
