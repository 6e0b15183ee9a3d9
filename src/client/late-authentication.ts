import { generate, SIGNING_ENTROPY_LENGTH } from '../../nocrypto/index.ts';
import { ok } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';
import type { CertificateRequest } from '../messages.ts';
import {
  type Chosen,
  certificateMessage,
  certificateVerifyMessage,
  checkExternalSignature,
  proveKey,
} from '../own-certificate.ts';
import { signedContent } from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import type { LateAuthentication, Tls13Established } from '../state.ts';
import { type SendHandshake, sendHandshake, type Transition } from '../transition.ts';
import { chooseOwn, chosenByCaller } from './own-credential.ts';
import type { AwaitLateCredential, AwaitLateSignature } from './phase.ts';
import { requestFacts } from './server-flight.ts';

// Post-handshake authentication (RFC 9846 §4.7.2), the client's part. The three messages of an answer go out together.

/** The server asks for a certificate on the established connection. */
export function answerLateRequest(
  config: ClientConfig,
  established: Tls13Established,
  late: LateAuthentication,
  message: CertificateRequest,
  raw: Uint8Array,
): Transition {
  const request = requestFacts(message, late.certificateType);
  if (!request.ok) return request;
  const asked: AwaitLateCredential = {
    kind: 'awaitLateCredential',
    established,
    late,
    certificateRequestContext: message.certificateRequestContext.slice(),
    certificateRequest: request.value,
    transcript: late.transcript.update(raw),
  };
  const choice = chooseOwn(config, request.value, '1.3');
  return choice.kind === 'chosen'
    ? show(config, asked, choice.chosen)
    : ok({ phase: asked, actions: [{ kind: 'request', request: choice.request }] });
}

/** The caller has chosen a certificate, or none. */
export function answerLateCredential(
  config: ClientConfig,
  phase: AwaitLateCredential,
  response: Response,
): Transition {
  const chosen = chosenByCaller(config, phase.certificateRequest, '1.3', response);
  return chosen.ok ? show(config, phase, chosen.value) : chosen;
}

/** The signature came from elsewhere. */
export function answerLateSignature(
  config: ClientConfig,
  phase: AwaitLateSignature,
  response: Response,
): Transition {
  const { chosen, certificate } = phase;
  const content = signedContent('client', phase.transcript.update(certificate.raw).digest());
  const signature = checkExternalSignature(config, chosen, content, response);
  return signature.ok ? conclude(phase, [certificate, verifyOf(chosen, signature.value)]) : signature;
}

function show(config: ClientConfig, phase: AwaitLateCredential, chosen: Chosen | undefined): Transition {
  const { certificateRequestContext, certificateRequest } = phase;
  const certificate = sendHandshake(
    certificateMessage(config, certificateRequestContext, chosen?.credential, certificateRequest),
  );
  if (chosen === undefined) return conclude(phase, [certificate]);
  const drawn = generate(phase.late.rng, SIGNING_ENTROPY_LENGTH);
  const next = { ...phase, late: { ...phase.late, rng: drawn.rng } };
  const content = signedContent('client', phase.transcript.update(certificate.raw).digest());
  const proof = proveKey(config, chosen, content, drawn.bytes);
  if (!proof.ok) return proof;
  return proof.value.kind === 'request'
    ? ok({
        phase: { ...next, kind: 'awaitLateSignature', chosen, certificate },
        actions: [{ kind: 'request', request: proof.value.request }],
      })
    : conclude(next, [certificate, verifyOf(chosen, proof.value.signature)]);
}

/** Everything, and Finished: under which keys, the engine knows. */
function conclude(
  { established, late, transcript }: AwaitLateCredential | AwaitLateSignature,
  messages: readonly SendHandshake[],
): Transition {
  return ok({
    phase: { ...established, late },
    actions: [
      ...messages,
      {
        kind: 'sendLateFinished',
        transcript: messages.reduce((running, { raw }) => running.update(raw), transcript),
      },
    ],
  });
}

function verifyOf({ scheme }: Chosen, signature: Uint8Array): SendHandshake {
  return sendHandshake(certificateVerifyMessage(scheme, signature));
}
