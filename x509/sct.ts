import { decode, encode, err, ok, type Result } from '../asn1/index.ts';
import type { CryptoProvider, SignatureAlgorithm } from '../nocrypto/index.ts';
import { concat, sameBytes, toHex } from './bytes.ts';
import { type Certificate, tbsCertificate } from './certificate.ts';
import { extensionValue } from './extension.ts';
import { SCT_MAXIMUM_COUNT } from './limits.ts';
import { id } from './oid.ts';
import { type CertifiedKey, decodePublicKey, type KeyError } from './public-key.ts';
import { formatTime } from './time.ts';

/* Certificate Transparency (RFC 6962): proofs that a log has promised to show a certificate to everybody. */

/** A log's promise (RFC 6962 §3.2). Of a version other than v1, only its bytes are known. */
export type SignedCertificateTimestamp =
  | {
      readonly version: 'v1';
      /** SHA-256 of the log's SubjectPublicKeyInfo: 32 octets. */
      readonly logId: Uint8Array;
      /** Milliseconds since 1970. */
      readonly timestamp: number;
      readonly extensions: Uint8Array;
      /** Numbers of TLS 1.2 (RFC 5246 §7.4.1.4.1). */
      readonly hashAlgorithm: number;
      readonly signatureAlgorithm: number;
      readonly signature: Uint8Array;
    }
  | { readonly version: 'unknown'; readonly bytes: Uint8Array };

type SctV1 = Extract<SignedCertificateTimestamp, { readonly version: 'v1' }>;

export interface SctListError {
  readonly kind: 'malformed';
  /** Octets from the start of the list. */
  readonly offset: number;
  readonly expected: string;
}

/**
 * Decodes a SignedCertificateTimestampList (RFC 6962 §3.3): what the extension of a certificate or of an OCSP response
 * holds, and the TLS extension signed_certificate_timestamp. Byte fields are views into `bytes`.
 */
export function decodeSctList(
  bytes: Uint8Array,
): Result<readonly SignedCertificateTimestamp[], SctListError> {
  const reader = { bytes, offset: 0 };
  const list = readVector(reader, 2);
  if (list === undefined || reader.offset !== bytes.length || list.length === 0) {
    return err({ kind: 'malformed', offset: 0, expected: 'a list of timestamps, and nothing after it' });
  }
  const scts: SignedCertificateTimestamp[] = [];
  const within = { bytes: list, offset: 0 };
  while (within.offset < list.length) {
    const { offset } = within;
    const serialized = readVector(within, 2);
    const sct = serialized === undefined || serialized.length === 0 ? undefined : readSct(serialized);
    if (sct === undefined) {
      return err({ kind: 'malformed', offset: offset + 2, expected: 'a signed certificate timestamp' });
    }
    scts.push(sct);
  }
  return ok(scts);
}

/** The bytes of a list: at least one timestamp, all together at most 65,535 octets, or a RangeError (caller's bug). */
export function encodeSctList(scts: readonly SignedCertificateTimestamp[]): Uint8Array {
  if (scts.length === 0) {
    throw new RangeError('a list of timestamps has at least one');
  }
  return vector(2, concat(...scts.map((sct) => vector(2, encodeSct(sct)))));
}

/** A log that a client trusts, and when. Made by {@link ctLog}. */
export interface CtLog {
  /** SHA-256 of the log's SubjectPublicKeyInfo: 32 octets. */
  readonly logId: Uint8Array;
  readonly key: CertifiedKey;
  /** For people. */
  readonly description: string | undefined;
  /** Which certificates the log accepts: whose notAfter is from `start` on and before `end`. */
  readonly interval: { readonly start: number; readonly end: number } | undefined;
  /** Timestamps from here on, in milliseconds since 1970, are not believed. */
  readonly retiredAt: number | undefined;
}

export interface CtLogFacts {
  readonly description?: string;
  readonly interval?: { readonly start: number; readonly end: number };
  readonly retiredAt?: number;
}

/** A log by the DER of its SubjectPublicKeyInfo and what a log list says of it beside. */
export function ctLog(
  crypto: CryptoProvider,
  publicKey: Uint8Array,
  { description, interval, retiredAt }: CtLogFacts = {},
): Result<CtLog, KeyError> {
  const key = decodePublicKey(crypto, publicKey);
  const logId = crypto.hashes.sha256.digest(publicKey);
  return key.ok ? ok({ logId, key: key.value, description, interval, retiredAt }) : key;
}

