import {
  any,
  type BitString,
  bitString,
  bmpString,
  boolean,
  choice,
  enumerated,
  explicit,
  flags,
  generalizedTime,
  type Infer,
  ia5String,
  implicit,
  integer,
  map,
  nul,
  octetString,
  octetStringContaining,
  oid,
  ok,
  openType,
  optional,
  sequence,
  sequenceOf,
  setOf,
  smallInteger,
  utf8String,
  visibleString,
  withDefault,
} from '../asn1/index.ts';
import { generalName, generalNames } from './general-name.ts';
import { relativeDistinguishedName } from './name.ts';
import { id } from './oid.ts';

/* The extensions of certificates (RFC 5280 §4.2), CRLs (§5.2) and their entries (§5.3), in its order; then those of others. */

/** The bits of KeyUsage from the first (RFC 5280 §4.2.1.3). */
export const KEY_USAGE_NAMES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** RFC 5280 §4.2.1.1. */
const authorityKeyIdentifier = sequence({
  keyIdentifier: optional(implicit(0, octetString)),
  authorityCertIssuer: optional(implicit(1, generalNames)),
  authorityCertSerialNumber: optional(implicit(2, integer)),
});

/** RFC 5280 §4.2.1.2. */
const subjectKeyIdentifier = octetString;

/**
 * RFC 5280 §4.2.1.3. DER wants the trailing zero bits of a named bit list removed; two roots that browsers carry have
 * some, so the bits are kept beside what they mean.
 */
const keyUsage = map(bitString, {
  decode: (bits) => ok({ bits, ...namedBits(bits) }),
  encode: ({ bits }: KeyUsage) => bits,
});

export interface KeyUsage extends Readonly<Record<KeyUsageName, boolean>> {
  readonly bits: BitString;
}

export type KeyUsageName = (typeof KEY_USAGE_NAMES)[number];

/** RFC 5280 §4.2.1.4. Its bound of 200 characters is not enforced, as the RFC asks of software that reads it. */
const displayText = choice({
  ia5String,
  visibleString,
  bmpString,
  utf8String,
});

const userNotice = sequence({
  noticeRef: optional(sequence({ organization: displayText, noticeNumbers: sequenceOf(integer) })),
  explicitText: optional(displayText),
});

const policyQualifierInfo = sequence({
  policyQualifierId: oid,
  qualifier: openType(
    'policyQualifierId',
    {
      [id.qt.cps]: ia5String,
      [id.qt.unotice]: userNotice,
    },
    any,
  ),
});

const policyInformation = sequence({
  policyIdentifier: oid,
  policyQualifiers: optional(sequenceOf(policyQualifierInfo, { min: 1 })),
});

const certificatePolicies = sequenceOf(policyInformation, { min: 1 });

/** RFC 5280 §4.2.1.5. */
const policyMappings = sequenceOf(sequence({ issuerDomainPolicy: oid, subjectDomainPolicy: oid }), {
  min: 1,
});

/** RFC 5280 §4.2.1.6. */
const subjectAltName = generalNames;

/** RFC 5280 §4.2.1.7. */
const issuerAltName = generalNames;

/** RFC 5280 §4.2.1.8. */
const subjectDirectoryAttributes = sequenceOf(sequence({ type: oid, values: setOf(any, { min: 1 }) }), {
  min: 1,
});

/** RFC 5280 §4.2.1.9. */
const basicConstraints = sequence({
  cA: withDefault(boolean, false),
  pathLenConstraint: optional(smallInteger(0)),
});

/** RFC 5280 §4.2.1.10. */
const generalSubtree = sequence({
  base: generalName,
  minimum: withDefault(implicit(0, smallInteger(0)), 0),
  maximum: optional(implicit(1, smallInteger(0))),
});

const generalSubtrees = sequenceOf(generalSubtree, { min: 1 });

const nameConstraints = sequence({
  permittedSubtrees: optional(implicit(0, generalSubtrees)),
  excludedSubtrees: optional(implicit(1, generalSubtrees)),
});

/** RFC 5280 §4.2.1.11. */
const policyConstraints = sequence({
  requireExplicitPolicy: optional(implicit(0, smallInteger(0))),
  inhibitPolicyMapping: optional(implicit(1, smallInteger(0))),
});

