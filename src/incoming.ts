import { concat } from './bytes.ts';
import { handleClient } from './client/handle.ts';
import { handleServerChangeCipherSpec, handleTls12Client } from './client/tls12/handle.ts';
import { alertCodes, contentTypes, handshakeTypes, nameOf } from './codepoints.ts';
import { type Failure, misbehaved, misuse } from './failure.ts';
import { describeMessage, messageName } from './message-details.ts';
import { decodeHandshake, HANDSHAKE_HEADER_LENGTH, type HandshakeMessage } from './messages.ts';
import { answerPostHandshake } from './post-handshake.ts';
import {
  nextRecord,
  openedLength,
  openRecord,
  type Protection,
  type ProtectionKeys,
  RECORD_HEADER_LENGTH,
  recordLength,
} from './record.ts';
import { handleServer } from './server/handle.ts';
import { handleClientChangeCipherSpec, handleTls12Server } from './server/tls12/handle.ts';
import {
  establishedIn,
  isCertificateAwaited,
  isTls12,
  isWaiting,
  type Phase,
  speaksTls12,
  type Tls12Phase,
} from './state.ts';
import { decodeTls12Handshake, type Tls12Message } from './tls12/messages.ts';
import {
  apply,
  emit,
  emitData,
  end,
  fail,
  makeRoom,
  sendAlert,
  type Turn,
  trace,
  traceRecord,
  tracing,
  updateWriteKeys,
} from './turn.ts';
import { contents, emptyQueue, enqueue } from './wire/byte-queue.ts';

/** Cuts bytes into records and handles each, until the bytes, or the connection's patience, are used up. */
export function takeBytes(turn: Turn, bytes: Uint8Array): void {
  let offset = 0;
  while (offset < bytes.length && turn.phase.kind !== 'ended' && !turn.read.closed) {
    if (isWaiting(turn.phase)) {
      keepForLater(turn, bytes.subarray(offset));
      return;
    }
    if (turn.incoming.records.length > 0) {
      offset += completeRecord(turn, bytes, offset);
      continue;
    }
    const left = bytes.length - offset;
    const length =
      left < RECORD_HEADER_LENGTH ? undefined : recordLength(bytes, offset, turn.read.protection);
    if (length !== undefined && !length.ok) {
      fail(turn, length.error);
      return;
    }
    if (length === undefined || left < length.value) {
      const records = enqueue(emptyQueue, bytes.subarray(offset));
      turn.incoming = { ...turn.incoming, records, recordLength: length?.value ?? 0 };
      return;
    }
    takeRecord(turn, bytes.subarray(offset, offset + length.value), left);
    offset += length.value;
  }
}

/** Hands on the whole messages in `turn.unread`; what is left over begins a message that is still to come. */
export function takeHandshake(turn: Turn): void {
  while (turn.phase.kind !== 'ended' && !isWaiting(turn.phase)) {
    const { unread } = turn;
    const length = messageLength(unread);
    if (length > messageLimit(turn, unread[0] ?? 0)) {
      fail(turn, misbehaved('message-too-long', `a handshake message of ${length} bytes`));
      return;
    }
    if (length === 0 || unread.length < length) break;
    turn.unread = unread.subarray(length);
    takeMessage(turn, unread.subarray(0, length));
  }
  if (turn.phase.kind === 'ended') return;
  const { unread, incoming, now } = turn;
  const handshake = enqueue(emptyQueue, unread);
  turn.incoming = { ...incoming, handshake, messageLength: messageLength(unread), now };
  turn.unread = unread.subarray(unread.length);
}

