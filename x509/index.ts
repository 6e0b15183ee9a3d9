/**
 * Certificates that stand alone: the entry point `pure-tls/x509`.
 *
 * @module
 */
export { err, ok, type Result } from '../asn1/index.ts';
export type { AlgorithmIdentifier, PssParameters } from './algorithm.ts';
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
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type Extension,
  type ExtensionId,
  type ExtensionValue,
  extensionValue,
  findExtension,
  type KeyUsage,
  type KeyUsageName,
  makeKeyUsage,
  type NameConstraints,
} from './extension.ts';
export { formatGeneralName, type GeneralName } from './general-name.ts';
export {
  formatIdentity,
  type IdentityError,
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
export { algorithm, id } from './oid.ts';
export { decodePem, describePemError, encodePem, type PemBlock, type PemError } from './pem.ts';
export { decodePrivateKey, encodePrivateKey } from './private-key.ts';
export {
  type CertifiedKey,
  decodePublicKey,
  encodePublicKey,
  type KeyError,
  type SubjectPublicKeyInfo,
} from './public-key.ts';