/** RFC 5280 §4.2.1.12. */
const extKeyUsage = sequenceOf(oid, { min: 1 });

/** RFC 5280 §4.2.1.13. */
const reasonFlags = flags({
  unused: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 7,
  aACompromise: 8,
});

const distributionPointName = choice({
  fullName: implicit(0, generalNames),
  nameRelativeToCRLIssuer: implicit(1, relativeDistinguishedName),
});

const distributionPoint = sequence({
  distributionPoint: optional(explicit(0, distributionPointName)),
  reasons: optional(implicit(1, reasonFlags)),
  cRLIssuer: optional(implicit(2, generalNames)),
});

const cRLDistributionPoints = sequenceOf(distributionPoint, { min: 1 });

/** RFC 5280 §4.2.1.14. */
const inhibitAnyPolicy = smallInteger(0);

/** RFC 5280 §4.2.1.15. */
const freshestCRL = cRLDistributionPoints;

/** RFC 5280 §4.2.2.1. */
const accessDescriptions = sequenceOf(sequence({ accessMethod: oid, accessLocation: generalName }), {
  min: 1,
});
const authorityInfoAccess = accessDescriptions;

/** RFC 5280 §4.2.2.2. */
const subjectInfoAccess = accessDescriptions;

/** RFC 5280 §5.2.3. */
const cRLNumber = integer;

/** RFC 5280 §5.2.4: the CRL number that a delta CRL starts from. */
const deltaCRLIndicator = integer;

/** RFC 5280 §5.2.5. */
export const issuingDistributionPoint = sequence({
  distributionPoint: optional(explicit(0, distributionPointName)),
  onlyContainsUserCerts: withDefault(implicit(1, boolean), false),
  onlyContainsCACerts: withDefault(implicit(2, boolean), false),
  onlySomeReasons: optional(implicit(3, reasonFlags)),
  indirectCRL: withDefault(implicit(4, boolean), false),
  onlyContainsAttributeCerts: withDefault(implicit(5, boolean), false),
});

/** RFC 5280 §5.3.1, where it is called CRLReason. The number 7 is not used. */
export const reasonCode = enumerated({
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
});

/** RFC 5280 §5.3.2. */
const invalidityDate = generalizedTime;

/** RFC 5280 §5.3.3. */
const certificateIssuer = generalNames;

/** RFC 6960 §4.4.1; RFC 9654 §2.1 says how long: 1 to 128 octets. */
const nonce = octetString;

/** RFC 6960 §4.2.2.2.1: nobody need ask whether this responder's certificate is revoked. */
const nocheck = nul;

/** RFC 6960 §4.4.4. */
const archiveCutoff = generalizedTime;

/** RFC 7633 §3: the numbers of TLS extensions that the server promises to send. */
const tlsFeature = sequenceOf(smallInteger(0, 0xffff));

/** RFC 6962 §3.3: a SignedCertificateTimestampList in TLS encoding, not looked into. */
const signedCertificateTimestampList = octetString;

/** RFC 6962 §3.1: marks a certificate that nobody may accept, since it only shows a log what is to be issued. */
const precertificatePoison = nul;

/*
 *   Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 *
 * An extension not listed here keeps the octets of its extnValue, under the kind `otherwise`.
 */
