import type { Result } from './result.ts';
import type { Secret } from './secret.ts';

/**
 * Everything cryptographic that a TLS connection or a certificate validator needs, as one plain record of
 * synchronous functions. It is always passed as an argument; nothing in this project keeps one in a global.
 *
 * A provider is free to keep scratch memory and prepared keys inside its values, but a function called twice
 * with equal arguments answers equally: randomness enters only as an `entropy` argument.
 */
export interface CryptoProvider {
  /** For diagnostics: `noble` or `node`. */
  readonly name: string;
  /** What is computed by native code. All else is JavaScript, whose time may depend on what it computes with. */
  readonly native: ReadonlySet<Primitive>;
  readonly hashes: Readonly<Record<HashName, Hash>>;
  readonly xofs: Readonly<Record<XofName, Xof>>;
  /** Prepares an HMAC key (RFC 2104). The key may have any length. */
  readonly hmac: (hash: HashName, key: Uint8Array) => MacKey;
  /** HKDF-Extract (RFC 5869 §2.2): a pseudorandom key of the hash's output length. An empty salt means zeros. */
  readonly hkdfExtract: (hash: HashName, salt: Uint8Array, inputKeyMaterial: Uint8Array) => Secret;
  /**
   * HKDF-Expand (RFC 5869 §2.3): `length` bytes, at most 255 times the hash's output length, from a key at least as
   * long as the hash's output (else RangeError).
   */
  readonly hkdfExpand: (
    hash: HashName,
    pseudorandomKey: Uint8Array,
    info: Uint8Array,
    length: number,
  ) => Secret;
  /**
   * The pseudorandom function of TLS 1.2 (RFC 5246 §5): `length` bytes from P_hash over `label` (ASCII) ‖ `seed`. The
   * suites of RFC 5246 and later use SHA-256 or SHA-384.
   */
  readonly tls12Prf: (
    hash: HashName,
    key: Uint8Array,
    label: string,
    seed: Uint8Array,
    length: number,
  ) => Secret;
  /**
   * PBKDF2 with HMAC (RFC 8018 §5.2): `length` bytes after `iterations` rounds. Fewer than one of either, or 2^31 and
   * more, is a RangeError; whoever reads the number from a file bounds it, for it is the time this takes.
   */
  readonly pbkdf2: (
    hash: HashName,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ) => Secret;
  readonly aeads: Readonly<Record<AeadName, Aead>>;
  /** Prepares an AES key of 16, 24 or 32 bytes (else RangeError) for CBC, which authenticates nothing. */
  readonly aesCbc: (key: Uint8Array) => CbcKey;
  readonly groups: Readonly<Record<GroupName, KeyExchangeGroup>>;
  /**
   * Whether `signature` over `message` (the message itself, never its hash) verifies under `key`.
   * A key of another kind than the algorithm asks for, or a malformed signature, is `false`.
   */
  readonly verify: (
    algorithm: SignatureAlgorithm,
    key: PublicKey,
    message: Uint8Array,
    signature: Uint8Array,
  ) => boolean;
  /**
   * Signs `message`. `entropy` is {@link SIGNING_ENTROPY_LENGTH} fresh random bytes: the PSS salt, the RSA
   * blinding factor and the hedge of a deterministic ECDSA nonce (RFC 6979 §3.6) are derived from it, and it is
   * the rnd of ML-DSA (FIPS 204).
   */
  readonly sign: (
    algorithm: SignatureAlgorithm,
    key: PrivateKey,
    message: Uint8Array,
    entropy: Uint8Array,
  ) => Result<Uint8Array, SignError>;
  /** RSA encryption (RFC 8017 §7), for TLS 1.2's static RSA and for what others have encrypted. */
  readonly rsa: RsaEncryption;
  /** Checks a public key (on the curve, modulus size, exponent …) and returns it as a value that cannot be wrong. */
  readonly publicKey: (input: PublicKeyInput) => Result<PublicKey, KeyError>;
  /** Checks a private key (range, consistency of the RSA numbers …) and derives its public half. */
  readonly privateKey: (input: PrivateKeyInput) => Result<PrivateKey, KeyError>;
  /** Makes a key pair from `entropy` ({@link SIGNING_ENTROPY_LENGTH} fresh random bytes). */
  readonly generateKey: (kind: GeneratedKeyKind, entropy: Uint8Array) => PrivateKey;
  /** Compares two secrets in time that depends on their lengths only (as far as JavaScript allows). */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;
}

