import type { CryptoProvider, Secret } from '../nocrypto/index.ts';
import type { CipherSuite, SuiteHash } from './cipher-suites.ts';

// The key schedule of RFC 9846 §7.1, each function one arrow of its picture.

/** The secrets that protect the handshake, and the one the schedule goes on with. */
export interface HandshakeSecrets {
  readonly clientHandshakeTraffic: Secret;
  readonly serverHandshakeTraffic: Secret;
  readonly handshake: Secret;
}

/** What a client's first PSK protects early data with, and the exporter that goes with it. */
export interface EarlySecrets {
  readonly clientEarlyTraffic: Secret;
  readonly earlyExporter: Secret;
}

/** The secrets that protect application data. */
export interface ApplicationSecrets {
  readonly clientApplicationTraffic: Secret;
  readonly serverApplicationTraffic: Secret;
  readonly exporter: Secret;
  /** From which the resumption secret is derived once the client's Finished is known. */
  readonly main: Secret;
}

/** Key and per-record initialization vector of one direction (§7.3). */
export interface TrafficKeys {
  readonly key: Secret;
  readonly iv: Secret;
}

/** The early secret of a PSK (§7.1). */
export function earlySecret(crypto: CryptoProvider, hash: SuiteHash, psk: Secret): Secret {
  return crypto.hkdfExtract(hash, new Uint8Array(crypto.hashes[hash].outputLength), psk);
}

/** The secrets of 0-RTT. `transcriptHash` covers the ClientHello. */
export function earlySecrets(
  crypto: CryptoProvider,
  hash: SuiteHash,
  psk: Secret,
  transcriptHash: Uint8Array,
): EarlySecrets {
  const early = earlySecret(crypto, hash, psk);
  return {
    clientEarlyTraffic: deriveSecret(crypto, hash, early, 'c e traffic', transcriptHash),
    earlyExporter: deriveSecret(crypto, hash, early, 'e exp master', transcriptHash),
  };
}

/**
 * The schedule up to the handshake traffic secrets, with a PSK or without one; with a PSK the shared secret may be missing
 * (psk_ke). `transcriptHash` covers
 * ClientHello … ServerHello.
 */
export function handshakeSecrets(
  crypto: CryptoProvider,
  hash: SuiteHash,
  sharedSecret: Secret | undefined,
  transcriptHash: Uint8Array,
  psk?: Secret,
): HandshakeSecrets {
  const salt =
    psk === undefined
      ? constants[hash].derivedWithoutPsk
      : derived(crypto, hash, earlySecret(crypto, hash, psk));
  const handshake = crypto.hkdfExtract(
    hash,
    salt,
    sharedSecret ?? new Uint8Array(crypto.hashes[hash].outputLength),
  );
  return {
    clientHandshakeTraffic: deriveSecret(crypto, hash, handshake, 'c hs traffic', transcriptHash),
    serverHandshakeTraffic: deriveSecret(crypto, hash, handshake, 's hs traffic', transcriptHash),
    handshake,
  };
}

/** From the handshake secret to the application traffic secrets. `transcriptHash` covers ClientHello … server Finished. */
export function applicationSecrets(
  crypto: CryptoProvider,
  hash: SuiteHash,
  handshake: Secret,
  transcriptHash: Uint8Array,
): ApplicationSecrets {
  const zeros = new Uint8Array(crypto.hashes[hash].outputLength);
  const main = crypto.hkdfExtract(hash, derived(crypto, hash, handshake), zeros);
  return {
    clientApplicationTraffic: deriveSecret(crypto, hash, main, 'c ap traffic', transcriptHash),
    serverApplicationTraffic: deriveSecret(crypto, hash, main, 's ap traffic', transcriptHash),
    exporter: deriveSecret(crypto, hash, main, 'exp master', transcriptHash),
    main,
  };
}

/** resumption_secret (§7.1). `transcriptHash` covers ClientHello … client Finished. */
export function resumptionSecret(
  crypto: CryptoProvider,
  hash: SuiteHash,
  main: Secret,
  transcriptHash: Uint8Array,
): Secret {
  return deriveSecret(crypto, hash, main, 'res master', transcriptHash);
}

/** The PSK of one ticket (§4.7.1). */
export function ticketPsk(
  crypto: CryptoProvider,
  hash: SuiteHash,
  resumption: Secret,
  ticketNonce: Uint8Array,
): Secret {
  return expandLabel(crypto, hash, resumption, 'resumption', ticketNonce, crypto.hashes[hash].outputLength);
}

