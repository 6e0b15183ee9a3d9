import type { GroupName, Rng, Secret } from '../../../nocrypto/index.ts';
import type { RawExtension } from '../../extensions.ts';
import type { ClientHello } from '../../messages.ts';
import type { Chosen } from '../../own-certificate.ts';
import type { KeyProof, PeerProof, Shown } from '../../peer-certificate.ts';
import type { CertificateRequestFacts } from '../../request.ts';
import type { Tls12Session } from '../../session.ts';
import type { RecordSizes } from '../../state.ts';
import type { ServerOffer } from '../../tls12/key-exchange.ts';
import type { KeyBlock, Randoms } from '../../tls12/key-schedule.ts';
import type { EphemeralExchange, Tls12Suite } from '../../tls12/suites.ts';
import type { Tls12Transcript } from '../../tls12/transcript.ts';

/**
 * The states of a client once the server has chosen TLS 1.2 (RFC 5246 §7.3), each named for what it awaits and holding what
 * is known by then.
 */
export type Tls12ClientPhase =
  | Tls12AwaitCertificate
  | Tls12AwaitServerKeyExchange
  | Tls12AwaitCertificateRequest
  | Tls12AwaitServerHelloDone
  | Tls12AwaitServerVerdict
  | Tls12AwaitOwnCredential
  | Tls12AwaitOwnSignature
  | Tls12AwaitResumedVerdict
  | Tls12AwaitNewSessionTicket
  | Tls12AwaitServerChangeCipherSpec
  | Tls12AwaitServerFinished;

/** The states in which the caller has to answer. */
export type Tls12ClientWaiting =
  | Tls12AwaitServerVerdict
  | Tls12AwaitOwnCredential
  | Tls12AwaitOwnSignature
  | Tls12AwaitResumedVerdict;

/** A session in the ClientHello. */
export interface OfferedTls12Session {
  readonly session: Tls12Session;
  readonly proof: KeyProof;
  /** Undefined when the caller is still to give the verdict. */
  readonly peer: PeerProof | undefined;
}

/** What a client knows once the ServerHello has been read. */
export interface Tls12Agreed {
  readonly sent: ClientHello;
  readonly suite: Tls12Suite;
  readonly randoms: Randoms;
  /** What the server calls this session; empty when it keeps none. */
  readonly sessionId: Uint8Array;
  readonly extendedMasterSecret: boolean;
  /** RFC 7366; only with a suite that has a MAC. */
  readonly encryptThenMac: boolean;
  /** The server may send a CertificateStatus (RFC 6066 §8). */
  readonly mayStapleStatus: boolean;
  /** The SignedCertificateTimestampList of its ServerHello (RFC 6962 §3.3.1). */
  readonly scts: Uint8Array | undefined;
  /** The server has announced a NewSessionTicket (RFC 5077 §3.2). */
  readonly awaitsTicket: boolean;
  readonly applicationProtocol: string | undefined;
  /** Answers to the configuration's `rawExtensions`. */
  readonly rawExtensions: readonly RawExtension[];
  readonly recordSizes: RecordSizes | undefined;
  readonly rng: Rng;
}

export interface Tls12AwaitCertificate {
  readonly kind: 'tls12AwaitCertificate';
  readonly agreed: Tls12Agreed;
  readonly transcript: Tls12Transcript;
}

export interface Tls12AwaitServerKeyExchange {
  readonly kind: 'tls12AwaitServerKeyExchange';
  readonly agreed: Tls12Agreed;
  readonly keyExchange: EphemeralExchange;
  readonly shown: Shown;
  readonly transcript: Tls12Transcript;
}

/** What a client knows of its server before it judges it: how to exchange keys with it, and that they are its own. */
export interface Tls12Proven {
  readonly agreed: Tls12Agreed;
  readonly proof: KeyProof;
  readonly server: ServerOffer;
}

/** CertificateRequest or ServerHelloDone. */
export interface Tls12AwaitCertificateRequest {
  readonly kind: 'tls12AwaitCertificateRequest';
  readonly proven: Tls12Proven;
  readonly transcript: Tls12Transcript;
}

export interface Tls12AwaitServerHelloDone {
  readonly kind: 'tls12AwaitServerHelloDone';
  readonly proven: Tls12Proven;
  readonly certificateRequest: CertificateRequestFacts;
  readonly transcript: Tls12Transcript;
}

/** The caller decides whether the server is who it should be. */
export interface Tls12AwaitServerVerdict {
  readonly kind: 'tls12AwaitServerVerdict';
  readonly proven: Tls12Proven;
  readonly certificateRequest: CertificateRequestFacts | undefined;
  readonly transcript: Tls12Transcript;
}

/** What is known when it is this client's turn: the server is who it should be. */
export interface Tls12OwnFlight {
  readonly agreed: Tls12Agreed;
  readonly peer: PeerProof;
  readonly server: ServerOffer;
}

/** The caller chooses the certificate that the server has asked for. */
export interface Tls12AwaitOwnCredential {
  readonly kind: 'tls12AwaitOwnCredential';
  readonly flight: Tls12OwnFlight;
  readonly certificateRequest: CertificateRequestFacts;
  /** Up to ServerHelloDone. */
  readonly transcript: Tls12Transcript;
}

/** A key that lives elsewhere signs our CertificateVerify. */
export interface Tls12AwaitOwnSignature {
  readonly kind: 'tls12AwaitOwnSignature';
  readonly secured: Tls12Secured;
  readonly chosen: Chosen;
  /** Up to our ClientKeyExchange. */
  readonly transcript: Tls12Transcript;
}

/** The caller decides whether the server of a session may be gone on with. */
export interface Tls12AwaitResumedVerdict {
  readonly kind: 'tls12AwaitResumedVerdict';
  readonly agreed: Tls12Agreed;
  readonly offered: OfferedTls12Session;
  readonly transcript: Tls12Transcript;
}

/** What is known once both sides have the master secret. */
export interface Tls12Secured {
  readonly agreed: Tls12Agreed;
  readonly server: PeerProof;
  readonly group: GroupName | undefined;
  readonly master: Secret;
  readonly keys: KeyBlock;
  /** The session that is resumed: then the server finishes first. */
  readonly resumed: Tls12Session | undefined;
}

/** Who has finished, and what was shown of this side: of a full handshake only. */
export interface Tls12Finished {
  readonly secured: Tls12Secured;
  readonly chosen: Chosen | undefined;
  /** Our own, when we have finished first. */
  readonly firstVerifyData: Uint8Array | undefined;
  readonly transcript: Tls12Transcript;
}

export interface Tls12AwaitNewSessionTicket extends Tls12Finished {
  readonly kind: 'tls12AwaitNewSessionTicket';
}

export interface Tls12AwaitServerChangeCipherSpec extends Tls12Finished {
  readonly kind: 'tls12AwaitServerChangeCipherSpec';
  readonly ticket: ReceivedTicket | undefined;
}

export interface Tls12AwaitServerFinished extends Tls12Finished {
  readonly kind: 'tls12AwaitServerFinished';
  readonly ticket: ReceivedTicket | undefined;
}

export interface ReceivedTicket {
  /** Seconds; 0 leaves it to the client. */
  readonly lifetimeHint: number;
  readonly ticket: Uint8Array;
}
