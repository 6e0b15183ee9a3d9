import type { GroupName, Rng, RunningHash, Secret } from '../../nocrypto/index.ts';
import type { CipherSuite } from '../cipher-suites.ts';
import type { CertificateType } from '../codepoints.ts';
import type { EarlyDataProgress, EarlyDataTerms } from '../early-data.ts';
import type { RawExtension } from '../extensions.ts';
import type { ApplicationSecrets } from '../key-schedule.ts';
import type { ClientHello } from '../messages.ts';
import type { Chosen } from '../own-certificate.ts';
import type { KeyProof, PeerProof, Shown } from '../peer-certificate.ts';
import type { ExternalPsk, ImportedPsk } from '../psk.ts';
import type { CertificateRequestFacts } from '../request.ts';
import type { RecordSizes } from '../state.ts';

/** The states of a TLS 1.3 client (RFC 9846 §A.1), each named for what it awaits and holding what is known by then. */
export type ClientPhase =
  | AwaitServerHello
  | AwaitSecondServerHello
  | AwaitEncryptedExtensions
  | AwaitCertificateOrRequest
  | AwaitCertificate
  | AwaitCertificateVerify
  | AwaitServerVerdict
  | AwaitServerFinished
  | AwaitOwnCredential
  | AwaitOwnSignature;

/** The states in which the caller has to answer. */
export type ClientWaiting = AwaitServerVerdict | AwaitOwnCredential | AwaitOwnSignature;

/** A ClientHello on the wire, with the private halves of its key shares. */
export interface SentHello {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly keyShares: readonly { readonly group: GroupName; readonly privateKey: Secret }[];
  /** In the order of the extension. */
  readonly psks: readonly OfferedPsk[];
  readonly early: EarlyDataProgress;
}

/** A PSK in a ClientHello. */
export interface OfferedPsk extends ImportedPsk {
  /** §4.3.11.1; 0 for an external key. */
  readonly obfuscatedTicketAge: number;
  /** Undefined where it goes with no early data. */
  readonly earlyData: EarlyDataTerms | undefined;
  readonly source: /** `peer` is undefined when the caller is still to give the verdict. */
    | { readonly kind: 'session'; readonly proof: KeyProof; readonly peer: PeerProof | undefined }
    | { readonly kind: 'external'; readonly external: ExternalPsk };
}

export interface AwaitServerHello {
  readonly kind: 'awaitServerHello';
  readonly sent: SentHello;
  readonly rng: Rng;
}

/** After a HelloRetryRequest: what it fixed must not change. */
export interface AwaitSecondServerHello {
  readonly kind: 'awaitSecondServerHello';
  readonly sent: SentHello;
  readonly suite: CipherSuite;
  readonly transcript: RunningHash;
  readonly rng: Rng;
}

/** What a client knows once the ServerHello has been read. */
export interface Agreed {
  readonly sent: ClientHello;
  readonly suite: CipherSuite;
  readonly group: GroupName;
  /** The PSK that the server took, if any. */
  readonly psk: OfferedPsk | undefined;
  /** Answers so far to the configuration's `rawExtensions`. */
  readonly rawExtensions: readonly RawExtension[];
  readonly early: EarlyDataProgress;
  readonly helloRetryRequest: boolean;
  readonly clientHandshakeTraffic: Secret;
  readonly serverHandshakeTraffic: Secret;
  readonly handshakeSecret: Secret;
  readonly rng: Rng;
}

export interface AwaitEncryptedExtensions {
  readonly kind: 'awaitEncryptedExtensions';
  readonly agreed: Agreed;
  readonly transcript: RunningHash;
}

/** What a client knows once the EncryptedExtensions have been read. */
export interface Settled extends Agreed {
  readonly applicationProtocol: string | undefined;
  /** What the server will show, and what it takes from us (RFC 7250). */
  readonly serverCertificateType: CertificateType;
  readonly clientCertificateType: CertificateType;
  readonly recordSizes: RecordSizes | undefined;
}

export interface AwaitCertificateOrRequest {
  readonly kind: 'awaitCertificateOrRequest';
  readonly settled: Settled;
  readonly transcript: RunningHash;
}

/** The server has asked for a certificate of the client's. */
export interface AwaitCertificate {
  readonly kind: 'awaitCertificate';
  readonly settled: Settled;
  readonly certificateRequest: CertificateRequestFacts;
  readonly transcript: RunningHash;
}

export interface AwaitCertificateVerify {
  readonly kind: 'awaitCertificateVerify';
  readonly settled: Settled;
  readonly certificateRequest: CertificateRequestFacts | undefined;
  readonly shown: Shown;
  readonly transcript: RunningHash;
}

/** The caller decides whether the server is who it should be. */
export interface AwaitServerVerdict {
  readonly kind: 'awaitServerVerdict';
  readonly settled: Settled;
  readonly certificateRequest: CertificateRequestFacts | undefined;
  readonly proof: KeyProof;
  readonly transcript: RunningHash;
}

export interface AwaitServerFinished {
  readonly kind: 'awaitServerFinished';
  readonly settled: Settled;
  readonly certificateRequest: CertificateRequestFacts | undefined;
  readonly server: ServerProof;
  readonly transcript: RunningHash;
}

/** How the server shows who it is: by a certificate (now, or when the session began), or by knowing a PSK. */
export type ServerProof =
  | { readonly kind: 'certificate'; readonly proof: PeerProof }
  | { readonly kind: 'externalPsk'; readonly external: ExternalPsk };

/** What is left to do once the server's Finished has been read: our own flight. */
export interface OwnFlight {
  readonly settled: Settled;
  readonly server: ServerProof;
  readonly secrets: ApplicationSecrets;
}

/** The caller chooses the certificate that the server has asked for. */
export interface AwaitOwnCredential {
  readonly kind: 'awaitOwnCredential';
  readonly flight: OwnFlight;
  readonly certificateRequest: CertificateRequestFacts;
  /** Up to the server's Finished. */
  readonly transcript: RunningHash;
}

/** A key that lives elsewhere signs our CertificateVerify. */
export interface AwaitOwnSignature {
  readonly kind: 'awaitOwnSignature';
  readonly flight: OwnFlight;
  readonly chosen: Chosen;
  /** Up to our Certificate. */
  readonly transcript: RunningHash;
}
