import { err, ok, type Result } from '../x509/index.ts';
import { concat } from './bytes.ts';
import { contentTypes, handshakeTypes } from './codepoints.ts';
import type { ServerConfig } from './config.ts';
import { checkRequest, findExtension } from './extensions.ts';
import { type Failure, misbehaved } from './failure.ts';
import { defaultLimits } from './limits.ts';
import { type ClientHello, decodeHandshake, HANDSHAKE_HEADER_LENGTH } from './messages.ts';
import { RECORD_HEADER_LENGTH, recordLength } from './record.ts';
import type { ClientHelloFacts } from './request.ts';
import { helloFacts } from './server/client-hello.ts';
import { openFirstHello } from './server/ech.ts';

/** What the first bytes of a connection say, or `undefined` while the ClientHello is not complete. */
export interface Peeked {
  readonly facts: ClientHelloFacts;
  /** Every version the client names; without supported_versions the legacy one. */
  readonly versions: readonly number[];
  /**
   * With Encrypted ClientHello (RFC 9849): `outer` when there may be another hello in this one, which only the holder of a key
   * can tell from GREASE; `inner` when this is the one that was inside.
   */
  readonly encryptedClientHello: 'outer' | 'inner' | undefined;
  readonly hello: ClientHello;
}

/**
 * Reads the ClientHello at the start of `bytes` without taking part: to decide, by name or protocol, who is to get the
 * connection; the same bytes are then given to `receive` or passed on to another server. Call it again with more bytes
 * while the answer is undefined. An error means that no TLS server will answer these bytes with anything but an alert.
 *
 * Nothing here is authenticated. With Encrypted ClientHello the name seen is the public one, unless `config` has the key: then
 * it is the inner hello that is looked at, and whoever gets the bytes needs the key, too.
 */
export function peekClientHello(
  bytes: Uint8Array,
  config?: ServerConfig,
): Result<Peeked | undefined, Failure> {
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message = firstMessage(plain);
  if (!message.ok || message.value === undefined) return message.ok ? ok(undefined) : message;
  const raw = message.value.slice();
  const decoded = decodeHandshake(raw);
  if (!decoded.ok) return decoded;
  if (decoded.value.kind !== 'clientHello') return err(misbehaved('unexpected-message', decoded.value.kind));
  const received = { hello: decoded.value.body, raw };
  const answered = config === undefined ? ok(received) : openFirstHello(config, received);
  if (!answered.ok) return answered;
  const { hello } = answered.value;
  const problem = checkRequest(hello.extensions);
  if (problem !== undefined) return err(problem);
  const versions = findExtension(hello.extensions, 'supportedVersions') ?? [hello.legacyVersion];
  const ech = findExtension(hello.extensions, 'encryptedClientHello');
  const encryptedClientHello = ech === undefined ? undefined : ech.kind === 'inner' ? 'inner' : 'outer';
  return ok({ facts: helloFacts(hello), versions, encryptedClientHello, hello });
}

/** The first handshake message, put together from the records it came in; undefined while some are missing. */
function firstMessage(bytes: Uint8Array): Result<Uint8Array | undefined, Failure> {
  const parts: Uint8Array[] = [];
  let gathered = 0;
  for (let offset = 0; bytes.length - offset >= RECORD_HEADER_LENGTH; ) {
    const length = recordLength(bytes, offset);
    if (!length.ok) return length;
    const type = bytes[offset] ?? 0;
    if (type !== contentTypes.handshake || length.value === RECORD_HEADER_LENGTH) {
      return err(
        misbehaved('unexpected-message', `a record of type ${type} before the ClientHello is complete`),
      );
    }
    if (bytes.length - offset < length.value) return ok(undefined);
    parts.push(bytes.subarray(offset + RECORD_HEADER_LENGTH, offset + length.value));
    gathered += length.value - RECORD_HEADER_LENGTH;
    offset += length.value;
    const whole = wholeLength(parts, gathered);
    if (whole !== undefined && whole > defaultLimits.handshakeMessage) {
      return err(misbehaved('message-too-long', `a ClientHello of ${whole} bytes`));
    }
    if (whole !== undefined && gathered >= whole) return ok(concat(parts).subarray(0, whole));
  }
  return ok(undefined);
}

function wholeLength(parts: readonly Uint8Array[], gathered: number): number | undefined {
  if (gathered < HANDSHAKE_HEADER_LENGTH) return undefined;
  const header: number[] = [];
  for (const part of parts) {
    header.push(...part.subarray(0, HANDSHAKE_HEADER_LENGTH - header.length));
    if (header.length === HANDSHAKE_HEADER_LENGTH) break;
  }
  const [type, high = 0, middle = 0, low = 0] = header;
  // Another message than a ClientHello is refused as soon as its header is there: no more needs to be gathered.
  if (type !== handshakeTypes.clientHello) return HANDSHAKE_HEADER_LENGTH;
  return HANDSHAKE_HEADER_LENGTH + ((high << 16) | (middle << 8) | low);
}