export interface SctCheck {
  readonly crypto: CryptoProvider;
  /** The leaf of a validated path. */
  readonly certificate: Certificate;
  /** Whose key has signed it. */
  readonly issuer: Pick<Certificate, 'subjectPublicKeyInfo'>;
  /** The logs that are trusted: how many promises are enough, and whose, is for the caller to say. */
  readonly logs: readonly CtLog[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** What came in the TLS extension signed_certificate_timestamp. */
  readonly fromTls?: Uint8Array;
  /** What came in the singleExtensions of a verified OCSP response (`ocspSignedCertificateTimestampList`). */
  readonly fromOcsp?: Uint8Array;
}

export type SctSource = 'certificate' | 'tls' | 'ocsp';

/** A timestamp with the log that has signed it. */
export interface VerifiedSct {
  readonly source: SctSource;
  readonly log: CtLog;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** Why a timestamp, or a whole list of them, says nothing. */
export interface SctFault {
  readonly source: SctSource;
  readonly reason:
    | 'malformed'
    | 'unknown-version'
    | 'unknown-log'
    | 'bad-signature'
    | 'from-the-future'
    | 'retired-log'
    | 'outside-interval';
  readonly detail: string;
}

export interface SctVerdict {
  readonly verified: readonly VerifiedSct[];
  readonly faults: readonly SctFault[];
}

/**
 * Verifies every timestamp of a certificate, wherever it came from (RFC 6962 §3.3, §5.2). Those in the certificate are about
 * the precertificate: its TBSCertificate without the timestamps, and its issuer's key.
 */
export function verifyScts(check: SctCheck): SctVerdict {
  const { certificate, issuer, crypto, fromTls, fromOcsp } = check;
  const embedded = extensionValue(certificate, 'signedCertificateTimestampList');
  const wholeEntry = () => concat(uint(X509_ENTRY, 2), vector(3, certificate.der));
  const precertEntry = () =>
    concat(
      uint(PRECERT_ENTRY, 2),
      crypto.hashes.sha256.digest(issuer.subjectPublicKeyInfo.raw),
      vector(3, precertificateTbs(certificate)),
    );
  const verdicts = [
    verifyList(check, 'certificate', embedded, precertEntry),
    verifyList(check, 'tls', fromTls, wholeEntry),
    verifyList(check, 'ocsp', fromOcsp, wholeEntry),
  ];
  return {
    verified: verdicts.flatMap(({ verified }) => verified),
    faults: verdicts.flatMap(({ faults }) => faults),
  };
}

/**
 * What a log has signed instead of a certificate that was not there yet (RFC 6962 §3.2): the TBSCertificate without its
 * timestamps, and of a precertificate without its poison.
 */
export function precertificateTbs({ tbsCertificate: tbs }: Pick<Certificate, 'tbsCertificate'>): Uint8Array {
  const decoded = decode(tbsCertificate, tbs);
  if (!decoded.ok) {
    throw new RangeError('the signed part of a decoded certificate was expected');
  }
  const extensions = (decoded.value.extensions ?? []).filter(
    ({ extnID }) => extnID !== id.ct.signedCertificateTimestampList && extnID !== id.ct.precertificatePoison,
  );
  return encode(tbsCertificate, {
    ...decoded.value,
    extensions: extensions.length === 0 ? undefined : extensions,
  });
}

function verifyList(
  check: SctCheck,
  source: SctSource,
  list: Uint8Array | undefined,
  entry: () => Uint8Array,
): SctVerdict {
  if (list === undefined) {
    return { verified: [], faults: [] };
  }
  const decoded = decodeSctList(list);
  if (!decoded.ok) {
    const { expected, offset } = decoded.error;
    const detail = `${expected} was expected at offset ${offset}`;
    return { verified: [], faults: [{ source, reason: 'malformed', detail }] };
  }
  const outcomes = decoded.value
    .slice(0, SCT_MAXIMUM_COUNT)
    .map((sct) => verifySct(check, source, sct, entry));
  return {
    verified: outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])),
    faults: outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error])),
  };
}

