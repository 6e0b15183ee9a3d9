import { generate, type Rng, type RunningHash, type Secret } from '../../nocrypto/index.ts';
import { err, ok } from '../../x509/index.ts';
import { isSame } from '../bytes.ts';
import type { CheckedClientAuthentication, ServerConfig } from '../config.ts';
import { misbehaved } from '../failure.ts';
import { finishedVerifyData } from '../key-schedule.ts';
import type { CertificateMessage, CertificateVerify, Finished } from '../messages.ts';
import { acceptVerdict, judge, peerFacts, verifyKey } from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import type { LateRequest, LateRequests, Phase, Tls13Established } from '../state.ts';
import { sendHandshake, type Transition } from '../transition.ts';
import { shownByClient } from './client-certificate.ts';
import { requestExtensions } from './flight.ts';
import type {
  Agreed,
  AwaitLateCertificateVerify,
  AwaitLateFinished,
  AwaitLateVerdict,
  LateAnswer,
  LateAnswerPhase,
  OwnProof,
} from './phase.ts';

// Post-handshake authentication (RFC 9846 §4.7.2), the server's part. Requests may be answered in any order and late, and
// anything may come before an answer; within one only its own messages do.

/**
 * What has to be kept of the handshake, where this server may ask later; `transcript` ends with the client's Finished. It
 * may not where the client has not offered it, has nothing to show that is taken here, or is known by an external PSK
 * (§4.4.2). Of RFC 7250's types the one agreed on counts; where a session is resumed none is, and X.509 does.
 */
export function lateRequestsFrom(
  { postHandshakeAuthentication }: ServerConfig,
  { postHandshakeAuth, certificateTypes, facts }: Agreed,
  own: OwnProof,
  transcript: RunningHash,
  rng: Rng,
): LateRequests | undefined {
  if (postHandshakeAuthentication === undefined || !postHandshakeAuth) return undefined;
  const isPsk = own.kind === 'psk';
  if (isPsk && own.selected.source.kind === 'external') return undefined;
  const certificateType = isPsk ? 'x509' : certificateTypes.clientType;
  return certificateType !== undefined &&
    postHandshakeAuthentication.peerCertificateTypes.includes(certificateType) &&
    facts.clientCertificateTypes.includes(certificateType)
    ? { transcript, certificateType, rng, outstanding: [] }
    : undefined;
}

/** What a request for a certificate takes, where another one may be sent. */
export interface OpenRequests {
  readonly config: ServerConfig;
  readonly clientAuthentication: CheckedClientAuthentication;
  readonly phase: Tls13Established | LateAnswerPhase;
  readonly lateRequests: LateRequests;
}

/** Undefined when the connection may not ask, or not for so many at once. */
export function openLateRequests(config: ServerConfig, phase: Phase): OpenRequests | undefined {
  const { limits, postHandshakeAuthentication: clientAuthentication } = config;
  if (clientAuthentication === undefined || !isBehindHandshake(phase)) return undefined;
  const { lateRequests } = phase.kind === 'established' ? phase : phase.answer.established;
  return lateRequests !== undefined && lateRequests.outstanding.length < limits.lateRequests
    ? { config, clientAuthentication, phase, lateRequests }
    : undefined;
}

function isBehindHandshake(phase: Phase): phase is Tls13Established | LateAnswerPhase {
  switch (phase.kind) {
    case 'established':
      return phase.version === '1.3';
    case 'awaitLateCertificateVerify':
    case 'awaitLateVerdict':
    case 'awaitLateFinished':
      return true;
    default:
      return false;
  }
}

/** A CertificateRequest (§4.4.2), and the context that tells it from all others of the connection. */
export function requestLate({ config, clientAuthentication, phase, lateRequests }: OpenRequests): {
  readonly context: Uint8Array;
  readonly transition: Transition;
} {
  const { transcript, outstanding } = lateRequests;
  const drawn = generate(lateRequests.rng, CONTEXT_LENGTH + (config.grease ? 2 : 0));
  // Random: nobody can have signed an answer before there was a question. And unique, but for one chance in 2^256.
  const context = drawn.bytes.slice(0, CONTEXT_LENGTH);
  const extensions = requestExtensions(config, clientAuthentication, drawn.bytes.subarray(CONTEXT_LENGTH));
  const message = sendHandshake({
    kind: 'certificateRequest',
    body: { certificateRequestContext: context, extensions },
  });
  const request: LateRequest = {
    certificateRequestContext: context,
    transcript: transcript.update(message.raw),
  };
  const next = { ...lateRequests, rng: drawn.rng, outstanding: [...outstanding, request] };
  return {
    context: context.slice(),
    transition: ok({ phase: withRequests(phase, next), actions: [message] }),
  };
}

