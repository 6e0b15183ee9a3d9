import {
  decode,
  encode,
  integer,
  octetString,
  ok,
  optional,
  type Result,
  sequence,
  smallInteger,
} from '../asn1/index.ts';
import { type CryptoProvider, legacy, padPkcs7, type Secret, secret, unpadPkcs7 } from '../nocrypto/index.ts';
import { type AlgorithmIdentifier, algorithmIdentifier, NULL } from './algorithm.ts';
import { encryption } from './oid.ts';
import {
  malformed,
  type Password,
  type PasswordContext,
  type PasswordError,
  unsupported,
  wrongPassword,
} from './password.ts';
import { deriveKey, derivePbkdf1, derivePkcs12, type PrfHash, pbkdf2Identifier } from './password-kdf.ts';

/* Encryption by password: PBES2 (RFC 8018 §6.2) both ways; PBES1 (§6.1) and the schemes of PKCS #12 to read only. */

/**
 * What was encrypted, if the password is right: in one of some two hundred cases a wrong one gives octets that are nothing.
 * None of these schemes shows that the ciphertext is what was made.
 */
export function decryptWithPassword(
  context: PasswordContext,
  identifier: AlgorithmIdentifier,
  ciphertext: Uint8Array,
): Result<Secret, PasswordError> {
  const cipher = cipherOf(context, identifier);
  if (!cipher.ok) {
    return cipher;
  }
  const { blockLength, decrypt } = cipher.value;
  if (ciphertext.length % blockLength !== 0) {
    return malformed(`a ciphertext of whole blocks was expected, found ${ciphertext.length} octets`);
  }
  const padded = decrypt(ciphertext);
  const plaintext = blockLength === 1 ? padded : unpadPkcs7(padded, blockLength);
  return plaintext === undefined ? wrongPassword() : ok(secret(plaintext));
}

export type Pbes2Cipher = 'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc';

export interface Pbes2Options {
  /** Default `aes-256-cbc`. */
  readonly cipher?: Pbes2Cipher;
  /** The hash of PBKDF2's HMAC. Default `sha256`. */
  readonly prf?: PrfHash;
  /**
   * How many times whoever guesses a password must hash, and whoever knows it. Default {@link DEFAULT_ITERATIONS}: the portable
   * provider then takes more than a second. Fewer will do for a password that is random and long.
   */
  readonly iterations?: number;
}

/** Source: OWASP Password Storage Cheat Sheet, PBKDF2 with HMAC-SHA-256. */
export const DEFAULT_ITERATIONS = 600_000;

/** A key derived from a password, which encrypts several things, each under an IV of its own. */
export interface Pbes2Key {
  /** The IV is 16 fresh random octets. */
  readonly encrypt: (plaintext: Uint8Array, iv: Uint8Array) => Encrypted;
}

interface Encrypted {
  readonly identifier: AlgorithmIdentifier;
  readonly ciphertext: Uint8Array;
}

/** The salt is 16 fresh random octets. */
export function pbes2Key(
  crypto: CryptoProvider,
  { utf8 }: Password,
  salt: Uint8Array,
  { cipher = 'aes-256-cbc', prf = 'sha256', iterations = DEFAULT_ITERATIONS }: Pbes2Options,
): Pbes2Key {
  const { algorithm, keyLength } = AES[cipher];
  const keyDerivationFunc = pbkdf2Identifier(salt, iterations, prf);
  const key = crypto.aesCbc(crypto.pbkdf2(prf, utf8, salt, iterations, keyLength));
  return {
    encrypt: (plaintext, iv) => {
      const encryptionScheme = { algorithm, parameters: encode(octetString, iv) };
      const parameters = encode(pbes2Params, { keyDerivationFunc, encryptionScheme });
      const identifier = { algorithm: encryption.pbes2, parameters };
      return { identifier, ciphertext: key.encrypt(iv, padPkcs7(plaintext)) };
    },
  };
}

/*
 * RFC 8018 appendix A.3 and A.4, RFC 7292 appendix C (pkcs-12PbeParams):
 *
 *   PBEParameter ::= SEQUENCE { salt OCTET STRING, iterationCount INTEGER }
 *   PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme AlgorithmIdentifier }
 */
const pbeParameter = sequence({ salt: octetString, iterationCount: smallInteger(1) });

const pbes2Params = sequence({
  keyDerivationFunc: algorithmIdentifier,
  encryptionScheme: algorithmIdentifier,
});

