import {
  choice,
  decode,
  encode,
  octetString,
  ok,
  optional,
  type Result,
  sequence,
  smallInteger,
} from '../asn1/index.ts';
import { type Hash, type Secret, scrypt, secret } from '../nocrypto/index.ts';
import { type AlgorithmIdentifier, algorithmIdentifier, NULL } from './algorithm.ts';
import { concat } from './bytes.ts';
import { SCRYPT_MAXIMUM_WORK } from './limits.ts';
import { encryption } from './oid.ts';
import {
  malformed,
  type PasswordContext,
  type PasswordError,
  spend,
  tooCostly,
  unsupported,
} from './password.ts';

/* How a password becomes a key. Whatever the numbers in a file say, it costs no more than the context's budget. */

/** A hash that may stand under PBKDF2's HMAC. */
export type PrfHash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/**
 * The key that an identifier of PBKDF2 (RFC 8018 §5.2) or scrypt (RFC 7914) describes: of `length` octets, which its own
 * keyLength, if it has one, must not contradict. Without a length the keyLength must be there.
 */
export function deriveKey(
  context: PasswordContext,
  { algorithm, parameters = NULL }: AlgorithmIdentifier,
  length: number | undefined,
): Result<Secret, PasswordError> {
  switch (algorithm) {
    case encryption.pbkdf2:
      return derivePbkdf2(context, parameters, length);
    case encryption.scrypt:
      return deriveScrypt(context, parameters, length);
    default:
      return unsupported(`key derivation ${algorithm}`);
  }
}

/** The identifier of PBKDF2 with these parameters. */
export function pbkdf2Identifier(salt: Uint8Array, iterations: number, prf: PrfHash): AlgorithmIdentifier {
  const parameters = encode(pbkdf2Params, {
    salt: { kind: 'specified', value: salt },
    iterationCount: iterations,
    keyLength: undefined,
    prf: prf === 'sha1' ? undefined : { algorithm: HMACS[prf], parameters: NULL },
  });
  return { algorithm: encryption.pbkdf2, parameters };
}

/** The hash of the HMAC that an identifier names (RFC 8018 appendix B.1). */
export function hashOfHmac({ algorithm }: AlgorithmIdentifier): PrfHash | undefined {
  return PRF_HASHES.find((hash) => HMACS[hash] === algorithm);
}

