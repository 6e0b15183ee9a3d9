import {
  type Asn1Error,
  any,
  bitStringOctets,
  choice,
  decode,
  describeError,
  encode,
  enumerated,
  err,
  explicit,
  generalizedTime,
  type Infer,
  implicit,
  integer,
  namedInteger,
  nul,
  octetString,
  octetStringContaining,
  oid,
  ok,
  openType,
  optional,
  type Result,
  raw,
  sequence,
  sequenceOf,
  withDefault,
} from '../asn1/index.ts';
import type { CryptoProvider } from '../nocrypto/index.ts';
import { type AlgorithmIdentifier, algorithmIdentifier, NULL } from './algorithm.ts';
import { sameBytes } from './bytes.ts';
import { type Certificate, decodeCertificate, describeCertificateError } from './certificate.ts';
import { type Extension, extensions, firstRepeated, type ReasonCode, reasonCode } from './extension.ts';
import { type GeneralName, generalName } from './general-name.ts';
import { type Name, name } from './name.ts';
import { algorithm, id } from './oid.ts';

/** A decoded request for the status of certificates (RFC 6960 §4.1). Byte fields are views into `der`. */
export interface OcspRequest {
  readonly der: Uint8Array;
  /** What a signature of the request covers. */
  readonly tbsRequest: Uint8Array;
  readonly requestorName: GeneralName | undefined;
  readonly requestList: readonly OcspSingleRequest[];
  /** What RFC 6960 calls requestExtensions; each kind at most once. The nonce is one of them. */
  readonly extensions: readonly Extension[];
  /** Requests are seldom signed; nothing here checks this one. */
  readonly optionalSignature: OcspSignature | undefined;
}

export interface OcspSingleRequest {
  readonly reqCert: CertId;
  /** What RFC 6960 calls singleRequestExtensions. */
  readonly extensions: readonly Extension[];
}

export interface OcspSignature {
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  /** What may help to verify the signature. Absence and an empty list are different encodings. */
  readonly certs: readonly Certificate[] | undefined;
}

/**
 * A decoded response (RFC 6960 §4.2). It is well formed; whether an authorized responder signed it, and it is recent, is
 * for `verifyOcspResponse` to say. Byte fields are views into `der`.
 */
export type OcspResponse =
  | {
      readonly responseStatus: 'successful';
      readonly der: Uint8Array;
      readonly basicResponse: BasicOcspResponse;
    }
  | { readonly responseStatus: OcspRefusal; readonly der: Uint8Array };

/** Why a responder does not answer (RFC 6960 §4.2.1). */
export type OcspRefusal = 'malformedRequest' | 'internalError' | 'tryLater' | 'sigRequired' | 'unauthorized';

export interface BasicOcspResponse extends OcspSignature {
  /** The exact bytes that are signed. */
  readonly tbsResponseData: Uint8Array;
  readonly responderID: ResponderId;
  /** Milliseconds since 1970. */
  readonly producedAt: number;
  readonly responses: readonly SingleResponse[];
  /** What RFC 6960 calls responseExtensions; each kind at most once. The nonce is one of them. */
  readonly extensions: readonly Extension[];
}

/** Who signed: a subject, or the SHA-1 of a subjectPublicKey's octets. */
export type ResponderId =
  | { readonly kind: 'byName'; readonly value: Name }
  | { readonly kind: 'byKey'; readonly value: Uint8Array };

export interface SingleResponse {
  readonly certID: CertId;
  readonly certStatus: CertStatus;
  /** When the status was known to be so, in milliseconds since 1970. */
  readonly thisUpdate: number;
  /** By when there will be newer information. Absent: there always is. */
  readonly nextUpdate: number | undefined;
  /** What RFC 6960 calls singleExtensions; each kind at most once. */
  readonly extensions: readonly Extension[];
}

export type CertStatus =
  | { readonly kind: 'good' }
  | {
      readonly kind: 'revoked';
      /** Milliseconds since 1970. */
      readonly revocationTime: number;
      readonly revocationReason: ReasonCode | undefined;
    }
  /** The responder does not know the certificate. */
  | { readonly kind: 'unknown' };

export type OcspError =
  | { readonly kind: 'malformed'; readonly error: Asn1Error }
  | {
      readonly kind: 'duplicate-extension' | 'response-bytes' | 'response-type' | 'certificate';
      readonly expected: string;
      readonly found: string;
    };

