import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  type CertificationRequest,
  type CertifiedKey,
  certificatePublicKey,
  extensionValue,
  formatGeneralName,
  formatName,
  type SubjectPublicKeyInfo,
  verifyRequest,
} from '../../x509/index.ts';
import { algorithmName, extensionLines, oidName } from './extension-text.ts';
import { field } from './fields.ts';
import { hex, printable, timeText } from './text.ts';

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
  return [
    `certificate (${certificate.version})`,
    ...field('subject', formatName(certificate.subject.value)),
    ...field('issuer', formatName(certificate.issuer.value)),
    ...field('serial number', serialNumber(certificate.serialNumber)),
    ...field('not before', timeText(validity.notBefore)),
    ...field('not after', timeText(validity.notAfter)),
    ...keyLines(certificate),
    ...field('signature', algorithmName(certificate.signatureAlgorithm.algorithm)),
    ...field('SHA-256', fingerprint(certificate.der)),
    ...certificate.extensions.flatMap(extensionLines),
  ];
}

/** A certification request as text for people, line by line. */
export function requestLines(request: CertificationRequest): readonly string[] {
  const proof = verifyRequest(noble, request);
  const verdict = proof.ok ? 'which verifies' : `which does NOT verify: ${proof.error.found}`;
  const attributes = request.attributes.map(({ type }) => oidName(type));
  return [
    'certification request',
    ...field('subject', formatName(request.subject.value)),
    ...keyLines(request),
    ...field('signature', `${algorithmName(request.signatureAlgorithm.algorithm)}, ${verdict}`),
    ...(attributes.length === 0 ? [] : field('attributes', ...attributes)),
    ...request.extensions.flatMap(extensionLines),
  ];
}

function keyLines(of: { readonly subjectPublicKeyInfo: SubjectPublicKeyInfo }): readonly string[] {
  const key = certificatePublicKey(noble, of);
  return [
    ...field('public key', key.ok ? describeKey(key.value) : `not supported: ${key.error.detail}`),
    ...field('key SHA-256', fingerprint(of.subjectPublicKeyInfo.raw)),
  ];
}

/** The SHA-256 of `bytes`. */
export function fingerprint(bytes: Uint8Array): string {
  return hex(noble.hashes.sha256.digest(bytes), ':');
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

/** Hexadecimal, two digits a byte. */
export function serialNumber(serial: bigint): string {
  const digits = serial.toString(16);
  return digits.padStart(digits.length + (digits.length % 2), '0').replace(/..(?!$)/g, '$&:');
}
