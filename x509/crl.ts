import {
  type Asn1Error,
  any,
  bitStringOctets,
  decode,
  describeError,
  encode,
  err,
  explicit,
  type Infer,
  integer,
  namedInteger,
  ok,
  optional,
  type Result,
  raw,
  sequence,
  sequenceOf,
} from '../asn1/index.ts';
import {
  type AlgorithmIdentifier,
  algorithmIdentifier,
  describeAlgorithm,
  sameAlgorithm,
} from './algorithm.ts';
import { type Certificate, time } from './certificate.ts';
import {
  type Extension,
  type ExtensionName,
  extensions,
  extensionValue,
  firstRepeated,
  unhandledCritical,
} from './extension.ts';
import { CRL_MAXIMUM_ENTRIES } from './limits.ts';
import { isEmptyName, type Name, name, nameKey, sameName } from './name.ts';

/**
 * A decoded certificate revocation list (RFC 5280 §5). It is well formed; who signed it, and for which certificates it
 * speaks, is for `checkRevocation` to say. Byte fields are views into `der`.
 */
export interface Crl {
  /** The whole encoding. */
  readonly der: Uint8Array;
  /** The exact bytes that are signed. */
  readonly tbsCertList: Uint8Array;
  readonly version: 'v1' | 'v2';
  readonly issuer: Name;
  /** Milliseconds since 1970. */
  readonly thisUpdate: number;
  /** Milliseconds since 1970. RFC 5280 §5.1.2.5 makes authorities state it. */
  readonly nextUpdate: number | undefined;
  /** In the list's order. {@link findRevoked} looks one up. */
  readonly revokedCertificates: readonly RevokedCertificate[];
  /** What RFC 5280 calls crlExtensions; each kind at most once. Read one with `extensionValue`. */
  readonly extensions: readonly Extension[];
  /** A critical extension, of the list or of an entry, that nobody here processes: the list may then not be used (§5.2, §5.3). */
  readonly unhandledCriticalExtension: string | undefined;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly index: RevocationIndex;
}

export interface RevokedCertificate {
  /** The certificate's serial number. */
  readonly userCertificate: bigint;
  /** Milliseconds since 1970. */
  readonly revocationDate: number;
  /** What RFC 5280 calls crlEntryExtensions; each kind at most once. */
  readonly extensions: readonly Extension[];
  /**
   * Who issued the certificate: the CRL's issuer or, in an indirect CRL, whom the last certificateIssuer extension up to this
   * entry names (RFC 5280 §5.3.3).
   */
  readonly certificateIssuer: Name;
}

/**
 * Entries by the issuer's name, folded so that another way to write it hides nobody (RFC 5280 §7.1), and by the serial number in
 * hexadecimal. Text, since engines salt the hashes of that.
 */
export type RevocationIndex = ReadonlyMap<string, ReadonlyMap<string, RevokedCertificate>>;

export type CrlError =
  | { readonly kind: 'malformed'; readonly error: Asn1Error }
  | {
      readonly kind:
        | 'algorithm-mismatch'
        | 'version'
        | 'empty-issuer'
        | 'validity'
        | 'duplicate-extension'
        | 'certificate-issuer';
      readonly expected: string;
      readonly found: string;
    };

/**
 * Decodes one CRL from strict DER, with nothing after it. Refused beyond the grammar: inner and outer signature algorithms
 * that differ (RFC 5280 §5.1.1.2), extensions before version 2 (§5.1.2.1), an empty issuer (§5.1.2.3), a nextUpdate before
 * thisUpdate, an extension twice (§4.2), and a certificateIssuer without a distinguished name (§5.3.3).
 *
 * Takes time linear in the number of entries, of which there may be `CRL_MAXIMUM_ENTRIES`.
 */
