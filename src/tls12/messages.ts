import { err, type Result } from '../../x509/index.ts';
import { handshakeTypes, nameOf } from '../codepoints.ts';
import { type Tls12ServerHelloExtension, tls12ServerHelloExtensions } from '../extensions.ts';
import type { Failure } from '../failure.ts';
import {
  type CertificateVerify,
  type ClientHello,
  certificateVerify,
  clientHello,
  type Finished,
  finished,
  framed,
  HANDSHAKE_HEADER_LENGTH,
  parsed,
  type ServerHello,
  serverHelloFields,
  unknownMessage,
} from '../messages.ts';
import {
  opaque,
  opaqueFixed,
  opaqueRest,
  optionalBlock,
  struct,
  uint8,
  uint16,
  uint32,
  vector,
} from '../wire/codec.ts';

// The handshake messages of TLS 1.2 (RFC 5246 §7.4), in its order, where they are not those of TLS 1.3: each type beside its
// codec. Their names say `tls12` where TLS 1.3 has another message under the same name.

/** RFC 5246 §7.4.1.1 */
export interface HelloRequest {
  readonly nothing: Uint8Array;
}

export const helloRequest = struct<HelloRequest>({ nothing: opaqueFixed(0) });

/** RFC 5246 §7.4.1.3: what TLS 1.3 calls legacy_version is the version here. */
export interface Tls12ServerHello extends Omit<ServerHello, 'extensions'> {
  readonly extensions: readonly Tls12ServerHelloExtension[];
}

export const tls12ServerHello = struct<Tls12ServerHello>({
  ...serverHelloFields(),
  extensions: optionalBlock(tls12ServerHelloExtensions),
});

/** RFC 5246 §7.4.2, §7.4.6: DER, leaf first; a client that has none to show sends an empty list. */
export interface Tls12Certificate {
  readonly certificateList: readonly Uint8Array[];
}

export const tls12Certificate = struct<Tls12Certificate>({
  certificateList: vector(opaque(1, 0xffffff), 0, 0xffffff),
});

/** RFC 6066 §8: `statusType` 1 is ocsp, the one there is; the response is DER. */
export interface CertificateStatus {
  readonly statusType: number;
  readonly response: Uint8Array;
}

export const certificateStatus = struct<CertificateStatus>({
  statusType: uint8,
  response: opaque(1, 0xffffff),
});

/** RFC 5246 §7.4.3: what it holds depends on the suite: see key-exchange.ts. */
export interface ServerKeyExchange {
  readonly exchange: Uint8Array;
}

export const serverKeyExchange = struct<ServerKeyExchange>({ exchange: opaqueRest });

/** RFC 5246 §7.4.4 */
export interface Tls12CertificateRequest {
  /** ClientCertificateType: rsa_sign is 1, ecdsa_sign 64. */
  readonly certificateTypes: Uint8Array;
  readonly supportedSignatureAlgorithms: readonly number[];
  /** DER-encoded names. */
  readonly certificateAuthorities: readonly Uint8Array[];
}

export const tls12CertificateRequest = struct<Tls12CertificateRequest>({
  certificateTypes: opaque(1, 255),
  supportedSignatureAlgorithms: vector(uint16, 2, 0xfffe),
  certificateAuthorities: vector(opaque(1, 0xffff), 0, 0xffff),
});

/** RFC 5246 §7.4.5 */
export interface ServerHelloDone {
  readonly nothing: Uint8Array;
}

export const serverHelloDone = struct<ServerHelloDone>({ nothing: opaqueFixed(0) });

/** RFC 5246 §7.4.7: what it holds depends on the suite: see key-exchange.ts. */
export interface ClientKeyExchange {
  readonly exchange: Uint8Array;
}

export const clientKeyExchange = struct<ClientKeyExchange>({ exchange: opaqueRest });

/** RFC 5077 §3.3: an empty ticket is none. */
export interface Tls12NewSessionTicket {
  /** Seconds; 0 leaves it to the client. */
  readonly ticketLifetimeHint: number;
  readonly ticket: Uint8Array;
}

export const tls12NewSessionTicket = struct<Tls12NewSessionTicket>({
  ticketLifetimeHint: uint32,
  ticket: opaque(0, 0xffff),
});

