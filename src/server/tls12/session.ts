import { generate, type Rng, type Secret, secret } from '../../../nocrypto/index.ts';
import { err, ok, type Result } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { findExtension } from '../../extensions.ts';
import { type Failure, misbehaved } from '../../failure.ts';
import { type ClientHello, RANDOM_LENGTH } from '../../messages.ts';
import type { PeerProof } from '../../peer-certificate.ts';
import { openTicket, type TicketState } from '../../ticket.ts';
import { keyBlock } from '../../tls12/key-schedule.ts';
import { type Tls12Suite, tls12SuiteOfCode } from '../../tls12/suites.ts';
import { extended, startTls12Transcript } from '../../tls12/transcript.ts';
import { logSecret, sendTls12Handshake, type Transition } from '../../transition.ts';
import { isCurrent, judgeSessionClient } from '../session-client.ts';
import { changeAndFinish } from './finished.ts';
import { serverHello, serverRandom } from './flight.ts';
import type { Tls12Offer, Tls12Secured } from './phase.ts';

// Sessions of TLS 1.2, carried by the clients in tickets (RFC 5077), and only under an extended master secret: without it
// a session could be one of two that a peer in the middle has made alike (RFC 7627 §5.3).

/** A session that this server can go on with. */
export interface FoundSession {
  readonly suite: Tls12Suite;
  readonly master: Secret;
  readonly peer: PeerProof | undefined;
}

/** The session in the client's ticket; undefined when a full handshake must do. */
export function findSession(
  config: ServerConfig,
  offer: Tls12Offer,
  hello: ClientHello,
  now: number,
): Result<FoundSession | undefined, Failure> {
  const ticket = findExtension(hello.extensions, 'sessionTicket') ?? new Uint8Array(0);
  const state = ticket.length === 0 ? undefined : openTicket(config.crypto, config.ticketKeys, ticket);
  const suite = state && tls12SuiteOfCode(state.cipherSuite);
  if (state === undefined || suite === undefined || !isUsable(config, offer, state, suite, now)) {
    return ok(undefined);
  }
  if (!offer.extendedMasterSecret) {
    return err(
      misbehaved(
        'extended-master-secret-changed-on-resumption',
        'the session began with it, the client has dropped it',
      ),
    );
  }
  const client = judgeSessionClient(config, state, now);
  // To ask costs a state of its own: a full handshake asks, too.
  if (client.kind !== 'known') return ok(undefined);
  return ok({ suite, master: secret(state.psk), peer: client.peer });
}

/** The abbreviated handshake (RFC 5246 §7.3): no certificate, no key exchange, and the server finishes first. */
export function resumeSession(
  config: ServerConfig,
  offer: Tls12Offer,
  { suite, master, peer }: FoundSession,
  { legacySessionId }: ClientHello,
  raw: Uint8Array,
  rng: Rng,
): Transition {
  const { crypto } = config;
  const drawn = generate(rng, RANDOM_LENGTH);
  const randoms = { client: offer.clientRandom, server: serverRandom(config, drawn.bytes) };
  const keys = keyBlock(crypto, suite, master, randoms);
  const secured: Tls12Secured = {
    offer,
    suite,
    randoms,
    master,
    keys,
    group: undefined,
    own: undefined,
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
    actions: [ownHello, logSecret('CLIENT_RANDOM', randoms.client, master), ...ending.actions],
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
