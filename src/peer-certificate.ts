import type { RsaPublicKey, RunningHash } from '../nocrypto/index.ts';
import {
  type AuthenticatedPeer,
  type Authenticator,
  type Certificate,
  type CertifiedKey,
  certificatePublicKey,
  decodeCertificate,
  decodeRawPublicKey,
  describeCertificateError,
  err,
  ok,
  type PresentedChain,
  type RawKeyAuthenticator,
  type RawPublicKey,
  type ReferenceIdentity,
  type Result,
  type ValidationError,
} from '../x509/index.ts';
import type { CertificateType, SignatureSchemeName, VersionName } from './codepoints.ts';
import type { ClientConfig, ServerConfig } from './config.ts';
import { mayEncrypt, maySign } from './credential.ts';
import type { PeerFacts } from './effect.ts';
import { type AnyExtension, checkReply } from './extensions.ts';
import { type Failure, incompatible, misbehaved, misuse } from './failure.ts';
import type { Limits } from './limits.ts';
import type { CertificateEntry, CertificateMessage, CertificateVerify } from './messages.ts';
import type { Request, Response } from './request.ts';
import { schemeFitsKey, signatureSchemeOfCode } from './signature-schemes.ts';
import { nothingStapled, type Stapled, stapledTo, statusProblem } from './stapling.ts';
import type { StoredShown } from './stored-shown.ts';

// The peer's certificate, or its raw key (RFC 7250): what it must be, whatever the version and whoever the peer is.
// Written once.

/** What a peer shows of itself. Certificates stand as presented, leaf first. */
export type Shown =
  | {
      readonly certificateType: 'x509';
      readonly certificates: readonly Certificate[];
      readonly stapled: Stapled;
    }
  | { readonly certificateType: 'rawPublicKey'; readonly rawKey: RawPublicKey };

/** That the peer holds the key of what it has shown; whether it is anybody is still open. Only {@link verifyKey} makes one. */
export interface KeyProof {
  readonly shown: Shown;
  /** Undefined where the peer's Finished proves it: only who holds the key can read what is sent to it (static RSA). */
  readonly signatureScheme: SignatureSchemeName | undefined;
  readonly [proof]: true;
}

/** The proof that a signature is. */
export interface SignedProof extends KeyProof {
  readonly signatureScheme: SignatureSchemeName;
}

/** That the peer holds a key which its authenticator accepted. Only {@link judge} and {@link acceptVerdict} make one. */
export interface PeerProof extends KeyProof {
  /** Undefined for a peer with a raw key. */
  readonly peer: AuthenticatedPeer | undefined;
}

declare const proof: unique symbol;

/** Who decides about peers, each kind by its own: none means that this kind is not accepted. */
export interface Judges {
  readonly authenticator?: Authenticator | 'ask' | undefined;
  readonly rawKeyAuthenticator?: RawKeyAuthenticator | 'ask' | undefined;
  /** Whether peers are asked for OCSP responses: only then is it for the authenticator to mind that there are none. */
  readonly requestOcsp?: boolean | undefined;
}

/**
 * Reads a Certificate message that is not empty as what was agreed on. `offered`: the extensions of the message that asked
 * for it, which are all that may stand beside certificates (RFC 9846 §4.5.1).
 */
export function readShown(
  config: ClientConfig | ServerConfig,
  certificateType: CertificateType,
  { certificateList }: CertificateMessage,
  offered: readonly AnyExtension[],
): Result<Shown, Failure> {
  for (const entry of certificateList) {
    const problem = checkReply(entry.extensions, offered) ?? statusProblem(entry);
    if (problem !== undefined) return err(problem);
  }
  return decodeShown(config, certificateType, certificateList, stapledTo(certificateList));
}

/** With the response about its leaf, which in TLS 1.2 comes in a message of its own. */
export function withOcspResponse(shown: Shown, response: Uint8Array): Shown {
  if (shown.certificateType === 'rawPublicKey') return shown;
  return { ...shown, stapled: { ...shown.stapled, ocspResponses: [response] } };
}

/** Decodes the entries of a Certificate message as what was agreed on: one at least, the caller has seen to that. */
export function decodeShown(
  { crypto, limits }: ClientConfig | ServerConfig,
  certificateType: CertificateType,
  entries: readonly Pick<CertificateEntry, 'certData'>[],
  stapled: Stapled,
): Result<Shown, Failure> {
  if (certificateType === 'x509') {
    const certificates = decodeChain(entries, limits);
    return certificates.ok
      ? ok({ certificateType, certificates: certificates.value, stapled })
      : certificates;
  }
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) {
    return err(
      misbehaved('several-raw-public-keys', `${entries.length} entries where one key was agreed on`),
    );
  }
  const rawKey = decodeRawPublicKey(crypto, entry.certData);
  if (rawKey.ok) return ok({ certificateType, rawKey: rawKey.value });
  const { kind, detail } = rawKey.error;
  return err(
    misbehaved(kind === 'invalid-key' ? 'undecodable-raw-public-key' : 'unsupported-certificate-key', detail),
  );
}

