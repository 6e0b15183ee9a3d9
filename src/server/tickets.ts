import { generate, type Rng, type RunningHash, type Secret } from '../../nocrypto/index.ts';
import { certificateTypeCodes } from '../codepoints.ts';
import type { ServerConfig } from '../config.ts';
import { greaseExtensions } from '../grease.ts';
import { resumptionSecret, ticketPsk } from '../key-schedule.ts';
import { MAX_TICKET_LIFETIME } from '../session.ts';
import { schemeCode } from '../signature-schemes.ts';
import { nothingShown, storedLength, storeShown } from '../stored-shown.ts';
import {
  encodeTicketState,
  STORED_SESSION_ID_LENGTH,
  sealTicket,
  TICKET_ENTROPY,
  type TicketState,
} from '../ticket.ts';
import { type Action, sendHandshake } from '../transition.ts';
import { shownType } from './own-proof.ts';
import type { Agreed, AwaitClientFinished, Flight, OwnProof } from './phase.ts';

/**
 * The tickets that end a handshake (RFC 9846 §4.7.1), each a sealed session, or the name of one that is stored first. None
 * that a client would refuse for its size. `transcript` ends with the client's Finished.
 */
export function tickets(
  config: ServerConfig,
  { sent: { flight, secrets }, peer }: AwaitClientFinished,
  transcript: RunningHash,
  now: number,
): { readonly actions: readonly Action[]; readonly rng: Rng } {
  const { crypto, maxEarlyData } = config;
  const { suite, facts, applicationProtocol } = flight.agreed;
  const issuedAt = Math.floor(now / 1000);
  const authenticatedAt = authenticationTime(flight, issuedAt);
  // However often a session is renewed: what began it was seen at most seven days ago.
  const lifetime = Math.min(config.ticketLifetime, authenticatedAt + MAX_TICKET_LIFETIME - issuedAt);
  const shown = peer === undefined ? nothingShown : storeShown(peer.shown);
  const count = ticketCount(config, flight.agreed, flight.own);
  if (count === 0 || storedLength(shown) > MOST_SHOWN || lifetime <= 0) {
    return { actions: [], rng: flight.rng };
  }
  const resumption = resumptionSecret(crypto, suite.hash, secrets.main, transcript.digest());
  const stateWith = (psk: Secret, ageAdd: number): TicketState => ({
    cipherSuite: suite.code,
    psk,
    group: 0,
    issuedAt,
    issuedAtMilliseconds: Math.floor(now % 1000),
    lifetime,
    ageAdd,
    maxEarlyData,
    applicationProtocol: applicationProtocol ?? '',
    authenticatedAt,
    serverName: facts.serverName ?? '',
    context: config.sessionContext,
    serverCertificateType: certificateTypeCodes[shownType(flight.own) ?? 'x509'],
    ...shown,
    signatureScheme: schemeCode(peer?.signatureScheme),
  });
  const { entropies, rng } = draw(
    flight.rng,
    count,
    AGE_ADD_LENGTH + TICKET_ENTROPY + (config.grease ? 1 : 0),
  );
  const made = entropies.map((entropy, index) => {
    const ticketNonce = Uint8Array.of(index);
    const ticketAgeAdd = new DataView(entropy.buffer, entropy.byteOffset).getUint32(0);
    const state = stateWith(ticketPsk(crypto, suite.hash, resumption, ticketNonce), ticketAgeAdd);
    const random = entropy.slice(AGE_ADD_LENGTH, AGE_ADD_LENGTH + TICKET_ENTROPY);
    const { ticket, store } = wrapSession(config, state, random);
    const message = sendHandshake({
      kind: 'newSessionTicket',
      body: {
        ticketLifetime: lifetime,
        ticketAgeAdd,
        ticketNonce,
        ticket,
        extensions: [
          ...(maxEarlyData === 0 ? [] : [{ name: 'earlyData', value: maxEarlyData } as const]),
          ...greaseExtensions(entropy.subarray(AGE_ADD_LENGTH + TICKET_ENTROPY)),
        ],
      },
    });
    return { store, message };
  });
  // Stored before any client can come back with one.
  const actions = [...made.flatMap(({ store }) => store), ...made.map(({ message }) => message)];
  return { actions, rng };
}

/**
 * How many tickets the client is to get: as many as this server gives, or as the client asks for (RFC 9149). None where an
 * external key took the place of certificates.
 */
export function ticketCount(config: ServerConfig, agreed: Agreed, own: OwnProof): number {
  const isExternal = own.kind === 'psk' && own.selected.source.kind === 'external';
  if (agreed.pskKeyExchangeMode === undefined || isExternal || !givesTickets(config)) return 0;
  if (agreed.ticketRequest === undefined) return config.ticketCount;
  const { newSessionCount, resumptionCount } = agreed.ticketRequest;
  return Math.min(own.kind === 'psk' ? resumptionCount : newSessionCount, config.limits.ticketsSent);
}

function givesTickets({ storedSessions, ticketCount: count, ticketKeys }: ServerConfig): boolean {
  return count > 0 && (storedSessions || ticketKeys.length > 0);
}

const AGE_ADD_LENGTH = 4;

/** Bytes in a ticket of what a client has shown: a client takes messages of some 16 KiB after the handshake. */
const MOST_SHOWN = 12 * 1024;

function authenticationTime({ own }: Flight, issuedAt: number): number {
  return own.kind === 'psk' && own.selected.source.kind === 'session'
    ? own.selected.source.authenticatedAt
    : issuedAt;
}

/** Drawn at once: every draw also moves the generator on. */
function draw(
  rng: Rng,
  count: number,
  each: number,
): { readonly entropies: readonly Uint8Array[]; readonly rng: Rng } {
  const drawn = generate(rng, count * each);
  const part = (index: number) => drawn.bytes.subarray(index * each, (index + 1) * each);
  return { entropies: Array.from({ length: count }, (_, index) => part(index)), rng: drawn.rng };
}

function wrapSession(
  config: ServerConfig,
  state: TicketState,
  random: Uint8Array,
): { readonly ticket: Uint8Array; readonly store: readonly Action[] } {
  const [key] = config.ticketKeys;
  if (key !== undefined && !config.storedSessions) {
    return { ticket: sealTicket(config.crypto, key, state, random), store: [] };
  }
  const id = random.slice(0, STORED_SESSION_ID_LENGTH);
  const session = encodeTicketState(state);
  const { lifetime } = state;
  return { ticket: id, store: [{ kind: 'storeSession', id: id.slice(), session, lifetime }] };
}