/** Decodes one request from strict DER, with nothing after it. No extension may stand twice. */
export function decodeOcspRequest(der: Uint8Array): Result<OcspRequest, OcspError> {
  const decoded = decode(ocspRequest, der);
  if (!decoded.ok) {
    return err({ kind: 'malformed', error: decoded.error });
  }
  const { tbsRequest: tbs, optionalSignature } = decoded.value;
  const signature = optionalSignature === undefined ? ok(undefined) : readSignature(optionalSignature);
  if (!signature.ok) {
    return signature;
  }
  const { requestorName, requestList, requestExtensions = [] } = tbs.value;
  const request = {
    der,
    tbsRequest: tbs.raw,
    requestorName,
    requestList: requestList.map(({ reqCert, singleRequestExtensions = [] }) => ({
      reqCert,
      extensions: singleRequestExtensions,
    })),
    extensions: requestExtensions,
    optionalSignature: signature.value,
  };
  const error = repetition([request, ...request.requestList]);
  return error === undefined ? ok(request) : err(error);
}

/** What of a request its encoding is made of. */
export type SignedOcspRequest = Pick<OcspRequest, 'tbsRequest' | 'optionalSignature'>;

/** The exact bytes of a request. */
export function encodeOcspRequest({ tbsRequest, optionalSignature }: SignedOcspRequest): Uint8Array {
  return encode(signedRequestParts, {
    tbsRequest,
    optionalSignature:
      optionalSignature === undefined
        ? undefined
        : { ...optionalSignature, certs: optionalSignature.certs?.map(({ der }) => der) },
  });
}

/**
 * Decodes one response from strict DER, with nothing after it. Refused beyond the grammar: a successful one without a basic
 * response and an unsuccessful one with anything (RFC 6960 §4.2.1), an extension twice, a certificate in it that does
 * not decode.
 */
export function decodeOcspResponse(der: Uint8Array): Result<OcspResponse, OcspError> {
  const decoded = decode(ocspResponse, der);
  if (!decoded.ok) {
    return err({ kind: 'malformed', error: decoded.error });
  }
  const { responseStatus, responseBytes } = decoded.value;
  if (responseStatus !== 'successful') {
    return responseBytes === undefined
      ? ok({ responseStatus, der })
      : err({ kind: 'response-bytes', expected: `none, since it is ${responseStatus}`, found: 'some' });
  }
  if (responseBytes === undefined) {
    return err({ kind: 'response-bytes', expected: 'some, since it is successful', found: 'none' });
  }
  if (responseBytes.response.kind === 'otherwise') {
    const found = responseBytes.responseType;
    return err({ kind: 'response-type', expected: 'a basic OCSP response', found });
  }
  const basicResponse = readBasicResponse(responseBytes.response.value);
  return basicResponse.ok ? ok({ responseStatus, der, basicResponse: basicResponse.value }) : basicResponse;
}

/** What of a response its encoding is made of. */
export type SignedOcspResponse =
  | {
      readonly responseStatus: 'successful';
      readonly basicResponse: Pick<
        BasicOcspResponse,
        'tbsResponseData' | 'signatureAlgorithm' | 'signature' | 'certs'
      >;
    }
  | { readonly responseStatus: OcspRefusal };

/** The exact bytes of a response. */
export function encodeOcspResponse(response: SignedOcspResponse): Uint8Array {
  if (response.responseStatus !== 'successful') {
    return encode(signedResponseParts, { responseStatus: response.responseStatus, responseBytes: undefined });
  }
  const { certs, ...parts } = response.basicResponse;
  return encode(signedResponseParts, {
    responseStatus: 'successful',
    responseBytes: {
      responseType: id.pkixOcsp.basic,
      response: { ...parts, certs: certs?.map(({ der }) => der) },
    },
  });
}

/**
 * Names a certificate in requests and responses (RFC 6960 §4.1.1), by its serial number and its issuer's name and key.
 * Responders know SHA-1, which is the default: nobody's trust hangs on it, for the response is signed.
 */
export function makeCertId(
  crypto: CryptoProvider,
  { serialNumber, issuer: issuerName }: Pick<Certificate, 'serialNumber' | 'issuer'>,
  { subjectPublicKeyInfo }: Pick<Certificate, 'subjectPublicKeyInfo'>,
  hash: CertIdHash = 'sha1',
): CertId {
  const { digest } = crypto.hashes[hash];
  return {
    hashAlgorithm: { algorithm: algorithm[hash], parameters: NULL },
    issuerNameHash: digest(issuerName.raw),
    issuerKeyHash: digest(subjectPublicKeyInfo.value.subjectPublicKey),
    serialNumber,
  };
}

