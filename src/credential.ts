import type { CryptoProvider, PrivateKey, PublicKey } from '../nocrypto/index.ts';
import {
  type Certificate,
  type CertifiedKey,
  certificatePublicKey,
  decodeCertificate,
  decodeRawPublicKey,
  describeCertificateError,
  encodePublicKey,
  err,
  extensionValue,
  ok,
  presentsIdentity,
  type RawPublicKey,
  type Result,
} from '../x509/index.ts';
import { isSame } from './bytes.ts';
import type { SignatureSchemeName } from './codepoints.ts';
import { schemesOfKey } from './signature-schemes.ts';
import { type OwnStaple, ownStaples, type Staple } from './stapling.ts';
import { listed } from './text.ts';

/** What this side can show of itself: a certificate chain, or a key alone (RFC 7250). */
export type AnyCredential = Credential | RawKeyCredential;

/** A certificate chain with the means to prove its key. Made by {@link credential}. */
export interface Credential {
  readonly certificateType: 'x509';
  /** DER, leaf first, as it goes onto the wire. */
  readonly chain: readonly Uint8Array[];
  /** The same, decoded. */
  readonly certificates: readonly Certificate[];
  readonly leaf: Certificate;
  readonly publicKey: CertifiedKey;
  readonly key: CredentialKey;
  /** What the key signs with, most wanted first. */
  readonly signatureSchemes: readonly SignatureSchemeName[];
  /** Whether it is shown only to peers that name one of its issuers. */
  readonly mustMatchIssuer: boolean;
  /** What goes along with the certificates, in their order, for peers that ask. */
  readonly staples: readonly OwnStaple[];
  readonly [checkedCredential]: true;
}

/** A public key without a certificate, with the means to prove it. Made by {@link rawKeyCredential}. */
export interface RawKeyCredential {
  readonly certificateType: 'rawPublicKey';
  readonly rawKey: RawPublicKey;
  readonly publicKey: CertifiedKey;
  readonly key: CredentialKey;
  /** As for a {@link Credential}. */
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly [checkedCredential]: true;
}

/**
 * The private key itself, or `external`: the key lives elsewhere (a smart card, another process) and every signature
 * is a request. `label` is the caller's, to find the key again.
 */
export type CredentialKey =
  | { readonly kind: 'private'; readonly key: PrivateKey }
  | { readonly kind: 'external'; readonly label: string };

export type CredentialError =
  | { readonly kind: 'empty-chain'; readonly detail: string }
  | { readonly kind: 'bad-certificate'; readonly index: number; readonly detail: string }
  /** A raw key that is none, or none that can be used. */
  | { readonly kind: 'bad-public-key'; readonly detail: string }
  | { readonly kind: 'bad-staple'; readonly index: number; readonly detail: string }
  | { readonly kind: 'key-does-not-match'; readonly detail: string }
  | { readonly kind: 'no-scheme-fits-key'; readonly detail: string };

export interface CredentialOptions {
  /**
   * What this key signs with, most wanted first, whatever the configuration accepts from peers; the key must be able to
   * make one of them. Default: every scheme that the key can make, those of TLS 1.3 first.
   */
  readonly signatureSchemes?: readonly SignatureSchemeName[] | undefined;
}

export interface CertificateCredentialOptions extends CredentialOptions {
  /** What goes along with each certificate of the chain, in its order; the first is the leaf's. Default: nothing. */
  readonly staples?: readonly Staple[] | undefined;
  /**
   * Whether it is shown only to a peer that names one of the issuers in its chain (RFC 9846 §4.3.4). Default false: a peer
   * that names authorities is rather shown a certificate of theirs, and else what there is.
   */
  readonly mustMatchIssuer?: boolean | undefined;
}

declare const checkedCredential: unique symbol;

/**
 * Checks that the chain decodes, that its leaf's key is of a supported kind and that a private key, where given,
 * is the leaf's. `chain` is DER, leaf first.
 */
