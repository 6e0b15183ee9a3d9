import { x25519 } from '@noble/curves/ed25519.js';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, requireLength } from './bytes.ts';
import { curve, curveLengths, decodePoint, publicPoint, scalarFromSeed } from './curves.ts';
import type { CurveName, GroupName, KeyExchangeError, KeyExchangeGroup } from './provider.ts';
import { err, ok, type Result } from './result.ts';
import { type Secret, secret } from './secret.ts';

// Bytes: FIPS 203 table 3, the randomness of its algorithms 16 and 17, and RFC 7748 §5.
const MLKEM_SEED = 64;
const MLKEM_MESSAGE = 32;
const MLKEM_ENCAPSULATION_KEY = 1184;
const MLKEM_DECAPSULATION_KEY = 2400;
const MLKEM_CIPHERTEXT = 1088;
const X25519_KEY = 32;

/** Elliptic-curve Diffie-Hellman (RFC 9846 §4.2.8.2, §7.4.2) and the hybrid of draft-ietf-tls-ecdhe-mlkem. */
export const groups: Readonly<Record<GroupName, KeyExchangeGroup>> = {
  x25519: x25519Group(),
  secp256r1: nistGroup('secp256r1'),
  secp384r1: nistGroup('secp384r1'),
  X25519MLKEM768: x25519MlKem768Group(),
};

/** Diffie-Hellman in the shape of a KEM: to encapsulate is to make a key pair and agree with it. */
function diffieHellman(group: {
  readonly name: GroupName;
  readonly entropyLength: number;
  readonly privateKeyLength: number;
  readonly shareLength: number;
  readonly privateKey: (entropy: Uint8Array) => Secret;
  readonly share: (privateKey: Secret) => Uint8Array;
  /** `undefined` when the peer's share, which has the right length, is not one to agree with. */
  readonly agree: (privateKey: Secret, peerShare: Uint8Array) => Secret | undefined;
}): KeyExchangeGroup {
  const { name, entropyLength, shareLength } = group;

  const decapsulate: KeyExchangeGroup['decapsulate'] = (privateKey, peerShare) => {
    requireLength(`a private key for ${name}`, privateKey, group.privateKeyLength);
    if (peerShare.length !== shareLength) return wrongLength(shareLength, peerShare);
    const sharedSecret = group.agree(privateKey, peerShare);
    return sharedSecret === undefined ? invalidShare(`not a usable ${name} public key`) : ok(sharedSecret);
  };

  return {
    name,
    initiatorShareLength: shareLength,
    responderShareLength: shareLength,
    generateEntropyLength: entropyLength,
    encapsulateEntropyLength: entropyLength,
    generate: (entropy) => {
      requireLength(`entropy for ${name}`, entropy, entropyLength);
      const privateKey = group.privateKey(entropy);
      return { privateKey, share: group.share(privateKey) };
    },
    encapsulate: (initiatorShare, entropy) => {
      requireLength(`entropy for ${name}`, entropy, entropyLength);
      const privateKey = group.privateKey(entropy);
      // The peer's share comes first: a bad one must not cost us the making of ours.
      const agreed = decapsulate(privateKey, initiatorShare);
      return agreed.ok ? ok({ share: group.share(privateKey), sharedSecret: agreed.value }) : agreed;
    },
    decapsulate,
  };
}

function x25519Group(): KeyExchangeGroup {
  return diffieHellman({
    name: 'x25519',
    entropyLength: X25519_KEY,
    privateKeyLength: X25519_KEY,
    shareLength: X25519_KEY,
    privateKey: (entropy) => secret(entropy.slice()),
    share: (privateKey) => x25519.getPublicKey(privateKey),
    agree: (privateKey, peerShare) => {
      try {
        return secret(x25519.getSharedSecret(privateKey, peerShare));
      } catch {
        // A share of low order: the result would be all zeros, whatever our key (RFC 7748 §6.1).
        return undefined;
      }
    },
  });
}

function nistGroup(name: CurveName): KeyExchangeGroup {
  const { scalar, point, scalarSeed } = curveLengths[name];
  return diffieHellman({
    name,
    entropyLength: scalarSeed,
    privateKeyLength: scalar,
    shareLength: point,
    privateKey: (entropy) => scalarFromSeed(name, entropy),
    share: (privateKey) => publicPoint(name, privateKey),
    agree: (privateKey, peerShare) => {
      const peer = decodePoint(name, peerShare);
      if (peer === undefined) return undefined;
      // The order is prime and the scalar is in 1 … n−1, so the product is never the point at infinity.
      const product = peer.multiply(curve(name).Point.Fn.fromBytes(privateKey)).toBytes(false);
      return secret(product.slice(1, 1 + scalar));
    },
  });
}

