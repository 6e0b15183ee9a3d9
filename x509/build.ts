import { encode, ok, type Result } from '../asn1/index.ts';
import type {
  CryptoProvider,
  CurveName,
  PrivateKey,
  PublicKey,
  SignatureAlgorithm,
  SignatureHash,
  SignError,
} from '../nocrypto/index.ts';
import { signatureAlgorithmIdentifier } from './algorithm.ts';
import { sameBytes } from './bytes.ts';
import {
  type Certificate,
  decodeCertificate,
  describeCertificateError,
  encodeCertificate,
  type Tbs,
  tbsCertificate,
  timeOf,
  type Validity,
} from './certificate.ts';
import { type Extension, extensionValue, type KeyUsageName, makeKeyUsage } from './extension.ts';
import type { GeneralName } from './general-name.ts';
import { formatIdentity, type ReferenceIdentity } from './identity.ts';
import { isEmptyName, makeName, type Name, type NameParts } from './name.ts';
import { id } from './oid.ts';
import { type CertifiedKey, publicKeyInfo, type SubjectPublicKeyInfo } from './public-key.ts';

export interface CertificateOptions {
  readonly crypto: CryptoProvider;
  /** 32 fresh random bytes. Serial number and signature are derived from them. */
  readonly entropy: Uint8Array;
  /** May be empty: the subject is then who its subjectAltName says, and that extension becomes critical. */
  readonly subject: NameParts | Name;
  /** The key to certify; `rsa-pss` keys must come as a {@link CertifiedKey}. */
  readonly publicKey: PublicKey | CertifiedKey;
  /** Who signs. Without a certificate the subject signs itself, and `key` must be the private half of `publicKey`. */
  readonly signer: Signer;
  readonly validity: Validity;
  /** For an authority: how many intermediates may follow it (undefined: any number). Absent for an end entity. */
  readonly authority?: { readonly pathLenConstraint: number | undefined };
  /** Default: keyCertSign and cRLSign for an authority, digitalSignature otherwise. */
  readonly keyUsage?: readonly KeyUsageName[];
  /** Identifiers as in `id.kp`. Default: none for an authority; serverAuth and clientAuth otherwise. */
  readonly extKeyUsage?: readonly string[];
  readonly subjectAltName?: readonly GeneralName[];
  /** Further extensions; one that the certificate would have anyway takes its place. */
  readonly extensions?: readonly Extension[];
  /** Default: 16 octets derived from `entropy`. */
  readonly serialNumber?: bigint;
  /** Default: by the signer's key, {@link defaultSignatureAlgorithm}. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
}

export interface Signer {
  readonly key: PrivateKey;
  readonly certificate?: Certificate;
}

/**
 * Makes a version 3 certificate, self-signed or signed by an authority, with the extensions that RFC 5280 §4.2 asks of
 * conforming CAs: authority and subject key identifiers, key usage, basic constraints. Equal options give equal bytes.
 * Throws RangeError (caller's bug) when the signer's key does not belong to its certificate, and RangeError or
 * TypeError for values that no certificate can hold.
 */
export function buildCertificate(options: CertificateOptions): Result<Certificate, SignError> {
  const { crypto, entropy, signer, validity } = options;
  const subject = 'raw' in options.subject ? options.subject : makeName(options.subject);
  const subjectInfo = publicKeyInfo(options.publicKey);
  refuseForeignKey(signer, subjectInfo);
  const derive = (label: string) => crypto.hmac('sha256', entropy).mac(new TextEncoder().encode(label));
  return signCertificate(
    crypto,
    {
      version: 'v3',
      serialNumber: options.serialNumber ?? serialNumberFrom(derive('serial number')),
      issuer: signer.certificate?.subject ?? subject,
      validity: { notBefore: wholeSeconds(validity.notBefore), notAfter: wholeSeconds(validity.notAfter) },
      subject,
      subjectPublicKeyInfo: subjectInfo,
      issuerUniqueID: undefined,
      subjectUniqueID: undefined,
      extensions: replace(
        standardExtensions(options, subjectInfo, isEmptyName(subject)),
        options.extensions ?? [],
      ),
    },
    signer.key,
    options.signatureAlgorithm ?? defaultSignatureAlgorithm(signer.key),
    derive('signature'),
  );
}

/** Signs a certificate whose every field the caller has chosen; nothing is added. `entropy` as for the provider's `sign`. */
export function signCertificate(
  crypto: CryptoProvider,
  fields: Tbs,
  key: PrivateKey,
  algorithm: SignatureAlgorithm,
  entropy: Uint8Array,
): Result<Certificate, SignError> {
  const signatureAlgorithm = signatureAlgorithmIdentifier(algorithm);
  const { validity, extensions, ...rest } = fields;
  const tbs = encode(tbsCertificate, {
    ...rest,
    signature: signatureAlgorithm,
    validity: { notBefore: timeOf(validity.notBefore), notAfter: timeOf(validity.notAfter) },
    extensions: extensions.length === 0 ? undefined : extensions,
  });
  const signature = crypto.sign(algorithm, key, tbs, entropy);
  if (!signature.ok) {
    return signature;
  }
  const der = encodeCertificate({ tbsCertificate: tbs, signatureAlgorithm, signature: signature.value });
  const decoded = decodeCertificate(der);
  if (!decoded.ok) {
    throw new RangeError(`these fields make no certificate: ${describeCertificateError(decoded.error)}`);
  }
  return ok(decoded.value);
}

/** The algorithm every verifier knows for a kind of key: PKCS #1 with SHA-256, ECDSA with the curve's hash; the others are one. */
export function defaultSignatureAlgorithm(key: PrivateKey): SignatureAlgorithm {
  switch (key.kind) {
    case 'rsa':
      return { kind: 'rsa-pkcs1', hash: 'sha256' };
    case 'ec':
      return { kind: 'ecdsa', hash: CURVE_HASHES[key.curve] };
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return { kind: key.kind };
  }
}

/** RFC 9846 §4.3.3 pairs them so, and so do others. */
const CURVE_HASHES: Readonly<Record<CurveName, SignatureHash>> = {
  secp256r1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512',
};

/**
 * The subjectAltName entries for identities, as `referenceIdentity` and `mailboxIdentity` read them. No certificate can be
 * made with an e-mail address beyond ASCII in this form.
 */
export function identityNames(identities: readonly ReferenceIdentity[]): readonly GeneralName[] {
  return identities.map(identityName);
}

function identityName(identity: ReferenceIdentity): GeneralName {
  switch (identity.kind) {
    case 'dns':
      return { kind: 'dNSName', value: identity.name };
    case 'ip':
      return { kind: 'iPAddress', value: identity.address };
    case 'mailbox':
      return { kind: 'rfc822Name', value: formatIdentity(identity) };
  }
}

/** RFC 7093 §2, method 1: the first 160 bits of the SHA-256 of the subjectPublicKey's octets. */
export function keyIdentifier(crypto: CryptoProvider, { value }: SubjectPublicKeyInfo): Uint8Array {
  return crypto.hashes.sha256.digest(value.subjectPublicKey).slice(0, 20);
}

function standardExtensions(
  { crypto, signer, authority, keyUsage, extKeyUsage, subjectAltName }: CertificateOptions,
  subjectInfo: SubjectPublicKeyInfo,
  nameless: boolean,
): readonly Extension[] {
  const subjectKeyIdentifier = keyIdentifier(crypto, subjectInfo);
  const purposes = extKeyUsage ?? (authority === undefined ? [id.kp.serverAuth, id.kp.clientAuth] : []);
  return [
    {
      extnID: id.ce.authorityKeyIdentifier,
      critical: false,
      extnValue: {
        kind: id.ce.authorityKeyIdentifier,
        value: {
          keyIdentifier: signerKeyIdentifier(crypto, signer) ?? subjectKeyIdentifier,
          authorityCertIssuer: undefined,
          authorityCertSerialNumber: undefined,
        },
      },
    },
    {
      extnID: id.ce.subjectKeyIdentifier,
      critical: false,
      extnValue: { kind: id.ce.subjectKeyIdentifier, value: subjectKeyIdentifier },
    },
    {
      extnID: id.ce.keyUsage,
      critical: true,
      extnValue: {
        kind: id.ce.keyUsage,
        value: makeKeyUsage(
          keyUsage ?? (authority === undefined ? ['digitalSignature'] : ['keyCertSign', 'cRLSign']),
        ),
      },
    },
    ...(subjectAltName === undefined || subjectAltName.length === 0
      ? []
      : [
          {
            extnID: id.ce.subjectAltName,
            critical: nameless,
            extnValue: { kind: id.ce.subjectAltName, value: subjectAltName },
          },
        ]),
    {
      extnID: id.ce.basicConstraints,
      critical: true,
      extnValue: {
        kind: id.ce.basicConstraints,
        value: { cA: authority !== undefined, pathLenConstraint: authority?.pathLenConstraint },
      },
    },
    ...(purposes.length === 0
      ? []
      : [
          {
            extnID: id.ce.extKeyUsage,
            critical: false,
            extnValue: { kind: id.ce.extKeyUsage, value: purposes },
          },
        ]),
  ];
}

/** RFC 5280 §4.2.1.1: the issuer's subject key identifier where it has one. */
export function signerKeyIdentifier(crypto: CryptoProvider, { certificate }: Signer): Uint8Array | undefined {
  return certificate === undefined
    ? undefined
    : (extensionValue(certificate, 'subjectKeyIdentifier') ??
        keyIdentifier(crypto, certificate.subjectPublicKeyInfo));
}

/** Throws RangeError (caller's bug) for a key other than the one its certificate certifies, or `subjectInfo` holds. */
export function refuseForeignKey({ key, certificate }: Signer, subjectInfo: SubjectPublicKeyInfo): void {
  const certified = (certificate?.subjectPublicKeyInfo ?? subjectInfo).value.subjectPublicKey;
  if (!sameBytes(publicKeyInfo(key.public).value.subjectPublicKey, certified)) {
    throw new RangeError('the signer’s key is not the one its certificate certifies');
  }
}

/** 16 octets: a leading 1, so that it is positive and never short, and 15 that nobody can predict (Baseline Requirements §7.1). */
function serialNumberFrom(random: Uint8Array): bigint {
  let value = 1n;
  for (const octet of random.subarray(0, 15)) {
    value = (value << 8n) | BigInt(octet);
  }
  return value;
}

function replace(standard: readonly Extension[], chosen: readonly Extension[]): readonly Extension[] {
  const chosenIds = new Set(chosen.map(({ extnID }) => extnID));
  return [...standard.filter(({ extnID }) => !chosenIds.has(extnID)), ...chosen];
}

/** Certificates have no fractions of a second. */
export function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}