/**
 * Bytes of entropy that {@link CryptoProvider.sign}, {@link CryptoProvider.generateKey} and {@link RsaEncryption} take,
 * else a RangeError.
 */
export const SIGNING_ENTROPY_LENGTH = 32;

/** What a provider may have natively. */
export type Primitive =
  | 'hashes'
  | 'hmac'
  | 'hkdf'
  | 'tls12-prf'
  | 'pbkdf2'
  | 'aes-gcm'
  | 'aes-ccm'
  | 'aes-cbc'
  | 'chacha20-poly1305'
  | 'x25519'
  | 'x448'
  /** On the NIST curves. */
  | 'ecdh'
  | 'ffdhe'
  /** Key generation included. */
  | 'ml-kem-decapsulation'
  | 'ml-kem-encapsulation'
  /** Signatures and encryption, and the search for primes. */
  | 'rsa'
  | 'ecdsa-verification'
  | 'ecdsa-signing'
  | 'eddsa'
  | 'ml-dsa-verification'
  | 'ml-dsa-signing';

/**
 * SHA-1 is here for OCSP, key identifiers and old HMACs only, SHA-224 for old HMACs; no signature algorithm names
 * them.
 */
export type HashName =
  | 'sha1'
  | 'sha224'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512';

export interface Hash {
  readonly name: HashName;
  /** Bytes of a digest. */
  readonly outputLength: number;
  /** Bytes of an input block (RFC 2104's B). */
  readonly blockLength: number;
  readonly digest: (data: Uint8Array) => Uint8Array;
  readonly start: () => RunningHash;
}

/**
 * A hash in progress, as a value: `update` returns the next one and leaves this one usable (a TLS transcript forks).
 */
export interface RunningHash {
  readonly update: (data: Uint8Array) => RunningHash;
  /** The digest of all input so far. Does not end the hash. */
  readonly digest: () => Uint8Array;
}

export type XofName = 'shake128' | 'shake256';

/** An extendable-output function (FIPS 202 §6.2). */
export interface Xof {
  readonly name: XofName;
  /** Bytes of an input block, FIPS 202's rate. */
  readonly blockLength: number;
  /** The first `length` bytes of output. A length that is no whole number from 0 is a RangeError. */
  readonly digest: (data: Uint8Array, length: number) => Uint8Array;
}

export interface MacKey {
  /** Bytes of a tag. */
  readonly length: number;
  readonly mac: (data: Uint8Array) => Uint8Array;
}

/** The names that end in `-8` have tags of 8 bytes, all others of 16. */
export type AeadName =
  | 'aes-128-gcm'
  | 'aes-256-gcm'
  | 'aes-128-ccm'
  | 'aes-128-ccm-8'
  | 'aes-256-ccm'
  | 'aes-256-ccm-8'
  | 'chacha20-poly1305';

export interface Aead {
  readonly name: AeadName;
  readonly keyLength: number;
  readonly nonceLength: number;
  readonly tagLength: number;
  /** Prepares a key for one direction. A key of the wrong length is a RangeError. */
  readonly prepare: (key: Uint8Array) => AeadKey;
}

/**
 * A nonce of the wrong length, or an `out` too short for the result, is a RangeError; with CCM, so is a plaintext of
 * 2^24 bytes or more.
 */
export interface AeadKey {
  /**
   * Encrypts `plaintext` and writes ciphertext and tag to `out` from `outOffset` (plaintext length + tag length bytes).
   * `plaintext` may be the very range of `out` that starts at `outOffset` (sealing in place); it must not overlap
   * otherwise.
   */
  readonly seal: (
    nonce: Uint8Array,
    additionalData: Uint8Array,
    plaintext: Uint8Array,
    out: Uint8Array,
    outOffset: number,
  ) => void;
  /**
   * Checks the tag at the end of `ciphertext` and only then writes the plaintext to `out` from `outOffset`
   * (ciphertext length − tag length bytes). Returns `false`, with `out` untouched, when the tag is wrong or
   * `ciphertext` is shorter than a tag. In-place use as for {@link seal}.
   */
  readonly open: (
    nonce: Uint8Array,
    additionalData: Uint8Array,
    ciphertext: Uint8Array,
    out: Uint8Array,
    outOffset: number,
  ) => boolean;
}

