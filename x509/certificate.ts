import {
  type Asn1Error,
  any,
  type BitString,
  bitString,
  bitStringOctets,
  choice,
  decode,
  describeError,
  encode,
  err,
  explicit,
  generalizedTime,
  type Infer,
  implicit,
  integer,
  namedInteger,
  ok,
  optional,
  type Result,
  raw,
  sequence,
  utcTime,
  withDefault,
} from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  describeAlgorithm,
  sameAlgorithm,
} from './algorithm.ts';
import { type Extension, extensions } from './extension.ts';
import { SERIAL_NUMBER_MAXIMUM_OCTETS } from './limits.ts';
import { isEmptyName, type Name, name, sameName } from './name.ts';
import {
  type CertifiedKey,
  certifiedKey,
  type KeyError,
  type SubjectPublicKeyInfo,
  subjectPublicKeyInfo,
} from './public-key.ts';

/**
 * A decoded certificate (RFC 5280 §4.1). It is well formed and obeys the rules that belong to its syntax; whether it is
 * any good to anybody is for validation to say. Byte fields are views into `der`.
 */
export interface Certificate {
  /** The whole encoding. */
  readonly der: Uint8Array;
  /** The exact bytes that are signed. */
  readonly tbsCertificate: Uint8Array;
  readonly version: 'v1' | 'v2' | 'v3';
  /** At most 20 octets and not negative; some old roots have zero. */
  readonly serialNumber: bigint;
  readonly issuer: Name;
  readonly validity: Validity;
  readonly subject: Name;
  readonly subjectPublicKeyInfo: SubjectPublicKeyInfo;
  readonly issuerUniqueID: BitString | undefined;
  readonly subjectUniqueID: BitString | undefined;
  /** In the certificate's order; each kind at most once. Read one with {@link extensionValue}. */
  readonly extensions: readonly Extension[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/** Milliseconds since 1970-01-01T00:00:00Z, both ends included. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

export type CertificateError =
  | { readonly kind: 'malformed'; readonly error: Asn1Error }
  | {
      readonly kind:
        | 'duplicate-extension'
        | 'version'
        | 'serial-number'
        | 'empty-issuer'
        | 'algorithm-mismatch'
        | 'validity';
      readonly expected: string;
      readonly found: string;
    };

/**
 * Decodes one certificate from strict DER, with nothing after it. Refused beyond the grammar: extensions before version
 * 3 and unique identifiers before version 2 (RFC 5280 §4.1.2.8, §4.1.2.9), a serial number that is negative or longer
 * than 20 octets (§4.1.2.2), an empty issuer (§4.1.2.4), a validity that ends before it begins, an extension twice
 * (§4.2), and inner and outer signature algorithms that differ (§4.1.1.2).
 */
export function decodeCertificate(der: Uint8Array): Result<Certificate, CertificateError> {
  const decoded = decode(certificate, der);
  if (!decoded.ok) {
    return err({ kind: 'malformed', error: decoded.error });
  }
  const { tbsCertificate: tbs, signatureAlgorithm, signatureValue } = decoded.value;
  const { signature: innerAlgorithm, validity, extensions, ...fields } = tbs.value;
  const result: Certificate = {
    der,
    tbsCertificate: tbs.raw,
    ...fields,
    validity: { notBefore: validity.notBefore.value, notAfter: validity.notAfter.value },
    extensions: extensions ?? [],
    signatureAlgorithm,
    signature: signatureValue,
  };
  const broken = RULES.map((rule) => rule(result, innerAlgorithm)).find((error) => error !== undefined);
  return broken === undefined ? ok(result) : err(broken);
}

/** The fields that are signed, as a certificate has them. */
export type Tbs = Omit<Certificate, 'der' | 'tbsCertificate' | 'signatureAlgorithm' | 'signature'>;

/** What of a certificate its encoding is made of. */
export type Signed = Pick<Certificate, 'tbsCertificate' | 'signatureAlgorithm' | 'signature'>;

/** The exact bytes of a certificate: its signed part as it stands, its signature algorithm and its signature. */
export function encodeCertificate({ tbsCertificate, signatureAlgorithm, signature }: Signed): Uint8Array {
  return encode(signedParts, { tbsCertificate, signatureAlgorithm, signatureValue: signature });
}

/** The subject's public key, checked: on its curve, of a size and form that are supported. */
export function certificatePublicKey(
  crypto: CryptoProvider,
  { subjectPublicKeyInfo }: Pick<Certificate, 'subjectPublicKeyInfo'>,
): Result<CertifiedKey, KeyError> {
  return certifiedKey(crypto, subjectPublicKeyInfo);
}

/** Whether issuer and subject are the same name (RFC 5280 §6.1): roots, and certificates of a key rollover. */
export function isSelfIssued({ issuer, subject }: Pick<Certificate, 'issuer' | 'subject'>): boolean {
  return sameName(issuer, subject);
}

/** One line for a person. */
export function describeCertificateError(error: CertificateError): string {
  return error.kind === 'malformed'
    ? `malformed certificate: ${describeError(error.error)}`
    : `refused certificate (${error.kind}): expected ${error.expected}, found ${error.found}`;
}

/** RFC 5280 §4.1.2.5. CAs must use UTCTime through 2049; some old roots do not, and readers must take either. */
export const time = choice({ utcTime, generalTime: generalizedTime });

/** The form that RFC 5280 §4.1.2.5 prescribes for a moment in milliseconds since 1970, whole seconds. */
export function timeOf(milliseconds: number): Infer<typeof time> {
  const isUtc = milliseconds >= YEAR_1950 && milliseconds < YEAR_2050;
  return { kind: isUtc ? 'utcTime' : 'generalTime', value: milliseconds };
}

const YEAR_1950 = -631_152_000_000;
const YEAR_2050 = 2_524_608_000_000;

/*
 * RFC 5280 §4.1:
 *
 *   TBSCertificate ::= SEQUENCE {
 *        version         [0]  EXPLICIT Version DEFAULT v1,
 *        serialNumber         CertificateSerialNumber,
 *        signature            AlgorithmIdentifier,
 *        issuer               Name,
 *        validity             Validity,
 *        subject              Name,
 *        subjectPublicKeyInfo SubjectPublicKeyInfo,
 *        issuerUniqueID  [1]  IMPLICIT UniqueIdentifier OPTIONAL,
 *        subjectUniqueID [2]  IMPLICIT UniqueIdentifier OPTIONAL,
 *        extensions      [3]  EXPLICIT Extensions OPTIONAL }
 */
export const tbsCertificate = sequence({
  version: withDefault(explicit(0, namedInteger({ v1: 0, v2: 1, v3: 2 })), 'v1'),
  serialNumber: integer,
  signature: algorithmIdentifier,
  issuer: name,
  validity: sequence({ notBefore: time, notAfter: time }),
  subject: name,
  subjectPublicKeyInfo,
  issuerUniqueID: optional(implicit(1, bitString)),
  subjectUniqueID: optional(implicit(2, bitString)),
  extensions: optional(explicit(3, extensions)),
});

/*
 *   Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 */
const certificate = sequence({
  tbsCertificate: raw(tbsCertificate),
  signatureAlgorithm: algorithmIdentifier,
  signatureValue: bitStringOctets,
});

/** The same, with the signed part already encoded. */
const signedParts = sequence({
  tbsCertificate: any,
  signatureAlgorithm: algorithmIdentifier,
  signatureValue: bitStringOctets,
});

type Rule = (certificate: Certificate, innerAlgorithm: AlgorithmIdentifier) => CertificateError | undefined;

const RULES: readonly Rule[] = [
  algorithmsAgree,
  versionCoversFields,
  serialNumberFits,
  issuerIsNamed,
  validityIsOrdered,
  extensionsAreDistinct,
];

function algorithmsAgree({ signatureAlgorithm }: Certificate, innerAlgorithm: AlgorithmIdentifier) {
  return sameAlgorithm(signatureAlgorithm, innerAlgorithm)
    ? undefined
    : refusal('algorithm-mismatch', describeAlgorithm(innerAlgorithm), describeAlgorithm(signatureAlgorithm));
}

function versionCoversFields({ version, issuerUniqueID, subjectUniqueID, extensions }: Certificate) {
  if (version !== 'v3' && extensions.length > 0) {
    return refusal('version', 'v3, since there are extensions', version);
  }
  const hasUniqueIds = issuerUniqueID !== undefined || subjectUniqueID !== undefined;
  return version === 'v1' && hasUniqueIds
    ? refusal('version', 'v2 or v3, since there are unique identifiers', version)
    : undefined;
}

function serialNumberFits({ serialNumber }: Certificate) {
  // The content of an INTEGER of n octets holds 8n - 1 bits and a sign.
  const limit = 1n << BigInt(8 * SERIAL_NUMBER_MAXIMUM_OCTETS - 1);
  if (serialNumber >= 0n && serialNumber < limit) {
    return undefined;
  }
  const found = serialNumber < 0n ? 'a negative number' : 'a longer one';
  return refusal('serial-number', `at most ${SERIAL_NUMBER_MAXIMUM_OCTETS} octets, not negative`, found);
}

function issuerIsNamed({ issuer }: Certificate) {
  return isEmptyName(issuer)
    ? refusal('empty-issuer', 'a distinguished name as issuer', 'an empty one')
    : undefined;
}

function validityIsOrdered({ validity }: Certificate) {
  return validity.notBefore > validity.notAfter
    ? refusal('validity', 'notBefore no later than notAfter', 'the reverse')
    : undefined;
}

function extensionsAreDistinct({ extensions }: Certificate) {
  const seen = new Set<string>();
  for (const { extnID } of extensions) {
    if (seen.has(extnID)) {
      return refusal('duplicate-extension', `extension ${extnID} once`, 'twice');
    }
    seen.add(extnID);
  }
  return undefined;
}

function refusal(
  kind: Exclude<CertificateError['kind'], 'malformed'>,
  expected: string,
  found: string,
): CertificateError {
  return { kind, expected, found };
}