export const extension = sequence({
  extnID: oid,
  critical: withDefault(boolean, false),
  extnValue: openType(
    'extnID',
    {
      [id.ce.authorityKeyIdentifier]: octetStringContaining(authorityKeyIdentifier),
      [id.ce.subjectKeyIdentifier]: octetStringContaining(subjectKeyIdentifier),
      [id.ce.keyUsage]: octetStringContaining(keyUsage),
      [id.ce.certificatePolicies]: octetStringContaining(certificatePolicies),
      [id.ce.policyMappings]: octetStringContaining(policyMappings),
      [id.ce.subjectAltName]: octetStringContaining(subjectAltName),
      [id.ce.issuerAltName]: octetStringContaining(issuerAltName),
      [id.ce.subjectDirectoryAttributes]: octetStringContaining(subjectDirectoryAttributes),
      [id.ce.basicConstraints]: octetStringContaining(basicConstraints),
      [id.ce.nameConstraints]: octetStringContaining(nameConstraints),
      [id.ce.policyConstraints]: octetStringContaining(policyConstraints),
      [id.ce.extKeyUsage]: octetStringContaining(extKeyUsage),
      [id.ce.cRLDistributionPoints]: octetStringContaining(cRLDistributionPoints),
      [id.ce.inhibitAnyPolicy]: octetStringContaining(inhibitAnyPolicy),
      [id.ce.freshestCRL]: octetStringContaining(freshestCRL),
      [id.pe.authorityInfoAccess]: octetStringContaining(authorityInfoAccess),
      [id.pe.subjectInfoAccess]: octetStringContaining(subjectInfoAccess),
      [id.ce.cRLNumber]: octetStringContaining(cRLNumber),
      [id.ce.deltaCRLIndicator]: octetStringContaining(deltaCRLIndicator),
      [id.ce.issuingDistributionPoint]: octetStringContaining(issuingDistributionPoint),
      [id.ce.reasonCode]: octetStringContaining(reasonCode),
      [id.ce.invalidityDate]: octetStringContaining(invalidityDate),
      [id.ce.certificateIssuer]: octetStringContaining(certificateIssuer),
      [id.pkixOcsp.nonce]: octetStringContaining(nonce),
      [id.pkixOcsp.nocheck]: octetStringContaining(nocheck),
      [id.pkixOcsp.archiveCutoff]: octetStringContaining(archiveCutoff),
      [id.pe.tlsFeature]: octetStringContaining(tlsFeature),
      [id.ct.signedCertificateTimestampList]: octetStringContaining(signedCertificateTimestampList),
      [id.ct.ocspSignedCertificateTimestampList]: octetStringContaining(signedCertificateTimestampList),
      [id.ct.precertificatePoison]: octetStringContaining(precertificatePoison),
    },
    octetString,
  ),
});

export const extensions = sequenceOf(extension, { min: 1 });

export type Extension = Infer<typeof extension>;

/** The extensions of the table above, by the names their standards give them. */
const EXTENSION_IDS = {
  authorityKeyIdentifier: id.ce.authorityKeyIdentifier,
  subjectKeyIdentifier: id.ce.subjectKeyIdentifier,
  keyUsage: id.ce.keyUsage,
  certificatePolicies: id.ce.certificatePolicies,
  policyMappings: id.ce.policyMappings,
  subjectAltName: id.ce.subjectAltName,
  issuerAltName: id.ce.issuerAltName,
  subjectDirectoryAttributes: id.ce.subjectDirectoryAttributes,
  basicConstraints: id.ce.basicConstraints,
  nameConstraints: id.ce.nameConstraints,
  policyConstraints: id.ce.policyConstraints,
  extKeyUsage: id.ce.extKeyUsage,
  cRLDistributionPoints: id.ce.cRLDistributionPoints,
  inhibitAnyPolicy: id.ce.inhibitAnyPolicy,
  freshestCRL: id.ce.freshestCRL,
  authorityInfoAccess: id.pe.authorityInfoAccess,
  subjectInfoAccess: id.pe.subjectInfoAccess,
  cRLNumber: id.ce.cRLNumber,
  deltaCRLIndicator: id.ce.deltaCRLIndicator,
  issuingDistributionPoint: id.ce.issuingDistributionPoint,
  reasonCode: id.ce.reasonCode,
  invalidityDate: id.ce.invalidityDate,
  certificateIssuer: id.ce.certificateIssuer,
  nonce: id.pkixOcsp.nonce,
  nocheck: id.pkixOcsp.nocheck,
  archiveCutoff: id.pkixOcsp.archiveCutoff,
  tlsFeature: id.pe.tlsFeature,
  signedCertificateTimestampList: id.ct.signedCertificateTimestampList,
  ocspSignedCertificateTimestampList: id.ct.ocspSignedCertificateTimestampList,
  precertificatePoison: id.ct.precertificatePoison,
} as const;

export type ExtensionName = keyof typeof EXTENSION_IDS;

/** The decoded values by identifier. */
type ValuesById = { readonly [V in Extension['extnValue'] as V['kind']]: V['value'] };

/** The decoded value of the extension of a name. */
export type ExtensionValue<N extends ExtensionName> = ValuesById[(typeof EXTENSION_IDS)[N]];

