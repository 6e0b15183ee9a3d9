import { generate, secret } from '../../../nocrypto/index.ts';
import { err, ok } from '../../../x509/index.ts';
import { groupCodes, nameOf } from '../../codepoints.ts';
import type { ServerConfig } from '../../config.ts';
import { findExtension } from '../../extensions.ts';
import { misbehaved, misuse } from '../../failure.ts';
import { RANDOM_LENGTH } from '../../messages.ts';
import { acceptVerdict, type PeerProof } from '../../peer-certificate.ts';
import type { Response } from '../../request.ts';
import { decodeTicketState, openTicket, STORED_SESSION_ID_LENGTH, type TicketState } from '../../ticket.ts';
import { keyBlock } from '../../tls12/key-schedule.ts';
import { type Tls12Suite, tls12SuiteOfCode } from '../../tls12/suites.ts';
import { extended, startTls12Transcript } from '../../tls12/transcript.ts';
import { logSecret, sendTls12Handshake, type Transition } from '../../transition.ts';
import { isCurrent, judgeSessionClient } from '../session-client.ts';
import { proceedWithTls12Credential } from './credential.ts';
import { changeAndFinish } from './finished.ts';
import { serverHello, serverRandom } from './flight.ts';
import type {
  Tls12AwaitSession,
  Tls12AwaitSessionVerdict,
  Tls12Offer,
  Tls12Resumable,
  Tls12Secured,
  Tls12Undecided,
} from './phase.ts';
import { limitsAtOnce } from './record-sizes.ts';

// Sessions of TLS 1.2, carried by the clients in tickets (RFC 5077) or kept in a store under a session id, and only under
// an extended master secret: without it a session could be one of two that a peer in the middle has made alike (RFC 7627
// §5.3).

/** On with a session that the client brings or names, else with a certificate. */
export function proceed(config: ServerConfig, undecided: Tls12Undecided): Transition {
  const { extensions, legacySessionId } = undecided.hello;
  const ticket = findExtension(extensions, 'sessionTicket') ?? new Uint8Array(0);
  const state = ticket.length === 0 ? undefined : openTicket(config.crypto, config.ticketKeys, ticket);
  if (state !== undefined) return tryState(config, undecided, state, undefined);
  if (!config.storedSessions || legacySessionId.length !== STORED_SESSION_ID_LENGTH) {
    return proceedWithTls12Credential(config, undecided);
  }
  return ok({
    phase: { kind: 'tls12AwaitSession', undecided },
    actions: [{ kind: 'request', request: { kind: 'sessionLookup', id: legacySessionId.slice() } }],
  });
}

/** The store has been asked. */
export function answerTls12SessionLookup(
  config: ServerConfig,
  { undecided }: Tls12AwaitSession,
  response: Response,
): Transition {
  if (response.kind === 'refusal') return err(misuse('session-lookup-refused', response.reason));
  if (response.kind !== 'sessionLookup') {
    throw new TypeError(`the connection awaits a session, not a ${response.kind}`);
  }
  const state = response.session && decodeTicketState(response.session);
  return state === undefined
    ? proceedWithTls12Credential(config, undecided)
    : tryState(config, undecided, state, undecided.hello.legacySessionId);
}

/** The caller has decided about the session's client. One that is nobody any more may show another certificate. */
export function answerTls12SessionVerdict(
  config: ServerConfig,
  { undecided, resumable, proof }: Tls12AwaitSessionVerdict,
  response: Response,
): Transition {
  if (response.kind === 'refusal') return err(misuse('verdict-refused', response.reason));
  const peer = acceptVerdict(proof, response);
  return peer.ok
    ? resumeSession(config, undecided, resumable, peer.value)
    : proceedWithTls12Credential(config, undecided);
}

function tryState(
  config: ServerConfig,
  undecided: Tls12Undecided,
  state: TicketState,
  storedAs: Uint8Array | undefined,
): Transition {
  const { offer, now } = undecided;
  const suite = tls12SuiteOfCode(state.cipherSuite);
  if (suite === undefined || !isUsable(config, offer, state, suite, now)) {
    return proceedWithTls12Credential(config, undecided);
  }
  if (!offer.extendedMasterSecret) {
    return err(
      misbehaved(
        'extended-master-secret-changed-on-resumption',
        'the session began with it, the client has dropped it',
      ),
    );
  }
  const resumable = { suite, state, storedAs };
  const client = judgeSessionClient(config, state, now);
  switch (client.kind) {
    case 'unknown':
      return proceedWithTls12Credential(config, undecided);
    case 'known':
      return resumeSession(config, undecided, resumable, client.peer);
    case 'asked':
      return ok({
        phase: { kind: 'tls12AwaitSessionVerdict', undecided, resumable, proof: client.proof },
        actions: [{ kind: 'request', request: client.request }],
      });
  }
}

/** The abbreviated handshake (RFC 5246 §7.3): no certificate, no key exchange, and the server finishes first. */
function resumeSession(
  config: ServerConfig,
  { offer, hello: { legacySessionId }, raw, rng }: Tls12Undecided,
  { suite, state, storedAs }: Tls12Resumable,
  peer: PeerProof | undefined,
): Transition {
  const { crypto } = config;
  const master = secret(state.psk);
  const drawn = generate(rng, RANDOM_LENGTH);
  const randoms = { client: offer.clientRandom, server: serverRandom(config, drawn.bytes) };
  const keys = keyBlock(crypto, suite, master, randoms);
  const secured: Tls12Secured = {
    offer,
    suite,
    randoms,
    master,
    keys,
    group: nameOf(groupCodes, state.group),
    own: undefined,
    storedAs,
    resumed: state,
    rng: drawn.rng,
  };
  const greeting = { suite, random: randoms.server, sessionId: legacySessionId };
  const ownHello = sendTls12Handshake(serverHello(config, offer, greeting, undefined));
  const transcript = startTls12Transcript(crypto, suite, [raw, ownHello.raw]);
  const ending = changeAndFinish(config, secured, transcript);
  return ok({
    phase: {
      kind: 'tls12AwaitClientChangeCipherSpec',
      secured,
      peer,
      firstVerifyData: ending.verifyData,
      transcript: extended(transcript, ending.finished.raw),
    },
    actions: [
      ...limitsAtOnce(offer.recordSizes),
      ownHello,
      logSecret('CLIENT_RANDOM', randoms.client, master),
      ...ending.actions,
    ],
  });
}

/** A session goes on only under the suite it began with. */
function isUsable(
  config: ServerConfig,
  { facts }: Tls12Offer,
  state: TicketState,
  { name }: Tls12Suite,
  now: number,
): boolean {
  return (
    config.tls12CipherSuites.includes(name) &&
    facts.cipherSuites.includes(name) &&
    isCurrent(config, state, facts.serverName, now)
  );
}
