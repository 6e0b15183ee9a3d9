import {
  type Certificate,
  decodeCertificate,
  extensionValue,
  id,
  isSelfIssued,
  type ValidatedPath,
  type ValidationError,
} from '../../x509/index.ts';
import { type Answer, askOurs } from './implementations.ts';
import type { Question } from './question.ts';

export type Implementation = 'openssl' | 'go';

/** Somebody who answers otherwise than pure-tls. */
export interface Disagreement {
  readonly question: Question;
  readonly ours: Ours;
  readonly theirs: Answer;
  /** What they say of nothing but the path that pure-tls has found; their answer itself where it has found none. */
  readonly alongPath: Answer;
}

export type Ours =
  | { readonly ok: true; readonly value: ValidatedPath }
  | { readonly ok: false; readonly error: ValidationError };

/** A rule by which an implementation and pure-tls differ, and how it shows that a disagreement comes from it. */
export interface Rule {
  readonly of: Implementation;
  readonly name: string;
  readonly explains: (disagreement: Disagreement) => boolean;
}

export const RULES: readonly Rule[] = [
  {
    of: 'openssl',
    name: 'openssl looks at one path: pure-tls tries others when a certificate on it is no good',
    explains: ({ theirs, alongPath }) => !theirs.ok && alongPath.ok,
  },
  {
    of: 'openssl',
    name: 'openssl does not take anyExtendedKeyUsage for a TLS purpose; RFC 5280 §4.2.1.12 lets it',
    explains: ({ question, ours, alongPath }) =>
      refusedFor(alongPath, /unsuitable certificate purpose/) &&
      certificatesOf(ours).some((certificate) => isForAnything(certificate, question)),
  },
  {
    of: 'openssl',
    name: 'openssl takes an issuer with another key identifier for none; to pure-tls the signature decides (RFC 4158 §3.5.12)',
    explains: ({ ours, alongPath }) =>
      refusedFor(alongPath, /unable to get local issuer|self-signed certificate in/) &&
      hasForeignKeyIdentifier(ours),
  },
  {
    of: 'openssl',
    name: 'openssl does not count the last second of a validity; RFC 5280 §4.1.2.5 does',
    explains: ({ question, ours, alongPath }) =>
      refusedFor(alongPath, /certificate has expired/) &&
      certificatesOf(ours).some(({ validity }) => validity.notAfter === question.now),
  },
  {
    of: 'openssl',
    name: 'openssl lets a wildcard name stand for a host in an excluded subtree (CVE-2025-61727)',
    explains: ({ question, ours, theirs }) =>
      theirs.ok && isRefusal(ours, 'name-constraint') && hasWildcard(question),
  },
  {
    of: 'openssl',
    name: 'openssl takes anchors that are no authorities; pure-tls wants cA of them too',
    explains: ({ question, ours, theirs }) =>
      theirs.ok && isRefusal(ours, 'not-a-ca') && anchorsOf(question).some((anchor) => !isAuthority(anchor)),
  },
  ...(['openssl', 'go'] as const).map(
    (of): Rule => ({
      of,
      name: `${of} does not look at what anchors demand of policies; pure-tls does (RFC 5937 §3.2)`,
      explains: ({ question, theirs }) => theirs.ok && askOurs(question, withoutPolicyConstraints).ok,
    }),
  ),
  {
    of: 'go',
    name: 'go does not look at the key usage of a leaf',
    explains: ({ ours, theirs }) => theirs.ok && isRefusal(ours, 'wrong-key-usage', 0),
  },
  {
    of: 'go',
    name: 'go matches *.com; to pure-tls a wildcard stands below two labels at least',
    explains: ({ question, ours, theirs }) =>
      theirs.ok &&
      isRefusal(ours, 'name-mismatch') &&
      question.host?.split('.').length === 2 &&
      hasWildcard(question),
  },
  {
    of: 'go',
    name: 'go counts self-issued authorities in a path; RFC 5280 §4.2.1.9 does not',
    explains: ({ ours, theirs }) =>
      refusedFor(theirs, /too many intermediates/) && certificatesOf(ours).slice(1, -1).some(isSelfIssued),
  },
];

function refusedFor(theirs: Answer, reason: RegExp): boolean {
  return !theirs.ok && reason.test(theirs.error);
}

function isRefusal(ours: Ours, reason: ValidationError['reason'], depth?: number): boolean {
  return (
    !ours.ok &&
    ours.error.reason === reason &&
    (depth === undefined || ours.error.certificate?.depth === depth)
  );
}

/** From the leaf to the anchor. */
function certificatesOf(ours: Ours): readonly Certificate[] {
  return ours.ok ? [...ours.value.path, ours.value.anchor.certificate] : [];
}

function isForAnything(certificate: Certificate, { purpose }: Question): boolean {
  const purposes = extensionValue(certificate, 'extKeyUsage') ?? [];
  return purposes.includes(id.ce.anyExtendedKeyUsage) && !purposes.includes(id.kp[purpose]);
}

function hasForeignKeyIdentifier(ours: Ours): boolean {
  const certificates = certificatesOf(ours);
  return certificates.some((certificate, i) => {
    const wanted = extensionValue(certificate, 'authorityKeyIdentifier')?.keyIdentifier;
    const issuer = certificates[i + 1] ?? certificate;
    const found = extensionValue(issuer, 'subjectKeyIdentifier');
    return wanted !== undefined && found !== undefined && Buffer.compare(wanted, found) !== 0;
  });
}

function anchorsOf({ anchors }: Question): readonly Certificate[] {
  return anchors.map(decodeCertificate).flatMap((anchor) => (anchor.ok ? [anchor.value] : []));
}

function withoutPolicyConstraints(certificate: Certificate): Certificate {
  const extensions = certificate.extensions.filter(({ extnID }) => extnID !== id.ce.policyConstraints);
  return { ...certificate, extensions };
}

function isAuthority(certificate: Certificate): boolean {
  return extensionValue(certificate, 'basicConstraints')?.cA === true;
}

function hasWildcard({ chain: [leaf] }: Question): boolean {
  const decoded = decodeCertificate(leaf);
  const names = decoded.ok ? (extensionValue(decoded.value, 'subjectAltName') ?? []) : [];
  return names.some((name) => name.kind === 'dNSName' && name.value.startsWith('*.'));
}
