import type { GroupName } from '../nocrypto/index.ts';
import type { AuthenticatedPeer, Certificate, RawPublicKey } from '../x509/index.ts';
import type { SignatureSchemeName, Tls12CipherSuiteName, Tls13CipherSuiteName } from './codepoints.ts';
import type { EarlyDataFact } from './early-data.ts';
import type { RawExtension } from './extensions.ts';
import type { Failure } from './failure.ts';
import type { Request } from './request.ts';
import type { Session } from './session.ts';
import type { RecordSizes } from './state.ts';
import type { TraceEvent } from './trace.ts';

/** What a step asks the world to do or to know, in order. */
export type Effect =
  /** Write these bytes to the flow. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Application data from the peer. `early` marks 0-RTT data, which an attacker may have replayed. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array; readonly early: boolean }
  /** The handshake is over: `send` may be called, and the peer is who the facts say. */
  | { readonly kind: 'established'; readonly facts: Facts }
  /**
   * At a server: the answer to the `requestCertificate` that gave this `context`. What the client has shown of itself, all
   * undefined if it declines (which it may unless `required`). It adds to the facts, which say how the connection began.
   */
  | { readonly kind: 'certificateAnswered'; readonly context: Uint8Array; readonly shown: PeerFacts }
  /** The connection waits until `answer` brings the response. */
  | { readonly kind: 'request'; readonly request: Request }
  /** A ticket to resume this connection with (RFC 9846 §4.7.1). */
  | { readonly kind: 'ticket'; readonly session: Session }
  /**
   * At a server with `storedSessions`: keep these bytes under `id` (32 bytes) for at most `lifetime` seconds, to be given
   * once. They hold the key of a session: whoever reads them can resume in the client's place.
   */
  | {
      readonly kind: 'storeSession';
      readonly id: Uint8Array;
      readonly session: Uint8Array;
      readonly lifetime: number;
    }
  | { readonly kind: 'trace'; readonly event: TraceEvent }
  /** close_notify came: the peer sends no more. This side may go on sending. */
  | { readonly kind: 'peerClosed' }
  /** Both sides have said close_notify (or this side alone before the handshake was over). Nothing follows. */
  | { readonly kind: 'closed' }
  /** The connection is dead. Any alert for the peer stands in a `send` before this. Nothing follows. */
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What both sides agreed on. */
export type Facts = Tls13Facts | Tls12Facts;

export interface Tls13Facts extends CommonFacts {
  readonly version: 'TLS 1.3';
  readonly cipherSuite: Tls13CipherSuiteName;
  /** Undefined when a PSK did without a key exchange (psk_ke). */
  readonly group: GroupName | undefined;
}

export interface Tls12Facts extends CommonFacts {
  readonly version: 'TLS 1.2';
  readonly cipherSuite: Tls12CipherSuiteName;
  /** Of the connection that the session began with; undefined with static RSA. */
  readonly group: GroupName | undefined;
  /** Whether the keys are bound to this handshake (RFC 7627). If not, nothing may be exported and nothing resumed. */
  readonly extendedMasterSecret: boolean;
}

interface CommonFacts extends PeerFacts {
  readonly role: 'client' | 'server';
  /** How this side proved its key; undefined when it showed no certificate. */
  readonly ownSignatureScheme: SignatureSchemeName | undefined;
  /** The application protocol (RFC 7301), when one was agreed on. */
  readonly applicationProtocol: string | undefined;
  /** The DNS name in the client's server_name (RFC 6066 §3), at both sides. */
  readonly serverName: string | undefined;
  /**
   * What the peer said under the codepoints of the configuration's `rawExtensions`: a client in its ClientHello, a server
   * in ServerHello or EncryptedExtensions.
   */
  readonly rawExtensions: readonly RawExtension[];
  /** The longest records of each direction, where both sides use record_size_limit (RFC 8449). */
  readonly recordSizes: RecordSizes | undefined;
  /** Whether this connection goes on from an earlier one: no certificate was shown, the earlier one's counts. */
  readonly resumed: boolean;
  /** The identity of the external PSK that both sides know, when one took the place of certificates. */
  readonly externalIdentity: Uint8Array | undefined;
  /** What became of early data (0-RTT). */
  readonly earlyData: EarlyDataFact;
  /** Whether the server asked for another key share. */
  readonly helloRetryRequest: boolean;
  /** Whether the client's hello was encrypted (RFC 9849): nobody on the path has seen `serverName`. */
  readonly encryptedClientHello: boolean;
  /** The certificate this side showed, if any. */
  readonly ownCertificate: Certificate | undefined;
  /** The raw key this side showed, if any (RFC 7250). */
  readonly ownRawKey: RawPublicKey | undefined;
  /** The ClientHello.random: identifies the connection in a key log. */
  readonly clientRandom: Uint8Array;
}

/** What the peer has shown of itself, and was accepted. */
export interface PeerFacts {
  /** How the peer proved its key; undefined for an anonymous client. */
  readonly peerSignatureScheme: SignatureSchemeName | undefined;
  /**
   * The peer whose certificate was accepted; undefined for an anonymous client, and for a peer that a raw key or an
   * external PSK authenticates.
   */
  readonly peer: AuthenticatedPeer | undefined;
  /** The peer's raw key, when it is that which was accepted. */
  readonly peerRawKey: RawPublicKey | undefined;
  /** The OCSP response that the peer stapled to its leaf, DER, as it came: whether it says anything, the authenticator asks. */
  readonly peerOcspResponse: Uint8Array | undefined;
  /** The SignedCertificateTimestampList (RFC 6962 §3.3) that came with the peer's leaf, as it came. */
  readonly peerScts: Uint8Array | undefined;
}
