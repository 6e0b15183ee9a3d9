import { err, ok, type Result } from '../asn1/index.ts';
import { type Certificate, decodeCertificate, describeCertificateError } from './certificate.ts';
import { decodePem, describePemError } from './pem.ts';

/**
 * What a path must end in: a root, or an intermediate that is trusted by itself. Its certificate is checked like any other
 * authority's (validity, constraints), except that nobody needs to have signed it.
 */
export interface TrustAnchor {
  readonly certificate: Certificate;
}

export interface TrustAnchorError {
  readonly kind: 'pem' | 'no-certificate' | 'certificate';
  readonly detail: string;
}

export function trustAnchor(certificate: Certificate): TrustAnchor {
  return { certificate };
}

/**
 * The anchors of a PEM text, in order; blocks other than CERTIFICATE are skipped. A text without any, or with one that does
 * not decode, is an error that says which.
 */
export function trustAnchorsFromPem(text: string): Result<readonly TrustAnchor[], TrustAnchorError> {
  const blocks = decodePem(text);
  if (!blocks.ok) {
    return err({ kind: 'pem', detail: describePemError(blocks.error) });
  }
  const anchors: TrustAnchor[] = [];
  for (const { label, bytes } of blocks.value) {
    if (label !== 'CERTIFICATE') {
      continue;
    }
    const decoded = decodeCertificate(bytes);
    if (!decoded.ok) {
      const detail = `number ${anchors.length + 1}: ${describeCertificateError(decoded.error)}`;
      return err({ kind: 'certificate', detail });
    }
    anchors.push(trustAnchor(decoded.value));
  }
  return anchors.length === 0
    ? err({ kind: 'no-certificate', detail: 'no CERTIFICATE block in the text' })
    : ok(anchors);
}
