/** What the tests of this room share: bytes from text, entropy, run counts, one well-known RSA key. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import {
  type CurveName,
  noble,
  type PrivateKey,
  type PrivateKeyInput,
  type Result,
} from '../../nocrypto/index.ts';
import { modInverse } from '../../nocrypto/modular.ts';

/** Bytes from hexadecimal digits; white space is ignored. */
export function hex(digits: string): Uint8Array {
  const packed = digits.replace(/\s/g, '');
  assert.match(packed, /^([0-9a-f]{2})*$/i);
  return Uint8Array.from(Buffer.from(packed, 'hex'));
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function bytesToBigint(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}

export function bigintToBytes(n: bigint, length: number): Uint8Array {
  return hex(n.toString(16).padStart(2 * length, '0'));
}

/** `length` bytes that differ from place to place and from `seed` to `seed`: entropy for a test that must repeat. */
export function entropy(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 151 + seed * 89 + (i >> 8)) & 0xff);
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** The first of what `make` makes from 0, 1, 2 … that fits; the test fails when none of a thousand does. */
export function firstThatFits<T>(make: (seed: number) => T, fits: (made: T) => boolean): T {
  for (let seed = 0; seed < 1000; seed++) {
    const made = make(seed);
    if (fits(made)) return made;
  }
  return assert.fail('none of a thousand fits');
}

/** How often a property is tried: `modest`, or in proportion for a FC_RUNS that is meant for cheap properties. */
export function runs(modest: number): { readonly numRuns: number } {
  const wanted = process.env['FC_RUNS'];
  return { numRuns: wanted === undefined ? modest : Math.ceil((Number(wanted) * modest) / 100) };
}

/** Any bytes of a length between the two. */
export function anyBytes(minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength });
}

/** The value of a result that the test expects to be good. */
export function good<T, E>(result: Result<T, E>): T {
  assert.ok(result.ok, `refused: ${result.ok ? '' : JSON.stringify(result.error)}`);
  return result.value;
}

/** What the standards and others say of the NIST curves (SP 800-186). */
export const curveFacts: Readonly<
  Record<
    CurveName,
    {
      /** Bytes of a scalar and of a coordinate. */
      readonly length: number;
      readonly order: bigint;
      /** The prime of the field. */
      readonly prime: bigint;
      readonly jwkName: string;
      readonly nodeName: string;
    }
  >
> = {
  secp256r1: {
    length: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    jwkName: 'P-256',
    nodeName: 'prime256v1',
  },
  secp384r1: {
    length: 48,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    jwkName: 'P-384',
    nodeName: 'secp384r1',
  },
  secp521r1: {
    length: 66,
    order: 2n ** 521n - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
    prime: 2n ** 521n - 1n,
    jwkName: 'P-521',
    nodeName: 'secp521r1',
  },
};
export const curveNames: readonly CurveName[] = ['secp256r1', 'secp384r1', 'secp521r1'];

export type RsaInput = Extract<PrivateKeyInput, { readonly kind: 'rsa' }>;
export type RsaPrivateKey = Extract<PrivateKey, { readonly kind: 'rsa' }>;

