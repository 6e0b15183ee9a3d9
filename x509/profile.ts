import { sameBytes } from './bytes.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import {
  type ExtensionName,
  extensionName,
  extensionValue,
  findExtension,
  type KeyUsageName,
} from './extension.ts';
import type { GeneralName } from './general-name.ts';
import { formatIpAddress } from './ip-address.ts';
import { attributeTexts, isEmptyName } from './name.ts';
import { id } from './oid.ts';
import { bitLength, type CertifiedKey } from './public-key.ts';
import { formatTime } from './time.ts';
import { type Finding, finding } from './validation-error.ts';

/** What the leaf's key is used for: to authenticate a TLS server, or a TLS client. */
export type Purpose = 'serverAuth' | 'clientAuth';

/**
 * Which rules certificates are held to.
 *
 * - `web`: RFC 5280, and those of the CA/Browser Forum's Baseline Requirements that a relying party can check. The
 *   default: what public authorities issue keeps them.
 * - `rfc5280`: what RFC 5280 §4 wants conforming authorities to put into certificates, and §6. The names of issuers are compared
 *   by its §7.1, and not byte for byte.
 * - `lenient`: what RFC 5280 §6 makes every relying party check and no more, for private authorities that leave out key
 *   identifiers or critical flags. Names are compared as by `rfc5280`. No signature, name, date or constraint goes unchecked.
 */
export type Profile = 'web' | 'rfc5280' | 'lenient';

