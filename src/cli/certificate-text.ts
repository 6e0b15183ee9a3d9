import { noble } from '../../nocrypto/index.ts';
import {
  algorithm,
  type Certificate,
  type CertifiedKey,
  certificatePublicKey,
  type Extension,
  extensionName,
  extensionValue,
  formatGeneralName,
  formatName,
  type GeneralName,
  id,
  type NameConstraints,
} from '../../x509/index.ts';
import { hex, printable } from './text.ts';

/** Whom a certificate is for, in a few words: its subject, or the first alternative name where that is empty. */
export function subjectOf(certificate: Certificate): string {
  const [first] = extensionValue(certificate, 'subjectAltName') ?? [];
  if (certificate.subject.value.length > 0 || first === undefined) {
    return printable(formatName(certificate.subject.value));
  }
  return printable(formatGeneralName(first));
}

/** A certificate as text for people, line by line. */
export function certificateLines(certificate: Certificate): readonly string[] {
  const { validity } = certificate;
  const key = certificatePublicKey(noble, certificate);
  return [
    `certificate (${certificate.version})`,
    ...field('subject', formatName(certificate.subject.value)),
    ...field('issuer', formatName(certificate.issuer.value)),
    ...field('serial number', serialNumber(certificate.serialNumber)),
    ...field('not before', timeText(validity.notBefore)),
    ...field('not after', timeText(validity.notAfter)),
    ...field('public key', key.ok ? describeKey(key.value) : `not supported: ${key.error.detail}`),
    ...field('signature', algorithmName(certificate.signatureAlgorithm.algorithm)),
    ...field('SHA-256', hex(noble.hashes.sha256.digest(certificate.der), ':')),
    ...field('key SHA-256', hex(noble.hashes.sha256.digest(certificate.subjectPublicKeyInfo.raw), ':')),
    ...certificate.extensions.flatMap(extensionLines),
  ];
}

/** The kind and size of a key. */
export function describeKey({ keyType, key }: CertifiedKey): string {
  switch (key.kind) {
    case 'rsa': {
      const bits = key.modulus.toString(2).length;
      return `${keyType === 'rsa-pss' ? 'RSA-PSS' : 'RSA'}, ${bits} bits, exponent ${key.publicExponent}`;
    }
    case 'ec':
      return `EC on ${key.curve}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return key.kind.toUpperCase();
  }
}

/** A point in time as RFC 3339 writes it, in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('.000Z', 'Z');
}

/** The name that a standard gives to an object identifier, or its digits. */
function oidName(oid: string): string {
  for (const group of Object.values(id)) {
    for (const [name, value] of Object.entries(group)) {
      if (value === oid) return name;
    }
  }
  return oid;
}

function algorithmName(oid: string): string {
  return Object.entries(algorithm).find(([, value]) => value === oid)?.[0] ?? oid;
}

function extensionLines({ extnID, critical, extnValue }: Extension): readonly string[] {
  const values = extensionTexts(extnValue);
  return field(`${extensionName(extnID)}${critical ? ' (critical)' : ''}`, ...values);
}

function extensionTexts(extnValue: Extension['extnValue']): readonly string[] {
  switch (extnValue.kind) {
    case id.ce.basicConstraints: {
      const { cA, pathLenConstraint } = extnValue.value;
      const depth =
        pathLenConstraint === undefined ? '' : `, at most ${pathLenConstraint} intermediates below`;
      return [cA ? `certification authority${depth}` : 'end entity'];
    }
    case id.ce.keyUsage: {
      const { bits: _, ...usages } = extnValue.value;
      const names = Object.entries(usages).filter(([, allowed]) => allowed);
      return [names.map(([name]) => name).join(', ')];
    }
    case id.ce.extKeyUsage:
      return [extnValue.value.map(oidName).join(', ')];
    case id.ce.subjectAltName:
    case id.ce.issuerAltName:
      return generalNameTexts(extnValue.value);
    case id.ce.subjectKeyIdentifier:
      return [hex(extnValue.value, ':')];
    case id.ce.authorityKeyIdentifier: {
      const { keyIdentifier, authorityCertIssuer = [] } = extnValue.value;
      return [
        ...(keyIdentifier === undefined ? [] : [hex(keyIdentifier, ':')]),
        ...generalNameTexts(authorityCertIssuer),
      ];
    }
    case id.ce.certificatePolicies:
      return extnValue.value.map(({ policyIdentifier }) => oidName(policyIdentifier));
    case id.ce.nameConstraints:
      return nameConstraintTexts(extnValue.value);
    case id.ce.cRLDistributionPoints:
    case id.ce.freshestCRL:
      return extnValue.value.flatMap(({ distributionPoint }) =>
        distributionPoint?.kind === 'fullName'
          ? generalNameTexts(distributionPoint.value)
          : ['(relative name)'],
      );
    case id.pe.authorityInfoAccess:
    case id.pe.subjectInfoAccess:
      return extnValue.value.map(
        ({ accessMethod, accessLocation }) => `${oidName(accessMethod)} ${formatGeneralName(accessLocation)}`,
      );
    case id.pe.tlsFeature:
      return [extnValue.value.join(', ')];
    case id.ce.inhibitAnyPolicy:
      return [`after ${extnValue.value} certificates`];
    case id.ct.signedCertificateTimestampList:
      return [`${extnValue.value.length} bytes of timestamps`];
    case id.ce.policyMappings:
      return extnValue.value.map(
        ({ issuerDomainPolicy, subjectDomainPolicy }) => `${issuerDomainPolicy} is ${subjectDomainPolicy}`,
      );
    case id.ce.policyConstraints: {
      const { requireExplicitPolicy, inhibitPolicyMapping } = extnValue.value;
      return [
        ...(requireExplicitPolicy === undefined
          ? []
          : [`explicit policy after ${requireExplicitPolicy} certificates`]),
        ...(inhibitPolicyMapping === undefined
          ? []
          : [`no mapping after ${inhibitPolicyMapping} certificates`]),
      ];
    }
    case id.ce.subjectDirectoryAttributes:
      return extnValue.value.map(({ type }) => oidName(type));
    case 'otherwise':
      return [hex(extnValue.value, ':')];
    default:
      // An extension of revocation lists, OCSP or precertificates: it has no business in a certificate.
      return ['(not for certificates)'];
  }
}

function generalNameTexts(names: readonly GeneralName[]): readonly string[] {
  return names.map(formatGeneralName);
}

function nameConstraintTexts({
  permittedSubtrees = [],
  excludedSubtrees = [],
}: NameConstraints): readonly string[] {
  return [
    ...permittedSubtrees.map(({ base }) => `permitted ${formatGeneralName(base)}`),
    ...excludedSubtrees.map(({ base }) => `excluded ${formatGeneralName(base)}`),
  ];
}

function serialNumber(serial: bigint): string {
  const digits = serial.toString(16);
  return digits.padStart(digits.length + (digits.length % 2), '0').replace(/..(?!$)/g, '$&:');
}

/** Columns before a value. */
const LABEL_WIDTH = 34;

/** A name and its values, one below the other. */
function field(name: string, ...values: readonly string[]): readonly string[] {
  const shown = values.length === 0 ? ['(empty)'] : values;
  return shown.map((value, i) => `  ${(i === 0 ? name : '').padEnd(LABEL_WIDTH)}${printable(value)}`);
}
