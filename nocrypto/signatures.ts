import { requireLength } from './bytes.ts';
import { signEcdsa, verifyEcdsa } from './ecdsa.ts';
import { signEddsa, verifyEddsa } from './eddsa.ts';
import { signMlDsa, verifyMlDsa } from './ml-dsa.ts';
import {
  type PrivateKey,
  type PublicKey,
  SIGNING_ENTROPY_LENGTH,
  type SignatureAlgorithm,
  type SignError,
} from './provider.ts';
import { err, ok, type Result } from './result.ts';
import { signPkcs1, signPss, verifyPkcs1, verifyPss } from './rsa.ts';

/** The provider's `verify`, by algorithm. */
export function verify(
  algorithm: SignatureAlgorithm,
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return key.kind === 'rsa' && verifyPkcs1(key, algorithm.hash, message, signature);
    case 'rsa-pss':
      return key.kind === 'rsa' && verifyPss(key, algorithm.hash, algorithm.saltLength, message, signature);
    case 'ecdsa':
      return key.kind === 'ec' && verifyEcdsa(key.curve, algorithm.hash, key.point, message, signature);
    case 'ed25519':
    case 'ed448':
      return key.kind === algorithm.kind && verifyEddsa(key.kind, key.bytes, message, signature);
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return key.kind === algorithm.kind && verifyMlDsa(key.kind, key.bytes, message, signature);
  }
}

/** The provider's `sign`, by algorithm. */
export function sign(
  algorithm: SignatureAlgorithm,
  key: PrivateKey,
  message: Uint8Array,
  entropy: Uint8Array,
): Result<Uint8Array, SignError> {
  requireLength('entropy for a signature', entropy, SIGNING_ENTROPY_LENGTH);
  switch (algorithm.kind) {
    case 'rsa-pkcs1':
      return key.kind === 'rsa'
        ? signPkcs1(key, algorithm.hash, message, entropy)
        : otherKind(algorithm, key);
    case 'rsa-pss':
      return key.kind === 'rsa'
        ? signPss(key, algorithm.hash, algorithm.saltLength, message, entropy)
        : otherKind(algorithm, key);
    case 'ecdsa':
      return key.kind === 'ec'
        ? ok(signEcdsa(key.curve, algorithm.hash, key.scalar, message, entropy))
        : otherKind(algorithm, key);
    case 'ed25519':
    case 'ed448':
      return key.kind === algorithm.kind
        ? ok(signEddsa(key.kind, key.seed, message))
        : otherKind(algorithm, key);
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return key.kind === algorithm.kind
        ? ok(signMlDsa(key.kind, key.seed, message, entropy))
        : otherKind(algorithm, key);
  }
}

function otherKind(algorithm: SignatureAlgorithm, key: PrivateKey): Result<never, SignError> {
  return err({ kind: 'unsuitable-key', detail: `${algorithm.kind} cannot use a key of kind ${key.kind}` });
}
