import { type CryptoProvider, type Secret, secret } from '../nocrypto/index.ts';
import { isSame } from './bytes.ts';
import { type StoredShown, storedShownFields } from './stored-shown.ts';
import { type Codec, decode, encode, opaque, struct, text, uint8, uint16, uint32 } from './wire/codec.ts';

// A server's sessions, carried by its clients (RFC 9846 §4.7.1, after RFC 5077 §4): sealed under keys that many servers
// can share, and that nobody else can read or make.

/** A key that seals tickets. Only its holders can resume; whoever learns it can read what is resumed without (EC)DHE. */
export interface TicketKey {
  /** Finds the key again: {@link TICKET_KEY_NAME_LENGTH} bytes, visible in the ticket. */
  readonly name: Uint8Array;
  /** {@link TICKET_KEY_LENGTH} bytes. */
  readonly secret: Secret;
}

/** The first seals, all of them open. Rotate by {@link rotateTicketKeys}, on every server with the same entropy. */
export type TicketKeys = readonly TicketKey[];

export const TICKET_KEY_NAME_LENGTH = 16;
export const TICKET_KEY_LENGTH = 32;

/** Bytes of entropy for {@link rotateTicketKeys}. */
export const TICKET_KEY_ENTROPY = TICKET_KEY_NAME_LENGTH + TICKET_KEY_LENGTH;

/** A new key in front of those that still open tickets; the oldest beyond `keep` are forgotten. */
export function rotateTicketKeys(keys: TicketKeys, entropy: Uint8Array, keep = 2): TicketKeys {
  if (entropy.length !== TICKET_KEY_ENTROPY)
    throw new RangeError(`entropy must have ${TICKET_KEY_ENTROPY} bytes`);
  const name = entropy.slice(0, TICKET_KEY_NAME_LENGTH);
  return [{ name, secret: secret(entropy.slice(TICKET_KEY_NAME_LENGTH)) }, ...keys].slice(0, keep);
}

/** What a ticket holds. */
export interface TicketState extends StoredShown {
  readonly cipherSuite: number;
  /** The PSK of TLS 1.3, the master secret of TLS 1.2: the suite belongs to one of them. */
  readonly psk: Uint8Array;
  /** In TLS 1.2, how keys were exchanged when the session began; 0 otherwise. */
  readonly group: number;
  /** Seconds since the Unix epoch, and the milliseconds beyond. */
  readonly issuedAt: number;
  readonly issuedAtMilliseconds: number;
  /** Seconds. */
  readonly lifetime: number;
  /** When the client was last authenticated otherwise than by a session; seconds since the Unix epoch. */
  readonly authenticatedAt: number;
  /** ticket_age_add: takes the veil off the age that the client tells. */
  readonly ageAdd: number;
  /** Bytes of early data that the client may send with it; 0 for none. */
  readonly maxEarlyData: number;
  /** Empty for none. */
  readonly applicationProtocol: string;
  readonly serverName: string;
  /** Of the configuration that issued it (`sessionContext`): another one must not resume it. */
  readonly context: Uint8Array;
  /** CertificateType of what the server showed. */
  readonly serverCertificateType: number;
  /** 0 for an anonymous client. */
  readonly signatureScheme: number;
}

/** Bytes of entropy for {@link sealTicket}. */
export const TICKET_ENTROPY = 32;

/**
 * Name ‖ salt ‖ sealed state. Each ticket has a key of its own, made from a random salt, so that no number of servers
 * sharing a key can use a nonce twice.
 */
export function sealTicket(
  crypto: CryptoProvider,
  key: TicketKey,
  state: TicketState,
  salt: Uint8Array,
): Uint8Array {
  const plaintext = encodeTicketState(state);
  const aead = crypto.aeads[TICKET_AEAD];
  const ticket = new Uint8Array(HEADER_LENGTH + plaintext.length + aead.tagLength);
  ticket.set(key.name);
  ticket.set(salt, TICKET_KEY_NAME_LENGTH);
  const header = ticket.subarray(0, HEADER_LENGTH);
  ticketKey(crypto, key, salt).seal(
    new Uint8Array(aead.nonceLength),
    header,
    plaintext,
    ticket,
    HEADER_LENGTH,
  );
  return ticket;
}

/** The state in a ticket of ours; undefined for every other string of bytes. */
export function openTicket(
  crypto: CryptoProvider,
  keys: TicketKeys,
  ticket: Uint8Array,
): TicketState | undefined {
  const aead = crypto.aeads[TICKET_AEAD];
  const key = keys.find(({ name }) => isSame(name, ticket.subarray(0, TICKET_KEY_NAME_LENGTH)));
  if (key === undefined || ticket.length < HEADER_LENGTH + aead.tagLength) return undefined;
  const header = ticket.subarray(0, HEADER_LENGTH);
  const plaintext = new Uint8Array(ticket.length - HEADER_LENGTH - aead.tagLength);
  const opened = ticketKey(crypto, key, header.subarray(TICKET_KEY_NAME_LENGTH)).open(
    new Uint8Array(aead.nonceLength),
    header,
    ticket.subarray(HEADER_LENGTH),
    plaintext,
    0,
  );
  if (!opened) return undefined;
  return decodeTicketState(plaintext);
}

/** Bytes of a name for a stored session: too many to guess. */
export const STORED_SESSION_ID_LENGTH = 32;

/** What a ticket holds, in the clear. */
export function encodeTicketState(state: TicketState): Uint8Array {
  return encode(storedState, { format: FORMAT, ...state });
}

/** What {@link encodeTicketState} wrote; undefined for every other string of bytes. */
export function decodeTicketState(bytes: Uint8Array): TicketState | undefined {
  // A copy: a store may reuse its buffers.
  const state = decode(storedState, Uint8Array.from(bytes));
  return state.ok && state.value.format === FORMAT ? state.value : undefined;
}

const TICKET_AEAD = 'aes-256-gcm';
const HEADER_LENGTH = TICKET_KEY_NAME_LENGTH + TICKET_ENTROPY;
const FORMAT = 3;

function ticketKey(crypto: CryptoProvider, key: TicketKey, salt: Uint8Array) {
  const extracted = crypto.hkdfExtract('sha256', salt, key.secret);
  const info = new TextEncoder().encode('pure-tls ticket');
  return crypto.aeads[TICKET_AEAD].prepare(crypto.hkdfExpand('sha256', extracted, info, 32));
}

interface StoredState extends TicketState {
  readonly format: number;
}

const storedState: Codec<StoredState> = struct<StoredState>({
  format: uint8,
  cipherSuite: uint16,
  psk: opaque(32, 64),
  group: uint16,
  issuedAt: uint32,
  issuedAtMilliseconds: uint16,
  lifetime: uint32,
  authenticatedAt: uint32,
  ageAdd: uint32,
  maxEarlyData: uint32,
  applicationProtocol: text(0, 255),
  serverName: text(0, 255),
  context: opaque(0, 255),
  serverCertificateType: uint8,
  ...storedShownFields,
  signatureScheme: uint16,
});
