/**
 * Certificates that stand alone: the entry point `pure-tls/x509`.
 *
 * @module
 */
export { err, ok, type Result } from '../asn1/index.ts';
export { type AlgorithmIdentifier, type PssParameters, signatureAlgorithm } from './algorithm.ts';
export {
  type AuthenticatedPeer,
  type Authenticator,
  type ChainOfTrustOptions,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  type PresentedChain,
  pinnedCertificate,
  pinnedKey,
} from './authenticator.ts';
export {
  type AnchorSource,
  type AuthenticatorTextError,
  type AuthenticatorTextOptions,
  authenticatorFromText,
  rawKeyAuthenticatorFromText,
} from './authenticator-text.ts';
export {
  buildCertificate,
  type CertificateOptions,
  defaultSignatureAlgorithm,
  identityNames,
  keyIdentifier,
  type Signer,
  signCertificate,
} from './build.ts';
export {
  type Certificate,
  type CertificateError,
  certificatePublicKey,
  decodeCertificate,
  describeCertificateError,
  encodeCertificate,
  isSelfIssued,
  type Signed,
  type Tbs,
  type Validity,
} from './certificate.ts';
export {
  type Crl,
  type CrlError,
  decodeCrl,
  describeCrlError,
  encodeCrl,
  findRevoked,
  type RevocationIndex,
  type RevokedCertificate,
  type SignedCrl,
} from './crl.ts';
export { buildCrl, type CrlOptions, type RevocationEntry } from './crl-build.ts';
export {
  decryptPrivateKey,
  type EncryptionOptions,
  encryptPrivateKey,
  type PasswordLimits,
} from './encrypted-private-key.ts';
export {
  describeEvidenceFault,
  type EvidenceFault,
  type EvidenceFaultReason,
  type Freshness,
} from './evidence.ts';
export {
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type DistributionPoint,
  type Extension,
  type ExtensionName,
  type ExtensionValue,
  extensionName,
  extensionValue,
  findExtension,
  type IssuingDistributionPoint,
  KEY_USAGE_NAMES,
  type KeyUsage,
  type KeyUsageName,
  makeExtension,
  makeKeyUsage,
  type NameConstraints,
  type ReasonCode,
  type ReasonFlags,
} from './extension.ts';
export { formatGeneralName, type GeneralName } from './general-name.ts';
export {
  formatIdentity,
  type IdentityError,
  mailboxIdentity,
  presentsIdentity,
  type ReferenceIdentity,
  referenceIdentity,
} from './identity.ts';
export { formatIpAddress, parseIpAddress } from './ip-address.ts';
export { PATH_LIMITS, type PathLimits } from './limits.ts';
export {
  type AttributeName,
  attributeTexts,
  formatName,
  makeName,
  type Name,
  type NameParts,
} from './name.ts';
export {
  type BasicOcspResponse,
  type CertId,
  type CertIdHash,
  type CertStatus,
  decodeOcspRequest,
  decodeOcspResponse,
  describeOcspError,
  encodeOcspRequest,
  encodeOcspResponse,
  makeCertId,
  matchesCertId,
  type OcspError,
  type OcspRefusal,
  type OcspRequest,
  type OcspResponse,
  type OcspSignature,
  type OcspSingleRequest,
  type ResponderId,
  type SignedOcspRequest,
  type SignedOcspResponse,
  type SingleResponse,
} from './ocsp.ts';
export {
  buildOcspRequest,
  buildOcspResponse,
  type OcspAnswer,
  type OcspRequestOptions,
  type OcspResponseOptions,
} from './ocsp-build.ts';
export { type OcspCheck, type VerifiedOcspStatus, verifyOcspResponse } from './ocsp-verify.ts';
export { algorithm, id } from './oid.ts';
export type { PasswordError } from './password.ts';
export type { PrfHash } from './password-kdf.ts';
export { type PathOptions, type ValidatedPath, validatePath } from './path.ts';
export { DEFAULT_ITERATIONS, type Pbes2Cipher, type Pbes2Options } from './pbe.ts';
export { decodePem, describePemError, encodePem, type PemBlock, type PemError } from './pem.ts';
export type { PolicyOptions } from './policy.ts';
export { decodePrivateKey, encodePrivateKey } from './private-key.ts';
export type { Profile, Purpose } from './profile.ts';
export {
  type CertifiedKey,
  decodePublicKey,
  encodePublicKey,
  type KeyError,
  type SubjectPublicKeyInfo,
} from './public-key.ts';
export {
  dangerouslyAcceptAnyRawKey,
  decodeRawPublicKey,
  type PresentedRawKey,
  pinnedRawKey,
  type RawKeyAuthenticator,
  type RawPublicKey,
} from './raw-public-key.ts';
export {
  type Attribute,
  buildRequest,
  type CertificationRequest,
  decodeRequest,
  describeRequestError,
  encodeRequest,
  type IssueError,
  type IssueOptions,
  issueCertificate,
  type RequestError,
  type RequestOptions,
  type SignedRequest,
  verifyRequest,
} from './request.ts';
export {
  checkRevocation,
  type RevocationCheck,
  type RevocationOptions,
  type RevocationPolicy,
  type RevocationStatus,
  revocationStatuses,
} from './revocation.ts';
export {
  type CtLog,
  type CtLogFacts,
  ctLog,
  decodeSctList,
  encodeSctList,
  precertificateTbs,
  type SctCheck,
  type SctFault,
  type SctListError,
  type SctSource,
  type SctVerdict,
  type SignedCertificateTimestamp,
  type VerifiedSct,
  verifyScts,
} from './sct.ts';
export type { TransparencyOptions } from './transparency.ts';
export {
  type CollectedAnchors,
  collectTrustAnchors,
  distinctAnchors,
  type TrustAnchor,
  type TrustAnchorError,
  trustAnchor,
  trustAnchorsFromPem,
} from './trust-anchor.ts';
export {
  type CertificateReference,
  describeValidationError,
  type Finding,
  type ValidationError,
  type ValidationReason,
} from './validation-error.ts';
