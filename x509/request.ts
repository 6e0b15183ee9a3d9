import {
  type Asn1Error,
  any,
  bitStringOctets,
  decode,
  describeError,
  encode,
  err,
  type Infer,
  implicit,
  namedInteger,
  oid,
  ok,
  openType,
  type Result,
  raw,
  sequence,
  setOf,
} from '../asn1/index.ts';
import type { CryptoProvider, PrivateKey, SignatureAlgorithm, SignError } from '../nocrypto/index.ts';
import { type AlgorithmIdentifier, algorithmIdentifier, signatureAlgorithmIdentifier } from './algorithm.ts';
import { buildCertificate, type CertificateOptions, defaultSignatureAlgorithm } from './build.ts';
import { type Certificate, certificatePublicKey } from './certificate.ts';
import { type Extension, extensions, extensionValue, firstRepeated, makeExtension } from './extension.ts';
import type { GeneralName } from './general-name.ts';
import { isEmptyName, makeName, type Name, type NameParts, name } from './name.ts';
import { id } from './oid.ts';
import {
  type CertifiedKey,
  publicKeyInfo,
  type SubjectPublicKeyInfo,
  subjectPublicKeyInfo,
} from './public-key.ts';
import { checkSignature, keyFault } from './signature.ts';
import type { Finding } from './validation-error.ts';

/**
 * A decoded certification request (RFC 2986). Nothing in it is true until somebody has found out: the signature only
 * shows that the requester has the private key ({@link verifyRequest}). Byte fields are views into `der`.
 */
