/**
 * How much work and memory a peer's certificates may cost. Every number a validator compares with stands here,
 * with where it comes from. A caller may lower them; a budget that runs out is an error of its own and ends the
 * search, because a path found after a thousand failures is an attack and not a configuration.
 */
export interface PathLimits {
  /** Signatures verified while looking for one path. Source: rustls-webpki (`Budget`), Go (`maxChainSignatureChecks`). */
  readonly signatureChecks: number;
  /** Certificates considered as somebody's issuer, whether or not they fit. Source: rustls-webpki (`build_chain_calls`). */
  readonly candidateSteps: number;
  /** Intermediates in a path, self-issued ones not counted (RFC 5280 §4.2.1.9 counts alike). */
  readonly intermediates: number;
  /** Comparisons of one name with one subtree. Source: rustls-webpki (`name_constraint_comparisons`), OpenSSL (2^20). */
  readonly nameConstraintComparisons: number;
}

export const PATH_LIMITS: PathLimits = {
  signatureChecks: 100,
  candidateSteps: 200_000,
  intermediates: 8,
  nameConstraintComparisons: 250_000,
};

/** Smallest RSA modulus, in bits. Source: CA/Browser Forum Baseline Requirements §6.1.5; Go's crypto/x509 and rustls agree. */
export const RSA_MINIMUM_BITS = 2048;

/** Largest RSA modulus, in bits: a verification costs its square. Source: Go's crypto/tls (`maxRSAModulusSize`). */
export const RSA_MAXIMUM_BITS = 8192;

/** Octets of a serial number's DER content. Source: RFC 5280 §4.1.2.2. */
export const SERIAL_NUMBER_MAXIMUM_OCTETS = 20;

/** Characters of PEM text read in one call. A bundle of all public roots is about a quarter of a megabyte. */
export const PEM_MAXIMUM_LENGTH = 16 * 1024 * 1024;

/** Blocks read from one PEM text. All public roots are about 150. */
export const PEM_MAXIMUM_BLOCKS = 10_000;

/** Entries of one CRL. The largest of public authorities have some hundreds of thousands. */
export const CRL_MAXIMUM_ENTRIES = 1_000_000;

/** Certificates of one OCSP response that are tried as its responder's. Real ones hold one, or none. */
export const OCSP_MAXIMUM_CERTIFICATES = 8;

/** Octets of an OCSP nonce. Source: RFC 9654 §2.1. */
export const OCSP_NONCE_MAXIMUM_OCTETS = 128;

/**
 * How far the clocks of who says that something is revoked and who reads it may differ, in milliseconds. Source: `openssl ocsp`
 * (`-validity_period`), 5 minutes.
 */
export const REVOCATION_CLOCK_SKEW = 300_000;

/**
 * Iterations of a key derivation that one encrypted key or one PKCS #12 file may cost, all together: some ten seconds with the
 * slowest provider. Source: Java's PKCS12KeyStore (`MAX_ITERATION_COUNT`), for each derivation.
 */
export const PASSWORD_MAXIMUM_ITERATIONS = 5_000_000;

/** Octets that scrypt goes through (128 · N · r · p), of which it holds at most as many. OpenSSL's own keys take 16 MiB. */
export const SCRYPT_MAXIMUM_WORK = 64 * 1024 * 1024;

/** Octets of a PBMAC1 key below which anybody may have guessed it. Source: RFC 9879. */
export const PBMAC1_MINIMUM_KEY_LENGTH = 20;

/** Timestamps of one list that are verified, the first ones. Certificates have two to five. */
export const SCT_MAXIMUM_COUNT = 16;