/**
 * AES-CBC (NIST SP 800-38A §6.2) on whole blocks of 16 bytes, without padding: TLS 1.2 and PKCS #5 pad differently. An
 * initialization vector of another length than 16 bytes, or a part of a block, is a RangeError.
 */
export interface CbcKey {
  readonly encrypt: (iv: Uint8Array, plaintext: Uint8Array) => Uint8Array;
  readonly decrypt: (iv: Uint8Array, ciphertext: Uint8Array) => Uint8Array;
}

export type GroupName = ClassicalName | HybridName;

/** Diffie-Hellman of one kind or the other. */
export type ClassicalName = 'x25519' | 'x448' | CurveName | FfdheName;

/** The groups of RFC 7919. */
export type FfdheName = 'ffdhe2048' | 'ffdhe3072' | 'ffdhe4096' | 'ffdhe6144' | 'ffdhe8192';

/** ECDH and ML-KEM together (draft-ietf-tls-ecdhe-mlkem), under the names of the IANA registry. */
export type HybridName = 'X25519MLKEM768' | 'SecP256r1MLKEM768' | 'SecP384r1MLKEM1024';

/**
 * A key exchange in the shape of a KEM, so that Diffie-Hellman and hybrids look the same: the initiator generates,
 * the responder encapsulates to the initiator's share, the initiator decapsulates the responder's share.
 * All byte strings are exactly those of a TLS 1.3 KeyShareEntry. Entropy of the wrong length is a RangeError.
 */
export interface KeyExchangeGroup {
  readonly name: GroupName;
  /** Bytes of the initiator's (client's) share. */
  readonly initiatorShareLength: number;
  /** Bytes of the responder's (server's) share. */
  readonly responderShareLength: number;
  readonly generateEntropyLength: number;
  readonly encapsulateEntropyLength: number;
  /**
   * The private key is for {@link decapsulate} alone: RFC 7748's bytes, a big-endian scalar, an exponent, ML-KEM's
   * seed.
   */
  readonly generate: (entropy: Uint8Array) => { readonly privateKey: Secret; readonly share: Uint8Array };
  /**
   * Refuses a share of the wrong length, off the curve, of low order, outside 1 < y < p−1 for a finite field, or with
   * an invalid ML-KEM encapsulation key.
   */
  readonly encapsulate: (
    initiatorShare: Uint8Array,
    entropy: Uint8Array,
  ) => Result<{ readonly share: Uint8Array; readonly sharedSecret: Secret }, KeyExchangeError>;
  readonly decapsulate: (privateKey: Secret, responderShare: Uint8Array) => Result<Secret, KeyExchangeError>;
}

export type KeyExchangeError =
  | { readonly kind: 'wrong-length'; readonly expected: number; readonly found: number }
  | { readonly kind: 'invalid-share'; readonly detail: string };

/**
 * How a signature is made. For ECDSA the curve is the key's: X.509 lets any hash go with any curve, and TLS 1.3's
 * tighter rule is checked where TLS 1.3 is spoken. For PSS the mask generation hash is `hash` too.
 */
export type SignatureAlgorithm =
  | { readonly kind: 'rsa-pkcs1'; readonly hash: SignatureHash }
  | { readonly kind: 'rsa-pss'; readonly hash: SignatureHash; readonly saltLength: number }
  | { readonly kind: 'ecdsa'; readonly hash: SignatureHash }
  | { readonly kind: EdwardsName }
  | { readonly kind: MlDsaName };

/** EdDSA (RFC 8032), pure and with an empty context. */
export type EdwardsName = 'ed25519' | 'ed448';

/** ML-DSA (FIPS 204), pure and with an empty context. */
export type MlDsaName = 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87';

/** SHA-1 and MD5 are absent on purpose (RFC 9155, SLOTH). */
export type SignatureHash = 'sha256' | 'sha384' | 'sha512';

export type CurveName = 'secp256r1' | 'secp384r1' | 'secp521r1';

/** A checked public key. Only {@link CryptoProvider.publicKey} and {@link CryptoProvider.privateKey} make one. */
export type PublicKey = PublicKeyInput & { readonly [checkedKey]: true };

/** A checked private key with its public half. Only the provider makes one. */
export type PrivateKey = PrivateKeyInput & { readonly public: PublicKey; readonly [checkedKey]: true };

declare const checkedKey: unique symbol;

