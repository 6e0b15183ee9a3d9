import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import type { MlDsaName } from './provider.ts';
import type { Secret } from './secret.ts';

/** Bytes of a public key and of a signature (FIPS 204 table 2). */
export const ML_DSA_LENGTHS: Readonly<
  Record<MlDsaName, { readonly publicKey: number; readonly signature: number }>
> = {
  'ml-dsa-44': { publicKey: 1312, signature: 2420 },
  'ml-dsa-65': { publicKey: 1952, signature: 3309 },
  'ml-dsa-87': { publicKey: 2592, signature: 4627 },
};

/** Bytes of ξ, from which a key pair is expanded (FIPS 204 algorithm 1). */
export const ML_DSA_SEED_LENGTH = 32;

/** ML-DSA.Verify (FIPS 204 algorithm 3) with an empty context, as TLS and X.509 have it. */
export function verifyMlDsa(
  name: MlDsaName,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return (
    signature.length === ML_DSA_LENGTHS[name].signature && scheme(name).verify(signature, message, publicKey)
  );
}

/**
 * ML-DSA.Sign (FIPS 204 algorithm 2), hedged with 32 bytes of entropy, with an empty context. The key is expanded from
 * its seed every time.
 */
export function signMlDsa(
  name: MlDsaName,
  seed: Secret,
  message: Uint8Array,
  entropy: Uint8Array,
): Uint8Array {
  const { secretKey } = scheme(name).keygen(seed);
  return scheme(name).sign(message, secretKey, { extraEntropy: entropy });
}

export function mlDsaPublicKey(name: MlDsaName, seed: Secret): Uint8Array {
  return scheme(name).keygen(seed).publicKey;
}

function scheme(name: MlDsaName): typeof ml_dsa44 {
  switch (name) {
    case 'ml-dsa-44':
      return ml_dsa44;
    case 'ml-dsa-65':
      return ml_dsa65;
    case 'ml-dsa-87':
      return ml_dsa87;
  }
}