function verifySct(
  { crypto, certificate, logs, now }: SctCheck,
  source: SctSource,
  sct: SignedCertificateTimestamp,
  entry: () => Uint8Array,
): Result<VerifiedSct, SctFault> {
  const refuse = (reason: SctFault['reason'], detail: string) => err({ source, reason, detail });
  if (sct.version !== 'v1') {
    return refuse('unknown-version', `version ${sct.bytes[0]}`);
  }
  const { timestamp, logId } = sct;
  const log = logs.find((candidate) => sameBytes(candidate.logId, logId));
  if (log === undefined) {
    return refuse('unknown-log', `log ${toHex(logId)}`);
  }
  const { notAfter } = certificate.validity;
  if (timestamp > now) {
    return refuse('from-the-future', formatTime(timestamp));
  }
  if (log.retiredAt !== undefined && timestamp >= log.retiredAt) {
    return refuse('retired-log', `${formatTime(timestamp)}, retired at ${formatTime(log.retiredAt)}`);
  }
  if (log.interval !== undefined && !(notAfter >= log.interval.start && notAfter < log.interval.end)) {
    return refuse('outside-interval', `a certificate up to ${formatTime(notAfter)}`);
  }
  const algorithm = signatureAlgorithm(sct);
  return algorithm !== undefined &&
    crypto.verify(algorithm, log.key.key, signedBytes(sct, entry()), sct.signature)
    ? ok({ source, log, timestamp })
    : refuse('bad-signature', `under the key of log ${toHex(logId)}`);
}

/*
 * RFC 6962 §3.2: Version v1(0), SignatureType certificate_timestamp(0), the timestamp, the entry with its type, and the
 * extensions.
 */
function signedBytes({ timestamp, extensions }: SctV1, entry: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0, 0), uint(timestamp, 8), entry, vector(2, extensions));
}

const X509_ENTRY = 0;
const PRECERT_ENTRY = 1;

/** RFC 6962 §2.1.4: ECDSA on P-256 or RSA with PKCS #1, either with SHA-256. That the key is of that kind, `verify` checks. */
function signatureAlgorithm(sct: SctV1): SignatureAlgorithm | undefined {
  if (sct.hashAlgorithm !== 4) {
    return undefined;
  }
  switch (sct.signatureAlgorithm) {
    case 1:
      return { kind: 'rsa-pkcs1', hash: 'sha256' };
    case 3:
      return { kind: 'ecdsa', hash: 'sha256' };
    default:
      return undefined;
  }
}

/** Reads from the front; the offset only grows. */
interface Reader {
  readonly bytes: Uint8Array;
  offset: number;
}

function readSct(bytes: Uint8Array): SignedCertificateTimestamp | undefined {
  const reader = { bytes, offset: 0 };
  if (readUint(reader, 1) !== 0) {
    return { version: 'unknown', bytes };
  }
  const logId = readOctets(reader, 32);
  const timestamp = readUint(reader, 8);
  const extensions = readVector(reader, 2);
  const hashAlgorithm = readUint(reader, 1);
  const signatureAlgorithm = readUint(reader, 1);
  const signature = readVector(reader, 2);
  return logId === undefined ||
    timestamp === undefined ||
    extensions === undefined ||
    hashAlgorithm === undefined ||
    signatureAlgorithm === undefined ||
    signature === undefined ||
    reader.offset !== bytes.length
    ? undefined
    : { version: 'v1', logId, timestamp, extensions, hashAlgorithm, signatureAlgorithm, signature };
}

function readOctets(reader: Reader, length: number): Uint8Array | undefined {
  const { bytes, offset } = reader;
  if (bytes.length - offset < length) {
    return undefined;
  }
  reader.offset += length;
  return bytes.subarray(offset, offset + length);
}

/** Undefined past the end, and for a number beyond 53 bits: no timestamp of this age of the world is one. */
function readUint(reader: Reader, length: number): number | undefined {
  const octets = readOctets(reader, length);
  const value = octets?.reduce((number, octet) => number * 256 + octet, 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

function readVector(reader: Reader, lengthOctets: number): Uint8Array | undefined {
  const length = readUint(reader, lengthOctets);
  return length === undefined ? undefined : readOctets(reader, length);
}

function encodeSct(sct: SignedCertificateTimestamp): Uint8Array {
  return sct.version === 'unknown'
    ? sct.bytes
    : concat(
        Uint8Array.of(0),
        sct.logId,
        uint(sct.timestamp, 8),
        vector(2, sct.extensions),
        Uint8Array.of(sct.hashAlgorithm, sct.signatureAlgorithm),
        vector(2, sct.signature),
      );
}

function vector(lengthOctets: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length >= 256 ** lengthOctets) {
    throw new RangeError(`${bytes.length} octets do not fit a length of ${lengthOctets} octets`);
  }
  return concat(uint(bytes.length, lengthOctets), bytes);
}

function uint(value: number, length: number): Uint8Array {
  // Divided, not shifted: timestamps are wider than the 32 bits of a shift.
  return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) % 256);
}
