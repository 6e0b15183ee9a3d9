import type { HashName, Rng, RunningHash, Secret } from '../nocrypto/index.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { ClientPhase, ClientWaiting } from './client/phase.ts';
import type { Tls12ClientPhase, Tls12ClientWaiting } from './client/tls12/phase.ts';
import type { CertificateType, SignatureSchemeName } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import type { Failure } from './failure.ts';
import type { Protection } from './record.ts';
import type { ServerPhase, ServerWaiting } from './server/phase.ts';
import type { Tls12ServerPhase, Tls12ServerWaiting } from './server/tls12/phase.ts';
import type { StoredShown } from './stored-shown.ts';
import type { Randoms } from './tls12/key-schedule.ts';
import type { Tls12Suite } from './tls12/suites.ts';
import { type ByteQueue, emptyQueue } from './wire/byte-queue.ts';

/**
 * A connection between two steps, as an immutable value: the previous one stays usable, and equal inputs lead from it
 * to equal outputs. `fixed` never changes; per record only `read` or `write` does.
 */
export interface State {
  readonly fixed: Fixed;
  readonly phase: Phase;
  readonly read: ReadHalf;
  readonly write: WriteHalf;
  readonly incoming: Incoming;
  readonly recordSizes: RecordSizes;
}

/** How long a protected record may be: bytes of TLSInnerPlaintext. Agreed on for one connection (RFC 8449 §4). */
export interface RecordSizes {
  readonly sent: number;
  readonly received: number;
}

export interface Fixed {
  readonly config: ClientConfig | ServerConfig;
}

/** What the state machine awaits. */
export type Phase = ClientPhase | ServerPhase | Tls12Phase | Established | Ended;

/** TLS 1.2 has been agreed on, and the handshake goes on. */
export type Tls12Phase = Tls12ClientPhase | Tls12ServerPhase;

/** The handshake is over. Of what was agreed on only that is kept which is still needed: an idle connection stays small. */
export type Established = Tls13Established | Tls12Established;

export interface Tls13Established {
  readonly kind: 'established';
  readonly version: '1.3';
  readonly suite: CipherSuite;
  /** RFC 9846 §7.5: exporter_secret. */
  readonly exporterSecret: Secret;
  /** RFC 9846 §7.5: early_exporter_secret, where early data was accepted. */
  readonly earlyExporterSecret: Secret | undefined;
  readonly endPoint: EndPoint | undefined;
  /** At a client that takes tickets: what its sessions are made of. */
  readonly resumable: Resumable | undefined;
  /** At a client that may be asked for a certificate yet. */
  readonly late: LateAuthentication | undefined;
  /** At a server that may ask its client for a certificate yet. */
  readonly lateRequests: LateRequests | undefined;
}

/** What post-handshake authentication needs of the handshake (RFC 9846 §4.5). */
export interface LateAuthentication {
  /** Up to the client's Finished. */
  readonly transcript: RunningHash;
  readonly certificateType: CertificateType;
  readonly rng: Rng;
}

/** The same at a server, and what it has asked for. */
export interface LateRequests extends LateAuthentication {
  /** Not answered yet, the oldest first. */
  readonly outstanding: readonly LateRequest[];
}

/** One CertificateRequest that a client has not answered. */
export interface LateRequest {
  readonly certificateRequestContext: Uint8Array;
  /** Up to the client's Finished, and this CertificateRequest. */
  readonly transcript: RunningHash;
}

export interface Tls12Established {
  readonly kind: 'established';
  readonly version: '1.2';
  readonly suite: Tls12Suite;
  readonly endPoint: EndPoint | undefined;
  /** Undefined without an extended master secret: nothing may be derived from another one (RFC 7627 §5.4). */
  readonly bound: BoundSecrets | undefined;
}

/** What a connection of TLS 1.2 derives secrets for others from. */
export interface BoundSecrets {
  readonly master: Secret;
  readonly randoms: Randoms;
  /** The verify_data of the first Finished of the handshake: the channel binding `tls-unique` (RFC 5929 §3.1). */
  readonly firstVerifyData: Uint8Array;
}

/** What the channel binding `tls-server-end-point` hashes (RFC 5929 §4.1), where that defines one. */
export interface EndPoint {
  /** The server's certificate, DER. */
  readonly certificate: Uint8Array;
  readonly hash: HashName;
}

export interface Resumable {
  /** RFC 9846 §7.1: resumption_secret. */
  readonly resumptionSecret: Secret;
  readonly shown: StoredShown;
  readonly signatureScheme: SignatureSchemeName;
  readonly applicationProtocol: string | undefined;
}

/** Nothing follows. A failed connection stays failed. */
export interface Ended {
  readonly kind: 'ended';
  readonly failure: Failure | undefined;
}