/** A handshake message of TLS 1.2 with the name of its kind. */
export type Tls12Message =
  | { readonly kind: 'helloRequest'; readonly body: HelloRequest }
  | { readonly kind: 'clientHello'; readonly body: ClientHello }
  | { readonly kind: 'tls12ServerHello'; readonly body: Tls12ServerHello }
  | { readonly kind: 'tls12Certificate'; readonly body: Tls12Certificate }
  | { readonly kind: 'certificateStatus'; readonly body: CertificateStatus }
  | { readonly kind: 'serverKeyExchange'; readonly body: ServerKeyExchange }
  | { readonly kind: 'tls12CertificateRequest'; readonly body: Tls12CertificateRequest }
  | { readonly kind: 'serverHelloDone'; readonly body: ServerHelloDone }
  | { readonly kind: 'clientKeyExchange'; readonly body: ClientKeyExchange }
  | { readonly kind: 'certificateVerify'; readonly body: CertificateVerify }
  | { readonly kind: 'tls12NewSessionTicket'; readonly body: Tls12NewSessionTicket }
  | { readonly kind: 'finished'; readonly body: Finished };

/** The message with its header, as it goes onto the wire and into the transcript. */
export function encodeTls12Handshake(message: Tls12Message): Uint8Array {
  switch (message.kind) {
    case 'helloRequest':
      return framed(handshakeTypes.helloRequest, helloRequest, message.body);
    case 'clientHello':
      return framed(handshakeTypes.clientHello, clientHello, message.body);
    case 'tls12ServerHello':
      return framed(handshakeTypes.serverHello, tls12ServerHello, message.body);
    case 'tls12Certificate':
      return framed(handshakeTypes.certificate, tls12Certificate, message.body);
    case 'certificateStatus':
      return framed(handshakeTypes.certificateStatus, certificateStatus, message.body);
    case 'serverKeyExchange':
      return framed(handshakeTypes.serverKeyExchange, serverKeyExchange, message.body);
    case 'tls12CertificateRequest':
      return framed(handshakeTypes.certificateRequest, tls12CertificateRequest, message.body);
    case 'serverHelloDone':
      return framed(handshakeTypes.serverHelloDone, serverHelloDone, message.body);
    case 'clientKeyExchange':
      return framed(handshakeTypes.clientKeyExchange, clientKeyExchange, message.body);
    case 'certificateVerify':
      return framed(handshakeTypes.certificateVerify, certificateVerify, message.body);
    case 'tls12NewSessionTicket':
      return framed(handshakeTypes.newSessionTicket, tls12NewSessionTicket, message.body);
    case 'finished':
      return framed(handshakeTypes.finished, finished, message.body);
  }
}

/**
 * Parses a whole handshake message, header included, once TLS 1.2 has been agreed on. Byte strings in the result are views
 * into `raw`.
 */
export function decodeTls12Handshake(raw: Uint8Array): Result<Tls12Message, Failure> {
  const type = raw[0] ?? 0;
  const body = raw.subarray(HANDSHAKE_HEADER_LENGTH);
  switch (nameOf(handshakeTypes, type)) {
    case 'helloRequest':
      return parsed('helloRequest', helloRequest, body);
    case 'clientHello':
      return parsed('clientHello', clientHello, body);
    case 'serverHello':
      return parsed('tls12ServerHello', tls12ServerHello, body);
    case 'certificate':
      return parsed('tls12Certificate', tls12Certificate, body);
    case 'certificateStatus':
      return parsed('certificateStatus', certificateStatus, body);
    case 'serverKeyExchange':
      return parsed('serverKeyExchange', serverKeyExchange, body);
    case 'certificateRequest':
      return parsed('tls12CertificateRequest', tls12CertificateRequest, body);
    case 'serverHelloDone':
      return parsed('serverHelloDone', serverHelloDone, body);
    case 'clientKeyExchange':
      return parsed('clientKeyExchange', clientKeyExchange, body);
    case 'certificateVerify':
      return parsed('certificateVerify', certificateVerify, body);
    case 'newSessionTicket':
      return parsed('tls12NewSessionTicket', tls12NewSessionTicket, body);
    case 'finished':
      return parsed('finished', finished, body);
    default:
      return err(unknownMessage(type));
  }
}
