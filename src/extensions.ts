import { type ExtensionName, extensionTypes, nameOf } from './codepoints.ts';
import { echConfigList } from './ech/config.ts';
import { echClientHello, echConfirmation } from './ech/extension.ts';
import { type Failure, misbehaved } from './failure.ts';
import { isGrease } from './grease.ts';
import {
  type Codec,
  opaque,
  opaqueFixed,
  opaqueRest,
  prefixed,
  type Shape,
  struct,
  text,
  uint8,
  uint16,
  uint32,
  vector,
} from './wire/codec.ts';

/**
 * One extension of a block: known in this message and parsed, or `unknown` and raw. A block is an ordered list of
 * these, so that what was read prints back to the same bytes.
 */
export type Extension<T> =
  | { readonly [N in keyof T]: { readonly name: N; readonly value: T[N] } }[keyof T]
  | UnknownExtension;

export interface UnknownExtension extends RawExtension {
  readonly name: 'unknown';
}

/** An extension by its codepoint and the bytes of its extension_data, for what this library has no name for. */
export interface RawExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** RFC 9846 §4.3.8 */
export interface KeyShareEntry {
  readonly group: number;
  readonly keyExchange: Uint8Array;
}

/** RFC 9846 §4.3.11 */
export interface PskIdentity {
  readonly identity: Uint8Array;
  readonly obfuscatedTicketAge: number;
}

/** RFC 9846 §4.3.11 */
export interface OfferedPsks {
  readonly identities: readonly PskIdentity[];
  readonly binders: readonly Uint8Array[];
}

/** RFC 9149 §3: how many tickets are wanted if the handshake is a full one, and if it is a resumption. */
export interface TicketRequest {
  readonly newSessionCount: number;
  readonly resumptionCount: number;
}

/** RFC 6066 §3: nameType 0 is host_name. */
export interface ServerName {
  readonly nameType: number;
  readonly hostName: string;
}

/** RFC 6066 §8: what a status_request in a ClientHello holds; `request` is as `statusType` says. */
export interface CertificateStatusRequest {
  readonly statusType: number;
  readonly request: Uint8Array;
}

/** RFC 6066 §8: the request of statusType 1. */
export interface OcspStatusRequest {
  readonly responderIdList: readonly Uint8Array[];
  readonly requestExtensions: Uint8Array;
}

/** RFC 6066 §8: what a status_request beside a certificate holds; statusType 1 is ocsp. */
export interface CertificateStatus {
  readonly statusType: number;
  /** DER. */
  readonly response: Uint8Array;
}

export const ocspStatusRequest = struct<OcspStatusRequest>({
  responderIdList: vector(opaque(1, 0xffff), 0, 0xffff),
  requestExtensions: opaque(0, 0xffff),
});

/** RFC 6962 §3.3: SignedCertificateTimestampList, each a SerializedSCT. */
export const sctList = vector(opaque(1, 0xffff), 1, 0xffff);

const statusRequest = struct<CertificateStatusRequest>({ statusType: uint8, request: opaqueRest });
const certificateStatus = struct<CertificateStatus>({ statusType: uint8, response: opaque(1, 0xffffff) });
const codes = vector(uint16, 2, 0xfffe);
const pskIdentity = struct<PskIdentity>({ identity: opaque(1, 0xffff), obfuscatedTicketAge: uint32 });
const offeredPsks = struct<OfferedPsks>({
  identities: vector(pskIdentity, 7, 0xffff),
  binders: vector(opaque(32, 255), 33, 0xffff),
});
const keyShareEntry = struct<KeyShareEntry>({ group: uint16, keyExchange: opaque(1, 0xffff) });
const serverName = struct<ServerName>({ nameType: uint8, hostName: text(1, 0xffff) });
const ticketRequest = struct<TicketRequest>({ newSessionCount: uint8, resumptionCount: uint8 });
const protocolNames = vector(text(1, 255), 2, 0xffff);
/** RFC 7250 §3 */
const certificateTypes = vector(uint8, 1, 255);
/** RFC 8879 §3 */
const compressionAlgorithms = vector(uint16, 2, 254);
const data = opaque(0, 0xffff);
const distinguishedNames = vector(opaque(1, 0xffff), 3, 0xffff);

// The table of RFC 9846 §4.3, column by column: what each extension holds in each message it may stand in. To add an
// extension: its number in codepoints.ts, a row in each column where it may stand, and the code that sends and reads it.

