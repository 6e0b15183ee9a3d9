import type { Rng } from '../../nocrypto/index.ts';
import { err } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import type { ReceivedHello } from '../ech/inner.ts';
import { misbehaved } from '../failure.ts';
import type { HandshakeMessage } from '../messages.ts';
import type { Response } from '../request.ts';
import type { Phase } from '../state.ts';
import { precededBy, type Transition } from '../transition.ts';
import {
  answerClientCertificate,
  answerClientCertificateVerify,
  answerClientVerdict,
  answerCompressedClientCertificate,
} from './client-certificate.ts';
import { answerClientHello, answerSecondClientHello } from './client-hello.ts';
import { answerCredential } from './credential.ts';
import { answerEndOfEarlyData, answerReplayCheck } from './early-data.ts';
import { openFirstHello } from './ech.ts';
import { answerClientFinished } from './finished.ts';
import { answerSignature } from './flight.ts';
import { answerLateCertificateVerify, answerLateFinished, answerLateVerdict } from './late-authentication.ts';
import type { AwaitClientHello, ServerWaiting } from './phase.ts';
import { answerSessionLookup, answerSessionVerdict } from './resumption.ts';
import { answerTls12ClientHello } from './tls12/client-hello.ts';
import { answerTls12ServerRequest } from './tls12/handle.ts';
import type { Tls12ServerWaiting } from './tls12/phase.ts';
import { chooseVersion } from './version.ts';

/** A server begins by waiting. */
export function startServer(rng: Rng): AwaitClientHello {
  return { kind: 'awaitClientHello', rng };
}

/** The server's state machine (RFC 9846 §A.2). What is not listed is unexpected_message. */
export function handleServer(
  config: ServerConfig,
  phase: Phase,
  message: HandshakeMessage,
  raw: Uint8Array,
  now: number,
): Transition {
  switch (phase.kind) {
    case 'awaitClientHello':
      if (message.kind === 'clientHello') {
        return answerFirstHello(config, phase, { hello: message.body, raw }, now);
      }
      break;
    case 'awaitSecondClientHello':
      if (message.kind === 'clientHello') {
        return answerSecondClientHello(config, phase, { hello: message.body, raw }, now);
      }
      break;
    case 'awaitClientCertificate':
      if (message.kind === 'certificate') return answerClientCertificate(config, phase, message.body, raw);
      if (message.kind === 'compressedCertificate') {
        return answerCompressedClientCertificate(config, phase, message.body, raw);
      }
      break;
    case 'awaitClientCertificateVerify':
      if (message.kind === 'certificateVerify') {
        return answerClientCertificateVerify(config, phase, message.body, raw, now);
      }
      break;
    case 'awaitEndOfEarlyData':
      if (message.kind === 'endOfEarlyData') return answerEndOfEarlyData(phase, raw);
      break;
    case 'awaitClientFinished':
      if (message.kind === 'finished') return answerClientFinished(config, phase, message.body, raw, now);
      break;
    case 'awaitLateCertificateVerify':
      if (message.kind === 'certificateVerify') {
        return answerLateCertificateVerify(config, phase, message.body, raw, now);
      }
      break;
    case 'awaitLateFinished':
      if (message.kind === 'finished') return answerLateFinished(config, phase, message.body);
      break;
  }
  return err(misbehaved('unexpected-message', `${message.kind} in the state ${phase.kind}`));
}

/**
 * The first message settles the version, and that the rest of the handshake. Before anything else it is found out which
 * hello counts (RFC 9849 §7.1).
 */
function answerFirstHello(
  config: ServerConfig,
  phase: AwaitClientHello,
  received: ReceivedHello,
  now: number,
): Transition {
  const answered = openFirstHello(config, received);
  if (!answered.ok) return answered;
  const { hello, raw, actions } = answered.value;
  const version = chooseVersion(config, hello);
  if (!version.ok) return version;
  switch (version.value) {
    case '1.3':
      return precededBy(actions, answerClientHello(config, phase, answered.value, now));
    case '1.2':
      return precededBy(actions, answerTls12ClientHello(config, phase.rng, { hello, raw }, now));
  }
}

/** The response to a request of this server's. */
export function answerServerRequest(
  config: ServerConfig,
  phase: ServerWaiting | Tls12ServerWaiting,
  response: Response,
): Transition {
  switch (phase.kind) {
    case 'awaitSession':
      return answerSessionLookup(config, phase, response);
    case 'awaitSessionVerdict':
      return answerSessionVerdict(config, phase, response);
    case 'awaitReplayCheck':
      return answerReplayCheck(config, phase, response);
    case 'awaitCredential':
      return answerCredential(config, phase, response);
    case 'awaitSignature':
      return answerSignature(config, phase, response);
    case 'awaitClientVerdict':
      return answerClientVerdict(phase, response);
    case 'awaitLateVerdict':
      return answerLateVerdict(phase, response);
    default:
      return answerTls12ServerRequest(config, phase, response);
  }
}
