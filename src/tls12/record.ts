import type { AeadKey, CryptoProvider, Secret } from '../../nocrypto/index.ts';
import { type CbcKeys, cbcKeys, openCbc, sealCbc, sealedCbcLength } from './cbc.ts';
import type { DirectionKeys } from './key-schedule.ts';
import type { Tls12Suite } from './suites.ts';

// Protection of TLS 1.2 records. With an AEAD (RFC 5246 §6.2.3.3) the type stands in the clear, GCM and CCM carry a part of
// their nonce in each record (RFC 5288 §3, RFC 6655 §3), ChaCha20-Poly1305 does not (RFC 7905 §2). What CBC does is in cbc.ts.

/** What stays the same between two change_cipher_spec messages of one direction. */
export type Tls12Keys = Tls12AeadKeys | Tls12CbcKeys;

export interface Tls12AeadKeys {
  readonly version: '1.2';
  readonly kind: 'aead';
  readonly suite: Tls12Suite;
  readonly aead: AeadKey;
  readonly iv: Secret;
  readonly tagLength: number;
  /** Bytes of the nonce in each record: 8 or 0. */
  readonly explicitLength: number;
}

export interface Tls12CbcKeys {
  readonly version: '1.2';
  readonly kind: 'cbc';
  readonly suite: Tls12Suite;
  readonly cbc: CbcKeys;
}

/** The keys of one direction, ready to use. `encryptThenMac` says nothing with an AEAD. */
export function tls12Keys(
  crypto: CryptoProvider,
  suite: Tls12Suite,
  { macKey, key, iv }: DirectionKeys,
  encryptThenMac: boolean,
): Tls12Keys {
  const { cipher } = suite;
  if (cipher.kind === 'cbc') {
    const cbc = cbcKeys(crypto, cipher.mac, key, macKey, encryptThenMac);
    return { version: '1.2', kind: 'cbc', suite, cbc };
  }
  const { nonceLength, tagLength, prepare } = crypto.aeads[cipher.aead];
  const explicitLength = nonceLength - iv.length;
  return { version: '1.2', kind: 'aead', suite, aead: prepare(key), iv, tagLength, explicitLength };
}

/** Bytes that the content of a protected fragment of `length` bytes can have. */
export function mostContent(keys: Tls12Keys, length: number): number {
  return Math.max(0, keys.kind === 'cbc' ? length : length - keys.explicitLength - keys.tagLength);
}

/**
 * Takes the protection off `fragment` (what follows the record's header) and writes the content to `out` from `offset` on.
 * Answers how many bytes it has; undefined when it does not authenticate.
 */
export function openFragment(
  keys: Tls12Keys,
  sequence: number,
  type: number,
  fragment: Uint8Array,
  out: Uint8Array,
  offset: number,
): number | undefined {
  if (keys.kind === 'cbc') {
    const content = openCbc(keys.cbc, sequence, type, fragment);
    if (content !== undefined) out.set(content, offset);
    return content?.length;
  }
  const { aead, tagLength, explicitLength } = keys;
  const length = fragment.length - explicitLength - tagLength;
  if (length < 0) return undefined;
  const nonce = nonceOf(keys, sequence, fragment.subarray(0, explicitLength));
  const sealed = fragment.subarray(explicitLength);
  return aead.open(nonce, additionalData(sequence, type, length), sealed, out, offset) ? length : undefined;
}

/** Bytes of a protected fragment with so many of content. */
export function sealedFragmentLength(keys: Tls12Keys, length: number): number {
  return keys.kind === 'cbc'
    ? sealedCbcLength(keys.cbc, length)
    : keys.explicitLength + length + keys.tagLength;
}

/**
 * Writes the protected fragment to `out` at `offset`. The explicit nonce of an AEAD is the sequence number, so that none
 * comes twice under one key.
 */
export function sealFragment(
  keys: Tls12Keys,
  sequence: number,
  type: number,
  content: Uint8Array,
  out: Uint8Array,
  offset: number,
): void {
  if (keys.kind === 'cbc') {
    out.set(sealCbc(keys.cbc, sequence, type, content), offset);
    return;
  }
  const start = offset + keys.explicitLength;
  const explicit = out.subarray(offset, start);
  if (explicit.length > 0) explicit.set(sequenceBytes(sequence));
  const nonce = nonceOf(keys, sequence, explicit);
  out.set(content, start);
  const landed = out.subarray(start, start + content.length);
  keys.aead.seal(nonce, additionalData(sequence, type, content.length), landed, out, start);
}

/** RFC 5246 §6.2.3.3: seq_num, type, version, length. */
function additionalData(sequence: number, type: number, length: number): Uint8Array {
  const data = new Uint8Array(13);
  data.set(sequenceBytes(sequence));
  data.set([type, 3, 3, length >> 8, length & 0xff], 8);
  return data;
}

function nonceOf({ iv, explicitLength }: Tls12AeadKeys, sequence: number, explicit: Uint8Array): Uint8Array {
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
