import { err, ok } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import type { Facts } from '../effect.ts';
import { endPointOf } from '../exporter.ts';
import { misbehaved } from '../failure.ts';
import { finishedVerifyData } from '../key-schedule.ts';
import type { Finished } from '../messages.ts';
import { ownFacts } from '../own-certificate.ts';
import { peerFacts } from '../peer-certificate.ts';
import type { Transition } from '../transition.ts';
import { lateRequestsFrom } from './late-authentication.ts';
import type { AwaitClientFinished } from './phase.ts';
import { tickets } from './tickets.ts';

/** RFC 9846 §4.5.3: the client has seen what we have seen, and the handshake is over. */
export function answerClientFinished(
  config: ServerConfig,
  phase: AwaitClientFinished,
  message: Finished,
  raw: Uint8Array,
  now: number,
): Transition {
  const { crypto } = config;
  const { flight, secrets } = phase.sent;
  const { agreed, clientHandshakeTraffic } = flight;
  const { suite } = agreed;
  const expected = finishedVerifyData(crypto, suite.hash, clientHandshakeTraffic, phase.transcript.digest());
  if (!crypto.equal(expected, message.verifyData)) {
    return err(misbehaved('bad-finished', 'the client Finished does not match what this side has seen'));
  }
  const facts = serverFacts(phase);
  const transcript = phase.transcript.update(raw);
  const given = tickets(config, phase, transcript, now);
  return ok({
    phase: {
      kind: 'established',
      version: '1.3',
      suite,
      exporterSecret: secrets.exporter,
      earlyExporterSecret: flight.own.kind === 'psk' ? flight.own.earlyExporterSecret : undefined,
      endPoint: endPointOf(facts.ownCertificate),
      resumable: undefined,
      late: undefined,
      lateRequests: lateRequestsFrom(config, agreed, flight.own, transcript, given.rng),
    },
    actions: [
      { kind: 'protectReads', suite, secret: secrets.clientApplicationTraffic, epoch: 'application' },
      { kind: 'established', facts },
      ...given.actions,
    ],
  });
}

function serverFacts({ sent, peer }: AwaitClientFinished): Facts {
  const { agreed, own } = sent.flight;
  const chosen = own.kind === 'certificate' ? own.chosen : undefined;
  const source = own.kind === 'psk' ? own.selected.source : undefined;
  return {
    version: 'TLS 1.3',
    role: 'server',
    cipherSuite: agreed.suite.name,
    group: agreed.group,
    ...ownFacts(chosen),
    ...peerFacts(peer),
    applicationProtocol: agreed.applicationProtocol,
    serverName: agreed.facts.serverName,
    rawExtensions: agreed.rawExtensions,
    recordSizes: agreed.recordSizes,
    resumed: source?.kind === 'session',
    externalIdentity: source?.kind === 'external' ? source.external.identity : undefined,
    earlyData: agreed.earlyData,
    helloRetryRequest: agreed.helloRetryRequest,
    encryptedClientHello: agreed.ech === 'accepted',
    clientRandom: agreed.clientRandom.slice(),
  };
}
