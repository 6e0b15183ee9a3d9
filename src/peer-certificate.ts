import type { RunningHash } from '../nocrypto/index.ts';
import {
  type AuthenticatedPeer,
  type Authenticator,
  type Certificate,
  certificatePublicKey,
  decodeCertificate,
  describeCertificateError,
  err,
  ok,
  type PresentedChain,
  type ReferenceIdentity,
  type Result,
  type ValidationError,
} from '../x509/index.ts';
import type { SignatureSchemeName, VersionName } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import { maySign } from './credential.ts';
import { type Failure, misbehaved, misuse } from './failure.ts';
import type { Limits } from './limits.ts';
import type { CertificateEntry, CertificateVerify } from './messages.ts';
import type { Response } from './request.ts';
import { schemeFitsKey, signatureSchemeOfCode } from './signature-schemes.ts';

// The peer's certificate: what it must be, whatever the version and whoever the peer is. Written once.

/** That the peer holds the key of a certificate which the authenticator accepted. Only {@link acceptPeer} makes one. */
export interface PeerProof {
  readonly peer: AuthenticatedPeer;
  readonly signatureScheme: SignatureSchemeName;
  /** As presented, leaf first: what a session is resumed with. */
  readonly certificates: readonly Certificate[];
  readonly [proof]: true;
}

/** That the peer holds the key of its leaf; whether it is anybody is still open. Only {@link verifyKey} makes one. */
export interface KeyProof {
  readonly certificates: readonly Certificate[];
  readonly signatureScheme: SignatureSchemeName;
  readonly [proof]: true;
}

declare const proof: unique symbol;

/**
 * Decodes a chain as presented, leaf first. The leaf must decode; what else does not is left out, since a peer may
 * send more than it needs (RFC 9846 §4.5.1), and a path that lacks it will not be found.
 */
export function decodeChain(
  entries: readonly Pick<CertificateEntry, 'certData'>[],
  limits: Limits,
): Result<readonly Certificate[], Failure> {
  if (entries.length > limits.certificates) {
    return err(
      misbehaved('too-many-certificates', `${entries.length}, at most ${limits.certificates} allowed`),
    );
  }
  const certificates: Certificate[] = [];
  for (const [index, entry] of entries.entries()) {
    const decoded = decodeCertificate(entry.certData);
    if (decoded.ok) {
      certificates.push(decoded.value);
    } else if (index === 0) {
      return err(misbehaved('undecodable-certificate', describeCertificateError(decoded.error)));
    }
  }
  return ok(certificates);
}

/**
 * CertificateVerify (RFC 9846 §4.5.2). It comes before the authenticator: possession of the key costs one verification,
 * a chain may cost a hundred, so only the holder of the leaf's key can make us build paths. `transcript` ends with the
 * peer's Certificate.
 */
export function verifyKey(
  config: ClientConfig | ServerConfig,
  certificates: readonly Certificate[],
  verify: CertificateVerify,
  transcript: RunningHash,
): Result<KeyProof, Failure> {
  const content = signedContent(config.role === 'client' ? 'server' : 'client', transcript.digest());
  return verifySignature(config, certificates, verify, content, '1.3');
}

/** That the key of the leaf has signed `content`, by a scheme that this side offered and that the version allows. */
export function verifySignature(
  config: ClientConfig | ServerConfig,
  certificates: readonly Certificate[],
  { algorithm, signature }: CertificateVerify,
  content: Uint8Array,
  version: VersionName,
): Result<KeyProof, Failure> {
  const { crypto } = config;
  const [leaf] = certificates;
  if (leaf === undefined) return err(misbehaved('empty-certificate', 'no certificate to verify with'));
  const key = certificatePublicKey(crypto, leaf);
  if (!key.ok) return err(misbehaved('unsupported-certificate-key', key.error.detail));
  const scheme = signatureSchemeOfCode(algorithm);
  if (scheme === undefined || !config.signatureSchemes.includes(scheme.name)) {
    return err(misbehaved('unoffered-signature-scheme', `0x${algorithm.toString(16)} in a signature`));
  }
  if (!schemeFitsKey(scheme, key.value, version)) {
    return err(misbehaved('signature-scheme-does-not-fit-key', `${scheme.name} with the certificate's key`));
  }
  if (!crypto.verify(scheme.algorithm, key.value.key, content, signature)) {
    return err(misbehaved('bad-signature', `by ${scheme.name}: the peer does not hold the key`));
  }
  return ok({ certificates, signatureScheme: scheme.name } as KeyProof);
}

/**
 * The proof that a session carries on: its key was proven when the session began, and that the PSK is known shows that
 * the peer is the same. The authenticator judges the chain anew: name, time or trust may have changed since.
 */
export function resumedKey(
  certificates: readonly Uint8Array[],
  signatureScheme: SignatureSchemeName,
  limits: Limits,
): Result<KeyProof, Failure> {
  const decoded = decodeChain(
    certificates.map((certData) => ({ certData })),
    limits,
  );
  return decoded.ok ? ok({ certificates: decoded.value, signatureScheme } as KeyProof) : decoded;
}

/** What an authenticator, or whoever answers a `verdict` request, is asked about the peer. */
export function presentedChain(
  config: ClientConfig | ServerConfig,
  certificates: readonly Certificate[],
  now: number,
): PresentedChain {
  return {
    crypto: config.crypto,
    certificates,
    purpose: config.role === 'client' ? 'serverAuth' : 'clientAuth',
    identity: identityOf(config),
    now,
  };
}

/** The verdict in the answer to a `verdict` request; any other answer is the caller's bug. */
export function verdictOf(response: Response): Result<ReturnType<Authenticator>, Failure> {
  if (response.kind === 'refusal') return err(misuse('verdict-refused', response.reason));
  if (response.kind !== 'verdict') {
    throw new TypeError(`the connection awaits a verdict, not a ${response.kind}`);
  }
  return ok(response.verdict);
}

/** The verdict on a peer whose key is proven. */
export function acceptPeer(
  { certificates, signatureScheme }: KeyProof,
  verdict: ReturnType<Authenticator>,
): Result<PeerProof, Failure> {
  if (!verdict.ok) return err(certificateFailure(verdict.error));
  // A path has this checked; an authenticator that looks at a fingerprint only has not.
  const [leaf] = certificates;
  if (leaf === undefined || !maySign(leaf)) {
    return err(misbehaved('certificate-key-may-not-sign', 'its key usage lacks digitalSignature'));
  }
  return ok({ peer: verdict.value, signatureScheme, certificates } as PeerProof);
}

/**
 * What a CertificateVerify signs (§4.5.2): 64 spaces, a context string that keeps the roles apart, a zero byte, the
 * transcript hash.
 */
export function signedContent(signer: 'client' | 'server', transcriptHash: Uint8Array): Uint8Array {
  const context = signedContexts[signer];
  const content = new Uint8Array(context.length + transcriptHash.length);
  content.set(context);
  content.set(transcriptHash, context.length);
  return content;
}

const signedContexts = { client: signedContext('client'), server: signedContext('server') } as const;

function signedContext(signer: 'client' | 'server'): Uint8Array {
  return new TextEncoder().encode(`${' '.repeat(64)}TLS 1.3, ${signer} CertificateVerify\0`);
}

function identityOf(config: ClientConfig | ServerConfig): ReferenceIdentity | undefined {
  return config.role === 'client' ? config.identity : undefined;
}

function certificateFailure(error: ValidationError): Failure {
  return { kind: 'certificate', error };
}
