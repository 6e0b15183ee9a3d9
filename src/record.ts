import type { AeadKey, CryptoProvider, Secret } from '../nocrypto/index.ts';
import { err, ok, type Result } from '../x509/index.ts';
import type { CipherSuite } from './cipher-suites.ts';
import { contentTypes, protocolVersions } from './codepoints.ts';
import { type Failure, incompatible, misbehaved } from './failure.ts';
import { nextTrafficSecret, trafficKeys } from './key-schedule.ts';
import { MAX_CIPHERTEXT, MAX_INNER_PLAINTEXT, MAX_PLAINTEXT, MAX_TLS12_CIPHERTEXT } from './limits.ts';
import {
  mostContent,
  openFragment,
  sealedFragmentLength,
  sealFragment,
  type Tls12Keys,
} from './tls12/record.ts';

// The record protocol of RFC 9846 §5: framing, and the protection of one direction at a time. What TLS 1.2 puts into a
// protected record is in tls12/record.ts.

/** Bytes of a record header: type, version, length. */
export const RECORD_HEADER_LENGTH = 5;

/** The protection of one direction under one traffic secret. A new value for every record: the sequence number moves. */
export interface Protection<Keys extends ProtectionKeys = ProtectionKeys> {
  readonly keys: Keys;
  /** Records protected so far under these keys; a JS number is exact far beyond every limit. */
  readonly sequence: number;
}

/** What stays the same from one key change to the next. */
export type ProtectionKeys = Tls13Keys | Tls12Keys;

export interface Tls13Keys {
  readonly version: '1.3';
  readonly suite: CipherSuite;
  readonly trafficSecret: Secret;
  readonly aead: AeadKey;
  readonly iv: Secret;
  readonly tagLength: number;
}

