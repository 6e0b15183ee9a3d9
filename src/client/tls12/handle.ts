import { err } from '../../../x509/index.ts';
import type { ClientConfig } from '../../config.ts';
import { misbehaved } from '../../failure.ts';
import type { Response } from '../../request.ts';
import type { Tls12Phase } from '../../state.ts';
import type { Tls12Message } from '../../tls12/messages.ts';
import type { Transition } from '../../transition.ts';
import {
  answerServerChangeCipherSpec,
  answerTls12NewSessionTicket,
  answerTls12ServerFinished,
} from './finished.ts';
import { answerTls12OwnCredential, answerTls12OwnSignature } from './own-flight.ts';
import type { Tls12AwaitCertificateRequest, Tls12ClientWaiting } from './phase.ts';
import { answerResumedVerdict } from './resumption.ts';
import {
  answerCertificateStatus,
  answerServerHelloDone,
  answerServerKeyExchange,
  answerTls12Certificate,
  answerTls12CertificateRequest,
  answerTls12ServerVerdict,
} from './server-flight.ts';

/** The client's state machine of TLS 1.2 (RFC 5246 §7.3). What is not listed is unexpected_message. */
export function handleTls12Client(
  config: ClientConfig,
  phase: Tls12Phase,
  message: Tls12Message,
  raw: Uint8Array,
  now: number,
): Transition {
  switch (phase.kind) {
    case 'tls12AwaitCertificate':
      if (message.kind === 'tls12Certificate')
        return answerTls12Certificate(config, phase, message.body, raw);
      break;
    case 'tls12AwaitServerKeyExchange':
      if (message.kind === 'serverKeyExchange') {
        return answerServerKeyExchange(config, phase, message.body, raw);
      }
      if (message.kind === 'certificateStatus' && phase.agreed.mayStapleStatus) {
        return answerCertificateStatus(
          config,
          phase.agreed,
          phase.shown,
          message.body,
          phase.transcript,
          raw,
        );
      }
      break;
    case 'tls12AwaitCertificateRequest':
      if (message.kind === 'certificateStatus' && mayComeHere(phase)) {
        const { agreed, proof } = phase.proven;
        return answerCertificateStatus(config, agreed, proof.shown, message.body, phase.transcript, raw);
      }
      if (message.kind === 'tls12CertificateRequest') {
        return answerTls12CertificateRequest(phase, message.body, raw);
      }
      if (message.kind === 'serverHelloDone') return answerServerHelloDone(config, phase, raw, now);
      break;
    case 'tls12AwaitServerHelloDone':
      if (message.kind === 'serverHelloDone') return answerServerHelloDone(config, phase, raw, now);
      break;
    case 'tls12AwaitNewSessionTicket':
      if (message.kind === 'tls12NewSessionTicket') {
        return answerTls12NewSessionTicket(phase, message.body, raw);
      }
      break;
    case 'tls12AwaitServerFinished':
      if (message.kind === 'finished') {
        return answerTls12ServerFinished(config, phase, message.body, raw, now);
      }
      break;
  }
  return err(misbehaved('unexpected-message', `${message.kind} in the state ${phase.kind}`));
}

/** With key transport nothing comes between the certificate and what is stapled to it but this state. */
function mayComeHere({ proven: { agreed, server } }: Tls12AwaitCertificateRequest): boolean {
  return server.kind === 'transport' && agreed.mayStapleStatus;
}

/** change_cipher_spec: one state awaits it, and in every other it comes too early or too late (CVE-2014-0224). */
export function handleServerChangeCipherSpec(config: ClientConfig, phase: Tls12Phase): Transition {
  return phase.kind === 'tls12AwaitServerChangeCipherSpec'
    ? answerServerChangeCipherSpec(config, phase)
    : err(misbehaved('bad-change-cipher-spec', `in the state ${phase.kind}`));
}

/** The response to a request of this client's. */
export function answerTls12ClientRequest(
  config: ClientConfig,
  phase: Tls12ClientWaiting,
  response: Response,
): Transition {
  switch (phase.kind) {
    case 'tls12AwaitServerVerdict':
      return answerTls12ServerVerdict(config, phase, response);
    case 'tls12AwaitOwnCredential':
      return answerTls12OwnCredential(config, phase, response);
    case 'tls12AwaitOwnSignature':
      return answerTls12OwnSignature(config, phase, response);
    case 'tls12AwaitResumedVerdict':
      return answerResumedVerdict(config, phase, response);
  }
}