export function decodeCrl(der: Uint8Array): Result<Crl, CrlError> {
  const decoded = decode(certificateList, der);
  if (!decoded.ok) {
    return err({ kind: 'malformed', error: decoded.error });
  }
  const { tbsCertList: tbs, signatureAlgorithm, signatureValue: signature } = decoded.value;
  const { version, issuer, thisUpdate, nextUpdate, crlExtensions } = tbs.value;
  const broken = brokenRule(tbs.value, signatureAlgorithm);
  if (broken !== undefined) {
    return err(broken);
  }
  const entries = readEntries(tbs.value.revokedCertificates ?? [], issuer);
  if (!entries.ok) {
    return entries;
  }
  const { unhandledCriticalExtension, ...indexed } = entries.value;
  const extensions = crlExtensions ?? [];
  return ok({
    der,
    tbsCertList: tbs.raw,
    version: version ?? 'v1',
    issuer,
    thisUpdate: thisUpdate.value,
    nextUpdate: nextUpdate?.value,
    ...indexed,
    extensions,
    unhandledCriticalExtension: unhandledCritical(extensions, PROCESSED) ?? unhandledCriticalExtension,
    signatureAlgorithm,
    signature,
  });
}

/** What of a CRL its encoding is made of. */
export type SignedCrl = Pick<Crl, 'tbsCertList' | 'signatureAlgorithm' | 'signature'>;

/** The exact bytes of a CRL. Encode as PEM under `X509 CRL`. */
export function encodeCrl({ tbsCertList, signatureAlgorithm, signature }: SignedCrl): Uint8Array {
  return encode(signedParts, { tbsCertList, signatureAlgorithm, signatureValue: signature });
}

/**
 * The entry of a certificate, in time that does not grow with the list. No entry means nothing yet: whether the CRL speaks
 * for the certificate at all is for `checkRevocation` to find out.
 */
export function findRevoked(
  { index }: Pick<Crl, 'index'>,
  { issuer, serialNumber }: Pick<Certificate, 'issuer' | 'serialNumber'>,
): RevokedCertificate | undefined {
  return index.get(nameKey(issuer))?.get(serialNumber.toString(16));
}

/** One line for a person. */
export function describeCrlError(error: CrlError): string {
  return error.kind === 'malformed'
    ? `malformed CRL: ${describeError(error.error)}`
    : `refused CRL (${error.kind}): expected ${error.expected}, found ${error.found}`;
}

/*
 * RFC 5280 §5.1:
 *
 *   TBSCertList ::= SEQUENCE {
 *        version             Version OPTIONAL, -- if present, MUST be v2
 *        signature           AlgorithmIdentifier,
 *        issuer              Name,
 *        thisUpdate          Time,
 *        nextUpdate          Time OPTIONAL,
 *        revokedCertificates SEQUENCE OF SEQUENCE {
 *             userCertificate    CertificateSerialNumber,
 *             revocationDate     Time,
 *             crlEntryExtensions Extensions OPTIONAL } OPTIONAL,
 *        crlExtensions       [0] EXPLICIT Extensions OPTIONAL }
 */
const revokedCertificate = sequence({
  userCertificate: integer,
  revocationDate: time,
  crlEntryExtensions: optional(extensions),
});

/** RFC 5280 §5.1.2.6 wants an empty list to be left out; some authorities write it all the same. */
const revokedCertificates = sequenceOf(revokedCertificate, { max: CRL_MAXIMUM_ENTRIES });

export const tbsCertList = sequence({
  version: optional(namedInteger({ v2: 1 })),
  signature: algorithmIdentifier,
  issuer: name,
  thisUpdate: time,
  nextUpdate: optional(time),
  revokedCertificates: optional(revokedCertificates),
  crlExtensions: optional(explicit(0, extensions)),
});

/*
 *   CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 */
const certificateList = sequence({
  tbsCertList: raw(tbsCertList),
  signatureAlgorithm: algorithmIdentifier,
  signatureValue: bitStringOctets,
});

/** The same, with the signed part already encoded. */
const signedParts = sequence({
  tbsCertList: any,
  signatureAlgorithm: algorithmIdentifier,
  signatureValue: bitStringOctets,
});

