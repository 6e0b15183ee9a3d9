import { type CryptoProvider, type Secret, secret } from '../../nocrypto/index.ts';
import { concat } from '../bytes.ts';
import type { Tls12Suite } from './suites.ts';

// The key schedule of TLS 1.2: RFC 5246 §6.3, §7.4.9 and §8.1, RFC 7627 and RFC 5705.

/** Both randoms of a connection, which every secret of it depends on. */
export interface Randoms {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

/** The keys of one direction. */
export interface DirectionKeys {
  readonly key: Secret;
  /** The part of the nonce that no record carries. */
  readonly iv: Secret;
}

/** The keys of both directions, cut from one key_block (RFC 5246 §6.3). */
export interface KeyBlock {
  readonly client: DirectionKeys;
  readonly server: DirectionKeys;
}

/** Bytes of a master secret (RFC 5246 §8.1). */
export const MASTER_SECRET_LENGTH = 48;

/** Bytes of Finished.verify_data: all our suites keep to what RFC 5246 §7.4.9 says where a suite does not. */
export const VERIFY_DATA_LENGTH = 12;

/**
 * The extended master secret (RFC 7627 §4): bound to the whole handshake up to ClientKeyExchange, so that no two
 * connections with different peers can share one (triple handshake). `sessionHash` is the hash of those messages.
 */
export function extendedMasterSecret(
  crypto: CryptoProvider,
  { hash }: Tls12Suite,
  premaster: Secret,
  sessionHash: Uint8Array,
): Secret {
  return crypto.tls12Prf(hash, premaster, 'extended master secret', sessionHash, MASTER_SECRET_LENGTH);
}

/** The master secret of a peer that does not know the extended one (RFC 5246 §8.1): such a session is not resumed. */
export function masterSecret(
  crypto: CryptoProvider,
  { hash }: Tls12Suite,
  premaster: Secret,
  randoms: Randoms,
): Secret {
  const seed = concat([randoms.client, randoms.server]);
  return crypto.tls12Prf(hash, premaster, 'master secret', seed, MASTER_SECRET_LENGTH);
}

/** RFC 5246 §6.3; an AEAD has no MAC keys, and of its nonce this much is fixed. */
export function keyBlock(
  crypto: CryptoProvider,
  suite: Tls12Suite,
  master: Secret,
  randoms: Randoms,
): KeyBlock {
  const { keyLength } = crypto.aeads[suite.aead];
  const ivLength = fixedIvLength(suite);
  const seed = concat([randoms.server, randoms.client]);
  const block = crypto.tls12Prf(suite.hash, master, 'key expansion', seed, 2 * (keyLength + ivLength));
  const ivs = 2 * keyLength;
  const part = (from: number, length: number): Secret => secret(block.slice(from, from + length));
  return {
    client: { key: part(0, keyLength), iv: part(ivs, ivLength) },
    server: { key: part(keyLength, keyLength), iv: part(ivs + ivLength, ivLength) },
  };
}

/**
 * SecurityParameters.fixed_iv_length: 4 bytes of salt for GCM and CCM (RFC 5288 §3, RFC 6655 §3), whose nonces go on
 * with 8 bytes from the record; all 12 for ChaCha20-Poly1305 (RFC 7905 §2).
 */
function fixedIvLength({ aead }: Tls12Suite): number {
  return aead === 'chacha20-poly1305' ? 12 : 4;
}

/** Finished.verify_data of one side (RFC 5246 §7.4.9). */
export function verifyData(
  crypto: CryptoProvider,
  { hash }: Tls12Suite,
  master: Secret,
  sender: 'client' | 'server',
  transcriptHash: Uint8Array,
): Uint8Array {
  return crypto.tls12Prf(hash, master, `${sender} finished`, transcriptHash, VERIFY_DATA_LENGTH);
}

/** Exported keying material (RFC 5705 §4), where no context and an empty one give different results. */
export function exportedKeys(
  crypto: CryptoProvider,
  { hash }: Tls12Suite,
  master: Secret,
  randoms: Randoms,
  label: string,
  context: Uint8Array | undefined,
  length: number,
): Secret {
  const seed =
    context === undefined
      ? concat([randoms.client, randoms.server])
      : concat([
          randoms.client,
          randoms.server,
          Uint8Array.of(context.length >> 8, context.length & 0xff),
          context,
        ]);
  return crypto.tls12Prf(hash, master, label, seed, length);
}
