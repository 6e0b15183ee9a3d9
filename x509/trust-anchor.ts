import { err, ok, type Result } from '../asn1/index.ts';
import { toHex } from './bytes.ts';
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
  const { anchors, faults } = collectTrustAnchors(text);
  const [fault] = faults;
  if (fault !== undefined) {
    return err(fault);
  }
  return anchors.length === 0
    ? err({ kind: 'no-certificate', detail: 'no CERTIFICATE block in the text' })
    : ok(anchors);
}

/** The anchors of a store that somebody else keeps, and what in it could not be read. */
export interface CollectedAnchors {
  readonly anchors: readonly TrustAnchor[];
  readonly faults: readonly TrustAnchorError[];
}

/** The anchors of a PEM text that decode, in order, and why others do not. For stores in which one bad root must not spoil the rest. */
export function collectTrustAnchors(text: string): CollectedAnchors {
  const blocks = decodePem(text);
  if (!blocks.ok) {
    return { anchors: [], faults: [{ kind: 'pem', detail: describePemError(blocks.error) }] };
  }
  const anchors: TrustAnchor[] = [];
  const faults: TrustAnchorError[] = [];
  const certificates = blocks.value.filter(({ label }) => label === 'CERTIFICATE');
  for (const [index, { bytes }] of certificates.entries()) {
    const decoded = decodeCertificate(bytes);
    if (decoded.ok) {
      anchors.push(trustAnchor(decoded.value));
    } else {
      const detail = `number ${index + 1}: ${describeCertificateError(decoded.error)}`;
      faults.push({ kind: 'certificate', detail });
    }
  }
  return { anchors, faults };
}

/** Each certificate once, at its first place: a folder of anchors may hold one under several names. */
export function distinctAnchors(anchors: readonly TrustAnchor[]): readonly TrustAnchor[] {
  return [...new Map(anchors.map((anchor) => [toHex(anchor.certificate.der), anchor])).values()];
}