/**
 * Decodes a chain as presented, leaf first. The leaf must decode; what else does not is left out, since a peer may
 * send more than it needs (RFC 9846 §4.5.1), and a path that lacks it will not be found.
 */
function decodeChain(
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
  shown: Shown,
  verify: CertificateVerify,
  transcript: RunningHash,
): Result<KeyProof, Failure> {
  const content = signedContent(config.role === 'client' ? 'server' : 'client', transcript.digest());
  return verifySignature(config, shown, verify, content, '1.3');
}

/** That the key of what was shown has signed `content`, by a scheme that this side offered and that the version allows. */
export function verifySignature(
  config: ClientConfig | ServerConfig,
  shown: Shown,
  { algorithm, signature }: CertificateVerify,
  content: Uint8Array,
  version: VersionName,
): Result<SignedProof, Failure> {
  const key = keyOf(config, shown);
  if (!key.ok) return key;
  const scheme = signatureSchemeOfCode(algorithm);
  if (scheme === undefined || !config.signatureSchemes.includes(scheme.name)) {
    return err(misbehaved('unoffered-signature-scheme', `0x${algorithm.toString(16)} in a signature`));
  }
  if (!schemeFitsKey(scheme, key.value, version)) {
    return err(misbehaved('signature-scheme-does-not-fit-key', `${scheme.name} with the certificate's key`));
  }
  if (!config.crypto.verify(scheme.algorithm, key.value.key, content, signature)) {
    return err(misbehaved('bad-signature', `by ${scheme.name}: the peer does not hold the key`));
  }
  return ok({ shown, signatureScheme: scheme.name } as SignedProof);
}

/**
 * With the key transport of TLS 1.2 there is no signature: the premaster secret is encrypted to this key, and the peer's
 * Finished shows that it could read it. The key must be one of RSA that may encrypt (RFC 5246 §7.4.2).
 */
export function transportKey(
  config: ClientConfig | ServerConfig,
  shown: Shown,
): Result<{ readonly proof: KeyProof; readonly key: RsaPublicKey }, Failure> {
  const certified = keyOf(config, shown);
  if (!certified.ok) return certified;
  const { keyType, key } = certified.value;
  const [leaf] = shown.certificateType === 'x509' ? shown.certificates : [];
  if (keyType !== 'rsa' || key.kind !== 'rsa' || (leaf !== undefined && !mayEncrypt(leaf))) {
    return err(misbehaved('certificate-does-not-fit-suite', `a key of kind ${keyType} for key transport`));
  }
  return ok({ proof: { shown, signatureScheme: undefined } as KeyProof, key });
}

function keyOf({ crypto }: ClientConfig | ServerConfig, shown: Shown): Result<CertifiedKey, Failure> {
  if (shown.certificateType === 'rawPublicKey') return ok(shown.rawKey.key);
  const [leaf] = shown.certificates;
  if (leaf === undefined) return err(misbehaved('empty-certificate', 'no certificate to verify with'));
  const key = certificatePublicKey(crypto, leaf);
  return key.ok ? key : err(misbehaved('unsupported-certificate-key', key.error.detail));
}

/**
 * The proof that a session carries on: its key was proven when the session began, and that the PSK is known shows that
 * the peer is the same. It is judged anew: name, time or trust may have changed since.
 */
export function resumedKey(
  config: ClientConfig | ServerConfig,
  { certificateType, certificates, ocspResponses, scts }: StoredShown,
  signatureScheme: SignatureSchemeName,
): Result<KeyProof, Failure> {
  const entries = certificates.map((certData) => ({ certData }));
  const shown = decodeShown(config, certificateType, entries, { ocspResponses, scts });
  return shown.ok ? ok({ shown: shown.value, signatureScheme } as KeyProof) : shown;
}

/** A verdict, or the request for it. */
export type Judged =
  | { readonly kind: 'accepted'; readonly proof: PeerProof }
  | { readonly kind: 'asked'; readonly request: Request };

