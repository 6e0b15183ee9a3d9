import { encode, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider, SignatureAlgorithm, SignError } from '../nocrypto/index.ts';
import { signatureAlgorithmIdentifier } from './algorithm.ts';
import { defaultSignatureAlgorithm, refuseForeignKey, type Signer, wholeSeconds } from './build.ts';
import type { Certificate } from './certificate.ts';
import { type Extension, makeExtension } from './extension.ts';
import { OCSP_NONCE_MAXIMUM_OCTETS } from './limits.ts';
import {
  type CertId,
  type CertStatus,
  decodeOcspRequest,
  decodeOcspResponse,
  describeOcspError,
  encodeOcspRequest,
  encodeOcspResponse,
  type OcspRequest,
  type OcspResponse,
  type ResponderId,
  responseData,
  tbsRequest,
} from './ocsp.ts';
import { id } from './oid.ts';

export interface OcspRequestOptions {
  /** Made by `makeCertId`. */
  readonly certIDs: readonly CertId[];
  /**
   * 32 fresh random octets (RFC 9654 §2.1; 1 to 128 are allowed), to be given to `verifyOcspResponse` too. Without it an answer
   * may be an old one, of any age that its nextUpdate allows.
   */
  readonly nonce?: Uint8Array;
  /** Further extensions. */
  readonly extensions?: readonly Extension[];
}

/** Makes an unsigned request. Throws RangeError or TypeError (caller's bug) for values that no request can hold. */
export function buildOcspRequest({ certIDs, nonce, extensions = [] }: OcspRequestOptions): OcspRequest {
  const all = [...nonceExtensions(nonce), ...extensions];
  const tbs = encode(tbsRequest, {
    version: 'v1',
    requestorName: undefined,
    requestList: certIDs.map((reqCert) => ({ reqCert, singleRequestExtensions: undefined })),
    requestExtensions: all.length === 0 ? undefined : all,
  });
  const decoded = decodeOcspRequest(encodeOcspRequest({ tbsRequest: tbs, optionalSignature: undefined }));
  if (!decoded.ok) {
    throw new RangeError(`these fields make no request: ${describeOcspError(decoded.error)}`);
  }
  return decoded.value;
}

export interface OcspResponseOptions {
  readonly crypto: CryptoProvider;
  /** 32 fresh random bytes, for the signature. */
  readonly entropy: Uint8Array;
  /** The issuer of the certificates in question, or a responder that it has certified for OCSPSigning. */
  readonly signer: Required<Signer>;
  /** What goes along to verify the signature. Default: the signer's certificate, which is superfluous for the issuer's own. */
  readonly certs?: readonly Certificate[];
  /** Default: `byKey`. */
  readonly responderID?: ResponderId['kind'];
  /** Milliseconds since 1970; fractions of a second are cut off, here and in the responses. */
  readonly producedAt: number;
  readonly responses: readonly OcspAnswer[];
  /** That of the request. */
  readonly nonce?: Uint8Array;
  /** Further extensions. */
  readonly extensions?: readonly Extension[];
  /** Default: by the signer's key, `defaultSignatureAlgorithm`. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
}

export interface OcspAnswer {
  /** That of the request, or made by `makeCertId`. */
  readonly certID: CertId;
  readonly certStatus: CertStatus;
  readonly thisUpdate: number;
  /** Until when the answer may be shown to others. */
  readonly nextUpdate: number;
  readonly extensions?: readonly Extension[];
}

/**
 * Makes a successful response; an unsuccessful one is `encodeOcspResponse({ responseStatus })`. Equal options give equal
 * bytes. Throws RangeError (caller's bug) when the signer's key does not belong to its certificate, and RangeError or
 * TypeError for values that no response can hold.
 */
export function buildOcspResponse(options: OcspResponseOptions): Result<OcspResponse, SignError> {
  const { crypto, entropy, signer, certs = [signer.certificate] } = options;
  refuseForeignKey(signer, signer.certificate.subjectPublicKeyInfo);
  const algorithm = options.signatureAlgorithm ?? defaultSignatureAlgorithm(signer.key);
  const extensions = [...nonceExtensions(options.nonce), ...(options.extensions ?? [])];
  const tbsResponseData = encode(responseData, {
    version: 'v1',
    responderID: responderId(crypto, signer.certificate, options.responderID ?? 'byKey'),
    producedAt: wholeSeconds(options.producedAt),
    responses: options.responses.map(singleResponse),
    responseExtensions: extensions.length === 0 ? undefined : extensions,
  });
  const signature = crypto.sign(algorithm, signer.key, tbsResponseData, entropy);
  if (!signature.ok) {
    return signature;
  }
  const signatureAlgorithm = signatureAlgorithmIdentifier(algorithm);
  const basicResponse = { tbsResponseData, signatureAlgorithm, signature: signature.value, certs };
  const decoded = decodeOcspResponse(encodeOcspResponse({ responseStatus: 'successful', basicResponse }));
  if (!decoded.ok) {
    throw new RangeError(`these fields make no response: ${describeOcspError(decoded.error)}`);
  }
  return ok(decoded.value);
}

function singleResponse({ certID, certStatus, thisUpdate, nextUpdate, extensions = [] }: OcspAnswer) {
  return {
    certID,
    certStatus: statusChoice(certStatus),
    thisUpdate: wholeSeconds(thisUpdate),
    nextUpdate: wholeSeconds(nextUpdate),
    singleExtensions: extensions.length === 0 ? undefined : extensions,
  };
}

function statusChoice(status: CertStatus) {
  switch (status.kind) {
    case 'good':
    case 'unknown':
      return { kind: status.kind, value: null };
    case 'revoked': {
      const { kind, revocationTime, revocationReason } = status;
      return { kind, value: { revocationTime: wholeSeconds(revocationTime), revocationReason } };
    }
  }
}

function responderId(
  crypto: CryptoProvider,
  { subject, subjectPublicKeyInfo }: Certificate,
  kind: ResponderId['kind'],
): ResponderId {
  return kind === 'byName'
    ? { kind, value: subject }
    : { kind, value: crypto.hashes.sha1.digest(subjectPublicKeyInfo.value.subjectPublicKey) };
}

function nonceExtensions(nonce: Uint8Array | undefined): readonly Extension[] {
  if (nonce === undefined) {
    return [];
  }
  if (nonce.length < 1 || nonce.length > OCSP_NONCE_MAXIMUM_OCTETS) {
    throw new RangeError(`a nonce has 1 to ${OCSP_NONCE_MAXIMUM_OCTETS} octets, not ${nonce.length}`);
  }
  return [makeExtension({ kind: id.pkixOcsp.nonce, value: nonce })];
}
