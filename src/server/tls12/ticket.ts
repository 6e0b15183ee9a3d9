import { generate } from '../../../nocrypto/index.ts';
import { certificateTypeCodes } from '../../codepoints.ts';
import type { ServerConfig } from '../../config.ts';
import { groupCode } from '../../groups.ts';
import type { PeerProof } from '../../peer-certificate.ts';
import { schemeCode } from '../../signature-schemes.ts';
import { nothingShown, storedLength, storeShown } from '../../stored-shown.ts';
import { encodeTicketState, sealTicket, TICKET_ENTROPY, type TicketState } from '../../ticket.ts';
import type { Tls12Suite } from '../../tls12/suites.ts';
import { type Action, type SendHandshake, sendTls12Handshake } from '../../transition.ts';
import type { Tls12Offer, Tls12Secured } from './phase.ts';

/** Whether a full handshake ends with a NewSessionTicket: the ServerHello has to say so before (RFC 5077 §3.2). */
export function issuesTicket(config: ServerConfig, offer: Tls12Offer, suite: Tls12Suite): boolean {
  const { ticketKeys, storedSessions } = config;
  return offer.acceptsTickets && !storedSessions && ticketKeys.length > 0 && isKept(config, offer, suite);
}

/** Whether the ServerHello gives the session a name, under which it is stored when the handshake is over. */
export function isStored(config: ServerConfig, offer: Tls12Offer, suite: Tls12Suite): boolean {
  return config.storedSessions && isKept(config, offer, suite);
}

function isKept(
  { ticketCount }: ServerConfig,
  { extendedMasterSecret }: Tls12Offer,
  { keyExchange }: Tls12Suite,
): boolean {
  // What began without forward secrecy would go on without.
  return ticketCount > 0 && extendedMasterSecret && keyExchange !== 'rsa';
}

/** RFC 5077 §3.3. There is one ticket; an empty one takes the announcement back. */
export function ticketMessage(
  config: ServerConfig,
  secured: Tls12Secured,
  peer: PeerProof | undefined,
  now: number,
): SendHandshake | undefined {
  const { crypto, ticketLifetime } = config;
  const [key] = config.ticketKeys;
  const { offer, suite, rng } = secured;
  if (key === undefined || !issuesTicket(config, offer, suite)) return undefined;
  const state = sessionState(config, secured, peer, now);
  const ticket =
    storedLength(state) > MOST_SHOWN
      ? new Uint8Array(0)
      : sealTicket(crypto, key, state, generate(rng, TICKET_ENTROPY).bytes);
  return sendTls12Handshake({
    kind: 'tls12NewSessionTicket',
    body: { ticketLifetimeHint: ticketLifetime, ticket },
  });
}

/** The effect that keeps a session under the name that the client knows, if it has one. */
export function storing(storedAs: Uint8Array | undefined, state: TicketState): readonly Action[] {
  if (storedAs === undefined) return [];
  const { lifetime } = state;
  return [{ kind: 'storeSession', id: storedAs.slice(), session: encodeTicketState(state), lifetime }];
}

/** What is kept of a full handshake. */
export function sessionState(
  { ticketLifetime, sessionContext }: ServerConfig,
  { offer, suite, master, group }: Tls12Secured,
  peer: PeerProof | undefined,
  now: number,
): TicketState {
  const shown = peer === undefined ? nothingShown : storeShown(peer.shown);
  const issuedAt = Math.floor(now / 1000);
  return {
    cipherSuite: suite.code,
    psk: master,
    group: group === undefined ? 0 : groupCode(group),
    issuedAt,
    issuedAtMilliseconds: Math.floor(now % 1000),
    lifetime: ticketLifetime,
    ageAdd: 0,
    maxEarlyData: 0,
    applicationProtocol: '',
    authenticatedAt: issuedAt,
    serverName: offer.facts.serverName ?? '',
    context: sessionContext,
    serverCertificateType: certificateTypeCodes.x509,
    ...shown,
    signatureScheme: schemeCode(peer?.signatureScheme),
  };
}

/** Bytes in a ticket of what the client has shown: it has to send them in its ClientHello. */
const MOST_SHOWN = 12 * 1024;
