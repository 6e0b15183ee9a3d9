import type {
  CurveName,
  EdwardsName,
  MlDsaName,
  SignatureAlgorithm,
  SignatureHash,
} from '../nocrypto/index.ts';
import {
  type Certificate,
  type CertifiedKey,
  type PssParameters,
  signatureAlgorithm,
} from '../x509/index.ts';
import { nameOf, type SignatureSchemeName, signatureSchemeCodes, type VersionName } from './codepoints.ts';

/** What a SignatureScheme asks of the key and how it signs (RFC 9846 §4.3.3). */
export interface SignatureScheme {
  readonly name: SignatureSchemeName;
  readonly code: number;
  readonly algorithm: SignatureAlgorithm;
  readonly keyType: CertifiedKey['keyType'];
  /** TLS 1.3 binds an ECDSA scheme to one curve (SLOTH and cross-curve confusion end here). */
  readonly curve: CurveName | undefined;
  /** RSASSA-PKCS1-v1_5 signs certificates and TLS 1.2, never a TLS 1.3 handshake. */
  readonly handshake: boolean;
}

/** To add a scheme: its code in codepoints.ts, a row here, its place in the order of defaults.ts. */
export const signatureSchemes: Readonly<Record<SignatureSchemeName, SignatureScheme>> = {
  ecdsa_secp256r1_sha256: ecdsa('ecdsa_secp256r1_sha256', 'secp256r1', 'sha256'),
  ecdsa_secp384r1_sha384: ecdsa('ecdsa_secp384r1_sha384', 'secp384r1', 'sha384'),
  ecdsa_secp521r1_sha512: ecdsa('ecdsa_secp521r1_sha512', 'secp521r1', 'sha512'),
  ed25519: pure('ed25519', 'ed25519'),
  ed448: pure('ed448', 'ed448'),
  rsa_pss_rsae_sha256: rsaPss('rsa_pss_rsae_sha256', 'rsa', 'sha256', 32),
  rsa_pss_rsae_sha384: rsaPss('rsa_pss_rsae_sha384', 'rsa', 'sha384', 48),
  rsa_pss_rsae_sha512: rsaPss('rsa_pss_rsae_sha512', 'rsa', 'sha512', 64),
  rsa_pss_pss_sha256: rsaPss('rsa_pss_pss_sha256', 'rsa-pss', 'sha256', 32),
  rsa_pss_pss_sha384: rsaPss('rsa_pss_pss_sha384', 'rsa-pss', 'sha384', 48),
  rsa_pss_pss_sha512: rsaPss('rsa_pss_pss_sha512', 'rsa-pss', 'sha512', 64),
  mldsa44: pure('mldsa44', 'ml-dsa-44'),
  mldsa65: pure('mldsa65', 'ml-dsa-65'),
  mldsa87: pure('mldsa87', 'ml-dsa-87'),
  rsa_pkcs1_sha256: rsaPkcs1('rsa_pkcs1_sha256', 'sha256'),
  rsa_pkcs1_sha384: rsaPkcs1('rsa_pkcs1_sha384', 'sha384'),
  rsa_pkcs1_sha512: rsaPkcs1('rsa_pkcs1_sha512', 'sha512'),
};

/** The scheme with this code, or undefined when it is none of ours. */
export function signatureSchemeOfCode(code: number): SignatureScheme | undefined {
  const name = nameOf(signatureSchemeCodes, code);
  return name === undefined ? undefined : signatureSchemes[name];
}

/** The code of a scheme as tickets keep it: 0 for none. */
export function schemeCode(name: SignatureSchemeName | undefined): number {
  return name === undefined ? 0 : signatureSchemes[name].code;
}

/** The names of those codes that are ours, in their order. */
export function schemesOfCodes(codes: readonly number[]): readonly SignatureSchemeName[] {
  return codes.flatMap((code) => signatureSchemeOfCode(code)?.name ?? []);
}

/** Whether a handshake of this version may be signed by `scheme` with `key`: the kind of key and its restrictions. */
export function schemeFitsKey(scheme: SignatureScheme, key: CertifiedKey, version: VersionName): boolean {
  if (!isForVersion(scheme, version) || scheme.keyType !== key.keyType) return false;
  // TLS 1.2 lets any hash go with any curve (RFC 9846 §4.3.3).
  const curve = version === '1.3' ? scheme.curve : undefined;
  if (curve !== undefined && !(key.key.kind === 'ec' && key.key.curve === curve)) return false;
  return (
    key.keyType !== 'rsa-pss' || key.parameters === undefined || pssAllows(key.parameters, scheme.algorithm)
  );
}

/** TLS 1.3 signs no handshake with PKCS#1 v1.5 (RFC 9846 §4.3.3), TLS 1.2 none with ML-DSA (draft-ietf-tls-mldsa §3). */
function isForVersion({ handshake, algorithm }: SignatureScheme, version: VersionName): boolean {
  switch (algorithm.kind) {
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return version === '1.3';
    default:
      return handshake || version === '1.2';
  }
}

/** Whatever a key can sign handshakes with; what TLS 1.2 alone lets it stands last. */
export function schemesOfKey(key: CertifiedKey): readonly SignatureSchemeName[] {
  const fitting = (version: VersionName) =>
    Object.values(signatureSchemes).flatMap((scheme) =>
      schemeFitsKey(scheme, key, version) ? [scheme.name] : [],
    );
  return [...new Set([...fitting('1.3'), ...fitting('1.2')])];
}

/** Whether a certificate's signature is one of `scheme`. The curve is its issuer's, so it is not looked at here. */
export function isSignedWith(certificate: Certificate, { algorithm }: SignatureScheme): boolean {
  const made = signatureAlgorithm(certificate.signatureAlgorithm);
  if (!made.ok || made.value.kind !== algorithm.kind) return false;
  return !('hash' in made.value) || ('hash' in algorithm && made.value.hash === algorithm.hash);
}

/** RFC 4055 §3.3: a key's parameters fix the hash, and the salt length from below. */
function pssAllows(parameters: PssParameters, algorithm: SignatureAlgorithm): boolean {
  return (
    algorithm.kind === 'rsa-pss' &&
    algorithm.hash === parameters.hash &&
    algorithm.saltLength >= parameters.saltLength
  );
}

function ecdsa(name: SignatureSchemeName, curve: CurveName, hash: SignatureHash): SignatureScheme {
  return {
    name,
    code: signatureSchemeCodes[name],
    algorithm: { kind: 'ecdsa', hash },
    keyType: 'ec',
    curve,
    handshake: true,
  };
}

/** EdDSA and ML-DSA: key and signature are of one kind, and there is no hash to choose. */
function pure(name: SignatureSchemeName, kind: EdwardsName | MlDsaName): SignatureScheme {
  return {
    name,
    code: signatureSchemeCodes[name],
    algorithm: { kind },
    keyType: kind,
    curve: undefined,
    handshake: true,
  };
}

function rsaPss(
  name: SignatureSchemeName,
  keyType: 'rsa' | 'rsa-pss',
  hash: SignatureHash,
  saltLength: number,
): SignatureScheme {
  return {
    name,
    code: signatureSchemeCodes[name],
    algorithm: { kind: 'rsa-pss', hash, saltLength },
    keyType,
    curve: undefined,
    handshake: true,
  };
}

function rsaPkcs1(name: SignatureSchemeName, hash: SignatureHash): SignatureScheme {
  return {
    name,
    code: signatureSchemeCodes[name],
    algorithm: { kind: 'rsa-pkcs1', hash },
    keyType: 'rsa',
    curve: undefined,
    handshake: false,
  };
}
