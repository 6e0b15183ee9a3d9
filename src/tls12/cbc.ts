import type { CbcKey, CryptoProvider, MacKey } from '../../nocrypto/index.ts';
import { concat } from '../bytes.ts';
import { protocolVersions } from '../codepoints.ts';

// Records under AES-CBC and HMAC (RFC 5246 §6.2.3.2), in either order: encrypt-then-MAC (RFC 7366) has no padding oracle;
// MAC-then-encrypt is what Vaudenay and Lucky 13 broke, and is only as good as the care that is taken here.

/** What one direction protects its records with. */
export interface CbcKeys {
  readonly cipher: CbcKey;
  readonly mac: MacKey;
  /** Bytes of an input block of the MAC's hash, and of the length at its end. */
  readonly macBlock: { readonly length: number; readonly lengthField: number };
  /** Makes the initialization vectors: see {@link initializationVector}. */
  readonly ivs: MacKey;
  readonly encryptThenMac: boolean;
  readonly equal: CryptoProvider['equal'];
}

/** The hash of a suite's HMAC. SHA-1 is not broken in HMAC. */
export type CbcHash = 'sha1' | 'sha256' | 'sha384';

const BLOCK = 16;
/** A padding has at most so many bytes, its length included. */
const MOST_PADDING = 256;

export function cbcKeys(
  crypto: CryptoProvider,
  hash: CbcHash,
  key: Uint8Array,
  macKey: Uint8Array,
  encryptThenMac: boolean,
): CbcKeys {
  const { blockLength } = crypto.hashes[hash];
  const ivKey = crypto.hmac('sha256', key).mac(new TextEncoder().encode('initialization vectors'));
  return {
    cipher: crypto.aesCbc(key),
    mac: crypto.hmac(hash, macKey),
    macBlock: { length: blockLength, lengthField: blockLength === 128 ? 16 : 8 },
    ivs: crypto.hmac('sha256', ivKey),
    encryptThenMac,
    equal: crypto.equal,
  };
}

/** GenericBlockCipher: what follows the header of a record with this content. */
export function sealCbc(keys: CbcKeys, sequence: number, type: number, content: Uint8Array): Uint8Array {
  const { cipher, mac, encryptThenMac } = keys;
  const iv = initializationVector(keys, sequence);
  const inner = encryptThenMac
    ? content
    : concat([content, mac.mac(concat([macHeader(sequence, type, content.length), content]))]);
  const encrypted = concat([iv, cipher.encrypt(iv, concat([inner, padding(inner.length)]))]);
  return encryptThenMac
    ? concat([encrypted, mac.mac(concat([macHeader(sequence, type, encrypted.length), encrypted]))])
    : encrypted;
}

/** Bytes of {@link sealCbc}'s result for so many of content. */
export function sealedCbcLength({ mac, encryptThenMac }: CbcKeys, length: number): number {
  const inner = encryptThenMac ? length : length + mac.length;
  const padded = inner + padding(inner).length;
  return BLOCK + padded + (encryptThenMac ? mac.length : 0);
}

/** The content of a record; undefined when it does not authenticate, whatever it is that is wrong. */
export function openCbc(
  keys: CbcKeys,
  sequence: number,
  type: number,
  fragment: Uint8Array,
): Uint8Array | undefined {
  return keys.encryptThenMac
    ? openEncryptThenMac(keys, sequence, type, fragment)
    : openMacThenEncrypt(keys, sequence, type, fragment);
}

/** RFC 7366 §3: nothing is decrypted that does not authenticate, so the padding tells nobody anything. */
function openEncryptThenMac(
  { cipher, mac, equal }: CbcKeys,
  sequence: number,
  type: number,
  fragment: Uint8Array,
): Uint8Array | undefined {
  const end = fragment.length - mac.length;
  if (end < 2 * BLOCK || end % BLOCK !== 0) return undefined;
  const encrypted = fragment.subarray(0, end);
  const expected = mac.mac(concat([macHeader(sequence, type, end), encrypted]));
  if (!equal(expected, fragment.subarray(end))) return undefined;
  const plaintext = cipher.decrypt(encrypted.subarray(0, BLOCK), encrypted.subarray(BLOCK));
  const { good, length } = readPadding(plaintext, 0);
  return good === 0 ? undefined : plaintext.subarray(0, plaintext.length - length);
}

