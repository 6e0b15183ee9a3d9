import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { SEED_LENGTH, SIGNING_ENTROPY_LENGTH } from '../../nocrypto/index.ts';
import { handshakeTypes } from '../../src/codepoints.ts';
import {
  answer,
  client,
  close,
  type Effect,
  exportKeyingMaterial,
  type Facts,
  type Failure,
  type Request,
  type Response,
  receive,
  receiveEnd,
  rotateTicketKeys,
  type SecretLabel,
  type Session,
  type State,
  type Step,
  send,
  sendEarlyData,
  server,
  status,
  TICKET_KEY_ENTROPY,
  type TicketKeys,
  updateKeys,
} from '../../src/index.ts';
import { signatureSchemes } from '../../src/signature-schemes.ts';
import { must } from '../support/must.ts';
import { retryConfigsProblem, shimClientEch } from './ech.ts';
import { unmetByRequest, unmetExpectations } from './expectations.ts';
import type { Settings } from './flags.ts';
import {
  type ShimCredential,
  shimAuthenticator,
  shimClientConfig,
  shimCredentials,
  shimRawKeyAuthenticator,
  shimServerConfig,
} from './options.ts';
import { provider } from './provider.ts';

/** How a connection went, as far as the runner wants to know. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'unexpected'; readonly problem: string };

/** What the connections of a process have in common. */
export interface Memory {
  /** Whether there was a connection before this one. */
  isResumption: boolean;
  readonly ticketKeys: TicketKeys;
  /** The newest session that a server gave. */
  session: Session | undefined;
  /** The shim's clock stands still but for what the command line says: the runner knows ages to the millisecond. */
  now: number;
}

export function newMemory(): Memory {
  const ticketKeys = rotateTicketKeys([], randomBytes(TICKET_KEY_ENTROPY));
  return { isResumption: false, ticketKeys, session: undefined, now: Date.now() };
}

/**
 * Makes one connection to the runner and does there what the settings say; once it has rejected a client's early data, what
 * `retry` says.
 */
export async function runConnection(settings: Settings, retry: Settings, memory: Memory): Promise<Outcome> {
  const credentials = shimCredentials(settings);
  const ech = shimClientEch(settings);
  if (ech.kind === 'refused') return { kind: 'unexpected', problem: `:${ech.name}:` };
  const { session } = memory;
  memory.session = undefined;
  const first = settings.has('-server')
    ? server(shimServerConfig(settings, credentials, memory.ticketKeys), randomBytes(SEED_LENGTH))
    : startClient(settings, retry, credentials, memory, session);
  if (first === undefined) return { kind: 'unexpected', problem: 'there is no session to offer' };
  const socket = await dial(settings);
  const outcome = await converse(settings, retry, memory, session, credentials, socket, first);
  await hangUp(socket);
  return outcome;
}

function startClient(
  settings: Settings,
  retry: Settings,
  credentials: readonly ShimCredential[],
  { isResumption, now }: Memory,
  session: Session | undefined,
): Step | undefined {
  const config = shimClientConfig(settings, retry, credentials);
  const seed = randomBytes(SEED_LENGTH);
  if (!isResumption) return client(config, seed);
  if (session === undefined) return undefined;
  return client(config, seed, { sessions: [session], now, earlyData: settings.has('-enable-early-data') });
}

/** The runner listens, whichever role it takes. It knows the shim by the number that comes first. */
async function dial(settings: Settings): Promise<Socket> {
  const port = settings.number('-port');
  if (port === undefined) throw new Error('-port is missing');
  const host = settings.has('-ipv6') ? '::1' : '127.0.0.1';
  const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
  // The runner may be gone before our last words are: it has seen enough. Whoever reads learns of it.
  socket.on('error', () => {});
  await once(socket, 'connect');
  const id = Buffer.alloc(8);
  id.writeBigUInt64LE(BigInt(settings.text('-shim-id') ?? 0));
  socket.write(id);
  return socket;
}

/** Lets the runner read what was written: to close at once could reset the connection. */
async function hangUp(socket: Socket): Promise<void> {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  if (!socket.readableEnded)
    await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
  socket.destroy();
}

