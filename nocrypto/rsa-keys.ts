import { bitLength, gcd, modInverse, type PrimalityTest, toBigint } from './modular.ts';
import { deriveRng, generate, type Rng } from './rng.ts';
import type { RsaPrivateNumbers, RsaPublicNumbers } from './rsa.ts';

/** Bits of an RSA modulus: shorter ones are breakable, longer ones cost a verifier too much. */
export const RSA_MODULUS_BITS = { minimum: 2048, maximum: 8192 } as const;

/** What is wrong with a public key, or `undefined`. A modulus cannot be checked further without its factors. */
export function rsaPublicKeyFault({ modulus, publicExponent }: RsaPublicNumbers): string | undefined {
  if (modulus <= 0n) return 'the modulus is not positive';
  // BigInt arithmetic costs the square of the length, so nothing is computed before this bound.
  const bits = bitLength(modulus);
  if (bits < RSA_MODULUS_BITS.minimum) return `the modulus has only ${bits} bits`;
  if (bits > RSA_MODULUS_BITS.maximum) return `the modulus has ${bits} bits, more than are verified here`;
  if (modulus % 2n === 0n) return 'the modulus is even';
  if (publicExponent < 3n || publicExponent % 2n === 0n) return 'the public exponent is even or below 3';
  if (publicExponent > MAXIMUM_PUBLIC_EXPONENT) return 'the public exponent has more than 32 bits';
  return undefined;
}

/** What is wrong with a private key (RFC 8017 §3.2, SP 800-56B §6.4.1.2.3), or `undefined`. */
export function rsaPrivateKeyFault(
  key: RsaPrivateNumbers,
  isProbablePrime: PrimalityTest,
): string | undefined {
  const publicFault = rsaPublicKeyFault(key);
  if (publicFault !== undefined) return publicFault;
  const { modulus, publicExponent, privateExponent, prime1, prime2 } = key;
  for (const prime of [prime1, prime2]) {
    if (prime <= 1n || prime >= modulus) return 'a prime is out of range';
  }
  if (prime1 * prime2 !== modulus) return 'the modulus is not the product of the primes';
  if (prime1 === prime2) return 'the primes are equal';
  if (privateExponent <= 1n || privateExponent >= modulus) return 'the private exponent is out of range';
  for (const prime of [prime1, prime2]) {
    if ((publicExponent * privateExponent) % (prime - 1n) !== 1n) {
      return 'the private exponent does not belong to the public one';
    }
  }
  if (key.exponent1 !== privateExponent % (prime1 - 1n)) return 'exponent1 is wrong';
  if (key.exponent2 !== privateExponent % (prime2 - 1n)) return 'exponent2 is wrong';
  if (key.coefficient !== modInverse(prime2, prime1)) return 'the coefficient is wrong';
  if (!isProbablePrime(prime1, VALIDATION_ROUNDS) || !isProbablePrime(prime2, VALIDATION_ROUNDS)) {
    return 'a prime is composite';
  }
  return undefined;
}

/**
 * A key whose modulus has `bits` bits (a multiple of 16), with the exponent 65537, by the method of FIPS 186-5
 * A.1.3. It is determined by `entropy`.
 */
export function generateRsaKey(
  bits: number,
  entropy: Uint8Array,
  isProbablePrime: PrimalityTest,
): RsaPrivateNumbers {
  let rng = deriveRng('RSA key', entropy);
  for (;;) {
    const first = randomPrime(rng, bits / 2, isProbablePrime);
    const second = randomPrime(first.rng, bits / 2, isProbablePrime);
    const key = fromPrimes(bits, first.prime, second.prime);
    if (key !== undefined) return key;
    rng = second.rng;
  }
}

const PUBLIC_EXPONENT = 65537n;

/** The bound of Windows and BoringSSL, which keeps a verification cheap. */
const MAXIMUM_PUBLIC_EXPONENT = 2n ** 32n - 1n;

/** FIPS 186-5 B.3, table B.1: enough for random candidates of 1024 bits and more. */
const GENERATION_ROUNDS = 5;

/** A composite gets through with a chance below 4^-20, for whoever tries to make one. */
const VALIDATION_ROUNDS = 20;

/** `undefined` for the improbable pairs that FIPS 186-5 A.1.3 wants drawn again. */
function fromPrimes(bits: number, prime1: bigint, prime2: bigint): RsaPrivateNumbers | undefined {
  const distance = prime1 > prime2 ? prime1 - prime2 : prime2 - prime1;
  if (distance <= 1n << BigInt(bits / 2 - 100)) return undefined;
  const phi = (prime1 - 1n) * (prime2 - 1n);
  const privateExponent = modInverse(PUBLIC_EXPONENT, phi / gcd(prime1 - 1n, prime2 - 1n));
  const coefficient = modInverse(prime2, prime1);
  if (privateExponent === undefined || coefficient === undefined) return undefined;
  if (privateExponent <= 1n << BigInt(bits / 2)) return undefined;
  return {
    modulus: prime1 * prime2,
    publicExponent: PUBLIC_EXPONENT,
    privateExponent,
    prime1,
    prime2,
    exponent1: privateExponent % (prime1 - 1n),
    exponent2: privateExponent % (prime2 - 1n),
    coefficient,
  };
}

/** A prime p of `bits` bits with p−1 prime to the public exponent. */
function randomPrime(
  start: Rng,
  bits: number,
  isProbablePrime: PrimalityTest,
): { readonly prime: bigint; readonly rng: Rng } {
  // With the top two bits set, the product of two such primes has exactly twice as many bits.
  const forced = (3n << BigInt(bits - 2)) | 1n;
  let rng = start;
  for (;;) {
    const drawn = generate(rng, bits / 8);
    rng = drawn.rng;
    const candidate = toBigint(drawn.bytes) | forced;
    if ((candidate - 1n) % PUBLIC_EXPONENT === 0n) continue;
    if (isProbablePrime(candidate, GENERATION_ROUNDS)) return { prime: candidate, rng };
  }
}
