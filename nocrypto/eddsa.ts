import type { EdDSA } from '@noble/curves/abstract/edwards.js';
import { ED448_TORSION_SUBGROUP, ed448 } from '@noble/curves/ed448.js';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, bytesToNumberLE } from '@noble/curves/utils.js';
import { concat } from './bytes.ts';
import { equal } from './constant-time.ts';
import { hashes } from './hash.ts';
import type { EdwardsName } from './provider.ts';
import type { Secret } from './secret.ts';

/** Bytes of a public key, of a seed, and of each half of a signature (RFC 8032 §5.1.5, §5.2.5). */
export const EDDSA_LENGTH: Readonly<Record<EdwardsName, number>> = { ed25519: 32, ed448: 57 };

/**
 * Whether the signature verifies under a checked key, by RFC 8032 §5.1.7 and §5.2.7 at their strictest: s below the
 * group's order, R in its one canonical encoding and not of small order.
 *
 * The RFC leaves open whether the equation is multiplied by the cofactor, which matters for signatures that no signer
 * makes. Two answers to one certificate would be worse than either, so this is what OpenSSL does, and with it most of
 * the world: Ed25519 without the cofactor, Ed448 with it.
 */
export function verifyEddsa(
  name: EdwardsName,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (!isEddsaSignature(name, signature)) return false;
  return name === 'ed25519'
    ? verifyEd25519(publicKey, message, signature)
    : ed448.verify(signature, message, publicKey, { zip215: false });
}

/** Whether this has a signature's length, and an R that is not of small order (newer versions of Node refuse such). */
export function isEddsaSignature(name: EdwardsName, signature: Uint8Array): boolean {
  const length = EDDSA_LENGTH[name];
  const smallOrder = name === 'ed25519' ? ED25519_TORSION_SUBGROUP : ED448_TORSION_SUBGROUP;
  return signature.length === 2 * length && !smallOrder.includes(bytesToHex(signature.subarray(0, length)));
}

/** The deterministic signature of RFC 8032 §5.1.6 and §5.2.6, with an empty context. It needs no entropy. */
export function signEddsa(name: EdwardsName, seed: Secret, message: Uint8Array): Uint8Array {
  return scheme(name).sign(message, seed);
}

export function eddsaPublicKey(name: EdwardsName, seed: Secret): Uint8Array {
  return scheme(name).getPublicKey(seed);
}

/**
 * Whether the bytes are the canonical encoding of a point on the curve that is not of small order: under such a one
 * somebody's signature would verify for any message.
 */
export function isEddsaPublicKey(name: EdwardsName, bytes: Uint8Array): boolean {
  if (bytes.length !== EDDSA_LENGTH[name]) return false;
  try {
    return !scheme(name).Point.fromBytes(bytes, false).isSmallOrder();
  } catch {
    return false;
  }
}

function scheme(name: EdwardsName): EdDSA {
  return name === 'ed25519' ? ed25519 : ed448;
}

/** S·B − k·A = R, compared as bytes, so that R needs no decoding. */
function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519;
  const r = signature.subarray(0, EDDSA_LENGTH.ed25519);
  const s = bytesToNumberLE(signature.subarray(EDDSA_LENGTH.ed25519));
  if (s >= Point.Fn.ORDER) return false;
  const k = bytesToNumberLE(hashes.sha512.digest(concat(r, publicKey, message))) % Point.Fn.ORDER;
  const minusKeyTimesK = Point.fromBytes(publicKey, false).negate().multiplyUnsafe(k);
  return equal(Point.BASE.multiplyUnsafe(s).add(minusKeyTimesK).toBytes(), r);
}