/**
 * X25519MLKEM768: ML-KEM's part stands before X25519's in both shares and in the secret. The hash of the two parts
 * is TLS's own key schedule. The private key is FIPS 203's dk ‖ the X25519 scalar.
 */
function x25519MlKem768Group(): KeyExchangeGroup {
  const classical = x25519Group();
  const initiatorShareLength = MLKEM_ENCAPSULATION_KEY + X25519_KEY;
  const responderShareLength = MLKEM_CIPHERTEXT + X25519_KEY;
  const privateKeyLength = MLKEM_DECAPSULATION_KEY + X25519_KEY;
  const generateEntropyLength = MLKEM_SEED + X25519_KEY;
  const encapsulateEntropyLength = MLKEM_MESSAGE + X25519_KEY;
  return {
    name: 'X25519MLKEM768',
    initiatorShareLength,
    responderShareLength,
    generateEntropyLength,
    encapsulateEntropyLength,
    generate: (entropy) => {
      requireLength('entropy for X25519MLKEM768', entropy, generateEntropyLength);
      const lattice = ml_kem768.keygen(entropy.subarray(0, MLKEM_SEED));
      const { privateKey, share } = classical.generate(entropy.subarray(MLKEM_SEED));
      return {
        privateKey: secret(concat(lattice.secretKey, privateKey)),
        share: concat(lattice.publicKey, share),
      };
    },
    encapsulate: (initiatorShare, entropy) => {
      requireLength('entropy for X25519MLKEM768', entropy, encapsulateEntropyLength);
      if (initiatorShare.length !== initiatorShareLength) {
        return wrongLength(initiatorShareLength, initiatorShare);
      }
      const lattice = encapsulateMlKem(
        initiatorShare.subarray(0, MLKEM_ENCAPSULATION_KEY),
        entropy.subarray(0, MLKEM_MESSAGE),
      );
      if (lattice === undefined) return invalidShare('not an ML-KEM-768 encapsulation key');
      const agreed = classical.encapsulate(
        initiatorShare.subarray(MLKEM_ENCAPSULATION_KEY),
        entropy.subarray(MLKEM_MESSAGE),
      );
      if (!agreed.ok) return agreed;
      return ok({
        share: concat(lattice.cipherText, agreed.value.share),
        sharedSecret: secret(concat(lattice.sharedSecret, agreed.value.sharedSecret)),
      });
    },
    decapsulate: (privateKey, responderShare) => {
      requireLength('a private key for X25519MLKEM768', privateKey, privateKeyLength);
      if (responderShare.length !== responderShareLength) {
        return wrongLength(responderShareLength, responderShare);
      }
      const agreed = classical.decapsulate(
        secret(privateKey.subarray(MLKEM_DECAPSULATION_KEY)),
        responderShare.subarray(MLKEM_CIPHERTEXT),
      );
      if (!agreed.ok) return agreed;
      // A ciphertext that does not belong to the key gives a pseudorandom secret, not an error (FIPS 203 §6.3).
      const lattice = ml_kem768.decapsulate(
        responderShare.subarray(0, MLKEM_CIPHERTEXT),
        privateKey.subarray(0, MLKEM_DECAPSULATION_KEY),
      );
      return ok(secret(concat(lattice, agreed.value)));
    },
  };
}

/** `undefined` when a coefficient of the key is not below 3329, FIPS 203 §7.2's modulus check. */
function encapsulateMlKem(
  encapsulationKey: Uint8Array,
  message: Uint8Array,
): ReturnType<typeof ml_kem768.encapsulate> | undefined {
  try {
    return ml_kem768.encapsulate(encapsulationKey, message);
  } catch {
    return undefined;
  }
}

function wrongLength(expected: number, share: Uint8Array): Result<never, KeyExchangeError> {
  return err({ kind: 'wrong-length', expected, found: share.length });
}

function invalidShare(detail: string): Result<never, KeyExchangeError> {
  return err({ kind: 'invalid-share', detail });
}
