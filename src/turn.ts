import { type RunningHash, secret } from '../nocrypto/index.ts';
import { concat } from './bytes.ts';
import { type AlertName, alertCodes, contentTypes, nameOf, protocolVersions } from './codepoints.ts';
import type { Effect } from './effect.ts';
import { alertFor, type Failure, misbehaved } from './failure.ts';
import { expandLabel, finishedVerifyData } from './key-schedule.ts';
import { describeMessage, messageName } from './message-details.ts';
import { encodeHandshake, type HandshakeMessage } from './messages.ts';
import { contentPerRecord, type Padding, paddingLength } from './padding.ts';
import {
  nextRecord,
  type Protection,
  protection,
  sealedLength,
  sealRecord,
  updatedProtection,
} from './record.ts';
import {
  establishedIn,
  type Fixed,
  type Incoming,
  nothingIncoming,
  type Phase,
  type ReadHalf,
  type RecordSizes,
  type State,
  type WriteHalf,
} from './state.ts';
import type { Tls12Message } from './tls12/messages.ts';
import type { Direction, TraceEvent, TraceLevel } from './trace.ts';
import { type Action, sendHandshake, type Transition } from './transition.ts';

/**
 * One call of the engine while it runs: the state being folded forward and the effects gathered so far. It begins as a
 * copy of a State, lives inside one call, and ends as a new State; nobody outside ever sees it change.
 */
export interface Turn {
  readonly fixed: Fixed;
  readonly now: number;
  phase: Phase;
  read: ReadHalf;
  write: WriteHalf;
  incoming: Incoming;
  recordSizes: RecordSizes;
  /** Bytes of TLSInnerPlaintext in the protected record being handled. */
  innerLength: number;
  /** Handshake bytes behind the message being handled. */
  unread: Uint8Array;
  readonly effects: Effect[];
  /**
   * Where records are opened to, one behind the other. What lies from `dataStart` to `dataEnd` is data, of one record or
   * more, that waits to be one effect; what lies before it has been given away.
   */
  opened: Uint8Array;
  dataStart: number;
  dataEnd: number;
  /** Whether the data that waits is early data. */
  dataIsEarly: boolean;
  /** Handshake messages that wait to share records. */
  readonly flight: Uint8Array[];
  /** Records that wait to share one `send` effect. */
  readonly records: Uint8Array[];
}

/** The outcome of every call: the next state, and what the world should do or know, in order. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export function beginTurn(state: State, now: number): Turn {
  return {
    fixed: state.fixed,
    now,
    phase: state.phase,
    read: state.read,
    write: state.write,
    incoming: state.incoming,
    recordSizes: state.recordSizes,
    innerLength: 0,
    unread: noBytes,
    effects: [],
    opened: noBytes,
    dataStart: 0,
    dataEnd: 0,
    dataIsEarly: false,
    flight: [],
    records: [],
  };
}

export function endTurn(turn: Turn): Step {
  flush(turn);
  flushData(turn);
  const { fixed, phase, read, write, incoming, recordSizes } = turn;
  return { state: { fixed, phase, read, write, incoming, recordSizes }, effects: turn.effects };
}

/** Carries out what a handshake function answered. */
export function apply(turn: Turn, transition: Transition): void {
  if (!transition.ok) {
    fail(turn, transition.error);
    return;
  }
  const { phase, actions } = transition.value;
  if (turn.unread.length > 0 && actions.some(endsRecord)) {
    fail(turn, unreadBytes(turn));
    return;
  }
  if (breaksNewLimit(turn, actions)) {
    fail(
      turn,
      misbehaved('record-too-long', `${turn.innerLength} bytes inside the record that limits records`),
    );
    return;
  }
  for (const action of actions) perform(turn, action);
  if (tracing(turn, 'messages') && turn.phase.kind !== phase.kind) {
    trace(turn, { kind: 'state', from: turn.phase.kind, to: phase.kind });
  }
  turn.phase = phase;
}

