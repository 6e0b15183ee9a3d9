import { err, ok, type Result } from '../../x509/index.ts';
import { decompressed } from '../certificate-compression.ts';
import type { CertificateType } from '../codepoints.ts';
import type { CheckedClientAuthentication, ServerConfig } from '../config.ts';
import { type Failure, misbehaved } from '../failure.ts';
import type { CertificateMessage, CertificateVerify, CompressedCertificate } from '../messages.ts';
import { acceptVerdict, judge, readShown, type Shown, verifyKey } from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import type { Transition } from '../transition.ts';
import { requestExtensions } from './flight.ts';
import type { AwaitClientCertificate, AwaitClientCertificateVerify, AwaitClientVerdict } from './phase.ts';

/** RFC 9846 §4.5.1: the client's certificate, or an empty message when it has none to show. */
export function answerClientCertificate(
  config: ServerConfig,
  phase: AwaitClientCertificate,
  message: CertificateMessage,
  raw: Uint8Array,
): Transition {
  const { sent, clientAuthentication, certificateType } = phase;
  if (message.certificateRequestContext.length > 0) {
    return err(misbehaved('certificate-context-not-empty', 'a context during the handshake'));
  }
  const shown = shownByClient(config, clientAuthentication, certificateType, message);
  if (!shown.ok) return shown;
  const transcript = phase.transcript.update(raw);
  return ok({
    phase:
      shown.value === undefined
        ? { kind: 'awaitClientFinished', sent, peer: undefined, transcript }
        : {
            kind: 'awaitClientCertificateVerify',
            sent,
            clientAuthentication,
            shown: shown.value,
            transcript,
          },
    actions: [],
  });
}

/** RFC 8879 §4: in the transcript it stands as it came. */
export function answerCompressedClientCertificate(
  config: ServerConfig,
  phase: AwaitClientCertificate,
  message: CompressedCertificate,
  raw: Uint8Array,
): Transition {
  const certificate = decompressed(config, message);
  return certificate.ok ? answerClientCertificate(config, phase, certificate.value, raw) : certificate;
}

/** What the message shows; undefined when that is nothing, and nothing will do. */
export function shownByClient(
  config: ServerConfig,
  clientAuthentication: CheckedClientAuthentication,
  certificateType: CertificateType,
  message: CertificateMessage,
): Result<Shown | undefined, Failure> {
  if (message.certificateList.length === 0) {
    return clientAuthentication.required
      ? err(misbehaved('no-client-certificate', 'the client has none to show'))
      : ok(undefined);
  }
  const offered = requestExtensions(config, clientAuthentication);
  return readShown(config, certificateType, message, offered);
}

/** RFC 9846 §4.5.2, and the authenticator's turn. */
export function answerClientCertificateVerify(
  config: ServerConfig,
  phase: AwaitClientCertificateVerify,
  message: CertificateVerify,
  raw: Uint8Array,
  now: number,
): Transition {
  const { sent, shown, clientAuthentication } = phase;
  const proof = verifyKey(config, shown, message, phase.transcript);
  if (!proof.ok) return proof;
  const transcript = phase.transcript.update(raw);
  const judged = judge(config, clientAuthentication, proof.value, now);
  if (!judged.ok) return judged;
  if (judged.value.kind === 'asked') {
    return ok({
      phase: { kind: 'awaitClientVerdict', sent, proof: proof.value, transcript },
      actions: [{ kind: 'request', request: judged.value.request }],
    });
  }
  const peer = judged.value.proof;
  return ok({ phase: { kind: 'awaitClientFinished', sent, peer, transcript }, actions: [] });
}

/** The caller has decided about the client. */
export function answerClientVerdict(
  { sent, proof, transcript }: AwaitClientVerdict,
  response: Response,
): Transition {
  const peer = acceptVerdict(proof, response);
  if (!peer.ok) return peer;
  return ok({ phase: { kind: 'awaitClientFinished', sent, peer: peer.value, transcript }, actions: [] });
}