/** The key of RFC 7520 §3.4 (2048 bits, a JSON Web Key). */
export const rsaInput: RsaInput = {
  kind: 'rsa',
  modulus: base64url(
    'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKr',
    'Kb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5l',
    'FHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__',
    'kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw',
  ),
  publicExponent: 65537n,
  privateExponent: base64url(
    'bWUC9B-EFRIo8kpGfh0ZuyGPvMNKvYWNtB_ikiH9k20eT-O1q_I78eiZkpXxXQ0UTEs2LsNRS-8uJbvQ-A1irkwMSMkK1J3XTGgdrhCk',
    'u9gRldY7sNA_AKZGh-Q661_42rINLRCe8W-nZ34ui_qOfkLnK9QWDDqpaIsA-bMwWWSDFu2MUBYwkHTMEzLYGqOe04noqeq1hExBTHBO',
    'BdkMXiuFhUq1BU6l-DqEiWxqg82sXt2h-LMnT3046AOYJoRioz75tSUQfGCshWTBnP5uDjd18kKhyv07lhfSJdrPdM5Plyl21hsFf4L_',
    'mHCuoFau7gdsPfHPxxjVOcOpBrQzwQ',
  ),
  prime1: base64url(
    '3Slxg_DwTXJcb6095RoXygQCAZ5RnAvZlno1yhHtnUex_fp7AZ_9nRaO7HX_-SFfGQeutao2TDjDAWU4Vupk8rw9JR0AzZ0N2fvuIAmr',
    '_WCsmGpeNqQnev1T7IyEsnh8UMt-n5CafhkikzhEsrmndH6LxOrvRJlsPp6Zv8bUq0k',
  ),
  prime2: base64url(
    'uKE2dh-cTf6ERF4k4e_jy78GfPYUIaUyoSSJuBzp3Cubk3OCqs6grT8bR_cu0Dm1MZwWmtdqDyI95HrUeq3MP15vMMON8lHTeZu2lmKv',
    'wqW7anV5UzhM1iZ7z4yMkuUwFWoBvyY898EXvRD-hdqRxHlSqAZ192zB3pVFJ0s7pFc',
  ),
  exponent1: base64url(
    'B8PVvXkvJrj2L-GYQ7v3y9r6Kw5g9SahXBwsWUzp19TVlgI-YV85q1NIb1rxQtD-IsXXR3-TanevuRPRt5OBOdiMGQp8pbt26gljYfKU',
    '_E9xn-RULHz0-ed9E9gXLKD4VGngpz-PfQ_q29pk5xWHoJp009Qf1HvChixRX59ehik',
  ),
  exponent2: base64url(
    'CLDmDGduhylc9o7r84rEUVn7pzQ6PF83Y-iBZx5NT-TpnOZKF1pErAMVeKzFEl41DlHHqqBLSM0W1sOFbwTxYWZDm6sI6og5iTbwQGIC',
    '3gnJKbi_7k_vJgGHwHxgPaX2PnvP-zyEkDERuf-ry4c_Z11Cq9AqC2yeL6kdKT1cYF8',
  ),
  coefficient: base64url(
    '3PiqvXQN0zwMeE-sBvZgi289XP9XCQF3VWqPzMKnIgQp7_Tugo6-NZBKCQsMf3HaEGBjTVJs_jcK8-TRXvaKe-7ZMaQj8VfBdYkssbu0',
    'NKDDhjJ-GtiseaDVWt7dcH0cfwxgFUHpQh7FoCrjFJ6h6ZEpMF6xmujs4qMpPz8aaI4',
  ),
};

/** The numbers of a key with these factors, which need not be prime, and the exponent 65537. */
export function rsaFromPrimes(prime1: bigint, prime2: bigint): RsaInput {
  const publicExponent = 65537n;
  const privateExponent = modInverse(publicExponent, (prime1 - 1n) * (prime2 - 1n));
  const coefficient = modInverse(prime2, prime1);
  assert.ok(privateExponent !== undefined && coefficient !== undefined);
  return {
    kind: 'rsa',
    modulus: prime1 * prime2,
    publicExponent,
    privateExponent,
    prime1,
    prime2,
    exponent1: privateExponent % (prime1 - 1n),
    exponent2: privateExponent % (prime2 - 1n),
    coefficient,
  };
}

/** The key of {@link rsaInput}, checked. */
export function rsaKey(): RsaPrivateKey {
  const key = good(noble.privateKey(rsaInput));
  assert.ok(key.kind === 'rsa');
  return key;
}

function base64url(...parts: readonly string[]): bigint {
  return bytesToBigint(Buffer.from(parts.join(''), 'base64url'));
}
