import type { GroupName, Rng, RunningHash, Secret } from '../../nocrypto/index.ts';
import type { CipherSuite } from '../cipher-suites.ts';
import type { CertificateType, PskKeyExchangeModeName } from '../codepoints.ts';
import type { CheckedClientAuthentication } from '../config.ts';
import type { EarlyDataFact } from '../early-data.ts';
import type { RawExtension, TicketRequest } from '../extensions.ts';
import type { ApplicationSecrets } from '../key-schedule.ts';
import type { ClientHello } from '../messages.ts';
import type { Chosen } from '../own-certificate.ts';
import type { KeyProof, PeerProof, Shown } from '../peer-certificate.ts';
import type { ClientHelloFacts } from '../request.ts';
import type { RecordSizes, Tls13Established } from '../state.ts';
import type { ReceivedEch } from './ech.ts';
import type { PskOffer, SelectedPsk, UnjudgedSession } from './psk.ts';

/** The states of a TLS 1.3 server (RFC 9846 §A.2), each named for what it awaits and holding what is known by then. */
export type ServerPhase =
  | AwaitClientHello
  | AwaitSecondClientHello
  | AwaitSession
  | AwaitSessionVerdict
  | AwaitReplayCheck
  | AwaitCredential
  | AwaitSignature
  | AwaitClientCertificate
  | AwaitClientCertificateVerify
  | AwaitClientVerdict
  | AwaitEndOfEarlyData
  | AwaitClientFinished
  | LateAnswerPhase;

/** The connection is established, and the client has begun an answer to a late CertificateRequest (§4.7.2). */
export type LateAnswerPhase = AwaitLateCertificateVerify | AwaitLateVerdict | AwaitLateFinished;

/** The states in which the caller has to answer. */
export type ServerWaiting =
  | AwaitSession
  | AwaitSessionVerdict
  | AwaitReplayCheck
  | AwaitCredential
  | AwaitSignature
  | AwaitClientVerdict
  | AwaitLateVerdict;

export interface AwaitClientHello {
  readonly kind: 'awaitClientHello';
  readonly rng: Rng;
}

/** A HelloRetryRequest is on its way: the second hello must be the first one with what was asked for. */
export interface AwaitSecondClientHello {
  readonly kind: 'awaitSecondClientHello';
  readonly first: ClientHello;
  readonly ech: ReceivedEch;
  readonly suite: CipherSuite;
  readonly group: GroupName;
  readonly cookie: Uint8Array | undefined;
  readonly transcript: RunningHash;
  readonly rng: Rng;
}

/** What a server has settled once it has read a ClientHello it can answer. */
export interface Agreed {
  readonly facts: ClientHelloFacts;
  readonly clientRandom: Uint8Array;
  readonly legacySessionId: Uint8Array;
  readonly suite: CipherSuite;
  readonly group: GroupName | undefined;
  /** Undefined when there is none to answer: then only a PSK without a key exchange will do. */
  readonly clientShare: Uint8Array | undefined;
  /** How a PSK is to be used, if there is one; undefined when none can be. */
  readonly pskKeyExchangeMode: PskKeyExchangeModeName | undefined;
  readonly applicationProtocol: string | undefined;
  /** What the client offers under the codepoints of the configuration's `rawExtensions`. */
  readonly rawExtensions: readonly RawExtension[];
  readonly recordSizes: RecordSizes | undefined;
  readonly helloRetryRequest: boolean;
  readonly certificateTypes: CertificateTypes;
  readonly ech: ReceivedEch['kind'];
  /** How many tickets the client would like (RFC 9149), if it says so. */
  readonly ticketRequest: TicketRequest | undefined;
  readonly earlyData: EarlyDataFact;
  /** Whether the client may be asked for a certificate after the handshake (RFC 9846 §4.3.5). */
  readonly postHandshakeAuth: boolean;
}

/** A hello that can be answered, while it is open how this server will show who it is. */
export interface Undecided {
  readonly agreed: Agreed;
  readonly offer: PskOffer;
  readonly rng: Rng;
}

/** The store is asked for the session that the PSK number `index` names. */
export interface AwaitSession {
  readonly kind: 'awaitSession';
  readonly undecided: Undecided;
  readonly index: number;
}

/** The caller decides whether the client of a session is still somebody. */
export interface AwaitSessionVerdict {
  readonly kind: 'awaitSessionVerdict';
  readonly undecided: Undecided;
  readonly session: UnjudgedSession;
}

