import { encode } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes, toHex } from './bytes.ts';
import { type Certificate, certificatePublicKey } from './certificate.ts';
import { type Crl, findRevoked, type RevokedCertificate } from './crl.ts';
import { checkBegun, checkFreshness, type EvidenceFault, type Freshness, fault } from './evidence.ts';
import {
  type DistributionPoint,
  extensionValue,
  findExtension,
  type IssuingDistributionPoint,
  issuingDistributionPoint,
  type ReasonFlags,
} from './extension.ts';
import { type GeneralName, generalName } from './general-name.ts';
import {
  foldingComparison,
  formatName,
  type Name,
  type NameComparison,
  nameKey,
  rdnSequence,
} from './name.ts';
import { checkRevocationSigner } from './profile.ts';
import { checkSignature, keyFault } from './signature.ts';
import { type Finding, finding } from './validation-error.ts';

export interface CrlCheck extends Freshness {
  readonly crypto: CryptoProvider;
  readonly crls: readonly Crl[];
  /** Certificates of CRL issuers other than the authorities of the path. */
  readonly crlIssuers: readonly Certificate[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What the CRLs at hand say about one certificate. */
export type CrlStatus =
  | { readonly kind: 'good' }
  | { readonly kind: 'revoked'; readonly entry: RevokedCertificate }
  | { readonly kind: 'unknown'; readonly faults: readonly EvidenceFault[] };

/**
 * RFC 5280 §6.3.3. `authorities` are the certificate's issuer and those above it, up to and with the anchor.
 *
 * Of several lists of one scope only the newest counts, so that a hold can end. A delta CRL brings the complete list that
 * it continues up to date; by itself it can convict but not acquit, and so can a list without a proper number.
 */
export function checkCrls(
  options: CrlCheck,
  certificate: Certificate,
  authorities: readonly Certificate[],
): CrlStatus {
  const check = { ...options, isSameName: foldingComparison() };
  const faults: EvidenceFault[] = [];
  const points = distributionPoints(certificate);
  const lists = check.crls
    .filter((crl) => points.some((point) => isIssuer(check, crl, point, certificate)))
    .map((crl) => scoped(check, crl, points, certificate))
    .filter((list) => holds(checkUsable(check, list, authorities), faults));
  const isFresh = ({ crl }: ScopedCrl) => holds(checkFreshness('crl', crl, check.now, check), faults);
  const deltas = lists.filter((list) => list.base !== undefined && isFresh(list));
  // RFC 5280 §5.2.4: complete and delta list together are as recent as the delta.
  const complete = lists.filter(
    (list) => list.base === undefined && (deltas.some((delta) => continues(delta, list)) || isFresh(list)),
  );
  const fresh = [...deltas, ...complete];
  const current = fresh.filter((list) => !fresh.some((other) => supersedes(other, list)));
  let covered = NO_REASONS;
  for (const list of current) {
    const entry = findEntry(list, current, certificate);
    if (entry !== undefined) {
      return { kind: 'revoked', entry };
    }
    covered |= list.base === undefined && holds(checkNumber(list), faults) ? list.reasons : NO_REASONS;
  }
  if (covered === EVERY_REASON) {
    return { kind: 'good' };
  }
  if (covered !== NO_REASONS) {
    faults.push(
      fault('crl', 'out-of-scope', 'CRLs that tell of every reason for revocation', 'of some only'),
    );
  }
  return { kind: 'unknown', faults };
}

/** Names are compared by RFC 5280 §7.1, whatever the profile: no other way to write a name must keep a CRL out of sight. */
interface Context extends CrlCheck {
  readonly isSameName: NameComparison;
}

/** A CRL beside what it means for the certificate in question. */
interface ScopedCrl {
  readonly crl: Crl;
  /** For which reasons the certificate would stand in it: a set of bits as ReasonFlags has them. */
  readonly reasons: number;
  /** The same for lists of one issuer about the same certificates. */
  readonly scope: string;
  readonly number: bigint | undefined;
  /** For a delta CRL, the number of the list whose changes it tells. */
  readonly base: bigint | undefined;
}

function scoped(
  context: Context,
  crl: Crl,
  points: readonly DistributionPoint[],
  certificate: Certificate,
): ScopedCrl {
  const scope = extensionValue(crl, 'issuingDistributionPoint');
  const reasons = points
    .filter(
      (point) => isIssuer(context, crl, point, certificate) && isInScope(crl, scope, point, certificate),
    )
    .reduce((mask, { reasons }) => mask | (reasonMask(reasons) & reasonMask(scope?.onlySomeReasons)), 0);
  return {
    crl,
    reasons,
    scope: `${nameKey(crl.issuer)} ${scope === undefined ? '' : toHex(encode(issuingDistributionPoint, scope))}`,
    number: extensionValue(crl, 'cRLNumber'),
    base: extensionValue(crl, 'deltaCRLIndicator'),
  };
}

/**
 * Where the certificate says that its CRLs are, and at last the place that every certificate has: the CRL of its issuer
 * (RFC 5280 §6.3.3, last paragraph).
 */
function distributionPoints(certificate: Certificate): readonly DistributionPoint[] {
  const implied: DistributionPoint = {
    distributionPoint: {
      kind: 'fullName',
      value: [{ kind: 'directoryName', value: certificate.issuer }],
    },
    reasons: undefined,
    cRLIssuer: undefined,
  };
  return [...(extensionValue(certificate, 'cRLDistributionPoints') ?? []), implied];
}

/** RFC 5280 §6.3.3 (b) (1): the certificate's issuer, or whom the distribution point names, for an indirect CRL. */
function isIssuer(
  { isSameName }: Context,
  crl: Crl,
  { cRLIssuer }: DistributionPoint,
  certificate: Certificate,
): boolean {
  return cRLIssuer === undefined
    ? isSameName(crl.issuer, certificate.issuer)
    : extensionValue(crl, 'issuingDistributionPoint')?.indirectCRL === true &&
        cRLIssuer.some((name) => name.kind === 'directoryName' && isSameName(name.value, crl.issuer));
}

/** RFC 5280 §6.3.3 (b) (2). */
function isInScope(
  crl: Crl,
  scope: IssuingDistributionPoint | undefined,
  point: DistributionPoint,
  certificate: Certificate,
): boolean {
  if (scope === undefined) {
    return true;
  }
  const isAuthority = extensionValue(certificate, 'basicConstraints')?.cA === true;
  return (
    !scope.onlyContainsAttributeCerts &&
    !(scope.onlyContainsUserCerts && isAuthority) &&
    !(scope.onlyContainsCACerts && !isAuthority) &&
    sharesName(crl, scope, point, certificate)
  );
}

/** RFC 5280 §6.3.3 (b) (2) (i): the list and the certificate name one place. */
function sharesName(
  crl: Crl,
  scope: IssuingDistributionPoint,
  { distributionPoint, cRLIssuer = [] }: DistributionPoint,
  certificate: Certificate,
): boolean {
  if (scope.distributionPoint === undefined) {
    return true;
  }
  const [issuer] = cRLIssuer.flatMap((name) => (name.kind === 'directoryName' ? [name.value] : []));
  const wanted =
    distributionPoint === undefined ? cRLIssuer : pointNames(distributionPoint, issuer ?? certificate.issuer);
  const offered = new Set(pointNames(scope.distributionPoint, crl.issuer).map(generalNameKey));
  return wanted.some((name) => offered.has(generalNameKey(name)));
}

/** RFC 5280 §4.2.1.13: a relative name is one part more than the name of who issues the CRL. */
function pointNames(
  point: NonNullable<DistributionPoint['distributionPoint']>,
  crlIssuer: Name,
): readonly GeneralName[] {
  switch (point.kind) {
    case 'fullName':
      return point.value;
    case 'nameRelativeToCRLIssuer': {
      const value = [...crlIssuer.value, point.value];
      return [{ kind: 'directoryName', value: { raw: encode(rdnSequence, value), value } }];
    }
  }
}

function generalNameKey(name: GeneralName): string {
  return name.kind === 'directoryName' ? nameKey(name.value) : toHex(encode(generalName, name));
}

/** Whether the list may be used for the certificate, as far as its age does not matter. */
function checkUsable(
  check: Context,
  { crl, reasons }: ScopedCrl,
  authorities: readonly Certificate[],
): EvidenceFault | undefined {
  if (reasons === NO_REASONS) {
    return fault(
      'crl',
      'out-of-scope',
      'a CRL for such a certificate and its distribution points',
      'another',
    );
  }
  const strange = crl.unhandledCriticalExtension;
  return strange === undefined
    ? (checkBegun('crl', crl.thisUpdate, check.now, check) ?? checkSigner(check, crl, authorities))
    : fault('crl', 'unhandled-critical-extension', 'critical extensions that are understood', strange);
}

/** RFC 5280 §5.2.3: every list has a number, in an extension that is not critical. */
function checkNumber({ crl }: ScopedCrl): EvidenceFault | undefined {
  const found = findExtension(crl, 'cRLNumber');
  return found?.critical === false
    ? undefined
    : fault(
        'crl',
        'malformed',
        'a CRL number that is not critical',
        found === undefined ? 'none' : 'a critical one',
      );
}

/** RFC 5280 §6.3.3 (f) and (g): somebody who may has signed it. */
function checkSigner(
  check: Context,
  crl: Crl,
  authorities: readonly Certificate[],
): EvidenceFault | undefined {
  const { crypto, now, isSameName } = check;
  const isNamed = ({ subject }: Certificate) => isSameName(subject, crl.issuer);
  let best: EvidenceFault | undefined;
  for (const signer of [...authorities, ...check.crlIssuers].filter(isNamed)) {
    const unfit =
      checkRevocationSigner(signer, now, 'cRLSign') ??
      (authorities.includes(signer) ? undefined : checkVouched(check, signer, authorities));
    if (unfit !== undefined) {
      best ??= fault('crl', 'unauthorized-signer', unfit.expected, unfit.found);
      continue;
    }
    const { tbsCertList: tbsCertificate, signatureAlgorithm, signature } = crl;
    const wrong = checkSignedBy(crypto, { tbsCertificate, signatureAlgorithm, signature }, signer);
    if (wrong === undefined) {
      return undefined;
    }
    best = fault('crl', 'bad-signature', wrong.expected, wrong.found);
  }
  const name = formatName(crl.issuer.value);
  return best ?? fault('crl', 'unauthorized-signer', `the certificate of a CRL issuer named ${name}`, 'none');
}

/**
 * A CRL issuer that is no authority of the path must be certified by one that stands above the certificate in question: were it
 * the certificate itself, or one below, it could vouch for itself. And the CRLs of those authorities must not have it.
 */
function checkVouched(
  check: Context,
  signer: Certificate,
  authorities: readonly Certificate[],
): Finding | undefined {
  const unknown: Finding = {
    reason: 'unknown-issuer',
    expected: 'a CRL issuer that an authority of the path has certified',
    found: formatName(signer.issuer.value),
  };
  const findings = authorities
    .filter(({ subject }) => check.isSameName(subject, signer.issuer))
    .map((authority) => checkSignedBy(check.crypto, signer, authority));
  if (!findings.includes(undefined)) {
    return findings[0] ?? unknown;
  }
  // Without other CRL issuers, so that two of them cannot ask about each other for ever.
  const isRevoked = checkCrls({ ...check, crlIssuers: [] }, signer, authorities).kind === 'revoked';
  return isRevoked ? finding('revoked', 'a CRL issuer that is not revoked', 'a revoked one') : undefined;
}

function checkSignedBy(
  crypto: CryptoProvider,
  signed: Parameters<typeof checkSignature>[1],
  signer: Certificate,
): Finding | undefined {
  const key = certificatePublicKey(crypto, signer);
  return key.ok ? checkSignature(crypto, signed, key.value) : keyFault(key.error);
}

/** RFC 5280 §5.2.4: whether the delta list tells what has changed since the complete one. */
function continues(delta: ScopedCrl, complete: ScopedCrl): boolean {
  return (
    delta.scope === complete.scope &&
    sameKeyIdentifier(delta, complete) &&
    complete.number !== undefined &&
    delta.base !== undefined &&
    delta.number !== undefined &&
    delta.base <= complete.number &&
    complete.number < delta.number
  );
}

/** Whether `a` is newer than `b` and says all that `b` does. */
function supersedes(a: ScopedCrl, b: ScopedCrl): boolean {
  const reachesBack = a.base === undefined || (b.base !== undefined && a.base <= b.base);
  const isNewer = a.number !== undefined && b.number !== undefined && a.number > b.number;
  return isNewer && reachesBack && a.scope === b.scope;
}

function sameKeyIdentifier(a: ScopedCrl, b: ScopedCrl): boolean {
  const [left, right] = [a, b].map(({ crl }) => extensionValue(crl, 'authorityKeyIdentifier')?.keyIdentifier);
  return left === undefined || right === undefined ? left === right : sameBytes(left, right);
}

/** The certificate's entry in a list, unless that or a delta to it says that the certificate is no longer revoked. */
function findEntry(
  list: ScopedCrl,
  current: readonly ScopedCrl[],
  certificate: Certificate,
): RevokedCertificate | undefined {
  const entry = findRevoked(list.crl, certificate);
  const isRemoved = [list, ...current.filter((delta) => continues(delta, list))].some(({ crl }) => {
    const latest = findRevoked(crl, certificate);
    return latest !== undefined && extensionValue(latest, 'reasonCode') === 'removeFromCRL';
  });
  return isRemoved ? undefined : entry;
}

const REASONS = [
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const satisfies readonly (keyof ReasonFlags)[];

const NO_REASONS = 0;
const EVERY_REASON = (1 << REASONS.length) - 1;

/** Absent flags stand for every reason (RFC 5280 §6.3.3 (d)). */
function reasonMask(flags: ReasonFlags | undefined): number {
  return flags === undefined
    ? EVERY_REASON
    : REASONS.reduce((mask, reason, bit) => mask | (flags[reason] ? 1 << bit : 0), NO_REASONS);
}

/** Keeps the fault, if there is one. */
function holds(broken: EvidenceFault | undefined, faults: EvidenceFault[]): boolean {
  if (broken !== undefined) {
    faults.push(broken);
  }
  return broken === undefined;
}
