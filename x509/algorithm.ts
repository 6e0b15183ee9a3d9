import {
  any,
  decode,
  encode,
  err,
  explicit,
  type Infer,
  nul,
  oid,
  ok,
  optional,
  type Result,
  sequence,
  smallInteger,
  withDefault,
} from '../asn1/index.ts';
import type { EdwardsName, MlDsaName, SignatureAlgorithm, SignatureHash } from '../nocrypto/index.ts';
import { sameBytes } from './bytes.ts';
import { algorithm } from './oid.ts';

/*
 * RFC 5280 §4.1.1.2:
 *
 *   AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY algorithm OPTIONAL }
 *
 * The parameters stay encoded, because NULL and absence mean the same and are different bytes.
 */
export const algorithmIdentifier = sequence({ algorithm: oid, parameters: optional(any) });

export type AlgorithmIdentifier = Infer<typeof algorithmIdentifier>;

export interface AlgorithmError {
  readonly kind: 'unsupported-algorithm';
  readonly expected: string;
  readonly found: string;
}

/** What RSASSA-PSS-params say that can be used: one hash for message and mask, and the salt's length in octets. */
export interface PssParameters {
  readonly hash: SignatureHash;
  readonly saltLength: number;
}

export function sameAlgorithm(a: AlgorithmIdentifier, b: AlgorithmIdentifier): boolean {
  return a.algorithm === b.algorithm && sameParameters(a.parameters, b.parameters);
}

/**
 * How a signature under this identifier is verified. Anything with SHA-1 or MD5, with two hashes in PSS, or of an
 * unknown kind is an error.
 */
export function signatureAlgorithm(
  identifier: AlgorithmIdentifier,
): Result<SignatureAlgorithm, AlgorithmError> {
  const { algorithm: type, parameters } = identifier;
  const pkcs1Hash = RSA_PKCS1.get(type);
  if (pkcs1Hash !== undefined) {
    // RFC 4055 §5: the parameters are NULL, and readers accept their absence.
    return parameters === undefined || sameBytes(parameters, NULL)
      ? ok({ kind: 'rsa-pkcs1', hash: pkcs1Hash })
      : unsupported('NULL parameters', `other parameters in ${describeAlgorithm(identifier)}`);
  }
  const ecdsaHash = ECDSA.get(type);
  const pureKind = PURE_KINDS.get(type);
  if (ecdsaHash !== undefined || pureKind !== undefined) {
    // RFC 5758 §3.2, RFC 8410 §3 and RFC 9881 §2: the parameters are absent.
    if (parameters !== undefined) {
      return unsupported('no parameters', `parameters in ${describeAlgorithm(identifier)}`);
    }
    if (ecdsaHash !== undefined) return ok({ kind: 'ecdsa', hash: ecdsaHash });
    if (pureKind !== undefined) return ok({ kind: pureKind });
  }
  if (type === algorithm.rsassaPss) {
    const parsed = pssParameters(parameters);
    return parsed.ok ? ok({ kind: 'rsa-pss', ...parsed.value }) : parsed;
  }
  return unsupported(
    'RSA or ECDSA with SHA-256, SHA-384 or SHA-512, EdDSA or ML-DSA',
    describeAlgorithm(identifier),
  );
}

/** The identifier to write for a signature made so. */
export function signatureAlgorithmIdentifier(signature: SignatureAlgorithm): AlgorithmIdentifier {
  switch (signature.kind) {
    case 'rsa-pkcs1':
      return { algorithm: identifierOf(RSA_PKCS1, signature.hash), parameters: NULL };
    case 'rsa-pss':
      return { algorithm: algorithm.rsassaPss, parameters: encodePssParameters(signature) };
    case 'ecdsa':
      return { algorithm: identifierOf(ECDSA, signature.hash), parameters: undefined };
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return { algorithm: algorithm[signature.kind], parameters: undefined };
  }
}

/**
 * RSASSA-PSS-params (RFC 4055 §3.1). Absent parameters and absent fields mean SHA-1, which is refused; the mask must
 * use the message's hash (RFC 8446 §4.2.3 asks the same), the trailer must be 0xBC.
 */
