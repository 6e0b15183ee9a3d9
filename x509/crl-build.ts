import { encode, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider, SignatureAlgorithm, SignError } from '../nocrypto/index.ts';
import { signatureAlgorithmIdentifier } from './algorithm.ts';
import {
  defaultSignatureAlgorithm,
  refuseForeignKey,
  type Signer,
  signerKeyIdentifier,
  wholeSeconds,
} from './build.ts';
import { timeOf } from './certificate.ts';
import { type Crl, decodeCrl, describeCrlError, encodeCrl, tbsCertList } from './crl.ts';
import {
  type Extension,
  type IssuingDistributionPoint,
  makeExtension,
  type ReasonCode,
} from './extension.ts';
import { type Name, sameName } from './name.ts';
import { id } from './oid.ts';

export interface CrlOptions {
  readonly crypto: CryptoProvider;
  /** 32 fresh random bytes, for the signature. */
  readonly entropy: Uint8Array;
  /** The CRL's issuer. Its certificate must have the key usage cRLSign to be believed. */
  readonly signer: Required<Signer>;
  /** Milliseconds since 1970; fractions of a second are cut off. */
  readonly thisUpdate: number;
  /** By when there will be a newer list. Until then an old one can be shown to others. */
  readonly nextUpdate: number;
  /** Larger in every list that the issuer makes for one scope (RFC 5280 §5.2.3). */
  readonly crlNumber: bigint;
  readonly revoked: readonly RevocationEntry[];
  /** Makes this a delta CRL: the number of the list whose changes it tells (RFC 5280 §5.2.4). */
  readonly baseCrlNumber?: bigint;
  /** For which certificates the list speaks (RFC 5280 §5.2.5). Default: for all of the issuer's. */
  readonly issuingDistributionPoint?: Partial<IssuingDistributionPoint>;
  /** Further extensions. */
  readonly extensions?: readonly Extension[];
  /** Default: by the signer's key, `defaultSignatureAlgorithm`. */
  readonly signatureAlgorithm?: SignatureAlgorithm;
}

export interface RevocationEntry {
  readonly serialNumber: bigint;
  /** Milliseconds since 1970. */
  readonly revocationDate: number;
  /** Default: unspecified, which is written by leaving it out (RFC 5280 §5.3.1). */
  readonly reason?: ReasonCode;
  /** Since when the key is suspected, in milliseconds since 1970. */
  readonly invalidityDate?: number;
  /** Who issued the certificate, in an indirect CRL. Default: the CRL's issuer. */
  readonly certificateIssuer?: Name;
}

/**
 * Makes a version 2 CRL with the extensions that RFC 5280 §5.2 asks for: authority key identifier and CRL number. Equal
 * options give equal bytes. Throws RangeError (caller's bug) when the signer's key does not belong to its certificate, and
 * RangeError or TypeError for values that no CRL can hold.
 */
export function buildCrl(options: CrlOptions): Result<Crl, SignError> {
  const { crypto, entropy, signer, revoked, signatureAlgorithm: chosen } = options;
  const { certificate, key } = signer;
  refuseForeignKey(signer, certificate.subjectPublicKeyInfo);
  const algorithm = chosen ?? defaultSignatureAlgorithm(key);
  const signatureAlgorithm = signatureAlgorithmIdentifier(algorithm);
  const tbs = encode(tbsCertList, {
    version: 'v2',
    signature: signatureAlgorithm,
    issuer: certificate.subject,
    thisUpdate: timeOf(wholeSeconds(options.thisUpdate)),
    nextUpdate: timeOf(wholeSeconds(options.nextUpdate)),
    revokedCertificates:
      revoked.length === 0
        ? undefined
        : revoked.map((entry, i) => revokedCertificate(entry, revoked[i - 1], certificate.subject)),
    crlExtensions: [...crlExtensions(options), ...(options.extensions ?? [])],
  });
  const signature = crypto.sign(algorithm, key, tbs, entropy);
  if (!signature.ok) {
    return signature;
  }
  const decoded = decodeCrl(encodeCrl({ tbsCertList: tbs, signatureAlgorithm, signature: signature.value }));
  if (!decoded.ok) {
    throw new RangeError(`these fields make no CRL: ${describeCrlError(decoded.error)}`);
  }
  return ok(decoded.value);
}

function crlExtensions(options: CrlOptions): readonly Extension[] {
  const { crypto, signer, crlNumber, baseCrlNumber, issuingDistributionPoint } = options;
  const authorityKeyIdentifier = {
    keyIdentifier: signerKeyIdentifier(crypto, signer),
    authorityCertIssuer: undefined,
    authorityCertSerialNumber: undefined,
  };
  const list = [
    makeExtension({ kind: id.ce.authorityKeyIdentifier, value: authorityKeyIdentifier }),
    makeExtension({ kind: id.ce.cRLNumber, value: crlNumber }),
  ];
  if (baseCrlNumber !== undefined) {
    list.push(makeExtension({ kind: id.ce.deltaCRLIndicator, value: baseCrlNumber }, { critical: true }));
  }
  if (issuingDistributionPoint !== undefined) {
    const value = { ...EVERY_CERTIFICATE, ...issuingDistributionPoint };
    list.push(makeExtension({ kind: id.ce.issuingDistributionPoint, value }, { critical: true }));
  }
  return list;
}

const EVERY_CERTIFICATE: IssuingDistributionPoint = {
  distributionPoint: undefined,
  onlyContainsUserCerts: false,
  onlyContainsCACerts: false,
  onlySomeReasons: undefined,
  indirectCRL: false,
  onlyContainsAttributeCerts: false,
};

function revokedCertificate(entry: RevocationEntry, previous: RevocationEntry | undefined, crlIssuer: Name) {
  const extensions = entryExtensions(entry, previous, crlIssuer);
  return {
    userCertificate: entry.serialNumber,
    revocationDate: timeOf(wholeSeconds(entry.revocationDate)),
    crlEntryExtensions: extensions.length === 0 ? undefined : extensions,
  };
}

/** The issuer is named where it changes (RFC 5280 §5.3.3). */
function entryExtensions(
  { reason, invalidityDate, certificateIssuer }: RevocationEntry,
  previous: RevocationEntry | undefined,
  crlIssuer: Name,
): readonly Extension[] {
  const issuer = certificateIssuer ?? crlIssuer;
  const list: Extension[] = [];
  if (reason !== undefined && reason !== 'unspecified') {
    list.push(makeExtension({ kind: id.ce.reasonCode, value: reason }));
  }
  if (invalidityDate !== undefined) {
    list.push(makeExtension({ kind: id.ce.invalidityDate, value: wholeSeconds(invalidityDate) }));
  }
  if (!sameName(issuer, previous?.certificateIssuer ?? crlIssuer)) {
    const value = [{ kind: 'directoryName' as const, value: issuer }];
    list.push(makeExtension({ kind: id.ce.certificateIssuer, value }, { critical: true }));
  }
  return list;
}
