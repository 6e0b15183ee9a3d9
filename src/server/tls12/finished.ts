import { err, ok } from '../../../x509/index.ts';
import type { ServerConfig } from '../../config.ts';
import { notOffered } from '../../early-data.ts';
import type { Tls12Facts } from '../../effect.ts';
import { endPointOf } from '../../exporter.ts';
import { misbehaved } from '../../failure.ts';
import type { Finished } from '../../messages.ts';
import { ownFacts } from '../../own-certificate.ts';
import { type PeerProof, peerFacts } from '../../peer-certificate.ts';
import type { Tls12Established } from '../../state.ts';
import { verifyData } from '../../tls12/key-schedule.ts';
import { tls12Keys } from '../../tls12/record.ts';
import { extended, type Tls12Transcript } from '../../tls12/transcript.ts';
import { type Action, type SendHandshake, sendTls12Handshake, type Transition } from '../../transition.ts';
import type { Tls12AwaitClientChangeCipherSpec, Tls12AwaitClientFinished, Tls12Secured } from './phase.ts';
import { limitsUnderKeys } from './record-sizes.ts';
import { sessionState, storing, ticketMessage } from './ticket.ts';

/** RFC 5246 §7.1: what the client sends from here on is protected. */
export function answerClientChangeCipherSpec(
  config: ServerConfig,
  phase: Tls12AwaitClientChangeCipherSpec,
): Transition {
  const { offer, suite, keys } = phase.secured;
  const clientKeys = tls12Keys(config.crypto, suite, keys.client, offer.encryptThenMac);
  const protection = { keys: clientKeys, sequence: 0 };
  return ok({
    phase: { ...phase, kind: 'tls12AwaitClientFinished' },
    actions: [{ kind: 'changeCipher', direction: 'received', protection }],
  });
}

/** §7.4.9: the client has seen what we have seen. */
export function answerTls12ClientFinished(
  config: ServerConfig,
  phase: Tls12AwaitClientFinished,
  message: Finished,
  raw: Uint8Array,
  now: number,
): Transition {
  const { crypto } = config;
  const { secured, peer, firstVerifyData } = phase;
  const { suite, master } = secured;
  const expected = verifyData(crypto, suite, master, 'client', phase.transcript.hash.digest());
  if (!crypto.equal(expected, message.verifyData)) {
    return err(misbehaved('bad-finished', 'the client Finished does not match what this side has seen'));
  }
  // A session that goes on is finished by the server first.
  const isResumed = firstVerifyData !== undefined;
  const rest = isResumed
    ? keepStored(secured, now)
    : finish(config, secured, peer, extended(phase.transcript, raw), now);
  const facts = serverFacts(secured, peer, isResumed);
  return ok({
    phase: established(secured, facts, firstVerifyData ?? expected),
    actions: [...rest, { kind: 'established', facts }],
  });
}

/** NewSessionTicket, where the ServerHello has announced one; change_cipher_spec; Finished. */
function finish(
  config: ServerConfig,
  secured: Tls12Secured,
  peer: PeerProof | undefined,
  transcript: Tls12Transcript,
  now: number,
): readonly Action[] {
  const ticket = ticketMessage(config, secured, peer, now);
  const covered = ticket === undefined ? transcript : extended(transcript, ticket.raw);
  return [
    // Stored before the client can come back with it.
    ...storing(secured.storedAs, sessionState(config, secured, peer, now)),
    ...(ticket === undefined ? [] : [ticket]),
    ...changeAndFinish(config, secured, covered).actions,
  ];
}

/** The store has forgotten what it gave, and a client of TLS 1.2 goes on using the name: for as long as it was meant to. */
function keepStored({ storedAs, resumed }: Tls12Secured, now: number): readonly Action[] {
  if (resumed === undefined) return [];
  const lifetime = resumed.lifetime - (Math.floor(now / 1000) - resumed.issuedAt);
  return lifetime > 0 ? storing(storedAs, { ...resumed, lifetime, issuedAt: Math.floor(now / 1000) }) : [];
}

/** What ends this side's part: its keys are in force, and its Finished is the first thing under them. */
export interface Ending {
  readonly actions: readonly Action[];
  readonly finished: SendHandshake;
  readonly verifyData: Uint8Array;
}

export function changeAndFinish(
  config: ServerConfig,
  { offer, suite, master, keys }: Tls12Secured,
  transcript: Tls12Transcript,
): Ending {
  const { crypto } = config;
  const data = verifyData(crypto, suite, master, 'server', transcript.hash.digest());
  const finished = sendTls12Handshake({ kind: 'finished', body: { verifyData: data } });
  const protection = { keys: tls12Keys(crypto, suite, keys.server, offer.encryptThenMac), sequence: 0 };
  return {
    actions: [
      { kind: 'sendChangeCipherSpec' },
      ...limitsUnderKeys(offer.recordSizes),
      { kind: 'changeCipher', direction: 'sent', protection },
      finished,
    ],
    finished,
    verifyData: data,
  };
}

function established(
  { suite, offer, master, randoms }: Tls12Secured,
  facts: Tls12Facts,
  firstVerifyData: Uint8Array,
): Tls12Established {
  return {
    kind: 'established',
    version: '1.2',
    suite,
    endPoint: endPointOf(facts.ownCertificate),
    bound: offer.extendedMasterSecret ? { master, randoms, firstVerifyData } : undefined,
  };
}

function serverFacts(secured: Tls12Secured, peer: PeerProof | undefined, resumed: boolean): Tls12Facts {
  const { offer, suite, group, own } = secured;
  return {
    version: 'TLS 1.2',
    role: 'server',
    cipherSuite: suite.name,
    group,
    extendedMasterSecret: offer.extendedMasterSecret,
    ...ownFacts(own),
    ...peerFacts(peer),
    applicationProtocol: offer.applicationProtocol,
    serverName: offer.facts.serverName,
    rawExtensions: offer.rawExtensions,
    resumed,
    externalIdentity: undefined,
    recordSizes: offer.recordSizes?.sizes,
    earlyData: notOffered,
    helloRetryRequest: false,
    encryptedClientHello: false,
    clientRandom: offer.clientRandom.slice(),
  };
}
