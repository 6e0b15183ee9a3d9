import { type GroupName, type Secret, secret } from '../nocrypto/index.ts';
import { err, ok, type Result } from '../x509/index.ts';
import { isSame } from './bytes.ts';
import { cipherSuiteOfCode, cipherSuites, type SuiteHash } from './cipher-suites.ts';
import {
  protocolVersions,
  type SignatureSchemeName,
  type Tls12CipherSuiteName,
  type Tls13CipherSuiteName,
} from './codepoints.ts';
import { groupCode, groupOfCode } from './groups.ts';
import { signatureSchemeOfCode, signatureSchemes } from './signature-schemes.ts';
import { type StoredShown, storedShownFields } from './stored-shown.ts';
import { tls12SuiteOfCode, tls12Suites } from './tls12/suites.ts';
import { type Codec, decode, encode, opaque, struct, text, uint8, uint16, uint32 } from './wire/codec.ts';

/**
 * What a client keeps of a connection to resume it: a value, to be stored anywhere that a private key could be. A ticket
 * should serve once: who uses it twice can be recognised.
 */
export type Session = Tls13Session | Tls12Session;

/** RFC 9846 §4.7.1 */
export interface Tls13Session extends AnySession {
  readonly version: 'TLS 1.3';
  readonly cipherSuite: Tls13CipherSuiteName;
  readonly psk: Secret;
  readonly ticketAgeAdd: number;
  /** Bytes of early data that the server is ready to take with this ticket; 0 for none. */
  readonly maxEarlyData: number;
  /** What was negotiated by ALPN. Early data is for the same protocol. */
  readonly applicationProtocol: string | undefined;
}

/** A session of TLS 1.2 (RFC 5246 §F.1.4, RFC 5077). There is none without an extended master secret (RFC 7627 §5.3). */
export interface Tls12Session extends AnySession {
  readonly version: 'TLS 1.2';
  readonly cipherSuite: Tls12CipherSuiteName;
  readonly masterSecret: Secret;
  /** How keys were exchanged when the session began; undefined with static RSA. */
  readonly group: GroupName | undefined;
  /** What the server knows the session by, when it gave no ticket: then `ticket` is empty. */
  readonly sessionId: Uint8Array;
}

/** With what the server showed, to be judged anew when the session is resumed. */
interface AnySession extends StoredShown {
  readonly ticket: Uint8Array;
  /** Seconds. */
  readonly ticketLifetime: number;
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: number;
  /** The name the connection was made for; it is resumed for no other. */
  readonly serverName: string;
  readonly signatureScheme: SignatureSchemeName;
}

/** Whether the ticket may still be used (§4.7.1: its lifetime, and never more than seven days). */
export function isFresh(session: Session, now: number): boolean {
  const age = now - session.receivedAt;
  return age >= 0 && age < Math.min(session.ticketLifetime, MAX_TICKET_LIFETIME) * 1000;
}

/** Seven days, in seconds. */
export const MAX_TICKET_LIFETIME = 604_800;

/** Whether two sessions remember the same server, shown in the same way: judged as one, they are judged alike. */
export function rememberTheSame(a: Session, b: Session): boolean {
  return a.signatureScheme === b.signatureScheme && isSame(shownBytes(a), shownBytes(b));
}

function shownBytes({ certificateType, certificates, ocspResponses, scts }: StoredShown): Uint8Array {
  return encode(storedShown, { certificateType, certificates, ocspResponses, scts });
}

const storedShown = struct<StoredShown>(storedShownFields);

/** The hash a session's key goes with. */
export function sessionHash(session: Tls13Session): SuiteHash {
  return cipherSuites[session.cipherSuite].hash;
}