/** The caller looks up whether this early data has been seen before. */
export interface AwaitReplayCheck {
  readonly kind: 'awaitReplayCheck';
  readonly agreed: Agreed;
  readonly selected: SelectedPsk;
  readonly maxEarlyData: number;
  /** Up to the ClientHello. */
  readonly transcript: RunningHash;
  readonly rng: Rng;
}

/** RFC 7250, as far as the ClientHello settles it. */
export interface CertificateTypes {
  /** Whether the client has named what it accepts from the server: then it is told what it gets. */
  readonly namesServerTypes: boolean;
  /** Whether the client has named what it can show: then it is told what it is asked for. */
  readonly namesClientTypes: boolean;
  /** What the client is asked for; undefined when it is asked for nothing, or has nothing that is accepted here. */
  readonly clientType: CertificateType | undefined;
}

/** The caller chooses a certificate. */
export interface AwaitCredential {
  readonly kind: 'awaitCredential';
  readonly agreed: Agreed;
  /** Up to the ClientHello. */
  readonly transcript: RunningHash;
  readonly rng: Rng;
}

/** What stays of the handshake once the ServerHello is on its way. */
export interface Flight {
  readonly agreed: Agreed;
  readonly own: OwnProof;
  readonly clientHandshakeTraffic: Secret;
  readonly serverHandshakeTraffic: Secret;
  readonly handshakeSecret: Secret;
  readonly rng: Rng;
}

/** How this server shows who it is. */
export type OwnProof =
  | { readonly kind: 'certificate'; readonly chosen: Chosen }
  | {
      readonly kind: 'psk';
      readonly selected: SelectedPsk;
      /** Defined when early data is accepted. */
      readonly earlyExporterSecret: Secret | undefined;
    };

/** A key that lives elsewhere signs the CertificateVerify. */
export interface AwaitSignature {
  readonly kind: 'awaitSignature';
  readonly flight: Flight;
  readonly chosen: Chosen;
  /** Up to the server's Certificate. */
  readonly transcript: RunningHash;
}

/** What stays of it once the server's Finished is on its way. */
export interface Sent {
  readonly flight: Flight;
  readonly secrets: ApplicationSecrets;
}

export interface AwaitClientCertificate {
  readonly kind: 'awaitClientCertificate';
  readonly sent: Sent;
  readonly clientAuthentication: CheckedClientAuthentication;
  readonly certificateType: CertificateType;
  /** Up to the server's Finished. */
  readonly transcript: RunningHash;
}

export interface AwaitClientCertificateVerify {
  readonly kind: 'awaitClientCertificateVerify';
  readonly sent: Sent;
  readonly clientAuthentication: CheckedClientAuthentication;
  readonly shown: Shown;
  readonly transcript: RunningHash;
}

/** The caller decides whether the client is somebody. */
export interface AwaitClientVerdict {
  readonly kind: 'awaitClientVerdict';
  readonly sent: Sent;
  readonly proof: KeyProof;
  readonly transcript: RunningHash;
}

/** Early data is accepted, and comes until the client says that it was all. */
export interface AwaitEndOfEarlyData {
  readonly kind: 'awaitEndOfEarlyData';
  readonly sent: Sent;
  readonly peer: PeerProof | undefined;
  /** Bytes of early data that the client may still send. */
  readonly left: number;
  /** Up to the server's Finished. */
  readonly transcript: RunningHash;
}

/** What the parts of an answer to a late CertificateRequest have in common: nothing may come between them (§4.7.2). */
export interface LateAnswer {
  /** Without the request that is being answered. */
  readonly established: Tls13Established;
  readonly certificateRequestContext: Uint8Array;
  /** What the client's Finished is made with: the secret it sends under (§4.5). */
  readonly clientTraffic: Secret;
}

export interface AwaitLateCertificateVerify {
  readonly kind: 'awaitLateCertificateVerify';
  readonly answer: LateAnswer;
  readonly clientAuthentication: CheckedClientAuthentication;
  readonly shown: Shown;
  readonly transcript: RunningHash;
}

/** The caller decides whether the client is somebody. */
export interface AwaitLateVerdict {
  readonly kind: 'awaitLateVerdict';
  readonly answer: LateAnswer;
  readonly proof: KeyProof;
  readonly transcript: RunningHash;
}

export interface AwaitLateFinished {
  readonly kind: 'awaitLateFinished';
  readonly answer: LateAnswer;
  /** Undefined for a client that declines. */
  readonly peer: PeerProof | undefined;
  readonly transcript: RunningHash;
}

export interface AwaitClientFinished {
  readonly kind: 'awaitClientFinished';
  readonly sent: Sent;
  /** Undefined for a client that showed no certificate. */
  readonly peer: PeerProof | undefined;
  readonly transcript: RunningHash;
}
