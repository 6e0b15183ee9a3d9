import { generate, type RunningHash, SIGNING_ENTROPY_LENGTH } from '../../nocrypto/index.ts';
import { err, ok } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';
import type { Facts } from '../effect.ts';
import { endPointOf } from '../exporter.ts';
import { type Failure, misbehaved } from '../failure.ts';
import { applicationSecrets, finishedVerifyData, resumptionSecret } from '../key-schedule.ts';
import type { Finished } from '../messages.ts';
import {
  type Chosen,
  certificateMessage,
  certificateVerifyMessage,
  checkExternalSignature,
  ownFacts,
  proveKey,
} from '../own-certificate.ts';
import { peerFacts, signedContent } from '../peer-certificate.ts';
import type { CertificateRequestFacts, Response } from '../request.ts';
import type { LateAuthentication, Resumable } from '../state.ts';
import { storeShown } from '../stored-shown.ts';
import { type Action, logSecret, precededBy, sendHandshake, type Transition } from '../transition.ts';
import { earlyDataFact, handshakeWrites } from './early-data.ts';
import { chooseOwn, chosenByCaller } from './own-credential.ts';
import type {
  AwaitOwnCredential,
  AwaitOwnSignature,
  AwaitServerFinished,
  EchOutcome,
  OwnFlight,
} from './phase.ts';

/** RFC 9846 §4.5.3: the server's Finished closes its flight; ours begins. */
export function answerServerFinished(
  config: ClientConfig,
  phase: AwaitServerFinished,
  message: Finished,
  raw: Uint8Array,
): Transition {
  const { crypto } = config;
  const { settled, server, certificateRequest } = phase;
  const { suite } = settled;
  const expected = finishedVerifyData(
    crypto,
    suite.hash,
    settled.serverHandshakeTraffic,
    phase.transcript.digest(),
  );
  if (!crypto.equal(expected, message.verifyData)) {
    return err(misbehaved('bad-finished', 'the server Finished does not match what this side has seen'));
  }
  const transcript = phase.transcript.update(raw);
  const secrets = applicationSecrets(crypto, suite.hash, settled.handshakeSecret, transcript.digest());
  const flight: OwnFlight = { settled, server, secrets };
  return precededBy(
    applicationReads(flight),
    certificateRequest === undefined
      ? endEarlyData(config, flight, transcript)
      : showCertificate(config, flight, certificateRequest, transcript),
  );
}

/** §4.6: the last word under the keys of early data, if the server has taken it. */
function endEarlyData(config: ClientConfig, flight: OwnFlight, transcript: RunningHash): Transition {
  const { settled } = flight;
  if (settled.early.kind !== 'accepted') return finish(config, flight, undefined, transcript, []);
  const end = sendHandshake({ kind: 'endOfEarlyData', body: {} });
  const before = [end, handshakeWrites(settled)];
  return finish(config, flight, undefined, transcript.update(end.raw), before);
}

/** The caller has chosen a certificate, or none. */
export function answerOwnCredential(
  config: ClientConfig,
  phase: AwaitOwnCredential,
  response: Response,
): Transition {
  const { flight, certificateRequest, transcript } = phase;
  const chosen = chosenByCaller(config, certificateRequest, '1.3', response);
  return chosen.ok ? sendCertificate(config, flight, chosen.value, certificateRequest, transcript) : chosen;
}

/** The signature of our CertificateVerify came from elsewhere. */
export function answerOwnSignature(
  config: ClientConfig,
  { flight, chosen, transcript }: AwaitOwnSignature,
  response: Response,
): Transition {
  const content = signedContent('client', transcript.digest());
  const signature = checkExternalSignature(config, chosen, content, response);
  if (!signature.ok) return signature;
  const verify = sendHandshake(certificateVerifyMessage(chosen.scheme, signature.value));
  return finish(config, flight, chosen, transcript.update(verify.raw), [verify]);
}

/** RFC 9846 §4.5.1: the certificate that was asked for, or an empty message when there is none to show. */
function showCertificate(
  config: ClientConfig,
  flight: OwnFlight,
  certificateRequest: CertificateRequestFacts,
  transcript: RunningHash,
): Transition {
  // RFC 9849 §6.1.7: whoever bears the public name is not who the certificate is for.
  if (flight.settled.ech.kind === 'rejected') {
    return sendCertificate(config, flight, undefined, certificateRequest, transcript);
  }
  const choice = chooseOwn(config, certificateRequest, '1.3');
  if (choice.kind === 'chosen')
    return sendCertificate(config, flight, choice.chosen, certificateRequest, transcript);
  return ok({
    phase: { kind: 'awaitOwnCredential', flight, certificateRequest, transcript },
    actions: [{ kind: 'request', request: choice.request }],
  });
}