/** Adds to a record begun earlier. Answers how many bytes it took. */
function completeRecord(turn: Turn, bytes: Uint8Array, offset: number): number {
  const { incoming } = turn;
  const wanted = incoming.recordLength === 0 ? RECORD_HEADER_LENGTH : incoming.recordLength;
  const taken = Math.min(wanted - incoming.records.length, bytes.length - offset);
  const piece = bytes.subarray(offset, offset + taken);
  if (incoming.records.length + taken < wanted) {
    turn.incoming = { ...incoming, records: enqueue(incoming.records, piece) };
    return taken;
  }
  const whole = concat([contents(incoming.records), piece]);
  const length = recordLength(whole, 0, turn.read.protection);
  if (!length.ok) {
    fail(turn, length.error);
  } else if (whole.length < length.value) {
    turn.incoming = { ...incoming, records: enqueue(emptyQueue, whole), recordLength: length.value };
  } else {
    turn.incoming = { ...incoming, records: emptyQueue, recordLength: 0 };
    takeRecord(turn, whole, whole.length + bytes.length - offset - taken);
  }
  return taken;
}

/** While a request is outstanding. The flow boundary has stopped reading, so only a little can come. */
function keepForLater(turn: Turn, bytes: Uint8Array): void {
  const { incoming } = turn;
  const most = turn.fixed.config.limits.pendingBytes;
  if (incoming.records.length + bytes.length > most) {
    fail(
      turn,
      misuse('too-many-pending-bytes', `more than ${most} bytes came while a request is outstanding`),
    );
    return;
  }
  turn.incoming = { ...incoming, records: enqueue(incoming.records, bytes), now: turn.now };
}

/** One whole record (RFC 9846 §5), the first of `left` bytes that have come. */
function takeRecord(turn: Turn, record: Uint8Array, left: number): void {
  const type = record[0] ?? 0;
  if (turn.read.protection?.keys.version === '1.2') {
    takeProtectedRecord(turn, turn.read.protection, record, left);
    return;
  }
  if (type === contentTypes.changeCipherSpec) {
    takeChangeCipherSpec(turn, record);
    return;
  }
  const { protection } = turn.read;
  if (protection === undefined && type === contentTypes.applicationData && turn.read.skippable > 0) {
    skipRecord(turn, record);
    return;
  }
  if (protection === undefined || isPlaintextAlert(turn, type)) {
    takeContent(turn, type, record.subarray(RECORD_HEADER_LENGTH), false);
    return;
  }
  if (type !== contentTypes.applicationData) {
    fail(turn, misbehaved('unexpected-message', 'an unprotected record where records must be protected'));
    return;
  }
  takeProtectedRecord(turn, protection, record, left);
}

function takeProtectedRecord(turn: Turn, protection: Protection, record: Uint8Array, left: number): void {
  makeRoom(turn, openedLength(protection, record.length), openedLength(protection, left));
  const content = openRecord(protection, record, turn.opened, turn.dataEnd, turn.recordSizes.received);
  if (content.ok) {
    turn.innerLength = openedLength(protection, record.length);
    turn.read = { protection: nextRecord(protection), closed: false, skippable: 0 };
    takeContent(turn, content.value.type, content.value.bytes, true);
    askForNewKeys(turn, protection.keys);
  } else if (turn.read.skippable > 0 && isDecryptionFailure(content.error)) {
    skipRecord(turn, record);
  } else {
    fail(turn, content.error);
  }
}

function isDecryptionFailure(failure: Failure): boolean {
  return failure.kind === 'peerMisbehaved' && failure.reason === 'decryption-failed';
}

/** Of every suite a client could have sent early data under. */
const AEAD_TAG_LENGTH = 16;

/** §4.3.10: early data under keys we do not have. It ends with the first record that does open. */
function skipRecord(turn: Turn, record: Uint8Array): void {
  if (isInterleaved(turn)) return;
  const { protection, skippable } = turn.read;
  // What counts is the data inside (§4.7.1); an empty record counts too, or there would be no end to them.
  const cost = Math.max(1, record.length - RECORD_HEADER_LENGTH - 1 - AEAD_TAG_LENGTH);
  if (cost > skippable) {
    fail(turn, misbehaved('too-much-early-data', 'more than this server is ready to drop'));
    return;
  }
  turn.read = { protection, closed: false, skippable: skippable - cost };
}

