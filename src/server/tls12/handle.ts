import { err } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { misbehaved } from '../../failure.ts';
import type { Response } from '../../request.ts';
import type { Tls12Phase } from '../../state.ts';
import type { Tls12Message } from '../../tls12/messages.ts';
import type { Transition } from '../../transition.ts';
import {
  answerClientKeyExchange,
  answerTls12ClientCertificate,
  answerTls12ClientCertificateVerify,
  answerTls12ClientVerdict,
} from './client-flight.ts';
import { answerTls12Credential } from './credential.ts';
import { answerClientChangeCipherSpec, answerTls12ClientFinished } from './finished.ts';
import { answerTls12Signature } from './flight.ts';
import type { Tls12ServerWaiting } from './phase.ts';
import { answerTls12SessionLookup, answerTls12SessionVerdict } from './session.ts';

/** The server's state machine of TLS 1.2 (RFC 5246 §7.3). What is not listed is unexpected_message. */
export function handleTls12Server(
  config: ServerConfig,
  phase: Tls12Phase,
  message: Tls12Message,
  raw: Uint8Array,
  now: number,
): Transition {
  switch (phase.kind) {
    case 'tls12AwaitClientCertificate':
      if (message.kind === 'tls12Certificate') {
        return answerTls12ClientCertificate(config, phase, message.body, raw);
      }
      break;
    case 'tls12AwaitClientKeyExchange':
      if (message.kind === 'clientKeyExchange') {
        return answerClientKeyExchange(config, phase, message.body, raw);
      }
      break;
    case 'tls12AwaitClientCertificateVerify':
      if (message.kind === 'certificateVerify') {
        return answerTls12ClientCertificateVerify(config, phase, message.body, raw, now);
      }
      break;
    case 'tls12AwaitClientFinished':
      if (message.kind === 'finished') {
        return answerTls12ClientFinished(config, phase, message.body, raw, now);
      }
      break;
  }
  return err(misbehaved('unexpected-message', `${message.kind} in the state ${phase.kind}`));
}

/** change_cipher_spec: one state awaits it, and in every other it comes too early or too late (CVE-2014-0224). */
export function handleClientChangeCipherSpec(config: ServerConfig, phase: Tls12Phase): Transition {
  return phase.kind === 'tls12AwaitClientChangeCipherSpec'
    ? answerClientChangeCipherSpec(config, phase)
    : err(misbehaved('bad-change-cipher-spec', `in the state ${phase.kind}`));
}

/** The response to a request of this server's. */
export function answerTls12ServerRequest(
  config: ServerConfig,
  phase: Tls12ServerWaiting,
  response: Response,
): Transition {
  switch (phase.kind) {
    case 'tls12AwaitSession':
      return answerTls12SessionLookup(config, phase, response);
    case 'tls12AwaitSessionVerdict':
      return answerTls12SessionVerdict(config, phase, response);
    case 'tls12AwaitCredential':
      return answerTls12Credential(config, phase, response);
    case 'tls12AwaitSignature':
      return answerTls12Signature(config, phase, response);
    case 'tls12AwaitClientVerdict':
      return answerTls12ClientVerdict(phase, response);
  }
}
