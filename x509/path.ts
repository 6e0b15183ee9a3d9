import { err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes } from './bytes.ts';
import { type Certificate, certificatePublicKey, isSelfIssued } from './certificate.ts';
import { extensionValue, type KeyUsageName } from './extension.ts';
import { formatGeneralName } from './general-name.ts';
import { formatIdentity, presentsIdentity, type ReferenceIdentity } from './identity.ts';
import { PATH_LIMITS, type PathLimits } from './limits.ts';
import { formatName, sameName } from './name.ts';
import { checkNameConstraints } from './name-constraints.ts';
import {
  type CheckContext,
  checkAnchor,
  checkIntermediate,
  checkKey,
  checkLeaf,
  checkTrustedLeaf,
  type Profile,
  type Purpose,
} from './profile.ts';
import type { CertifiedKey } from './public-key.ts';
import { checkSignature, keyFault } from './signature.ts';
import type { TrustAnchor } from './trust-anchor.ts';
import { blame, type Finding, finding, type ValidationError } from './validation-error.ts';

export interface PathOptions {
  readonly crypto: CryptoProvider;
  /** The leaf first, then certificates that may help, in any order: superfluous ones do no harm. */
  readonly certificates: readonly Certificate[];
  readonly anchors: readonly TrustAnchor[];
  readonly purpose: Purpose;
  /** Undefined: any name will do. */
  readonly identity: ReferenceIdentity | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Default `web`. */
  readonly profile?: Profile;
  /** What the leaf's key must be allowed to do. Default: digitalSignature, which is how TLS 1.3 authenticates. */
  readonly keyUsage?: readonly KeyUsageName[];
  /** In place of those of `PATH_LIMITS`; never higher. */
  readonly limits?: Partial<PathLimits>;
  /**
   * Whether a leaf that is itself one of the anchors is accepted, as self-signed servers need. Off by default: an authority's
   * certificate in the trust store should vouch for others, not serve.
   */
  readonly allowLeafAnchor?: boolean;
}

export interface ValidatedPath {
  readonly leaf: Certificate;
  /** The leaf, then each issuer up to the one that the anchor issued. */
  readonly path: readonly Certificate[];
  /** Whose key has signed the last of `path`; the leaf's own anchor when that is trusted by itself. */
  readonly anchor: TrustAnchor;
  /** The leaf's public key. */
  readonly key: CertifiedKey;
}

/**
 * Finds a path from the leaf to an anchor on which every check passes (RFC 5280 §6, RFC 4158 for the search), and compares
 * the leaf's names with the identity. Depth first, likelier issuers first, each certificate checked when it is added:
 * what fails is not built upon. Of all that failed, the error that got farthest is reported.
 */
export function validatePath(options: PathOptions): Result<ValidatedPath, ValidationError> {
  const { crypto, certificates, anchors, identity } = options;
  const [leaf, ...others] = certificates;
  if (leaf === undefined) {
    return err({ ...finding('empty-chain', 'a certificate', 'none'), certificate: undefined });
  }
  if (anchors.length === 0) {
    return err(blame(finding('no-anchors', 'a trust anchor to build a path to', 'none configured'), leaf, 0));
  }
  const key = certificatePublicKey(crypto, leaf);
  if (!key.ok) {
    return err(blame(keyFault(key.error), leaf, 0));
  }
  const trusted = anchors.find(({ certificate }) => sameBytes(certificate.der, leaf.der));
  if (trusted !== undefined && options.allowLeafAnchor !== true) {
    return err(blame(finding('unknown-issuer', 'an anchor other than the leaf itself', 'the leaf'), leaf, 0));
  }
  const search = startSearch(options, others);
  const { context } = search;
  const leafFinding =
    checkKey(key.value, context) ??
    (trusted === undefined ? checkLeaf(leaf, context) : checkTrustedLeaf(leaf, context));
  if (leafFinding !== undefined) {
    return err(blame(leafFinding, leaf, 0));
  }
  const outcome: Found | Failed =
    trusted === undefined ? findPath(search, [leaf]) : { kind: 'found', path: [leaf], anchor: trusted };
  if (outcome.kind === 'failed') {
    return err(outcome.error);
  }
  const mismatch = identity === undefined ? undefined : checkIdentity(leaf, identity);
  const { path, anchor } = outcome;
  return mismatch === undefined ? ok({ leaf, path, anchor, key: key.value }) : err(blame(mismatch, leaf, 0));
}

