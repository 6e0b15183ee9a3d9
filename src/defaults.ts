import type { GroupName } from '../nocrypto/index.ts';
import type {
  CipherSuiteName,
  PskKeyExchangeModeName,
  SignatureSchemeName,
  VersionName,
} from './codepoints.ts';
import { MAX_INNER_PLAINTEXT } from './limits.ts';
import type { Padding } from './padding.ts';
import type { TraceLevel } from './trace.ts';

/**
 * All policy in one place: what this side offers and accepts when a configuration does not say. Orders are orders of
 * preference.
 */
export const defaults: {
  readonly versions: readonly VersionName[];
  readonly cipherSuites: readonly CipherSuiteName[];
  readonly groups: readonly GroupName[];
  readonly keyShares: readonly GroupName[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly pskKeyExchangeModes: readonly PskKeyExchangeModeName[];
  readonly middleboxCompatibility: boolean;
  readonly acceptTickets: boolean;
  readonly postHandshakeAuthentication: boolean;
  readonly recordSizeLimit: number;
  readonly padding: Padding;
  readonly padHandshake: boolean;
  readonly grease: boolean;
  readonly extensionOrder: 'fixed' | 'permuted';
  readonly storedSessions: boolean;
  readonly requestOcsp: boolean;
  readonly requestScts: boolean;
  readonly ticketCount: number;
  readonly ticketLifetime: number;
  readonly maxEarlyData: number;
  readonly earlyDataWindow: number;
  readonly groupRetry: 'never' | 'forHybrid' | 'always';
  readonly helloRetryCookie: boolean;
  readonly strictServerName: boolean;
  readonly requireExtendedMasterSecret: boolean;
  readonly trace: TraceLevel;
} = {
  // Most of what is not a browser still speaks TLS 1.2, and nobody between can bring two sides down to it unseen.
  versions: ['1.3', '1.2'],
  // AES-128-GCM first: hardware has it, and 128 bits are enough. A client on a portable provider, where ChaCha20 is
  // twice as fast, says so in its configuration; a server follows its own order.
  cipherSuites: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_256_GCM_SHA384',
    // TLS 1.2: what has forward secrecy, an AEAD, and needs no finite field.
    'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  ],
  // The hybrid first: traffic recorded today stays secret if a quantum computer comes.
  groups: ['X25519MLKEM768', 'x25519', 'secp256r1', 'secp384r1', 'secp521r1'],
  // A share for the hybrid and one for X25519, so that neither kind of server has to ask again.
  keyShares: ['X25519MLKEM768', 'x25519'],
  // The PKCS#1 v1.5 schemes at the end are for signatures inside certificates only (RFC 9846 §4.3.3).
  signatureSchemes: [
    'ecdsa_secp256r1_sha256',
    'ed25519',
    'ecdsa_secp384r1_sha384',
    'rsa_pss_rsae_sha256',
    'rsa_pss_rsae_sha384',
    'rsa_pss_rsae_sha512',
    'rsa_pss_pss_sha256',
    'rsa_pss_pss_sha384',
    'rsa_pss_pss_sha512',
    'rsa_pkcs1_sha256',
    'rsa_pkcs1_sha384',
    'rsa_pkcs1_sha512',
  ],
  // Without a key exchange, who learns a key later reads everything that was recorded under it.
  pskKeyExchangeModes: ['psk_dhe_ke'],
  // RFC 9846 §E.4: look like TLS 1.2 to middleboxes.
  middleboxCompatibility: true,
  acceptTickets: true,
  // It would keep a part of the handshake in memory, and let a request come where nobody expects one.
  postHandshakeAuthentication: false,
  // RFC 8449 §4 wants it said even by those who take records of any size: it lets the peer say what it takes.
  recordSizeLimit: MAX_INNER_PLAINTEXT,
  padding: { kind: 'none' },
  padHandshake: false,
  // Off and fixed, as in Go and OpenSSL: what is on the wire is what was configured. Browsers turn both on.
  grease: false,
  extensionOrder: 'fixed',
  // Sealed tickets need no store, and many servers can share their keys.
  storedSessions: false,
  // Nine bytes, so that an authenticator which wants to know whether a certificate is revoked has something to go by.
  requestOcsp: true,
  // Public certificates hold their timestamps themselves.
  requestScts: false,
  ticketCount: 2,
  // Seconds. Short, because a stolen ticket key opens what was resumed under it only while tickets live.
  ticketLifetime: 7_200,
  // RFC 9846 §F.5: 0-RTT is off unless the application asks for it.
  maxEarlyData: 0,
  // Milliseconds: §8.3 suggests ten seconds for clients on the Internet.
  earlyDataWindow: 10_000,
  // This server keeps its state as a value, so it needs no cookie to recognise a client.
  helloRetryCookie: false,
  // As Go and OpenSSL do. Browsers and Go send a share for the hybrid at once, and are never asked.
  groupRetry: 'forHybrid',
  // A client that asks for a name we have no certificate for gets the first one, as most servers do.
  strictServerName: false,
  // There are still peers that do not know it; a connection with them has no exporter and is not resumed.
  requireExtendedMasterSecret: false,
  // To describe every message for people takes a twentieth of a handshake's time, and most connections are never looked at.
  trace: 'off',
};
