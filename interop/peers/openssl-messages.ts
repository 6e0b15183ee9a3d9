import type { CipherSuiteName } from '../../src/index.ts';
import { groupNames } from './groups.ts';
import type { PeerFacts } from './peer.ts';

/** A message as openssl saw it on the wire, from what its option `-msg` prints. */
export interface WireMessage {
  readonly direction: 'sent' | 'received';
  readonly protocol: string;
  readonly bytes: Uint8Array;
}

/** Reads the output of `-msg`: per message a line `>>> TLS 1.3, Handshake [length 0034], Finished` and its bytes in hex. */
export function parseMessages(text: string): readonly WireMessage[] {
  return [...text.matchAll(/^(<<<|>>>) [^,]+, (\w+) .*\n((?: {4}.*\n?)*)/gm)].map(
    ([, arrow, protocol = '', hex = '']) => ({
      direction: arrow === '>>>' ? 'sent' : 'received',
      protocol,
      bytes: Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')),
    }),
  );
}

/** What was negotiated, as it stood in the server's messages. */
export function factsOf(messages: readonly WireMessage[]): PeerFacts {
  const hellos = serverHellos(messages);
  const helloRetryRequest = hellos.some((bytes) =>
    hex(bytes.subarray(6, 38)).startsWith(HELLO_RETRY_REQUEST),
  );
  const hello = hellos.at(-1);
  if (hello === undefined) throw new Error('openssl saw no ServerHello');
  return {
    helloRetryRequest,
    ...readServerHello(hello),
    applicationProtocol: chosenProtocol(messages),
    resumed: isResumed(messages),
  };
}

/** Whether the last ServerHello goes on from a PSK. */
export function isResumed(messages: readonly WireMessage[]): boolean {
  const hello = serverHellos(messages).at(-1);
  return hello !== undefined && serverHelloExtensions(hello).has(extensionTypes.preSharedKey);
}

/** How many tickets the server gave. */
export function ticketCount(messages: readonly WireMessage[]): number {
  return handshakes(messages, NEW_SESSION_TICKET).length;
}

/** Whether the server asked for a certificate of these authorities, and of no other. */
export function namesAuthorities(messages: readonly WireMessage[], names: readonly Uint8Array[]): boolean {
  const [request] = handshakes(messages, CERTIFICATE_REQUEST);
  // Behind the handshake header stands an empty context.
  const list = request && extensionsFrom(request.bytes, 5).get(extensionTypes.certificateAuthorities);
  const entries = Buffer.concat(names.flatMap((name) => [lengthPrefix(name), name]));
  return list !== undefined && Buffer.concat([lengthPrefix(entries), entries]).equals(list);
}

/** The alerts that went one way, by name; close_notify, which is none, is left out. */
export function alertsOf(
  messages: readonly WireMessage[],
  direction: WireMessage['direction'],
): readonly string[] {
  return messages
    .filter((message) => message.direction === direction && message.protocol === 'Alert')
    .map(({ bytes }) => alertName(bytes[1] ?? 0))
    .filter((name) => name !== 'close_notify');
}

/** How often openssl saw close_notify go one way. */
export function closings(messages: readonly WireMessage[], direction: WireMessage['direction']): number {
  return messages.filter(
    (message) => message.direction === direction && message.protocol === 'Alert' && message.bytes[1] === 0,
  ).length;
}

/** How many KeyUpdates openssl saw go one way. */
export function keyUpdates(messages: readonly WireMessage[], direction: WireMessage['direction']): number {
  return handshakes(messages, KEY_UPDATE).filter((message) => message.direction === direction).length;
}

/** How many change_cipher_spec records went one way: a record header is all that openssl reports of those that come in. */
export function changeCipherSpecs(
  messages: readonly WireMessage[],
  direction: WireMessage['direction'],
): number {
  return messages.filter(
    (message) =>
      message.direction === direction &&
      message.protocol === 'RecordHeader' &&
      message.bytes[0] === CHANGE_CIPHER_SPEC,
  ).length;
}

/** Bytes of the legacy_session_id in the first ClientHello. */
export function sessionIdLength(messages: readonly WireMessage[]): number | undefined {
  return handshakes(messages, CLIENT_HELLO)[0]?.bytes[38];
}

