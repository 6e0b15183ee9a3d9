import { type Secret, secret } from '../nocrypto/index.ts';
import { err, ok, type Result } from '../x509/index.ts';
import { cipherSuiteOfCode, cipherSuites, type SuiteHash } from './cipher-suites.ts';
import type { CipherSuiteName, SignatureSchemeName } from './codepoints.ts';
import { signatureSchemeOfCode, signatureSchemes } from './signature-schemes.ts';
import {
  type Codec,
  decode,
  encode,
  opaque,
  struct,
  text,
  uint8,
  uint16,
  uint32,
  vector,
} from './wire/codec.ts';

/**
 * What a client keeps of a connection to resume it (RFC 9846 §4.7.1): a value, to be stored anywhere that a private key
 * could be. A ticket should serve once: who uses it twice can be recognised.
 */
export interface Session {
  readonly cipherSuite: CipherSuiteName;
  readonly psk: Secret;
  readonly ticket: Uint8Array;
  /** Seconds. */
  readonly ticketLifetime: number;
  readonly ticketAgeAdd: number;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** The name the connection was made for; it is resumed for no other. */
  readonly serverName: string;
  /** The server's chain as presented, DER. It is judged anew when the session is resumed. */
  readonly certificates: readonly Uint8Array[];
  readonly signatureScheme: SignatureSchemeName;
}

/** Whether the ticket may still be used (§4.7.1: its lifetime, and never more than seven days). */
export function isFresh(session: Session, now: number): boolean {
  const age = now - session.receivedAt;
  return age >= 0 && age < Math.min(session.ticketLifetime, MAX_TICKET_LIFETIME) * 1000;
}

/** Seven days, in seconds. */
export const MAX_TICKET_LIFETIME = 604_800;

/** The hash a session's key goes with. */
export function sessionHash(session: Session): SuiteHash {
  return cipherSuites[session.cipherSuite].hash;
}

/** A session as bytes, for a file or a store. It holds a key: whoever has it can resume in this client's place. */
export function encodeSession(session: Session): Uint8Array {
  const seconds = Math.floor(session.receivedAt / 1000);
  return encode(stored, {
    format: FORMAT,
    cipherSuite: cipherSuites[session.cipherSuite].code,
    psk: session.psk,
    ticket: session.ticket,
    ticketLifetime: session.ticketLifetime,
    ticketAgeAdd: session.ticketAgeAdd,
    receivedAtSeconds: seconds,
    receivedAtMilliseconds: Math.floor(session.receivedAt - seconds * 1000),
    serverName: session.serverName,
    certificates: session.certificates,
    signatureScheme: signatureSchemes[session.signatureScheme].code,
  });
}

/** The session that {@link encodeSession} wrote; an error is one line for a person. */
export function decodeSession(bytes: Uint8Array): Result<Session, string> {
  const decoded = decode(stored, Uint8Array.from(bytes));
  if (!decoded.ok) return err(`not a stored session: expected ${decoded.error.expected}`);
  const { value } = decoded;
  const suite = cipherSuiteOfCode(value.cipherSuite);
  const scheme = signatureSchemeOfCode(value.signatureScheme);
  if (value.format !== FORMAT || suite === undefined || scheme === undefined) {
    return err('a session stored by another version of this library');
  }
  return ok({
    cipherSuite: suite.name,
    psk: secret(value.psk),
    ticket: value.ticket,
    ticketLifetime: value.ticketLifetime,
    ticketAgeAdd: value.ticketAgeAdd,
    receivedAt: value.receivedAtSeconds * 1000 + value.receivedAtMilliseconds,
    serverName: value.serverName,
    certificates: value.certificates,
    signatureScheme: scheme.name,
  });
}

const FORMAT = 1;

const stored: Codec<Stored> = struct<Stored>({
  format: uint8,
  cipherSuite: uint16,
  psk: opaque(32, 64),
  ticket: opaque(1, 0xffff),
  ticketLifetime: uint32,
  ticketAgeAdd: uint32,
  receivedAtSeconds: uint32,
  receivedAtMilliseconds: uint16,
  serverName: text(0, 255),
  certificates: vector(opaque(1, 0xffffff), 0, 0xffffff),
  signatureScheme: uint16,
});

interface Stored {
  readonly format: number;
  readonly cipherSuite: number;
  readonly psk: Uint8Array;
  readonly ticket: Uint8Array;
  readonly ticketLifetime: number;
  readonly ticketAgeAdd: number;
  readonly receivedAtSeconds: number;
  readonly receivedAtMilliseconds: number;
  readonly serverName: string;
  readonly certificates: readonly Uint8Array[];
  readonly signatureScheme: number;
}
