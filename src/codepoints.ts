/**
 * Every number of the protocol that has a name, in one place. The tables that say what a name *means* stand beside
 * the code that uses them (cipher-suites.ts, groups.ts, signature-schemes.ts, extensions.ts, alerts.ts).
 * Source: RFC 9846 and the IANA TLS registries it refers to.
 */

/** RFC 9846 §4.2.2, §5.1. */
export const protocolVersions = {
  ssl30: 0x0300,
  tls10: 0x0301,
  tls11: 0x0302,
  tls12: 0x0303,
  tls13: 0x0304,
} as const;

/** The versions that are spoken, as a configuration names them. */
export const versionCodes = { '1.3': protocolVersions.tls13, '1.2': protocolVersions.tls12 } as const;

/** RFC 9846 §5.1. */
export const contentTypes = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const;

/** RFC 9846 §4, RFC 8879 §7.2; those of TLS 1.2 alone from RFC 5246 §7.4 and RFC 6066 §8. */
export const handshakeTypes = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  certificateStatus: 22,
  keyUpdate: 24,
  compressedCertificate: 25,
  /** The synthetic message that stands for ClientHello1 after a HelloRetryRequest (§4.1). */
  messageHash: 254,
} as const;

/** RFC 9846 §4.3, RFC 8879 §7.1, RFC 9149 §3; those of TLS 1.2 alone from RFC 8422, 7366, 7627, 5077 and 5746. */
export const extensionTypes = {
  serverName: 0,
  maxFragmentLength: 1,
  statusRequest: 5,
  supportedGroups: 10,
  ecPointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  heartbeat: 15,
  applicationLayerProtocolNegotiation: 16,
  signedCertificateTimestamp: 18,
  clientCertificateType: 19,
  serverCertificateType: 20,
  padding: 21,
  encryptThenMac: 22,
  extendedMasterSecret: 23,
  compressCertificate: 27,
  recordSizeLimit: 28,
  sessionTicket: 35,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  cookie: 44,
  pskKeyExchangeModes: 45,
  certificateAuthorities: 47,
  oidFilters: 48,
  postHandshakeAuth: 49,
  signatureAlgorithmsCert: 50,
  keyShare: 51,
  ticketRequest: 58,
  renegotiationInfo: 0xff01,
  /** RFC 9849 §11.1. */
  echOuterExtensions: 0xfd00,
  encryptedClientHello: 0xfe0d,
} as const;

/** RFC 6066 §8: CertificateStatusType. */
export const certificateStatusTypes = { ocsp: 1 } as const;

/** RFC 9846 §B.4. */
export const tls13CipherSuiteCodes = {
  TLS_AES_128_GCM_SHA256: 0x1301,
  TLS_AES_256_GCM_SHA384: 0x1302,
  TLS_CHACHA20_POLY1305_SHA256: 0x1303,
  TLS_AES_128_CCM_SHA256: 0x1304,
  TLS_AES_128_CCM_8_SHA256: 0x1305,
} as const;

/** RFC 5246, 5288, 5289, 6655, 7251, 7905 and 8422. */
export const tls12CipherSuiteCodes = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 0xc02b,
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 0xc02c,
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca9,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM: 0xc0ac,
  TLS_ECDHE_ECDSA_WITH_AES_256_CCM: 0xc0ad,
  TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8: 0xc0ae,
  TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8: 0xc0af,
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 0xc02f,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 0xc030,
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xcca8,
  TLS_DHE_RSA_WITH_AES_128_GCM_SHA256: 0x009e,
  TLS_DHE_RSA_WITH_AES_256_GCM_SHA384: 0x009f,
  TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 0xccaa,
  TLS_DHE_RSA_WITH_AES_128_CCM: 0xc09e,
  TLS_DHE_RSA_WITH_AES_256_CCM: 0xc09f,
  TLS_DHE_RSA_WITH_AES_128_CCM_8: 0xc0a2,
  TLS_DHE_RSA_WITH_AES_256_CCM_8: 0xc0a3,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 0xc009,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 0xc00a,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 0xc023,
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384: 0xc024,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 0xc013,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 0xc014,
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 0xc027,
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384: 0xc028,
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA: 0x0033,
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA: 0x0039,
  TLS_DHE_RSA_WITH_AES_128_CBC_SHA256: 0x0067,
  TLS_DHE_RSA_WITH_AES_256_CBC_SHA256: 0x006b,
  TLS_RSA_WITH_AES_128_GCM_SHA256: 0x009c,
  TLS_RSA_WITH_AES_256_GCM_SHA384: 0x009d,
  TLS_RSA_WITH_AES_128_CBC_SHA: 0x002f,
  TLS_RSA_WITH_AES_256_CBC_SHA: 0x0035,
  TLS_RSA_WITH_AES_128_CBC_SHA256: 0x003c,
  TLS_RSA_WITH_AES_256_CBC_SHA256: 0x003d,
} as const;

