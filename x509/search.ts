import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes } from './bytes.ts';
import { type Certificate, certificatePublicKey, isSelfIssued } from './certificate.ts';
import { extensionValue } from './extension.ts';
import type { PathLimits } from './limits.ts';
import { formatName, type NameComparison } from './name.ts';
import { checkNameConstraints } from './name-constraints.ts';
import { checkPolicies, type PolicyOptions } from './policy.ts';
import { type CheckContext, checkAnchor, checkIntermediate, checkKey } from './profile.ts';
import { checkRevocation, type RevocationOptions, type RevocationStatus } from './revocation.ts';
import { checkSignature, keyFault } from './signature.ts';
import type { TrustAnchor } from './trust-anchor.ts';
import { blame, type Finding, finding, type ValidationError, type Violation } from './validation-error.ts';

/** The leaf, its issuer, and so on as far as the search has come. */
export type Path = readonly [Certificate, ...Certificate[]];

/** What stays the same during a search, and the budget, which only shrinks. */
export interface Search {
  readonly crypto: CryptoProvider;
  readonly context: CheckContext;
  /** How the name of an issuer is compared with the subject of a certificate. */
  readonly isSameName: NameComparison;
  readonly anchors: readonly TrustAnchor[];
  /** Everything presented beside the leaf. */
  readonly presented: readonly Certificate[];
  /** Those of `presented` from which issuers' names lead to an anchor: nobody else can be part of a path. */
  readonly candidates: readonly Certificate[];
  readonly policies: PolicyOptions;
  readonly revocation: RevocationOptions;
  readonly limits: PathLimits;
  readonly budget: Budget;
}

/** What may still be spent, of each of `PathLimits`. */
export interface Budget {
  signatures: number;
  steps: number;
  comparisons: number;
}

export interface Found {
  readonly kind: 'found';
  readonly path: Path;
  readonly anchor: TrustAnchor;
  /** The certificate policies under which the path is valid. */
  readonly policies: readonly string[];
  /** What is known of each certificate of the path that was looked at, the leaf first. */
  readonly revocation: readonly RevocationStatus[];
}

export interface Failed {
  readonly kind: 'failed';
  readonly error: ValidationError;
  /** How far the attempt got; of several failures the highest is reported. */
  readonly rank: number;
  /** A budget ran out: no other attempt may be made. */
  readonly stop: boolean;
}

/**
 * Extends a path to an anchor: depth first, likelier issuers first, each certificate checked when it is added, so that what
 * fails is not built upon (RFC 4158). The budget in `search` is used up by it.
 */
export function findPath(search: Search, path: Path): Found | Failed {
  const { isSameName } = search;
  const top = topOf(path);
  let best: Failed | undefined;
  const anchors = search.anchors.filter(({ certificate }) => isSameName(certificate.subject, top.issuer));
  for (const anchor of likelierFirst(top, anchors, ({ certificate }) => certificate)) {
    const outcome = tryAnchor(search, path, anchor);
    if (outcome.kind === 'found' || outcome.stop) {
      return outcome;
    }
    best = farther(best, outcome);
  }
  const issuers = search.candidates.filter(({ subject }) => isSameName(subject, top.issuer));
  for (const issuer of likelierFirst(top, issuers, (certificate) => certificate)) {
    if (path.some((certificate) => isSameEntity(search, certificate, issuer))) {
      continue;
    }
    const outcome = tryIntermediate(search, path, issuer) ?? findPath(search, [...path, issuer]);
    if (outcome.kind === 'found' || outcome.stop) {
      return outcome;
    }
    best = farther(best, outcome);
  }
  return best ?? unknownIssuer(search, path);
}

/** What is asked of a path as a whole, once each of its certificates has been looked at. */
export function completePath(search: Search, path: Path, anchor: TrustAnchor): Found | Failed {
  const { crypto, context } = search;
  const policies = checkPolicies(path, anchor.certificate, search.policies);
  if (!policies.ok) {
    return failedPath(policies.error, path);
  }
  const revocation = checkRevocation({ ...search.revocation, crypto, path, anchor, now: context.now });
  return revocation.ok
    ? { kind: 'found', path, anchor, policies: policies.value, revocation: revocation.value }
    : { kind: 'failed', error: revocation.error, rank: COMPLETE_PATH + path.length, stop: false };
}

