import type { RunningHash, Secret } from '../nocrypto/index.ts';
import { ok, type Result } from '../x509/index.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { Facts, PeerFacts } from './effect.ts';
import type { Failure } from './failure.ts';
import { type ClientHello, encodeHandshake, type HandshakeMessage } from './messages.ts';
import type { Protection } from './record.ts';
import type { Request } from './request.ts';
import type { Session } from './session.ts';
import type { Phase, RecordSizes } from './state.ts';
import { encodeTls12Handshake, type Tls12Message } from './tls12/messages.ts';
import type { Tls12Keys } from './tls12/record.ts';
import type { Direction, EchEvent, Epoch, SecretLabel } from './trace.ts';

/**
 * What a handshake function answers: the next phase and what the engine does on the way there, in order; or the failure
 * that ends the connection. Handshake functions touch neither records nor keys: that is the engine's fold.
 */
export type Transition = Result<{ readonly phase: Phase; readonly actions: readonly Action[] }, Failure>;

export type Action =
  /** Send a handshake message under the keys in force. Neighbours share records (§5.1 allows it). */
  | SendHandshake
  /** Send the one-byte record that calms middleboxes (§E.4), and that means something in TLS 1.2 (RFC 5246 §7.1). */
  | { readonly kind: 'sendChangeCipherSpec' }
  /** From here on this side sends under keys made from this secret. */
  | ChangeKeys<'protectWrites'>
  /** From here on the peer sends under keys made from this secret; no handshake byte may be left unread. */
  | ChangeKeys<'protectReads'>
  /** From here on this client may send so many bytes of early data under keys made from this secret (§4.3.10). */
  | {
      readonly kind: 'openEarlyData';
      readonly suite: CipherSuite;
      readonly secret: Secret;
      readonly bytes: number;
    }
  /** A HelloRetryRequest has put an end to early data: what follows is in the clear again. */
  | { readonly kind: 'abandonEarlyData' }
  | LimitRecords
  /**
   * What {@link ChangeKeys} is in TLS 1.2: from here on one direction, which change_cipher_spec has just gone through, is
   * under these keys.
   */
  | {
      readonly kind: 'changeCipher';
      readonly direction: Direction;
      readonly protection: Protection<Tls12Keys>;
    }
  /** A session that this client could resume. */
  | { readonly kind: 'ticket'; readonly session: Session }
  /** The client sends early data that this side does not take: drop up to this many bytes of records (§4.3.10). */
  | { readonly kind: 'skipEarlyData'; readonly bytes: number }
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'established'; readonly facts: Facts }
  /** As the effect. */
  | { readonly kind: 'certificateAnswered'; readonly context: Uint8Array; readonly shown: PeerFacts }
  /** For the trace: what became of an encrypted ClientHello. */
  | TraceEch
  /** The connection has served its purpose: the phase that goes with it is `ended`. */
  | { readonly kind: 'abandon'; readonly failure: Failure }
  | StoreSession
  /** The Finished of post-handshake authentication, made with the keys in force (§4.5). */
  | { readonly kind: 'sendLateFinished'; readonly transcript: RunningHash }
  /** For the key log; the engine drops it unless the trace level is `secrets`. */
  | LogSecret;

export interface SendHandshake {
  readonly kind: 'sendHandshake';
  readonly message: HandshakeMessage | Tls12Message;
  /** With its header: what goes onto the wire and into the transcript. */
  readonly raw: Uint8Array;
}

/** As the effect. */
export interface StoreSession {
  readonly kind: 'storeSession';
  readonly id: Uint8Array;
  readonly session: Uint8Array;
  readonly lifetime: number;
}

export interface LogSecret {
  readonly kind: 'logSecret';
  readonly label: SecretLabel;
  readonly clientRandom: Uint8Array;
  readonly secret: Secret;
}

export interface TraceEch {
  readonly kind: 'traceEch';
  readonly status: EchEvent['status'];
  readonly inner: ClientHello | undefined;
}

interface ChangeKeys<K> {
  readonly kind: K;
  readonly suite: CipherSuite;
  readonly secret: Secret;
  readonly epoch: Epoch;
}

/**
 * From here on protected records of one direction hold at most so many bytes of TLSInnerPlaintext (RFC 8449 §4). As to what
 * is received that includes the record being read, unless new keys come with it.
 */
export interface LimitRecords {
  readonly kind: 'limitRecords';
  readonly direction: keyof RecordSizes;
  readonly most: number;
}

/** The action that sends a message. */
export function sendHandshake(message: HandshakeMessage): SendHandshake {
  return { kind: 'sendHandshake', message, raw: encodeHandshake(message) };
}

/** The action that sends a message of TLS 1.2. */
export function sendTls12Handshake(message: Tls12Message): SendHandshake {
  return { kind: 'sendHandshake', message, raw: encodeTls12Handshake(message) };
}

/** The action that puts a secret into the key log. */
export function logSecret(label: SecretLabel, clientRandom: Uint8Array, secret: Secret): LogSecret {
  return { kind: 'logSecret', label, clientRandom, secret };
}

/** The action that says what became of an encrypted ClientHello, and what was in it. */
export function traceEch(status: EchEvent['status'], inner: ClientHello | undefined): TraceEch {
  return { kind: 'traceEch', status, inner };
}

/** A transition with more actions before its own. */
export function precededBy(before: readonly Action[], transition: Transition): Transition {
  if (!transition.ok) return transition;
  const { phase, actions } = transition.value;
  return ok({ phase, actions: [...before, ...actions] });
}