/** Ends the connection: the alert for the peer, if any, then the failure for the caller. */
export function fail(turn: Turn, failure: Failure): void {
  const alert = alertFor(failure);
  if (!saysThatEarlyDataIsRead(failure)) turnToHandshakeKeys(turn);
  if (alert !== undefined && !turn.write.closed) sendAlert(turn, alert);
  end(turn, failure);
}

/** Nothing follows; no key and no byte is kept. */
export function end(turn: Turn, failure: Failure | undefined): void {
  emit(turn, failure === undefined ? { kind: 'closed' } : { kind: 'failed', failure });
  turn.phase = { kind: 'ended', failure };
  turn.read = { protection: undefined, closed: true, skippable: 0 };
  turn.write = {
    protection: undefined,
    closed: true,
    keyUpdateAsked: false,
    keyUpdateOwed: false,
    earlyDataLeft: 0,
  };
  turn.incoming = nothingIncoming;
  turn.unread = noBytes;
}

/** Adds an effect behind everything that is to be sent before it. */
export function emit(turn: Turn, effect: Effect): void {
  flush(turn);
  push(turn, effect);
}

/**
 * Makes room behind the data in `turn.opened` for what is in the next record. `length` is what that takes, `all` at least
 * what it takes together with all records that came with it: they share one buffer.
 */
export function makeRoom(turn: Turn, length: number, all: number): void {
  if (turn.opened.length - turn.dataEnd >= length) return;
  flushData(turn);
  turn.opened = new Uint8Array(all);
  turn.dataStart = 0;
  turn.dataEnd = 0;
}

/** The next `length` bytes in `turn.opened` are data. Early data never shares an effect with other data. */
export function emitData(turn: Turn, length: number, early: boolean): void {
  if (turn.dataIsEarly !== early) flushData(turn);
  turn.dataIsEarly = early;
  turn.dataEnd += length;
}

/** A server that takes early data under the wrong parameters takes it: the client's next word is expected under its keys. */
function saysThatEarlyDataIsRead(failure: Failure): boolean {
  return (
    failure.kind === 'peerMisbehaved' &&
    (failure.reason === 'early-data-under-another-suite' ||
      failure.reason === 'early-data-under-another-protocol')
  );
}

/**
 * §A.1: a client that is to say why it gives up does so under the handshake keys, where it has them. Only once the server
 * is known to read early data it is the keys of those that it reads under.
 */
export function turnToHandshakeKeys(turn: Turn): void {
  const { phase } = turn;
  if (phase.kind !== 'awaitEncryptedExtensions' || phase.agreed.early.kind !== 'offered') return;
  const { suite, clientHandshakeTraffic: secret } = phase.agreed;
  perform(turn, { kind: 'protectWrites', suite, secret, epoch: 'handshake' });
}

/** Adds a trace event. Trace events do not hold back what waits to be sent. */
export function trace(turn: Turn, event: TraceEvent): void {
  push(turn, { kind: 'trace', event });
}

export function tracing(turn: Turn, level: Exclude<TraceLevel, 'off'>): boolean {
  const configured = turn.fixed.config.trace;
  switch (level) {
    case 'messages':
      return configured !== 'off';
    case 'records':
      return configured === 'records' || configured === 'secrets';
    case 'secrets':
      return configured === 'secrets';
  }
}

/** Bytes of content that a full record of this type holds when it is sent now. */
export function contentSize(turn: Turn, type: number): number {
  return contentPerRecord(paddingOf(turn, type), mostContent(turn));
}