/** RFC 9525 §6: what the certificate presents must include the identity. */
function checkIdentity(leaf: Certificate, identity: ReferenceIdentity): Finding | undefined {
  const names = extensionValue(leaf, 'subjectAltName') ?? [];
  if (presentsIdentity(names, identity)) {
    return undefined;
  }
  const shown = names.slice(0, NAMES_SHOWN).map(formatGeneralName).join(', ');
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return finding(
    'name-mismatch',
    `a subjectAltName for ${formatIdentity(identity)}`,
    shown === '' ? 'none at all' : shown + more,
  );
}

/** Names in an error message: enough to see what went wrong, whatever a peer puts into a certificate. */
const NAMES_SHOWN = 8;

/** What stays the same during a search, and the budgets, which only shrink. */
interface Search {
  readonly crypto: CryptoProvider;
  readonly context: CheckContext;
  readonly anchors: readonly TrustAnchor[];
  /** Everything presented beside the leaf. */
  readonly presented: readonly Certificate[];
  /** Those of `presented` from which issuers' names lead to an anchor: nobody else can be part of a path. */
  readonly candidates: readonly Certificate[];
  readonly limits: PathLimits;
  readonly budget: { signatures: number; steps: number; comparisons: number };
}

interface Found {
  readonly kind: 'found';
  readonly path: readonly Certificate[];
  readonly anchor: TrustAnchor;
}

interface Failed {
  readonly kind: 'failed';
  readonly error: ValidationError;
  /** How far the attempt got; of several failures the highest is reported. */
  readonly rank: number;
  /** A budget ran out: no other attempt may be made. */
  readonly stop: boolean;
}

function startSearch(options: PathOptions, presented: readonly Certificate[]): Search {
  const { crypto, anchors, purpose, now, profile = 'web', keyUsage = ['digitalSignature'] } = options;
  const limits = lowerLimits(options.limits ?? {});
  const budget = {
    signatures: limits.signatureChecks,
    steps: limits.candidateSteps,
    comparisons: limits.nameConstraintComparisons,
  };
  // By name, since many a root signs itself with SHA-1; by signature, since a root may carry two names.
  const isSelfSigned = (certificate: Certificate) => {
    const key = certificatePublicKey(crypto, certificate);
    return (
      isSelfIssued(certificate) ||
      (key.ok && --budget.signatures >= 0 && checkSignature(crypto, certificate, key.value) === undefined)
    );
  };
  const context = { profile, purpose, keyUsage, now, isSelfSigned };
  return { crypto, context, anchors, presented, candidates: leadingTo(anchors, presented), limits, budget };
}

/** Extends a path, given leaf first, to an anchor. */
function findPath(search: Search, path: readonly [Certificate, ...Certificate[]]): Found | Failed {
  const top = path.at(-1) ?? path[0];
  let best = unknownIssuer(search, path);
  const anchors = search.anchors.filter(({ certificate }) => sameName(certificate.subject, top.issuer));
  for (const anchor of likelierFirst(top, anchors, ({ certificate }) => certificate)) {
    const failure = tryAnchor(search, path, anchor.certificate);
    if (failure === undefined) {
      return { kind: 'found', path, anchor };
    }
    best = farther(best, failure);
    if (failure.stop) {
      return failure;
    }
  }
  const issuers = search.candidates.filter(({ subject }) => sameName(subject, top.issuer));
  for (const issuer of likelierFirst(top, issuers, (certificate) => certificate)) {
    if (path.some((certificate) => isSameEntity(certificate, issuer))) {
      continue;
    }
    const outcome = tryIntermediate(search, path, issuer) ?? findPath(search, [...path, issuer]);
    if (outcome.kind === 'found' || outcome.stop) {
      return outcome;
    }
    best = farther(best, outcome);
  }
  return best;
}