/*
 * RFC 8018 appendix B.2.3:
 *
 *   RC2-CBC-Parameter ::= SEQUENCE { rc2ParameterVersion INTEGER OPTIONAL, iv OCTET STRING (SIZE(8)) }
 */
const rc2CbcParameter = sequence({ rc2ParameterVersion: optional(integer), iv: octetString });

/** A cipher under its key. Ciphertexts are whole blocks; padding is left on. A stream has blocks of one octet. */
interface Cipher {
  readonly blockLength: number;
  readonly decrypt: (ciphertext: Uint8Array) => Uint8Array;
}

function cipherOf(
  context: PasswordContext,
  { algorithm, parameters = NULL }: AlgorithmIdentifier,
): Result<Cipher, PasswordError> {
  if (algorithm === encryption.pbes2) {
    return pbes2Cipher(context, parameters);
  }
  const pbes1 = PBES1.get(algorithm);
  const pkcs12 = PKCS12.get(algorithm);
  if (pbes1 === undefined && pkcs12 === undefined) {
    return unsupported(`encryption ${algorithm}`);
  }
  const decoded = decode(pbeParameter, parameters);
  if (!decoded.ok) {
    return malformed('a salt and a count of iterations were expected');
  }
  const { salt, iterationCount } = decoded.value;
  if (pbes1 !== undefined) {
    const { hash, cipher } = pbes1;
    const digest = hash === 'md5' ? legacy.md5 : context.crypto.hashes.sha1.digest;
    const derived = derivePbkdf1(context, digest, salt, iterationCount);
    return derived.ok ? ok(cipher(derived.value.subarray(0, 8), derived.value.subarray(8))) : derived;
  }
  return pkcs12 === undefined
    ? unsupported(`encryption ${algorithm}`)
    : pkcs12Cipher(context, pkcs12, salt, iterationCount);
}

function pbes2Cipher(context: PasswordContext, parameters: Uint8Array): Result<Cipher, PasswordError> {
  const decoded = decode(pbes2Params, parameters);
  if (!decoded.ok) {
    return malformed('PBES2 parameters were expected');
  }
  const { keyDerivationFunc, encryptionScheme } = decoded.value;
  const scheme = schemeOf(context.crypto, encryptionScheme);
  if (!scheme.ok) {
    return scheme;
  }
  const key = deriveKey(context, keyDerivationFunc, scheme.value.keyLength);
  return key.ok ? ok(scheme.value.cipher(key.value)) : key;
}

/** A cipher that only lacks its key. Without a key length, the key derivation must state one. */
interface Scheme {
  readonly keyLength: number | undefined;
  readonly cipher: (key: Uint8Array) => Cipher;
}

/** RFC 8018 appendix B.2. */
function schemeOf(
  crypto: CryptoProvider,
  { algorithm, parameters = NULL }: AlgorithmIdentifier,
): Result<Scheme, PasswordError> {
  const aes = Object.values(AES).find((candidate) => candidate.algorithm === algorithm);
  if (algorithm === encryption.rc2CBC) {
    return rc2Scheme(parameters);
  }
  const keyLength = aes?.keyLength ?? DES_KEY_LENGTHS.get(algorithm);
  if (keyLength === undefined) {
    return unsupported(`cipher ${algorithm}`);
  }
  const iv = decode(octetString, parameters);
  const blockLength = aes === undefined ? 8 : 16;
  if (!iv.ok || iv.value.length !== blockLength) {
    return malformed(`an initialization vector of ${blockLength} octets was expected`);
  }
  const { value } = iv;
  return ok({
    keyLength,
    cipher: (key) =>
      aes === undefined
        ? des(key, value)
        : { blockLength, decrypt: (ciphertext) => crypto.aesCbc(key).decrypt(value, ciphertext) },
  });
}

/** RFC 8018 appendix B.2.3: below 256, the version is a code for the effective bits; its absence means 32 of them. */
function rc2Scheme(parameters: Uint8Array): Result<Scheme, PasswordError> {
  const decoded = decode(rc2CbcParameter, parameters);
  if (!decoded.ok || decoded.value.iv.length !== 8) {
    return malformed('RC2 with an initialization vector of 8 octets was expected');
  }
  const { rc2ParameterVersion, iv } = decoded.value;
  const effectiveBits = RC2_VERSIONS.get(rc2ParameterVersion);
  return effectiveBits === undefined
    ? unsupported(`RC2 of version ${rc2ParameterVersion}`)
    : ok({ keyLength: undefined, cipher: (key) => rc2(key, iv, effectiveBits) });
}

