import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js';
import { deriveRng, generate, type Rng } from './rng.ts';

/*
 * Arithmetic on BigInt for RSA. The engine's multiplication and division take a time that depends on their
 * operands; what an attacker could learn from that is countered by blinding in rsa.ts, not here.
 */

export function bitLength(n: bigint): number {
  if (n === 0n) return 0;
  const hex = n.toString(16);
  return 4 * hex.length - (Math.clz32(Number.parseInt(hex.charAt(0), 16)) - 28);
}

/** Big-endian (RFC 8017's OS2IP). */
export function toBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : bytesToNumberBE(bytes);
}

/** Big-endian, exactly `length` bytes (RFC 8017's I2OSP); a number that does not fit is the caller's bug. */
export function toBytes(n: bigint, length: number): Uint8Array {
  return numberToBytesBE(n, length);
}

/**
 * base^exponent mod modulus for a secret exponent: one multiplication for every window of bits, whatever its value,
 * so that the number of operations tells only the exponent's length.
 */
export function modPow(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers = [1n % modulus];
  for (let i = 1; i < 2 ** WINDOW; i++) powers.push(((powers[i - 1] ?? 0n) * base) % modulus);
  let result = 1n % modulus;
  // The digits of the exponent in base 2^WINDOW are the windows.
  for (const digit of exponent.toString(2 ** WINDOW)) {
    for (let i = 0; i < WINDOW; i++) result = (result * result) % modulus;
    result = (result * (powers[Number.parseInt(digit, 2 ** WINDOW)] ?? 0n)) % modulus;
  }
  return result;
}

/** Bits of a window: the fewest operations for exponents of 1024 to 2048 bits. */
const WINDOW = 5;

/** base^exponent mod modulus for a public exponent: square and multiply, 17 operations for 65537. */
export function modPowPublic(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === '1') result = (result * base) % modulus;
  }
  return result;
}

/**
 * The inverse of `n` modulo `modulus`, or `undefined` where there is none: extended Euclid in Lehmer's way (Knuth, The Art
 * of Computer Programming 2, §4.5.2, algorithm L), which divides the leading digits for as long as they tell the
 * quotient, and touches the whole numbers once for some fifteen divisions.
 */
export function modInverse(n: bigint, modulus: bigint): bigint | undefined {
  let [u, v] = [modulus, n % modulus];
  // What n is to be multiplied by to give them.
  let [ofU, ofV] = [0n, 1n];
  while (v !== 0n) {
    const { a, b, c, d } = leadingSteps(u, v);
    if (b === 0n) {
      const quotient = u / v;
      [u, v] = [v, u - quotient * v];
      [ofU, ofV] = [ofV, ofU - quotient * ofV];
    } else {
      [u, v] = [a * u + b * v, c * u + d * v];
      [ofU, ofV] = [a * ofU + b * ofV, c * ofU + d * ofV];
    }
  }
  if (u !== 1n) return undefined;
  return ofU < 0n ? ofU + modulus : ofU;
}

/** As many steps of Euclid's as the leading digits of u ≥ v are sure of: they take (u, v) to (a·u + b·v, c·u + d·v). */
function leadingSteps(u: bigint, v: bigint): Record<'a' | 'b' | 'c' | 'd', bigint> {
  const shift = BigInt(Math.max(0, 4 * u.toString(16).length - LEADING_BITS));
  let [x, y] = [Number(u >> shift), Number(v >> shift)];
  let [a, b, c, d] = [1, 0, 0, 1];
  for (;;) {
    // The quotient of the whole numbers lies between these two.
    const quotient = Math.floor((x + a) / (y + c));
    if (quotient !== Math.floor((x + b) / (y + d))) break;
    [a, b, c, d] = [c, d, a - quotient * c, b - quotient * d];
    [x, y] = [y, x - quotient * y];
  }
  return { a: BigInt(a), b: BigInt(b), c: BigInt(c), d: BigInt(d) };
}

/** No factor grows beyond the leading digits themselves, so no sum reaches 2^53, up to where JS numbers are exact. */
const LEADING_BITS = 52;

export function gcd(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/** A number in 1 … bound − 1, uniform but for a bias of 2^-64, and the generator to use next. */
export function randomBelow(rng: Rng, bound: bigint): { readonly n: bigint; readonly rng: Rng } {
  const drawn = generate(rng, Math.ceil(bitLength(bound) / 8) + 8);
  return { n: (toBigint(drawn.bytes) % (bound - 1n)) + 1n, rng: drawn.rng };
}

/** Whether a number is prime, after so many rounds of Miller-Rabin (or what gives as much certainty). */
export type PrimalityTest = (n: bigint, rounds: number) => boolean;

/**
 * Whether `n` passes trial division and `rounds` of Miller-Rabin (FIPS 186-5 B.3.1). The bases are derived from `n`
 * itself: a composite passes a round with a chance below 1/4, and whoever made `n` could not choose them freely.
 */
export function isProbablePrime(n: bigint, rounds: number): boolean {
  if (n < 2n) return false;
  for (const prime of SMALL_PRIMES) {
    if (n % prime === 0n) return n === prime;
  }
  const minusOne = n - 1n;
  let twos = 0;
  while (((minusOne >> BigInt(twos)) & 1n) === 0n) twos++;
  const odd = minusOne >> BigInt(twos);
  let rng = deriveRng('Miller-Rabin bases', toBytes(n, Math.ceil(bitLength(n) / 8)));
  for (let round = 0; round < rounds; round++) {
    const base = randomBelow(rng, minusOne);
    rng = base.rng;
    if (!passesMillerRabin(n, base.n, odd, twos)) return false;
  }
  return true;
}

function passesMillerRabin(n: bigint, base: bigint, odd: bigint, twos: number): boolean {
  let power = modPow(base, odd, n);
  if (power === 1n || power === n - 1n) return true;
  for (let i = 1; i < twos; i++) {
    power = (power * power) % n;
    if (power === n - 1n) return true;
  }
  return false;
}

/** The primes below 256. They sift out four of five odd candidates before the first exponentiation. */
const SMALL_PRIMES: readonly bigint[] = (
  '2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97 101 103 107 109 113 127 131 137 139 ' +
  '149 151 157 163 167 173 179 181 191 193 197 199 211 223 227 229 233 239 241 251'
)
  .split(' ')
  .map(BigInt);
