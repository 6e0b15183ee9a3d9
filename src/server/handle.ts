import type { Rng } from '../../nocrypto/index.ts';
import { err } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import { misbehaved } from '../failure.ts';
import type { HandshakeMessage } from '../messages.ts';
import type { Response } from '../request.ts';
import type { Phase } from '../state.ts';
import type { Transition } from '../transition.ts';
import { answerClientHello, answerSecondClientHello } from './client-hello.ts';
import { answerCredential } from './credential.ts';
import { answerClientFinished } from './finished.ts';
import { answerSignature } from './flight.ts';
import type { AwaitClientHello, AwaitCredential, AwaitSignature } from './phase.ts';

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
): Transition {
  switch (phase.kind) {
    case 'awaitClientHello':
      if (message.kind === 'clientHello') return answerClientHello(config, phase, message.body, raw);
      break;
    case 'awaitSecondClientHello':
      if (message.kind === 'clientHello') return answerSecondClientHello(config, phase, message.body, raw);
      break;
    case 'awaitClientFinished':
      if (message.kind === 'finished') return answerClientFinished(config, phase, message.body);
      break;
  }
  return err(misbehaved('unexpected-message', `${message.kind} in the state ${phase.kind}`));
}

/** The response to a request of this server's. */
export function answerServerRequest(
  config: ServerConfig,
  phase: AwaitCredential | AwaitSignature,
  response: Response,
): Transition {
  return phase.kind === 'awaitCredential'
    ? answerCredential(config, phase, response)
    : answerSignature(config, phase, response);
}