function sendCertificate(
  config: ClientConfig,
  flight: OwnFlight,
  chosen: Chosen | undefined,
  certificateRequest: CertificateRequestFacts,
  transcript: RunningHash,
): Transition {
  const certificate = sendHandshake(
    certificateMessage(config, new Uint8Array(0), chosen?.credential, certificateRequest),
  );
  const afterCertificate = transcript.update(certificate.raw);
  const actions = [certificate];
  if (chosen === undefined) return finish(config, flight, undefined, afterCertificate, actions);
  const entropy = generate(flight.settled.rng, SIGNING_ENTROPY_LENGTH).bytes;
  const content = signedContent('client', afterCertificate.digest());
  const proof = proveKey(config, chosen, content, entropy);
  if (!proof.ok) return proof;
  if (proof.value.kind === 'request') {
    return ok({
      phase: { kind: 'awaitOwnSignature', flight, chosen, transcript: afterCertificate },
      actions: [...actions, { kind: 'request', request: proof.value.request }],
    });
  }
  const verify = sendHandshake(certificateVerifyMessage(chosen.scheme, proof.value.signature));
  return finish(config, flight, chosen, afterCertificate.update(verify.raw), [...actions, verify]);
}

/** Our Finished ends the handshake. */
function finish(
  config: ClientConfig,
  flight: OwnFlight,
  chosen: Chosen | undefined,
  transcript: RunningHash,
  before: readonly Action[],
): Transition {
  const { settled, secrets } = flight;
  const { suite } = settled;
  const verifyData = finishedVerifyData(
    config.crypto,
    suite.hash,
    settled.clientHandshakeTraffic,
    transcript.digest(),
  );
  const finished = sendHandshake({ kind: 'finished', body: { verifyData } });
  const sent: readonly Action[] = [
    ...before,
    finished,
    { kind: 'protectWrites', suite, secret: secrets.clientApplicationTraffic, epoch: 'application' },
  ];
  if (settled.ech.kind === 'rejected') return abandon(settled.ech, sent);
  const facts = clientFacts(config, flight, chosen);
  const whole = transcript.update(finished.raw);
  const resumable = resumableFrom(config, flight, whole);
  return ok({
    phase: {
      kind: 'established',
      version: '1.3',
      suite,
      exporterSecret: secrets.exporter,
      earlyExporterSecret: settled.early.kind === 'accepted' ? settled.early.exporterSecret : undefined,
      endPoint: endPointOf(facts.peer?.leaf),
      resumable,
      late: lateFrom(config, flight, whole),
      lateRequests: undefined,
    },
    actions: [...sent, { kind: 'established', facts }],
  });
}

/** RFC 9849 §6.1.6: the server has proven its public name, so what it says about its configuration holds. Nothing else does. */
function abandon(
  { publicIdentity, retryConfigs }: Extract<EchOutcome, { kind: 'rejected' }>,
  before: readonly Action[],
): Transition {
  const failure: Failure = { kind: 'echRejected', publicName: publicIdentity.name, retryConfigs };
  return ok({ phase: { kind: 'ended', failure }, actions: [...before, { kind: 'abandon', failure }] });
}

function applicationReads({ settled, secrets }: OwnFlight): readonly Action[] {
  const { suite } = settled;
  const clientRandom = settled.sent.random;
  return [
    logSecret('CLIENT_TRAFFIC_SECRET_0', clientRandom, secrets.clientApplicationTraffic),
    logSecret('SERVER_TRAFFIC_SECRET_0', clientRandom, secrets.serverApplicationTraffic),
    logSecret('EXPORTER_SECRET', clientRandom, secrets.exporter),
    { kind: 'protectReads', suite, secret: secrets.serverApplicationTraffic, epoch: 'application' },
  ];
}

/** §4.7.1. A connection that no certificate authenticates is not resumed: there would be nothing to judge anew. */
function resumableFrom(
  { crypto, acceptTickets }: ClientConfig,
  { settled, server, secrets }: OwnFlight,
  transcript: RunningHash,
): Resumable | undefined {
  if (!acceptTickets || server.kind !== 'certificate') return undefined;
  const { shown, signatureScheme } = server.proof;
  if (signatureScheme === undefined) return undefined;
  return {
    resumptionSecret: resumptionSecret(crypto, settled.suite.hash, secrets.main, transcript.digest()),
    shown: storeShown(shown),
    signatureScheme,
    applicationProtocol: settled.applicationProtocol,
  };
}

/** §4.3.5. The generator is the one behind our own signature's. */
function lateFrom(
  { postHandshakeAuthentication }: ClientConfig,
  { settled }: OwnFlight,
  transcript: RunningHash,
): LateAuthentication | undefined {
  if (!postHandshakeAuthentication) return undefined;
  const { rng } = generate(settled.rng, SIGNING_ENTROPY_LENGTH);
  return { transcript, certificateType: settled.clientCertificateType, rng };
}

function clientFacts(
  config: ClientConfig,
  { settled, server }: OwnFlight,
  chosen: Chosen | undefined,
): Facts {
  const proof = server.kind === 'certificate' ? server.proof : undefined;
  return {
    version: 'TLS 1.3',
    role: 'client',
    cipherSuite: settled.suite.name,
    group: settled.group,
    ...ownFacts(chosen),
    ...peerFacts(proof),
    applicationProtocol: settled.applicationProtocol,
    serverName: config.serverName,
    rawExtensions: settled.rawExtensions,
    recordSizes: settled.recordSizes,
    resumed: settled.psk?.source.kind === 'session',
    externalIdentity: server.kind === 'externalPsk' ? server.external.identity : undefined,
    earlyData: earlyDataFact(settled.early),
    helloRetryRequest: settled.helloRetryRequest,
    encryptedClientHello: settled.ech.kind === 'accepted',
    clientRandom: settled.sent.random.slice(),
  };
}
