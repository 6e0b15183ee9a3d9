import type { Certificate } from './certificate.ts';
import { formatName } from './name.ts';

/** Why a certificate was not accepted. */
export type ValidationReason =
  | 'empty-chain'
  | 'no-anchors'
  /** No path to an anchor, or none but through the leaf itself. */
  | 'unknown-issuer'
  | 'bad-signature'
  | 'unsupported-algorithm'
  | 'weak-key'
  | 'malformed'
  | 'expired'
  | 'not-yet-valid'
  | 'not-a-ca'
  | 'path-too-long'
  | 'wrong-key-usage'
  | 'wrong-extended-key-usage'
  | 'unhandled-critical-extension'
  | 'name-constraint'
  | 'name-mismatch'
  /** The path is valid under no certificate policy that the caller and its authorities accept, and one is required. */
  | 'no-valid-policy'
  | 'revoked'
  /** The policy wants to know whether a certificate is revoked, and no usable evidence says. */
  | 'revocation-unknown'
  /** The same, though the peer has stapled an OCSP response: it is malformed, stale, by nobody who may, or about others. */
  | 'bad-stapled-response'
  /** Too few of the logs that the caller trusts have promised to show the certificate to everybody (RFC 6962). */
  | 'not-logged'
  /** None of the certificates or keys that alone are accepted. */
  | 'not-pinned'
  /** Properly signed, but not as the profile wants certificates to be. */
  | 'profile-violation'
  /** A limit of `PathLimits` ran out: the search was stopped, not finished. */
  | 'budget-exhausted';

export interface ValidationError {
  readonly reason: ValidationReason;
  /** The certificate at fault; absent when there was none to look at. */
  readonly certificate: CertificateReference | undefined;
  readonly expected: string;
  readonly found: string;
}

/** Names a certificate in an error. */
export interface CertificateReference {
  /** RFC 4514 text. */
  readonly subject: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** 0 is the leaf, 1 its issuer, and so on. */
  readonly depth: number;
}

/** What a check found wrong with a certificate that the caller knows. */
export type Finding = Omit<ValidationError, 'certificate'>;

/** What a check of a whole path found, and the certificate at fault with its depth. */
export interface Violation {
  readonly finding: Finding;
  readonly certificate: Certificate;
  readonly depth: number;
}

export function finding(reason: ValidationReason, expected: string, found: string): Finding {
  return { reason, expected, found };
}

/** The finding with the certificate it is about. */
export function blame(finding: Finding, certificate: Certificate, depth: number): ValidationError {
  const { subject, serialNumber } = certificate;
  return {
    reason: finding.reason,
    certificate: {
      subject: shorten(formatName(subject.value)),
      serialNumber: serialNumber.toString(16),
      depth,
    },
    expected: shorten(finding.expected),
    found: shorten(finding.found),
  };
}

/**
 * One line for a person: which certificate, which check, what was expected and what was found, as in
 * `expired: CN=example.com (leaf, serial 1f): expected a time up to 2026-01-01T00:00:00Z, found 2026-01-02T00:00:00Z`.
 */
export function describeValidationError({ reason, certificate, expected, found }: ValidationError): string {
  const hint = reason === 'profile-violation' ? ' (the lenient profile does not ask for this)' : '';
  return `${reason}: ${describeReference(certificate)}expected ${expected}, found ${found}${hint}`;
}

function describeReference(certificate: CertificateReference | undefined): string {
  if (certificate === undefined) {
    return '';
  }
  const { subject, serialNumber, depth } = certificate;
  return `${subject} (${depth === 0 ? 'leaf' : `depth ${depth}`}, serial ${serialNumber}): `;
}

/** A peer decides how long the names in its certificates are, but not how long the lines of a log. */
function shorten(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

const LONGEST = 300;
