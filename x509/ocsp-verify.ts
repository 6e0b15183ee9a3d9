import { err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { sameBytes } from './bytes.ts';
import { type Certificate, certificatePublicKey } from './certificate.ts';
import {
  checkBegun,
  checkFreshness,
  type EvidenceFault,
  type EvidenceFaultReason,
  type Freshness,
  fault,
} from './evidence.ts';
import { type Extended, type ExtensionName, extensionValue, unhandledCritical } from './extension.ts';
import { OCSP_MAXIMUM_CERTIFICATES } from './limits.ts';
import { foldingComparison, formatName } from './name.ts';
import {
  type BasicOcspResponse,
  type CertStatus,
  matchesCertId,
  type OcspResponse,
  type SingleResponse,
} from './ocsp.ts';
import { id } from './oid.ts';
import { checkRevocationSigner } from './profile.ts';
import { checkSignature, keyFault } from './signature.ts';
import type { Finding } from './validation-error.ts';

export interface OcspCheck extends Freshness {
  readonly crypto: CryptoProvider;
  readonly response: OcspResponse;
  /** Whose status is asked for. */
  readonly certificate: Certificate;
  /** Whose key has signed `certificate`: that must have been found out before. */
  readonly issuer: Certificate;
  /** Milliseconds since 1970. */
  readonly now: number;
  /**
   * What the request had in its nonce extension: the response must then repeat it (RFC 9654), which proves that it was made for
   * this request. Most public responders answer with responses made in advance, and repeat none.
   */
  readonly nonce?: Uint8Array;
}

/** What an authorized responder says. */
export interface VerifiedOcspStatus {
  readonly certStatus: Exclude<CertStatus, { readonly kind: 'unknown' }>;
  /** Where it stands, with its times and extensions. */
  readonly single: SingleResponse;
  /**
   * The certificate of a responder to whom the issuer has delegated its answers; undefined when the issuer has signed. Unless it
   * has the extension nocheck, it may itself have been revoked: that is not looked into here.
   */
  readonly delegate: Certificate | undefined;
}

/**
 * What a response says about a certificate, once these hold (RFC 6960 §3.2): it names the certificate; the issuer has
 * signed it, or a responder whom the issuer itself has certified for that (§4.2.2.2); it is of now, and of the request.
 */
export function verifyOcspResponse(check: OcspCheck): Result<VerifiedOcspStatus, EvidenceFault> {
  const { crypto, response, certificate, issuer, now, nonce } = check;
  if (response.responseStatus !== 'successful') {
    return refuse('no-answer', 'a successful response', response.responseStatus);
  }
  const { basicResponse } = response;
  const named = basicResponse.responses.filter(({ certID }) =>
    matchesCertId(crypto, certID, certificate, issuer),
  );
  // Of two answers the worse one counts.
  const single = named.find(({ certStatus }) => certStatus.kind === 'revoked') ?? named[0];
  if (single === undefined) {
    return refuse('out-of-scope', 'an answer about this certificate', 'about others');
  }
  const signer = findSigner(check, basicResponse);
  if (!signer.ok) {
    return signer;
  }
  const broken =
    strangeExtension(basicResponse, single) ??
    (nonce === undefined ? undefined : wrongNonce(basicResponse, nonce)) ??
    checkBegun('ocsp', basicResponse.producedAt, now, check) ??
    checkFreshness('ocsp', single, now, check);
  if (broken !== undefined) {
    return err(broken);
  }
  const { certStatus } = single;
  return certStatus.kind === 'unknown'
    ? refuse('no-answer', 'a responder who knows the certificate', 'unknown')
    : ok({ certStatus, single, delegate: signer.value });
}

/** RFC 6960 §4.2.2.2: who has signed, if that is somebody who may; undefined for the issuer itself. */
function findSigner(
  { crypto, issuer, now }: OcspCheck,
  response: BasicOcspResponse,
): Result<Certificate | undefined, EvidenceFault> {
  const { responderID, certs = [] } = response;
  const isSameName = foldingComparison();
  const isNamed = ({ subject, subjectPublicKeyInfo }: Certificate) =>
    responderID.kind === 'byName'
      ? isSameName(subject, responderID.value)
      : sameBytes(crypto.hashes.sha1.digest(subjectPublicKeyInfo.value.subjectPublicKey), responderID.value);
  let best: EvidenceFault | undefined;
  if (isNamed(issuer)) {
    const broken = checkSigned(crypto, response, issuer);
    if (broken === undefined) {
      return ok(undefined);
    }
    best = broken;
  }
  for (const delegate of certs.slice(0, OCSP_MAXIMUM_CERTIFICATES).filter(isNamed)) {
    const broken = checkDelegate(crypto, delegate, issuer, now) ?? checkSigned(crypto, response, delegate);
    if (broken === undefined) {
      return ok(delegate);
    }
    best ??= broken;
  }
  const found = responderID.kind === 'byName' ? formatName(responderID.value.value) : 'another key';
  return best === undefined
    ? refuse('unauthorized-signer', 'the issuer, or a certificate of the responder that it issued', found)
    : err(best);
}

function checkDelegate(
  crypto: CryptoProvider,
  delegate: Certificate,
  issuer: Certificate,
  now: number,
): EvidenceFault | undefined {
  if (!foldingComparison()(delegate.issuer, issuer.subject)) {
    return fault(
      'ocsp',
      'unauthorized-signer',
      'a responder that the issuer itself has certified',
      'another',
    );
  }
  // anyExtendedKeyUsage is not enough: the delegation must be meant.
  if (extensionValue(delegate, 'extKeyUsage')?.includes(id.kp.OCSPSigning) !== true) {
    return fault('ocsp', 'unauthorized-signer', 'a responder certified for OCSPSigning', 'one that is not');
  }
  const key = certificatePublicKey(crypto, issuer);
  return asFault(
    'unauthorized-signer',
    checkRevocationSigner(delegate, now, 'digitalSignature') ??
      (key.ok ? checkSignature(crypto, delegate, key.value) : keyFault(key.error)),
  );
}

function checkSigned(
  crypto: CryptoProvider,
  { tbsResponseData: tbsCertificate, signatureAlgorithm, signature }: BasicOcspResponse,
  signer: Certificate,
): EvidenceFault | undefined {
  const key = certificatePublicKey(crypto, signer);
  return asFault(
    'bad-signature',
    key.ok
      ? checkSignature(crypto, { tbsCertificate, signatureAlgorithm, signature }, key.value)
      : keyFault(key.error),
  );
}

function wrongNonce(response: BasicOcspResponse, nonce: Uint8Array): EvidenceFault | undefined {
  const found = extensionValue(response, 'nonce');
  return found !== undefined && sameBytes(found, nonce)
    ? undefined
    : fault('ocsp', 'wrong-nonce', 'the nonce of the request', found === undefined ? 'none' : 'another');
}

const PROCESSED: readonly ExtensionName[] = ['archiveCutoff', 'nonce'];

function strangeExtension(...lists: readonly Extended[]): EvidenceFault | undefined {
  const strange = unhandledCritical(
    lists.flatMap(({ extensions }) => extensions),
    PROCESSED,
  );
  return strange === undefined
    ? undefined
    : fault('ocsp', 'unhandled-critical-extension', 'critical extensions that are understood', strange);
}

function asFault(reason: EvidenceFaultReason, found: Finding | undefined): EvidenceFault | undefined {
  return found === undefined ? undefined : fault('ocsp', reason, found.expected, found.found);
}

function refuse(reason: EvidenceFaultReason, expected: string, found: string): Result<never, EvidenceFault> {
  return err(fault('ocsp', reason, expected, found));
}
