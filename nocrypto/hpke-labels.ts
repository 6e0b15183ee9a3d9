import { concat } from './bytes.ts';
import type { CryptoProvider, HashName } from './provider.ts';
import type { Secret } from './secret.ts';

/** LabeledExtract (RFC 9180 §4). */
export function labeledExtract(
  crypto: CryptoProvider,
  hash: HashName,
  suiteId: Uint8Array,
  salt: Uint8Array,
  label: string,
  inputKeyMaterial: Uint8Array,
): Secret {
  return crypto.hkdfExtract(hash, salt, concat(VERSION, suiteId, encode(label), inputKeyMaterial));
}

/** LabeledExpand (RFC 9180 §4). */
export function labeledExpand(
  crypto: CryptoProvider,
  hash: HashName,
  suiteId: Uint8Array,
  pseudorandomKey: Secret,
  label: string,
  info: Uint8Array,
  length: number,
): Secret {
  const labeledInfo = concat(uint16(length), VERSION, suiteId, encode(label), info);
  return crypto.hkdfExpand(hash, pseudorandomKey, labeledInfo, length);
}

/** Two bytes, big-endian. */
export function uint16(n: number): Uint8Array {
  return Uint8Array.of(n >>> 8, n);
}

const VERSION = encode('HPKE-v1');

function encode(label: string): Uint8Array {
  return new TextEncoder().encode(label);
}
