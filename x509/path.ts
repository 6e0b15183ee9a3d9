import { err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes } from './bytes.ts';
import { type Certificate, certificatePublicKey, isSelfIssued } from './certificate.ts';
import { extensionValue, type KeyUsageName } from './extension.ts';
import { formatGeneralName } from './general-name.ts';
import { formatIdentity, presentsIdentity, type ReferenceIdentity } from './identity.ts';
import { PATH_LIMITS, type PathLimits } from './limits.ts';
import { foldingComparison, sameName } from './name.ts';
import type { PolicyOptions } from './policy.ts';
import { checkKey, checkLeaf, checkTrustedLeaf, type Profile, type Purpose } from './profile.ts';
import type { CertifiedKey } from './public-key.ts';
import type { RevocationOptions, RevocationStatus } from './revocation.ts';
import { completePath, findPath, leadingTo, type Search } from './search.ts';
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
  /** What is asked about certificate policies. Default: nothing but what authorities demand. */
  readonly policies?: PolicyOptions;
  /** Evidence of revocation, and what is asked of it. Default: nothing is asked. */
  readonly revocation?: RevocationOptions;
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
  /**
   * The certificate policies, of those that the caller accepts, under which the path is valid (RFC 9618 §5.5: the
   * user_constrained_policy_set). May be empty, and may hold anyPolicy.
   */
  readonly policies: readonly string[];
  /** What is known of each certificate of `path` that the revocation options wanted looked at, the leaf first. */
  readonly revocation: readonly RevocationStatus[];
  /** The leaf's public key. */
  readonly key: CertifiedKey;
}

/**
 * Finds a path from the leaf to an anchor on which every check passes (RFC 5280 §6), and compares the leaf's names with the
 * identity. Of all attempts that failed, the error of the one that got farthest is reported.
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
  const outcome = trusted === undefined ? findPath(search, [leaf]) : completePath(search, [leaf], trusted);
  if (outcome.kind === 'failed') {
    return err(outcome.error);
  }
  const mismatch = identity === undefined ? undefined : checkIdentity(leaf, identity);
  const { path, anchor, policies, revocation } = outcome;
  return mismatch === undefined
    ? ok({ leaf, path, anchor, policies, revocation, key: key.value })
    : err(blame(mismatch, leaf, 0));
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

function startSearch(options: PathOptions, presented: readonly Certificate[]): Search {
  const {
    crypto,
    anchors,
    purpose,
    now,
    profile = 'web',
    keyUsage = ['digitalSignature'],
    policies = {},
    revocation = { policy: 'off' },
  } = options;
  const limits = lowerLimits(options.limits ?? {});
  const budget = {
    signatures: limits.signatureChecks,
    steps: limits.candidateSteps,
    comparisons: limits.nameConstraintComparisons,
  };
  const verifiesItself = (certificate: Certificate) => {
    const key = certificatePublicKey(crypto, certificate);
    return key.ok && --budget.signatures >= 0 && checkSignature(crypto, certificate, key.value) === undefined;
  };
  // By name, since many a root signs itself with SHA-1; by signature, since a root may carry two names.
  const isSelfSigned = (certificate: Certificate) => isSelfIssued(certificate) || verifiesItself(certificate);
  const context = { profile, purpose, keyUsage, now, isSelfSigned };
  const isSameName = profile === 'web' ? sameName : foldingComparison();
  const candidates = leadingTo(anchors, presented, isSameName);
  return {
    crypto,
    context,
    isSameName,
    anchors,
    presented,
    candidates,
    policies,
    revocation,
    limits,
    budget,
  };
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
