import type { GroupName, HpkeContext, Rng, RunningHash, Secret } from '../../nocrypto/index.ts';
import type { ReferenceIdentity } from '../../x509/index.ts';
import type { CipherSuite } from '../cipher-suites.ts';
import type { CertificateType } from '../codepoints.ts';
import type { EarlyDataProgress, EarlyDataTerms } from '../early-data.ts';
import type { UsableEchConfig } from '../ech/config.ts';
import type { RawExtension } from '../extensions.ts';
import type { ApplicationSecrets } from '../key-schedule.ts';
import type { ClientHello } from '../messages.ts';
import type { Chosen } from '../own-certificate.ts';
import type { KeyProof, PeerProof, Shown } from '../peer-certificate.ts';
import type { ExternalPsk, ImportedPsk } from '../psk.ts';
import type { CertificateRequestFacts } from '../request.ts';
import type { LateAuthentication, RecordSizes, Tls13Established } from '../state.ts';
import type { SendHandshake } from '../transition.ts';
import type { OfferedTls12Session } from './tls12/phase.ts';

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
  | AwaitOwnSignature
  | AwaitLateCredential
  | AwaitLateSignature;

/** The states in which the caller has to answer. */
export type ClientWaiting =
  | AwaitServerVerdict
  | AwaitOwnCredential
  | AwaitOwnSignature
  | AwaitLateCredential
  | AwaitLateSignature;

/** A ClientHello on the wire, with the private halves of its key shares. */
export interface SentHello {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly keyShares: readonly { readonly group: GroupName; readonly privateKey: Secret }[];
  /** In the order of the extension. */
  readonly psks: readonly OfferedPsk[];
  readonly early: EarlyDataProgress;
  readonly tls12Session: OfferedTls12Session | undefined;
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

/** What a client that has encrypted its hello keeps until it knows whether the server has read it (RFC 9849 §6.1). */
export interface EchOffer {
  /** The hello that was meant; the one on the wire is `sent`. */
  readonly inner: SentHello;
  readonly config: UsableEchConfig;
  /** To encrypt the second hello under. */
  readonly context: HpkeContext<'sender'>;
}

/** What became of Encrypted ClientHello. GREASE offers nothing. */
export type EchOutcome =
  | { readonly kind: 'notOffered' }
  | { readonly kind: 'accepted' }
  | {
      readonly kind: 'rejected';
      /** Whom the server must prove to be. */
      readonly publicIdentity: ReferenceIdentity & { readonly kind: 'dns' };
      /** The server's ECHConfigList, once it has sent one. */
      readonly retryConfigs: Uint8Array | undefined;
    };

export interface AwaitServerHello {
  readonly kind: 'awaitServerHello';
  /** On the wire. */
  readonly sent: SentHello;
  readonly ech: EchOffer | undefined;
  readonly rng: Rng;
}

/** After a HelloRetryRequest: what it fixed must not change. */
export interface AwaitSecondServerHello {
  readonly kind: 'awaitSecondServerHello';
  /** The one that counts: where ECH was accepted, the inner one. */
  readonly sent: SentHello;
  readonly ech: EchOutcome;
  readonly suite: CipherSuite;
  readonly transcript: RunningHash;
  readonly rng: Rng;
}

/** What a client knows once the ServerHello has been read. */
export interface Agreed {
  readonly sent: ClientHello;
  readonly suite: CipherSuite;
  /** Undefined when a PSK did without a key exchange (psk_ke). */
  readonly group: GroupName | undefined;
  /** The PSK that the server took, if any. */
  readonly psk: OfferedPsk | undefined;
  /** Answers so far to the configuration's `rawExtensions`. */
  readonly rawExtensions: readonly RawExtension[];
  readonly early: EarlyDataProgress;
  readonly helloRetryRequest: boolean;
  readonly ech: EchOutcome;
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

/** The server has asked for a certificate on the established connection (§4.7.2). Nothing has been answered yet. */
interface LateRequest {
  readonly established: Tls13Established;
  readonly late: LateAuthentication;
  readonly certificateRequestContext: Uint8Array;
  readonly certificateRequest: CertificateRequestFacts;
  /** Up to the CertificateRequest. */
  readonly transcript: RunningHash;
}

/** The caller chooses what to show. */
export interface AwaitLateCredential extends LateRequest {
  readonly kind: 'awaitLateCredential';
}

/** A key that lives elsewhere signs. The Certificate waits for it: the answer must not be interrupted. */
export interface AwaitLateSignature extends LateRequest {
  readonly kind: 'awaitLateSignature';
  readonly chosen: Chosen;
  readonly certificate: SendHandshake;
}
