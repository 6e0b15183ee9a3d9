import type { RunningHash } from '../../nocrypto/index.ts';
import { type Authenticator, err, ok } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';
import { checkReply, checkRequest, findExtension, rawExtensions } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import type {
  CertificateMessage,
  CertificateRequest,
  CertificateVerify,
  EncryptedExtensions,
} from '../messages.ts';
import {
  acceptPeer,
  decodeChain,
  type KeyProof,
  presentedChain,
  verdictOf,
  verifyKey,
} from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import { schemesOfCodes } from '../signature-schemes.ts';
import { printable } from '../text.ts';
import { precededBy, type Transition } from '../transition.ts';
import { earlyDataAfterEncryptedExtensions, earlyDataProblem, handshakeWrites } from './early-data.ts';
import type {
  AwaitCertificate,
  AwaitCertificateOrRequest,
  AwaitCertificateVerify,
  AwaitEncryptedExtensions,
  AwaitServerVerdict,
  OfferedPsk,
  Settled,
} from './phase.ts';

/** RFC 9846 §4.4.1: what the server says of the connection rather than of a certificate. */
export function answerEncryptedExtensions(
  config: ClientConfig,
  phase: AwaitEncryptedExtensions,
  message: EncryptedExtensions,
  raw: Uint8Array,
  now: number,
): Transition {
  const offered = phase.agreed.sent.extensions;
  const chosen = findExtension(message.extensions, 'applicationLayerProtocolNegotiation');
  const problem =
    checkReply(message.extensions, offered) ??
    protocolProblem(findExtension(offered, 'applicationLayerProtocolNegotiation') ?? [], chosen) ??
    earlyDataProblem(phase.agreed, message, chosen?.[0]);
  if (problem !== undefined) return err(problem);
  const early = earlyDataAfterEncryptedExtensions(phase.agreed, message);
  const answers = rawExtensions(message.extensions, config.rawExtensions);
  const settled: Settled = {
    ...phase.agreed,
    early,
    applicationProtocol: chosen?.[0],
    rawExtensions: [...phase.agreed.rawExtensions, ...answers],
  };
  const transcript = phase.transcript.update(raw);
  const isRefused = phase.agreed.early.kind === 'offered' && early.kind === 'rejected';
  return precededBy(
    isRefused ? [handshakeWrites(settled)] : [],
    settled.psk === undefined
      ? ok({ phase: { kind: 'awaitCertificateOrRequest', settled, transcript }, actions: [] })
      : proceedWithPsk(config, settled, settled.psk, transcript, now),
  );
}

/** §2.2: the PSK stands for a certificate that was shown when the session began, or for none. */
function proceedWithPsk(
  config: ClientConfig,
  settled: Settled,
  { source }: OfferedPsk,
  transcript: RunningHash,
  now: number,
): Transition {
  const rest = { settled, certificateRequest: undefined, transcript };
  if (source.kind === 'external') {
    const server = { kind: 'externalPsk', external: source.external } as const;
    return ok({ phase: { kind: 'awaitServerFinished', ...rest, server }, actions: [] });
  }
  if (source.peer === undefined) return authenticate(config, source.proof, rest, now);
  const server = { kind: 'certificate', proof: source.peer } as const;
  return ok({ phase: { kind: 'awaitServerFinished', ...rest, server }, actions: [] });
}

/** The authenticator's turn, or its substitute's. */
function authenticate(
  config: ClientConfig,
  proof: KeyProof,
  rest: Omit<AwaitServerVerdict, 'kind' | 'proof'>,
  now: number,
): Transition {
  const presented = presentedChain(config, proof.certificates, now);
  if (config.authenticator === 'ask') {
    return ok({
      phase: { kind: 'awaitServerVerdict', ...rest, proof },
      actions: [{ kind: 'request', request: { kind: 'verdict', presented } }],
    });
  }
  return accept(proof, config.authenticator(presented), rest);
}