export interface CheckContext {
  readonly profile: Profile;
  readonly purpose: Purpose;
  /** What the leaf's key usage, if it states one, must include. */
  readonly keyUsage: readonly KeyUsageName[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whether a certificate's signature is its own key's. Costs a signature check, so it is asked last. */
  readonly isSelfSigned: (certificate: Certificate) => boolean;
}

/** What is wrong with a certificate as a path's leaf, whatever its path. */
export function checkLeaf(certificate: Certificate, context: CheckContext): Finding | undefined {
  return firstFinding(LEAF_CHECKS[context.profile], certificate, context);
}

/** What is wrong with a certificate as an intermediate. */
export function checkIntermediate(certificate: Certificate, context: CheckContext): Finding | undefined {
  return firstFinding(INTERMEDIATE_CHECKS[context.profile], certificate, context);
}

/** What is wrong with a certificate as the anchor of a path that has other certificates too. */
export function checkAnchor(certificate: Certificate, context: CheckContext): Finding | undefined {
  const profile = predatesProfiles(certificate) ? 'lenient' : context.profile;
  return firstFinding(ANCHOR_CHECKS[profile], certificate, context);
}

/** What is wrong with a leaf that is itself trusted: it was chosen as it is, so its layout does not matter. */
export function checkTrustedLeaf(
  certificate: Certificate,
  context: Omit<CheckContext, 'isSelfSigned'>,
): Finding | undefined {
  return (
    isInForce(certificate, context) ??
    hasOnlyUnderstoodCriticalExtensions(certificate) ??
    mayBeUsed(certificate, context) ??
    isForPurpose(certificate, context)
  );
}

/** What is wrong with a certificate whose key signs CRLs (`cRLSign`) or OCSP responses (`digitalSignature`). */
export function checkRevocationSigner(
  certificate: Certificate,
  now: number,
  keyUsage: KeyUsageName,
): Finding | undefined {
  return (
    isInForce(certificate, { now }) ??
    hasOnlyUnderstoodCriticalExtensions(certificate) ??
    mayBeUsed(certificate, { keyUsage: [keyUsage] })
  );
}

/** What is wrong with a certificate's key beyond what decoding it has checked. */
export function checkKey(
  { key }: CertifiedKey,
  { profile }: Pick<CheckContext, 'profile'>,
): Finding | undefined {
  // Baseline Requirements §6.1.5.
  const bits = key.kind === 'rsa' ? bitLength(key.modulus) : 0;
  return profile === 'web' && bits % 8 !== 0
    ? finding('weak-key', 'an RSA modulus of a multiple of 8 bits', `${bits} bits`)
    : undefined;
}

type Check = (certificate: Certificate, context: CheckContext) => Finding | undefined;

/* RFC 5280 §6. */
const EVERY_CHECK: readonly Check[] = [isInForce, hasOnlyUnderstoodCriticalExtensions];
const END_ENTITY_CHECKS: readonly Check[] = [mayBeUsed, isForPurpose];
const AUTHORITY_CHECKS: readonly Check[] = [isAuthority, maySignCertificates, mayIssueForPurpose];

/* RFC 5280 §4: what conforming authorities put into certificates. */
const CONFORMING_CHECKS: readonly Check[] = [
  hasNoUniqueIdentifiers,
  hasProperCriticality,
  signsOnlyAsAuthority,
  constrainsOnlyAsAuthority,
  namesIssuerKey,
];
/* That an authority has a subject need not be asked: a certificate that names it as issuer would not have been decoded. */
const CONFORMING_AUTHORITY_CHECKS: readonly Check[] = [hasSubjectKeyIdentifier, hasMeaningfulNameConstraints];

/* The Baseline Requirements. */
const WEB_CHECKS: readonly Check[] = [isVersion3, namesIssuerKeyAlone];

const LEAF_CHECKS: Readonly<Record<Profile, readonly Check[]>> = {
  lenient: [...EVERY_CHECK, ...END_ENTITY_CHECKS],
  rfc5280: [
    ...EVERY_CHECK,
    ...END_ENTITY_CHECKS,
    hasPositiveSerialNumber,
    isNamedCritically,
    ...CONFORMING_CHECKS,
  ],
  web: [
    ...EVERY_CHECK,
    ...END_ENTITY_CHECKS,
    hasPositiveSerialNumber,
    isNamedCritically,
    ...WEB_CHECKS,
    isNoAuthority,
    statesPurpose,
    hasSubjectAltName,
    hasHonestCommonName,
    ...CONFORMING_CHECKS,
  ],
};

const INTERMEDIATE_CHECKS: Readonly<Record<Profile, readonly Check[]>> = {
  lenient: [...EVERY_CHECK, ...AUTHORITY_CHECKS],
  rfc5280: [
    ...EVERY_CHECK,
    ...AUTHORITY_CHECKS,
    hasPositiveSerialNumber,
    ...CONFORMING_AUTHORITY_CHECKS,
    ...CONFORMING_CHECKS,
  ],
  web: [
    ...EVERY_CHECK,
    ...AUTHORITY_CHECKS,
    hasPositiveSerialNumber,
    ...WEB_CHECKS,
    ...CONFORMING_AUTHORITY_CHECKS,
    ...CONFORMING_CHECKS,
  ],
};

const ANCHOR_CHECKS: Readonly<Record<Profile, readonly Check[]>> = {
  lenient: [...EVERY_CHECK, ...AUTHORITY_CHECKS],
  rfc5280: [...EVERY_CHECK, ...AUTHORITY_CHECKS, ...CONFORMING_AUTHORITY_CHECKS, ...CONFORMING_CHECKS],
  web: [
    ...EVERY_CHECK,
    ...AUTHORITY_CHECKS,
    ...WEB_CHECKS,
    isProperRoot,
    ...CONFORMING_AUTHORITY_CHECKS,
    ...CONFORMING_CHECKS,
  ],
};

function firstFinding(
  checks: readonly Check[],
  certificate: Certificate,
  context: CheckContext,
): Finding | undefined {
  for (const check of checks) {
    const found = check(certificate, context);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/* Every certificate of a path. */

/** RFC 5280 §4.1.2.5: both ends are included. They are whole seconds, so a fraction of `now` does not count. */
function isInForce({ validity }: Certificate, { now }: Pick<CheckContext, 'now'>): Finding | undefined {
  const second = Math.floor(now / 1000) * 1000;
  if (second < validity.notBefore) {
    return finding('not-yet-valid', `a time from ${formatTime(validity.notBefore)}`, formatTime(now));
  }
  return second <= validity.notAfter
    ? undefined
    : finding('expired', `a time up to ${formatTime(validity.notAfter)}`, formatTime(now));
}

/** RFC 5280 §4.2: a critical extension that is not processed is a reason to refuse. */
function hasOnlyUnderstoodCriticalExtensions(certificate: Certificate): Finding | undefined {
  const strange = certificate.extensions.find(
    ({ critical, extnID }) => critical && !UNDERSTOOD.has(extensionName(extnID)),
  );
  return strange === undefined
    ? undefined
    : finding(
        'unhandled-critical-extension',
        'critical extensions that are understood',
        extensionName(strange.extnID),
      );
}

const UNDERSTOOD: ReadonlySet<string> = new Set<ExtensionName>([
  'authorityInfoAccess',
  'authorityKeyIdentifier',
  'basicConstraints',
  'certificatePolicies',
  'extKeyUsage',
  'inhibitAnyPolicy',
  'issuerAltName',
  'keyUsage',
  'nameConstraints',
  'policyConstraints',
  'policyMappings',
  'subjectAltName',
  'subjectInfoAccess',
  'subjectKeyIdentifier',
]);

/* End entities. */

/** RFC 5280 §4.2.1.3. */
function mayBeUsed(
  certificate: Certificate,
  { keyUsage: wanted }: Pick<CheckContext, 'keyUsage'>,
): Finding | undefined {
  const keyUsage = extensionValue(certificate, 'keyUsage');
  const lacking = keyUsage === undefined ? undefined : wanted.find((name) => !keyUsage[name]);
  return lacking === undefined
    ? undefined
    : finding('wrong-key-usage', `key usage ${lacking}`, 'key usage without it');
}

/** RFC 5280 §4.2.1.12. On the web, anyExtendedKeyUsage is not enough (Baseline Requirements §7.1.2.7.10). */
function isForPurpose(
  certificate: Certificate,
  { purpose, profile }: Pick<CheckContext, 'purpose' | 'profile'>,
): Finding | undefined {
  const purposes = extensionValue(certificate, 'extKeyUsage');
  const admitted = profile === 'web' ? [id.kp[purpose]] : [id.kp[purpose], id.ce.anyExtendedKeyUsage];
  return purposes === undefined || purposes.some((usage) => admitted.some((wanted) => wanted === usage))
    ? undefined
    : finding('wrong-extended-key-usage', purpose, describePurposes(purposes));
}

/* Authorities. */

/** RFC 5280 §6.1.4 (k). */
function isAuthority(certificate: Certificate): Finding | undefined {
  const basicConstraints = extensionValue(certificate, 'basicConstraints');
  return basicConstraints?.cA === true
    ? undefined
    : finding(
        'not-a-ca',
        'basic constraints with cA',
        basicConstraints === undefined ? 'no basic constraints' : 'cA false',
      );
}

/** RFC 5280 §6.1.4 (n). */
function maySignCertificates(certificate: Certificate): Finding | undefined {
  const keyUsage = extensionValue(certificate, 'keyUsage');
  return keyUsage === undefined || keyUsage.keyCertSign
    ? undefined
    : finding('wrong-key-usage', 'key usage keyCertSign', 'key usage without it');
}

/** An authority's extended key usage bounds what it may issue for, as all TLS implementations have it. */
function mayIssueForPurpose(certificate: Certificate, { purpose }: CheckContext): Finding | undefined {
  const purposes = extensionValue(certificate, 'extKeyUsage');
  return purposes === undefined ||
    purposes.includes(id.kp[purpose]) ||
    purposes.includes(id.ce.anyExtendedKeyUsage)
    ? undefined
    : finding(
        'wrong-extended-key-usage',
        `${purpose} among what the authority issues for`,
        describePurposes(purposes),
      );
}

/* RFC 5280 §4, and the web. */

/** Baseline Requirements §7.1.1. */
function isVersion3({ version }: Certificate): Finding | undefined {
  return version === 'v3' ? undefined : finding('profile-violation', 'a certificate of version 3', version);
}

/** RFC 5280 §4.1.2.8. */
function hasNoUniqueIdentifiers({ issuerUniqueID, subjectUniqueID }: Certificate): Finding | undefined {
  return issuerUniqueID === undefined && subjectUniqueID === undefined
    ? undefined
    : finding('profile-violation', 'no unique identifiers', 'unique identifiers');
}

/** RFC 5280 §4.1.2.2. Not asked of anchors: some roots that browsers carry have zero. */
function hasPositiveSerialNumber({ serialNumber }: Certificate): Finding | undefined {
  return serialNumber > 0n ? undefined : finding('profile-violation', 'a positive serial number', '0');
}

/**
 * What RFC 5280 §4.2 says MUST, and MUST NOT, be critical. The Baseline Requirements add extended key usage (§7.1.2.7.6) and
 * let name constraints be either (§7.1.2.5.2).
 */
function hasProperCriticality(certificate: Certificate, { profile }: CheckContext): Finding | undefined {
  const isCa = extensionValue(certificate, 'basicConstraints')?.cA === true;
  for (const { extnID, critical } of certificate.extensions) {
    const name = extensionName(extnID);
    if (critical && (NEVER_CRITICAL.has(name) || (profile === 'web' && name === 'extKeyUsage'))) {
      return finding('profile-violation', `${name} not critical`, 'critical');
    }
    const isMeantCritical =
      ALWAYS_CRITICAL.has(name) ||
      (name === 'basicConstraints' && isCa) ||
      (name === 'nameConstraints' && profile === 'rfc5280');
    if (!critical && isMeantCritical) {
      return finding('profile-violation', `${name} critical`, 'not critical');
    }
  }
  return undefined;
}

const NEVER_CRITICAL: ReadonlySet<string> = new Set<ExtensionName>([
  'authorityInfoAccess',
  'authorityKeyIdentifier',
  'freshestCRL',
  'subjectDirectoryAttributes',
  'subjectInfoAccess',
  'subjectKeyIdentifier',
]);

const ALWAYS_CRITICAL: ReadonlySet<string> = new Set<ExtensionName>([
  'inhibitAnyPolicy',
  'policyConstraints',
]);

/** RFC 5280 §4.2.1.1: only a certificate that its own key signed may do without an authority key identifier. */
function namesIssuerKey(certificate: Certificate, { isSelfSigned }: CheckContext): Finding | undefined {
  const authority = extensionValue(certificate, 'authorityKeyIdentifier');
  if (authority !== undefined) {
    return authority.keyIdentifier === undefined
      ? finding('profile-violation', 'an authority key identifier with keyIdentifier', 'one without')
      : undefined;
  }
  return isSelfSigned(certificate)
    ? undefined
    : finding('profile-violation', 'an authority key identifier', 'none');
}

/** Baseline Requirements §7.1.2.11.1: the authority key identifier names the key and nothing else. */
function namesIssuerKeyAlone(certificate: Certificate): Finding | undefined {
  const { authorityCertIssuer, authorityCertSerialNumber } =
    extensionValue(certificate, 'authorityKeyIdentifier') ?? {};
  return authorityCertIssuer === undefined && authorityCertSerialNumber === undefined
    ? undefined
    : finding('profile-violation', 'an authority key identifier with keyIdentifier alone', 'more in it');
}

/** RFC 5280 §4.2.1.10. */
function constrainsOnlyAsAuthority(certificate: Certificate): Finding | undefined {
  return findExtension(certificate, 'nameConstraints') !== undefined &&
    extensionValue(certificate, 'basicConstraints')?.cA !== true
    ? finding(
        'profile-violation',
        'name constraints in authorities only',
        'name constraints in an end entity',
      )
    : undefined;
}

/** RFC 5280 §4.2.1.9. */
function signsOnlyAsAuthority(certificate: Certificate): Finding | undefined {
  return extensionValue(certificate, 'keyUsage')?.keyCertSign === true &&
    extensionValue(certificate, 'basicConstraints')?.cA !== true
    ? finding('profile-violation', 'keyCertSign in authorities only', 'keyCertSign without cA')
    : undefined;
}

/** RFC 5280 §4.2.1.2. */
function hasSubjectKeyIdentifier(certificate: Certificate): Finding | undefined {
  return findExtension(certificate, 'subjectKeyIdentifier') === undefined
    ? finding('profile-violation', 'an authority with a subject key identifier', 'none')
    : undefined;
}

/** RFC 5280 §4.2.1.10. */
function hasMeaningfulNameConstraints(certificate: Certificate): Finding | undefined {
  const constraints = extensionValue(certificate, 'nameConstraints');
  return constraints !== undefined &&
    constraints.permittedSubtrees === undefined &&
    constraints.excludedSubtrees === undefined
    ? finding('malformed', 'name constraints with subtrees', 'none')
    : undefined;
}

/**
 * Whether a root is older than the rules: made after X.509 had version 3 (June 1996) and before the Baseline Requirements
 * took effect (1 July 2012). Browsers still carry a dozen such roots that break one rule or another of their layout.
 */
function predatesProfiles({ validity: { notBefore } }: Certificate): boolean {
  return notBefore >= X509_VERSION_3 && notBefore < BASELINE_REQUIREMENTS;
}

/** 1996-06-01T00:00:00Z. */
const X509_VERSION_3 = 833_587_200_000;

/** 2012-07-01T00:00:00Z. */
const BASELINE_REQUIREMENTS = 1_341_100_800_000;

/** Baseline Requirements §7.1.2.1.2 and §7.1.2.1.3, of self-signed roots. */
function isProperRoot(certificate: Certificate): Finding | undefined {
  if (!isSelfIssued(certificate)) {
    return undefined;
  }
  const authority = extensionValue(certificate, 'authorityKeyIdentifier')?.keyIdentifier;
  const subject = extensionValue(certificate, 'subjectKeyIdentifier');
  if (authority !== undefined && subject !== undefined && !sameBytes(authority, subject)) {
    return finding('profile-violation', 'a root whose two key identifiers are one', 'two');
  }
  return findExtension(certificate, 'extKeyUsage') === undefined
    ? undefined
    : finding('profile-violation', 'a root without extended key usage', 'extended key usage');
}

/** Baseline Requirements §7.1.2.7.8. */
function isNoAuthority(certificate: Certificate): Finding | undefined {
  return extensionValue(certificate, 'basicConstraints')?.cA === true
    ? finding('profile-violation', 'an end entity as leaf', 'an authority')
    : undefined;
}

/** Baseline Requirements §7.1.2.7.6 and §7.1.2.7.10. */
function statesPurpose(certificate: Certificate): Finding | undefined {
  const purposes = extensionValue(certificate, 'extKeyUsage');
  if (purposes === undefined) {
    return finding('wrong-extended-key-usage', 'an extended key usage', 'none');
  }
  return purposes.includes(id.ce.anyExtendedKeyUsage)
    ? finding('wrong-extended-key-usage', 'definite purposes', 'anyExtendedKeyUsage')
    : undefined;
}

/** RFC 5280 §4.1.2.6: without a subject, the subjectAltName is all there is, and must not be overlooked. */
function isNamedCritically(certificate: Certificate): Finding | undefined {
  return isEmptyName(certificate.subject) && findExtension(certificate, 'subjectAltName')?.critical !== true
    ? finding(
        'profile-violation',
        'a critical subjectAltName, since the subject is empty',
        'none that is critical',
      )
    : undefined;
}

/** Baseline Requirements §7.1.2.7.12: a server has a subjectAltName, which is not critical beside a subject. */
function hasSubjectAltName(certificate: Certificate, { purpose }: CheckContext): Finding | undefined {
  const names = findExtension(certificate, 'subjectAltName');
  if (names === undefined) {
    return purpose === 'serverAuth' ? finding('profile-violation', 'a subjectAltName', 'none') : undefined;
  }
  return names.critical && !isEmptyName(certificate.subject)
    ? finding('profile-violation', 'a subjectAltName that is not critical', 'a critical one')
    : undefined;
}

/**
 * Baseline Requirements §7.1.4.3: a common name repeats a subjectAltName character by character. Only common names that
 * claim to be a host are held to it, and the parent domain of a name is let pass: both are common, and harmless
 * where nobody reads the common name. What is left is a second identity that somebody else might believe.
 */
function hasHonestCommonName(certificate: Certificate, { purpose }: CheckContext): Finding | undefined {
  const names = extensionValue(certificate, 'subjectAltName') ?? [];
  const dishonest = attributeTexts(certificate.subject.value, 'commonName').find(
    (text) => !isHonest(text, names),
  );
  return dishonest === undefined || purpose !== 'serverAuth'
    ? undefined
    : finding('profile-violation', 'a common name that repeats a subjectAltName', JSON.stringify(dishonest));
}

function isHonest(commonName: string, names: readonly GeneralName[]): boolean {
  const isAddressLike =
    /^(0x[0-9a-f]+|[0-9.]+)$/i.test(commonName) ||
    (commonName.includes(':') && /^[0-9a-f:.]+$/i.test(commonName));
  if (isAddressLike) {
    const addresses = names.flatMap((name) =>
      name.kind === 'iPAddress' ? [formatIpAddress(name.value)] : [],
    );
    return addresses.length === 0 || addresses.includes(commonName);
  }
  if (/^[^\s@./:]+(\.[^\s@./:]+)+$/.test(commonName)) {
    const hosts = names.flatMap((name) => (name.kind === 'dNSName' ? [name.value] : []));
    const below = `.${commonName}`;
    return hosts.length === 0 || hosts.some((host) => host === commonName || host.endsWith(below));
  }
  return true;
}

function describePurposes(purposes: readonly string[]): string {
  const name = (purpose: string) =>
    Object.entries(id.kp).find(([, type]) => type === purpose)?.[0] ?? purpose;
  return purposes.map(name).join(', ');
}
