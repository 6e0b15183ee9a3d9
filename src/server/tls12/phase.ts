import type { GroupName, Rng, RsaPrivateKey, Secret } from '../../../nocrypto/index.ts';
import type { ClientAuthentication } from '../../config.ts';
import type { RawExtension } from '../../extensions.ts';
import type { ClientHello } from '../../messages.ts';
import type { Chosen, Own } from '../../own-certificate.ts';
import type { KeyProof, PeerProof, Shown } from '../../peer-certificate.ts';
import type { ClientHelloFacts } from '../../request.ts';
import type { TicketState } from '../../ticket.ts';
import type { KeyBlock, Randoms } from '../../tls12/key-schedule.ts';
import type { EphemeralExchange, Tls12Suite } from '../../tls12/suites.ts';
import type { Tls12Transcript } from '../../tls12/transcript.ts';
import type { Tls12RecordSizes } from './record-sizes.ts';

/**
 * The states of a server that has chosen TLS 1.2 (RFC 5246 §7.3), each named for what it awaits and holding what is known by
 * then. The ClientHello itself is awaited by the states that both versions share.
 */
export type Tls12ServerPhase =
  | Tls12AwaitSession
  | Tls12AwaitSessionVerdict
  | Tls12AwaitCredential
  | Tls12AwaitSignature
  | Tls12AwaitClientCertificate
  | Tls12AwaitClientKeyExchange
  | Tls12AwaitClientCertificateVerify
  | Tls12AwaitClientVerdict
  | Tls12AwaitClientChangeCipherSpec
  | Tls12AwaitClientFinished;

/** The states in which the caller has to answer. */
export type Tls12ServerWaiting =
  | Tls12AwaitSession
  | Tls12AwaitSessionVerdict
  | Tls12AwaitCredential
  | Tls12AwaitSignature
  | Tls12AwaitClientVerdict;

/** What of a ClientHello decides about the connection, before a certificate, and with it the suite, is chosen. */
export interface Tls12Offer {
  readonly facts: ClientHelloFacts;
  readonly clientRandom: Uint8Array;
  /** The highest version that the ClientHello claims, which a transported premaster secret repeats (RFC 5246 §7.4.7.1). */
  readonly clientVersion: number;
  readonly applicationProtocol: string | undefined;
  /** What the client offers under the codepoints of the configuration's `rawExtensions`. */
  readonly rawExtensions: readonly RawExtension[];
  readonly extendedMasterSecret: boolean;
  /** RFC 7366: wished for, and taken where the suite has a MAC. */
  readonly encryptThenMac: boolean;
  /** renegotiation_info or its signaling suite: it is answered (RFC 5746 §3.6). */
  readonly secureRenegotiation: boolean;
  /** Whether the client could use a ticket (RFC 5077 §3.2). */
  readonly acceptsTickets: boolean;
  readonly recordSizes: Tls12RecordSizes | undefined;
  /** ec_point_formats, which is answered in kind (RFC 8422 §5.2). */
  readonly pointFormats: boolean;
}

/** A ClientHello that has been read, before it is known whether a session goes on. */
export interface Tls12Undecided {
  readonly offer: Tls12Offer;
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
  readonly rng: Rng;
  readonly now: number;
}

/** A session that this server can go on with. */
export interface Tls12Resumable {
  readonly suite: Tls12Suite;
  readonly state: TicketState;
  /** What a store knows it by; undefined where a ticket has brought it. */
  readonly storedAs: Uint8Array | undefined;
}

/** The store must say whether it has the session that the client names. */
export interface Tls12AwaitSession {
  readonly kind: 'tls12AwaitSession';
  readonly undecided: Tls12Undecided;
}

/** The caller decides whether the client of a session is still somebody. */
export interface Tls12AwaitSessionVerdict {
  readonly kind: 'tls12AwaitSessionVerdict';
  readonly undecided: Tls12Undecided;
  readonly resumable: Tls12Resumable;
  readonly proof: KeyProof;
}

/** The caller chooses a certificate. */
export interface Tls12AwaitCredential {
  readonly kind: 'tls12AwaitCredential';
  readonly offer: Tls12Offer;
  /** What it can come to, this server's favourite first. */
  readonly usable: readonly UsableSuite[];
  /** The ClientHello: its hash is the suite's, which goes with the certificate. */
  readonly hello: Uint8Array;
  readonly rng: Rng;
}

