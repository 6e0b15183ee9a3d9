import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import type { Secret } from './secret.ts';

export type MlKemName = 'ml-kem-768' | 'ml-kem-1024';

/**
 * ML-KEM (FIPS 203) with its randomness as arguments and all lengths already checked. The private key is the seed d ‖
 * z, from which §3.3 lets the rest be expanded; `Prepared` is what it is expanded to.
 */
export interface MlKem<Prepared> {
  /** Algorithm 16 from d ‖ z, {@link ML_KEM_SEED} bytes. */
  readonly prepare: (seed: Secret) => Prepared;
  readonly encapsulationKey: (prepared: Prepared) => Uint8Array;
  /**
   * Algorithm 17 with m, {@link ML_KEM_MESSAGE} bytes; `undefined` when a coefficient of the key is not below 3329
   * (§7.2).
   */
  readonly encapsulate: (
    encapsulationKey: Uint8Array,
    message: Uint8Array,
  ) => { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array } | undefined;
  /** Algorithm 18: a ciphertext that does not belong to the key gives a pseudorandom secret, not an error. */
  readonly decapsulate: (prepared: Prepared, ciphertext: Uint8Array) => Uint8Array;
}

/** Bytes of d ‖ z (FIPS 203 algorithm 16). */
export const ML_KEM_SEED = 64;

/** Bytes of m (FIPS 203 algorithm 17). */
export const ML_KEM_MESSAGE = 32;

/** Bytes of keys and ciphertexts (FIPS 203 table 3). */
export const ML_KEM_LENGTHS: Readonly<
  Record<MlKemName, { readonly encapsulationKey: number; readonly ciphertext: number }>
> = {
  'ml-kem-768': { encapsulationKey: 1184, ciphertext: 1088 },
  'ml-kem-1024': { encapsulationKey: 1568, ciphertext: 1568 },
};

/** FIPS 203's ek and dk. */
export interface ExpandedMlKemKey {
  readonly encapsulationKey: Uint8Array;
  readonly decapsulationKey: Uint8Array;
}

export function mlKem(name: MlKemName): MlKem<ExpandedMlKemKey> {
  const kem = name === 'ml-kem-768' ? ml_kem768 : ml_kem1024;
  return {
    prepare: (seed) => {
      const { publicKey, secretKey } = kem.keygen(seed);
      return { encapsulationKey: publicKey, decapsulationKey: secretKey };
    },
    encapsulationKey: ({ encapsulationKey }) => encapsulationKey,
    encapsulate: (encapsulationKey, message) => {
      try {
        const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey, message);
        return { ciphertext: cipherText, sharedSecret };
      } catch {
        return undefined;
      }
    },
    decapsulate: ({ decapsulationKey }, ciphertext) => kem.decapsulate(ciphertext, decapsulationKey),
  };
}
