import { type Certificate, err, isSelfIssued, ok, type RawPublicKey, type Result } from '../x509/index.ts';
import { isSame } from './bytes.ts';
import { type CompressionWishes, compressedOrPlain } from './certificate-compression.ts';
import type { CertificateType, SignatureSchemeName, VersionName } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import type { AnyCredential, Credential } from './credential.ts';
import type { CertificateExtension } from './extensions.ts';
import { type Failure, misuse } from './failure.ts';
import type { CertificateEntry, HandshakeMessage } from './messages.ts';
import type { Request, Response } from './request.ts';
import { isSignedWith, type SignatureScheme, schemeFitsKey, signatureSchemes } from './signature-schemes.ts';
import { type StapleWishes, stapleExtensions } from './stapling.ts';

// This side's certificate, at a client and at a server alike: which one, how it is shown, how its key signs.

/** What is shown; its key need not sign (static RSA). */
export interface Own {
  readonly credential: AnyCredential;
  readonly scheme: SignatureScheme | undefined;
}

/** What is shown, with the scheme its key will sign with. */
export interface Chosen extends Own {
  readonly scheme: SignatureScheme;
}

/** What the peer accepts (RFC 7250, signature_algorithms, signature_algorithms_cert, certificate_authorities). */
export interface Accepted {
  readonly certificateTypes: readonly CertificateType[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly certificateSignatureSchemes: readonly SignatureSchemeName[];
  /** DER-encoded names; empty when the peer does not say. */
  readonly certificateAuthorities: readonly Uint8Array[];
}

/**
 * The first credential of a kind that the peer takes and that can sign as it wants; rather one of an authority that the
 * peer names, and rather one whose chain is signed as the peer wants (RFC 9846 §4.5.1.2 asks for both only as far as
 * possible).
 */
export function chooseCredential(
  candidates: readonly AnyCredential[],
  accepted: Accepted,
  version: VersionName,
): Chosen | undefined {
  const usable = candidates.flatMap((credential) => {
    const scheme = usableScheme(credential, accepted, version);
    return scheme === undefined || isWithheld(credential, accepted) ? [] : [{ credential, scheme }];
  });
  const ofAuthority = usable.filter(({ credential }) => isOfAuthority(credential, accepted));
  const best = ofAuthority.length === 0 ? usable : ofAuthority;
  return best.find(({ credential }) => isChainWanted(credential, accepted)) ?? best[0];
}

/** This side's favourite among the schemes that the peer accepts and the key can make. */
function usableScheme(
  { certificateType, signatureSchemes: own, publicKey }: AnyCredential,
  accepted: Accepted,
  version: VersionName,
): SignatureScheme | undefined {
  if (!accepted.certificateTypes.includes(certificateType)) return undefined;
  const name = own.find(
    (candidate) =>
      accepted.signatureSchemes.includes(candidate) &&
      schemeFitsKey(signatureSchemes[candidate], publicKey, version),
  );
  return name === undefined ? undefined : signatureSchemes[name];
}

/** Whether a credential is for peers only that name one of its issuers, and this one does not. */
export function isWithheld(credential: AnyCredential, { certificateAuthorities }: Accepted): boolean {
  return (
    credential.certificateType === 'x509' &&
    credential.mustMatchIssuer &&
    !isIssuedByOneOf(credential, certificateAuthorities)
  );
}

/** Whether the authorities that the peer names, if any, leave this credential in the choice. Of raw keys they say nothing. */
function isOfAuthority(credential: AnyCredential, { certificateAuthorities }: Accepted): boolean {
  return (
    certificateAuthorities.length === 0 ||
    credential.certificateType === 'rawPublicKey' ||
    isIssuedByOneOf(credential, certificateAuthorities)
  );
}

/** Any certificate of the chain will do: what follows it in a path are the authorities above. */
function isIssuedByOneOf({ certificates }: Credential, authorities: readonly Uint8Array[]): boolean {
  return certificates.some(({ issuer }) => authorities.some((name) => isSame(name, issuer.raw)));
}

/** RFC 9846 §4.5.1; no credential makes the empty Certificate of a client that has none to show. */
export function certificateMessage(
  config: ClientConfig | ServerConfig,
  certificateRequestContext: Uint8Array,
  credential: AnyCredential | undefined,
  wishes: StapleWishes & CompressionWishes,
): HandshakeMessage {
  const certificateList = entriesOf(credential, wishes);
  return compressedOrPlain(config, wishes, { certificateRequestContext, certificateList });
}

/** The same in TLS 1.2: the bytes alone. */
export function bareEntries(credential: AnyCredential | undefined): readonly Uint8Array[] {
  return entriesOf(credential, { requestsOcsp: false, requestsScts: false }).map(({ certData }) => certData);
}

/** What goes along with the leaf: in TLS 1.2 that finds its place in other messages, and nothing goes along with the others. */
export function leafExtensions(
  credential: AnyCredential | undefined,
  wishes: StapleWishes,
): readonly CertificateExtension[] {
  return entriesOf(credential, wishes)[0]?.extensions ?? [];
}

function entriesOf(credential: AnyCredential | undefined, wishes: StapleWishes): readonly CertificateEntry[] {
  switch (credential?.certificateType) {
    case undefined:
      return [];
    case 'x509':
      return credential.chain.map((certData, index) => {
        const staple = credential.staples[index];
        return { certData, extensions: staple === undefined ? [] : stapleExtensions(staple, wishes) };
      });
    case 'rawPublicKey':
      return [{ certData: credential.rawKey.der, extensions: [] }];
  }
}

/** What the facts of a connection say of what this side has shown. */
export function ownFacts(own: Own | undefined): {
  readonly ownCertificate: Certificate | undefined;
  readonly ownRawKey: RawPublicKey | undefined;
  readonly ownSignatureScheme: SignatureSchemeName | undefined;
} {
  const credential = own?.credential;
  return {
    ownCertificate: credential?.certificateType === 'x509' ? credential.leaf : undefined,
    ownRawKey: credential?.certificateType === 'rawPublicKey' ? credential.rawKey : undefined,
    ownSignatureScheme: own?.scheme?.name,
  };
}

/** §4.5.2 */
export function certificateVerifyMessage(scheme: SignatureScheme, signature: Uint8Array): HandshakeMessage {
  return { kind: 'certificateVerify', body: { algorithm: scheme.code, signature } };
}

/**
 * A signature over `message`, or the request for it when the key lives elsewhere. `entropy` is SIGNING_ENTROPY_LENGTH
 * random bytes.
 */
export function proveKey(
  config: ClientConfig | ServerConfig,
  { credential, scheme }: Chosen,
  message: Uint8Array,
  entropy: Uint8Array,
): Result<Proof, Failure> {
  if (credential.key.kind === 'external') {
    return ok({ kind: 'request', request: { kind: 'signature', credential, scheme: scheme.name, message } });
  }
  const signature = config.crypto.sign(scheme.algorithm, credential.key.key, message, entropy);
  return signature.ok
    ? ok({ kind: 'signature', signature: signature.value })
    : err(misuse('signing-failed', `${scheme.name}: ${signature.error.kind}`));
}

export type Proof =
  | { readonly kind: 'signature'; readonly signature: Uint8Array }
  | { readonly kind: 'request'; readonly request: Request };

/**
 * A signature that came from elsewhere. It is verified before it leaves: a faulty signer could give its key away (an RSA
 * result with a CRT fault does), and the caller learns that the key is the wrong one.
 */
export function checkExternalSignature(
  config: ClientConfig | ServerConfig,
  { credential, scheme }: Chosen,
  message: Uint8Array,
  response: Response,
): Result<Uint8Array, Failure> {
  if (response.kind === 'refusal') return err(misuse('signature-refused', response.reason));
  if (response.kind !== 'signature') {
    throw new TypeError(`the connection awaits a signature, not a ${response.kind}`);
  }
  return config.crypto.verify(scheme.algorithm, credential.publicKey.key, message, response.signature)
    ? ok(response.signature)
    : err(
        misuse(
          'signing-failed',
          `the ${scheme.name} signature given does not verify under the certificate's key`,
        ),
      );
}

/** Whether the peer accepts each signature in the chain, if any; those of roots do not count, nobody verifies them. */
function isChainWanted(credential: AnyCredential, accepted: Accepted): boolean {
  const certificates = credential.certificateType === 'x509' ? credential.certificates : [];
  return certificates.every(
    (certificate) =>
      isSelfIssued(certificate) ||
      accepted.certificateSignatureSchemes.some((name) => isSignedWith(certificate, signatureSchemes[name])),
  );
}
