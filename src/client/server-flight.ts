import { err, ok } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';
import { checkReply, checkRequest, findExtension } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import type {
  CertificateMessage,
  CertificateRequest,
  CertificateVerify,
  EncryptedExtensions,
} from '../messages.ts';
import { acceptPeer, decodeChain, presentedChain, verdictOf, verifyKey } from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import { schemesOfCodes } from '../signature-schemes.ts';
import { printable } from '../text.ts';
import type { Transition } from '../transition.ts';
import type {
  AwaitCertificate,
  AwaitCertificateOrRequest,
  AwaitCertificateVerify,
  AwaitEncryptedExtensions,
  AwaitServerVerdict,
} from './phase.ts';

/** RFC 9846 §4.3.1: what the server says of the connection rather than of a certificate. */
export function answerEncryptedExtensions(
  phase: AwaitEncryptedExtensions,
  message: EncryptedExtensions,
  raw: Uint8Array,
): Transition {
  const offered = phase.agreed.sent.extensions;
  const chosen = findExtension(message.extensions, 'applicationLayerProtocolNegotiation');
  const problem =
    checkReply(message.extensions, offered) ??
    protocolProblem(findExtension(offered, 'applicationLayerProtocolNegotiation') ?? [], chosen);
  if (problem !== undefined) return err(problem);
  return ok({
    phase: {
      kind: 'awaitCertificateOrRequest',
      settled: { ...phase.agreed, applicationProtocol: chosen?.[0] },
      transcript: phase.transcript.update(raw),
    },
    actions: [],
  });
}

/** RFC 9846 §4.3.2. What it asks for is shown after the server's Finished. */
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

/** RFC 9846 §4.4.2 */
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

/** RFC 9846 §4.4.3, and the authenticator's turn. */
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
  const presented = presentedChain(config, certificates, now);
  const next = { settled, certificateRequest, transcript };
  if (config.authenticator === 'ask') {
    return ok({
      phase: { kind: 'awaitServerVerdict', ...next, proof: proof.value },
      actions: [{ kind: 'request', request: { kind: 'verdict', presented } }],
    });
  }
  const peer = acceptPeer(proof.value, config.authenticator(presented));
  if (!peer.ok) return peer;
  return ok({ phase: { kind: 'awaitServerFinished', ...next, peer: peer.value }, actions: [] });
}

/** The caller has decided about the server. */
export function answerServerVerdict(phase: AwaitServerVerdict, response: Response): Transition {
  const { settled, certificateRequest, transcript } = phase;
  const verdict = verdictOf(response);
  if (!verdict.ok) return verdict;
  const peer = acceptPeer(phase.proof, verdict.value);
  if (!peer.ok) return peer;
  return ok({
    phase: { kind: 'awaitServerFinished', settled, certificateRequest, transcript, peer: peer.value },
    actions: [],
  });
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