/**
 * RFC 5246 §6.2.3.2, with the countermeasure of its implementation note and of Lucky 13: whatever the padding is, the same
 * bytes are looked at and the MAC's hash does the same number of blocks; one verdict comes out at the end. (JavaScript
 * promises nothing about the time of any of it: bench/ measures what is left.)
 */
function openMacThenEncrypt(
  { cipher, mac, macBlock, equal }: CbcKeys,
  sequence: number,
  type: number,
  fragment: Uint8Array,
): Uint8Array | undefined {
  const length = fragment.length - BLOCK;
  // What anybody can see of a record may end it early.
  if (length < mac.length + 1 || length % BLOCK !== 0) return undefined;
  const plaintext = cipher.decrypt(fragment.subarray(0, BLOCK), fragment.subarray(BLOCK));
  const padded = readPadding(plaintext, mac.length);
  const most = length - mac.length - 1;
  const contentLength = length - mac.length - padded.length;
  const content = plaintext.subarray(0, contentLength);
  const expected = mac.mac(concat([macHeader(sequence, type, contentLength), content]));
  const blocks = (bytes: number) => Math.ceil((HEADER + bytes + 1 + macBlock.lengthField) / macBlock.length);
  // What a longer content would have cost.
  mac.mac(new Uint8Array((blocks(most) - blocks(contentLength)) * macBlock.length));
  const found = plaintext.subarray(contentLength, contentLength + mac.length);
  return (Number(equal(expected, found)) & padded.good) === 1 ? content : undefined;
}

/**
 * The padding at the end of `plaintext`, its length byte counted in. One that is not what it must be, or leaves no room for
 * `reserved` bytes, is not good and counts as one byte. As many bytes are looked at whatever it says.
 */
function readPadding(
  plaintext: Uint8Array,
  reserved: number,
): { readonly good: 0 | 1; readonly length: number } {
  const { length } = plaintext;
  const last = plaintext[length - 1] ?? 0;
  let wrong = isLess(length, reserved + last + 1);
  for (let i = 1; i < MOST_PADDING && i < length; i++) {
    const belongs = -isLess(i, last + 1);
    wrong |= belongs & ((plaintext[length - 1 - i] ?? 0) ^ last);
  }
  const good = isLess(wrong, 1) === 1 ? 1 : 0;
  return { good, length: (last & -good) + 1 };
}

/** 1 when a < b, else 0, of numbers below 2^31. */
function isLess(a: number, b: number): number {
  return (a - b) >>> 31;
}

const HEADER = 13;

/** RFC 5246 §6.2.3.1: seq_num, type, version, length. */
function macHeader(sequence: number, type: number, length: number): Uint8Array {
  const header = new Uint8Array(HEADER);
  const view = new DataView(header.buffer);
  view.setUint32(0, Math.floor(sequence / 2 ** 32));
  view.setUint32(4, sequence % 2 ** 32);
  view.setUint8(8, type);
  view.setUint16(9, protocolVersions.tls12);
  view.setUint16(11, length);
  return header;
}

/**
 * The initialization vector of a record, which must be nothing that anybody can foresee (BEAST, RFC 5246 §6.2.3.2): the
 * sequence number under a key of its own, since here no randomness can be drawn.
 */
function initializationVector({ ivs }: CbcKeys, sequence: number): Uint8Array {
  return ivs.mac(macHeader(sequence, 0, 0)).subarray(0, BLOCK);
}

/** The shortest padding (§6.2.3.2): each byte says how many stand before the last. */
function padding(length: number): Uint8Array {
  const count = BLOCK - (length % BLOCK);
  return new Uint8Array(count).fill(count - 1);
}