function tryAnchor(search: Search, path: Path, anchor: TrustAnchor): Found | Failed {
  const { certificate } = anchor;
  const failure =
    spendStep(search, path, certificate) ??
    failedIf(checkAnchor(certificate, search.context), path, certificate) ??
    tryIssuer(search, path, certificate);
  if (failure !== undefined) {
    return failure;
  }
  const violation = checkNameConstraints([...path, certificate], search.budget);
  return violation === undefined ? completePath(search, path, anchor) : failedPath(violation, path);
}

function tryIntermediate(search: Search, path: Path, issuer: Certificate): Failed | undefined {
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
function tryIssuer(search: Search, path: Path, issuer: Certificate): Failed | undefined {
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
  if (--budget.signatures < 0) {
    return exhausted('fewer signatures to verify', path, issuer);
  }
  const top = topOf(path);
  const signature = checkSignature(crypto, top, key.value);
  return signature === undefined
    ? undefined
    : failed(signature, top, path.length - 1, WRONG_ISSUER + path.length);
}

function spendStep({ budget }: Search, path: Path, issuer: Certificate): Failed | undefined {
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

function failedIf(found: Finding | undefined, path: Path, issuer: Certificate): Failed | undefined {
  return found === undefined ? undefined : failed(found, issuer, path.length, FAULTY_ISSUER + path.length);
}

function failedPath({ finding, certificate, depth }: Violation, path: Path): Failed {
  return failed(finding, certificate, depth, COMPLETE_PATH + path.length);
}

function failed(found: Finding, certificate: Certificate, depth: number, rank: number): Failed {
  const stop = found.reason === 'budget-exhausted';
  return { kind: 'failed', error: blame(found, certificate, depth), rank, stop };
}

function exhausted(expected: string, path: Path, issuer: Certificate): Failed {
  return failed(
    finding('budget-exhausted', expected, 'more than the limit'),
    issuer,
    path.length,
    COMPLETE_PATH,
  );
}

function farther(a: Failed | undefined, b: Failed): Failed {
  return a === undefined || b.rank > a.rank ? b : a;
}

/** Blames the last certificate that names lead to from the top of the path. */
function unknownIssuer({ anchors, presented, isSameName }: Search, path: Path): Failed {
  const walked: Certificate[] = [...path];
  let top = topOf(path);
  for (;;) {
    const { issuer } = top;
    const next = presented.find(
      (certificate) => isSameName(certificate.subject, issuer) && !walked.includes(certificate),
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

/** Those of the presented certificates from which issuers' names lead to an anchor. At worst each pair is compared once. */
export function leadingTo(
  anchors: readonly TrustAnchor[],
  presented: readonly Certificate[],
  isSameName: NameComparison,
): readonly Certificate[] {
  const isIssuedByAnchor = ({ issuer }: Certificate) =>
    anchors.some(({ certificate }) => isSameName(certificate.subject, issuer));
  const reached = presented.filter(isIssuedByAnchor);
  let rest = presented.filter((certificate) => !reached.includes(certificate));
  // The array grows while it is walked: a breadth-first search from the anchors down.
  for (const authority of reached) {
    reached.push(...rest.filter(({ issuer }) => isSameName(issuer, authority.subject)));
    rest = rest.filter(({ issuer }) => !isSameName(issuer, authority.subject));
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
function isSameEntity({ isSameName }: Search, a: Certificate, b: Certificate): boolean {
  return (
    isSameName(a.subject, b.subject) && sameBytes(a.subjectPublicKeyInfo.raw, b.subjectPublicKeyInfo.raw)
  );
}

function topOf(path: Path): Certificate {
  return path.at(-1) ?? path[0];
}

/** Authorities of a path without its anchor that path length counts: self-issued ones do not (RFC 5280 §4.2.1.9). */
function intermediates([, ...authorities]: readonly Certificate[]): number {
  return authorities.filter((certificate) => !isSelfIssued(certificate)).length;
}
