import { err, ok, type Result } from '../../x509/index.ts';
import { extensionTypes, handshakeTypes, protocolVersions } from '../codepoints.ts';
import { type ClientHelloExtension, extensionType, findExtension } from '../extensions.ts';
import { type Failure, misbehaved } from '../failure.ts';
import {
  type ClientHello,
  clientHello,
  decodeHandshake,
  HANDSHAKE_HEADER_LENGTH,
  RANDOM_LENGTH,
} from '../messages.ts';
import { decode, encode, opaque, opaqueFixed, opaqueRest, struct, uint16, vector } from '../wire/codec.ts';

// How a ClientHelloInner travels inside of a ClientHelloOuter (RFC 9849 §5.1, §5.2).

/** A hello with its raw bytes, header included. */
export interface ReceivedHello {
  readonly hello: ClientHello;
  readonly raw: Uint8Array;
}

/**
 * EncodedClientHelloInner: without its session id, with references in place of the extensions `inOuter`, padded. What
 * stands `inOuter` stands there in the same order, and one behind the other in `inner`. `maximumNameLength` is that of
 * the configuration.
 */
export function encodeInner(
  inner: ClientHello,
  inOuter: readonly ClientHelloExtension[],
  maximumNameLength: number,
): Uint8Array {
  const [first] = inOuter;
  const extensions = inner.extensions.flatMap((extension): readonly ClientHelloExtension[] => {
    if (!inOuter.includes(extension)) return [extension];
    return extension === first ? [references(inOuter)] : [];
  });
  const encoded = encode(clientHello, { ...inner, legacySessionId: new Uint8Array(0), extensions });
  const padded = new Uint8Array(encoded.length + paddingLength(encoded.length, inner, maximumNameLength));
  padded.set(encoded);
  return padded;
}

/**
 * The ClientHelloInner that an EncodedClientHelloInner stands for, given the outer hello it came in, header included
 * (RFC 9849 §5.1). In linear time, and never longer than what was received: a reference stands for one extension of
 * the outer hello, and no extension is referred to twice (§10.12.4).
 */
export function decodeInner(encoded: Uint8Array, outerRaw: Uint8Array): Result<ReceivedHello, Failure> {
  const decoded = decode(encodedInner, encoded);
  if (!decoded.ok) return err({ kind: 'malformed', structure: 'encodedClientHelloInner', ...decoded.error });
  const { hello, zeros } = decoded.value;
  if (zeros.some((byte) => byte !== 0)) {
    return err(misbehaved('ech-padding-not-zero', 'behind the ClientHelloInner'));
  }
  if (hello.legacySessionId.length > 0) {
    return err(misbehaved('bad-client-hello-inner', 'it has a legacy_session_id of its own'));
  }
  const outer = decode(rawHello, outerRaw.subarray(HANDSHAKE_HEADER_LENGTH));
  if (!outer.ok) return err({ kind: 'malformed', structure: 'clientHello', ...outer.error });
  const extensions = withReferences(hello.extensions, outer.value.extensions);
  if (!extensions.ok) return extensions;
  const { legacySessionId } = outer.value;
  const raw = framed({ ...hello, legacySessionId, extensions: extensions.value });
  const message = decodeHandshake(raw);
  if (!message.ok) return message;
  const problem =
    message.value.kind === 'clientHello' ? innerProblem(message.value.body) : 'it is no ClientHello';
  return message.value.kind === 'clientHello' && problem === undefined
    ? ok({ hello: message.value.body, raw })
    : err(misbehaved('bad-client-hello-inner', problem ?? ''));
}

/**
 * ClientHelloOuterAAD (RFC 9849 §5.2): an outer hello, without header, whose ECH payload is zeros. `raw` is the hello
 * with its header, `payloadLength` that of its payload.
 */
export function outerAad(raw: Uint8Array, payloadLength: number): Result<Uint8Array, Failure> {
  const body = raw.slice(HANDSHAKE_HEADER_LENGTH);
  const decoded = decode(rawHello, body);
  if (!decoded.ok) return err({ kind: 'malformed', structure: 'clientHello', ...decoded.error });
  const ech = decoded.value.extensions.find(({ type }) => type === extensionTypes.encryptedClientHello);
  // The payload is the last field, and what was decoded are views into `body`.
  ech?.data.fill(0, ech.data.length - payloadLength);
  return ok(body);
}