function tryAnchor(search: Search, path: readonly Certificate[], anchor: Certificate): Failed | undefined {
  const failure =
    spendStep(search, path, anchor) ??
    failedIf(checkAnchor(anchor, search.context), path, anchor) ??
    tryIssuer(search, path, anchor);
  if (failure !== undefined) {
    return failure;
  }
  const whole = [...path, anchor];
  const violation = checkNameConstraints(whole, search.budget);
  const culprit = violation === undefined ? undefined : whole[violation.depth];
  return violation === undefined || culprit === undefined
    ? undefined
    : failed(violation.finding, culprit, violation.depth, COMPLETE_PATH + path.length);
}

function tryIntermediate(
  search: Search,
  path: readonly Certificate[],
  issuer: Certificate,
): Failed | undefined {
  const { context, limits } = search;
  const length = intermediates([...path, issuer]);
  const tooLong =
    length > limits.intermediates
      ? finding('path-too-long', `at most ${limits.intermediates} intermediates`, `${length}`)
      : undefined;
  return (
    spendStep(search, path, issuer) ??
    failedIf(tooLong ?? checkIntermediate(issuer, context), path, issuer) ??
    tryIssuer(search, path, issuer)
  );
}

/** What holds for every issuer: its path length constraint, its key, and the signature it is supposed to have made. */
function tryIssuer(search: Search, path: readonly Certificate[], issuer: Certificate): Failed | undefined {
  const { crypto, context, budget } = search;
  const limit = extensionValue(issuer, 'basicConstraints')?.pathLenConstraint;
  const length = intermediates(path);
  if (limit !== undefined && length > limit) {
    return failedIf(
      finding('path-too-long', `at most ${limit} intermediates below`, `${length}`),
      path,
      issuer,
    );
  }
  const key = certificatePublicKey(crypto, issuer);
  const keyFinding = key.ok ? checkKey(key.value, context) : keyFault(key.error);
  if (!key.ok || keyFinding !== undefined) {
    return failedIf(keyFinding, path, issuer);
  }
  const top = path.at(-1);
  if (top === undefined) {
    return undefined;
  }
  if (--budget.signatures < 0) {
    return exhausted('fewer signatures to verify', path, issuer);
  }
  const signature = checkSignature(crypto, top, key.value);
  return signature === undefined
    ? undefined
    : failed(signature, top, path.length - 1, WRONG_ISSUER + path.length);
}

function spendStep(
  { budget }: Search,
  path: readonly Certificate[],
  issuer: Certificate,
): Failed | undefined {
  return --budget.steps < 0 ? exhausted('fewer candidates for an issuer', path, issuer) : undefined;
}

/*
 * Ranks of failures, above the length of the path: that nobody fits says less than that somebody did not sign, which says
 * less than that the right issuer has a fault, and the most telling is what is wrong with a path that was complete.
 */
const UNKNOWN_ISSUER = 0;
const WRONG_ISSUER = 1_000;
const FAULTY_ISSUER = 2_000;
const COMPLETE_PATH = 3_000;

function failedIf(
  found: Finding | undefined,
  path: readonly Certificate[],
  issuer: Certificate,
): Failed | undefined {
  return found === undefined ? undefined : failed(found, issuer, path.length, FAULTY_ISSUER + path.length);
}

function failed(found: Finding, certificate: Certificate, depth: number, rank: number): Failed {
  const stop = found.reason === 'budget-exhausted';
  return { kind: 'failed', error: blame(found, certificate, depth), rank, stop };
}

