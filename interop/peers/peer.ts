import type { GroupName } from '../../nocrypto/index.ts';
import type { CipherSuiteName, EchKey } from '../../src/index.ts';
import type { Scope } from '../support/scope.ts';

/**
 * A TLS implementation that nobody here wrote, in both roles. As a server it answers each line; as a client it sends one
 * line, waits for the answer and closes.
 */
export interface Peer {
  readonly name: PeerName;
  readonly version: string;
  /** The groups of ours that it has. */
  readonly groups: readonly GroupName[];
  /** What its server answers to a line: {@link reversed} where that is possible, since an echo proves less. */
  readonly answer: (line: string) => string;
  readonly serve: (scope: Scope, options: ServeOptions) => Promise<Serving>;
  readonly connect: (scope: Scope, port: number, options: ConnectOptions) => Promise<PeerReport>;
}

export type PeerName = 'openssl' | 'go' | 'node' | 'gnutls' | 'rustls';

/** A peer on this machine, or why there is none. */
export type Presence =
  | { readonly kind: 'present'; readonly peer: Peer }
  | { readonly kind: 'absent'; readonly reason: string };

interface PeerOptions {
  /** What it is to offer or accept. A peer that cannot be told uses what it likes. */
  readonly cipherSuites?: readonly CipherSuiteName[];
  /** In order: as a client it sends a key share for the first. */
  readonly groups?: readonly GroupName[];
  readonly applicationProtocols?: readonly string[];
  /**
   * Data and answer are each everything up to close_notify, so that the answer goes out on a connection whose other
   * half is already closed. The tools of OpenSSL and GnuTLS cannot do that.
   */
  readonly halfClose?: boolean;
  /** How many connections, one after the other, each a resumption where that is possible. Default 1. */
  readonly connections?: number;
}

export interface ServeOptions extends PeerOptions {
  /** PEM files. */
  readonly chainFile: string;
  readonly keyFile: string;
  /** To be stapled; only Go is told. */
  readonly ocspResponse?: Uint8Array;
  /** A SerializedSCT (RFC 6962 §3.3) to be stapled; only Go is told. */
  readonly sct?: Uint8Array;
  /** PEM file of the certificates to trust in clients, of which a certificate is then required. */
  readonly clientAnchorFile?: string;
  /** For Encrypted ClientHello, each also for clients to retry with; for peers that have it. */
  readonly echKeys?: readonly EchKey[];
}

export interface ConnectOptions extends PeerOptions {
  /** PEM file of the certificates to trust. */
  readonly anchorFile: string;
  readonly serverName: string;
  readonly line: string;
  /** PEM files of the client's own certificate and key, if it has one. */
  readonly chainFile?: string;
  readonly keyFile?: string;
  /** ECHConfigList to encrypt the ClientHello to; for peers that can. */
  readonly echConfigs?: Uint8Array;
}

export interface Serving {
  readonly port: number;
  /** Resolves when the last connection is over; it is about that one. */
  readonly report: Promise<PeerReport>;
}

/** The connection as the peer saw it. */
export interface PeerReport {
  readonly facts: PeerFacts;
  /** The answer that a client got. */
  readonly reply?: string | undefined;
}

/** What was negotiated, in our names; undefined where the peer does not tell. */
export interface PeerFacts {
  readonly cipherSuite?: string | undefined;
  readonly group?: string | undefined;
  readonly helloRetryRequest?: boolean | undefined;
  /** Empty for none. */
  readonly applicationProtocol?: string | undefined;
  readonly resumed?: boolean | undefined;
  /** Whether the ClientHello was encrypted, and read. */
  readonly encryptedClientHello?: boolean | undefined;
  /** SHA-256 of the certificate that we showed, in hex; empty for none. */
  readonly fingerprint?: string | undefined;
  /** What we have stapled, in base64; null for nothing. */
  readonly ocspResponse?: string | null | undefined;
  readonly sct?: string | null | undefined;
  /** What {@link EXPORTER} gives, in hex; the tools of GnuTLS know no context and export without. */
  readonly exported?: string | undefined;
}

/** The keying material that the peers export. */
export const EXPORTER = {
  label: 'EXPORTER-interop',
  context: Buffer.from('in this context'),
  length: 48,
} as const;

/** What our server answers to a line, and most peers' servers. */
export function reversed(line: string): string {
  return [...line].reverse().join('');
}