export function pssParameters(encoded: Uint8Array | undefined): Result<PssParameters, AlgorithmError> {
  const decoded = encoded === undefined ? undefined : decode(rsassaPssParams, encoded);
  if (decoded?.ok !== true) {
    return unsupported(
      'RSASSA-PSS parameters that name SHA-256, SHA-384 or SHA-512',
      'none or malformed ones',
    );
  }
  const { hashAlgorithm, maskGenAlgorithm, saltLength, trailerField } = decoded.value;
  const hash = signatureHash(hashAlgorithm);
  const mask = maskGenAlgorithm?.algorithm === algorithm.mgf1 ? maskGenAlgorithm.parameters : undefined;
  if (hash === undefined || signatureHash(mask) !== hash || trailerField !== 1) {
    return unsupported('RSASSA-PSS with one of SHA-256, SHA-384 and SHA-512 throughout', 'other parameters');
  }
  return ok({ hash, saltLength });
}

/** The DER of RSASSA-PSS-params for a hash and a salt length in octets. */
export function encodePssParameters({ hash, saltLength }: PssParameters): Uint8Array {
  const hashAlgorithm = { algorithm: identifierOf(HASHES, hash), parameters: NULL };
  return encode(rsassaPssParams, {
    hashAlgorithm,
    maskGenAlgorithm: { algorithm: algorithm.mgf1, parameters: hashAlgorithm },
    saltLength,
    trailerField: 1,
  });
}

/** The standard's name of an algorithm, or its dotted identifier. */
export function describeAlgorithm({ algorithm: type }: AlgorithmIdentifier): string {
  return NAMES.get(type) ?? type;
}

/** DER of NULL. */
export const NULL: Uint8Array = encode(nul, null);

const RSA_PKCS1: ReadonlyMap<string, SignatureHash> = new Map([
  [algorithm.sha256WithRSAEncryption, 'sha256'],
  [algorithm.sha384WithRSAEncryption, 'sha384'],
  [algorithm.sha512WithRSAEncryption, 'sha512'],
]);

const ECDSA: ReadonlyMap<string, SignatureHash> = new Map([
  [algorithm.ecdsaWithSHA256, 'sha256'],
  [algorithm.ecdsaWithSHA384, 'sha384'],
  [algorithm.ecdsaWithSHA512, 'sha512'],
]);

/** Algorithms whose one identifier, without parameters, names both keys and signatures (RFC 8410, RFC 9881). */
export const PURE_KINDS: ReadonlyMap<string, EdwardsName | MlDsaName> = new Map(
  (['ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const).map((kind) => [
    algorithm[kind],
    kind,
  ]),
);

const HASHES: ReadonlyMap<string, SignatureHash> = new Map([
  [algorithm.sha256, 'sha256'],
  [algorithm.sha384, 'sha384'],
  [algorithm.sha512, 'sha512'],
]);

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(algorithm).map(([name, type]) => [type, name]),
);

/** RFC 4055 §3.1. The hashes that the defaults stand for are SHA-1, so they are read as absence. */
const rsassaPssParams = sequence({
  hashAlgorithm: optional(explicit(0, algorithmIdentifier)),
  maskGenAlgorithm: optional(explicit(1, sequence({ algorithm: oid, parameters: algorithmIdentifier }))),
  saltLength: withDefault(explicit(2, smallInteger(0)), 20),
  trailerField: withDefault(explicit(3, smallInteger(0)), 1),
});

/** RFC 4055 §2.1: parameters of a hash are NULL or absent. */
function signatureHash(identifier: AlgorithmIdentifier | undefined): SignatureHash | undefined {
  const { algorithm: type, parameters } = identifier ?? {};
  const plain = parameters === undefined || sameBytes(parameters, NULL);
  return plain && type !== undefined ? HASHES.get(type) : undefined;
}

function identifierOf(identifiers: ReadonlyMap<string, SignatureHash>, hash: SignatureHash): string {
  for (const [type, name] of identifiers) {
    if (name === hash) {
      return type;
    }
  }
  throw new RangeError(`no identifier for ${hash}`);
}

function sameParameters(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}

function unsupported(expected: string, found: string): Result<never, AlgorithmError> {
  return err({ kind: 'unsupported-algorithm', expected, found });
}