type Tbs = Infer<typeof tbsCertList>;

function brokenRule(
  { version, signature, issuer, thisUpdate, nextUpdate, ...tbs }: Tbs,
  signatureAlgorithm: AlgorithmIdentifier,
): CrlError | undefined {
  if (!sameAlgorithm(signature, signatureAlgorithm)) {
    return refusal('algorithm-mismatch', describeAlgorithm(signature), describeAlgorithm(signatureAlgorithm));
  }
  const hasExtensions =
    tbs.crlExtensions !== undefined ||
    (tbs.revokedCertificates ?? []).some(({ crlEntryExtensions }) => crlEntryExtensions !== undefined);
  if (version === undefined && hasExtensions) {
    return refusal('version', 'v2, since there are extensions', 'v1');
  }
  if (isEmptyName(issuer)) {
    return refusal('empty-issuer', 'a distinguished name as issuer', 'an empty one');
  }
  if (nextUpdate !== undefined && nextUpdate.value < thisUpdate.value) {
    return refusal('validity', 'thisUpdate no later than nextUpdate', 'the reverse');
  }
  return repetition(tbs.crlExtensions ?? []);
}

type Entries = Pick<Crl, 'revokedCertificates' | 'index' | 'unhandledCriticalExtension'>;

/** The entries with the issuers that they inherit from one another, and the index over them. */
function readEntries(
  decoded: NonNullable<Tbs['revokedCertificates']>,
  crlIssuer: Name,
): Result<Entries, CrlError> {
  let certificateIssuer = crlIssuer;
  let ofIssuer = new Map<string, RevokedCertificate>();
  let unhandledCriticalExtension: string | undefined;
  const index = new Map([[nameKey(crlIssuer), ofIssuer]]);
  const revokedCertificates: RevokedCertificate[] = [];
  for (const { userCertificate, revocationDate, crlEntryExtensions: extensions = [] } of decoded) {
    const error = repetition(extensions);
    if (error !== undefined) {
      return err(error);
    }
    const names = extensionValue({ extensions }, 'certificateIssuer');
    if (names !== undefined) {
      const named = names.find(({ kind }) => kind === 'directoryName');
      if (named?.kind !== 'directoryName') {
        return err(refusal('certificate-issuer', 'a distinguished name as certificateIssuer', 'none'));
      }
      if (!sameName(named.value, certificateIssuer)) {
        certificateIssuer = named.value;
        const key = nameKey(certificateIssuer);
        ofIssuer = index.get(key) ?? new Map();
        index.set(key, ofIssuer);
      }
    }
    unhandledCriticalExtension ??= unhandledCritical(extensions, PROCESSED_IN_ENTRIES);
    const entry = { userCertificate, revocationDate: revocationDate.value, extensions, certificateIssuer };
    const serialNumber = userCertificate.toString(16);
    revokedCertificates.push(entry);
    // Of several entries for one certificate the first counts, whatever order others read them in.
    if (!ofIssuer.has(serialNumber)) {
      ofIssuer.set(serialNumber, entry);
    }
  }
  return ok({ revokedCertificates, index, unhandledCriticalExtension });
}

const PROCESSED: readonly ExtensionName[] = [
  'authorityKeyIdentifier',
  'cRLNumber',
  'deltaCRLIndicator',
  'freshestCRL',
  'issuerAltName',
  'issuingDistributionPoint',
];

const PROCESSED_IN_ENTRIES: readonly ExtensionName[] = ['certificateIssuer', 'invalidityDate', 'reasonCode'];

function repetition(extensions: readonly Extension[]): CrlError | undefined {
  const repeated = extensions.length < 2 ? undefined : firstRepeated(extensions.map(({ extnID }) => extnID));
  return repeated === undefined
    ? undefined
    : refusal('duplicate-extension', `extension ${repeated} once`, 'twice');
}

function refusal(kind: Exclude<CrlError['kind'], 'malformed'>, expected: string, found: string): CrlError {
  return { kind, expected, found };
}
