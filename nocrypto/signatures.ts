import { requireLength } from './bytes.ts';
import { signEcdsa, verifyEcdsa } from './ecdsa.ts';
import { signEd25519, verifyEd25519 } from './ed25519.ts';
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
      return key.kind === 'ed25519' && verifyEd25519(key.bytes, message, signature);
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
      return key.kind === 'ed25519' ? ok(signEd25519(key.seed, message)) : otherKind(algorithm, key);
  }
}

function otherKind(algorithm: SignatureAlgorithm, key: PrivateKey): Result<never, SignError> {
  return err({ kind: 'unsuitable-key', detail: `${algorithm.kind} cannot use a key of kind ${key.kind}` });
}
