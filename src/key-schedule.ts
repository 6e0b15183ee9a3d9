import type { CryptoProvider, HashName, Secret } from '../nocrypto/index.ts';
import type { CipherSuite } from './cipher-suites.ts';
import { type Codec, encode, opaque, struct, text, uint16 } from './wire/codec.ts';

// The key schedule of RFC 9846 §7.1, each function one arrow of its picture.

/** The secrets that protect the handshake, and the one the schedule goes on with. */
export interface HandshakeSecrets {
  readonly clientHandshakeTraffic: Secret;
  readonly serverHandshakeTraffic: Secret;
  readonly handshake: Secret;
}

/** The secrets that protect application data. */
export interface ApplicationSecrets {
  readonly clientApplicationTraffic: Secret;
  readonly serverApplicationTraffic: Secret;
  readonly exporter: Secret;
}

/** Key and per-record initialization vector of one direction (§7.3). */
export interface TrafficKeys {
  readonly key: Secret;
  readonly iv: Secret;
}

/** The schedule without a PSK, up to the handshake traffic secrets. `transcriptHash` covers ClientHello … ServerHello. */
export function handshakeSecrets(
  crypto: CryptoProvider,
  hash: HashName,
  sharedSecret: Secret,
  transcriptHash: Uint8Array,
): HandshakeSecrets {
  const zeros = new Uint8Array(crypto.hashes[hash].outputLength);
  const early = crypto.hkdfExtract(hash, zeros, zeros);
  const handshake = crypto.hkdfExtract(hash, derived(crypto, hash, early), sharedSecret);
  return {
    clientHandshakeTraffic: deriveSecret(crypto, hash, handshake, 'c hs traffic', transcriptHash),
    serverHandshakeTraffic: deriveSecret(crypto, hash, handshake, 's hs traffic', transcriptHash),
    handshake,
  };
}

/** From the handshake secret to the application traffic secrets. `transcriptHash` covers ClientHello … server Finished. */
export function applicationSecrets(
  crypto: CryptoProvider,
  hash: HashName,
  handshake: Secret,
  transcriptHash: Uint8Array,
): ApplicationSecrets {
  const zeros = new Uint8Array(crypto.hashes[hash].outputLength);
  const main = crypto.hkdfExtract(hash, derived(crypto, hash, handshake), zeros);
  return {
    clientApplicationTraffic: deriveSecret(crypto, hash, main, 'c ap traffic', transcriptHash),
    serverApplicationTraffic: deriveSecret(crypto, hash, main, 's ap traffic', transcriptHash),
    exporter: deriveSecret(crypto, hash, main, 'exp master', transcriptHash),
  };
}

/** The traffic secret after a KeyUpdate (§7.2). */
export function nextTrafficSecret(crypto: CryptoProvider, hash: HashName, secret: Secret): Secret {
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

/** Finished.verify_data of the side that sends under `trafficSecret` (§4.4.4). */
export function finishedVerifyData(
  crypto: CryptoProvider,
  hash: HashName,
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
  hash: HashName,
  secret: Secret,
  label: string,
  context: Uint8Array,
  length: number,
): Secret {
  return crypto.hkdfExpand(
    hash,
    secret,
    encode(hkdfLabel, { length, label: `tls13 ${label}`, context }),
    length,
  );
}

const hkdfLabel: Codec<{ readonly length: number; readonly label: string; readonly context: Uint8Array }> =
  struct<{
    length: number;
    label: string;
    context: Uint8Array;
  }>({ length: uint16, label: text(7, 255), context: opaque(0, 255) });

const noContext = new Uint8Array(0);

function derived(crypto: CryptoProvider, hash: HashName, secret: Secret): Secret {
  return deriveSecret(crypto, hash, secret, 'derived', crypto.hashes[hash].digest(noContext));
}

/** Derive-Secret (§7.1), given the transcript's hash. */
export function deriveSecret(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Secret,
  label: string,
  transcriptHash: Uint8Array,
): Secret {
  return expandLabel(crypto, hash, secret, label, transcriptHash, crypto.hashes[hash].outputLength);
}