/** A record's content after protection is taken off. */
export interface Content {
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** The protection that begins with `trafficSecret` (§7.3). */
export function protection(
  crypto: CryptoProvider,
  suite: CipherSuite,
  trafficSecret: Secret,
): Protection<Tls13Keys> {
  const { key, iv } = trafficKeys(crypto, suite, trafficSecret);
  const aead = crypto.aeads[suite.aead];
  return {
    keys: { version: '1.3', suite, trafficSecret, aead: aead.prepare(key), iv, tagLength: aead.tagLength },
    sequence: 0,
  };
}

/** The protection after a KeyUpdate (§7.2), which TLS 1.2 does not have. */
export function updatedProtection(crypto: CryptoProvider, { keys }: Protection): Protection | undefined {
  if (keys.version !== '1.3') return undefined;
  const { suite, trafficSecret } = keys;
  return protection(crypto, suite, nextTrafficSecret(crypto, suite.hash, trafficSecret));
}

/**
 * The whole length of the record whose header starts at `offset`, or why it can be none. The version is to be
 * ignored for all purposes (§5.1), but under a `protection` of TLS 1.2; only what is older than SSL 3.0 is no TLS at all.
 */
export function recordLength(
  bytes: Uint8Array,
  offset: number,
  protection?: Protection,
): Result<number, Failure> {
  const type = bytes[offset] ?? 0;
  const major = bytes[offset + 1] ?? 0;
  if (isSslv2Hello(bytes, offset)) {
    return err(incompatible('no-common-version', 'the client speaks SSL 2.0'));
  }
  if (type < contentTypes.changeCipherSpec || type > contentTypes.applicationData) {
    const hint = looksLikeText(bytes, offset)
      ? ' (this looks like plain text: does the peer speak TLS?)'
      : '';
    return err(misbehaved('unexpected-message', `a record of type ${type}${hint}`));
  }
  if (major < protocolVersions.ssl30 >> 8) {
    return err(misbehaved('bad-record-version', `a record of version ${major}.${bytes[offset + 2] ?? 0}`));
  }
  const isTls12 = protection?.keys.version === '1.2';
  if (isTls12 && ((major << 8) | (bytes[offset + 2] ?? 0)) !== protocolVersions.tls12) {
    return err(misbehaved('bad-record-version', 'a protected record of another version than TLS 1.2'));
  }
  const length = ((bytes[offset + 3] ?? 0) << 8) | (bytes[offset + 4] ?? 0);
  const most = isTls12
    ? MAX_TLS12_CIPHERTEXT
    : type === contentTypes.applicationData
      ? MAX_CIPHERTEXT
      : MAX_PLAINTEXT;
  if (length > most)
    return err(misbehaved('record-too-long', `a record of ${length} bytes, at most ${most} allowed`));
  return ok(RECORD_HEADER_LENGTH + length);
}

/** Bytes that {@link openRecord} writes at most for a record of `length` bytes, none for one that is too short to be one. */
export function openedLength({ keys }: Protection, length: number): number {
  const inside = length - RECORD_HEADER_LENGTH;
  return keys.version === '1.2' ? mostContent(keys, inside) : Math.max(0, inside - keys.tagLength);
}

/**
 * Takes the protection off a whole TLSCiphertext record (§5.2), which is only read. What was inside is written to `out`
 * from `offset` on, and the content is a view of it. `most` is how long content, and in TLS 1.3 type
 * and padding, may be together.
 */
export function openRecord(
  protection: Protection,
  record: Uint8Array,
  out: Uint8Array,
  offset: number,
  most = MAX_INNER_PLAINTEXT,
): Result<Content, Failure> {
  const { keys, sequence } = protection;
  return keys.version === '1.2'
    ? openTls12Record({ keys, sequence }, record, out, offset, Math.min(most, MAX_PLAINTEXT))
    : openTls13Record({ keys, sequence }, record, out, offset, most);
}

/** The content type is the last non-zero byte; what follows it is padding (§5.4). */
function openTls13Record(
  protection: Protection<Tls13Keys>,
  record: Uint8Array,
  out: Uint8Array,
  offset: number,
  most: number,
): Result<Content, Failure> {
  const { keys, sequence } = protection;
  const header = record.subarray(0, RECORD_HEADER_LENGTH);
  const ciphertext = record.subarray(RECORD_HEADER_LENGTH);
  if (!keys.aead.open(nonce(keys.iv, sequence), header, ciphertext, out, offset)) {
    return err(doesNotAuthenticate(sequence));
  }
  const length = openedLength(protection, record.length);
  let end = offset + length;
  while (end > offset && out[end - 1] === 0) end--;
  if (end === offset) return err(misbehaved('no-content-type', 'a protected record of padding only'));
  if (length > most) return err(tooLongInside(length, most));
  return ok({ type: out[end - 1] ?? 0, bytes: out.subarray(offset, end - 1) });
}

function openTls12Record(
  protection: Protection<Tls12Keys>,
  record: Uint8Array,
  out: Uint8Array,
  offset: number,
  most: number,
): Result<Content, Failure> {
  const { keys, sequence } = protection;
  const type = record[0] ?? 0;
  const fragment = record.subarray(RECORD_HEADER_LENGTH);
  const length = openFragment(keys, sequence, type, fragment, out, offset);
  if (length === undefined) return err(doesNotAuthenticate(sequence));
  if (length > most) return err(tooLongInside(length, most));
  return ok({ type, bytes: out.subarray(offset, offset + length) });
}

function doesNotAuthenticate(sequence: number): Failure {
  return misbehaved('decryption-failed', `record ${sequence} under these keys does not authenticate`);
}

function tooLongInside(length: number, most: number): Failure {
  return misbehaved('record-too-long', `${length} bytes inside a protected record, at most ${most} allowed`);
}

/** The protection of the record after this one. */
export function nextRecord(protection: Protection): Protection {
  return { keys: protection.keys, sequence: protection.sequence + 1 };
}

/** Bytes of a record that carries `length` bytes of content. */
export function sealedLength(protection: Protection | undefined, length: number): number {
  if (protection === undefined) return RECORD_HEADER_LENGTH + length;
  const { keys } = protection;
  return (
    RECORD_HEADER_LENGTH +
    (keys.version === '1.2' ? sealedFragmentLength(keys, length) : length + 1 + keys.tagLength)
  );
}

/**
 * Writes one record with `content` (at most 2^14 bytes) to `out` at `offset`: a TLSPlaintext without protection, else a
 * TLSCiphertext. `version` is the legacy_record_version of a plaintext record. The content is copied once, and sealed
 * where it lands. In TLS 1.3 `padding` zeros stand behind it, which count as content in {@link sealedLength}.
 */
export function sealRecord(
  protection: Protection | undefined,
  type: number,
  version: number,
  content: Uint8Array,
  out: Uint8Array,
  offset: number,
  padding = 0,
): void {
  const start = offset + RECORD_HEADER_LENGTH;
  if (protection?.keys.version === '1.2') {
    const { keys, sequence } = protection;
    const length = sealedLength(protection, content.length) - RECORD_HEADER_LENGTH;
    writeHeader(out, offset, type, protocolVersions.tls12, length);
    sealFragment(keys, sequence, type, content, out, start);
    return;
  }
  out.set(content, start);
  if (protection === undefined) {
    writeHeader(out, offset, type, version, content.length);
    return;
  }
  const { keys, sequence } = protection;
  const afterType = start + content.length + 1;
  const end = afterType + padding;
  out[afterType - 1] = type;
  out.fill(0, afterType, end);
  writeHeader(
    out,
    offset,
    contentTypes.applicationData,
    protocolVersions.tls12,
    end - start + keys.tagLength,
  );
  keys.aead.seal(nonce(keys.iv, sequence), out.subarray(offset, start), out.subarray(start, end), out, start);
}

function writeHeader(out: Uint8Array, offset: number, type: number, version: number, length: number): void {
  out[offset] = type;
  out[offset + 1] = version >> 8;
  out[offset + 2] = version & 0xff;
  out[offset + 3] = length >> 8;
  out[offset + 4] = length & 0xff;
}

/** §5.3: the sequence number, left-padded to the length of the iv, xor the iv. */
function nonce(iv: Uint8Array, sequence: number): Uint8Array {
  // Not slice(): on a Node Buffer that is a view, and the xor would change the iv itself.
  const bytes = new Uint8Array(iv);
  let rest = sequence;
  for (let i = bytes.length - 1; rest > 0; i--) {
    bytes[i] = (bytes[i] ?? 0) ^ (rest & 0xff);
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** RFC 6101 §E: a two-byte length with the high bit set, CLIENT-HELLO, a version. */
function isSslv2Hello(bytes: Uint8Array, offset: number): boolean {
  const [length = 0, , type, major = 0] = bytes.subarray(offset, offset + RECORD_HEADER_LENGTH);
  return length >= 0x80 && type === 1 && (major === 0 || major === protocolVersions.ssl30 >> 8);
}

function looksLikeText(bytes: Uint8Array, offset: number): boolean {
  for (let i = offset; i < offset + RECORD_HEADER_LENGTH; i++) {
    const byte = bytes[i] ?? 0;
    if ((byte < 0x20 || byte > 0x7e) && byte !== 0x0d && byte !== 0x0a) return false;
  }
  return true;
}
