import { err, ok } from '../../x509/index.ts';
import type { ClientConfig } from '../config.ts';
import type { Facts } from '../effect.ts';
import { misbehaved } from '../failure.ts';
import { applicationSecrets, finishedVerifyData } from '../key-schedule.ts';
import type { Finished, HandshakeMessage } from '../messages.ts';
import { type Action, logSecret, sendHandshake, type Transition } from '../transition.ts';
import type { AwaitServerFinished } from './phase.ts';

/** RFC 9846 §4.4.4: the server's Finished closes its flight; ours ends the handshake. */
export function answerServerFinished(
  config: ClientConfig,
  phase: AwaitServerFinished,
  message: Finished,
  raw: Uint8Array,
): Transition {
  const { crypto } = config;
  const { agreed } = phase;
  const { suite } = agreed;
  const expected = finishedVerifyData(
    crypto,
    suite.hash,
    agreed.serverHandshakeTraffic,
    phase.transcript.digest(),
  );
  if (!crypto.equal(expected, message.verifyData)) {
    return err(misbehaved('bad-finished', 'the server Finished does not match what this side has seen'));
  }
  const afterServer = phase.transcript.update(raw);
  const secrets = applicationSecrets(crypto, suite.hash, agreed.handshakeSecret, afterServer.digest());
  const certificate: readonly HandshakeMessage[] = phase.certificateRequested
    ? [{ kind: 'certificate', body: { certificateRequestContext: new Uint8Array(0), certificateList: [] } }]
    : [];
  const flight = certificate.map(sendHandshake);
  const transcript = flight.reduce((running, action) => running.update(action.raw), afterServer);
  const verifyData = finishedVerifyData(
    crypto,
    suite.hash,
    agreed.clientHandshakeTraffic,
    transcript.digest(),
  );
  const facts = clientFacts(config, phase);
  const clientRandom = agreed.sent.random;
  return ok({
    phase: { kind: 'established', facts, exporterSecret: secrets.exporter },
    actions: [
      logSecret('CLIENT_TRAFFIC_SECRET_0', clientRandom, secrets.clientApplicationTraffic),
      logSecret('SERVER_TRAFFIC_SECRET_0', clientRandom, secrets.serverApplicationTraffic),
      logSecret('EXPORTER_SECRET', clientRandom, secrets.exporter),
      { kind: 'protectReads', suite, secret: secrets.serverApplicationTraffic, epoch: 'application' },
      ...changeCipherSpec(config, agreed.helloRetryRequest),
      ...flight,
      sendHandshake({ kind: 'finished', body: { verifyData } }),
      { kind: 'protectWrites', suite, secret: secrets.clientApplicationTraffic, epoch: 'application' },
      { kind: 'established', facts },
    ],
  });
}

/** §D.4: once, before the second flight; after a HelloRetryRequest that was the second ClientHello. */
function changeCipherSpec(config: ClientConfig, alreadySent: boolean): readonly Action[] {
  return config.middleboxCompatibility && !alreadySent ? [{ kind: 'sendChangeCipherSpec' }] : [];
}

function clientFacts(config: ClientConfig, phase: AwaitServerFinished): Facts {
  const { agreed, peer } = phase;
  return {
    version: 'TLS 1.3',
    role: 'client',
    cipherSuite: agreed.suite.name,
    group: agreed.group,
    peerSignatureScheme: peer.signatureScheme,
    ownSignatureScheme: undefined,
    ownCertificate: undefined,
    applicationProtocol: phase.applicationProtocol,
    serverName: config.serverName,
    helloRetryRequest: agreed.helloRetryRequest,
    peer: peer.peer,
    clientRandom: agreed.sent.random.slice(),
  };
}
