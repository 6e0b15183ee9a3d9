import { x448 } from '@noble/curves/ed448.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { curve, curveLengths, decodePoint, isScalar, publicPoint, scalarFromSeed } from './curves.ts';
import type { DiffieHellman } from './diffie-hellman.ts';
import type { CurveName } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/** Bytes of a scalar and of a coordinate, which are the private and the public key (RFC 7748 §5). */
export const MONTGOMERY_LENGTH = { x25519: 32, x448: 56 } as const;

/** X25519 and X448 (RFC 7748 §6, RFC 9846 §7.4.2). */
export function montgomery(name: 'x25519' | 'x448'): DiffieHellman<Secret> {
  const { getPublicKey, getSharedSecret } = name === 'x25519' ? x25519 : x448;
  const length = MONTGOMERY_LENGTH[name];
  return {
    name,
    entropyLength: length,
    privateKeyLength: length,
    shareLength: length,
    privateKey: (entropy) => secret(entropy.slice()),
    prepare: (privateKey) => privateKey,
    share: (privateKey) => getPublicKey(privateKey),
    agree: (privateKey, peerShare) => {
      try {
        return secret(getSharedSecret(privateKey, peerShare));
      } catch {
        // A share of low order: the result would be all zeros, whatever our key (RFC 7748 §6.1).
        return undefined;
      }
    },
  };
}

/** ECDH on the NIST curves (RFC 9846 §4.3.8.2, §7.4.2): shares are uncompressed points, the secret is x. */
export function nistEcdh(name: CurveName): DiffieHellman<Secret> {
  const { scalar, point, scalarSeed } = curveLengths[name];
  return {
    name,
    entropyLength: scalarSeed,
    privateKeyLength: scalar,
    shareLength: point,
    privateKey: (entropy) => scalarFromSeed(name, entropy),
    prepare: (privateKey) => {
      requireScalar(name, privateKey);
      return privateKey;
    },
    share: (privateKey) => publicPoint(name, privateKey),
    agree: (privateKey, peerShare) => {
      const peer = decodePoint(name, peerShare);
      if (peer === undefined) return undefined;
      // The order is prime and the scalar is in 1 … n−1, so the product is never the point at infinity.
      const product = peer.multiply(curve(name).Point.Fn.fromBytes(privateKey)).toBytes(false);
      return secret(product.slice(1, 1 + scalar));
    },
  };
}

/** Holds a caller to a private key that is one: a RangeError otherwise. */
export function requireScalar(name: CurveName, privateKey: Uint8Array): void {
  if (!isScalar(name, privateKey)) throw new RangeError(`not a scalar of ${name}`);
}
