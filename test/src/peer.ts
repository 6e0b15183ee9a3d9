import assert from 'node:assert/strict';
import type { CryptoProvider, Secret } from '../../nocrypto/index.ts';
import type { CipherSuite } from '../../src/cipher-suites.ts';
import { alertCodes, contentTypes, nameOf, protocolVersions } from '../../src/codepoints.ts';
import {
  type AlertName,
  type Effect,
  type Failure,
  receive,
  type State,
  type Step,
} from '../../src/index.ts';
import {
  decodeHandshake,
  encodeHandshake,
  HANDSHAKE_HEADER_LENGTH,
  type HandshakeMessage,
} from '../../src/messages.ts';
import {
  nextRecord,
  openRecord,
  type Protection,
  protection,
  RECORD_HEADER_LENGTH,
  sealedLength,
  sealRecord,
  updatedProtection,
} from '../../src/record.ts';
import type { Tls12Message } from '../../src/tls12/messages.ts';
import type { Result } from '../../x509/index.ts';
import { concatAll, must, NOW, sent } from './support.ts';

/**
 * A TLS 1.3 peer that a test drives by hand, and the line between it and an engine under test. The peer is made of
 * src's pure parts, holds its own keys and its own idea of the transcript, and can say anything, well-formed or not,
 * under the right keys. What an honest server or client would say is in scripted-server.ts and scripted-client.ts.
 */
export interface Peer {
  readonly crypto: CryptoProvider;
  /** The engine under test. */
  state: State;
  /** The effects of the engine's last step, and of all its steps. */
  latest: readonly Effect[];
  readonly effects: Effect[];
  /** What the engine has sent, taken apart, in order. */
  readonly heard: Heard[];
  /** The protection of what the peer says, and of what the engine says. */
  write: Protection | undefined;
  read: Protection | undefined;
  /** The beginning of a handshake message of the engine's. */
  partial: Uint8Array;
  /** The handshake messages as the peer believes they were said. */
  readonly transcript: Uint8Array[];
  /** Called for each handshake message of the engine's, so that the peer can follow its key changes. */
  readonly listen: (message: AnyMessage, raw: Uint8Array) => void;
  /** What else the peer must know of the version it speaks. */
  readonly dialect: Dialect;
}

export type AnyMessage = HandshakeMessage | Tls12Message;

export interface Dialect {
  readonly decode: (raw: Uint8Array) => Result<AnyMessage, Failure>;
  /** In TLS 1.2 the engine's keys change here. */
  readonly changeCipherSpec: () => void;
}

const tls13: Dialect = { decode: decodeHandshake, changeCipherSpec: () => {} };

/** One thing the engine has sent. */
export type Heard = { readonly protected: boolean } & (
  | { readonly kind: 'message'; readonly message: AnyMessage; readonly raw: Uint8Array }
  | { readonly kind: 'alert'; readonly level: number; readonly alert: AlertName | 'unknown' }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'changeCipherSpec' }
  /** Under keys that are not the peer's: they disagree about the key share or the transcript. */
  | { readonly kind: 'unreadable' }
);

/** A peer that faces an engine in its first state. What the engine's first step sent is still to be `follow`ed. */
export function makePeer(
  crypto: CryptoProvider,
  state: State,
  listen: Peer['listen'],
  dialect: Dialect = tls13,
): Peer {
  return {
    crypto,
    state,
    latest: [],
    effects: [],
    heard: [],
    write: undefined,
    read: undefined,
    partial: new Uint8Array(0),
    transcript: [],
    listen,
    dialect,
  };
}

/** Takes up a step of the engine's and listens to what it sends. */
export function follow(peer: Peer, step: Step): void {
  peer.state = step.state;
  peer.latest = step.effects;
  peer.effects.push(...step.effects);
  for (const record of recordsOf(sent(step.effects))) hear(peer, record);
}

/** Hands bytes to the engine, each part in a step of its own. */
export function deliver(peer: Peer, ...parts: readonly Uint8Array[]): void {
  for (const part of parts) follow(peer, receive(peer.state, part, NOW));
}

export interface RecordOptions {
  /** Zero bytes behind the content type. */
  readonly padding?: number;
  /** The legacy_record_version of a record in the clear. */
  readonly version?: number;
}

