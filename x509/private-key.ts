import {
  type Asn1Error,
  any,
  bitStringOctets,
  choice,
  decode,
  describeError,
  encode,
  err,
  explicit,
  type Infer,
  implicit,
  integer,
  namedInteger,
  octetString,
  oid,
  ok,
  optional,
  type Result,
  sequence,
  setOf,
} from '../asn1/index.ts';
import {
  type CryptoProvider,
  type EdwardsName,
  type MlDsaName,
  type PrivateKey,
  type PrivateKeyInput,
  secret,
} from '../nocrypto/index.ts';
import { algorithmIdentifier, describeAlgorithm, NULL } from './algorithm.ts';
import { sameBytes } from './bytes.ts';
import { algorithm } from './oid.ts';
import { decodePem, describePemError } from './pem.ts';
import { encodeNamedCurve, type KeyError, namedCurve, publicKeyInfo } from './public-key.ts';

/**
 * Reads a private key: PKCS #8 (RFC 5958), SEC 1 (RFC 5915) or PKCS #1 (RFC 8017), as DER bytes or as PEM text. Of a
 * PEM text the first private key counts; other blocks (EC parameters, certificates) are skipped. The provider checks
 * the numbers, and a public key that stands beside the private one must belong to it.
 */
export function decodePrivateKey(
  crypto: CryptoProvider,
  input: Uint8Array | string,
): Result<PrivateKey, KeyError> {
  const parsed = typeof input === 'string' ? parsePem(input) : parseDer(input);
  if (!parsed.ok) {
    return parsed;
  }
  const { key, publicKey } = parsed.value;
  const checked = crypto.privateKey(key);
  if (!checked.ok) {
    return invalid(checked.error.detail);
  }
  if (publicKey !== undefined && !sameBytes(publicKey, publicOctets(checked.value))) {
    return invalid('the public key beside the private key is not its own');
  }
  return checked;
}

/** The DER of a PKCS #8 PrivateKeyInfo (RFC 5958 §2, version 1), the form every tool reads. Encode as PEM under `PRIVATE KEY`. */
export function encodePrivateKey(key: PrivateKey): Uint8Array {
  return encode(oneAsymmetricKey, {
    version: 'v1',
    ...pkcs8Parts(key),
    attributes: undefined,
    publicKey: undefined,
  });
}

/** A key before the provider has checked it, with the public key octets that stood beside it. */
interface ParsedKey {
  readonly key: PrivateKeyInput;
  readonly publicKey: Uint8Array | undefined;
}

/** RFC 5958 §2; version 1 without the public key is RFC 5208's PrivateKeyInfo. */
const oneAsymmetricKey = sequence({
  version: namedInteger({ v1: 0, v2: 1 }),
  privateKeyAlgorithm: algorithmIdentifier,
  privateKey: octetString,
  attributes: optional(implicit(0, setOf(sequence({ type: oid, values: setOf(any) })))),
  publicKey: optional(implicit(1, bitStringOctets)),
});

/** RFC 5915 §3. */
const ecPrivateKey = sequence({
  version: namedInteger({ ecPrivkeyVer1: 1 }),
  privateKey: octetString,
  parameters: optional(explicit(0, any)),
  publicKey: optional(explicit(1, bitStringOctets)),
});

/** RFC 8017 §A.1.2, with two primes. */
const rsaPrivateKey = sequence({
  version: namedInteger({ 'two-prime': 0 }),
  modulus: integer,
  publicExponent: integer,
  privateExponent: integer,
  prime1: integer,
  prime2: integer,
  exponent1: integer,
  exponent2: integer,
  coefficient: integer,
});

/** RFC 8410 §7. */
const curvePrivateKey = octetString;

/**
 * RFC 9881 §6. The seed is the key, so that what was expanded from it is not looked at where both stand; without the
 * seed, the expanded key cannot be used.
 */
const mlDsaPrivateKey = choice({
  seed: implicit(0, octetString),
  both: sequence({ seed: octetString, expandedKey: octetString }),
  expandedKey: octetString,
});

function parsePem(text: string): Result<ParsedKey, KeyError> {
  const blocks = decodePem(text);
  if (!blocks.ok) {
    return invalid(describePemError(blocks.error));
  }
  for (const { label, bytes } of blocks.value) {
    switch (label) {
      case 'PRIVATE KEY':
        return parsePkcs8(bytes);
      case 'EC PRIVATE KEY':
        return parseSec1(bytes, undefined);
      case 'RSA PRIVATE KEY':
        return parsePkcs1(bytes);
      case 'ENCRYPTED PRIVATE KEY':
        return unsupported('the private key is encrypted; decrypt it first');
    }
  }
  return invalid('no private key among the PEM blocks');
}

/** The three forms differ in the second element: a SEQUENCE, an OCTET STRING, an INTEGER. */
function parseDer(der: Uint8Array): Result<ParsedKey, KeyError> {
  const forms = [parsePkcs8, (bytes: Uint8Array) => parseSec1(bytes, undefined), parsePkcs1];
  const outcomes = forms.map((parse) => parse(der));
  const [asPkcs8] = outcomes;
  return outcomes.find((outcome) => outcome.ok) ?? asPkcs8 ?? invalid('no private key');
}