function pkcs12Cipher(
  context: PasswordContext,
  { keyLength, ivLength, cipher }: Pkcs12Scheme,
  salt: Uint8Array,
  iterations: number,
): Result<Cipher, PasswordError> {
  const { sha1 } = context.crypto.hashes;
  const key = derivePkcs12(context, sha1, 'key', salt, iterations, keyLength);
  if (!key.ok || ivLength === 0) {
    return key.ok ? ok(cipher(key.value, new Uint8Array(0))) : key;
  }
  const iv = derivePkcs12(context, sha1, 'iv', salt, iterations, ivLength);
  return iv.ok ? ok(cipher(key.value, iv.value)) : iv;
}

type KeyedCipher = (key: Uint8Array, iv: Uint8Array) => Cipher;

const des: KeyedCipher = (key, iv) => ({
  blockLength: 8,
  decrypt: (ciphertext) => legacy.desCbcDecrypt(key, iv, ciphertext),
});

const rc2 = (key: Uint8Array, iv: Uint8Array, effectiveBits: number): Cipher => ({
  blockLength: 8,
  decrypt: (ciphertext) => legacy.rc2CbcDecrypt(key, effectiveBits, iv, ciphertext),
});

const rc4: KeyedCipher = (key) => ({
  blockLength: 1,
  decrypt: (ciphertext) => legacy.rc4(key, ciphertext),
});

const AES: Readonly<Record<Pbes2Cipher, { readonly algorithm: string; readonly keyLength: number }>> = {
  'aes-128-cbc': { algorithm: encryption.aes128CBC, keyLength: 16 },
  'aes-192-cbc': { algorithm: encryption.aes192CBC, keyLength: 24 },
  'aes-256-cbc': { algorithm: encryption.aes256CBC, keyLength: 32 },
};

const DES_KEY_LENGTHS: ReadonlyMap<string, number> = new Map([
  [encryption.desCBC, 8],
  [encryption.desEDE3CBC, 24],
]);

const RC2_VERSIONS: ReadonlyMap<bigint | undefined, number> = new Map([
  [undefined, 32],
  [160n, 40],
  [120n, 64],
  [58n, 128],
]);

/** RFC 8018 appendix A.3. Schemes with MD2 are left out. */
const PBES1: ReadonlyMap<string, { readonly hash: 'md5' | 'sha1'; readonly cipher: KeyedCipher }> = new Map([
  [encryption.pbeWithMD5AndDES_CBC, { hash: 'md5', cipher: des }],
  [encryption.pbeWithMD5AndRC2_CBC, { hash: 'md5', cipher: (key, iv) => rc2(key, iv, 64) }],
  [encryption.pbeWithSHA1AndDES_CBC, { hash: 'sha1', cipher: des }],
  [encryption.pbeWithSHA1AndRC2_CBC, { hash: 'sha1', cipher: (key, iv) => rc2(key, iv, 64) }],
]);

interface Pkcs12Scheme {
  readonly keyLength: number;
  readonly ivLength: number;
  readonly cipher: KeyedCipher;
}

/** RFC 7292 appendix C. */
const PKCS12: ReadonlyMap<string, Pkcs12Scheme> = new Map([
  [encryption.pbeWithSHAAnd128BitRC4, { keyLength: 16, ivLength: 0, cipher: rc4 }],
  [encryption.pbeWithSHAAnd40BitRC4, { keyLength: 5, ivLength: 0, cipher: rc4 }],
  [encryption.pbeWithSHAAnd3KeyTripleDES_CBC, { keyLength: 24, ivLength: 8, cipher: des }],
  [encryption.pbeWithSHAAnd2KeyTripleDES_CBC, { keyLength: 16, ivLength: 8, cipher: des }],
  [
    encryption.pbeWithSHAAnd128BitRC2_CBC,
    { keyLength: 16, ivLength: 8, cipher: (key, iv) => rc2(key, iv, 128) },
  ],
  [
    encryption.pbeWithSHAAnd40BitRC2_CBC,
    { keyLength: 5, ivLength: 8, cipher: (key, iv) => rc2(key, iv, 40) },
  ],
]);
