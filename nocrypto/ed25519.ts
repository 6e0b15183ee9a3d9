import { ed25519 } from '@noble/curves/ed25519.js';
import type { Secret } from './secret.ts';

/** Bytes of a public key and of a seed (RFC 8032 §5.1.5). */
export const ED25519_KEY_LENGTH = 32;

const SIGNATURE_LENGTH = 64;

/**
 * Whether the signature verifies, by RFC 8032 §5.1.7 at its strictest: s below the group's order, both points in
 * their one canonical encoding, no public key of small order (any message would verify under such a one). The
 * equation is the cofactored one of the RFC.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return (
    signature.length === SIGNATURE_LENGTH && ed25519.verify(signature, message, publicKey, { zip215: false })
  );
}

/** The deterministic signature of RFC 8032 §5.1.6. It needs no entropy. */
export function signEd25519(seed: Secret, message: Uint8Array): Uint8Array {
  return ed25519.sign(message, seed);
}

export function ed25519PublicKey(seed: Secret): Uint8Array {
  return ed25519.getPublicKey(seed);
}

/** Whether the bytes are the canonical encoding of a point on the curve that is not of small order. */
export function isEd25519PublicKey(bytes: Uint8Array): boolean {
  if (bytes.length !== ED25519_KEY_LENGTH) return false;
  try {
    return !ed25519.Point.fromBytes(bytes, false).isSmallOrder();
  } catch {
    return false;
  }
}
