import { type Certificate, err, isSelfIssued, ok, type RawPublicKey, type Result } from '../x509/index.ts';
import type { CertificateType, SignatureSchemeName, VersionName } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import type { AnyCredential } from './credential.ts';
import { type Failure, misuse } from './failure.ts';
import type { CertificateEntry, HandshakeMessage } from './messages.ts';
import type { Request, Response } from './request.ts';
import { isSignedWith, type SignatureScheme, schemeFitsKey, signatureSchemes } from './signature-schemes.ts';
import { type StapleWishes, stapleExtensions } from './stapling.ts';

// This side's certificate, at a client and at a server alike: which one, how it is shown, how its key signs.

/** What is shown, with the scheme its key will sign with. */
export interface Chosen {
  readonly credential: AnyCredential;
  readonly scheme: SignatureScheme;
}

/** What the peer accepts (RFC 7250's extensions, signature_algorithms, signature_algorithms_cert). */
export interface Accepted {
  readonly certificateTypes: readonly CertificateType[];
  readonly signatureSchemes: readonly SignatureSchemeName[];
  readonly certificateSignatureSchemes: readonly SignatureSchemeName[];
}

/**
 * The first credential of a kind that the peer takes and that can sign as it wants; rather one whose chain is signed as the peer wants, too
 * (RFC 9846 §4.5.1.2 asks for that only "if it can").
 */
export function chooseCredential(
  ownSchemes: readonly SignatureSchemeName[],
  candidates: readonly AnyCredential[],
  accepted: Accepted,
  version: VersionName,
): Chosen | undefined {
  const usable = candidates.flatMap((credential) => {
    const scheme = usableScheme(ownSchemes, credential, accepted, version);
    return scheme === undefined ? [] : [{ credential, scheme }];
  });
  return usable.find(({ credential }) => isChainWanted(credential, accepted)) ?? usable[0];
}

/** This side's favourite among the schemes that the peer accepts and the key can make. A credential may have its own. */
export function usableScheme(
  ownSchemes: readonly SignatureSchemeName[],
  credential: AnyCredential,
  accepted: Accepted,
  version: VersionName,
): SignatureScheme | undefined {
  if (!accepted.certificateTypes.includes(credential.certificateType)) return undefined;
  const name = (credential.signatureSchemes ?? ownSchemes).find(
    (candidate) =>
      accepted.signatureSchemes.includes(candidate) &&
      schemeFitsKey(signatureSchemes[candidate], credential.publicKey, version),
  );
  return name === undefined ? undefined : signatureSchemes[name];
}

/** RFC 9846 §4.5.1; no credential makes the empty Certificate of a client that has none to show. */
export function certificateMessage(
  certificateRequestContext: Uint8Array,
  credential: AnyCredential | undefined,
  wishes: StapleWishes,
): HandshakeMessage {
  const certificateList = entriesOf(credential, wishes);
  return { kind: 'certificate', body: { certificateRequestContext, certificateList } };
}

/** The same in TLS 1.2: the bytes alone. */
export function bareEntries(credential: AnyCredential | undefined): readonly Uint8Array[] {
  return entriesOf(credential, { requestsOcsp: false, requestsScts: false }).map(({ certData }) => certData);
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
export function ownFacts(chosen: Chosen | undefined): {
  readonly ownCertificate: Certificate | undefined;
  readonly ownRawKey: RawPublicKey | undefined;
  readonly ownSignatureScheme: SignatureSchemeName | undefined;
} {
  const credential = chosen?.credential;
  return {
    ownCertificate: credential?.certificateType === 'x509' ? credential.leaf : undefined,
    ownRawKey: credential?.certificateType === 'rawPublicKey' ? credential.rawKey : undefined,
    ownSignatureScheme: chosen?.scheme.name,
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