/** A connection while it runs. */
interface Talk {
  settings: Settings;
  /** What counts once early data has been rejected. */
  readonly retry: Settings;
  readonly memory: Memory;
  /** What a client goes on from. */
  readonly session: Session | undefined;
  readonly credentials: readonly ShimCredential[];
  readonly socket: Socket;
  state: State;
  request: Request | undefined;
  facts: Facts | undefined;
  /** How much of what it writes first has gone early. */
  earlyBytes: number;
  /** A first message that is held back until something has been read. */
  heldBack: Step | undefined;
  readonly secrets: Map<SecretLabel, Uint8Array>;
  outcome: Outcome | undefined;
}

async function converse(
  settings: Settings,
  retry: Settings,
  memory: Memory,
  session: Session | undefined,
  credentials: readonly ShimCredential[],
  socket: Socket,
  first: Step,
): Promise<Outcome> {
  const talk: Talk = {
    settings,
    retry,
    memory,
    session,
    credentials,
    socket,
    state: first.state,
    request: undefined,
    facts: undefined,
    earlyBytes: 0,
    heldBack: undefined,
    secrets: new Map(),
    outcome: undefined,
  };
  advance(talk, first);
  writeEarly(talk);
  for await (const chunk of chunksOf(socket)) {
    for (const piece of settings.has('-async') ? singleBytes(chunk) : [chunk]) {
      advance(talk, receive(talk.state, piece, memory.now));
      writeEarly(talk);
    }
    while (talk.request !== undefined) answerRequest(talk, talk.request);
    if (talk.outcome !== undefined) return talk.outcome;
  }
  advance(talk, receiveEnd(talk.state));
  return talk.outcome ?? { kind: 'unexpected', problem: 'the flow ended and the connection did not' };
}

/** What comes, until the flow ends or breaks. */
async function* chunksOf(socket: Socket): AsyncGenerator<Uint8Array> {
  try {
    yield* socket.iterator({ destroyOnReturn: false });
  } catch {
    // A reset is an end like any other: whether it was expected is for the connection to say.
  }
}

function* singleBytes(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at++) yield chunk.subarray(at, at + 1);
}

/** All that is to be sent goes out before anything else happens: a reaction may send more. */
function advance(talk: Talk, { state, effects }: Step): void {
  talk.state = state;
  for (const effect of effects) {
    if (effect.kind === 'send') talk.socket.write(effect.bytes);
  }
  for (const effect of effects) react(talk, effect);
}

function react(talk: Talk, effect: Effect): void {
  switch (effect.kind) {
    case 'send':
      return;
    case 'trace':
      if (effect.event.kind === 'secret') talk.secrets.set(effect.event.label, effect.event.secret);
      return;
    case 'request':
      talk.request = effect.request;
      return;
    case 'established':
      talk.facts = effect.facts;
      if (!talk.settings.has('-server') && effect.facts.earlyData.kind === 'rejected') {
        talk.settings = talk.retry;
        talk.earlyBytes = 0;
      }
      begin(talk, effect.facts);
      return;
    case 'data':
      echo(talk, effect.bytes);
      return;
    case 'ticket':
      talk.memory.session = effect.session;
      return;
    case 'storeSession':
    case 'certificateAnswered':
      // Not configured: sealed tickets and no late authentication are what BoGo knows.
      return;
    case 'peerClosed':
      if (status(talk.state).canSend) advance(talk, close(talk.state));
      return;
    case 'closed':
      conclude(talk, ending(talk));
      return;
    case 'failed':
      conclude(talk, outcomeOf(talk, effect.failure));
      return;
    default:
      effect satisfies never;
  }
}

/** The first outcome counts. */
function conclude(talk: Talk, outcome: Outcome): void {
  talk.outcome ??= outcome;
}

/** Only a shim that is to check for close_notify minds when it is missing. */
function outcomeOf(talk: Talk, failure: Failure): Outcome {
  const { settings, facts } = talk;
  const problem = retryConfigsProblem(settings, failure);
  if (problem !== undefined) return { kind: 'unexpected', problem };
  return failure.kind === 'truncated' && facts !== undefined && !settings.has('-check-close-notify')
    ? ending(talk)
    : { kind: 'failed', failure };
}

