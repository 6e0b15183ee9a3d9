import { requireLength } from './bytes.ts';
import { curveLengths, decodePoint, isScalar, publicPoint, scalarFromSeed } from './curves.ts';
import { EDDSA_LENGTH, eddsaPublicKey, isEddsaPublicKey } from './eddsa.ts';
import { ML_DSA_LENGTHS, ML_DSA_SEED_LENGTH, mlDsaPublicKey } from './ml-dsa.ts';
import {
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
import { secret } from './secret.ts';

/** Checks a public key. The value returned holds copies, so the caller's bytes may change afterwards. */
export function publicKey(input: PublicKeyInput): Result<PublicKey, KeyError> {
  switch (input.kind) {
    case 'rsa': {
      const fault = rsaPublicKeyFault(input);
      if (fault !== undefined) return invalidKey(fault);
      const { kind, modulus, publicExponent } = input;
      return ok(checkedPublic({ kind, modulus, publicExponent }));
    }
    case 'ec': {
      const { kind, curve, point } = input;
      if (decodePoint(curve, point) === undefined) return invalidKey(`not an uncompressed point on ${curve}`);
      return ok(checkedPublic({ kind, curve, point: point.slice() }));
    }
    case 'ed25519':
    case 'ed448': {
      const { kind, bytes } = input;
      if (!isEddsaPublicKey(kind, bytes)) return invalidKey(`not a point of ${kind}, or one of small order`);
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

/** Checks a private key and computes its public half. The value returned holds copies, as for {@link publicKey}. */
export function privateKey(input: PrivateKeyInput): Result<PrivateKey, KeyError> {
  switch (input.kind) {
    case 'rsa': {
      const fault = rsaPrivateKeyFault(input);
      return fault === undefined ? ok(withPublicHalf(input)) : invalidKey(fault);
    }
    case 'ec':
      if (!isScalar(input.curve, input.scalar)) return invalidKey(`not a scalar of ${input.curve}`);
      return ok(withPublicHalf(input));
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const { kind, seed } = input;
      const length = seedLength(kind);
      if (seed.length !== length)
        return invalidKey(`a seed of ${kind} has ${length} bytes, not ${seed.length}`);
      return ok(withPublicHalf(input));
    }
  }
}

/**
 * Makes a key that is determined by `entropy`. An RSA key takes a second or more of BigInt arithmetic, in a time
 * that depends on the primes: make one where nobody measures.
 */
export function generateKey(kind: GeneratedKeyKind, entropy: Uint8Array): PrivateKey {
  requireLength('entropy for a key', entropy, SIGNING_ENTROPY_LENGTH);
  switch (kind.kind) {
    case 'rsa':
      return withPublicHalf({ kind: 'rsa', ...generateRsaKey(kind.bits, entropy) });
    case 'ec': {
      const { curve } = kind;
      const seed = generate(deriveRng(`${curve} key`, entropy), curveLengths[curve].scalarSeed).bytes;
      return withPublicHalf({ kind: 'ec', curve, scalar: scalarFromSeed(curve, seed) });
    }
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const seed = generate(deriveRng(`${kind.kind} key`, entropy), seedLength(kind.kind)).bytes;
      return withPublicHalf({ kind: kind.kind, seed: secret(seed) });
    }
  }
}

/** Copies a private key that has been checked, and only its own fields, and adds the public half. */
function withPublicHalf(input: PrivateKeyInput): PrivateKey {
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
      return checkedPrivate({ kind, curve, scalar }, { kind, curve, point: publicPoint(curve, scalar) });
    }
    case 'ed25519':
    case 'ed448': {
      const { kind } = input;
      const seed = secret(input.seed.slice());
      return checkedPrivate({ kind, seed }, { kind, bytes: eddsaPublicKey(kind, seed) });
    }
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87': {
      const { kind } = input;
      const seed = secret(input.seed.slice());
      return checkedPrivate({ kind, seed }, { kind, bytes: mlDsaPublicKey(kind, seed) });
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