/** A record with `content` under the peer's keys in force. The sequence number moves on, so it must be delivered. */
export function record(
  peer: Peer,
  type: number,
  content: Uint8Array,
  { padding = 0, version = protocolVersions.tls12 }: RecordOptions = {},
): Uint8Array {
  const { write } = peer;
  // With padding the last byte is a zero; to `sealRecord` the real type and the zeros before it are content.
  const whole =
    padding === 0 ? content : concatAll([content, Uint8Array.of(type), new Uint8Array(padding - 1)]);
  const out = new Uint8Array(sealedLength(write, whole.length));
  sealRecord(write, padding === 0 ? type : 0, version, whole, out, 0);
  if (write !== undefined) peer.write = nextRecord(write);
  return out;
}

/** A record in the clear, whatever keys are in force. */
export function plainRecord(type: number, content: Uint8Array, version: number = 0x0303): Uint8Array {
  const { length } = content;
  return concatAll([Uint8Array.of(type, version >> 8, version & 0xff, length >> 8, length & 0xff), content]);
}

/** The record that calms middleboxes. */
export const changeCipherSpec = plainRecord(contentTypes.changeCipherSpec, Uint8Array.of(1));

/** Puts a message into the peer's transcript and answers its bytes. An `edit` is a change that the peer stands by. */
export type Composes<Body> = (edit?: (honest: Body) => Body) => Uint8Array;

export function composer<Body>(
  peer: Peer,
  make: () => Body,
  wrap: (body: Body) => HandshakeMessage,
  after: () => void = () => {},
): Composes<Body> {
  return (edit = unchanged) => {
    const raw = encodeHandshake(wrap(edit(make())));
    peer.transcript.push(raw);
    after();
    return raw;
  };
}

/** Says a message in a record of its own. `tamper` changes its bytes on their way, unknown to the peer. */
export type Says<Body> = (edit?: (honest: Body) => Body, tamper?: (raw: Uint8Array) => Uint8Array) => void;

export function sayer<Body>(peer: Peer, compose: Composes<Body>, after: () => void = () => {}): Says<Body> {
  return (edit, tamper = unchanged) => {
    deliver(peer, record(peer, contentTypes.handshake, tamper(compose(edit))));
    after();
  };
}

/** Sends a handshake message that the peer's transcript knows nothing of. */
export function interject(peer: Peer, message: HandshakeMessage): void {
  deliver(peer, record(peer, contentTypes.handshake, encodeHandshake(message)));
}

/** Sends an alert, fatal unless told otherwise. */
export function alert(peer: Peer, name: AlertName, level: 1 | 2 = 2): void {
  deliver(peer, record(peer, contentTypes.alert, Uint8Array.of(level, alertCodes[name])));
}

/** Sends application data. */
export function data(peer: Peer, bytes: Uint8Array, options: RecordOptions = {}): void {
  deliver(peer, record(peer, contentTypes.applicationData, bytes, options));
}

/** The record of a KeyUpdate (§4.7.3), behind which the peer's own keys are new. */
export function keyUpdateRecord(peer: Peer, requestUpdate: number): Uint8Array {
  const message = encodeHandshake({ kind: 'keyUpdate', body: { requestUpdate } });
  const sealed = record(peer, contentTypes.handshake, message);
  peer.write = turnedOver(peer, peer.write);
  return sealed;
}

/** Sends a KeyUpdate. */
export function updateKeys(peer: Peer, requestUpdate: number): void {
  deliver(peer, keyUpdateRecord(peer, requestUpdate));
}

/** The hash of what the peer believes was said so far. */
export function transcriptHash(peer: Peer, suite: CipherSuite): Uint8Array {
  return peer.crypto.hashes[suite.hash].digest(concatAll(peer.transcript));
}

/** RFC 9846 §4.1: after a HelloRetryRequest a synthetic message stands for the first ClientHello. */
export function forgetFirstHello(peer: Peer, suite: CipherSuite): void {
  const digest = transcriptHash(peer, suite);
  peer.transcript.splice(0, peer.transcript.length, Uint8Array.of(254, 0, 0, digest.length), digest);
}

export function protectWrites(peer: Peer, suite: CipherSuite, secret: Secret): void {
  peer.write = protection(peer.crypto, suite, secret);
}