/** A client that has said and heard all has a session, unless it is not to have one. */
function ending({ settings, memory: { session } }: Talk): Outcome {
  if (settings.has('-server') || settings.has('-shim-shuts-down')) return { kind: 'done' };
  const hasSession = session !== undefined;
  if (hasSession === settings.has('-expect-no-session')) {
    return { kind: 'unexpected', problem: hasSession ? 'there is a session' : 'there is no session' };
  }
  const isForEarlyData = session?.version === 'TLS 1.3' && session.maxEarlyData > 0;
  return hasSession && isForEarlyData !== settings.has('-expect-ticket-supports-early-data')
    ? { kind: 'unexpected', problem: `the session is ${isForEarlyData ? '' : 'not '}for early data` }
    : { kind: 'done' };
}

/** A client's first message goes early where it can, at once or after one of the server's messages. */
function writeEarly(talk: Talk): void {
  const { settings, state } = talk;
  const after = settings.number('-early-write-after-message');
  const isDue = after === undefined || state.phase.kind === stateAfter[after];
  if (settings.has('-server') || !settings.has('-shim-writes-first') || talk.earlyBytes > 0 || !isDue) return;
  const open = status(state).earlyData;
  if (open === undefined) return;
  const early = greetings(settings).subarray(0, open.left);
  const size = settings.text('-shim-initial-write')?.length ?? early.length;
  for (let at = 0; at < early.length; at += size) {
    advance(talk, sendEarlyData(talk.state, early.subarray(at, at + size)));
  }
  talk.earlyBytes = early.length;
  exportTooEarly(talk);
}

/** The exporter is for a handshake that is over; there is another one for early data. */
function exportTooEarly(talk: Talk): void {
  if (talk.settings.number('-export-keying-material') === undefined) return;
  try {
    exportKeys(talk);
  } catch (thrown) {
    conclude(talk, { kind: 'unexpected', problem: `:HANDSHAKE_NOT_COMPLETE: ${thrown}` });
  }
}

/** What a client awaits that has read one message of a resumption. */
const stateAfter: Readonly<Record<number, State['phase']['kind']>> = {
  [handshakeTypes.serverHello]: 'awaitEncryptedExtensions',
  [handshakeTypes.encryptedExtensions]: 'awaitServerFinished',
};

/** What the shim writes first. */
function greetings(settings: Settings): Uint8Array {
  const greeting = settings.text('-shim-initial-write') ?? 'hello';
  return Buffer.from(greeting.repeat(settings.number('-repeat-shim-initial-write') ?? 1), 'latin1');
}

/** What the shim does as soon as it can. */
function begin(talk: Talk, facts: Facts): void {
  const { settings, credentials } = talk;
  const [problem] = settings.has('-handshake-never-done')
    ? ['the handshake was completed']
    : unmetExpectations(settings, facts, credentials, talk.memory.isResumption, talk.session);
  if (problem !== undefined) {
    conclude(talk, { kind: 'unexpected', problem });
    return;
  }
  exportKeys(talk);
  if (settings.has('-write-different-record-sizes')) {
    for (const size of RECORD_SIZES) sendAll(talk, new Uint8Array(size).fill(0x42));
  } else if (settings.has('-read-with-unfinished-write')) {
    // Sealed before what comes meanwhile is read, and on its way only after it.
    talk.heldBack = send(talk.state, greetings(settings).subarray(talk.earlyBytes));
    talk.state = talk.heldBack.state;
  } else if (settings.has('-shim-writes-first')) {
    sendAll(talk, greetings(settings).subarray(talk.earlyBytes));
  }
  if (settings.has('-key-update-before-read')) turnKeys(talk);
  if (settings.has('-shim-shuts-down')) {
    advance(talk, close(talk.state));
    if (!settings.has('-check-close-notify')) conclude(talk, { kind: 'done' });
  }
}