function withRequests(phase: OpenRequests['phase'], lateRequests: LateRequests): Phase {
  if (phase.kind === 'established') return { ...phase, lateRequests };
  const { answer } = phase;
  return { ...phase, answer: { ...answer, established: { ...answer.established, lateRequests } } };
}

/** Bytes of a certificate_request_context. */
const CONTEXT_LENGTH = 32;

/** The first message of an answer: a certificate, or an empty one when the client declines. */
export function answerLateCertificate(
  config: ServerConfig,
  clientAuthentication: CheckedClientAuthentication,
  established: Tls13Established,
  lateRequests: LateRequests,
  clientTraffic: Secret,
  message: CertificateMessage,
  raw: Uint8Array,
): Transition {
  const { certificateRequestContext } = message;
  const isAnswered = (request: LateRequest) =>
    isSame(request.certificateRequestContext, certificateRequestContext);
  const request = lateRequests.outstanding.find(isAnswered);
  if (request === undefined) {
    return err(misbehaved('unknown-certificate-context', 'no request with this context is outstanding'));
  }
  const shown = shownByClient(config, clientAuthentication, lateRequests.certificateType, message);
  if (!shown.ok) return shown;
  const transcript = request.transcript.update(raw);
  const outstanding = lateRequests.outstanding.filter((other) => other !== request);
  const answer: LateAnswer = {
    established: { ...established, lateRequests: { ...lateRequests, outstanding } },
    certificateRequestContext: request.certificateRequestContext,
    clientTraffic,
  };
  return ok({
    phase:
      shown.value === undefined
        ? { kind: 'awaitLateFinished', answer, peer: undefined, transcript }
        : {
            kind: 'awaitLateCertificateVerify',
            answer,
            clientAuthentication,
            shown: shown.value,
            transcript,
          },
    actions: [],
  });
}

/** RFC 9846 §4.5.2, and the authenticator's turn. */
export function answerLateCertificateVerify(
  config: ServerConfig,
  phase: AwaitLateCertificateVerify,
  message: CertificateVerify,
  raw: Uint8Array,
  now: number,
): Transition {
  const { answer, shown, clientAuthentication } = phase;
  const proof = verifyKey(config, shown, message, phase.transcript);
  if (!proof.ok) return proof;
  const transcript = phase.transcript.update(raw);
  const judged = judge(config, clientAuthentication, proof.value, now);
  if (!judged.ok) return judged;
  if (judged.value.kind === 'asked') {
    return ok({
      phase: { kind: 'awaitLateVerdict', answer, proof: proof.value, transcript },
      actions: [{ kind: 'request', request: judged.value.request }],
    });
  }
  const peer = judged.value.proof;
  return ok({ phase: { kind: 'awaitLateFinished', answer, peer, transcript }, actions: [] });
}

/** The caller has decided about the client. */
export function answerLateVerdict(
  { answer, proof, transcript }: AwaitLateVerdict,
  response: Response,
): Transition {
  const peer = acceptVerdict(proof, response);
  if (!peer.ok) return peer;
  return ok({ phase: { kind: 'awaitLateFinished', answer, peer: peer.value, transcript }, actions: [] });
}

/** §4.5.3: without it nobody has said that what was shown belongs to this connection's keys. */
export function answerLateFinished(
  { crypto }: ServerConfig,
  { answer, peer, transcript }: AwaitLateFinished,
  { verifyData }: Finished,
): Transition {
  const { established, certificateRequestContext, clientTraffic } = answer;
  const expected = finishedVerifyData(crypto, established.suite.hash, clientTraffic, transcript.digest());
  if (!crypto.equal(expected, verifyData)) {
    return err(misbehaved('bad-finished', 'the client Finished does not match what this side has seen'));
  }
  const context = certificateRequestContext.slice();
  return ok({
    phase: established,
    actions: [{ kind: 'certificateAnswered', context, shown: peerFacts(peer) }],
  });
}
