import { bitLength, modInverse, modPow, modPowPublic, randomBelow, toBigint, toBytes } from './modular.ts';
import type { CryptoProvider, RsaPrivateKey, RsaPublicKey } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import type { Rng } from './rng.ts';

/** RFC 8017's RSAPublicKey. */
export interface RsaPublicNumbers {
  readonly modulus: bigint;
  readonly publicExponent: bigint;
}

/** RFC 8017's two-prime RSAPrivateKey. */
export interface RsaPrivateNumbers extends RsaPublicNumbers {
  readonly privateExponent: bigint;
  readonly prime1: bigint;
  readonly prime2: bigint;
  readonly exponent1: bigint;
  readonly exponent2: bigint;
  readonly coefficient: bigint;
}

/** What the schemes of RFC 8017 are made from: a provider's hashes, and its arithmetic on k bytes, big-endian. */
export interface RsaPrimitives {
  readonly hashes: CryptoProvider['hashes'];
  /** RSAEP and RSAVP1 (§5.1.1, §5.2.2); `undefined` for a representative that is not below the modulus. */
  readonly publicOperation: (key: RsaPublicKey, representative: Uint8Array) => Uint8Array | undefined;
  /**
   * RSADP and RSASP1 (§5.1.2, §5.2.1), blinded, and checked against a fault; `undefined` for a representative that is
   * not below the modulus. `blinding` gives a generator to whoever has no other.
   */
  readonly privateOperation: (
    key: RsaPrivateKey,
    representative: Uint8Array,
    blinding: () => Rng,
  ) => Result<Uint8Array, { readonly kind: 'fault' }> | undefined;
}

/** RSA's two operations on BigInt. */
export const bigintRsa: Pick<RsaPrimitives, 'publicOperation' | 'privateOperation'> = {
  publicOperation: (key, representative) => {
    const m = toBigint(representative);
    if (m >= key.modulus) return undefined;
    return toBytes(modPowPublic(m, key.publicExponent, key.modulus), byteLength(key));
  },
  privateOperation: (key, representative, blinding) => {
    const m = toBigint(representative);
    if (m >= key.modulus) return undefined;
    const result = privateOperation(key, m, blinding());
    return result.ok ? ok(toBytes(result.value, byteLength(key))) : result;
  },
};

/** RFC 8017's k: bytes of the modulus. */
export function byteLength(key: RsaPublicNumbers): number {
  return Math.ceil(bitLength(key.modulus) / 8);
}

/**
 * The private operation (RFC 8017 §5.1.2, by CRT) on a representative in 0 … n−1.
 *
 * BigInt arithmetic is not constant time, so the representative is blinded: with r random, (m·rᵉ)ᵈ·r⁻¹ = mᵈ, and
 * what the exponentiations work on is unrelated to m. The result is raised to e again before it is released: one
 * wrong half of a CRT result would give away the factors (Boneh, DeMillo and Lipton 1997).
 */
export function privateOperation(
  key: RsaPrivateNumbers,
  representative: bigint,
  rng: Rng,
): Result<bigint, { readonly kind: 'fault' }> {
  const { modulus, publicExponent, prime1, prime2, exponent1, exponent2, coefficient } = key;
  const blinding = blindingFactor(modulus, rng);
  const blinded = (representative * modPowPublic(blinding.factor, publicExponent, modulus)) % modulus;
  const s1 = modPow(blinded % prime1, exponent1, prime1);
  const s2 = modPow(blinded % prime2, exponent2, prime2);
  const h = ((s1 + prime1 - (s2 % prime1)) * coefficient) % prime1;
  const result = ((s2 + prime2 * h) * blinding.inverse) % modulus;
  if (modPowPublic(result, publicExponent, modulus) !== representative) return err({ kind: 'fault' });
  return ok(result);
}

function blindingFactor(modulus: bigint, rng: Rng): { readonly factor: bigint; readonly inverse: bigint } {
  const drawn = randomBelow(rng, modulus);
  const inverse = modInverse(drawn.n, modulus);
  // A factor without an inverse shares a prime with the modulus: nobody will live to see the second round.
  return inverse === undefined ? blindingFactor(modulus, drawn.rng) : { factor: drawn.n, inverse };
}
