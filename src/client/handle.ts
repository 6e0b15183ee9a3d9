import { err } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';
import { misbehaved } from '../failure.ts';
import type { HandshakeMessage } from '../messages.ts';
import type { Response } from '../request.ts';
import type { Phase } from '../state.ts';
import type { Transition } from '../transition.ts';
import { answerOwnCredential, answerOwnSignature, answerServerFinished } from './finished.ts';
import { answerLateCredential, answerLateSignature } from './late-authentication.ts';
import type { ClientWaiting } from './phase.ts';
import {
  answerCertificate,
  answerCertificateRequest,
  answerCertificateVerify,
  answerCompressedCertificate,
  answerEncryptedExtensions,
  answerServerVerdict,
} from './server-flight.ts';
import { answerHelloRetryRequest, answerSecondServerHello, answerServerHello } from './server-hello.ts';
import { answerTls12ClientRequest } from './tls12/handle.ts';
import type { Tls12ClientWaiting } from './tls12/phase.ts';

/** The client's state machine (RFC 9846 §A.1). What is not listed is unexpected_message. */
export function handleClient(
  config: ClientConfig,
  phase: Phase,
  message: HandshakeMessage,
  raw: Uint8Array,
  now: number,
): Transition {
  switch (phase.kind) {
    case 'awaitServerHello':
      if (message.kind === 'serverHello') return answerServerHello(config, phase, message.body, raw, now);
      if (message.kind === 'helloRetryRequest')
        return answerHelloRetryRequest(config, phase, message.body, raw);
      break;
    case 'awaitSecondServerHello':
      if (message.kind === 'serverHello') return answerSecondServerHello(config, phase, message.body, raw);
      if (message.kind === 'helloRetryRequest') {
        return err(misbehaved('second-hello-retry-request', 'a server may ask again only once'));
      }
      break;
    case 'awaitEncryptedExtensions':
      if (message.kind === 'encryptedExtensions') {
        return answerEncryptedExtensions(config, phase, message.body, raw, now);
      }
      break;
    case 'awaitCertificateOrRequest':
      if (message.kind === 'certificateRequest') return answerCertificateRequest(phase, message.body, raw);
      if (message.kind === 'certificate') return answerCertificate(config, phase, message.body, raw);
      if (message.kind === 'compressedCertificate') {
        return answerCompressedCertificate(config, phase, message.body, raw);
      }
      break;
    case 'awaitCertificate':
      if (message.kind === 'certificate') return answerCertificate(config, phase, message.body, raw);
      if (message.kind === 'compressedCertificate') {
        return answerCompressedCertificate(config, phase, message.body, raw);
      }
      break;
    case 'awaitCertificateVerify':
      if (message.kind === 'certificateVerify') {
        return answerCertificateVerify(config, phase, message.body, raw, now);
      }
      break;
    case 'awaitServerFinished':
      if (message.kind === 'finished') return answerServerFinished(config, phase, message.body, raw);
      break;
  }
  return err(misbehaved('unexpected-message', `${message.kind} in the state ${phase.kind}`));
}

/** The response to a request of this client's. */
export function answerClientRequest(
  config: ClientConfig,
  phase: ClientWaiting | Tls12ClientWaiting,
  response: Response,
): Transition {
  switch (phase.kind) {
    case 'awaitServerVerdict':
      return answerServerVerdict(phase, response);
    case 'awaitOwnCredential':
      return answerOwnCredential(config, phase, response);
    case 'awaitOwnSignature':
      return answerOwnSignature(config, phase, response);
    case 'awaitLateCredential':
      return answerLateCredential(config, phase, response);
    case 'awaitLateSignature':
      return answerLateSignature(config, phase, response);
    default:
      return answerTls12ClientRequest(config, phase, response);
  }
}
