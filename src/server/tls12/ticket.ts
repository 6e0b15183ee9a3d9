import { generate } from '../../../nocrypto/index.ts';
import { certificateTypeCodes } from '../../codepoints.ts';
import type { ServerConfig } from '../../config.ts';
import type { PeerProof } from '../../peer-certificate.ts';
import { schemeCode } from '../../signature-schemes.ts';
import { nothingShown, storedLength, storeShown } from '../../stored-shown.ts';
import { sealTicket, TICKET_ENTROPY, type TicketState } from '../../ticket.ts';
import type { Tls12Suite } from '../../tls12/suites.ts';
import { type SendHandshake, sendTls12Handshake } from '../../transition.ts';
import type { Tls12Offer, Tls12Secured } from './phase.ts';

/** Whether a full handshake ends with a NewSessionTicket: the ServerHello has to say so before (RFC 5077 §3.2). */
export function issuesTicket(
  { ticketKeys, ticketCount }: ServerConfig,
  { acceptsTickets, extendedMasterSecret }: Tls12Offer,
  { keyExchange }: Tls12Suite,
): boolean {
  // What began without forward secrecy would go on without.
  if (keyExchange === 'rsa') return false;
  return ticketKeys.length > 0 && ticketCount > 0 && acceptsTickets && extendedMasterSecret;
}

/** RFC 5077 §3.3. There is one ticket; an empty one takes the announcement back. */
export function ticketMessage(
  config: ServerConfig,
  { offer, suite, master, rng }: Tls12Secured,
  peer: PeerProof | undefined,
  now: number,
): SendHandshake | undefined {
  const { crypto, ticketLifetime } = config;
  const [key] = config.ticketKeys;
  if (key === undefined || !issuesTicket(config, offer, suite)) return undefined;
  const shown = peer === undefined ? nothingShown : storeShown(peer.shown);
  const issuedAt = Math.floor(now / 1000);
  const state: TicketState = {
    cipherSuite: suite.code,
    psk: master,
    issuedAt,
    issuedAtMilliseconds: Math.floor(now % 1000),
    lifetime: ticketLifetime,
    ageAdd: 0,
    maxEarlyData: 0,
    applicationProtocol: '',
    authenticatedAt: issuedAt,
    serverName: offer.facts.serverName ?? '',
    context: config.sessionContext,
    serverCertificateType: certificateTypeCodes.x509,
    ...shown,
    signatureScheme: schemeCode(peer?.signatureScheme),
  };
  const ticket =
    storedLength(shown) > MOST_SHOWN
      ? new Uint8Array(0)
      : sealTicket(crypto, key, state, generate(rng, TICKET_ENTROPY).bytes);
  return sendTls12Handshake({
    kind: 'tls12NewSessionTicket',
    body: { ticketLifetimeHint: ticketLifetime, ticket },
  });
}

/** Bytes in a ticket of what the client has shown: it has to send them in its ClientHello. */
const MOST_SHOWN = 12 * 1024;
