import { requireLength } from './bytes.ts';
import { curveLengths, isScalar, scalarFromSeed } from './curves.ts';
import { EDDSA_LENGTH } from './eddsa.ts';
import { ML_DSA_LENGTHS, ML_DSA_SEED_LENGTH } from './ml-dsa.ts';
import type { PrimalityTest } from './modular.ts';
import {
  type CryptoProvider,
  type CurveName,
  type EdwardsName,
  type GeneratedKeyKind,
  type KeyError,
  type MlDsaName,
  type PrivateKey,
  type PrivateKeyInput,
  type PublicKey,
  type PublicKeyInput,
  SIGNING_ENTROPY_LENGTH,
} from './provider.ts';
import { err, ok, type Result } from './result.ts';
import { deriveRng, generate } from './rng.ts';
import { generateRsaKey, rsaPrivateKeyFault, rsaPublicKeyFault } from './rsa-keys.ts';
import { type Secret, secret } from './secret.ts';

/** What a provider's checks and makes keys with. Lengths are not always checked before. */
export interface KeyPrimitives {
  /** Whether this is an uncompressed point on the curve (and not the one at infinity, which has no such form). */
  readonly isPoint: (curve: CurveName, bytes: Uint8Array) => boolean;
  readonly publicPoint: (curve: CurveName, scalar: Secret) => Uint8Array;
  /** Whether this is the canonical encoding of a point that is not of small order. */
  readonly isEddsaPublicKey: (name: EdwardsName, bytes: Uint8Array) => boolean;
  readonly eddsaPublicKey: (name: EdwardsName, seed: Secret) => Uint8Array;
  readonly mlDsaPublicKey: (name: MlDsaName, seed: Secret) => Uint8Array;
  readonly isProbablePrime: PrimalityTest;
}

/**
 * A provider's keys. They hold copies, so the caller's bytes may change afterwards. An RSA key takes a second or more
 * to make on BigInt, in a time that depends on the primes: make one where nobody measures.
 */
export function keys(
  primitives: KeyPrimitives,
): Pick<CryptoProvider, 'publicKey' | 'privateKey' | 'generateKey'> {
  return {
    publicKey: (input) => publicKey(primitives, input),
    privateKey: (input) => privateKey(primitives, input),
    generateKey: (kind, entropy) => generateKey(primitives, kind, entropy),
  };
}

function publicKey(primitives: KeyPrimitives, input: PublicKeyInput): Result<PublicKey, KeyError> {
  switch (input.kind) {
    case 'rsa': {
      const fault = rsaPublicKeyFault(input);
      if (fault !== undefined) return invalidKey(fault);
      const { kind, modulus, publicExponent } = input;
      return ok(checkedPublic({ kind, modulus, publicExponent }));
    }
    case 'ec': {
      const { kind, curve, point } = input;
      if (!primitives.isPoint(curve, point)) return invalidKey(`not an uncompressed point on ${curve}`);
      return ok(checkedPublic({ kind, curve, point: point.slice() }));
    }
    case 'ed25519':
    case 'ed448': {
      const { kind, bytes } = input;
      if (!primitives.isEddsaPublicKey(kind, bytes)) {
        return invalidKey(`not a point of ${kind}, or one of small order`);
      }
      return ok(checkedPublic({ kind, bytes: bytes.slice() }));
    }
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const { kind, bytes } = input;
      const { publicKey: length } = ML_DSA_LENGTHS[kind];
      if (bytes.length !== length)
        return invalidKey(`a key of ${kind} has ${length} bytes, not ${bytes.length}`);
      return ok(checkedPublic({ kind, bytes: bytes.slice() }));
    }
  }
}

function privateKey(primitives: KeyPrimitives, input: PrivateKeyInput): Result<PrivateKey, KeyError> {
  switch (input.kind) {
    case 'rsa': {
      const fault = rsaPrivateKeyFault(input, primitives.isProbablePrime);
      return fault === undefined ? ok(withPublicHalf(primitives, input)) : invalidKey(fault);
    }
    case 'ec':
      if (!isScalar(input.curve, input.scalar)) return invalidKey(`not a scalar of ${input.curve}`);
      return ok(withPublicHalf(primitives, input));
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const { kind, seed } = input;
      const length = seedLength(kind);
      if (seed.length !== length)
        return invalidKey(`a seed of ${kind} has ${length} bytes, not ${seed.length}`);
      return ok(withPublicHalf(primitives, input));
    }
  }
}

function generateKey(primitives: KeyPrimitives, kind: GeneratedKeyKind, entropy: Uint8Array): PrivateKey {
  requireLength('entropy for a key', entropy, SIGNING_ENTROPY_LENGTH);
  switch (kind.kind) {
    case 'rsa':
      return withPublicHalf(primitives, {
        kind: 'rsa',
        ...generateRsaKey(kind.bits, entropy, primitives.isProbablePrime),
      });
    case 'ec': {
      const { curve } = kind;
      const seed = generate(deriveRng(`${curve} key`, entropy), curveLengths[curve].scalarSeed).bytes;
      return withPublicHalf(primitives, { kind: 'ec', curve, scalar: scalarFromSeed(curve, seed) });
    }
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const seed = generate(deriveRng(`${kind.kind} key`, entropy), seedLength(kind.kind)).bytes;
      return withPublicHalf(primitives, { kind: kind.kind, seed: secret(seed) });
    }
  }
}

/** Copies a private key that has been checked, and only its own fields, and adds the public half. */
function withPublicHalf(primitives: KeyPrimitives, input: PrivateKeyInput): PrivateKey {
  switch (input.kind) {
    case 'rsa': {
      const { kind, modulus, publicExponent, privateExponent, prime1, prime2 } = input;
      const { exponent1, exponent2, coefficient } = input;
      const numbers = {
        modulus,
        publicExponent,
        privateExponent,
        prime1,
        prime2,
        exponent1,
        exponent2,
        coefficient,
      };
      return checkedPrivate({ kind, ...numbers }, { kind, modulus, publicExponent });
    }
    case 'ec': {
      const { kind, curve } = input;
      const scalar = secret(input.scalar.slice());
      return checkedPrivate(
        { kind, curve, scalar },
        { kind, curve, point: primitives.publicPoint(curve, scalar) },
      );
    }
    case 'ed25519':
    case 'ed448': {
      const { kind } = input;
      const seed = secret(input.seed.slice());
      return checkedPrivate({ kind, seed }, { kind, bytes: primitives.eddsaPublicKey(kind, seed) });
    }
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const { kind } = input;
      const seed = secret(input.seed.slice());
      return checkedPrivate({ kind, seed }, { kind, bytes: primitives.mlDsaPublicKey(kind, seed) });
    }
  }
}

/** Bytes of the seed that is the private key. */
function seedLength(kind: EdwardsName | MlDsaName): number {
  return kind === 'ed25519' || kind === 'ed448' ? EDDSA_LENGTH[kind] : ML_DSA_SEED_LENGTH;
}

/** Applies the brand of {@link PublicKey}: for keys that this file has checked or computed. */
function checkedPublic(key: PublicKeyInput): PublicKey {
  return key as PublicKey;
}

/** Applies the brand of {@link PrivateKey}, likewise. */
function checkedPrivate(key: PrivateKeyInput, publicHalf: PublicKeyInput): PrivateKey {
  return { ...key, public: checkedPublic(publicHalf) } as PrivateKey;
}

function invalidKey(detail: string): Result<never, KeyError> {
  return err({ kind: 'invalid-key', detail });
}
