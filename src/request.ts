import type { GroupName } from '../nocrypto/index.ts';
import type { Authenticator, PresentedChain, PresentedRawKey, RawKeyAuthenticator } from '../x509/index.ts';
import type { CompressionWishes } from './certificate-compression.ts';
import type { CertificateType, CipherSuiteName, SignatureSchemeName } from './codepoints.ts';
import type { AnyCredential } from './credential.ts';
import type { StapleWishes } from './stapling.ts';

/**
 * What only the world can give. The connection waits until `answer` brings the {@link Response} of the same kind;
 * bytes that arrive meanwhile are kept (bounded), so a wrapper should stop reading.
 */
export type Request =
  /** Which certificate should the server show to this client? Asked when a server is configured with `'ask'`. */
  | { readonly kind: 'credential'; readonly hello: ClientHelloFacts }
  /** A signature by the key of a credential whose `key` is external. */
  | {
      readonly kind: 'signature';
      readonly credential: AnyCredential;
      readonly scheme: SignatureSchemeName;
      /** The bytes to sign (not their hash): RFC 9846 §4.5.2's content. */
      readonly message: Uint8Array;
    }
  /** Is the peer who it should be? Asked when the authenticator is `'ask'`, with what one would be given. */
  | { readonly kind: 'verdict'; readonly presented: PresentedChain }
  /**
   * Has this early data been seen before? Asked by a server that could take it (RFC 9846 §8.2). Whoever answers looks
   * `key` up and records it in one go, in a store that all servers share which open the same tickets, and keeps it until
   * `until`. A store that began later than `from` cannot know, and neither can one that is asked after `until`: they say that
   * it is not new. A refusal, too, means that the early data is rejected; the handshake goes on. `replay-store.ts` has such a
   * store for a single server.
   */
  | {
      readonly kind: 'replayCheck';
      /** What is unique to the ClientHello, and authentic: 32 or 48 bytes. */
      readonly key: Uint8Array;
      /** When it could have been sent at the earliest and the latest: milliseconds since the Unix epoch. */
      readonly from: number;
      readonly until: number;
    }
  /** The same about a peer that has shown a raw key. Asked when the raw key authenticator is `'ask'`. */
  | { readonly kind: 'rawKeyVerdict'; readonly presented: PresentedRawKey }
  /** Which certificate should the client show to a server that asks? Asked when a client is configured with `'ask'`. */
  | { readonly kind: 'clientCredential'; readonly certificateRequest: CertificateRequestFacts }
  /**
   * Give the session that a `storeSession` effect has stored under `id` (32 bytes), and forget it in the same step: whoever
   * asks next, here or at another server, must not get it. Asked when a server is configured with `storedSessions`. Who
   * made the `id` is not known: it may be anything.
   */
  | { readonly kind: 'sessionLookup'; readonly id: Uint8Array };

export type Response =
  | { readonly kind: 'credential'; readonly credential: AnyCredential }
  | { readonly kind: 'signature'; readonly signature: Uint8Array }
  | { readonly kind: 'verdict'; readonly verdict: ReturnType<Authenticator> }
  | { readonly kind: 'rawKeyVerdict'; readonly verdict: ReturnType<RawKeyAuthenticator> }
  | { readonly kind: 'replayCheck'; readonly isNew: boolean }
  /** Without a credential the client shows none, which the server may or may not accept. */
  | { readonly kind: 'clientCredential'; readonly credential: AnyCredential | undefined }
  /** Without a session there is a full handshake. */
  | { readonly kind: 'sessionLookup'; readonly session: Uint8Array | undefined }
  /** The request is refused: the connection fails, but for a replay check. `reason` is told to the caller, never to the peer. */
  | { readonly kind: 'refusal'; readonly reason: string };

/** What a ClientHello says that matters for choosing a certificate. Names we do not know are left out. */
export interface ClientHelloFacts extends StapleWishes, CompressionWishes {
  readonly serverName: string | undefined;
  readonly applicationProtocols: readonly string[];
  readonly cipherSuites: readonly CipherSuiteName[];
  readonly groups: readonly GroupName[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  /** What it accepts inside certificates: signature_algorithms_cert, or else the list above (RFC 9846 §4.3.3). */
  readonly certificateSignatureSchemes: readonly SignatureSchemeName[];
  /** The authorities it trusts: DER-encoded names (RFC 9846 §4.3.4). Empty when it does not say. */
  readonly certificateAuthorities: readonly Uint8Array[];
  /** What it accepts as the server's certificate, most wanted first (RFC 7250; X.509 when it does not say). */
  readonly serverCertificateTypes: readonly CertificateType[];
  /** What it can show as its own, most wanted first (RFC 7250; X.509 when it does not say). */
  readonly clientCertificateTypes: readonly CertificateType[];
}

/** What a CertificateRequest says that matters for choosing a certificate (RFC 9846 §4.4.2). */
export interface CertificateRequestFacts extends StapleWishes, CompressionWishes {
  /** The kind of certificate that was agreed on (RFC 7250): no other can be shown. */
  readonly certificateType: CertificateType;
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly certificateSignatureSchemes: readonly SignatureSchemeName[];
  /** The authorities the server knows: DER-encoded names. Empty when it does not say. */
  readonly certificateAuthorities: readonly Uint8Array[];
}
