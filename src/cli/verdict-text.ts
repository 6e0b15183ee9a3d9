import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  formatName,
  type Result,
  type RevocationStatus,
  type ValidatedPath,
  type ValidationError,
} from '../../x509/index.ts';
import { subjectOf } from './certificate-text.ts';
import { hex, timeText } from './text.ts';

/** The path as a tree for people, the anchor on top; below it the certificate policies, if it is valid under any. */
export function treeLines({ path, anchor, revocation, policies }: ValidatedPath): readonly string[] {
  const below = path
    .map((certificate, depth) => `${subjectOf(certificate)}${revocationText(revocation[depth])}`)
    .reverse()
    .map((text, i) => `${'   '.repeat(i)}└─ ${text}`);
  // A leaf that is trusted by itself stands for the anchor too.
  const isAnchor = path.some(({ der }) => Buffer.compare(der, anchor.certificate.der) === 0);
  return [
    `${subjectOf(anchor.certificate)} (trusted)`,
    ...(isAnchor ? [] : below),
    ...(policies.length === 0 ? [] : [`policies: ${policies.join(', ')}`]),
  ];
}

/** The same for programs, or why there is no path. Times are RFC 3339, digests and serial numbers hexadecimal. */
export function verdictJson(
  validated: Result<ValidatedPath, ValidationError>,
  asked: string,
  now: number,
): object {
  const question = { for: asked, at: timeText(now) };
  if (!validated.ok) {
    return { accepted: false, ...question, ...validated.error };
  }
  const { path, anchor, revocation, policies } = validated.value;
  return {
    accepted: true,
    ...question,
    path: path.map((certificate, depth) => ({
      ...certificateJson(certificate),
      revocation: revocationJson(revocation[depth]),
    })),
    anchor: certificateJson(anchor.certificate),
    policies,
  };
}

function certificateJson({ subject, issuer, serialNumber, validity, der }: Certificate): object {
  return {
    subject: formatName(subject.value),
    issuer: formatName(issuer.value),
    serialNumber: serialNumber.toString(16),
    notBefore: timeText(validity.notBefore),
    notAfter: timeText(validity.notAfter),
    sha256: hex(noble.hashes.sha256.digest(der)),
  };
}

function revocationText(status: RevocationStatus | undefined): string {
  switch (status?.kind) {
    case 'good':
      return `, not revoked by ${SOURCES[status.source]}`;
    case 'unknown':
      return ', whether revoked is unknown';
    default:
      return '';
  }
}

function revocationJson(status: RevocationStatus | undefined): object | undefined {
  return status?.kind === 'unknown'
    ? { status: status.kind, faults: status.faults }
    : status && { status: status.kind, source: status.source };
}

const SOURCES = { crl: 'a CRL', ocsp: 'an OCSP response' } as const;