export type CertIdHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/**
 * Whether a CertID names this certificate of this issuer, by the issuer's name as the one writes it or as the other. One by a hash
 * that nobody here knows names nothing.
 */
export function matchesCertId(
  crypto: CryptoProvider,
  certID: CertId,
  { serialNumber, issuer: issuerName }: Pick<Certificate, 'serialNumber' | 'issuer'>,
  issuer: Pick<Certificate, 'subject' | 'subjectPublicKeyInfo'>,
): boolean {
  const hash = CERT_ID_HASHES.find((name) => algorithm[name] === certID.hashAlgorithm.algorithm);
  if (hash === undefined || certID.serialNumber !== serialNumber) {
    return false;
  }
  return [issuerName, issuer.subject].some((name) => {
    const wanted = makeCertId(crypto, { serialNumber, issuer: name }, issuer, hash);
    return (
      sameBytes(certID.issuerNameHash, wanted.issuerNameHash) &&
      sameBytes(certID.issuerKeyHash, wanted.issuerKeyHash)
    );
  });
}

/** One line for a person. */
export function describeOcspError(error: OcspError): string {
  return error.kind === 'malformed'
    ? `malformed OCSP message: ${describeError(error.error)}`
    : `refused OCSP message (${error.kind}): expected ${error.expected}, found ${error.found}`;
}

const CERT_ID_HASHES: readonly CertIdHash[] = ['sha1', 'sha256', 'sha384', 'sha512'];

/*
 * RFC 6960 §4.1.1:
 *
 *   CertID ::= SEQUENCE {
 *        hashAlgorithm  AlgorithmIdentifier,
 *        issuerNameHash OCTET STRING,
 *        issuerKeyHash  OCTET STRING,
 *        serialNumber   CertificateSerialNumber }
 *   Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] EXPLICIT Extensions OPTIONAL }
 *   TBSRequest ::= SEQUENCE {
 *        version           [0] EXPLICIT Version DEFAULT v1,
 *        requestorName     [1] EXPLICIT GeneralName OPTIONAL,
 *        requestList       SEQUENCE OF Request,
 *        requestExtensions [2] EXPLICIT Extensions OPTIONAL }
 *   Signature ::= SEQUENCE {
 *        signatureAlgorithm AlgorithmIdentifier,
 *        signature          BIT STRING,
 *        certs              [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
 *   OCSPRequest ::= SEQUENCE { tbsRequest TBSRequest, optionalSignature [0] EXPLICIT Signature OPTIONAL }
 */
const certId = sequence({
  hashAlgorithm: algorithmIdentifier,
  issuerNameHash: octetString,
  issuerKeyHash: octetString,
  serialNumber: integer,
});

export type CertId = Infer<typeof certId>;

const version = withDefault(explicit(0, namedInteger({ v1: 0 })), 'v1');

export const tbsRequest = sequence({
  version,
  requestorName: optional(explicit(1, generalName)),
  requestList: sequenceOf(
    sequence({ reqCert: certId, singleRequestExtensions: optional(explicit(0, extensions)) }),
  ),
  requestExtensions: optional(explicit(2, extensions)),
});

/** Certificates stay encoded, for `decodeCertificate` to read. */
const certs = optional(explicit(0, sequenceOf(any)));

const signature = sequence({ signatureAlgorithm: algorithmIdentifier, signature: bitStringOctets, certs });

const ocspRequest = sequence({
  tbsRequest: raw(tbsRequest),
  optionalSignature: optional(explicit(0, signature)),
});

/** The same, with the signed part already encoded. */
const signedRequestParts = sequence({
  tbsRequest: any,
  optionalSignature: optional(explicit(0, signature)),
});

/*
 * RFC 6960 §4.2.1:
 *
 *   CertStatus ::= CHOICE { good [0] IMPLICIT NULL, revoked [1] IMPLICIT RevokedInfo, unknown [2] IMPLICIT NULL }
 *   RevokedInfo ::= SEQUENCE { revocationTime GeneralizedTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL }
 *   SingleResponse ::= SEQUENCE {
 *        certID           CertID,
 *        certStatus       CertStatus,
 *        thisUpdate       GeneralizedTime,
 *        nextUpdate       [0] EXPLICIT GeneralizedTime OPTIONAL,
 *        singleExtensions [1] EXPLICIT Extensions OPTIONAL }
 *   ResponderID ::= CHOICE { byName [1] EXPLICIT Name, byKey [2] EXPLICIT OCTET STRING }
 *   ResponseData ::= SEQUENCE {
 *        version            [0] EXPLICIT Version DEFAULT v1,
 *        responderID        ResponderID,
 *        producedAt         GeneralizedTime,
 *        responses          SEQUENCE OF SingleResponse,
 *        responseExtensions [1] EXPLICIT Extensions OPTIONAL }
 */
