import { generate, type RunningHash } from '../../nocrypto/index.ts';
import { err, ok } from '../../x509/index.ts';
import { certificateTypeCodes } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import type { Facts } from '../effect.ts';
import { endPointOf } from '../exporter.ts';
import { misbehaved } from '../failure.ts';
import { greaseExtensions } from '../grease.ts';
import { finishedVerifyData, resumptionSecret, ticketPsk } from '../key-schedule.ts';
import type { Finished } from '../messages.ts';
import { ownFacts } from '../own-certificate.ts';
import { peerFacts, shownBytes } from '../peer-certificate.ts';
import { signatureSchemes } from '../signature-schemes.ts';
import { sealTicket, TICKET_ENTROPY } from '../ticket.ts';
import { type SendHandshake, sendHandshake, type Transition } from '../transition.ts';
import { shownType } from './flight.ts';
import type { AwaitClientFinished } from './phase.ts';

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
  return ok({
    phase: {
      kind: 'established',
      version: '1.3',
      suite,
      exporterSecret: secrets.exporter,
      earlyExporterSecret: flight.own.kind === 'psk' ? flight.own.earlyExporterSecret : undefined,
      endPoint: endPointOf(facts.ownCertificate),
      resumable: undefined,
    },
    actions: [
      { kind: 'protectReads', suite, secret: secrets.clientApplicationTraffic, epoch: 'application' },
      { kind: 'established', facts },
      ...tickets(config, phase, phase.transcript.update(raw), now),
    ],
  });
}

/**
 * §4.7.1. None where an external key took the place of certificates, and none that a client would refuse for its size.
 */
function tickets(
  config: ServerConfig,
  { sent, peer }: AwaitClientFinished,
  transcript: RunningHash,
  now: number,
): readonly SendHandshake[] {
  const { crypto, ticketCount, ticketLifetime, maxEarlyData } = config;
  const { flight, secrets } = sent;
  const { suite, facts, acceptsTickets, applicationProtocol } = flight.agreed;
  const [key] = config.ticketKeys;
  const certificates = peer === undefined ? [] : shownBytes(peer.shown);
  const isExternal = flight.own.kind === 'psk' && flight.own.selected.source.kind === 'external';
  const size = certificates.reduce((sum, { length }) => sum + length, 0);
  if (key === undefined || !acceptsTickets || isExternal || size > MOST_CERTIFICATES) return [];
  const resumption = resumptionSecret(crypto, suite.hash, secrets.main, transcript.digest());
  const each = AGE_ADD_LENGTH + TICKET_ENTROPY;
  const greaseAt = ticketCount * each;
  const drawn = generate(flight.rng, greaseAt + (config.grease ? ticketCount : 0)).bytes;
  return Array.from({ length: ticketCount }, (_, index) => {
    const entropy = drawn.subarray(index * each, (index + 1) * each);
    const ticketNonce = Uint8Array.of(index);
    const ticketAgeAdd = new DataView(entropy.buffer, entropy.byteOffset).getUint32(0);
    const state = {
      cipherSuite: suite.code,
      psk: ticketPsk(crypto, suite.hash, resumption, ticketNonce),
      issuedAt: Math.floor(now / 1000),
      issuedAtMilliseconds: Math.floor(now % 1000),
      lifetime: ticketLifetime,
      ageAdd: ticketAgeAdd,
      maxEarlyData,
      applicationProtocol: applicationProtocol ?? '',
      serverName: facts.serverName ?? '',
      context: config.sessionContext,
      serverCertificateType: certificateTypeCodes[shownType(flight.own) ?? 'x509'],
      certificateType: certificateTypeCodes[peer?.shown.certificateType ?? 'x509'],
      certificates,
      signatureScheme: peer === undefined ? 0 : signatureSchemes[peer.signatureScheme].code,
    };
    return sendHandshake({
      kind: 'newSessionTicket',
      body: {
        ticketLifetime,
        ticketAgeAdd,
        ticketNonce,
        ticket: sealTicket(crypto, key, state, entropy.slice(AGE_ADD_LENGTH)),
        extensions: [
          ...(maxEarlyData === 0 ? [] : [{ name: 'earlyData', value: maxEarlyData } as const]),
          ...greaseExtensions(drawn.subarray(greaseAt + index, greaseAt + index + 1)),
        ],
      },
    });
  });
}

const AGE_ADD_LENGTH = 4;

/** Bytes of a client's chain in a ticket: a client takes messages of some 16 KiB after the handshake. */
const MOST_CERTIFICATES = 12 * 1024;

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
