import type { RunningHash } from '../../nocrypto/index.ts';
import { err, ok, type Result } from '../../x509/index.ts';
import type { ServerConfig } from '../config.ts';
import { findExtension } from '../extensions.ts';
import { type Failure, incompatible, misbehaved, misuse } from '../failure.ts';
import { acceptVerdict } from '../peer-certificate.ts';
import type { Response } from '../request.ts';
import { listed } from '../text.ts';
import { startTranscript } from '../transcript.ts';
import type { Transition } from '../transition.ts';
import { proceedWithCredential } from './credential.ts';
import { proceedWithPsk, skippingEarlyData } from './early-data.ts';
import type { Agreed, AwaitSession, AwaitSessionVerdict, Undecided } from './phase.ts';
import { chooseJudged, choosePsk, choosePskFrom, chooseStored, type PskChoice } from './psk.ts';

/** The hello is read: on with a PSK that both know, else with a certificate. */
export function proceed(config: ServerConfig, undecided: Undecided): Transition {
  return follow(config, undecided, choosePsk(config, undecided.offer));
}

/** The store has been asked. */
export function answerSessionLookup(
  config: ServerConfig,
  { undecided, index }: AwaitSession,
  response: Response,
): Transition {
  if (response.kind === 'refusal') return err(misuse('session-lookup-refused', response.reason));
  if (response.kind !== 'sessionLookup') {
    throw new TypeError(`the connection awaits a session, not a ${response.kind}`);
  }
  return follow(config, undecided, chooseStored(config, undecided.offer, index, response.session));
}

/** The caller has decided about a session's client. One that is nobody any more may show another certificate. */
export function answerSessionVerdict(
  config: ServerConfig,
  { undecided, session }: AwaitSessionVerdict,
  response: Response,
): Transition {
  if (response.kind === 'refusal') return err(misuse('verdict-refused', response.reason));
  const peer = acceptVerdict(session.proof, response);
  const choice = peer.ok
    ? ok<PskChoice>({ kind: 'selected', selected: chooseJudged(session, peer.value) })
    : choosePskFrom(config, undecided.offer, session.selected.index + 1);
  return follow(config, undecided, choice);
}

function follow(config: ServerConfig, undecided: Undecided, choice: Result<PskChoice, Failure>): Transition {
  if (!choice.ok) return choice;
  const { agreed, offer, rng } = undecided;
  switch (choice.value.kind) {
    case 'lookUp': {
      const { index, id } = choice.value;
      return ok({
        phase: { kind: 'awaitSession', undecided, index },
        actions: [{ kind: 'request', request: { kind: 'sessionLookup', id } }],
      });
    }
    case 'verdict': {
      const { session, request } = choice.value;
      return ok({
        phase: { kind: 'awaitSessionVerdict', undecided, session },
        actions: [{ kind: 'request', request }],
      });
    }
    case 'selected': {
      const transcript = transcriptOf(config, undecided);
      return settlingEarlyData(
        config,
        agreed,
        proceedWithPsk(config, agreed, choice.value.selected, transcript, rng, offer.now),
      );
    }
    case 'none':
      return settlingEarlyData(config, agreed, proceedWithoutPsk(config, undecided));
  }
}

function proceedWithoutPsk(config: ServerConfig, undecided: Undecided): Transition {
  const { agreed, offer, rng } = undecided;
  if (config.credentials.length === 0) {
    return err(incompatible('no-common-psk', 'and this server has nothing else to show'));
  }
  if (agreed.clientShare === undefined) {
    return err(incompatible('no-common-group', 'and no PSK that could do without'));
  }
  if (findExtension(offer.hello.extensions, 'signatureAlgorithms') === undefined) {
    return err(misbehaved('missing-extension', 'ClientHello without signatureAlgorithms'));
  }
  if (config.clientAuthentication !== undefined && agreed.certificateTypes.clientType === undefined) {
    const { clientCertificateTypes } = agreed.facts;
    const { peerCertificateTypes } = config.clientAuthentication;
    return err(
      incompatible(
        'no-common-certificate-type',
        `the client can show ${listed(clientCertificateTypes)}, not ${listed(peerCertificateTypes)}`,
      ),
    );
  }
  return proceedWithCredential(config, agreed, transcriptOf(config, undecided), rng);
}

/** Early data that came with this hello is dropped, unless it may still be taken. After a retry there is none. */
function settlingEarlyData(config: ServerConfig, agreed: Agreed, transition: Transition): Transition {
  const isOpen = transition.ok && transition.value.phase.kind === 'awaitReplayCheck';
  return agreed.earlyData.kind === 'notOffered' || agreed.helloRetryRequest || isOpen
    ? transition
    : skippingEarlyData(config, transition);
}

/** Up to the ClientHello. */
function transcriptOf({ crypto }: ServerConfig, { offer: { before, raw, suite } }: Undecided): RunningHash {
  return before === undefined ? startTranscript(crypto, suite.hash, raw) : before.update(raw);
}
