import type { DiffieHellman } from './diffie-hellman.ts';
import { modPow, toBigint, toBytes } from './modular.ts';
import type { FfdheName } from './provider.ts';
import { type Secret, secret } from './secret.ts';

/** The generator of every group of RFC 7919. It is a square, so that its order is the prime (p−1)/2. */
export const FFDHE_GENERATOR = 2n;

/**
 * The primes of RFC 7919 appendix A, by its formula: all bits of e that there is room for between two rows of 64 ones,
 * and an addend that makes both p and (p−1)/2 prime. Computed at each use, in less than a hundredth of the time that
 * a share takes.
 */
export function ffdhePrime(name: FfdheName): bigint {
  const { bits, addend } = PARAMETERS[name];
  const top = (1n << BigInt(bits)) - (1n << BigInt(bits - 64));
  return top + ((eulersNumber(bits - 130) + addend) << 64n) - 1n;
}

/** The prime and the generator of a group, big-endian and without leading zeros: as TLS 1.2 sends them. */
export function ffdheParameters(name: FfdheName): {
  readonly prime: Uint8Array;
  readonly generator: Uint8Array;
} {
  return {
    prime: toBytes(ffdhePrime(name), PARAMETERS[name].bits / 8),
    generator: Uint8Array.of(Number(FFDHE_GENERATOR)),
  };
}

/**
 * Whether 1 < y < p−1 (RFC 7919 §5.1). In these groups that leaves no small subgroup: a y that is no square tells its
 * sender one bit of an exponent that is used once.
 */
export function isFfdheShare(y: bigint, prime: bigint): boolean {
  return y > 1n && y < prime - 1n;
}

/**
 * Finite-field Diffie-Hellman in the groups of RFC 7919, on BigInt: the number of multiplications is the same for all
 * exponents, their time is not, so that a private key should be used once, as TLS 1.3 does.
 */
export function ffdhe(name: FfdheName): DiffieHellman<Secret> {
  const { bits, exponentLength } = PARAMETERS[name];
  // Shares and secrets have the length of the prime (RFC 9846 §4.2.8.1, §7.4.1).
  const length = bits / 8;
  return {
    name,
    entropyLength: exponentLength,
    privateKeyLength: exponentLength,
    shareLength: length,
    privateKey: (entropy) => {
      // With its highest bit set every exponent is as long as the others, and above 1.
      const exponent = secret(entropy.slice());
      exponent[0] = (exponent[0] ?? 0) | 0x80;
      return exponent;
    },
    prepare: (privateKey) => privateKey,
    share: (privateKey) => toBytes(modPow(FFDHE_GENERATOR, toBigint(privateKey), ffdhePrime(name)), length),
    agree: (privateKey, peerShare) => {
      const prime = ffdhePrime(name);
      const y = toBigint(peerShare);
      if (!isFfdheShare(y, prime)) return undefined;
      return secret(toBytes(modPow(y, toBigint(privateKey), prime), length));
    },
  };
}

interface Parameters {
  readonly bits: number;
  readonly addend: bigint;
  /**
   * Bytes of a private exponent: at least the bits that RFC 7919 appendix A asks for. The group of squares has prime order,
   * so short exponents lose nothing.
   */
  readonly exponentLength: number;
}

const PARAMETERS: Readonly<Record<FfdheName, Parameters>> = {
  ffdhe2048: { bits: 2048, addend: 560316n, exponentLength: 32 },
  ffdhe3072: { bits: 3072, addend: 2625351n, exponentLength: 36 },
  ffdhe4096: { bits: 4096, addend: 5736041n, exponentLength: 44 },
  ffdhe6144: { bits: 6144, addend: 15705020n, exponentLength: 48 },
  ffdhe8192: { bits: 8192, addend: 10965728n, exponentLength: 52 },
};

/** The largest integer not above e·2^`fractionBits`: the sum of 1/k!, with bits to spare for what each term loses. */
function eulersNumber(fractionBits: number): bigint {
  const spare = 64n;
  let term = 1n << (BigInt(fractionBits) + spare);
  let sum = term;
  for (let k = 1n; term > 0n; k++) {
    term /= k;
    sum += term;
  }
  return sum >> spare;
}