/**
 * §5.5: keys that have opened as many records as they should are to be replaced by the peer. It is only asked: to refuse
 * what it sends under them anyway would be of no use to anybody.
 */
function askForNewKeys(turn: Turn, used: ProtectionKeys): void {
  const { read, write, phase } = turn;
  const limit = turn.fixed.config.limits[used.suite.recordLimit];
  const isWornOut = read.protection?.keys === used && read.protection.sequence >= limit;
  if (isWornOut && phase.kind === 'established' && !read.closed && !write.closed && !write.keyUpdateAsked) {
    updateWriteKeys(turn, true);
  }
}

/**
 * A client that cannot read our ServerHello has no keys to say so under (§6.2 lets it speak in the clear). Only its very
 * first word is taken that way, and it can only end the connection, as anybody on the path can.
 */
function isPlaintextAlert(turn: Turn, type: number): boolean {
  return (
    type === contentTypes.alert && isAfterServerFlight(turn.phase) && turn.read.protection?.sequence === 0
  );
}

function isAfterServerFlight({ kind }: Phase): boolean {
  return (
    kind === 'awaitClientFinished' || kind === 'awaitClientCertificate' || kind === 'awaitEndOfEarlyData'
  );
}

/** §5: dropped, but only where it can stem from middlebox compatibility, and never between parts of a message. */
function takeChangeCipherSpec(turn: Turn, record: Uint8Array): void {
  const { phase, incoming } = turn;
  if (isTls12(phase)) {
    changeTls12Cipher(turn, phase, record);
    return;
  }
  const count = incoming.changeCipherSpecs + 1;
  const expected = phase.kind !== 'awaitClientHello' && establishedIn(phase) === undefined;
  if (!expected || !isChangeCipherSpec(record) || count > turn.fixed.config.limits.changeCipherSpecs) {
    fail(turn, misbehaved('bad-change-cipher-spec', `number ${count}, in the state ${phase.kind}`));
    return;
  }
  if (isInterleaved(turn)) return;
  turn.incoming = { ...incoming, changeCipherSpecs: count };
  if (tracing(turn, 'messages')) trace(turn, { kind: 'changeCipherSpec', direction: 'received' });
}

/** RFC 5246 §7.1: the peer's keys change, and no part of a message may be left that came under the old ones. */
function changeTls12Cipher(turn: Turn, phase: Tls12Phase, record: Uint8Array): void {
  if (!isChangeCipherSpec(record)) {
    fail(turn, misbehaved('bad-change-cipher-spec', `${record.length - RECORD_HEADER_LENGTH} bytes`));
    return;
  }
  if (turn.incoming.handshake.length > 0) {
    fail(turn, misbehaved('unread-handshake-bytes-at-key-change', 'change_cipher_spec inside a message'));
    return;
  }
  if (tracing(turn, 'messages')) trace(turn, { kind: 'changeCipherSpec', direction: 'received' });
  const { config } = turn.fixed;
  apply(
    turn,
    config.role === 'client'
      ? handleServerChangeCipherSpec(config, phase)
      : handleClientChangeCipherSpec(config, phase),
  );
}

function isChangeCipherSpec(record: Uint8Array): boolean {
  return record.length === RECORD_HEADER_LENGTH + 1 && record[RECORD_HEADER_LENGTH] === 1;
}

function takeContent(turn: Turn, type: number, bytes: Uint8Array, isProtected: boolean): void {
  if (tracing(turn, 'records')) traceRecord(turn, 'received', type, bytes.length, isProtected);
  switch (type) {
    case contentTypes.handshake:
      takeHandshakeContent(turn, bytes);
      return;
    case contentTypes.alert:
      takeAlert(turn, bytes);
      return;
    case contentTypes.applicationData:
      takeApplicationData(turn, bytes);
      return;
    default:
      fail(turn, misbehaved('unexpected-message', `content of type ${type} in the state ${turn.phase.kind}`));
  }
}

