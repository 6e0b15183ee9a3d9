import type { Secret } from '../nocrypto/index.ts';
import type { CipherSuite } from './cipher-suites.ts';
import type { Tls13CipherSuiteName } from './codepoints.ts';

// Early data, 0-RTT (RFC 9846 §2.3, §4.3.10), as both sides speak of it.

/** What became of early data on a connection. */
export type EarlyDataFact =
  | { readonly kind: 'notOffered' }
  | { readonly kind: 'accepted' }
  /** The server has seen none of it: the client may send it again, or not. */
  | { readonly kind: 'rejected'; readonly reason: EarlyDataRejection };

/**
 * Why a server takes no early data. A client knows three of these only: `hello-retry-request`, `session-not-resumed`, and
 * `declined` for everything else.
 */
export type EarlyDataRejection =
  | 'declined'
  /** It is configured to take none. */
  | 'disabled'
  | 'hello-retry-request'
  | 'session-not-resumed'
  /** It goes on from another PSK than the first. */
  | 'not-first-psk'
  /** The PSK is for no early data, or for more than this server takes. */
  | 'unsupported-by-psk'
  | 'other-cipher-suite'
  | 'other-application-protocol'
  /** The ClientHello was not sent just now, by the age of its ticket (§8.3). */
  | 'stale'
  /** It was seen before, or nobody could say that it was not (§8). */
  | 'replay';

/** What early data under a PSK keeps to: its parameters are not negotiated but known with the key (§4.3.10). */
export interface EarlyDataTerms {
  /** Bytes of early data that a client may send at most (max_early_data_size). */
  readonly maxEarlyData: number;
  readonly cipherSuite: Tls13CipherSuiteName;
  readonly applicationProtocol: string | undefined;
}

/** How far a client has come with its early data. Offered, it is still open; accepted, it goes on as it was offered. */
export type EarlyDataProgress =
  | Exclude<EarlyDataFact, { readonly kind: 'accepted' }>
  | ({ readonly kind: 'offered' | 'accepted' } & OpenEarlyData);

/** What a client's early data is sent under. */
export interface OpenEarlyData {
  readonly suite: CipherSuite;
  readonly applicationProtocol: string | undefined;
  /** RFC 9846 §7.5: early_exporter_secret. */
  readonly exporterSecret: Secret;
}

export const notOffered = { kind: 'notOffered' } as const;

export function rejected(reason: EarlyDataRejection) {
  return { kind: 'rejected', reason } as const;
}
