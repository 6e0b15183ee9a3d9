import { err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { checkCrls } from './crl-check.ts';
import { describeEvidenceFault, type EvidenceFault, type Freshness, fault } from './evidence.ts';
import { extensionValue, findExtension, type ReasonCode } from './extension.ts';
import { decodeOcspResponse, describeOcspError, type OcspResponse } from './ocsp.ts';
import { type VerifiedOcspStatus, verifyOcspResponse } from './ocsp-verify.ts';
import { id } from './oid.ts';
import { formatTime } from './time.ts';
import type { TrustAnchor } from './trust-anchor.ts';
import { blame, type Finding, finding, type ValidationError } from './validation-error.ts';

export interface RevocationOptions extends Freshness {
  /**
   * - `require`: every certificate must be shown not to be revoked; without evidence it is refused. The only policy that stops
   *   an attacker who has a stolen key and can keep evidence away.
   * - `prefer`: what is shown to be revoked is refused; what nothing is known of passes. What browsers do.
   * - `off`: nothing is looked at.
   */
  readonly policy: RevocationPolicy;
  /** Whether every certificate below the anchor is looked at, or the leaf alone. Default `path`. */
  readonly scope?: 'path' | 'leaf';
  readonly crls?: readonly Crl[];
  readonly ocspResponses?: readonly OcspResponse[];
  /**
   * The OCSP responses that came with the chain, each its DER as the peer sent it; undefined when the peer was not asked for
   * any. A leaf that promises to have one (RFC 7633, `tlsFeature` 5) must then be shown to be good by one of them, also under
   * `prefer`.
   */
  readonly stapled?: readonly Uint8Array[] | undefined;
  /**
   * Certificates of CRL issuers that are not on the path themselves: of indirect CRLs, and of authorities that sign CRLs with
   * another key. An authority above the certificate in question must have issued them.
   */
  readonly crlIssuers?: readonly Certificate[];
}

export type RevocationPolicy = 'require' | 'prefer' | 'off';

export interface RevocationCheck extends RevocationOptions {
  readonly crypto: CryptoProvider;
  /** As in a `ValidatedPath`: the leaf, then each issuer up to the one that the anchor issued. */
  readonly path: readonly Certificate[];
  readonly anchor: TrustAnchor;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What is known of one certificate. */
export type RevocationStatus =
  | { readonly kind: 'good'; readonly source: 'crl' | 'ocsp' }
  | {
      readonly kind: 'revoked';
      readonly source: 'crl' | 'ocsp';
      /** Milliseconds since 1970. */
      readonly revocationTime: number;
      readonly revocationReason: ReasonCode | undefined;
    }
  /** `faults` say why each piece of evidence about it was of no use; empty when there was none. */
  | { readonly kind: 'unknown'; readonly faults: readonly EvidenceFault[] };

/**
 * Whether a validated path stands, by the policy: the statuses of its certificates, or the error of the first that is revoked
 * (`revoked`) or, where the policy wants to know, of unknown status: `bad-stapled-response` for a leaf with whose chain
 * responses came, else `revocation-unknown`.
 *
 * Any usable evidence that a certificate is revoked counts, whatever else says that it is good. The anchor is trusted as it
 * is, and so is a leaf that is itself the anchor.
 */
export function checkRevocation(
  check: RevocationCheck,
): Result<readonly RevocationStatus[], ValidationError> {
  const { policy, path } = check;
  if (policy === 'off') {
    return ok([]);
  }
  const statuses = revocationStatuses(check);
  for (const [depth, status] of statuses.entries()) {
    const certificate = path[depth];
    const found = findingOf(status, policy) ?? (depth === 0 ? checkPromise(check) : undefined);
    if (certificate !== undefined && found !== undefined) {
      return err(blame(depth === 0 ? blameStaple(found, check) : found, certificate, depth));
    }
  }
  return ok(statuses);
}

/** What the evidence says about each certificate of a path that is in scope, the leaf first. The policy does not matter. */
export function revocationStatuses(check: RevocationCheck): readonly RevocationStatus[] {
  const { path, anchor, scope = 'path' } = check;
  const [leaf] = path;
  if (leaf === undefined || sameBytes(leaf.der, anchor.certificate.der)) {
    return [];
  }
  const authorities = [...path.slice(1), anchor.certificate];
  return (scope === 'leaf' ? [leaf] : path).map((certificate, depth) =>
    statusOf(check, certificate, authorities.slice(depth)),
  );
}

/** Of a CRL and an OCSP response that disagree, the one that says revoked counts. */
function statusOf(
  check: RevocationCheck,
  certificate: Certificate,
  authorities: readonly Certificate[],
): RevocationStatus {
  const byCrl = statusByCrl(check, certificate, authorities);
  if (byCrl.kind === 'revoked') {
    return byCrl;
  }
  const { ocspResponses = [] } = check;
  const responses = [...ocspResponses.map((response) => ok(response)), ...stapledResponses(check)];
  const byOcsp = statusByOcsp(check, responses, certificate, authorities);
  if (byOcsp.kind !== 'unknown') {
    return byOcsp;
  }
  return byCrl.kind === 'good' ? byCrl : { kind: 'unknown', faults: [...byCrl.faults, ...byOcsp.faults] };
}

function statusByCrl(
  { crypto, crls = [], crlIssuers = [], now, ...freshness }: RevocationCheck,
  certificate: Certificate,
  authorities: readonly Certificate[],
): RevocationStatus {
  const status = checkCrls({ ...freshness, crypto, crls, crlIssuers, now }, certificate, authorities);
  switch (status.kind) {
    case 'good':
      return { kind: 'good', source: 'crl' };
    case 'revoked': {
      const { entry } = status;
      const revocationReason = extensionValue(entry, 'reasonCode');
      return { kind: 'revoked', source: 'crl', revocationTime: entry.revocationDate, revocationReason };
    }
    case 'unknown':
      return status;
  }
}

function statusByOcsp(
  check: RevocationCheck,
  responses: readonly Result<OcspResponse, EvidenceFault>[],
  certificate: Certificate,
  authorities: readonly Certificate[],
): RevocationStatus {
  const faults: EvidenceFault[] = [];
  let isGood = false;
  for (const response of responses) {
    const verified = response.ok ? askResponse(check, response.value, certificate, authorities) : response;
    if (verified.ok && verified.value.kind === 'revoked') {
      return { ...verified.value, source: 'ocsp' };
    }
    isGood ||= verified.ok;
    // That a response is about another certificate is no fault of it.
    if (!verified.ok && verified.error.reason !== 'out-of-scope') {
      faults.push(verified.error);
    }
  }
  return isGood ? { kind: 'good', source: 'ocsp' } : { kind: 'unknown', faults };
}

function askResponse(
  check: RevocationCheck,
  response: OcspResponse,
  certificate: Certificate,
  authorities: readonly Certificate[],
): Result<VerifiedOcspStatus['certStatus'], EvidenceFault> {
  const [issuer] = authorities;
  if (issuer === undefined) {
    return err(fault('ocsp', 'unauthorized-signer', 'an issuer', 'none'));
  }
  const verified = verifyOcspResponse({ ...check, response, certificate, issuer });
  if (!verified.ok) {
    return verified;
  }
  const { certStatus, delegate } = verified.value;
  const doubt = delegate === undefined ? undefined : doubtAbout(check, delegate, authorities);
  return doubt === undefined ? ok(certStatus) : err(doubt);
}

/**
 * RFC 6960 §4.2.2.2.1: whether a responder's certificate is revoked need not be asked when it has nocheck. Otherwise the CRLs
 * must tell, if it names a way to ask; if it names none, only what they happen to say counts.
 */
function doubtAbout(
  check: RevocationCheck,
  delegate: Certificate,
  authorities: readonly Certificate[],
): EvidenceFault | undefined {
  if (findExtension(delegate, 'nocheck') !== undefined) {
    return undefined;
  }
  const { kind } = statusByCrl(check, delegate, authorities);
  const namesWay =
    findExtension(delegate, 'cRLDistributionPoints') !== undefined ||
    extensionValue(delegate, 'authorityInfoAccess')?.some(({ accessMethod }) => accessMethod === id.ad.ocsp);
  return kind === 'revoked' || (kind === 'unknown' && namesWay)
    ? fault('ocsp', 'unauthorized-signer', 'a responder whose certificate is not revoked', kind)
    : undefined;
}

/** A peer staples at most one response for each certificate; more would only cost time. */
function stapledResponses({
  stapled = [],
  path,
}: RevocationCheck): readonly Result<OcspResponse, EvidenceFault>[] {
  return stapled.slice(0, path.length).map((der) => {
    const response = decodeOcspResponse(der);
    if (response.ok) {
      return response;
    }
    return err(fault('ocsp', 'malformed', 'an OCSP response', describeOcspError(response.error)));
  });
}

/** Evidence that is no good is the peer's fault where the peer has chosen it; that there is none need not be. */
function blameStaple(found: Finding, { stapled = [] }: RevocationCheck): Finding {
  return found.reason === 'revocation-unknown' && stapled.length > 0
    ? { ...found, reason: 'bad-stapled-response' }
    : found;
}

/** RFC 7633 §4.2.3.1: a certificate that promises a stapled response is not to be accepted without. */
function checkPromise(check: RevocationCheck): Finding | undefined {
  const { stapled, path, anchor } = check;
  const [leaf] = path;
  if (leaf === undefined || stapled === undefined) {
    return undefined;
  }
  const promises = extensionValue(leaf, 'tlsFeature')?.includes(STATUS_REQUEST) === true;
  const authorities = [...path.slice(1), anchor.certificate];
  return promises && statusByOcsp(check, stapledResponses(check), leaf, authorities).kind !== 'good'
    ? finding('revocation-unknown', 'a stapled OCSP response, which the certificate promises', 'none of use')
    : undefined;
}

/** The number of the TLS extension status_request (RFC 6066 §8). */
const STATUS_REQUEST = 5;

function findingOf(status: RevocationStatus, policy: RevocationPolicy): Finding | undefined {
  switch (status.kind) {
    case 'good':
      return undefined;
    case 'revoked': {
      const { source, revocationTime, revocationReason = 'unspecified' } = status;
      const found = `revoked at ${formatTime(revocationTime)} (${revocationReason}) by ${SOURCES[source]}`;
      return finding('revoked', 'a certificate that is not revoked', found);
    }
    case 'unknown': {
      // That a list was about others says least: an authority may have hundreds of them.
      const [first] = [...status.faults.filter(({ reason }) => reason !== 'out-of-scope'), ...status.faults];
      return policy === 'prefer'
        ? undefined
        : finding(
            'revocation-unknown',
            'evidence that the certificate is not revoked',
            first === undefined ? 'none' : describeEvidenceFault(first),
          );
    }
  }
}

const SOURCES = { crl: 'a CRL', ocsp: 'an OCSP response' };
