import { err, ok, type Result } from '../x509/index.ts';
import { handshakeTypes, helloRetryRequestRandom, nameOf } from './codepoints.ts';
import {
  type CertificateExtension,
  type CertificateRequestExtension,
  type ClientHelloExtension,
  certificateExtensions,
  certificateRequestExtensions,
  clientHelloExtensions,
  type EncryptedExtension,
  encryptedExtensions,
  type HelloRetryRequestExtension,
  helloRetryRequestExtensions,
  type NewSessionTicketExtension,
  newSessionTicketExtensions,
  type ServerHelloExtension,
  serverHelloExtensions,
} from './extensions.ts';
import { type Failure, misbehaved } from './failure.ts';
import {
  type Codec,
  decode,
  encode,
  opaque,
  opaqueFixed,
  opaqueRest,
  optionalBlock,
  struct,
  uint8,
  uint16,
  uint24,
  uint32,
  vector,
} from './wire/codec.ts';

// The handshake messages of RFC 9846 §4, in its order: each type beside its codec.

/** Bytes of a hello's random (§4.2.2). */
export const RANDOM_LENGTH = 32;

/** §4.2.2 */
export interface ClientHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly legacySessionId: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly legacyCompressionMethods: Uint8Array;
  readonly extensions: readonly ClientHelloExtension[];
}

export const clientHello = struct<ClientHello>({
  legacyVersion: uint16,
  random: opaqueFixed(RANDOM_LENGTH),
  legacySessionId: opaque(0, 32),
  cipherSuites: vector(uint16, 2, 0xfffe),
  legacyCompressionMethods: opaque(1, 255),
  // A hello from before TLS 1.2 may end here (RFC 5246 §7.4.1.2).
  extensions: optionalBlock(clientHelloExtensions),
});

/** §4.2.3 */
export interface ServerHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly legacySessionIdEcho: Uint8Array;
  readonly cipherSuite: number;
  readonly legacyCompressionMethod: number;
  readonly extensions: readonly ServerHelloExtension[];
}

export const serverHello = struct<ServerHello>({
  ...serverHelloFields(),
  extensions: optionalBlock(serverHelloExtensions),
});

/** §4.2.4: a ServerHello whose random says so. */
export interface HelloRetryRequest extends Omit<ServerHello, 'extensions'> {
  readonly extensions: readonly HelloRetryRequestExtension[];
}

export const helloRetryRequest = struct<HelloRetryRequest>({
  ...serverHelloFields(),
  extensions: optionalBlock(helloRetryRequestExtensions),
});

/** §4.4.1 */
export interface EncryptedExtensions {
  readonly extensions: readonly EncryptedExtension[];
}

export const encryptedExtensionsMessage = struct<EncryptedExtensions>({ extensions: encryptedExtensions });

/** §4.4.2 */
export interface CertificateRequest {
  readonly certificateRequestContext: Uint8Array;
  readonly extensions: readonly CertificateRequestExtension[];
}

export const certificateRequest = struct<CertificateRequest>({
  certificateRequestContext: opaque(0, 255),
  extensions: certificateRequestExtensions,
});

/** §4.5.1 */
export interface CertificateEntry {
  /** DER. */
  readonly certData: Uint8Array;
  readonly extensions: readonly CertificateExtension[];
}

/** §4.5.1 */
export interface CertificateMessage {
  readonly certificateRequestContext: Uint8Array;
  readonly certificateList: readonly CertificateEntry[];
}

export const certificate = struct<CertificateMessage>({
  certificateRequestContext: opaque(0, 255),
  certificateList: vector(
    struct<CertificateEntry>({ certData: opaque(1, 0xffffff), extensions: certificateExtensions }),
    0,
    0xffffff,
  ),
});

/** RFC 8879 §4 */
export interface CompressedCertificate {
  /** CertificateCompressionAlgorithm */
  readonly algorithm: number;
  /** Bytes of the Certificate's body, its header not counted. */
  readonly uncompressedLength: number;
  readonly compressedCertificateMessage: Uint8Array;
}

export const compressedCertificate = struct<CompressedCertificate>({
  algorithm: uint16,
  uncompressedLength: uint24,
  compressedCertificateMessage: opaque(1, 0xffffff),
});

/** §4.5.2 */
export interface CertificateVerify {
  /** SignatureScheme */
  readonly algorithm: number;
  readonly signature: Uint8Array;
}

export const certificateVerify = struct<CertificateVerify>({
  algorithm: uint16,
  signature: opaque(0, 0xffff),
});

/** §4.5.3 */
export interface Finished {
  readonly verifyData: Uint8Array;
}

export const finished = struct<Finished>({ verifyData: opaqueRest });

/** §4.6 */
export type EndOfEarlyData = Readonly<Record<never, never>>;

export const endOfEarlyData = struct<EndOfEarlyData>({});

/** §4.7.1 */
export interface NewSessionTicket {
  /** Seconds. */
  readonly ticketLifetime: number;
  readonly ticketAgeAdd: number;
  readonly ticketNonce: Uint8Array;
  readonly ticket: Uint8Array;
  readonly extensions: readonly NewSessionTicketExtension[];
}

export const newSessionTicket = struct<NewSessionTicket>({
  ticketLifetime: uint32,
  ticketAgeAdd: uint32,
  ticketNonce: opaque(0, 255),
  ticket: opaque(1, 0xffff),
  extensions: newSessionTicketExtensions,
});

/** §4.7.3: 0 is update_not_requested, 1 update_requested. */
export interface KeyUpdate {
  readonly requestUpdate: number;
}

export const keyUpdate = struct<KeyUpdate>({ requestUpdate: uint8 });

