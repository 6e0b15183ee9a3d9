import type { Rng, RunningHash } from '../../nocrypto/index.ts';
import { ok } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import { type EarlyDataRejection, notOffered, rejected } from '../early-data.ts';
import { findExtension } from '../extensions.ts';
import { earlySecrets } from '../key-schedule.ts';
import type { ClientHello } from '../messages.ts';
import type { Response } from '../request.ts';
import { logSecret, precededBy, type Transition } from '../transition.ts';
import { handshakeReads, sendPskFlight } from './flight.ts';
import type { Agreed, AwaitClientFinished, AwaitEndOfEarlyData, AwaitReplayCheck } from './phase.ts';
import type { SelectedPsk } from './psk.ts';

/** Goes on with a PSK. Early data is taken only once somebody has said that it was never seen (RFC 9846 §8). */
export function proceedWithPsk(
  config: ServerConfig,
  agreed: Agreed,
  selected: SelectedPsk,
  transcript: RunningHash,
  rng: Rng,
  now: number,
): Transition {
  if (agreed.earlyData.kind === 'notOffered') {
    return sendPskFlight(config, agreed, selected, undefined, transcript, rng);
  }
  const terms = selected.earlyData;
  const reason = reasonToReject(config, agreed, selected, now);
  if (reason !== undefined || terms === undefined) {
    return sendPskFlight(
      config,
      { ...agreed, earlyData: rejected(reason ?? 'unsupported-by-psk') },
      selected,
      undefined,
      transcript,
      rng,
    );
  }
  const { sentAt } = selected;
  const { earlyDataWindow } = config;
  return ok({
    phase: {
      kind: 'awaitReplayCheck',
      agreed,
      selected,
      maxEarlyData: terms.maxEarlyData,
      transcript,
      rng,
    },
    actions: [
      {
        kind: 'request',
        request: {
          kind: 'replayCheck',
          key: selected.binder.slice(),
          from: sentAt === undefined ? Number.NEGATIVE_INFINITY : sentAt - earlyDataWindow,
          until: sentAt === undefined ? Number.POSITIVE_INFINITY : sentAt + earlyDataWindow,
        },
      },
    ],
  });
}

/** The caller has looked it up. Without an answer early data is not taken, and nothing else is lost. */
export function answerReplayCheck(
  config: ServerConfig,
  { agreed, selected, maxEarlyData, transcript, rng }: AwaitReplayCheck,
  response: Response,
): Transition {
  if (response.kind !== 'replayCheck' && response.kind !== 'refusal') {
    throw new TypeError(`the connection awaits a replay check, not a ${response.kind}`);
  }
  if (response.kind === 'refusal' || !response.isNew) {
    const settled: Agreed = { ...agreed, earlyData: rejected('replay') };
    return skippingEarlyData(config, sendPskFlight(config, settled, selected, undefined, transcript, rng));
  }
  const { crypto } = config;
  const { suite, clientRandom } = agreed;
  const secrets = earlySecrets(crypto, suite.hash, selected.psk.secret, transcript.digest());
  return precededBy(
    [
      logSecret('CLIENT_EARLY_TRAFFIC_SECRET', clientRandom, secrets.clientEarlyTraffic),
      logSecret('EARLY_EXPORTER_SECRET', clientRandom, secrets.earlyExporter),
    ],
    sendPskFlight(
      config,
      { ...agreed, earlyData: { kind: 'accepted' } },
      selected,
      { secrets, maxEarlyData },
      transcript,
      rng,
    ),
  );
}

/** RFC 9846 §4.6: what follows is under the handshake keys. */
export function answerEndOfEarlyData(phase: AwaitEndOfEarlyData, raw: Uint8Array): Transition {
  const { sent, peer } = phase;
  const next: AwaitClientFinished = {
    kind: 'awaitClientFinished',
    sent,
    peer,
    transcript: phase.transcript.update(raw),
  };
  return ok({ phase: next, actions: handshakeReads(sent.flight) });
}

/** What there is to say of early data before a PSK is found: nothing good. */
export function earlyDataOf(config: ServerConfig, hello: ClientHello): Agreed['earlyData'] {
  if (findExtension(hello.extensions, 'earlyData') === undefined) return notOffered;
  return rejected(config.maxEarlyData === 0 ? 'disabled' : 'session-not-resumed');
}

/**
 * §4.3.10: the client finds out from EncryptedExtensions that its early data is not taken, and has sent it by then. It may
 * be as much as this server's own tickets allow.
 */
export function skippingEarlyData(config: ServerConfig, transition: Transition): Transition {
  const bytes = Math.max(config.limits.skippedEarlyData, config.maxEarlyData);
  return precededBy([{ kind: 'skipEarlyData', bytes }], transition);
}

/** §4.3.10, §8.3: all that must be as it was, and the hello as young as it says. */
function reasonToReject(
  config: ServerConfig,
  agreed: Agreed,
  { index, earlyData: terms, sentAt }: SelectedPsk,
  now: number,
): EarlyDataRejection | undefined {
  if (config.maxEarlyData === 0) return 'disabled';
  if (agreed.helloRetryRequest) return 'hello-retry-request';
  if (index !== 0) return 'not-first-psk';
  if (terms === undefined || terms.maxEarlyData > config.maxEarlyData) return 'unsupported-by-psk';
  if (terms.cipherSuite !== agreed.suite.name) return 'other-cipher-suite';
  if (terms.applicationProtocol !== agreed.applicationProtocol) return 'other-application-protocol';
  if (sentAt !== undefined && Math.abs(now - sentAt) > config.earlyDataWindow) return 'stale';
  return undefined;
}