/** The authenticator's turn, or its substitute's, on a peer whose key is proven. */
export function judge(
  config: ClientConfig | ServerConfig,
  judges: Judges,
  keyProof: KeyProof,
  now: number,
  identity = identityOf(config),
): Result<Judged, Failure> {
  const { shown } = keyProof;
  const question = {
    crypto: config.crypto,
    purpose: config.role === 'client' ? 'serverAuth' : 'clientAuth',
    identity,
    now,
  } as const;
  switch (shown.certificateType) {
    case 'x509': {
      const { authenticator } = judges;
      const presented = { ...question, certificates: shown.certificates, ...presentedStaples(judges, shown) };
      if (authenticator === undefined) return err(nobodyToJudge(shown));
      return authenticator === 'ask'
        ? ok({ kind: 'asked', request: { kind: 'verdict', presented } })
        : accepted(acceptCertificate(keyProof, shown.certificates, authenticator(presented)));
    }
    case 'rawPublicKey': {
      const { rawKeyAuthenticator } = judges;
      const presented = { ...question, rawKey: shown.rawKey };
      if (rawKeyAuthenticator === undefined) return err(nobodyToJudge(shown));
      return rawKeyAuthenticator === 'ask'
        ? ok({ kind: 'asked', request: { kind: 'rawKeyVerdict', presented } })
        : accepted(acceptRawKey(keyProof, rawKeyAuthenticator(presented)));
    }
  }
}

/** A response nobody asked for in this configuration, from a session of another, is no evidence that one always comes. */
function presentedStaples(
  { requestOcsp = false }: Judges,
  { stapled: { ocspResponses, scts } }: Extract<Shown, { readonly certificateType: 'x509' }>,
): Pick<PresentedChain, 'stapled' | 'scts'> {
  return {
    stapled: requestOcsp ? ocspResponses.filter((response) => response !== undefined) : undefined,
    scts,
  };
}

/** The verdict in the answer to the request of {@link judge}; any other answer is the caller's bug. */
export function acceptVerdict(keyProof: KeyProof, response: Response): Result<PeerProof, Failure> {
  const { shown } = keyProof;
  if (response.kind === 'refusal') return err(misuse('verdict-refused', response.reason));
  if (response.kind === 'verdict' && shown.certificateType === 'x509') {
    return acceptCertificate(keyProof, shown.certificates, response.verdict);
  }
  if (response.kind === 'rawKeyVerdict' && shown.certificateType === 'rawPublicKey') {
    return acceptRawKey(keyProof, response.verdict);
  }
  const awaited = shown.certificateType === 'x509' ? 'verdict' : 'rawKeyVerdict';
  throw new TypeError(`the connection awaits a ${awaited}, not a ${response.kind}`);
}

/** What the facts of a connection say of the peer. */
export function peerFacts(peerProof: PeerProof | undefined): PeerFacts {
  const shown = peerProof?.shown;
  const { ocspResponses, scts } = shown?.certificateType === 'x509' ? shown.stapled : nothingStapled;
  return {
    peerOcspResponse: ocspResponses[0],
    peerScts: scts,
    peer: peerProof?.peer,
    peerRawKey: shown?.certificateType === 'rawPublicKey' ? shown.rawKey : undefined,
    peerSignatureScheme: peerProof?.signatureScheme,
  };
}

function acceptCertificate(
  { shown, signatureScheme }: KeyProof,
  [leaf]: readonly Certificate[],
  verdict: ReturnType<Authenticator>,
): Result<PeerProof, Failure> {
  if (!verdict.ok) return err(certificateFailure(verdict.error));
  // A path has this checked; an authenticator that looks at a fingerprint only has not.
  if (leaf === undefined || (signatureScheme !== undefined && !maySign(leaf))) {
    return err(misbehaved('certificate-key-may-not-sign', 'its key usage lacks digitalSignature'));
  }
  return ok({ shown, signatureScheme, peer: verdict.value } as PeerProof);
}

function acceptRawKey(
  { shown, signatureScheme }: KeyProof,
  verdict: ReturnType<RawKeyAuthenticator>,
): Result<PeerProof, Failure> {
  return verdict.ok
    ? ok({ shown, signatureScheme, peer: undefined } as PeerProof)
    : err(certificateFailure(verdict.error));
}

function accepted(peerProof: Result<PeerProof, Failure>): Result<Judged, Failure> {
  return peerProof.ok ? ok({ kind: 'accepted', proof: peerProof.value }) : peerProof;
}

/** A configuration agrees to no kind that it cannot judge, but a session may be of another configuration. */
function nobodyToJudge({ certificateType }: Shown): Failure {
  return incompatible('no-common-certificate-type', `nobody here judges a peer by its ${certificateType}`);
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