const inClientHello = {
  serverName: vector(serverName, 1, 0xffff),
  maxFragmentLength: uint8,
  statusRequest,
  supportedGroups: codes,
  ecPointFormats: opaque(1, 255),
  signatureAlgorithms: codes,
  applicationLayerProtocolNegotiation: protocolNames,
  clientCertificateType: certificateTypes,
  serverCertificateType: certificateTypes,
  encryptThenMac: opaqueFixed(0),
  extendedMasterSecret: opaqueFixed(0),
  sessionTicket: opaqueRest,
  compressCertificate: compressionAlgorithms,
  recordSizeLimit: uint16,
  signedCertificateTimestamp: opaqueFixed(0),
  earlyData: opaqueFixed(0),
  supportedVersions: vector(uint16, 2, 254),
  cookie: opaque(1, 0xffff),
  certificateAuthorities: distinguishedNames,
  postHandshakeAuth: opaqueFixed(0),
  signatureAlgorithmsCert: codes,
  keyShare: vector(keyShareEntry, 0, 0xffff),
  pskKeyExchangeModes: vector(uint8, 1, 255),
  encryptedClientHello: echClientHello,
  ticketRequest,
  preSharedKey: offeredPsks,
  renegotiationInfo: opaque(0, 255),
};

const inServerHello = {
  supportedVersions: uint16,
  keyShare: keyShareEntry,
  preSharedKey: uint16,
};

/** RFC 5246 §7.4.1.4 and the documents of each extension. */
const inTls12ServerHello = {
  serverName: opaqueFixed(0),
  maxFragmentLength: uint8,
  statusRequest: opaqueFixed(0),
  signedCertificateTimestamp: sctList,
  ecPointFormats: opaque(1, 255),
  applicationLayerProtocolNegotiation: protocolNames,
  clientCertificateType: uint8,
  serverCertificateType: uint8,
  encryptThenMac: opaqueFixed(0),
  extendedMasterSecret: opaqueFixed(0),
  recordSizeLimit: uint16,
  sessionTicket: opaqueFixed(0),
  renegotiationInfo: opaque(0, 255),
};

const inHelloRetryRequest = {
  supportedVersions: uint16,
  cookie: opaque(1, 0xffff),
  keyShare: uint16,
  encryptedClientHello: echConfirmation,
};

const inEncryptedExtensions = {
  serverName: opaqueFixed(0),
  supportedGroups: codes,
  applicationLayerProtocolNegotiation: protocolNames,
  clientCertificateType: uint8,
  serverCertificateType: uint8,
  recordSizeLimit: uint16,
  earlyData: opaqueFixed(0),
  /** RFC 9849 §5: the server's retry configurations. */
  encryptedClientHello: echConfigList,
  /** RFC 9149 §3: expected_count. */
  ticketRequest: uint8,
};

const inCertificateRequest = {
  serverName: opaqueRest,
  statusRequest: opaqueFixed(0),
  signatureAlgorithms: codes,
  signedCertificateTimestamp: opaqueFixed(0),
  compressCertificate: compressionAlgorithms,
  certificateAuthorities: distinguishedNames,
  signatureAlgorithmsCert: codes,
};

const inCertificate = { statusRequest: certificateStatus, signedCertificateTimestamp: sctList };

const inNewSessionTicket = { earlyData: uint32 };

export const clientHelloExtensions = block(inClientHello, 0);
export const serverHelloExtensions = block(inServerHello, 0);
export const tls12ServerHelloExtensions = block(inTls12ServerHello, 0);
export const helloRetryRequestExtensions = block(inHelloRetryRequest, 0);
export const encryptedExtensions = block(inEncryptedExtensions, 0);
export const certificateRequestExtensions = block(inCertificateRequest, 0);
export const certificateExtensions = block(inCertificate, 0);
export const newSessionTicketExtensions = block(inNewSessionTicket, 0);

type Block<C> = C extends Codec<readonly (infer E)[]> ? E : never;
export type ClientHelloExtension = Block<typeof clientHelloExtensions>;
export type ServerHelloExtension = Block<typeof serverHelloExtensions>;
export type Tls12ServerHelloExtension = Block<typeof tls12ServerHelloExtensions>;
export type HelloRetryRequestExtension = Block<typeof helloRetryRequestExtensions>;
export type EncryptedExtension = Block<typeof encryptedExtensions>;
export type CertificateRequestExtension = Block<typeof certificateRequestExtensions>;
export type CertificateExtension = Block<typeof certificateExtensions>;
export type NewSessionTicketExtension = Block<typeof newSessionTicketExtensions>;

/** Any extension of any message, as far as its place in a list matters. */
export type AnyExtension = UnknownExtension | { readonly name: ExtensionName };

const recognized: ReadonlySet<string> = new Set(
  [
    inClientHello,
    inServerHello,
    inTls12ServerHello,
    inHelloRetryRequest,
    inEncryptedExtensions,
    inCertificateRequest,
    inCertificate,
    inNewSessionTicket,
  ].flatMap(Object.keys),
);

/** The value of the extension `name` in a block, or undefined when it is not there. */
export function findExtension<E extends { readonly name: string }, N extends E['name']>(
  extensions: readonly E[],
  name: N,
): ValueOf<E, N> | undefined {
  for (const extension of extensions) {
    if (isNamed(extension, name)) return extension.value;
  }
  return undefined;
}