/** Whether a ClientHello has the extension. */
export function offers(messages: readonly WireMessage[], extension: keyof typeof extensionTypes): boolean {
  return handshakes(messages, CLIENT_HELLO).some(({ bytes }) => {
    const suites = 39 + (bytes[38] ?? 0);
    const compression = suites + 2 + uint16(bytes, suites);
    const extensions = compression + 1 + (bytes[compression] ?? 0);
    return extensionsFrom(bytes, extensions).has(extensionTypes[extension]);
  });
}

/** RFC 9846 §5.1 */
const CHANGE_CIPHER_SPEC = 20;
/** RFC 9846 §4 */
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const NEW_SESSION_TICKET = 4;
const ENCRYPTED_EXTENSIONS = 8;
const CERTIFICATE_REQUEST = 13;
const KEY_UPDATE = 24;
/** RFC 9846 §4.3 */
const extensionTypes = {
  applicationLayerProtocolNegotiation: 16,
  preSharedKey: 41,
  earlyData: 42,
  cookie: 44,
  certificateAuthorities: 47,
  keyShare: 51,
} as const;

/** RFC 9846 §4.2.3: how the random of a HelloRetryRequest begins. */
const HELLO_RETRY_REQUEST = 'cf21ad74e59a6111';

/** RFC 9846 §B.4, written down again here so that a slip in our own table shows. */
const suiteNames: ReadonlyMap<number, CipherSuiteName> = new Map([
  [0x1301, 'TLS_AES_128_GCM_SHA256'],
  [0x1302, 'TLS_AES_256_GCM_SHA384'],
  [0x1303, 'TLS_CHACHA20_POLY1305_SHA256'],
]);
/** RFC 9846 §6 */
const alertNames: ReadonlyMap<number, string> = new Map([
  [0, 'close_notify'],
  [10, 'unexpected_message'],
  [20, 'bad_record_mac'],
  [40, 'handshake_failure'],
  [42, 'bad_certificate'],
  [43, 'unsupported_certificate'],
  [44, 'certificate_revoked'],
  [45, 'certificate_expired'],
  [46, 'certificate_unknown'],
  [47, 'illegal_parameter'],
  [48, 'unknown_ca'],
  [50, 'decode_error'],
  [51, 'decrypt_error'],
  [70, 'protocol_version'],
  [80, 'internal_error'],
  [90, 'user_canceled'],
  [112, 'unrecognized_name'],
  [116, 'certificate_required'],
  [120, 'no_application_protocol'],
]);

function alertName(code: number): string {
  return alertNames.get(code) ?? `alert ${code}`;
}

function handshakes(messages: readonly WireMessage[], type: number): readonly WireMessage[] {
  return messages.filter(({ protocol, bytes }) => protocol === 'Handshake' && bytes[0] === type);
}

function serverHellos(messages: readonly WireMessage[]): readonly Uint8Array[] {
  return handshakes(messages, SERVER_HELLO).map(({ bytes }) => bytes);
}

function readServerHello(hello: Uint8Array): PeerFacts {
  const share = serverHelloExtensions(hello).get(extensionTypes.keyShare);
  return {
    cipherSuite: suiteNames.get(uint16(hello, suiteOffset(hello))) ?? 'unknown',
    group: (share && groupNames.get(uint16(share, 0))) ?? 'unknown',
  };
}

function serverHelloExtensions(hello: Uint8Array): ReadonlyMap<number, Uint8Array> {
  return extensionsFrom(hello, suiteOffset(hello) + 3);
}

/** RFC 9846 §4.2.3, behind the four bytes of the handshake header. */
function suiteOffset(hello: Uint8Array): number {
  return 39 + (hello[38] ?? 0);
}

/** RFC 7301 §3.1: a list of one. Empty for none. */
function chosenProtocol(messages: readonly WireMessage[]): string {
  const [message] = handshakes(messages, ENCRYPTED_EXTENSIONS);
  const list =
    message && extensionsFrom(message.bytes, 4).get(extensionTypes.applicationLayerProtocolNegotiation);
  return Buffer.from(list?.subarray(3) ?? []).toString('latin1');
}

/** The extensions whose length stands at `offset`. */
function extensionsFrom(message: Uint8Array, offset: number): ReadonlyMap<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  const end = Math.min(offset + 2 + uint16(message, offset), message.length);
  for (let at = offset + 2; at < end; ) {
    const length = uint16(message, at + 2);
    found.set(uint16(message, at), message.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

function lengthPrefix({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >> 8, length & 0xff);
}

function uint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