/** A suite that both sides have, with this server's favourite group for it; key transport needs none. */
export interface UsableSuite {
  readonly suite: Tls12Suite;
  readonly keyExchange:
    | { readonly kind: 'ephemeral'; readonly name: EphemeralExchange; readonly group: GroupName }
    | { readonly kind: 'transport' };
}

/** How the premaster secret will come about, with what this server keeps of it. */
export type OwnExchange =
  | {
      readonly kind: 'ephemeral';
      readonly name: EphemeralExchange;
      readonly group: GroupName;
      readonly privateKey: Secret;
    }
  | { readonly kind: 'transport'; readonly key: RsaPrivateKey };

/** What is settled with the ServerHello. */
export interface Tls12Agreed {
  readonly offer: Tls12Offer;
  readonly suite: Tls12Suite;
  readonly randoms: Randoms;
  readonly own: Own;
  readonly exchange: OwnExchange;
  /** The name that the session is to be stored under, if it is. */
  readonly storedAs: Uint8Array | undefined;
  readonly rng: Rng;
}

/** A key that lives elsewhere signs the ServerKeyExchange. */
export interface Tls12AwaitSignature {
  readonly kind: 'tls12AwaitSignature';
  readonly agreed: Tls12Agreed;
  readonly chosen: Chosen;
  readonly params: Uint8Array;
  /** Up to the server's Certificate. */
  readonly transcript: Tls12Transcript;
}

export interface Tls12AwaitClientCertificate {
  readonly kind: 'tls12AwaitClientCertificate';
  readonly agreed: Tls12Agreed;
  readonly clientAuthentication: ClientAuthentication;
  /** Up to ServerHelloDone. */
  readonly transcript: Tls12Transcript;
}

export interface Tls12AwaitClientKeyExchange {
  readonly kind: 'tls12AwaitClientKeyExchange';
  readonly agreed: Tls12Agreed;
  /** What the client has shown, with who judges it; undefined for an anonymous client. */
  readonly shown: Tls12ShownChain | undefined;
  readonly transcript: Tls12Transcript;
}

export interface Tls12ShownChain {
  readonly clientAuthentication: ClientAuthentication;
  readonly chain: Shown;
}

/** What is known once both sides have the master secret. */
export interface Tls12Secured {
  readonly offer: Tls12Offer;
  readonly suite: Tls12Suite;
  readonly randoms: Randoms;
  readonly master: Secret;
  readonly keys: KeyBlock;
  readonly group: GroupName | undefined;
  /** Undefined for a session that is resumed. */
  readonly own: Own | undefined;
  /** What the store is to know the session by, or knows it by. */
  readonly storedAs: Uint8Array | undefined;
  /** What the session was, when it is resumed. */
  readonly resumed: TicketState | undefined;
  readonly rng: Rng;
}

export interface Tls12AwaitClientCertificateVerify {
  readonly kind: 'tls12AwaitClientCertificateVerify';
  readonly secured: Tls12Secured;
  readonly shown: Tls12ShownChain;
  /** Up to the ClientKeyExchange. */
  readonly transcript: Tls12Transcript;
}

/** The caller decides whether the client is somebody. */
export interface Tls12AwaitClientVerdict {
  readonly kind: 'tls12AwaitClientVerdict';
  readonly secured: Tls12Secured;
  readonly proof: KeyProof;
  readonly transcript: Tls12Transcript;
}

export interface Tls12AwaitClientChangeCipherSpec extends Tls12Awaited {
  readonly kind: 'tls12AwaitClientChangeCipherSpec';
}

export interface Tls12AwaitClientFinished extends Tls12Awaited {
  readonly kind: 'tls12AwaitClientFinished';
}

interface Tls12Awaited {
  readonly secured: Tls12Secured;
  /** Undefined for a client that showed no certificate. */
  readonly peer: PeerProof | undefined;
  /** Our own, when a session is resumed and we have finished first. */
  readonly firstVerifyData: Uint8Array | undefined;
  readonly transcript: Tls12Transcript;
}