function parsePkcs8(der: Uint8Array): Result<ParsedKey, KeyError> {
  const decoded = decode(oneAsymmetricKey, der);
  if (!decoded.ok) {
    return malformed('PKCS #8', decoded.error);
  }
  const { version, privateKeyAlgorithm: identifier, privateKey, publicKey } = decoded.value;
  if (version === 'v1' && publicKey !== undefined) {
    return invalid('a PKCS #8 key of version 1 with a public key');
  }
  const inner = parseByAlgorithm(identifier, privateKey);
  if (!inner.ok || publicKey === undefined) {
    return inner;
  }
  return ok({ key: inner.value.key, publicKey });
}

function parseByAlgorithm(
  identifier: Infer<typeof algorithmIdentifier>,
  privateKey: Uint8Array,
): Result<ParsedKey, KeyError> {
  switch (identifier.algorithm) {
    case algorithm.rsaEncryption:
    case algorithm.rsassaPss:
      return parsePkcs1(privateKey);
    case algorithm.ecPublicKey:
      return parseSec1(privateKey, identifier.parameters);
    case algorithm.ed25519:
      return parseEddsa('ed25519', privateKey);
    case algorithm.ed448:
      return parseEddsa('ed448', privateKey);
    case algorithm['ml-dsa-44']:
      return parseMlDsa('ml-dsa-44', privateKey);
    case algorithm['ml-dsa-65']:
      return parseMlDsa('ml-dsa-65', privateKey);
    case algorithm['ml-dsa-87']:
      return parseMlDsa('ml-dsa-87', privateKey);
    default:
      return unsupported(`key algorithm ${describeAlgorithm(identifier)}`);
  }
}

/** `outer` are the curve parameters of an enclosing PKCS #8; both places may name the curve, but not differently. */
function parseSec1(der: Uint8Array, outer: Uint8Array | undefined): Result<ParsedKey, KeyError> {
  const decoded = decode(ecPrivateKey, der);
  if (!decoded.ok) {
    return malformed('ECPrivateKey', decoded.error);
  }
  const { privateKey, parameters, publicKey } = decoded.value;
  if (outer !== undefined && parameters !== undefined && !sameBytes(outer, parameters)) {
    return invalid('two different curves for one EC key');
  }
  const curve = namedCurve(outer ?? parameters);
  return curve.ok
    ? ok({ key: { kind: 'ec', curve: curve.value, scalar: secret(privateKey) }, publicKey })
    : curve;
}

function parseEddsa(kind: EdwardsName, der: Uint8Array): Result<ParsedKey, KeyError> {
  const seed = decode(curvePrivateKey, der);
  return seed.ok
    ? ok({ key: { kind, seed: secret(seed.value) }, publicKey: undefined })
    : malformed(kind, seed.error);
}

function parseMlDsa(kind: MlDsaName, der: Uint8Array): Result<ParsedKey, KeyError> {
  const decoded = decode(mlDsaPrivateKey, der);
  if (!decoded.ok) {
    return malformed(kind, decoded.error);
  }
  const { value } = decoded;
  if (value.kind === 'expandedKey') {
    return unsupported(`${kind} key without its seed`);
  }
  const seed = value.kind === 'seed' ? value.value : value.value.seed;
  return ok({ key: { kind, seed: secret(seed) }, publicKey: undefined });
}

function parsePkcs1(der: Uint8Array): Result<ParsedKey, KeyError> {
  const decoded = decode(rsaPrivateKey, der);
  if (!decoded.ok) {
    return malformed('RSAPrivateKey', decoded.error);
  }
  const { version: _, ...numbers } = decoded.value;
  return ok({ key: { kind: 'rsa', ...numbers }, publicKey: undefined });
}

function pkcs8Parts(
  key: PrivateKey,
): Pick<Infer<typeof oneAsymmetricKey>, 'privateKeyAlgorithm' | 'privateKey'> {
  switch (key.kind) {
    case 'rsa':
      return {
        privateKeyAlgorithm: { algorithm: algorithm.rsaEncryption, parameters: NULL },
        privateKey: encode(rsaPrivateKey, { version: 'two-prime', ...key }),
      };
    case 'ec':
      return {
        privateKeyAlgorithm: { algorithm: algorithm.ecPublicKey, parameters: encodeNamedCurve(key.curve) },
        privateKey: encode(ecPrivateKey, {
          version: 'ecPrivkeyVer1',
          privateKey: key.scalar,
          // RFC 5915 §3 allows the curve here too; the enclosing algorithm identifier already has it.
          parameters: undefined,
          publicKey: publicOctets(key),
        }),
      };
    case 'ed25519':
    case 'ed448':
      return {
        privateKeyAlgorithm: { algorithm: algorithm[key.kind], parameters: undefined },
        privateKey: encode(curvePrivateKey, key.seed),
      };
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return {
        privateKeyAlgorithm: { algorithm: algorithm[key.kind], parameters: undefined },
        privateKey: encode(mlDsaPrivateKey, { kind: 'seed', value: key.seed }),
      };
  }
}

/** What the subjectPublicKey BIT STRING of the key's public half holds. */
function publicOctets(key: PrivateKey): Uint8Array {
  return publicKeyInfo(key.public).value.subjectPublicKey;
}

function malformed(form: string, error: Asn1Error): Result<never, KeyError> {
  return invalid(`${form} ${describeError(error)}`);
}

function invalid(detail: string): Result<never, KeyError> {
  return err({ kind: 'invalid-key', detail });
}

function unsupported(detail: string): Result<never, KeyError> {
  return err({ kind: 'unsupported-key', detail });
}