const revokedInfo = sequence({
  revocationTime: generalizedTime,
  revocationReason: optional(explicit(0, reasonCode)),
});

const certStatus = choice({
  good: implicit(0, nul),
  revoked: implicit(1, revokedInfo),
  unknown: implicit(2, nul),
});

const singleResponse = sequence({
  certID: certId,
  certStatus,
  thisUpdate: generalizedTime,
  nextUpdate: optional(explicit(0, generalizedTime)),
  singleExtensions: optional(explicit(1, extensions)),
});

export const responseData = sequence({
  version,
  responderID: choice({ byName: explicit(1, name), byKey: explicit(2, octetString) }),
  producedAt: generalizedTime,
  responses: sequenceOf(singleResponse),
  responseExtensions: optional(explicit(1, extensions)),
});

/*
 *   BasicOCSPResponse ::= SEQUENCE {
 *        tbsResponseData    ResponseData,
 *        signatureAlgorithm AlgorithmIdentifier,
 *        signature          BIT STRING,
 *        certs              [0] EXPLICIT SEQUENCE OF Certificate OPTIONAL }
 *   ResponseBytes ::= SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING }
 *   OCSPResponse ::= SEQUENCE {
 *        responseStatus OCSPResponseStatus,
 *        responseBytes  [0] EXPLICIT ResponseBytes OPTIONAL }
 */
const basicOcspResponse = sequence({
  tbsResponseData: raw(responseData),
  signatureAlgorithm: algorithmIdentifier,
  signature: bitStringOctets,
  certs,
});

const responseStatus = enumerated({
  successful: 0,
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
});

const ocspResponse = sequence({
  responseStatus,
  responseBytes: optional(
    explicit(
      0,
      sequence({
        responseType: oid,
        response: openType(
          'responseType',
          { [id.pkixOcsp.basic]: octetStringContaining(basicOcspResponse) },
          octetString,
        ),
      }),
    ),
  ),
});

/** The same, with the signed part already encoded. */
const signedResponseParts = sequence({
  responseStatus,
  responseBytes: optional(
    explicit(
      0,
      sequence({
        responseType: oid,
        response: octetStringContaining(
          sequence({
            tbsResponseData: any,
            signatureAlgorithm: algorithmIdentifier,
            signature: bitStringOctets,
            certs,
          }),
        ),
      }),
    ),
  ),
});

function readBasicResponse(decoded: Infer<typeof basicOcspResponse>): Result<BasicOcspResponse, OcspError> {
  const { tbsResponseData: tbs, ...parts } = decoded;
  const signature = readSignature(parts);
  if (!signature.ok) {
    return signature;
  }
  const { responderID, producedAt, responses, responseExtensions = [] } = tbs.value;
  const response = {
    tbsResponseData: tbs.raw,
    responderID,
    producedAt,
    responses: responses.map(({ certStatus, singleExtensions = [], ...fields }) => ({
      ...fields,
      certStatus: readStatus(certStatus),
      extensions: singleExtensions,
    })),
    extensions: responseExtensions,
    ...signature.value,
  };
  const error = repetition([response, ...response.responses]);
  return error === undefined ? ok(response) : err(error);
}

function readStatus(status: Infer<typeof certStatus>): CertStatus {
  return status.kind === 'revoked' ? { kind: 'revoked', ...status.value } : { kind: status.kind };
}

function readSignature({
  signatureAlgorithm,
  signature: octets,
  certs,
}: Infer<typeof signature>): Result<OcspSignature, OcspError> {
  if (certs === undefined) {
    return ok({ signatureAlgorithm, signature: octets, certs });
  }
  const certificates: Certificate[] = [];
  for (const der of certs) {
    const decoded = decodeCertificate(der);
    if (!decoded.ok) {
      const found = describeCertificateError(decoded.error);
      return err({ kind: 'certificate', expected: 'certificates that decode', found });
    }
    certificates.push(decoded.value);
  }
  return ok({ signatureAlgorithm, signature: octets, certs: certificates });
}

function repetition(lists: readonly { readonly extensions: readonly Extension[] }[]): OcspError | undefined {
  for (const { extensions } of lists) {
    const repeated = firstRepeated(extensions.map(({ extnID }) => extnID));
    if (repeated !== undefined) {
      return { kind: 'duplicate-extension', expected: `extension ${repeated} once`, found: 'twice' };
    }
  }
  return undefined;
}