export type PublicKeyInput =
  | { readonly kind: 'rsa'; readonly modulus: bigint; readonly publicExponent: bigint }
  /** `point` is SEC 1's uncompressed form, 04 ‖ x ‖ y. */
  | { readonly kind: 'ec'; readonly curve: CurveName; readonly point: Uint8Array }
  /** RFC 8032: 32 and 57 bytes. */
  | { readonly kind: EdwardsName; readonly bytes: Uint8Array }
  /** FIPS 204's pk: 1312, 1952 and 2592 bytes. */
  | { readonly kind: MlDsaName; readonly bytes: Uint8Array };

export type PrivateKeyInput =
  /** The names are those of RFC 8017's RSAPrivateKey. */
  | {
      readonly kind: 'rsa';
      readonly modulus: bigint;
      readonly publicExponent: bigint;
      readonly privateExponent: bigint;
      readonly prime1: bigint;
      readonly prime2: bigint;
      readonly exponent1: bigint;
      readonly exponent2: bigint;
      readonly coefficient: bigint;
    }
  /** `scalar` is big-endian, exactly as long as the curve's order (SEC 1's privateKey). */
  | { readonly kind: 'ec'; readonly curve: CurveName; readonly scalar: Secret }
  /** RFC 8032's seed of 32 and 57 bytes. */
  | { readonly kind: EdwardsName; readonly seed: Secret }
  /** FIPS 204's ξ of 32 bytes. */
  | { readonly kind: MlDsaName; readonly seed: Secret };

export type RsaPublicKey = Extract<PublicKey, { readonly kind: 'rsa' }>;

export type RsaPrivateKey = Extract<PrivateKey, { readonly kind: 'rsa' }>;

/**
 * `entropy` is {@link SIGNING_ENTROPY_LENGTH} fresh random bytes: for padding where one encrypts, for blinding where
 * one decrypts.
 */
export interface RsaEncryption {
  /** RSAES-PKCS1-v1_5 (RFC 8017 §7.2.1): a message of at most the modulus's bytes less 11. */
  readonly encryptPkcs1: (
    key: RsaPublicKey,
    message: Uint8Array,
    entropy: Uint8Array,
  ) => Result<Uint8Array, RsaEncryptionError>;
  /**
   * RSAES-PKCS1-v1_5 decryption in the only form that is safe to offer: the message, if the ciphertext holds one that
   * is exactly as long as `substitute`, else a copy of `substitute`, which the caller draws at random before. One
   * cannot tell which, and must not try: go on with the result, and let the next check of the protocol fail (RFC 5246
   * §7.4.7.1). A substitute longer than any message is a RangeError.
   */
  readonly decryptPkcs1: (
    key: RsaPrivateKey,
    ciphertext: Uint8Array,
    substitute: Uint8Array,
    entropy: Uint8Array,
  ) => Secret;
  /**
   * RSAES-OAEP (RFC 8017 §7.1.1), MGF1 with the same hash: a message of at most the modulus's bytes less 2 and two
   * digests.
   */
  readonly encryptOaep: (
    key: RsaPublicKey,
    hash: HashName,
    label: Uint8Array,
    message: Uint8Array,
    entropy: Uint8Array,
  ) => Result<Uint8Array, RsaEncryptionError>;
  /** RSAES-OAEP decryption (RFC 8017 §7.1.2). There is one error, whatever is wrong. */
  readonly decryptOaep: (
    key: RsaPrivateKey,
    hash: HashName,
    label: Uint8Array,
    ciphertext: Uint8Array,
    entropy: Uint8Array,
  ) => Result<Secret, { readonly kind: 'decryption-failed' }>;
}

/** `limit` is the longest message this key and scheme can take. */
export type RsaEncryptionError = { readonly kind: 'message-too-long'; readonly limit: number };

export type GeneratedKeyKind =
  | { readonly kind: 'rsa'; readonly bits: 2048 | 3072 | 4096 }
  | { readonly kind: 'ec'; readonly curve: CurveName }
  | { readonly kind: EdwardsName }
  | { readonly kind: MlDsaName };

export type KeyError = { readonly kind: 'invalid-key'; readonly detail: string };

export type SignError =
  /** The algorithm does not go with this kind of key, or the key is too small for hash and salt. */
  | { readonly kind: 'unsuitable-key'; readonly detail: string }
  /** An RSA result did not verify under the public key, so it was withheld (CRT fault attack). */
  | { readonly kind: 'fault' };
