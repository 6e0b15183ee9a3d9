import type { ECDSA, WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { CurveName } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/** The NIST curves (SP 800-186). */
export function curve(name: CurveName): ECDSA {
  switch (name) {
    case 'secp256r1':
      return p256;
    case 'secp384r1':
      return p384;
    case 'secp521r1':
      return p521;
  }
}

export interface CurveLengths {
  /** Bytes of a scalar and of a coordinate. */
  readonly scalar: number;
  /** Bytes of 04 ‖ x ‖ y. */
  readonly point: number;
  /** Uniform bytes that {@link scalarFromSeed} takes. */
  readonly scalarSeed: number;
}

export const curveLengths: Readonly<Record<CurveName, CurveLengths>> = {
  secp256r1: { scalar: 32, point: 65, scalarSeed: 48 },
  secp384r1: { scalar: 48, point: 97, scalarSeed: 72 },
  secp521r1: { scalar: 66, point: 133, scalarSeed: 99 },
};

/**
 * Decodes SEC 1's uncompressed form and checks that the point is on the curve (RFC 9846 §4.3.8.2). Compressed
 * points, hybrid ones and the point at infinity are `undefined`: TLS and X.509 have no use for them.
 */
export function decodePoint(name: CurveName, bytes: Uint8Array): WeierstrassPoint<bigint> | undefined {
  if (bytes.length !== curveLengths[name].point || bytes[0] !== 4) return undefined;
  try {
    return curve(name).Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

export function isScalar(name: CurveName, bytes: Uint8Array): boolean {
  return bytes.length === curveLengths[name].scalar && curve(name).utils.isValidSecretKey(bytes);
}

/** 04 ‖ x ‖ y of the public key that belongs to a valid scalar. */
export function publicPoint(name: CurveName, scalar: Secret): Uint8Array {
  return curve(name).getPublicKey(scalar, false);
}

/**
 * A scalar from uniform bytes, half as many again as the scalar has, so that the bias of the reduction is
 * negligible (FIPS 186-5 A.2.1).
 */
export function scalarFromSeed(name: CurveName, seed: Uint8Array): Secret {
  return secret(curve(name).utils.randomSecretKey(seed));
}