function takeHandshakeContent(turn: Turn, bytes: Uint8Array): void {
  if (bytes.length === 0) {
    fail(turn, misbehaved('empty-fragment', 'a handshake record without content'));
    return;
  }
  const { incoming } = turn;
  if (incoming.handshake.length === 0) {
    // A copy, for what is read is kept, and what a record is opened to is used again.
    turn.unread = bytes.slice();
  } else {
    const handshake = enqueue(incoming.handshake, bytes);
    // Joining the parts only once all are there keeps a message in single bytes from costing its length squared.
    if (incoming.messageLength > handshake.length) {
      turn.incoming = { ...incoming, handshake };
      return;
    }
    turn.unread = contents(handshake);
  }
  takeHandshake(turn);
}

/** The whole length of the message that begins here, 0 while its header is not complete. */
function messageLength(bytes: Uint8Array): number {
  if (bytes.length < HANDSHAKE_HEADER_LENGTH) return 0;
  const [, high = 0, middle = 0, low = 0] = bytes;
  return HANDSHAKE_HEADER_LENGTH + ((high << 16) | (middle << 8) | low);
}

/** The bytes a message of this type may have, checked before any of them is kept. */
function messageLimit(turn: Turn, type: number): number {
  const { limits, role } = turn.fixed.config;
  const asksToRenegotiate = speaksTls12(turn.phase) && type === handshakeTypes.clientHello;
  const isCertificate = type === handshakeTypes.certificate || type === handshakeTypes.compressedCertificate;
  const answersRequest = isCertificate && isCertificateAwaited(turn.phase);
  if (turn.phase.kind === 'established' && !asksToRenegotiate && !answersRequest) {
    return role === 'client' ? limits.postHandshakeMessageAtClient : limits.postHandshakeMessageAtServer;
  }
  return isCertificate ? limits.certificateMessage : limits.handshakeMessage;
}

function takeMessage(turn: Turn, raw: Uint8Array): void {
  if (speaksTls12(turn.phase)) {
    const message = decodeTls12Handshake(raw);
    if (message.ok) handleTls12Message(turn, message.value, raw);
    else fail(turn, message.error);
  } else {
    const message = decodeHandshake(raw);
    if (message.ok) handleMessage(turn, message.value, raw);
    else fail(turn, message.error);
  }
}

function handleTls12Message(turn: Turn, message: Tls12Message, raw: Uint8Array): void {
  traceMessage(turn, message, raw);
  const { phase, now } = turn;
  const { config } = turn.fixed;
  if (asksForRenegotiation(turn, message)) {
    declineRenegotiation(turn);
  } else if (!isTls12(phase)) {
    fail(turn, misbehaved('unexpected-message', `${message.kind} after the handshake`));
  } else if (config.role === 'client') {
    apply(turn, handleTls12Client(config, phase, message, raw, now));
  } else {
    apply(turn, handleTls12Server(config, phase, message, raw, now));
  }
}

/** RFC 5246 §7.4.1.1, §7.4.1.2: the server, or the client, would like to begin again. */
function asksForRenegotiation({ phase, fixed }: Turn, { kind }: Tls12Message): boolean {
  return fixed.config.role === 'client'
    ? kind === 'helloRequest'
    : kind === 'clientHello' && phase.kind === 'established';
}

/**
 * During the handshake the wish says nothing new; afterwards this side would rather not, and says so in a warning (RFC 5246
 * §7.2.2), in bounds, however often it is asked: what comes before a renegotiation and what comes after it could be of two
 * different peers (RFC 5746 §1).
 */
function declineRenegotiation(turn: Turn): void {
  countUseless(turn);
  if (turn.phase.kind === 'established' && !turn.write.closed) sendAlert(turn, 'no_renegotiation', 1);
}

function traceMessage(turn: Turn, message: HandshakeMessage | Tls12Message, raw: Uint8Array): void {
  if (!tracing(turn, 'messages')) return;
  trace(turn, {
    kind: 'message',
    direction: 'received',
    message: messageName(message),
    length: raw.length,
    details: describeMessage(message),
  });
}