/** The traffic secret after a KeyUpdate (§7.2). */
export function nextTrafficSecret(crypto: CryptoProvider, hash: SuiteHash, secret: Secret): Secret {
  return expandLabel(crypto, hash, secret, 'traffic upd', noContext, crypto.hashes[hash].outputLength);
}

/** §7.3 */
export function trafficKeys(crypto: CryptoProvider, suite: CipherSuite, secret: Secret): TrafficKeys {
  const aead = crypto.aeads[suite.aead];
  return {
    key: expandLabel(crypto, suite.hash, secret, 'key', noContext, aead.keyLength),
    iv: expandLabel(crypto, suite.hash, secret, 'iv', noContext, aead.nonceLength),
  };
}

/** Finished.verify_data of the side that sends under `trafficSecret` (§4.5.3). */
export function finishedVerifyData(
  crypto: CryptoProvider,
  hash: SuiteHash,
  trafficSecret: Secret,
  transcriptHash: Uint8Array,
): Uint8Array {
  const { outputLength } = crypto.hashes[hash];
  const key = expandLabel(crypto, hash, trafficSecret, 'finished', noContext, outputLength);
  return crypto.hmac(hash, key).mac(transcriptHash);
}

/** HKDF-Expand-Label (§7.1): `length` bytes; `label` is given without its "tls13 " prefix. */
export function expandLabel(
  crypto: CryptoProvider,
  hash: SuiteHash,
  secret: Secret,
  label: string,
  context: Uint8Array,
  length: number,
): Secret {
  return crypto.hkdfExpand(hash, secret, hkdfLabel(length, label, context), length);
}

/** Derive-Secret (§7.1), given the transcript's hash. */
export function deriveSecret(
  crypto: CryptoProvider,
  hash: SuiteHash,
  secret: Secret,
  label: string,
  transcriptHash: Uint8Array,
): Secret {
  return expandLabel(crypto, hash, secret, label, transcriptHash, crypto.hashes[hash].outputLength);
}

const noContext = new Uint8Array(0);

/** What is the same in every connection, and need not be computed in each. */
const constants: Readonly<Record<SuiteHash, KeyScheduleConstants>> = {
  sha256: {
    emptyHash: Uint8Array.from([
      0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
      0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]),
    derivedWithoutPsk: Uint8Array.from([
      0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67, 0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97, 0x16,
      0xc0, 0x76, 0x18, 0x9c, 0x48, 0x25, 0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba,
    ]),
  },
  sha384: {
    emptyHash: Uint8Array.from([
      0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3, 0x6a, 0x21,
      0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, 0x27, 0x4e,
      0xde, 0xbf, 0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b,
    ]),
    derivedWithoutPsk: Uint8Array.from([
      0x15, 0x91, 0xda, 0xc5, 0xcb, 0xbf, 0x03, 0x30, 0xa4, 0xa8, 0x4d, 0xe9, 0xc7, 0x53, 0x33, 0x0e, 0x92,
      0xd0, 0x1f, 0x0a, 0x88, 0x21, 0x4b, 0x44, 0x64, 0x97, 0x2f, 0xd6, 0x68, 0x04, 0x9e, 0x93, 0xe5, 0x2f,
      0x2b, 0x16, 0xfa, 0xd9, 0x22, 0xfd, 0xc0, 0x58, 0x44, 0x78, 0x42, 0x8f, 0x28, 0x2b,
    ]),
  },
};

interface KeyScheduleConstants {
  /** The hash of nothing. */
  readonly emptyHash: Uint8Array;
  /** "derived" from the early secret of a connection without a PSK. */
  readonly derivedWithoutPsk: Uint8Array;
}

function derived(crypto: CryptoProvider, hash: SuiteHash, secret: Secret): Secret {
  return deriveSecret(crypto, hash, secret, 'derived', constants[hash].emptyHash);
}

/** HkdfLabel (§7.1). Written byte by byte, without a codec: a handshake needs some forty of them. */
function hkdfLabel(length: number, label: string, context: Uint8Array): Uint8Array {
  const prefixed = `tls13 ${label}`;
  if (label.length < 1 || prefixed.length > 255 || context.length > 255) {
    throw new RangeError(
      `no HkdfLabel has a label of ${label.length} and a context of ${context.length} bytes`,
    );
  }
  const bytes = new Uint8Array(2 + 1 + prefixed.length + 1 + context.length);
  bytes[0] = length >> 8;
  bytes[1] = length & 0xff;
  bytes[2] = prefixed.length;
  for (let i = 0; i < prefixed.length; i++) bytes[3 + i] = prefixed.charCodeAt(i);
  bytes[3 + prefixed.length] = context.length;
  bytes.set(context, 4 + prefixed.length);
  return bytes;
}