/** Sends content under the keys in force, in as many records as it needs. */
export function sendContent(turn: Turn, type: number, content: Uint8Array): void {
  const padding = paddingOf(turn, type);
  const most = mostContent(turn);
  const size = contentPerRecord(padding, most);
  // RFC 9846 §5.1: a middlebox may expect TLS 1.0 in the initial ClientHello's record, and nowhere else.
  const isInitialHello = turn.phase.kind === 'awaitServerHello' && type === contentTypes.handshake;
  const version = isInitialHello ? protocolVersions.tls10 : protocolVersions.tls12;
  const full = Math.floor(content.length / size);
  const rest = content.length - full * size;
  let current = turn.write.protection;
  // A full record has no room for more, or needs none: only what is behind them is padded.
  const zeros = rest > 0 ? paddingLength(padding, rest, most, () => paddingEntropy(turn)) : 0;
  const out = new Uint8Array(
    full * sealedLength(current, size) + (rest > 0 ? sealedLength(current, rest + zeros) : 0),
  );
  for (let from = 0, offset = 0; from < content.length; from += size) {
    const fragment = content.subarray(from, from + size);
    const behind = fragment.length < size ? zeros : 0;
    sealRecord(current, type, version, fragment, out, offset, behind);
    offset += sealedLength(current, fragment.length + behind);
    if (tracing(turn, 'records')) traceRecord(turn, 'sent', type, fragment.length, current !== undefined);
    if (current !== undefined) current = nextRecord(current);
  }
  const { closed, keyUpdateAsked, keyUpdateOwed, earlyDataLeft } = turn.write;
  turn.write = { protection: current, closed, keyUpdateAsked, keyUpdateOwed, earlyDataLeft };
  turn.records.push(out);
}

/** Bytes of content and padding that a record sent now may hold: what the configuration and, in its time, the peer allow. */
function mostContent({ fixed, write, recordSizes }: Turn): number {
  const { recordPlaintext } = fixed.config.limits;
  // In TLS 1.3 the content type is counted, too.
  const type = write.protection?.keys.version === '1.3' ? 1 : 0;
  return Math.min(recordPlaintext, recordSizes.sent - type);
}

/**
 * Which padding is for a record sent now. A client's early data has none: a server that drops it unread counts all that
 * comes, and would give up (§4.3.10).
 */
function paddingOf({ fixed, phase, write }: Turn, type: number): Padding {
  const { padding, padHandshake, role } = fixed.config;
  if (write.protection === undefined || write.protection.keys.version === '1.2') return unpadded;
  if (establishedIn(phase) !== undefined) return padding;
  const applies = type === contentTypes.applicationData ? role === 'server' : padHandshake;
  return applies ? padding : unpadded;
}

const unpadded: Padding = { kind: 'none' };

/**
 * 32 bits that nobody without the keys can tell, other ones for each record. From the traffic secret, so that no generator
 * has to outlive the handshake; `padding` is no label of the standard's.
 */
function paddingEntropy({ fixed, write }: Turn): number {
  const { protection } = write;
  if (protection === undefined || protection.keys.version === '1.2') return 0;
  const { suite, trafficSecret } = protection.keys;
  const sequence = new Uint8Array(8);
  new DataView(sequence.buffer).setBigUint64(0, BigInt(protection.sequence));
  const random = expandLabel(fixed.config.crypto, suite.hash, trafficSecret, 'padding', sequence, 4);
  return new DataView(random.buffer, random.byteOffset).getUint32(0);
}

/** RFC 9846 §6, RFC 5246 §7.2: an alert is one record of its own, and fatal unless it is one to part in peace with. */
export function sendAlert(turn: Turn, alert: AlertName, level = partings.has(alert) ? 1 : 2): void {
  flushFlight(turn);
  sendContent(turn, contentTypes.alert, Uint8Array.of(level, alertCodes[alert]));
  if (tracing(turn, 'messages')) trace(turn, { kind: 'alert', direction: 'sent', alert });
}

const partings: ReadonlySet<AlertName> = new Set(['close_notify', 'user_canceled']);

/** Sends a KeyUpdate and turns this side's keys over (§4.7.3). */
export function updateWriteKeys(turn: Turn, ask: boolean): void {
  const { protection: current } = turn.write;
  const next = current && updatedProtection(turn.fixed.config.crypto, current);
  if (next === undefined) return;
  const message: HandshakeMessage = { kind: 'keyUpdate', body: { requestUpdate: ask ? 1 : 0 } };
  sendMessage(turn, message, encodeHandshake(message));
  flushFlight(turn);
  turn.write = {
    protection: next,
    closed: turn.write.closed,
    keyUpdateAsked: ask || turn.write.keyUpdateAsked,
    // Only one that asks for nothing is an answer.
    keyUpdateOwed: ask && turn.write.keyUpdateOwed,
    earlyDataLeft: 0,
  };
  if (tracing(turn, 'messages')) trace(turn, { kind: 'keys', direction: 'sent', epoch: 'application' });
}