/** A session as bytes, for a file or a store. It holds a key: whoever has it can resume in this client's place. */
export function encodeSession(session: Session): Uint8Array {
  const seconds = Math.floor(session.receivedAt / 1000);
  return encode(stored, {
    format: FORMAT,
    ...(session.version === 'TLS 1.3'
      ? {
          version: protocolVersions.tls13,
          cipherSuite: cipherSuites[session.cipherSuite].code,
          secret: session.psk,
          group: 0,
          sessionId: new Uint8Array(0),
          ticketAgeAdd: session.ticketAgeAdd,
          maxEarlyData: session.maxEarlyData,
          applicationProtocol: session.applicationProtocol ?? '',
        }
      : {
          version: protocolVersions.tls12,
          cipherSuite: tls12Suites[session.cipherSuite].code,
          secret: session.masterSecret,
          group: session.group === undefined ? 0 : groupCode(session.group),
          sessionId: session.sessionId,
          ticketAgeAdd: 0,
          maxEarlyData: 0,
          applicationProtocol: '',
        }),
    ticket: session.ticket,
    ticketLifetime: session.ticketLifetime,
    receivedAtSeconds: seconds,
    receivedAtMilliseconds: Math.floor(session.receivedAt - seconds * 1000),
    serverName: session.serverName,
    certificateType: session.certificateType,
    certificates: session.certificates,
    ocspResponses: session.ocspResponses,
    scts: session.scts,
    signatureScheme: signatureSchemes[session.signatureScheme].code,
  });
}

/** The session that {@link encodeSession} wrote; an error is one line for a person. */
export function decodeSession(bytes: Uint8Array): Result<Session, string> {
  const decoded = decode(stored, Uint8Array.from(bytes));
  if (!decoded.ok) return err(`not a stored session: expected ${decoded.error.expected}`);
  const { value } = decoded;
  const scheme = signatureSchemeOfCode(value.signatureScheme);
  if (value.format !== FORMAT || scheme === undefined) return err(OTHER_FORMAT);
  const common = {
    ticket: value.ticket,
    ticketLifetime: value.ticketLifetime,
    receivedAt: value.receivedAtSeconds * 1000 + value.receivedAtMilliseconds,
    serverName: value.serverName,
    certificateType: value.certificateType,
    certificates: value.certificates,
    ocspResponses: value.ocspResponses,
    scts: value.scts,
    signatureScheme: scheme.name,
  };
  const suite = cipherSuiteOfCode(value.cipherSuite);
  if (value.version === protocolVersions.tls13 && suite !== undefined) {
    const { ticketAgeAdd, maxEarlyData, applicationProtocol } = value;
    return ok({
      version: 'TLS 1.3',
      cipherSuite: suite.name,
      psk: secret(value.secret),
      ticketAgeAdd,
      maxEarlyData,
      applicationProtocol: applicationProtocol === '' ? undefined : applicationProtocol,
      ...common,
    });
  }
  const tls12Suite = tls12SuiteOfCode(value.cipherSuite);
  if (value.version === protocolVersions.tls12 && tls12Suite !== undefined) {
    const { sessionId } = value;
    return ok({
      version: 'TLS 1.2',
      cipherSuite: tls12Suite.name,
      masterSecret: secret(value.secret),
      group: groupOfCode(value.group),
      sessionId,
      ...common,
    });
  }
  return err(OTHER_FORMAT);
}

const OTHER_FORMAT = 'a session stored by another version of this library';

const FORMAT = 4;

const stored: Codec<Stored> = struct<Stored>({
  format: uint8,
  version: uint16,
  cipherSuite: uint16,
  secret: opaque(32, 64),
  group: uint16,
  sessionId: opaque(0, 32),
  ticket: opaque(0, 0xffff),
  ticketLifetime: uint32,
  ticketAgeAdd: uint32,
  maxEarlyData: uint32,
  applicationProtocol: text(0, 255),
  receivedAtSeconds: uint32,
  receivedAtMilliseconds: uint16,
  serverName: text(0, 255),
  ...storedShownFields,
  signatureScheme: uint16,
});

interface Stored extends StoredShown {
  readonly format: number;
  readonly version: number;
  readonly cipherSuite: number;
  readonly secret: Uint8Array;
  readonly group: number;
  readonly sessionId: Uint8Array;
  readonly ticket: Uint8Array;
  readonly ticketLifetime: number;
  readonly ticketAgeAdd: number;
  readonly maxEarlyData: number;
  /** Empty for none: no protocol has an empty name. */
  readonly applicationProtocol: string;
  readonly receivedAtSeconds: number;
  readonly receivedAtMilliseconds: number;
  readonly serverName: string;
  readonly signatureScheme: number;
}