export function credential(
  crypto: CryptoProvider,
  chain: readonly Uint8Array[],
  key: CredentialKey,
  options: CertificateCredentialOptions = {},
): Result<Credential, CredentialError> {
  // Copies: the caller's bytes may change after the check.
  const copies: readonly Uint8Array[] = chain.map((der) => Uint8Array.from(der));
  const decoded = decodeChain(copies);
  if (!decoded.ok) return decoded;
  const certificates = decoded.value;
  const [leaf] = certificates;
  if (leaf === undefined) return err({ kind: 'empty-chain', detail: 'a credential needs a certificate' });
  const publicKey = certificatePublicKey(crypto, leaf);
  if (!publicKey.ok) return err({ kind: 'bad-certificate', index: 0, detail: publicKey.error.detail });
  if (key.kind === 'private' && !isSamePublicKey(key.key.public, publicKey.value.key)) {
    return err({
      kind: 'key-does-not-match',
      detail: "the private key is not that of the chain's first certificate",
    });
  }
  if (!maySign(leaf)) {
    return err({
      kind: 'bad-certificate',
      index: 0,
      detail: 'its key usage does not allow digitalSignature',
    });
  }
  const schemes = schemesOf(publicKey.value, options);
  if (!schemes.ok) return schemes;
  const staples = ownStaples(options.staples ?? [], copies.length);
  if (!staples.ok) return err({ kind: 'bad-staple', ...staples.error });
  return ok({
    certificateType: 'x509',
    chain: copies,
    certificates,
    leaf,
    publicKey: publicKey.value,
    key,
    signatureSchemes: schemes.value,
    mustMatchIssuer: options.mustMatchIssuer ?? false,
    staples: staples.value,
  } as Credential);
}

/** The same credential with other things stapled: an OCSP response must be renewed before its nextUpdate. */
export function restaple(
  credential: Credential,
  staples: readonly Staple[],
): Result<Credential, CredentialError> {
  const checked = ownStaples(staples, credential.chain.length);
  return checked.ok
    ? ok({ ...credential, staples: checked.value })
    : err({ kind: 'bad-staple', ...checked.error });
}

/**
 * A key to be shown without a certificate, to peers that know it (RFC 7250). The public half follows from a private key;
 * that of an external one is given as the DER of its SubjectPublicKeyInfo.
 */
export function rawKeyCredential(
  crypto: CryptoProvider,
  key: PrivateKey | { readonly label: string; readonly subjectPublicKeyInfo: Uint8Array },
  options: CredentialOptions = {},
): Result<RawKeyCredential, CredentialError> {
  const isExternal = 'label' in key;
  const der = isExternal ? key.subjectPublicKeyInfo : encodePublicKey(key.public);
  const rawKey = decodeRawPublicKey(crypto, der);
  if (!rawKey.ok) return err({ kind: 'bad-public-key', detail: rawKey.error.detail });
  const publicKey = rawKey.value.key;
  const schemes = schemesOf(publicKey, options);
  if (!schemes.ok) return schemes;
  return ok({
    certificateType: 'rawPublicKey',
    rawKey: rawKey.value,
    publicKey,
    key: isExternal ? { kind: 'external', label: key.label } : { kind: 'private', key },
    signatureSchemes: schemes.value,
  } as RawKeyCredential);
}

/** RFC 9846 §4.5.1.2: a key usage, where there is one, must allow digitalSignature. */
export function maySign(leaf: Certificate): boolean {
  return extensionValue(leaf, 'keyUsage')?.digitalSignature !== false;
}

/** RFC 5246 §7.4.2: for key transport it must allow keyEncipherment. */
export function mayEncrypt(leaf: Certificate): boolean {
  return extensionValue(leaf, 'keyUsage')?.keyEncipherment !== false;
}

/** Whether the leaf is for this DNS name (RFC 9525). A raw key is for whoever knows it, under any name. */
export function isForName(credential: AnyCredential, name: string): boolean {
  if (credential.certificateType === 'rawPublicKey') return true;
  const names = extensionValue(credential.leaf, 'subjectAltName');
  return names !== undefined && presentsIdentity(names, { kind: 'dns', name });
}

/**
 * What a key signs with: by default whatever it can. What this side accepts from others is another matter: a key that few
 * have is there to be used.
 */
function schemesOf(
  publicKey: CertifiedKey,
  { signatureSchemes: wanted }: CredentialOptions,
): Result<readonly SignatureSchemeName[], CredentialError> {
  const possible = schemesOfKey(publicKey);
  return wanted === undefined || wanted.some((name) => possible.includes(name))
    ? ok([...(wanted ?? possible)])
    : err({
        kind: 'no-scheme-fits-key',
        detail: `the key can sign a handshake with none of: ${listed(wanted)}`,
      });
}

function isSamePublicKey(a: PublicKey, b: PublicKey): boolean {
  return isSame(encodePublicKey(a), encodePublicKey(b));
}

function decodeChain(chain: readonly Uint8Array[]): Result<readonly Certificate[], CredentialError> {
  const certificates: Certificate[] = [];
  for (const [index, der] of chain.entries()) {
    const decoded = decodeCertificate(der);
    if (!decoded.ok) {
      return err({ kind: 'bad-certificate', index, detail: describeCertificateError(decoded.error) });
    }
    certificates.push(decoded.value);
  }
  return ok(certificates);
}
