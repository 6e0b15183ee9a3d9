import {
  bitStringOctets,
  decode,
  describeError,
  encode,
  err,
  type Infer,
  integer,
  oid,
  ok,
  type Result,
  raw,
  sequence,
} from '../asn1/index.ts';
import type { CryptoProvider, CurveName, PublicKey } from '../nocrypto/index.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  describeAlgorithm,
  encodePssParameters,
  NULL,
  type PssParameters,
  PURE_KINDS,
  pssParameters,
} from './algorithm.ts';
import { sameBytes } from './bytes.ts';
import { RSA_MAXIMUM_BITS, RSA_MINIMUM_BITS } from './limits.ts';
import { algorithm } from './oid.ts';

/*
 * RFC 5280 §4.1.2.7:
 *
 *   SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
 */
export const subjectPublicKeyInfo = raw(
  sequence({ algorithm: algorithmIdentifier, subjectPublicKey: bitStringOctets }),
);

/** `raw` is the exact encoding (what key pins hash), `value` its parts. */
export type SubjectPublicKeyInfo = Infer<typeof subjectPublicKeyInfo>;

/**
 * A public key with what its SubjectPublicKeyInfo says about its use. `rsa-pss` is an RSA key under id-RSASSA-PSS: it may
 * sign with PSS only, and where `parameters` stand, only with that hash and at least that salt (RFC 4055 §3.3).
 */
export type CertifiedKey =
  | { readonly keyType: PublicKey['kind']; readonly key: PublicKey }
  | { readonly keyType: 'rsa-pss'; readonly key: PublicKey; readonly parameters: PssParameters | undefined };

export interface KeyError {
  /**
   * `unsupported-key`: an algorithm or curve nobody here speaks; `weak-key`: too small (or too large to be worth its
   * time); `invalid-key`: malformed, off its curve, or inconsistent.
   */
  readonly kind: 'unsupported-key' | 'weak-key' | 'invalid-key';
  readonly detail: string;
}

/** Reads the DER of a SubjectPublicKeyInfo and checks the key in it. */
export function decodePublicKey(crypto: CryptoProvider, der: Uint8Array): Result<CertifiedKey, KeyError> {
  const decoded = decode(subjectPublicKeyInfo, der);
  return decoded.ok ? certifiedKey(crypto, decoded.value) : invalid(describeError(decoded.error));
}

/** The key of a decoded SubjectPublicKeyInfo, checked by the provider (point on curve, size and form of the modulus). */
export function certifiedKey(
  crypto: CryptoProvider,
  info: SubjectPublicKeyInfo,
): Result<CertifiedKey, KeyError> {
  const { algorithm: identifier, subjectPublicKey } = info.value;
  const { parameters } = identifier;
  switch (identifier.algorithm) {
    case algorithm.rsaEncryption: {
      // RFC 3279 §2.3.1: the parameters MUST be NULL.
      if (parameters === undefined || !sameBytes(parameters, NULL)) {
        return invalid('rsaEncryption with parameters other than NULL');
      }
      const key = rsaKey(crypto, subjectPublicKey);
      return key.ok ? ok({ keyType: 'rsa', key: key.value }) : key;
    }
    case algorithm.rsassaPss: {
      const restriction = parameters === undefined ? ok(undefined) : pssParameters(parameters);
      if (!restriction.ok) {
        return unsupported(`RSASSA-PSS key: expected ${restriction.error.expected}`);
      }
      const key = rsaKey(crypto, subjectPublicKey);
      return key.ok ? ok({ keyType: 'rsa-pss', key: key.value, parameters: restriction.value }) : key;
    }
    case algorithm.ecPublicKey: {
      const curve = namedCurve(parameters);
      if (!curve.ok) {
        return curve;
      }
      const key = checked(crypto.publicKey({ kind: 'ec', curve: curve.value, point: subjectPublicKey }));
      return key.ok ? ok({ keyType: 'ec', key: key.value }) : key;
    }
    default: {
      const kind = PURE_KINDS.get(identifier.algorithm);
      if (kind === undefined) {
        return unsupported(`key algorithm ${describeAlgorithm(identifier)}`);
      }
      if (parameters !== undefined) {
        return invalid(`${describeAlgorithm(identifier)} key with parameters (RFC 8410 §3, RFC 9881 §4)`);
      }
      const key = checked(crypto.publicKey({ kind, bytes: subjectPublicKey }));
      return key.ok ? ok({ keyType: kind, key: key.value }) : key;
    }
  }
}