export function protectReads(peer: Peer, suite: CipherSuite, secret: Secret): void {
  peer.read = protection(peer.crypto, suite, secret);
}

/** The messages of one kind that the engine has sent. */
export function messagesHeard(peer: Peer, kind: AnyMessage['kind']): readonly AnyMessage[] {
  return peer.heard.flatMap((heard) =>
    heard.kind === 'message' && heard.message.kind === kind ? [heard.message] : [],
  );
}

/** Cuts a stream of whole records. */
export function recordsOf(bytes: Uint8Array): readonly Uint8Array[] {
  return whole(cut(bytes, recordLength));
}

/** Cuts a sequence of whole handshake messages. */
export function messagesOf(bytes: Uint8Array): readonly Uint8Array[] {
  return whole(cut(bytes, messageLength));
}

function recordLength([, , , high = 0, low = 0]: Uint8Array): number {
  return RECORD_HEADER_LENGTH + ((high << 8) | low);
}

function messageLength([, high = 0, middle = 0, low = 0]: Uint8Array): number {
  return HANDSHAKE_HEADER_LENGTH + ((high << 16) | (middle << 8) | low);
}

interface Cut {
  readonly pieces: readonly Uint8Array[];
  readonly rest: Uint8Array;
}

function cut(bytes: Uint8Array, lengthOf: (rest: Uint8Array) => number): Cut {
  const pieces: Uint8Array[] = [];
  let rest = bytes;
  while (rest.length >= HANDSHAKE_HEADER_LENGTH && lengthOf(rest) <= rest.length) {
    const length = lengthOf(rest);
    pieces.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return { pieces, rest };
}

function whole({ pieces, rest }: Cut): readonly Uint8Array[] {
  assert.equal(rest.length, 0, 'nothing is cut off');
  return pieces;
}

function turnedOver({ crypto }: Peer, current: Protection | undefined): Protection {
  assert.ok(current !== undefined);
  const next = updatedProtection(crypto, current);
  assert.ok(next !== undefined);
  return next;
}

function unchanged<T>(value: T): T {
  return value;
}

function hear(peer: Peer, bytes: Uint8Array): void {
  const [outer] = bytes;
  if (outer === contentTypes.changeCipherSpec) {
    assert.deepEqual(bytes, changeCipherSpec);
    peer.heard.push({ kind: 'changeCipherSpec', protected: false });
    peer.dialect.changeCipherSpec();
    return;
  }
  if (outer !== contentTypes.applicationData && peer.read?.keys.version !== '1.2') {
    take(peer, outer, bytes.subarray(RECORD_HEADER_LENGTH), false);
    return;
  }
  const { read } = peer;
  assert.ok(read !== undefined, 'the engine protects what it sends before the peer could have keys');
  const content = openRecord(read, bytes, new Uint8Array(bytes.length), 0);
  if (!content.ok) {
    peer.heard.push({ kind: 'unreadable', protected: true });
    return;
  }
  peer.read = nextRecord(read);
  take(peer, content.value.type, content.value.bytes, true);
}

function take(peer: Peer, type: number | undefined, bytes: Uint8Array, isProtected: boolean): void {
  switch (type) {
    case contentTypes.handshake: {
      const { pieces, rest } = cut(concatAll([peer.partial, bytes]), messageLength);
      peer.partial = rest;
      for (const raw of pieces) {
        const message = must(peer.dialect.decode(raw));
        peer.heard.push({ kind: 'message', message, raw, protected: isProtected });
        peer.listen(message, raw);
        if (message.kind === 'keyUpdate') peer.read = turnedOver(peer, peer.read);
      }
      return;
    }
    case contentTypes.alert: {
      assert.equal(bytes.length, 2, 'an alert record holds one alert');
      const [level = 0, code = 0] = bytes;
      const name = nameOf(alertCodes, code) ?? 'unknown';
      peer.heard.push({ kind: 'alert', level, alert: name, protected: isProtected });
      return;
    }
    case contentTypes.applicationData:
      assert.ok(isProtected, 'application data is always protected');
      peer.heard.push({ kind: 'data', bytes, protected: isProtected });
      return;
    default:
      assert.fail(`the engine sent content of type ${type}`);
  }
}