function exhausted(expected: string, path: readonly Certificate[], issuer: Certificate): Failed {
  return failed(
    finding('budget-exhausted', expected, 'more than the limit'),
    issuer,
    path.length,
    COMPLETE_PATH,
  );
}

function farther(a: Failed, b: Failed): Failed {
  return b.rank > a.rank ? b : a;
}

/** Blames the last certificate that names lead to from the top of the path. */
function unknownIssuer(
  { anchors, presented }: Search,
  path: readonly [Certificate, ...Certificate[]],
): Failed {
  const walked = [...path];
  let top = path.at(-1) ?? path[0];
  for (;;) {
    const { issuer } = top;
    const next = presented.find(
      (certificate) => sameName(certificate.subject, issuer) && !walked.includes(certificate),
    );
    if (next === undefined) {
      break;
    }
    walked.push(next);
    top = next;
  }
  const found = isSelfIssued(top) ? 'a self-signed certificate that is none' : `none among ${anchors.length}`;
  const expected = `an anchor named ${formatName(top.issuer.value)}`;
  return failed(
    finding('unknown-issuer', expected, found),
    top,
    walked.length - 1,
    UNKNOWN_ISSUER + path.length,
  );
}

/** Those of the presented certificates from which issuers' names lead to an anchor. Linear in pairs of certificates. */
function leadingTo(
  anchors: readonly TrustAnchor[],
  presented: readonly Certificate[],
): readonly Certificate[] {
  const isIssuedByAnchor = ({ issuer }: Certificate) =>
    anchors.some(({ certificate }) => sameName(certificate.subject, issuer));
  const reached = presented.filter(isIssuedByAnchor);
  let rest = presented.filter((certificate) => !reached.includes(certificate));
  // The array grows while it is walked: a breadth-first search from the anchors down.
  for (const authority of reached) {
    reached.push(...rest.filter(({ issuer }) => sameName(issuer, authority.subject)));
    rest = rest.filter(({ issuer }) => !sameName(issuer, authority.subject));
  }
  return reached;
}

/**
 * Issuers whose subject key identifier is the one that the certificate names come first, those with another one last
 * (RFC 4158 §3.5.12). It is a hint only: the signature decides.
 */
function likelierFirst<T>(
  certificate: Certificate,
  issuers: readonly T[],
  certificateOf: (issuer: T) => Certificate,
): readonly T[] {
  const wanted = extensionValue(certificate, 'authorityKeyIdentifier')?.keyIdentifier;
  if (wanted === undefined || issuers.length < 2) {
    return issuers;
  }
  const likelihood = (issuer: T) => {
    const actual = extensionValue(certificateOf(issuer), 'subjectKeyIdentifier');
    return actual === undefined ? 1 : sameBytes(actual, wanted) ? 0 : 2;
  };
  return [...issuers].sort((a, b) => likelihood(a) - likelihood(b));
}

/** RFC 4158 §5.2: the same name with the same key a second time is a loop, whatever else the certificates say. */
function isSameEntity(a: Certificate, b: Certificate): boolean {
  return sameName(a.subject, b.subject) && sameBytes(a.subjectPublicKeyInfo.raw, b.subjectPublicKeyInfo.raw);
}

/** Authorities of a path without its anchor that path length counts: self-issued ones do not (RFC 5280 §4.2.1.9). */
function intermediates([, ...authorities]: readonly Certificate[]): number {
  return authorities.filter((certificate) => !isSelfIssued(certificate)).length;
}

function lowerLimits(limits: Partial<PathLimits>): PathLimits {
  const lower = (name: keyof PathLimits) => Math.min(limits[name] ?? PATH_LIMITS[name], PATH_LIMITS[name]);
  return {
    signatureChecks: lower('signatureChecks'),
    candidateSteps: lower('candidateSteps'),
    intermediates: lower('intermediates'),
    nameConstraintComparisons: lower('nameConstraintComparisons'),
  };
}