/**
 * The SubjectPublicKeyInfo of a key (RFC 3279 §2.3.1, RFC 4055 §3.1, RFC 5480 §2.1, RFC 8410 §4). A plain RSA key is
 * written as rsaEncryption.
 */
export function publicKeyInfo(key: PublicKey | CertifiedKey): SubjectPublicKeyInfo {
  const certified = 'keyType' in key ? key : undefined;
  const plain = parts('keyType' in key ? key.key : key);
  const value =
    certified?.keyType === 'rsa-pss' ? { ...plain, algorithm: pssIdentifier(certified.parameters) } : plain;
  return { raw: encode(sequenceOfParts, value), value };
}

/** The DER of {@link publicKeyInfo}. */
export function encodePublicKey(key: PublicKey | CertifiedKey): Uint8Array {
  return publicKeyInfo(key).raw;
}

/**
 * The curve that EC parameters name. Only names are accepted: with explicit parameters an attacker chooses the
 * generator, and so a private key, for a public key that everybody trusts (CVE-2020-0601; RFC 5480 §2.1.1).
 */
export function namedCurve(parameters: Uint8Array | undefined): Result<CurveName, KeyError> {
  const named = parameters === undefined ? undefined : decode(oid, parameters);
  if (named?.ok !== true) {
    return invalid('an EC key without a named curve');
  }
  const curve = CURVES.get(named.value);
  return curve === undefined ? unsupported(`curve ${named.value}`) : ok(curve);
}

/** DER of the parameters that name a curve. */
export function encodeNamedCurve(curve: CurveName): Uint8Array {
  return encode(oid, algorithm[curve]);
}

/** Bits of a number without its sign and leading zeros; 0 for one that is not positive. */
export function bitLength(value: bigint): number {
  if (value <= 0n) {
    return 0;
  }
  // By way of sixteens, which BigInt prints four times as fast as twos.
  const digits = value.toString(16);
  return 4 * digits.length - Math.clz32(Number.parseInt(digits.charAt(0), 16)) + 28;
}

const CURVES: ReadonlyMap<string, CurveName> = new Map([
  [algorithm.secp256r1, 'secp256r1'],
  [algorithm.secp384r1, 'secp384r1'],
  [algorithm.secp521r1, 'secp521r1'],
]);

const sequenceOfParts = sequence({ algorithm: algorithmIdentifier, subjectPublicKey: bitStringOctets });

/** RFC 8017 §A.1.1. */
const rsaPublicKey = sequence({ modulus: integer, publicExponent: integer });

function rsaKey(crypto: CryptoProvider, der: Uint8Array): Result<PublicKey, KeyError> {
  const decoded = decode(rsaPublicKey, der);
  if (!decoded.ok) {
    return invalid(`RSAPublicKey ${describeError(decoded.error)}`);
  }
  const { modulus, publicExponent } = decoded.value;
  const bits = bitLength(modulus);
  if (bits < RSA_MINIMUM_BITS || bits > RSA_MAXIMUM_BITS) {
    return err({
      kind: 'weak-key',
      detail: `RSA modulus of ${bits} bits, outside ${RSA_MINIMUM_BITS} to ${RSA_MAXIMUM_BITS}`,
    });
  }
  return checked(crypto.publicKey({ kind: 'rsa', modulus, publicExponent }));
}

function parts(key: PublicKey): SubjectPublicKeyInfo['value'] {
  switch (key.kind) {
    case 'rsa':
      return {
        algorithm: { algorithm: algorithm.rsaEncryption, parameters: NULL },
        subjectPublicKey: encode(rsaPublicKey, { modulus: key.modulus, publicExponent: key.publicExponent }),
      };
    case 'ec':
      return {
        algorithm: { algorithm: algorithm.ecPublicKey, parameters: encodeNamedCurve(key.curve) },
        subjectPublicKey: key.point,
      };
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return {
        algorithm: { algorithm: algorithm[key.kind], parameters: undefined },
        subjectPublicKey: key.bytes,
      };
  }
}

function pssIdentifier(parameters: PssParameters | undefined): AlgorithmIdentifier {
  return {
    algorithm: algorithm.rsassaPss,
    parameters: parameters === undefined ? undefined : encodePssParameters(parameters),
  };
}

function checked<T>(result: Result<T, { readonly detail: string }>): Result<T, KeyError> {
  return result.ok ? result : invalid(result.error.detail);
}

function invalid(detail: string): Result<never, KeyError> {
  return err({ kind: 'invalid-key', detail });
}

function unsupported(detail: string): Result<never, KeyError> {
  return err({ kind: 'unsupported-key', detail });
}