function accept(
  proof: KeyProof,
  verdict: ReturnType<Authenticator>,
  rest: Omit<AwaitServerVerdict, 'kind' | 'proof'>,
): Transition {
  const peer = acceptPeer(proof, verdict);
  if (!peer.ok) return peer;
  const server = { kind: 'certificate', proof: peer.value } as const;
  return ok({ phase: { kind: 'awaitServerFinished', ...rest, server }, actions: [] });
}

/** RFC 9846 §4.4.2. What it asks for is shown after the server's Finished. */
export function answerCertificateRequest(
  phase: AwaitCertificateOrRequest,
  message: CertificateRequest,
  raw: Uint8Array,
): Transition {
  if (message.certificateRequestContext.length > 0) {
    return err(misbehaved('certificate-request-context-not-empty', 'a context during the handshake'));
  }
  const problem = checkRequest(message.extensions);
  if (problem !== undefined) return err(problem);
  const signatureAlgorithms = findExtension(message.extensions, 'signatureAlgorithms');
  if (signatureAlgorithms === undefined) {
    return err(misbehaved('missing-extension', 'CertificateRequest without signature_algorithms'));
  }
  return ok({
    phase: {
      kind: 'awaitCertificate',
      settled: phase.settled,
      certificateRequest: {
        signatureSchemes: schemesOfCodes(signatureAlgorithms),
        certificateSignatureSchemes: schemesOfCodes(
          findExtension(message.extensions, 'signatureAlgorithmsCert') ?? signatureAlgorithms,
        ),
        certificateAuthorities: findExtension(message.extensions, 'certificateAuthorities') ?? [],
      },
      transcript: phase.transcript.update(raw),
    },
    actions: [],
  });
}

/** RFC 9846 §4.5.1 */
export function answerCertificate(
  config: ClientConfig,
  phase: AwaitCertificateOrRequest | AwaitCertificate,
  message: CertificateMessage,
  raw: Uint8Array,
): Transition {
  if (message.certificateRequestContext.length > 0) {
    return err(misbehaved('certificate-context-not-empty', 'a context in the server certificate'));
  }
  if (message.certificateList.length === 0) {
    return err(misbehaved('empty-certificate', 'a server must show a certificate'));
  }
  for (const entry of message.certificateList) {
    const problem = checkReply(entry.extensions, phase.settled.sent.extensions);
    if (problem !== undefined) return err(problem);
  }
  const certificates = decodeChain(message.certificateList, config.limits);
  if (!certificates.ok) return certificates;
  return ok({
    phase: {
      kind: 'awaitCertificateVerify',
      settled: phase.settled,
      certificateRequest: phase.kind === 'awaitCertificate' ? phase.certificateRequest : undefined,
      certificates: certificates.value,
      transcript: phase.transcript.update(raw),
    },
    actions: [],
  });
}

/** RFC 9846 §4.5.2, and the authenticator's turn. */
export function answerCertificateVerify(
  config: ClientConfig,
  phase: AwaitCertificateVerify,
  message: CertificateVerify,
  raw: Uint8Array,
  now: number,
): Transition {
  const { settled, certificateRequest, certificates } = phase;
  const proof = verifyKey(config, certificates, message, phase.transcript);
  if (!proof.ok) return proof;
  const transcript = phase.transcript.update(raw);
  return authenticate(config, proof.value, { settled, certificateRequest, transcript }, now);
}

/** The caller has decided about the server. */
export function answerServerVerdict(phase: AwaitServerVerdict, response: Response): Transition {
  const { settled, certificateRequest, transcript, proof } = phase;
  const verdict = verdictOf(response);
  return verdict.ok ? accept(proof, verdict.value, { settled, certificateRequest, transcript }) : verdict;
}

/** RFC 7301 §3.1: the server chooses exactly one of what was offered. */
function protocolProblem(
  offered: readonly string[],
  chosen: readonly string[] | undefined,
): Failure | undefined {
  if (chosen === undefined) return undefined;
  const [protocol] = chosen;
  if (protocol === undefined || chosen.length !== 1) {
    return misbehaved('several-application-protocols', `${chosen.length} in EncryptedExtensions`);
  }
  return offered.includes(protocol)
    ? undefined
    : misbehaved('unoffered-application-protocol', `${printable(protocol)} in EncryptedExtensions`);
}
