import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';

export type MlKemName = 'ml-kem-768' | 'ml-kem-1024';

/** ML-KEM (FIPS 203) with its randomness as arguments and all lengths already checked. */
export interface MlKem {
  readonly encapsulationKeyLength: number;
  readonly decapsulationKeyLength: number;
  readonly ciphertextLength: number;
  /** Algorithm 16: from d ‖ z, {@link ML_KEM_SEED} bytes. */
  readonly generate: (seed: Uint8Array) => {
    readonly encapsulationKey: Uint8Array;
    readonly decapsulationKey: Uint8Array;
  };
  /** Algorithm 17 with m, {@link ML_KEM_MESSAGE} bytes; `undefined` when a coefficient of the key is not below 3329 (§7.2). */
  readonly encapsulate: (
    encapsulationKey: Uint8Array,
    message: Uint8Array,
  ) => { readonly ciphertext: Uint8Array; readonly sharedSecret: Uint8Array } | undefined;
  /** Algorithm 18: a ciphertext that does not belong to the key gives a pseudorandom secret, not an error. */
  readonly decapsulate: (decapsulationKey: Uint8Array, ciphertext: Uint8Array) => Uint8Array;
}

/** Bytes of d ‖ z (FIPS 203 algorithm 16). */
export const ML_KEM_SEED = 64;

/** Bytes of m (FIPS 203 algorithm 17). */
export const ML_KEM_MESSAGE = 32;

/** Bytes of keys and ciphertexts (FIPS 203 table 3). */
export const ML_KEM_LENGTHS = {
  'ml-kem-768': { encapsulationKeyLength: 1184, decapsulationKeyLength: 2400, ciphertextLength: 1088 },
  'ml-kem-1024': { encapsulationKeyLength: 1568, decapsulationKeyLength: 3168, ciphertextLength: 1568 },
} as const;

export function mlKem(name: MlKemName): MlKem {
  const kem = name === 'ml-kem-768' ? ml_kem768 : ml_kem1024;
  return {
    ...ML_KEM_LENGTHS[name],
    generate: (seed) => {
      const { publicKey, secretKey } = kem.keygen(seed);
      return { encapsulationKey: publicKey, decapsulationKey: secretKey };
    },
    encapsulate: (encapsulationKey, message) => {
      try {
        const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey, message);
        return { ciphertext: cipherText, sharedSecret };
      } catch {
        return undefined;
      }
    },
    decapsulate: (decapsulationKey, ciphertext) => kem.decapsulate(ciphertext, decapsulationKey),
  };
}
