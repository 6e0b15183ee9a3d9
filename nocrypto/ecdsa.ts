import { ecdsa } from '@noble/curves/abstract/weierstrass.js';
import { concat } from './bytes.ts';
import { curve, curveLengths } from './curves.ts';
import { hashes, nobleHash } from './hash.ts';
import { toBytes } from './modular.ts';
import type { CurveName, SignatureHash } from './provider.ts';
import type { Secret } from './secret.ts';

/**
 * Whether a DER signature over `message` verifies under a checked point (FIPS 186-5 §6.4.2). Any hash goes with any
 * curve; a digest longer than the order is truncated to its leftmost bits. The larger of the two values of s is as
 * good as the smaller: neither X.509 nor TLS asks for "low s".
 */
export function verifyEcdsa(
  name: CurveName,
  hash: SignatureHash,
  point: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const compact = decodeSignature(signature, curveLengths[name].scalar);
  if (compact === undefined) return false;
  const digest = hashes[hash].digest(message);
  return curve(name).verify(compact, digest, point, { prehash: false, lowS: false, format: 'compact' });
}

/**
 * A DER signature with the nonce of RFC 6979, hedged with `additionalEntropy` (§3.6; none gives the deterministic
 * signature of §3.2). HMAC uses the message's hash, as the RFC has it.
 */
export function signEcdsa(
  name: CurveName,
  hash: SignatureHash,
  scalar: Secret,
  message: Uint8Array,
  additionalEntropy: Uint8Array,
): Uint8Array {
  return ecdsa(curve(name).Point, nobleHash(hash)).sign(message, scalar, {
    lowS: false,
    format: 'der',
    extraEntropy: additionalEntropy,
  });
}

/**
 * Reads Ecdsa-Sig-Value (RFC 3279 §2.2.3), SEQUENCE { r INTEGER, s INTEGER }, in strict DER and returns r ‖ s, each
 * `length` bytes; `undefined` for anything else. One signature has one encoding, so a third party cannot make a
 * second one. Whether r and s lie in 1 … n−1 is left to the verification.
 *
 * An integer here has at most 66 bytes, so that its length is always one byte; that of the SEQUENCE takes a second one
 * with P-521 only.
 */
export function decodeSignature(der: Uint8Array, length: number): Uint8Array | undefined {
  const short = der.length < 2 + 0x80;
  const start = short ? 2 : 3;
  if (der[0] !== SEQUENCE || der[start - 1] !== der.length - start || (!short && der[1] !== 0x81))
    return undefined;
  const r = readInteger(der, start, length);
  if (r === undefined) return undefined;
  const s = readInteger(der, r.end, length);
  if (s === undefined || s.end !== der.length) return undefined;
  return concat(r.padded, s.padded);
}

/** The DER of Ecdsa-Sig-Value. */
export function encodeSignature(r: bigint, s: bigint, length: number): Uint8Array {
  const content = concat(writeInteger(toBytes(r, length)), writeInteger(toBytes(s, length)));
  const header = content.length < 0x80 ? [SEQUENCE, content.length] : [SEQUENCE, 0x81, content.length];
  return concat(Uint8Array.of(...header), content);
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;

function readInteger(
  der: Uint8Array,
  offset: number,
  length: number,
): { readonly padded: Uint8Array; readonly end: number } | undefined {
  const start = offset + 2;
  const end = start + (der[offset + 1] ?? 0);
  const content = der.subarray(start, end);
  const [first, second] = content;
  if (der[offset] !== INTEGER || end > der.length || first === undefined) return undefined;
  if (first >= 0x80) return undefined;
  if (first === 0 && second !== undefined && second < 0x80) return undefined;
  const magnitude = first === 0 ? content.subarray(1) : content;
  if (magnitude.length > length) return undefined;
  const padded = new Uint8Array(length);
  padded.set(magnitude, length - magnitude.length);
  return { padded, end };
}

/** An INTEGER that is positive, from big-endian bytes. */
function writeInteger(bytes: Uint8Array): Uint8Array {
  const magnitude = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  const sign = (magnitude[0] ?? 0) < 0x80 ? [] : [0];
  return Uint8Array.of(INTEGER, sign.length + magnitude.length, ...sign, ...magnitude);
}