export const cipherSuiteCodes: typeof tls13CipherSuiteCodes & typeof tls12CipherSuiteCodes = {
  ...tls13CipherSuiteCodes,
  ...tls12CipherSuiteCodes,
};

/** What a client says in its list of suites and is none. */
export const signalingSuites = {
  /** RFC 5746 §3.3 */
  TLS_EMPTY_RENEGOTIATION_INFO_SCSV: 0x00ff,
  /** RFC 7507 §2 */
  TLS_FALLBACK_SCSV: 0x5600,
} as const;

/** RFC 9846 §4.3.7; the hybrids from the IANA TLS Supported Groups registry. */
export const groupCodes = {
  secp256r1: 0x0017,
  secp384r1: 0x0018,
  secp521r1: 0x0019,
  x25519: 0x001d,
  x448: 0x001e,
  ffdhe2048: 0x0100,
  ffdhe3072: 0x0101,
  ffdhe4096: 0x0102,
  ffdhe6144: 0x0103,
  ffdhe8192: 0x0104,
  SecP256r1MLKEM768: 0x11eb,
  X25519MLKEM768: 0x11ec,
  SecP384r1MLKEM1024: 0x11ed,
} as const;

/** RFC 9846 §4.3.3; ML-DSA from draft-ietf-tls-mldsa. */
export const signatureSchemeCodes = {
  rsa_pkcs1_sha256: 0x0401,
  rsa_pkcs1_sha384: 0x0501,
  rsa_pkcs1_sha512: 0x0601,
  ecdsa_secp256r1_sha256: 0x0403,
  ecdsa_secp384r1_sha384: 0x0503,
  ecdsa_secp521r1_sha512: 0x0603,
  rsa_pss_rsae_sha256: 0x0804,
  rsa_pss_rsae_sha384: 0x0805,
  rsa_pss_rsae_sha512: 0x0806,
  ed25519: 0x0807,
  ed448: 0x0808,
  rsa_pss_pss_sha256: 0x0809,
  rsa_pss_pss_sha384: 0x080a,
  rsa_pss_pss_sha512: 0x080b,
  mldsa44: 0x0904,
  mldsa65: 0x0905,
  mldsa87: 0x0906,
} as const;

/** RFC 9846 §4.5.1; OpenPGP (1) must not be used with TLS 1.3. */
export const certificateTypeCodes = {
  x509: 0,
  rawPublicKey: 2,
} as const;

/** RFC 8879 §7.3: CertificateCompressionAlgorithm. */
export const certificateCompressionCodes = { zlib: 1, brotli: 2, zstd: 3 } as const;

/** RFC 9846 §6; no_renegotiation from RFC 5246 §7.2. */
export const alertCodes = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  general_error: 117,
  no_application_protocol: 120,
  /** RFC 9849 §11.2. */
  ech_required: 121,
} as const;

/** RFC 9846 §4.3.9. */
export const pskKeyExchangeModes = {
  psk_ke: 0,
  psk_dhe_ke: 1,
} as const;

/** RFC 9846 §4.2.3: the ServerHello.random that makes it a HelloRetryRequest: SHA-256 of "HelloRetryRequest". */
export const helloRetryRequestRandom: Uint8Array = Uint8Array.from([
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2,
  0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
]);

/** RFC 9846 §4.2.3: the last eight bytes of ServerHello.random when a server chose less than it can: "DOWNGRD" 01 / 00. */
export const downgradeSentinels = {
  tls12: Uint8Array.from([0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01]),
  tls11: Uint8Array.from([0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x00]),
} as const;

export type VersionName = keyof typeof versionCodes;
export type Tls13CipherSuiteName = keyof typeof tls13CipherSuiteCodes;
export type Tls12CipherSuiteName = keyof typeof tls12CipherSuiteCodes;
export type CipherSuiteName = Tls13CipherSuiteName | Tls12CipherSuiteName;
export type SignatureSchemeName = keyof typeof signatureSchemeCodes;
export type CertificateType = keyof typeof certificateTypeCodes;
export type PskKeyExchangeModeName = keyof typeof pskKeyExchangeModes;
export type AlertName = keyof typeof alertCodes;
export type ExtensionName = keyof typeof extensionTypes;

/** The name of `code` in a table of this file, or undefined. */
export function nameOf<Name extends string>(
  table: Readonly<Record<Name, number>>,
  code: number,
): Name | undefined {
  for (const name in table) {
    if (table[name] === code) return name;
  }
  return undefined;
}