/** The sizes that the runner adds up to what it waits for. */
const RECORD_SIZES = [0, 1, 255, 256, 257, 16383, 16384, 16385, 32767, 32768, 32769];

function exportKeys(talk: Talk): void {
  const { settings, secrets } = talk;
  const length = settings.number('-export-keying-material') ?? 0;
  if (length > 0) {
    const label = settings.text('-export-label') ?? '';
    // An empty context and none are the same in TLS 1.3 only.
    const context = settings.has('-use-export-context')
      ? Buffer.from(settings.text('-export-context') ?? '', 'latin1')
      : undefined;
    sendAll(talk, exportKeyingMaterial(talk.state, label, context, length));
  }
  if (settings.has('-export-traffic-secrets')) {
    const [own, other] = settings.has('-server')
      ? (['SERVER', 'CLIENT'] as const)
      : (['CLIENT', 'SERVER'] as const);
    const write = secrets.get(`${own}_TRAFFIC_SECRET_0`) ?? new Uint8Array(0);
    const read = secrets.get(`${other}_TRAFFIC_SECRET_0`) ?? new Uint8Array(0);
    sendAll(talk, Uint8Array.of(read.length & 0xff, read.length >> 8));
    sendAll(talk, read);
    sendAll(talk, write);
  }
}

function echo(talk: Talk, bytes: Uint8Array): void {
  const { settings, heldBack } = talk;
  talk.heldBack = undefined;
  if (heldBack !== undefined) advance(talk, { state: talk.state, effects: heldBack.effects });
  if (settings.has('-key-update')) turnKeys(talk);
  const inverted = bytes.map((byte) => byte ^ 0xff);
  sendAll(talk, inverted);
  if (settings.has('-key-update-before-read')) turnKeys(talk);
}

function turnKeys(talk: Talk): void {
  if (status(talk.state).canSend) advance(talk, updateKeys(talk.state, { ask: false }));
}

function sendAll(talk: Talk, bytes: Uint8Array): void {
  const { canSend, earlyData } = status(talk.state);
  if (canSend) advance(talk, send(talk.state, bytes));
  else if (earlyData !== undefined) advance(talk, sendEarlyData(talk.state, bytes));
}

function answerRequest(talk: Talk, request: Request): void {
  talk.request = undefined;
  const problem = unmetByRequest(talk.settings, request);
  if (problem !== undefined) conclude(talk, { kind: 'unexpected', problem });
  advance(talk, answer(talk.state, responseTo(talk, request)));
}

function responseTo({ settings, credentials }: Talk, request: Request): Response {
  const [first] = credentials;
  const refusal: Response = { kind: 'refusal', reason: 'the command line says so' };
  switch (request.kind) {
    case 'credential':
      return first === undefined ||
        settings.has('-fail-early-callback') ||
        settings.has('-fail-ddos-callback')
        ? refusal
        : { kind: 'credential', credential: first.credential };
    case 'clientCredential':
      return settings.has('-fail-cert-callback')
        ? refusal
        : { kind: 'clientCredential', credential: first?.credential };
    case 'signature':
      return settings.has('-fail-cert-callback') ? refusal : sign(request, credentials);
    case 'replayCheck':
      return { kind: 'replayCheck', isNew: true };
    case 'sessionLookup':
      return { kind: 'sessionLookup', session: undefined };
    case 'verdict':
      return { kind: 'verdict', verdict: shimAuthenticator(settings)(request.presented) };
    case 'rawKeyVerdict':
      return { kind: 'rawKeyVerdict', verdict: shimRawKeyAuthenticator(settings)(request.presented) };
  }
}

function sign(
  request: Extract<Request, { readonly kind: 'signature' }>,
  credentials: readonly ShimCredential[],
): Response {
  const key = credentials.find(({ credential }) => credential === request.credential)?.key;
  if (key === undefined) throw new Error('asked to sign for a credential of nobody');
  const { algorithm } = signatureSchemes[request.scheme];
  const entropy = randomBytes(SIGNING_ENTROPY_LENGTH);
  return { kind: 'signature', signature: must(provider.sign(algorithm, key, request.message, entropy)) };
}
