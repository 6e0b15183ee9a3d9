import type { AeadKey, CryptoProvider, Secret } from '../../nocrypto/index.ts';
import type { DirectionKeys } from './key-schedule.ts';
import type { Tls12Suite } from './suites.ts';

// AEAD protection of TLS 1.2 records (RFC 5246 §6.2.3.3): the type stands in the clear, GCM and CCM carry a part of their
// nonce in each record (RFC 5288 §3, RFC 6655 §3), ChaCha20-Poly1305 does not (RFC 7905 §2).

/** What stays the same between two change_cipher_spec messages of one direction. */
export interface Tls12Keys {
  readonly version: '1.2';
  readonly suite: Tls12Suite;
  readonly aead: AeadKey;
  readonly iv: Secret;
  readonly tagLength: number;
  /** Bytes of the nonce in each record: 8 or 0. */
  readonly explicitLength: number;
}

/** The keys of one direction, ready to use. */
export function tls12Keys(crypto: CryptoProvider, suite: Tls12Suite, { key, iv }: DirectionKeys): Tls12Keys {
  const { nonceLength, tagLength, prepare } = crypto.aeads[suite.aead];
  return {
    version: '1.2',
    suite,
    aead: prepare(key),
    iv,
    tagLength,
    explicitLength: nonceLength - iv.length,
  };
}

/**
 * Takes the protection off `fragment` (GenericAEADCipher: what follows the record's header) and writes the content to `out`
 * from `offset` on. False when it does not authenticate.
 */
export function openFragment(
  keys: Tls12Keys,
  sequence: number,
  type: number,
  fragment: Uint8Array,
  out: Uint8Array,
  offset: number,
): boolean {
  const { aead, tagLength, explicitLength } = keys;
  const length = fragment.length - explicitLength - tagLength;
  if (length < 0) return false;
  const nonce = nonceOf(keys, sequence, fragment.subarray(0, explicitLength));
  const sealed = fragment.subarray(explicitLength);
  return aead.open(nonce, additionalData(sequence, type, length), sealed, out, offset);
}

/**
 * Seals the `length` bytes of content that stand in `out` behind room for the explicit nonce at `offset`, where they
 * stand. The explicit nonce is the sequence number, so that none comes twice under one key.
 */
export function sealFragment(
  keys: Tls12Keys,
  sequence: number,
  type: number,
  out: Uint8Array,
  offset: number,
  length: number,
): void {
  const start = offset + keys.explicitLength;
  const explicit = out.subarray(offset, start);
  if (explicit.length > 0) explicit.set(sequenceBytes(sequence));
  const nonce = nonceOf(keys, sequence, explicit);
  const content = out.subarray(start, start + length);
  keys.aead.seal(nonce, additionalData(sequence, type, length), content, out, start);
}

/** RFC 5246 §6.2.3.3: seq_num, type, version, length. */
function additionalData(sequence: number, type: number, length: number): Uint8Array {
  const data = new Uint8Array(13);
  data.set(sequenceBytes(sequence));
  data.set([type, 3, 3, length >> 8, length & 0xff], 8);
  return data;
}

function nonceOf({ iv, explicitLength }: Tls12Keys, sequence: number, explicit: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12);
  nonce.set(iv);
  if (explicitLength > 0) {
    nonce.set(explicit, iv.length);
    return nonce;
  }
  // RFC 7905 §2: the sequence number, left-padded to the length of the iv, xor the iv.
  for (const [i, byte] of sequenceBytes(sequence).entries()) nonce[4 + i] = (nonce[4 + i] ?? 0) ^ byte;
  return nonce;
}

function sequenceBytes(sequence: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(sequence / 2 ** 32));
  view.setUint32(4, sequence % 2 ** 32);
  return bytes;
}