/** PBKDF1 (RFC 8018 §5.1): 16 octets, as PBES1 wants them. */
export function derivePbkdf1(
  context: PasswordContext,
  digest: (data: Uint8Array) => Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Result<Secret, PasswordError> {
  const tooMuch = spend(context, iterations);
  if (tooMuch !== undefined) {
    return tooMuch;
  }
  let octets = concat(context.password.utf8, salt);
  for (let i = 0; i < iterations; i++) {
    octets = digest(octets);
  }
  return ok(secret(octets.subarray(0, 16)));
}

/** What octets derived by PKCS #12's own function are for. */
export type Pkcs12Purpose = 'key' | 'iv' | 'mac';

/** {@link pkcs12Kdf} within the budget of a context. */
export function derivePkcs12(
  context: PasswordContext,
  hash: Hash,
  purpose: Pkcs12Purpose,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Result<Secret, PasswordError> {
  const rounds = iterations * Math.ceil(length / hash.outputLength);
  return (
    spend(context, rounds) ?? ok(pkcs12Kdf(hash, purpose, context.password.bmp, salt, iterations, length))
  );
}

/** The key derivation of PKCS #12 (RFC 7292 appendix B.2), from a password in its form as a BMPString: `length` octets. */
export function pkcs12Kdf(
  { blockLength, outputLength, digest }: Hash,
  purpose: Pkcs12Purpose,
  password: Uint8Array,
  salt: Uint8Array,
  iterations: number,
  length: number,
): Secret {
  // In the standard's letters: D, I = S ‖ P, A and B.
  const diversifier = new Uint8Array(blockLength).fill(PURPOSES[purpose]);
  const input = concat(stretch(salt, blockLength), stretch(password, blockLength));
  const derived = new Uint8Array(length);
  for (let offset = 0; offset < length; offset += outputLength) {
    let output = digest(concat(diversifier, input));
    for (let i = 1; i < iterations; i++) {
      output = digest(output);
    }
    derived.set(output.subarray(0, length - offset), offset);
    addToBlocks(input, stretch(output, blockLength), blockLength);
  }
  return secret(derived);
}

/** Octets. More than any cipher here takes, and any HMAC can make use of. */
const KEY_MAXIMUM_LENGTH = 128;

/*
 * RFC 8018 appendix A.2. The default of prf, HMAC with SHA-1, is read whether or not it is written.
 *
 *   PBKDF2-params ::= SEQUENCE {
 *        salt           CHOICE { specified OCTET STRING, otherSource AlgorithmIdentifier },
 *        iterationCount INTEGER (1..MAX),
 *        keyLength      INTEGER (1..MAX) OPTIONAL,
 *        prf            AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
 */
const pbkdf2Params = sequence({
  salt: choice({ specified: octetString, otherSource: algorithmIdentifier }),
  iterationCount: smallInteger(1),
  keyLength: optional(smallInteger(1, KEY_MAXIMUM_LENGTH)),
  prf: optional(algorithmIdentifier),
});

/*
 * RFC 7914 §7.1:
 *
 *   scrypt-params ::= SEQUENCE {
 *        salt                     OCTET STRING,
 *        costParameter            INTEGER (1..MAX),
 *        blockSize                INTEGER (1..MAX),
 *        parallelizationParameter INTEGER (1..MAX),
 *        keyLength                INTEGER (1..MAX) OPTIONAL }
 */
const scryptParams = sequence({
  salt: octetString,
  costParameter: smallInteger(2),
  blockSize: smallInteger(1),
  parallelizationParameter: smallInteger(1),
  keyLength: optional(smallInteger(1, KEY_MAXIMUM_LENGTH)),
});

/** RFC 7292 appendix B.3. */
const PURPOSES: Readonly<Record<Pkcs12Purpose, number>> = { key: 1, iv: 2, mac: 3 };

const HMACS: Readonly<Record<PrfHash, string>> = {
  sha1: encryption.hmacWithSHA1,
  sha224: encryption.hmacWithSHA224,
  sha256: encryption.hmacWithSHA256,
  sha384: encryption.hmacWithSHA384,
  sha512: encryption.hmacWithSHA512,
};

const PRF_HASHES: readonly PrfHash[] = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

function derivePbkdf2(
  context: PasswordContext,
  parameters: Uint8Array,
  wanted: number | undefined,
): Result<Secret, PasswordError> {
  const decoded = decode(pbkdf2Params, parameters);
  if (!decoded.ok || decoded.value.salt.kind === 'otherSource') {
    return malformed('PBKDF2 with a salt and a count of iterations was expected');
  }
  const { salt, iterationCount, keyLength, prf } = decoded.value;
  const hash = prf === undefined ? 'sha1' : hashOfHmac(prf);
  if (hash === undefined) {
    return unsupported(`PBKDF2 with ${prf?.algorithm}`);
  }
  const length = wanted ?? keyLength;
  if (length === undefined || (keyLength !== undefined && keyLength !== length)) {
    return malformed(`PBKDF2 for ${length ?? 'some'} octets was expected, found ${keyLength ?? 'no length'}`);
  }
  const { crypto, password } = context;
  const blocks = Math.ceil(length / crypto.hashes[hash].outputLength);
  return (
    spend(context, iterationCount * blocks) ??
    ok(crypto.pbkdf2(hash, password.utf8, salt.value, iterationCount, length))
  );
}

function deriveScrypt(
  { password }: PasswordContext,
  parameters: Uint8Array,
  wanted: number | undefined,
): Result<Secret, PasswordError> {
  const decoded = decode(scryptParams, parameters);
  if (!decoded.ok || !Number.isInteger(Math.log2(decoded.value.costParameter))) {
    return malformed('scrypt with a salt and three numbers, the first a power of two, was expected');
  }
  const {
    salt,
    costParameter: cost,
    blockSize,
    parallelizationParameter: parallelization,
    keyLength,
  } = decoded.value;
  const length = wanted ?? keyLength;
  if (length === undefined || (keyLength !== undefined && keyLength !== length)) {
    return malformed(`scrypt for ${length ?? 'some'} octets was expected, found ${keyLength ?? 'no length'}`);
  }
  const work = 128 * cost * blockSize * parallelization;
  return work > SCRYPT_MAXIMUM_WORK
    ? tooCostly(`scrypt through ${work} octets, where ${SCRYPT_MAXIMUM_WORK} are allowed`)
    : ok(scrypt(password.utf8, salt, { cost, blockSize, parallelization }, length));
}

/** Repeats octets until they fill whole blocks; none stay none. */
function stretch(octets: Uint8Array, blockLength: number): Uint8Array {
  const length = blockLength * Math.ceil(octets.length / blockLength);
  return Uint8Array.from({ length }, (_, i) => octets[i % octets.length] ?? 0);
}

/** Adds B + 1 to each block, modulo 2 to the power of its bits. */
function addToBlocks(blocks: Uint8Array, addend: Uint8Array, blockLength: number): void {
  for (let start = 0; start < blocks.length; start += blockLength) {
    let carry = 1;
    for (let i = blockLength - 1; i >= 0; i--) {
      carry += (blocks[start + i] ?? 0) + (addend[i] ?? 0);
      blocks[start + i] = carry & 0xff;
      carry >>= 8;
    }
  }
}