interface RawExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** A ClientHello whose extensions are left as bytes: what is put together must be what the client has hashed. */
interface RawHello extends Omit<ClientHello, 'cipherSuites' | 'extensions'> {
  readonly cipherSuites: Uint8Array;
  readonly extensions: readonly RawExtension[];
}

const rawHello = struct<RawHello>({
  legacyVersion: uint16,
  random: opaqueFixed(RANDOM_LENGTH),
  legacySessionId: opaque(0, 32),
  cipherSuites: opaque(2, 0xfffe),
  legacyCompressionMethods: opaque(1, 255),
  extensions: vector(struct<RawExtension>({ type: uint16, data: opaque(0, 0xffff) }), 0, 0xffff),
});

const encodedInner = struct<{ readonly hello: RawHello; readonly zeros: Uint8Array }>({
  hello: rawHello,
  zeros: opaqueRest,
});

/** RFC 9849 §5.1: OuterExtensions. */
const outerExtensions = vector(uint16, 2, 254);

function references(inOuter: readonly ClientHelloExtension[]): ClientHelloExtension {
  return {
    name: 'unknown',
    type: extensionTypes.echOuterExtensions,
    data: encode(outerExtensions, inOuter.map(extensionType)),
  };
}

/** §6.1.3: to the longest name of the server's, then to a multiple of 32. */
function paddingLength(length: number, inner: ClientHello, maximumNameLength: number): number {
  const name = findExtension(inner.extensions, 'serverName')?.[0]?.hostName;
  // 9: what the extension takes around a name.
  const forName = name === undefined ? maximumNameLength + 9 : Math.max(0, maximumNameLength - name.length);
  return forName + 31 - ((length + forName - 1) % 32);
}

/** RFC 9849 Appendix A: one walk along both lists. */
function withReferences(
  inner: readonly RawExtension[],
  outer: readonly RawExtension[],
): Result<readonly RawExtension[], Failure> {
  const place = inner.findIndex(({ type }) => type === extensionTypes.echOuterExtensions);
  const reference = inner[place];
  if (reference === undefined) return ok(inner);
  const types = decode(outerExtensions, reference.data);
  if (!types.ok) return err({ kind: 'malformed', structure: 'outerExtensions', ...types.error });
  const copied: RawExtension[] = [];
  let next = 0;
  for (const type of types.value) {
    if (type === extensionTypes.encryptedClientHello) return err(badReference(type, 'to itself'));
    while (next < outer.length && outer[next]?.type !== type) next++;
    const extension = outer[next++];
    if (extension === undefined) return err(badReference(type, 'missing there, repeated or out of order'));
    copied.push(extension);
  }
  return ok([...inner.slice(0, place), ...copied, ...inner.slice(place + 1)]);
}

function badReference(type: number, problem: string): Failure {
  return misbehaved('bad-ech-outer-extensions', `extension 0x${type.toString(16)}: ${problem}`);
}

function framed(hello: RawHello): Uint8Array {
  const raw = encode(rawHello, hello, HANDSHAKE_HEADER_LENGTH);
  const length = raw.length - HANDSHAKE_HEADER_LENGTH;
  raw.set([handshakeTypes.clientHello, length >>> 16, length >>> 8, length]);
  return raw;
}

/** §7.1, and §5.1: ech_outer_extensions has no place in what it was resolved to. */
function innerProblem({ extensions }: ClientHello): string | undefined {
  if (findExtension(extensions, 'encryptedClientHello')?.kind !== 'inner') {
    return 'it does not say that it is an inner one';
  }
  if (extensions.some((extension) => extensionType(extension) === extensionTypes.echOuterExtensions)) {
    return 'it refers to the outer hello twice';
  }
  const versions = findExtension(extensions, 'supportedVersions') ?? [];
  return versions.length === 0 || versions.some((version) => version <= protocolVersions.tls12)
    ? 'it offers TLS 1.2 or less'
    : undefined;
}
