import type { GroupName } from '../nocrypto/index.ts';
import type { CipherSuiteName, SignatureSchemeName } from './codepoints.ts';
import type { Credential } from './credential.ts';

/**
 * What only the world can give. The connection waits until `answer` brings the {@link Response} of the same kind;
 * bytes that arrive meanwhile are kept (bounded), so a wrapper should stop reading.
 */
export type Request =
  /** Which certificate should the server show to this client? Asked when a server is configured with `'ask'`. */
  | { readonly kind: 'credential'; readonly hello: ClientHelloFacts }
  /** A signature by the key of a {@link Credential} whose `key` is external. */
  | {
      readonly kind: 'signature';
      readonly credential: Credential;
      readonly scheme: SignatureSchemeName;
      /** The bytes to sign (not their hash): RFC 9846 §4.4.3's content. */
      readonly message: Uint8Array;
    };

export type Response =
  | { readonly kind: 'credential'; readonly credential: Credential }
  | { readonly kind: 'signature'; readonly signature: Uint8Array }
  /** The request is refused: the connection fails. `reason` is told to the caller, never to the peer. */
  | { readonly kind: 'refusal'; readonly reason: string };

/** What a ClientHello says that matters for choosing a certificate. Names we do not know are left out. */
export interface ClientHelloFacts {
  readonly serverName: string | undefined;
  readonly applicationProtocols: readonly string[];
  readonly cipherSuites: readonly CipherSuiteName[];
  readonly groups: readonly GroupName[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  /** What it accepts inside certificates: signature_algorithms_cert, or else the list above (RFC 9846 §4.2.3). */
  readonly certificateSignatureSchemes: readonly SignatureSchemeName[];
}
