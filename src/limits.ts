/**
 * How much of anything a peer can make this side hold or do. Each number says where it comes from; a
 * configuration can lower it, never raise it.
 */
export interface Limits {
  /** Bytes of a handshake message before the handshake is over (BoringSSL and rustls allow the same order). */
  readonly handshakeMessage: number;
  /** Bytes of a Certificate message (Go: 100 KB for certificates in TLS 1.3; BoringSSL: max_cert_list). */
  readonly certificateMessage: number;
  /** Bytes of a handshake message a client takes after the handshake: tickets. */
  readonly postHandshakeMessageAtClient: number;
  /** Bytes of a handshake message a server takes after the handshake, unless it has asked for a certificate: KeyUpdate. */
  readonly postHandshakeMessageAtServer: number;
  /** Bytes of a HelloRetryRequest's cookie, which a client must put into its own message (a stateless server needs a few hundred). */
  readonly cookie: number;
  /** PSKs of one ClientHello that a server looks at: each costs a look-up (Go). */
  readonly pskIdentities: number;
  /** Keys of one identifier that a server tries to open an encrypted ClientHello with: each costs a key agreement. */
  readonly echKeys: number;
  /** Tickets after one handshake, however many a client asks for (RFC 9149 leaves it to the server). */
  readonly ticketsSent: number;
  /** Bytes of records dropped after a ClientHello that offers early data, which this server does not take (rustls). */
  readonly skippedEarlyData: number;
  /** Certificates in a chain, checked before any is decoded (path building itself is bounded in x509). */
  readonly certificates: number;
  /** Records in a row that advance nothing: empty records, change_cipher_spec (Go: maxUselessRecords). */
  readonly uselessRecords: number;
  /** change_cipher_spec records during one TLS 1.3 handshake (rustls). */
  readonly changeCipherSpecs: number;
  /** KeyUpdates and tickets without application data in between (rustls, BoringSSL: 32). */
  readonly postHandshakeMessages: number;
  /** Certificates that a server may have asked a client for after the handshake and not got yet: each holds a running hash. */
  readonly lateRequests: number;
  /** Bytes kept while a request is outstanding or arriving in pieces; the flow boundary stops reading long before. */
  readonly pendingBytes: number;
  /** AES-GCM records under one key (RFC 9846 §5.5 gives 2^24.5 for full-size records). */
  readonly aesGcmRecords: number;
  /** AES-CCM records under one key (RFC 9147 §4.5.3; RFC 9846 leaves CCM out). */
  readonly aesCcmRecords: number;
  /** ChaCha20-Poly1305 records under one key (RFC 9846 §5.5 sets no bound below the sequence number's). */
  readonly chaChaRecords: number;
  /**
   * Bytes of content and padding this side puts into a record at most (RFC 9846 §5.1: 2^14). The peer may lower it further
   * for a connection (RFC 8449); what this side receives is limited by the option `recordSizeLimit`.
   */
  readonly recordPlaintext: number;
}

/** RFC 9846 §5.1: TLSPlaintext.fragment. */
export const MAX_PLAINTEXT = 1 << 14;

/** RFC 9846 §5.4: TLSInnerPlaintext, which adds the content type; padding counts too. What RFC 8449 limits further. */
export const MAX_INNER_PLAINTEXT = MAX_PLAINTEXT + 1;

/** RFC 9846 §5.2: TLSCiphertext.encrypted_record. */
export const MAX_CIPHERTEXT = MAX_PLAINTEXT + 256;

/** RFC 5246 §6.2.3: TLSCiphertext.fragment of TLS 1.2. */
export const MAX_TLS12_CIPHERTEXT = MAX_PLAINTEXT + 2048;
/** ClientHellos with early data that one server remembers by default: some 16 MiB, or 3,000 a second for two windows. */
export const MAX_REPLAY_ENTRIES = 65_536;

/** RFC 8449 §4: the least that a record size limit may be. No alert needs two records then. */
export const MIN_PLAINTEXT = 64;

/** Sessions that a client keeps for one server: each serves one connection (rustls). */
export const SESSIONS_PER_SERVER = 8;

/** Servers that a client keeps sessions for (rustls). */
export const SERVERS_WITH_SESSIONS = 256;

/** The values in force unless a configuration lowers them. */
export const defaultLimits: Limits = {
  handshakeMessage: 64 * 1024,
  certificateMessage: 100 * 1024,
  postHandshakeMessageAtClient: 16 * 1024,
  postHandshakeMessageAtServer: 1024,
  cookie: 8 * 1024,
  pskIdentities: 5,
  echKeys: 4,
  ticketsSent: 8,
  skippedEarlyData: 16 * 1024,
  certificates: 16,
  uselessRecords: 16,
  changeCipherSpecs: 2,
  postHandshakeMessages: 32,
  lateRequests: 8,
  pendingBytes: 1024 * 1024,
  aesGcmRecords: 2 ** 24,
  aesCcmRecords: 2 ** 23,
  chaChaRecords: 2 ** 48,
  recordPlaintext: MAX_PLAINTEXT,
};
