import {
  any,
  bmpString,
  explicit,
  type Infer,
  implicit,
  namedInteger,
  octetString,
  oid,
  openType,
  optional,
  sequence,
  sequenceOf,
  setOf,
  smallInteger,
} from '../asn1/index.ts';
import type { PrivateKey } from '../nocrypto/index.ts';
import { algorithmIdentifier } from './algorithm.ts';
import type { Certificate } from './certificate.ts';
import type { Crl } from './crl.ts';
import { id } from './oid.ts';

/* The grammars of PKCS #12 (RFC 7292), which reading and writing share, and what a file holds. */

/** What a PKCS #12 file holds, in its order. */
export interface Pkcs12Contents {
  readonly keys: readonly Pkcs12Key[];
  readonly certificates: readonly Pkcs12Certificate[];
  readonly crls: readonly Crl[];
}

/** What a file says beside a key or a certificate (RFC 2985 §5.5). */
export interface Pkcs12Labels {
  /** A name for people. */
  readonly friendlyName?: string | undefined;
  /** A key and its certificate have the same. */
  readonly localKeyId?: Uint8Array | undefined;
}

export interface Pkcs12Key extends Pkcs12Labels {
  readonly key: PrivateKey;
}

export interface Pkcs12Certificate extends Pkcs12Labels {
  readonly certificate: Certificate;
}

/*
 * RFC 7292 §4.1, and RFC 2315 §13 for encrypted data:
 *
 *   EncryptedData ::= SEQUENCE {
 *        version              INTEGER,
 *        encryptedContentInfo SEQUENCE {
 *             contentType                OBJECT IDENTIFIER,
 *             contentEncryptionAlgorithm AlgorithmIdentifier,
 *             encryptedContent           [0] IMPLICIT OCTET STRING OPTIONAL } }
 *   ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY DEFINED BY contentType }
 *   AuthenticatedSafe ::= SEQUENCE OF ContentInfo
 */
const encryptedData = sequence({
  version: namedInteger({ v0: 0 }),
  encryptedContentInfo: sequence({
    contentType: oid,
    contentEncryptionAlgorithm: algorithmIdentifier,
    encryptedContent: implicit(0, octetString),
  }),
});

const contentInfo = sequence({
  contentType: oid,
  content: openType(
    'contentType',
    {
      [id.pkcs7.data]: explicit(0, octetString),
      [id.pkcs7.encryptedData]: explicit(0, encryptedData),
    },
    any,
  ),
});

export type ContentInfo = Infer<typeof contentInfo>;

export const authenticatedSafe = sequenceOf(contentInfo);

/** Where BER must be told that something is an OCTET STRING: an encryptedContent in an AuthenticatedSafe. */
export function isEncryptedContent(place: readonly number[]): boolean {
  const [, ...within] = place;
  return within.join('.') === '1.0.1.2';
}

/*
 * RFC 7292 §4, appendix A of RFC 9879 for a MAC whose iterations are written although they are the default, 1:
 *
 *   DigestInfo ::= SEQUENCE { digestAlgorithm AlgorithmIdentifier, digest OCTET STRING }
 *   MacData ::= SEQUENCE { mac DigestInfo, macSalt OCTET STRING, iterations INTEGER DEFAULT 1 }
 *   PFX ::= SEQUENCE { version INTEGER { v3(3) }, authSafe ContentInfo, macData MacData OPTIONAL }
 */
const macData = sequence({
  mac: sequence({ digestAlgorithm: algorithmIdentifier, digest: octetString }),
  macSalt: octetString,
  iterations: optional(smallInteger(0)),
});

export type MacData = Infer<typeof macData>;

export const pfx = sequence({
  version: namedInteger({ v3: 3 }),
  authSafe: contentInfo,
  macData: optional(macData),
});

/*
 * RFC 7292 §4.2. Key bags are decoded by those who decode keys; a safeContentsBag is a list of bags once more.
 *
 *   CertBag ::= SEQUENCE { certId OBJECT IDENTIFIER, certValue [0] EXPLICIT ANY DEFINED BY certId }
 *   CRLBag ::= SEQUENCE { crlId OBJECT IDENTIFIER, crlValue [0] EXPLICIT ANY DEFINED BY crlId }
 *   PKCS12Attribute ::= SEQUENCE { attrId OBJECT IDENTIFIER, attrValues SET OF ANY }
 *   SafeBag ::= SEQUENCE {
 *        bagId         OBJECT IDENTIFIER,
 *        bagValue      [0] EXPLICIT ANY DEFINED BY bagId,
 *        bagAttributes SET OF PKCS12Attribute OPTIONAL }
 *   SafeContents ::= SEQUENCE OF SafeBag
 */
const certBag = sequence({
  certId: oid,
  certValue: openType('certId', { [id.pkcs12.x509Certificate]: explicit(0, octetString) }, any),
});

const crlBag = sequence({
  crlId: oid,
  crlValue: openType('crlId', { [id.pkcs12.x509CRL]: explicit(0, octetString) }, any),
});

const pkcs12Attribute = sequence({ attrId: oid, attrValues: setOf(any) });

export type Pkcs12Attribute = Infer<typeof pkcs12Attribute>;

const safeBag = sequence({
  bagId: oid,
  bagValue: openType(
    'bagId',
    {
      [id.pkcs12.keyBag]: explicit(0, any),
      [id.pkcs12.pkcs8ShroudedKeyBag]: explicit(0, any),
      [id.pkcs12.certBag]: explicit(0, certBag),
      [id.pkcs12.crlBag]: explicit(0, crlBag),
      [id.pkcs12.safeContentsBag]: explicit(0, any),
    },
    any,
  ),
  bagAttributes: optional(setOf(pkcs12Attribute)),
});

export type SafeBag = Infer<typeof safeBag>;

export const safeContents = sequenceOf(safeBag);

/** The value of the attribute friendlyName (RFC 2985 §5.5.1). */
export const friendlyName = bmpString;

/** The value of the attribute localKeyId (RFC 2985 §5.5.2). */
export const localKeyId = octetString;

/*
 * RFC 8018 appendix A.5:
 *
 *   PBMAC1-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, messageAuthScheme AlgorithmIdentifier }
 */
export const pbmac1Params = sequence({
  keyDerivationFunc: algorithmIdentifier,
  messageAuthScheme: algorithmIdentifier,
});
