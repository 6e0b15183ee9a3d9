import { requireLength } from './bytes.ts';
import {
  type CryptoProvider,
  type EdwardsName,
  type MlDsaName,
  type PrivateKey,
  type PublicKey,
  SIGNING_ENTROPY_LENGTH,
  type SignatureAlgorithm,
  type SignatureHash,
  type SignError,
} from './provider.ts';
import { err, ok, type Result } from './result.ts';
import type { RsaPrimitives } from './rsa.ts';
import { signPkcs1, signPss, verifyPkcs1, verifyPss } from './rsa-signatures.ts';

/** A checked public key of one kind. */
export type PublicKeyOf<Kind> = Extract<PublicKey, { readonly kind: Kind }>;

/** A checked private key of one kind. */
export type PrivateKeyOf<Kind> = Extract<PrivateKey, { readonly kind: Kind }>;

/** The signatures of one kind of key each, which a provider puts together to its `sign` and `verify`. */
export interface SignaturePrimitives {
  readonly rsa: RsaPrimitives;
  readonly verifyEcdsa: (
    hash: SignatureHash,
    key: PublicKeyOf<'ec'>,
    message: Uint8Array,
    signature: Uint8Array,
  ) => boolean;
  readonly signEcdsa: (
    hash: SignatureHash,
    key: PrivateKeyOf<'ec'>,
    message: Uint8Array,
    entropy: Uint8Array,
  ) => Uint8Array;
  readonly verifyEddsa: (
    key: PublicKeyOf<EdwardsName>,
    message: Uint8Array,
    signature: Uint8Array,
  ) => boolean;
  readonly signEddsa: (key: PrivateKeyOf<EdwardsName>, message: Uint8Array) => Uint8Array;
  readonly verifyMlDsa: (key: PublicKeyOf<MlDsaName>, message: Uint8Array, signature: Uint8Array) => boolean;
  readonly signMlDsa: (key: PrivateKeyOf<MlDsaName>, message: Uint8Array, entropy: Uint8Array) => Uint8Array;
}

/** A provider's `sign` and `verify`, which see to it that algorithm and key go together. */
export function signatures(primitives: SignaturePrimitives): Pick<CryptoProvider, 'sign' | 'verify'> {
  const { rsa } = primitives;
  return {
    verify: (algorithm, key, message, signature) => {
      switch (algorithm.kind) {
        case 'rsa-pkcs1':
          return key.kind === 'rsa' && verifyPkcs1(rsa, algorithm, key, message, signature);
        case 'rsa-pss':
          return key.kind === 'rsa' && verifyPss(rsa, algorithm, key, message, signature);
        case 'ecdsa':
          return key.kind === 'ec' && primitives.verifyEcdsa(algorithm.hash, key, message, signature);
        case 'ed25519':
        case 'ed448':
          return key.kind === algorithm.kind && primitives.verifyEddsa(key, message, signature);
        case 'ml-dsa-44':
        case 'ml-dsa-65':
        case 'ml-dsa-87':
          return key.kind === algorithm.kind && primitives.verifyMlDsa(key, message, signature);
      }
    },
    sign: (algorithm, key, message, entropy) => {
      requireLength('entropy for a signature', entropy, SIGNING_ENTROPY_LENGTH);
      switch (algorithm.kind) {
        case 'rsa-pkcs1':
          if (key.kind === 'rsa') return signPkcs1(rsa, algorithm, key, message, entropy);
          break;
        case 'rsa-pss':
          if (key.kind === 'rsa') return signPss(rsa, algorithm, key, message, entropy);
          break;
        case 'ecdsa':
          if (key.kind === 'ec') return ok(primitives.signEcdsa(algorithm.hash, key, message, entropy));
          break;
        case 'ed25519':
        case 'ed448':
          if (key.kind === algorithm.kind) return ok(primitives.signEddsa(key, message));
          break;
        case 'ml-dsa-44':
        case 'ml-dsa-65':
        case 'ml-dsa-87':
          if (key.kind === algorithm.kind) return ok(primitives.signMlDsa(key, message, entropy));
          break;
      }
      return otherKind(algorithm, key);
    },
  };
}

function otherKind(algorithm: SignatureAlgorithm, key: PrivateKey): Result<never, SignError> {
  return err({ kind: 'unsuitable-key', detail: `${algorithm.kind} cannot use a key of kind ${key.kind}` });
}