export interface ReadHalf {
  /** Undefined while the peer sends in the clear. */
  readonly protection: Protection | undefined;
  /** close_notify came. */
  readonly closed: boolean;
  /** Bytes of early data still to be dropped unread (RFC 9846 §4.3.10); 0 when none is expected. */
  readonly skippable: number;
}

export interface WriteHalf {
  readonly protection: Protection | undefined;
  /** close_notify was sent. */
  readonly closed: boolean;
  /** A KeyUpdate asks the peer for new keys and has not been answered: no second one is sent meanwhile. */
  readonly keyUpdateAsked: boolean;
  /** The peer has asked for new keys: a KeyUpdate goes before the next application data (§4.7.3). */
  readonly keyUpdateOwed: boolean;
  /** Bytes of early data that a client may still send, while the keys in force are those for it; else 0. */
  readonly earlyDataLeft: number;
}

/** What has arrived but not been used up, and the counts that bound a peer that advances nothing. */
export interface Incoming {
  /** The beginning of a record; while a request is outstanding, everything that arrives. */
  readonly records: ByteQueue;
  /** The whole length of the record that `records` begins, 0 while its header is not complete. */
  readonly recordLength: number;
  /** The beginning of a handshake message. */
  readonly handshake: ByteQueue;
  /** The whole length of the message that `handshake` begins, 0 while its header is not complete. */
  readonly messageLength: number;
  readonly uselessRecords: number;
  readonly changeCipherSpecs: number;
  readonly postHandshakeMessages: number;
  /** The time of the newest `receive`, for what an `answer` lets go on. Milliseconds since the Unix epoch. */
  readonly now: number;
}

export const nothingIncoming: Incoming = {
  records: emptyQueue,
  recordLength: 0,
  handshake: emptyQueue,
  messageLength: 0,
  uselessRecords: 0,
  changeCipherSpecs: 0,
  postHandshakeMessages: 0,
  now: 0,
};

/** What is kept of the handshake, once it is over: also in the midst of later authentication. */
export function establishedIn(phase: Phase): Established | undefined {
  switch (phase.kind) {
    case 'established':
      return phase;
    case 'awaitLateCredential':
    case 'awaitLateSignature':
      return phase.established;
    case 'awaitLateCertificateVerify':
    case 'awaitLateVerdict':
    case 'awaitLateFinished':
      return phase.answer.established;
    default:
      return undefined;
  }
}

/** Whether this is a server that has asked for a certificate after the handshake, and waits for an answer to begin. */
export function isCertificateAwaited(phase: Phase): boolean {
  return (
    phase.kind === 'established' &&
    phase.version === '1.3' &&
    phase.lateRequests !== undefined &&
    phase.lateRequests.outstanding.length > 0
  );
}

/** Whether a request is outstanding. */
export function isWaiting(phase: Phase): boolean {
  return isClientWaiting(phase) || isServerWaiting(phase);
}

export function isClientWaiting(phase: Phase): phase is ClientWaiting | Tls12ClientWaiting {
  return Object.hasOwn(clientWaiting, phase.kind);
}

export function isServerWaiting(phase: Phase): phase is ServerWaiting | Tls12ServerWaiting {
  return Object.hasOwn(serverWaiting, phase.kind);
}

// Records, for then TypeScript sees to it that no state is missing.

const clientWaiting: Readonly<Record<(ClientWaiting | Tls12ClientWaiting)['kind'], true>> = {
  awaitServerVerdict: true,
  awaitOwnCredential: true,
  awaitOwnSignature: true,
  awaitLateCredential: true,
  awaitLateSignature: true,
  tls12AwaitServerVerdict: true,
  tls12AwaitOwnCredential: true,
  tls12AwaitOwnSignature: true,
  tls12AwaitResumedVerdict: true,
};

const serverWaiting: Readonly<Record<(ServerWaiting | Tls12ServerWaiting)['kind'], true>> = {
  awaitSession: true,
  awaitSessionVerdict: true,
  awaitReplayCheck: true,
  awaitCredential: true,
  awaitSignature: true,
  awaitClientVerdict: true,
  awaitLateVerdict: true,
  tls12AwaitSession: true,
  tls12AwaitSessionVerdict: true,
  tls12AwaitCredential: true,
  tls12AwaitSignature: true,
  tls12AwaitClientVerdict: true,
};

/** Whether TLS 1.2 has been agreed on. */
export function speaksTls12(phase: Phase): boolean {
  return isTls12(phase) || (phase.kind === 'established' && phase.version === '1.2');
}

/** Whether the handshake that goes on is one of TLS 1.2: the names of its states say so. */
export function isTls12(phase: Phase): phase is Tls12Phase {
  return phase.kind.startsWith('tls12');
}