export type AuthorityKeyIdentifier = Infer<typeof authorityKeyIdentifier>;
export type BasicConstraints = Infer<typeof basicConstraints>;
export type DistributionPoint = Infer<typeof distributionPoint>;
export type IssuingDistributionPoint = Infer<typeof issuingDistributionPoint>;
export type ReasonFlags = Infer<typeof reasonFlags>;
export type ReasonCode = Infer<typeof reasonCode>;
export type GeneralSubtree = Infer<typeof generalSubtree>;
export type NameConstraints = Infer<typeof nameConstraints>;

/** What of a certificate (or another signed structure) {@link findExtension} looks through. */
export interface Extended {
  readonly extensions: readonly Extension[];
}

/** The extension of one kind, if there is one, with its `critical` flag: `findExtension(certificate, 'keyUsage')`. */
export function findExtension<N extends ExtensionName>(
  { extensions }: Extended,
  name: N,
): { readonly critical: boolean; readonly value: ExtensionValue<N> } | undefined {
  const kind = EXTENSION_IDS[name];
  for (const { critical, extnValue } of extensions) {
    const candidate: { readonly kind: string; readonly value: unknown } = extnValue;
    if (isOfKind<N>(candidate, kind)) {
      return { critical, value: candidate.value };
    }
  }
  return undefined;
}

/** The value of the extension of one kind, if there is one: `extensionValue(certificate, 'keyUsage')?.keyCertSign`. */
export function extensionValue<N extends ExtensionName>(
  extended: Extended,
  name: N,
): ExtensionValue<N> | undefined {
  return findExtension(extended, name)?.value;
}

/** An extension of the table above: `makeExtension({ kind: id.ce.cRLNumber, value: 1n })`. Not critical unless said so. */
export function makeExtension(
  extnValue: Exclude<Extension['extnValue'], { readonly kind: 'otherwise' }>,
  { critical = false }: { readonly critical?: boolean } = {},
): Extension {
  return { extnID: extnValue.kind, critical, extnValue };
}

/** The first identifier that stands a second time: an extension of one kind may occur once (RFC 5280 §4.2). */
export function firstRepeated(identifiers: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return identifiers.find((identifier) => seen.size === seen.add(identifier).size);
}

/** The name of the first critical extension that is none of the `processed` ones. */
export function unhandledCritical(
  extensions: readonly Extension[],
  processed: readonly ExtensionName[],
): string | undefined {
  return extensions
    .filter(({ critical }) => critical)
    .map(({ extnID }) => extensionName(extnID))
    .find((name) => !processed.some((known) => known === name));
}

/** The standard's name of an extension, or its identifier when it is not one of the table above. */
export function extensionName(extnID: string): string {
  return NAMES.get(extnID) ?? extnID;
}

/** The KeyUsage with just these bits set, in DER's shortest form. */
export function makeKeyUsage(names: readonly KeyUsageName[]): KeyUsage {
  const last = Math.max(-1, ...names.map((name) => KEY_USAGE_NAMES.indexOf(name)));
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const name of names) {
    const bit = KEY_USAGE_NAMES.indexOf(name);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  }
  const bits = { bytes, unusedBits: 7 - (last & 7) };
  return { bits, ...namedBits(bits) };
}

function namedBits({ bytes }: BitString): Readonly<Record<KeyUsageName, boolean>> {
  const isSet = (bit: number) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  return {
    digitalSignature: isSet(0),
    nonRepudiation: isSet(1),
    keyEncipherment: isSet(2),
    dataEncipherment: isSet(3),
    keyAgreement: isSet(4),
    keyCertSign: isSet(5),
    cRLSign: isSet(6),
    encipherOnly: isSet(7),
    decipherOnly: isSet(8),
  };
}

const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(EXTENSION_IDS).map(([name, extnID]) => [extnID, name]),
);

/** The kind decides the type of the value: that is how {@link extension} decodes. */
function isOfKind<N extends ExtensionName>(
  extnValue: { readonly kind: string; readonly value: unknown },
  kind: (typeof EXTENSION_IDS)[N],
): extnValue is { readonly kind: (typeof EXTENSION_IDS)[N]; readonly value: ExtensionValue<N> } {
  return extnValue.kind === kind;
}
