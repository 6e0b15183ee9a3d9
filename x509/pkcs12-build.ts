import { encode } from '../asn1/index.ts';
import type { CryptoProvider, PrivateKey } from '../nocrypto/index.ts';
import { NULL } from './algorithm.ts';
import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import { type EncryptionOptions, sealPrivateKey } from './encrypted-private-key.ts';
import { sameName } from './name.ts';
import { algorithm, id } from './oid.ts';
import { type Password, passwordForms } from './password.ts';
import { pkcs12Kdf } from './password-kdf.ts';
import { DEFAULT_ITERATIONS, type Pbes2Key, pbes2Key } from './pbe.ts';
import {
  authenticatedSafe,
  type ContentInfo,
  friendlyName,
  localKeyId,
  type MacData,
  type Pkcs12Attribute,
  type Pkcs12Contents,
  type Pkcs12Labels,
  pfx,
  type SafeBag,
  safeContents,
} from './pkcs12-format.ts';
import { publicKeyInfo } from './public-key.ts';

/** A private key and who its owner is: what a TLS server or client is configured with. */
export interface Pkcs12Credential {
  readonly key: PrivateKey;
  /** The certificate of the key first, then each one's issuer, as far as there are any. */
  readonly chain: readonly Certificate[];
  readonly friendlyName?: string | undefined;
}

/** The contents of a file for one credential. Certificates beyond the first are those of authorities. */
export function pkcs12Contents(
  crypto: CryptoProvider,
  { key, chain, friendlyName }: Pkcs12Credential,
): Pkcs12Contents {
  const [leaf, ...authorities] = chain;
  const localKeyId = leaf === undefined ? undefined : crypto.hashes.sha256.digest(leaf.der).subarray(0, 20);
  const labels = { friendlyName, localKeyId };
  return {
    keys: [{ key, ...labels }],
    certificates: [
      ...(leaf === undefined ? [] : [{ certificate: leaf, ...labels }]),
      ...authorities.map((certificate) => ({ certificate })),
    ],
    crls: [],
  };
}

/**
 * Each key of a file with its certificate (of several, the one with the key's localKeyId) and those above it. A key without a
 * certificate has an empty chain.
 */
export function pkcs12Credentials({ keys, certificates }: Pkcs12Contents): readonly Pkcs12Credential[] {
  return keys.map(({ key, friendlyName, localKeyId: keyId }) => {
    const { subjectPublicKey } = publicKeyInfo(key.public).value;
    const own = certificates.filter(({ certificate }) =>
      sameBytes(certificate.subjectPublicKeyInfo.value.subjectPublicKey, subjectPublicKey),
    );
    const marked = own.find(
      ({ localKeyId }) => keyId !== undefined && localKeyId !== undefined && sameBytes(localKeyId, keyId),
    );
    const leaf = (marked ?? own[0])?.certificate;
    const others = certificates.map(({ certificate }) => certificate);
    return { key, chain: leaf === undefined ? [] : chainFrom(leaf, others), friendlyName };
  });
}

/** As for `encryptPrivateKey`. `cipher`, `prf` and `iterations` are those of the contents; the MAC has the same iterations. */
export type Pkcs12Options = EncryptionOptions;

/**
 * The bytes of a PKCS #12 file in DER: certificates, CRLs and keys under PBES2 with AES in CBC mode, and RFC 7292's MAC with
 * SHA-256, which every reader of the last ten years knows. Equal arguments give equal bytes.
 */
export function encodePkcs12(
  crypto: CryptoProvider,
  contents: Pkcs12Contents,
  { password, entropy, ...options }: Pkcs12Options,
): Uint8Array {
  const { mac } = crypto.hmac('sha256', entropy);
  const octets = (label: string) => mac(new TextEncoder().encode(label)).subarray(0, 16);
  const forms = passwordForms(password);
  // One derivation for everything that is encrypted: the IVs differ.
  const encryptionKey = pbes2Key(crypto, forms, octets('salt'), options);
  const open = [...contents.certificates.map(certificateBag), ...contents.crls.map(crlBag)];
  const keys = contents.keys.map(({ key, ...labels }, i) =>
    keyBag(sealPrivateKey(encryptionKey, key, octets(`initialization vector of key ${i}`)), labels),
  );
  const safes = [
    ...(open.length === 0 ? [] : [encryptedSafe(encryptionKey, open, octets('initialization vector'))]),
    ...(keys.length === 0 ? [] : [dataOf(encode(safeContents, keys))]),
  ];
  const content = encode(authenticatedSafe, safes);
  const { iterations = DEFAULT_ITERATIONS } = options;
  const macData = macDataOf(crypto, forms, content, octets('salt of the MAC'), iterations);
  return encode(pfx, { version: 'v3', authSafe: dataOf(content), macData });
}

