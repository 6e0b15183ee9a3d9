import { err, ok } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import type { Facts } from '../effect.ts';
import { misbehaved } from '../failure.ts';
import { finishedVerifyData } from '../key-schedule.ts';
import type { Finished } from '../messages.ts';
import type { Transition } from '../transition.ts';
import type { AwaitClientFinished } from './phase.ts';

/** RFC 9846 §4.4.4: the client has seen what we have seen, and the handshake is over. */
export function answerClientFinished(
  config: ServerConfig,
  phase: AwaitClientFinished,
  message: Finished,
): Transition {
  const { crypto } = config;
  const { flight, clientApplicationTraffic, exporterSecret } = phase.sent;
  const { agreed, clientHandshakeTraffic } = flight;
  const expected = finishedVerifyData(
    crypto,
    agreed.suite.hash,
    clientHandshakeTraffic,
    phase.transcript.digest(),
  );
  if (!crypto.equal(expected, message.verifyData)) {
    return err(misbehaved('bad-finished', 'the client Finished does not match what this side has seen'));
  }
  const facts = serverFacts(phase);
  return ok({
    phase: { kind: 'established', facts, exporterSecret },
    actions: [
      {
        kind: 'protectReads',
        suite: agreed.suite,
        secret: clientApplicationTraffic,
        epoch: 'application',
      },
      { kind: 'established', facts },
    ],
  });
}

function serverFacts({ sent, peer }: AwaitClientFinished): Facts {
  const { agreed, chosen } = sent.flight;
  return {
    version: 'TLS 1.3',
    role: 'server',
    cipherSuite: agreed.suite.name,
    group: agreed.group,
    peerSignatureScheme: peer?.signatureScheme,
    ownSignatureScheme: chosen.scheme.name,
    ownCertificate: chosen.credential.leaf,
    applicationProtocol: agreed.applicationProtocol,
    serverName: agreed.facts.serverName,
    helloRetryRequest: agreed.helloRetryRequest,
    peer: peer?.peer,
    clientRandom: agreed.clientRandom.slice(),
  };
}