export interface CertificationRequest {
  /** The whole encoding. */
  readonly der: Uint8Array;
  /** The exact bytes that are signed. */
  readonly certificationRequestInfo: Uint8Array;
  readonly subject: Name;
  /** What RFC 2986 calls subjectPKInfo. */
  readonly subjectPublicKeyInfo: SubjectPublicKeyInfo;
  /** Each type at most once. */
  readonly attributes: readonly Attribute[];
  /** Those that the extensionRequest attribute (RFC 2985 §5.4.2) asks for; none without it. Each kind at most once. */
  readonly extensions: readonly Extension[];
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

export type RequestError =
  | { readonly kind: 'malformed'; readonly error: Asn1Error }
  | {
      readonly kind: 'duplicate-attribute' | 'duplicate-extension';
      readonly expected: string;
      readonly found: string;
    };

/** Decodes one certification request from strict DER, with nothing after it. No attribute or extension may stand twice. */
export function decodeRequest(der: Uint8Array): Result<CertificationRequest, RequestError> {
  const decoded = decode(certificationRequest, der);
  if (!decoded.ok) {
    return err({ kind: 'malformed', error: decoded.error });
  }
  const { certificationRequestInfo: info, signatureAlgorithm, signature } = decoded.value;
  const { subject, subjectPKInfo, attributes } = info.value;
  const requested = attributes.flatMap(({ values }) =>
    values.kind === id.pkcs9.extensionRequest ? values.value.flat() : [],
  );
  const attribute = firstRepeated(attributes.map(({ type }) => type));
  if (attribute !== undefined) {
    return err({ kind: 'duplicate-attribute', expected: `attribute ${attribute} once`, found: 'twice' });
  }
  const extension = firstRepeated(requested.map(({ extnID }) => extnID));
  if (extension !== undefined) {
    return err({ kind: 'duplicate-extension', expected: `extension ${extension} once`, found: 'twice' });
  }
  return ok({
    der,
    certificationRequestInfo: info.raw,
    subject,
    subjectPublicKeyInfo: subjectPKInfo,
    attributes,
    extensions: requested,
    signatureAlgorithm,
    signature,
  });
}

/** What of a request its encoding is made of. */
export type SignedRequest = Pick<
  CertificationRequest,
  'certificationRequestInfo' | 'signatureAlgorithm' | 'signature'
>;

/** The exact bytes of a request. Encode as PEM under `CERTIFICATE REQUEST`. */
export function encodeRequest(request: SignedRequest): Uint8Array {
  const { certificationRequestInfo, signatureAlgorithm, signature } = request;
  return encode(signedParts, { certificationRequestInfo, signatureAlgorithm, signature });
}

/** Proof of possession: the key that the request is for, if that key's private half has signed the request. */
export function verifyRequest(
  crypto: CryptoProvider,
  request: CertificationRequest,
): Result<CertifiedKey, Finding> {
  const key = certificatePublicKey(crypto, request);
  if (!key.ok) {
    return err(keyFault(key.error));
  }
  const { certificationRequestInfo: tbsCertificate, signatureAlgorithm, signature } = request;
  const fault = checkSignature(crypto, { tbsCertificate, signatureAlgorithm, signature }, key.value);
  return fault === undefined ? key : err(fault);
}

export interface RequestOptions {
  readonly crypto: CryptoProvider;
  /** 32 fresh random bytes, for the signature. */
  readonly entropy: Uint8Array;
  /** May be empty: the subject is then who its subjectAltName says. */
  readonly subject: NameParts;
  readonly key: PrivateKey;
  readonly subjectAltName?: readonly GeneralName[];
  /** Further extensions to ask for. */
  readonly extensions?: readonly Extension[];
  /** Default: by the key, `defaultSignatureAlgorithm`. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
}

/**
 * Makes a certification request, with an extensionRequest attribute if there is an extension to ask for. Equal options
 * give equal bytes. Throws RangeError or TypeError (caller's bug) for values that no request can hold.
 */
export function buildRequest(options: RequestOptions): Result<CertificationRequest, SignError> {
  const { crypto, entropy, key, extensions: further = [], subjectAltName = [] } = options;
  const subject = makeName(options.subject);
  const requested = [...alternativeNames(subjectAltName, isEmptyName(subject)), ...further];
  const algorithm = options.signatureAlgorithm ?? defaultSignatureAlgorithm(key);
  const info = encode(certificationRequestInfo, {
    version: 'v1',
    subject,
    subjectPKInfo: publicKeyInfo(key.public),
    attributes:
      requested.length === 0
        ? []
        : [
            {
              type: id.pkcs9.extensionRequest,
              values: { kind: id.pkcs9.extensionRequest, value: [requested] },
            },
          ],
  });
  const signature = crypto.sign(algorithm, key, info, entropy);
  if (!signature.ok) {
    return signature;
  }
  const signatureAlgorithm = signatureAlgorithmIdentifier(algorithm);
  const decoded = decodeRequest(
    encodeRequest({ certificationRequestInfo: info, signatureAlgorithm, signature: signature.value }),
  );
  if (!decoded.ok) {
    throw new RangeError(`these fields make no request: ${describeRequestError(decoded.error)}`);
  }
  return ok(decoded.value);
}

/** What the issuer decides about a certificate that was requested; as for `buildCertificate`. */
export type IssueOptions = Omit<CertificateOptions, 'subject' | 'publicKey' | 'subjectAltName'> & {
  readonly request: CertificationRequest;
};

export type IssueError = SignError | { readonly kind: 'refused-request'; readonly finding: Finding };

/**
 * Makes the certificate that a request asks for, once the request proves possession of its key: the requested subject, key
 * and subjectAltName, and of all else what the issuer says. Other requested extensions are not copied: an
 * applicant who could ask for basicConstraints would be an authority. That subject and names are the applicant's own
 * is for the caller to have found out before.
 */
export function issueCertificate({ request, ...options }: IssueOptions): Result<Certificate, IssueError> {
  const key = verifyRequest(options.crypto, request);
  if (!key.ok) {
    return err({ kind: 'refused-request', finding: key.error });
  }
  return buildCertificate({
    ...options,
    subject: request.subject,
    publicKey: key.value,
    subjectAltName: extensionValue(request, 'subjectAltName') ?? [],
  });
}

/** One line for a person. */
export function describeRequestError(error: RequestError): string {
  return error.kind === 'malformed'
    ? `malformed certification request: ${describeError(error.error)}`
    : `refused certification request (${error.kind}): expected ${error.expected}, found ${error.found}`;
}

/*
 * RFC 2986 §4.1, with the attribute of RFC 2985 §5.4.2 looked into:
 *
 *   CertificationRequestInfo ::= SEQUENCE {
 *        version       INTEGER { v1(0) },
 *        subject       Name,
 *        subjectPKInfo SubjectPublicKeyInfo,
 *        attributes    [0] IMPLICIT SET OF Attribute }
 *   Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET SIZE (1..MAX) OF ANY -- DEFINED BY type -- }
 */
const attribute = sequence({
  type: oid,
  values: openType(
    'type',
    { [id.pkcs9.extensionRequest]: setOf(extensions, { min: 1, max: 1 }) },
    setOf(any, { min: 1 }),
  ),
});

export type Attribute = Infer<typeof attribute>;

const certificationRequestInfo = sequence({
  version: namedInteger({ v1: 0 }),
  subject: name,
  subjectPKInfo: subjectPublicKeyInfo,
  attributes: implicit(0, setOf(attribute)),
});

/*
 * RFC 2986 §4.2:
 *
 *   CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature BIT STRING }
 */
const certificationRequest = sequence({
  certificationRequestInfo: raw(certificationRequestInfo),
  signatureAlgorithm: algorithmIdentifier,
  signature: bitStringOctets,
});

/** The same, with the signed part already encoded. */
const signedParts = sequence({
  certificationRequestInfo: any,
  signatureAlgorithm: algorithmIdentifier,
  signature: bitStringOctets,
});

function alternativeNames(names: readonly GeneralName[], nameless: boolean): readonly Extension[] {
  return names.length === 0
    ? []
    : [makeExtension({ kind: id.ce.subjectAltName, value: names }, { critical: nameless })];
}
