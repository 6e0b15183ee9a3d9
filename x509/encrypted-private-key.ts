import { any, decode, encode, octetString, type Result, sequence } from '../asn1/index.ts';
import type { CryptoProvider, PrivateKey } from '../nocrypto/index.ts';
import { algorithmIdentifier } from './algorithm.ts';
import {
  malformed,
  type PasswordContext,
  type PasswordError,
  passwordContext,
  passwordForms,
  wrongPassword,
} from './password.ts';
import { decryptWithPassword, type Pbes2Key, type Pbes2Options, pbes2Key } from './pbe.ts';
import { decodePem, describePemError } from './pem.ts';
import { decodePrivateKey, encodePrivateKey } from './private-key.ts';
import type { KeyError } from './public-key.ts';

export interface PasswordLimits {
  /** In place of `PASSWORD_MAXIMUM_ITERATIONS`; never higher. */
  readonly maximumIterations?: number;
}

/**
 * Reads an encrypted private key (RFC 5958 §3), as DER bytes or as PEM text, of which the first block ENCRYPTED PRIVATE KEY
 * counts. Under PBES2: AES, DES, triple DES and RC2 in CBC mode, with keys by PBKDF2 or scrypt. Older ones: PBES1 and the
 * schemes of PKCS #12 (RFC 7292 appendix C). The password's text is taken as it is, not normalized.
 */
export function decryptPrivateKey(
  crypto: CryptoProvider,
  input: Uint8Array | string,
  password: string,
  limits: PasswordLimits = {},
): Result<PrivateKey, PasswordError | KeyError> {
  const context = passwordContext(crypto, password, limits.maximumIterations);
  if (typeof input !== 'string') {
    return openPrivateKey(context, input);
  }
  const blocks = decodePem(input);
  if (!blocks.ok) {
    return malformed(describePemError(blocks.error));
  }
  const block = blocks.value.find(({ label }) => label === 'ENCRYPTED PRIVATE KEY');
  return block === undefined
    ? malformed('a block ENCRYPTED PRIVATE KEY was expected')
    : openPrivateKey(context, block.bytes);
}

export interface EncryptionOptions extends Pbes2Options {
  readonly password: string;
  /** 32 fresh random bytes. Salt and initialization vector are derived from them. */
  readonly entropy: Uint8Array;
}

/**
 * The DER of an EncryptedPrivateKeyInfo (RFC 5958 §3) under PBES2 with PBKDF2 and AES in CBC mode. Encode as PEM under
 * `ENCRYPTED PRIVATE KEY`. It hides the key, and does not show when somebody has altered it.
 */
export function encryptPrivateKey(
  crypto: CryptoProvider,
  key: PrivateKey,
  { password, entropy, ...options }: EncryptionOptions,
): Uint8Array {
  const octets = (label: string) =>
    crypto.hmac('sha256', entropy).mac(new TextEncoder().encode(label)).subarray(0, 16);
  const encryptionKey = pbes2Key(crypto, passwordForms(password), octets('salt'), options);
  return sealPrivateKey(encryptionKey, key, octets('initialization vector'));
}

/** {@link decryptPrivateKey} for DER within a context, as PKCS #12 has it. */
export function openPrivateKey(
  context: PasswordContext,
  der: Uint8Array,
): Result<PrivateKey, PasswordError | KeyError> {
  const decoded = decode(encryptedPrivateKeyInfo, der);
  if (!decoded.ok) {
    return malformed('an EncryptedPrivateKeyInfo was expected');
  }
  const { encryptionAlgorithm, encryptedData } = decoded.value;
  const decrypted = decryptWithPassword(context, encryptionAlgorithm, encryptedData);
  if (!decrypted.ok) {
    return decrypted;
  }
  // What is no element at all was not decrypted with the right key.
  return decode(any, decrypted.value).ok
    ? decodePrivateKey(context.crypto, decrypted.value)
    : wrongPassword();
}

/** {@link encryptPrivateKey} with a key that is derived already. */
export function sealPrivateKey(encryptionKey: Pbes2Key, key: PrivateKey, iv: Uint8Array): Uint8Array {
  const { identifier, ciphertext } = encryptionKey.encrypt(encodePrivateKey(key), iv);
  return encode(encryptedPrivateKeyInfo, { encryptionAlgorithm: identifier, encryptedData: ciphertext });
}

/*
 * RFC 5958 §3:
 *
 *   EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING }
 */
const encryptedPrivateKeyInfo = sequence({
  encryptionAlgorithm: algorithmIdentifier,
  encryptedData: octetString,
});