type ValueOf<E, N> = E extends { readonly name: N; readonly value: infer V } ? V : never;

/**
 * What RFC 9846 §4.3 forbids in the extensions of a message that answers another: one that stands twice, one that has no
 * place in this message, one that was not `offered` (but for the `unasked` that need no offer). An offer of GREASE is
 * none: RFC 8701 §3.1 has the answer to it refused.
 */
export function checkReply(
  reply: readonly AnyExtension[],
  offered: readonly AnyExtension[],
  unasked: readonly ExtensionName[] = [],
): Failure | undefined {
  const problem = checkRequest(reply);
  if (problem !== undefined) return problem;
  for (const extension of reply) {
    const type = extensionType(extension);
    if (unasked.some((name) => extensionTypes[name] === type)) continue;
    if (isGrease(type) || !offered.some((offer) => extensionType(offer) === type)) {
      return misbehaved('unsolicited-extension', `extension ${type} was not offered`);
    }
  }
  return undefined;
}

/** The part of {@link checkReply} that holds for a message which answers none: unknown extensions are ignored. */
export function checkRequest(extensions: readonly AnyExtension[]): Failure | undefined {
  const repeated = repeatedExtension(extensions);
  if (repeated !== undefined) return misbehaved('duplicate-extension', `extension ${repeated} stands twice`);
  const misplaced = extensions.find(isMisplaced);
  return misplaced === undefined
    ? undefined
    : misbehaved('misplaced-extension', `extension ${extensionType(misplaced)} has no place here`);
}

/** The ExtensionType of an extension. */
export function extensionType(extension: AnyExtension): number {
  return extension.name === 'unknown' ? extension.type : extensionTypes[extension.name];
}

/** Whether this library itself has a use for an extension, in whatever message. */
export function isRecognized(type: number): boolean {
  const name = nameOf(extensionTypes, type);
  return name !== undefined && recognized.has(name);
}

/** What a block says under the codepoints of `configured`, for whoever knows what it means. Copies. */
export function rawExtensions(
  extensions: readonly AnyExtension[],
  configured: readonly RawExtension[],
): readonly RawExtension[] {
  return extensions.flatMap((extension) =>
    extension.name === 'unknown' && configured.some(({ type }) => type === extension.type)
      ? [{ type: extension.type, data: extension.data.slice() }]
      : [],
  );
}

/** The ExtensionType that stands twice in a block, if any (RFC 9846 §4.3 forbids it). */
function repeatedExtension(extensions: readonly AnyExtension[]): number | undefined {
  const seen = new Set<number>();
  for (const extension of extensions) {
    const type = extensionType(extension);
    if (seen.has(type)) return type;
    seen.add(type);
  }
  return undefined;
}

/**
 * Whether an extension left raw in one message is one we know from another message: RFC 9846 §4.3 wants
 * illegal_parameter for that, where a really unknown one is ignored or unsupported_extension.
 */
function isMisplaced(extension: AnyExtension): boolean {
  return extension.name === 'unknown' && isRecognized(extension.type);
}

function isNamed<E extends { readonly name: string }, N extends string>(
  extension: E,
  name: N,
): extension is E & { readonly name: N; readonly value: ValueOf<E, N> } {
  return extension.name === name;
}

/** `Extension extensions<min..2^16-1>` where `known` is one column of the table. */
function block<T extends object>(
  known: { readonly [N in keyof T]: Codec<T[N]> },
  min: number,
): Codec<readonly Extension<T>[]> {
  return vector(oneExtension<T>(known), min, 0xffff);
}

function oneExtension<T extends object>(
  known: { readonly [N in keyof T]: Codec<T[N]> },
): Codec<Extension<T>> {
  const names: (keyof T & string)[] = [];
  const rows: { readonly name: string; readonly shape: Shape }[] = [];
  for (const name in known) {
    names.push(name);
    rows.push({ name, shape: known[name].shape });
  }
  return {
    shape: { kind: 'extension', known: rows },
    read: (cursor) => {
      const type = uint16.read(cursor);
      const typeName = nameOf(extensionTypes, type);
      const name = names.find((candidate) => candidate === typeName);
      if (name === undefined) return { name: 'unknown', type, data: data.read(cursor) };
      cursor.path.push(name);
      const value = prefixed(known[name], 0, 0xffff).read(cursor);
      if (cursor.error === undefined) cursor.path.pop();
      return { name, value };
    },
    write: (extension, out) => {
      uint16.write(extensionType(extension as AnyExtension), out);
      if (extension.name === 'unknown') {
        data.write((extension as UnknownExtension).data, out);
        return;
      }
      // An extension that is not `unknown` is { name: N, value: T[N] } for one N: what Extension<T> says, and what
      // TypeScript cannot follow through an abstract T.
      const { name, value } = extension as { readonly name: keyof T; readonly value: T[keyof T] };
      prefixed(known[name], 0, 0xffff).write(value, out);
    },
  };
}
