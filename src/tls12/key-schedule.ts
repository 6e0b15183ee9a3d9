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
  /** Empty with an AEAD. */
  readonly macKey: Secret;
  readonly key: Secret;
  /** The part of the nonce that no record carries; empty with CBC, whose records carry all of it. */
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

/** RFC 5246 §6.3 */
export function keyBlock(
  crypto: CryptoProvider,
  suite: Tls12Suite,
  master: Secret,
  randoms: Randoms,
): KeyBlock {
  const lengths = keyLengths(crypto, suite);
  const seed = concat([randoms.server, randoms.client]);
  const block = crypto.tls12Prf(
    suite.hash,
    master,
    'key expansion',
    seed,
    2 * (lengths.macKey + lengths.key + lengths.iv),
  );
  let taken = 0;
  const take = (length: number): Secret => {
    taken += length;
    return secret(block.slice(taken - length, taken));
  };
  const macKeys = [take(lengths.macKey), take(lengths.macKey)] as const;
  const keys = [take(lengths.key), take(lengths.key)] as const;
  const ivs = [take(lengths.iv), take(lengths.iv)] as const;
  return {
    client: { macKey: macKeys[0], key: keys[0], iv: ivs[0] },
    server: { macKey: macKeys[1], key: keys[1], iv: ivs[1] },
  };
}

/**
 * Bytes of each part. SecurityParameters.fixed_iv_length is 4 bytes of salt for GCM and CCM (RFC 5288 §3, RFC 6655 §3), whose
 * nonces go on with 8 bytes from the record, and all 12 for ChaCha20-Poly1305 (RFC 7905 §2).
 */
function keyLengths(
  crypto: CryptoProvider,
  { cipher }: Tls12Suite,
): { readonly macKey: number; readonly key: number; readonly iv: number } {
  if (cipher.kind === 'cbc') {
    return { macKey: crypto.hashes[cipher.mac].outputLength, key: cipher.keyLength, iv: 0 };
  }
  const { keyLength } = crypto.aeads[cipher.aead];
  return { macKey: 0, key: keyLength, iv: cipher.aead === 'chacha20-poly1305' ? 12 : 4 };
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