function handleMessage(turn: Turn, message: HandshakeMessage, raw: Uint8Array): void {
  traceMessage(turn, message, raw);
  const { phase, now } = turn;
  const { config } = turn.fixed;
  if (phase.kind === 'established') {
    answerPostHandshake(turn, message, raw);
  } else if (config.role === 'client') {
    apply(turn, handleClient(config, phase, message, raw, now));
  } else {
    apply(turn, handleServer(config, phase, message, raw, now));
  }
}

/** §6: exactly one alert a record, never in pieces. All but two kinds end the connection, whatever their level says. */
function takeAlert(turn: Turn, bytes: Uint8Array): void {
  if (bytes.length === 0) {
    fail(turn, misbehaved('empty-fragment', 'an alert record without content'));
    return;
  }
  const [level, code] = bytes;
  if (code === undefined || bytes.length !== 2) {
    fail(turn, misbehaved('bad-alert', `an alert record with ${bytes.length} bytes`));
    return;
  }
  const alert = nameOf(alertCodes, code) ?? 'unknown';
  if (tracing(turn, 'messages')) trace(turn, { kind: 'alert', direction: 'received', alert });
  if (alert === 'user_canceled' || (level === WARNING && alert !== 'close_notify' && mayWarn(turn))) {
    if (!isInterleaved(turn)) countUseless(turn);
  } else if (alert === 'close_notify' && turn.phase.kind === 'established') {
    if (isInterleaved(turn)) return;
    turn.read = { protection: turn.read.protection, closed: true, skippable: 0 };
    emit(turn, { kind: 'peerClosed' });
    if (turn.write.closed) end(turn, undefined);
  } else {
    // A close_notify before the handshake is over ends it too: there is nothing to wait for.
    fail(turn, { kind: 'peerAlert', alert, code });
  }
}

const WARNING = 1;

/**
 * TLS 1.2 lets a peer warn and go on (RFC 5246 §7.2.2), as servers do that do not know a name. Before the version is known
 * the peer may be one that speaks it.
 */
function mayWarn({ phase, fixed }: Turn): boolean {
  const isUndecided = phase.kind === 'awaitServerHello' || phase.kind === 'awaitClientHello';
  return speaksTls12(phase) || (isUndecided && fixed.config.versions.includes('1.2'));
}

function takeApplicationData(turn: Turn, bytes: Uint8Array): void {
  const { phase } = turn;
  if (phase.kind !== 'established' && phase.kind !== 'awaitEndOfEarlyData') {
    fail(turn, misbehaved('unexpected-message', `application data in the state ${phase.kind}`));
    return;
  }
  if (isInterleaved(turn)) return;
  if (bytes.length === 0) {
    countUseless(turn);
    return;
  }
  const { incoming } = turn;
  if (incoming.uselessRecords > 0 || incoming.postHandshakeMessages > 0) {
    turn.incoming = { ...incoming, uselessRecords: 0, postHandshakeMessages: 0 };
  }
  const early = phase.kind === 'awaitEndOfEarlyData';
  if (early) {
    // §4.7.1: what counts is the data, without padding.
    if (bytes.length > phase.left) {
      fail(turn, misbehaved('too-much-early-data', 'more than the ticket allows'));
      return;
    }
    turn.phase = { ...phase, left: phase.left - bytes.length };
  }
  emitData(turn, bytes.length, early);
}

/** §5.1: the parts of a handshake message must not have other records between them. */
function isInterleaved(turn: Turn): boolean {
  if (turn.incoming.handshake.length === 0) return false;
  fail(turn, misbehaved('interleaved-handshake-message', 'another record between the parts of a message'));
  return true;
}

/** Records that cost us work and bring nothing must not go on for ever. */
function countUseless(turn: Turn): void {
  const uselessRecords = turn.incoming.uselessRecords + 1;
  turn.incoming = { ...turn.incoming, uselessRecords };
  if (uselessRecords > turn.fixed.config.limits.uselessRecords) {
    fail(turn, misbehaved('too-many-useless-records', `${uselessRecords} in a row`));
  }
}