/** Turns the peer's keys over after its KeyUpdate, unless bytes sent under the old ones are left. */
export function updateReadKeys(turn: Turn): void {
  const { protection: current } = turn.read;
  const next = current && updatedProtection(turn.fixed.config.crypto, current);
  if (next === undefined) return;
  if (turn.unread.length > 0) {
    fail(turn, unreadBytes(turn));
    return;
  }
  turn.read = { protection: next, closed: false, skippable: 0 };
  if (tracing(turn, 'messages')) trace(turn, { kind: 'keys', direction: 'received', epoch: 'application' });
}

export function traceRecord(
  turn: Turn,
  direction: 'sent' | 'received',
  type: number,
  length: number,
  isProtected: boolean,
): void {
  const contentType = nameOf(contentTypes, type) ?? 'unknown';
  trace(turn, { kind: 'record', direction, contentType, length, protected: isProtected });
}

const noBytes = new Uint8Array(0);

function perform(turn: Turn, action: Action): void {
  const { crypto } = turn.fixed.config;
  switch (action.kind) {
    case 'sendHandshake':
      sendMessage(turn, action.message, action.raw);
      return;
    case 'sendChangeCipherSpec':
      flushFlight(turn);
      turn.records.push(changeCipherSpecRecord());
      if (tracing(turn, 'messages')) trace(turn, { kind: 'changeCipherSpec', direction: 'sent' });
      return;
    case 'protectWrites':
      flushFlight(turn);
      turn.write = {
        protection: protection(crypto, action.suite, action.secret),
        closed: turn.write.closed,
        keyUpdateAsked: false,
        keyUpdateOwed: false,
        earlyDataLeft: 0,
      };
      if (tracing(turn, 'messages')) trace(turn, { kind: 'keys', direction: 'sent', epoch: action.epoch });
      return;
    case 'openEarlyData':
      perform(turn, { ...action, kind: 'protectWrites', epoch: 'early' });
      turn.write = { ...turn.write, earlyDataLeft: action.bytes };
      return;
    case 'abandonEarlyData':
      turn.write = { ...turn.write, protection: undefined, earlyDataLeft: 0 };
      return;
    case 'protectReads':
      turn.read = {
        protection: protection(crypto, action.suite, action.secret),
        closed: false,
        skippable: turn.read.skippable,
      };
      if (tracing(turn, 'messages'))
        trace(turn, { kind: 'keys', direction: 'received', epoch: action.epoch });
      return;
    case 'limitRecords':
      if (action.direction === 'sent') flushFlight(turn);
      turn.recordSizes = { ...turn.recordSizes, [action.direction]: action.most };
      return;
    case 'changeCipher':
      changeCipher(turn, action.direction, action.protection);
      return;
    case 'ticket':
      emit(turn, { kind: 'ticket', session: action.session });
      return;
    case 'skipEarlyData':
      turn.read = { protection: turn.read.protection, closed: false, skippable: action.bytes };
      return;
    case 'request':
      emit(turn, { kind: 'request', request: action.request });
      return;
    case 'established':
      emit(turn, { kind: 'established', facts: action.facts });
      return;
    case 'traceEch':
      if (tracing(turn, 'messages')) {
        const { status, inner } = action;
        const details = inner === undefined ? {} : describeMessage({ kind: 'clientHello', body: inner });
        trace(turn, { kind: 'encryptedClientHello', status, details });
      }
      return;
    case 'abandon':
      fail(turn, action.failure);
      return;
    case 'sendLateFinished':
      sendLateFinished(turn, action.transcript);
      return;
    case 'storeSession':
    case 'certificateAnswered':
      emit(turn, action);
      return;
    case 'logSecret':
      if (tracing(turn, 'secrets')) {
        // Copies: who reads a key log may wipe what it was given.
        const { label, clientRandom } = action;
        const copy = secret(Uint8Array.from(action.secret));
        trace(turn, { kind: 'secret', label, clientRandom: clientRandom.slice(), secret: copy });
      }
      return;
  }
}

