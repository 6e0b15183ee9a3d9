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
import { decodeChain, verifyPeer } from '../peer-certificate.ts';
import type { Transition } from '../transition.ts';
import type {
  AwaitCertificate,
  AwaitCertificateOrRequest,
  AwaitCertificateVerify,
  AwaitEncryptedExtensions,
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
      agreed: phase.agreed,
      applicationProtocol: chosen?.[0],
      transcript: phase.transcript.update(raw),
    },
    actions: [],
  });
}

/** RFC 9846 §4.3.2. This client has nothing to show, and says so with an empty Certificate (§4.4.2). */
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
  if (findExtension(message.extensions, 'signatureAlgorithms') === undefined) {
    return err(misbehaved('missing-extension', 'CertificateRequest without signature_algorithms'));
  }
  return ok({
    phase: {
      kind: 'awaitCertificate',
      agreed: phase.agreed,
      applicationProtocol: phase.applicationProtocol,
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
    const problem = checkReply(entry.extensions, phase.agreed.sent.extensions);
    if (problem !== undefined) return err(problem);
  }
  const certificates = decodeChain(message.certificateList, config.limits);
  if (!certificates.ok) return certificates;
  return ok({
    phase: {
      kind: 'awaitCertificateVerify',
      agreed: phase.agreed,
      applicationProtocol: phase.applicationProtocol,
      certificateRequested: phase.kind === 'awaitCertificate',
      certificates: certificates.value,
      transcript: phase.transcript.update(raw),
    },
    actions: [],
  });
}

/** RFC 9846 §4.4.3 */
export function answerCertificateVerify(
  config: ClientConfig,
  phase: AwaitCertificateVerify,
  message: CertificateVerify,
  raw: Uint8Array,
  now: number,
): Transition {
  const peer = verifyPeer(config, phase.certificates, message, phase.transcript, now);
  if (!peer.ok) return peer;
  return ok({
    phase: {
      kind: 'awaitServerFinished',
      agreed: phase.agreed,
      applicationProtocol: phase.applicationProtocol,
      certificateRequested: phase.certificateRequested,
      peer: peer.value,
      transcript: phase.transcript.update(raw),
    },
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
    : misbehaved('unoffered-application-protocol', `${JSON.stringify(protocol)} in EncryptedExtensions`);
}