/** A handshake message with the name of its kind. */
export type HandshakeMessage =
  | { readonly kind: 'clientHello'; readonly body: ClientHello }
  | { readonly kind: 'serverHello'; readonly body: ServerHello }
  | { readonly kind: 'helloRetryRequest'; readonly body: HelloRetryRequest }
  | { readonly kind: 'encryptedExtensions'; readonly body: EncryptedExtensions }
  | { readonly kind: 'certificateRequest'; readonly body: CertificateRequest }
  | { readonly kind: 'certificate'; readonly body: CertificateMessage }
  | { readonly kind: 'compressedCertificate'; readonly body: CompressedCertificate }
  | { readonly kind: 'certificateVerify'; readonly body: CertificateVerify }
  | { readonly kind: 'finished'; readonly body: Finished }
  | { readonly kind: 'endOfEarlyData'; readonly body: EndOfEarlyData }
  | { readonly kind: 'newSessionTicket'; readonly body: NewSessionTicket }
  | { readonly kind: 'keyUpdate'; readonly body: KeyUpdate };

/** Bytes of a handshake message's header: type and length (§4). */
export const HANDSHAKE_HEADER_LENGTH = 4;

/** The message with its header, as it goes onto the wire and into the transcript. */
export function encodeHandshake(message: HandshakeMessage): Uint8Array {
  switch (message.kind) {
    case 'clientHello':
      return framed(handshakeTypes.clientHello, clientHello, message.body);
    case 'serverHello':
      return framed(handshakeTypes.serverHello, serverHello, message.body);
    case 'helloRetryRequest':
      return framed(handshakeTypes.serverHello, helloRetryRequest, message.body);
    case 'encryptedExtensions':
      return framed(handshakeTypes.encryptedExtensions, encryptedExtensionsMessage, message.body);
    case 'certificateRequest':
      return framed(handshakeTypes.certificateRequest, certificateRequest, message.body);
    case 'certificate':
      return framed(handshakeTypes.certificate, certificate, message.body);
    case 'compressedCertificate':
      return framed(handshakeTypes.compressedCertificate, compressedCertificate, message.body);
    case 'certificateVerify':
      return framed(handshakeTypes.certificateVerify, certificateVerify, message.body);
    case 'finished':
      return framed(handshakeTypes.finished, finished, message.body);
    case 'endOfEarlyData':
      return framed(handshakeTypes.endOfEarlyData, endOfEarlyData, message.body);
    case 'newSessionTicket':
      return framed(handshakeTypes.newSessionTicket, newSessionTicket, message.body);
    case 'keyUpdate':
      return framed(handshakeTypes.keyUpdate, keyUpdate, message.body);
  }
}

/** Parses a whole handshake message, header included. Byte strings in the result are views into `raw`. */
export function decodeHandshake(raw: Uint8Array): Result<HandshakeMessage, Failure> {
  const type = raw[0] ?? 0;
  const body = raw.subarray(HANDSHAKE_HEADER_LENGTH);
  switch (nameOf(handshakeTypes, type)) {
    case 'clientHello':
      return parsed('clientHello', clientHello, body);
    case 'serverHello':
      return isHelloRetryRequest(body)
        ? parsed('helloRetryRequest', helloRetryRequest, body)
        : parsed('serverHello', serverHello, body);
    case 'encryptedExtensions':
      return parsed('encryptedExtensions', encryptedExtensionsMessage, body);
    case 'certificateRequest':
      return parsed('certificateRequest', certificateRequest, body);
    case 'certificate':
      return parsed('certificate', certificate, body);
    case 'compressedCertificate':
      return parsed('compressedCertificate', compressedCertificate, body);
    case 'certificateVerify':
      return parsed('certificateVerify', certificateVerify, body);
    case 'finished':
      return parsed('finished', finished, body);
    case 'endOfEarlyData':
      return parsed('endOfEarlyData', endOfEarlyData, body);
    case 'newSessionTicket':
      return parsed('newSessionTicket', newSessionTicket, body);
    case 'keyUpdate':
      return parsed('keyUpdate', keyUpdate, body);
    default:
      return err(unknownMessage(type));
  }
}

/** The failure of a handshake message that has no place in the version that is spoken. */
export function unknownMessage(type: number): Failure {
  return misbehaved('unexpected-message', `a handshake message of type ${type}`);
}

/** The body of a handshake message, parsed. */
export function parsed<K extends string, B>(
  kind: K,
  codec: Codec<B>,
  bytes: Uint8Array,
): Result<{ readonly kind: K; readonly body: B }, Failure> {
  const body = decode(codec, bytes);
  return body.ok
    ? ok({ kind, body: body.value })
    : err({ kind: 'malformed', structure: kind, ...body.error });
}

/** The body of a handshake message, with the header before it. */
export function framed<T extends object>(type: number, codec: Codec<T>, body: T): Uint8Array {
  const bytes = encode(codec, body, HANDSHAKE_HEADER_LENGTH);
  const length = bytes.length - HANDSHAKE_HEADER_LENGTH;
  if (length > 0xffffff) throw new RangeError(`a handshake message cannot have ${length} bytes`);
  bytes.set([type, length >>> 16, length >>> 8, length]);
  return bytes;
}

/** The random is the second field, after the two bytes of legacy_version. */
function isHelloRetryRequest(serverHelloBody: Uint8Array): boolean {
  if (serverHelloBody.length < 34) return false;
  return helloRetryRequestRandom.every((byte, i) => serverHelloBody[2 + i] === byte);
}

/** The fields of every ServerHello, whatever the version, up to its extensions. */
export function serverHelloFields() {
  return {
    legacyVersion: uint16,
    random: opaqueFixed(RANDOM_LENGTH),
    legacySessionIdEcho: opaque(0, 32),
    cipherSuite: uint16,
    legacyCompressionMethod: uint8,
  };
}