function changeCipher(turn: Turn, direction: Direction, protection: Protection): void {
  if (direction === 'sent') {
    flushFlight(turn);
    turn.write = { ...turn.write, protection };
  } else {
    turn.read = { protection, closed: false, skippable: 0 };
  }
  if (tracing(turn, 'messages')) trace(turn, { kind: 'keys', direction, epoch: 'application' });
}

/** The base key is the traffic secret that this side sends under at the moment. */
function sendLateFinished(turn: Turn, transcript: RunningHash): void {
  const keys = turn.write.protection?.keys;
  if (keys?.version !== '1.3') return;
  const { suite, trafficSecret } = keys;
  const { crypto } = turn.fixed.config;
  const verifyData = finishedVerifyData(crypto, suite.hash, trafficSecret, transcript.digest());
  const { message, raw } = sendHandshake({ kind: 'finished', body: { verifyData } });
  sendMessage(turn, message, raw);
}

function sendMessage(turn: Turn, message: HandshakeMessage | Tls12Message, raw: Uint8Array): void {
  turn.flight.push(raw);
  if (tracing(turn, 'messages')) {
    trace(turn, {
      kind: 'message',
      direction: 'sent',
      message: messageName(message),
      length: raw.length,
      details: describeMessage(message),
    });
  }
}

/** §5.1: handshake messages that follow each other under the same keys may share records. */
function flushFlight(turn: Turn): void {
  if (turn.flight.length === 0) return;
  const messages = concat(turn.flight.splice(0));
  sendContent(turn, contentTypes.handshake, messages);
}

function flush(turn: Turn): void {
  flushFlight(turn);
  if (turn.records.length === 0) return;
  push(turn, { kind: 'send', bytes: concat(turn.records.splice(0)) });
}

function push(turn: Turn, effect: Effect): void {
  flushData(turn);
  turn.effects.push(effect);
}

function flushData(turn: Turn): void {
  const { opened, dataStart, dataEnd } = turn;
  if (dataStart === dataEnd) return;
  const data = opened.subarray(dataStart, dataEnd);
  turn.dataStart = dataEnd;
  // A peer that pads much must not make anybody hold it all for a little data.
  const bytes = opened.length > 2 * data.length ? data.slice() : data;
  turn.effects.push({ kind: 'data', bytes, early: turn.dataIsEarly });
}

/** §5: never protected, whatever keys are in force. */
function changeCipherSpecRecord(): Uint8Array {
  const record = new Uint8Array(sealedLength(undefined, 1));
  sealRecord(undefined, contentTypes.changeCipherSpec, protocolVersions.tls12, Uint8Array.of(1), record, 0);
  return record;
}

/**
 * Whether what was read must have been the last in its record (RFC 9846 §5.1): bytes under old keys must not count as sent
 * under new ones, and a second hello cannot have begun before it was asked for.
 */
function endsRecord(action: Action): boolean {
  if (action.kind === 'protectReads') return true;
  if (action.kind !== 'sendHandshake') return false;
  return action.message.kind === 'helloRetryRequest' || action.message.kind === 'clientHello';
}

/** RFC 8449 §4: who agrees to a limit knows it already. A record before new keys is not under it, though. */
function breaksNewLimit({ innerLength }: Turn, actions: readonly Action[]): boolean {
  if (actions.some(({ kind }) => kind === 'protectReads')) return false;
  return actions.some(
    (action) =>
      action.kind === 'limitRecords' && action.direction === 'received' && innerLength > action.most,
  );
}

function unreadBytes(turn: Turn): Failure {
  return misbehaved(
    'unread-handshake-bytes-at-key-change',
    `${turn.unread.length} bytes follow a message that must end its record`,
  );
}