function chainFrom(leaf: Certificate, others: readonly Certificate[]): readonly Certificate[] {
  const chain = [leaf];
  // The array grows while it is walked.
  for (const { issuer, subject } of chain) {
    const next = sameName(issuer, subject)
      ? undefined
      : others.find((other) => sameName(other.subject, issuer) && !chain.includes(other));
    chain.push(...(next === undefined ? [] : [next]));
  }
  return chain;
}

function dataOf(content: Uint8Array): ContentInfo {
  return { contentType: id.pkcs7.data, content: { kind: id.pkcs7.data, value: content } };
}

function encryptedSafe(key: Pbes2Key, bags: readonly SafeBag[], iv: Uint8Array): ContentInfo {
  const { identifier, ciphertext } = key.encrypt(encode(safeContents, bags), iv);
  return {
    contentType: id.pkcs7.encryptedData,
    content: {
      kind: id.pkcs7.encryptedData,
      value: {
        version: 'v0',
        encryptedContentInfo: {
          contentType: id.pkcs7.data,
          contentEncryptionAlgorithm: identifier,
          encryptedContent: ciphertext,
        },
      },
    },
  };
}

function keyBag(encrypted: Uint8Array, labels: Pkcs12Labels): SafeBag {
  return {
    bagId: id.pkcs12.pkcs8ShroudedKeyBag,
    bagValue: { kind: id.pkcs12.pkcs8ShroudedKeyBag, value: encrypted },
    bagAttributes: attributesOf(labels),
  };
}

function certificateBag({ certificate, ...labels }: Pkcs12Contents['certificates'][number]): SafeBag {
  return {
    bagId: id.pkcs12.certBag,
    bagValue: {
      kind: id.pkcs12.certBag,
      value: {
        certId: id.pkcs12.x509Certificate,
        certValue: { kind: id.pkcs12.x509Certificate, value: certificate.der },
      },
    },
    bagAttributes: attributesOf(labels),
  };
}

function crlBag({ der }: Pkcs12Contents['crls'][number]): SafeBag {
  return {
    bagId: id.pkcs12.crlBag,
    bagValue: {
      kind: id.pkcs12.crlBag,
      value: { crlId: id.pkcs12.x509CRL, crlValue: { kind: id.pkcs12.x509CRL, value: der } },
    },
    bagAttributes: undefined,
  };
}

function attributesOf(labels: Pkcs12Labels): readonly Pkcs12Attribute[] | undefined {
  const attributes: Pkcs12Attribute[] = [];
  if (labels.friendlyName !== undefined) {
    const value = encode(friendlyName, labels.friendlyName);
    attributes.push({ attrId: id.pkcs9.friendlyName, attrValues: [value] });
  }
  if (labels.localKeyId !== undefined) {
    const value = encode(localKeyId, labels.localKeyId);
    attributes.push({ attrId: id.pkcs9.localKeyId, attrValues: [value] });
  }
  return attributes.length === 0 ? undefined : attributes;
}

function macDataOf(
  crypto: CryptoProvider,
  { bmp }: Password,
  content: Uint8Array,
  macSalt: Uint8Array,
  iterations: number,
): MacData {
  const { sha256 } = crypto.hashes;
  const key = pkcs12Kdf(sha256, 'mac', bmp, macSalt, iterations, sha256.outputLength);
  const digest = crypto.hmac('sha256', key).mac(content);
  const digestAlgorithm = { algorithm: algorithm.sha256, parameters: NULL };
  return { mac: { digestAlgorithm, digest }, macSalt, iterations: iterations === 1 ? undefined : iterations };
}
