import type { CertificateType } from '../codepoints.ts';
import type { OwnProof } from './phase.ts';

/** What this server shows, or showed when the session began; undefined where an external PSK took its place. */
export function shownType(own: OwnProof): CertificateType | undefined {
  if (own.kind === 'certificate') return own.chosen.credential.certificateType;
  const { source } = own.selected;
  return source.kind === 'session' ? source.serverCertificateType : undefined;
}
