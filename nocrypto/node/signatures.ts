import {
  constants,
  type ECDH,
  sign as nodeSign,
  verify as nodeVerify,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { concat } from '../bytes.ts';
import { curve, curveLengths } from '../curves.ts';
import { decodeSignature, encodeSignature } from '../ecdsa.ts';
import { isEddsaSignature } from '../eddsa.ts';
import { modInverse, toBigint, toBytes } from '../modular.ts';
import type { SignatureHash } from '../provider.ts';
import { ok } from '../result.ts';
import type { RsaPrimitives } from '../rsa.ts';
import type { PrivateKeyOf, SignaturePrimitives } from '../signatures.ts';
import { attempt, plain } from './bytes.ts';
import { newEcdh } from './diffie-hellman.ts';
import { hashes, hmac } from './hash.ts';
import { privateKeyObject, publicKeyObject } from './key-objects.ts';

/** OpenSSL blinds, and checks what the two halves of a CRT gave. Padding is done here, as in the portable provider. */
export const rsa: RsaPrimitives = {
  hashes,
  publicOperation: (key, representative) => {
    const options = { key: publicKeyObject(key), padding: constants.RSA_NO_PADDING };
    return attempt(() => plain(publicEncrypt(options, representative)));
  },
  privateOperation: (key, representative) => {
    const options = { key: privateKeyObject(key), padding: constants.RSA_NO_PADDING };
    const result = attempt(() => plain(privateDecrypt(options, representative)));
    return result === undefined ? undefined : ok(result);
  },
};

export const signaturePrimitives: Omit<SignaturePrimitives, 'verifyMlDsa' | 'signMlDsa'> = {
  rsa,
  verifyEcdsa: (hash, key, message, signature) =>
    // Its own strict reading first, so that no version of OpenSSL takes an encoding that the portable provider does
    // not.
    decodeSignature(signature, curveLengths[key.curve].scalar) !== undefined &&
    nodeVerify(hash, message, publicKeyObject(key), signature),
  signEcdsa,
  verifyEddsa: (key, message, signature) =>
    isEddsaSignature(key.kind, signature) && nodeVerify(null, message, publicKeyObject(key), signature),
  signEddsa: (key, message) => plain(nodeSign(null, message, privateKeyObject(key))),
};

/**
 * ECDSA (FIPS 186-5 §6.4.1) with the hedged nonce of RFC 6979 §3.6, so that equal arguments give equal signatures,
 * the portable provider's: OpenSSL would draw a nonce itself. The multiplication by the nonce, which is what takes
 * the time and what must not be timed, is OpenSSL's. The rest is on BigInt, and blinded: neither the nonce nor the
 * private key is an operand of it except beside a secret factor, which is what the generator of nonces gives next.
 */
function signEcdsa(
  hash: SignatureHash,
  key: PrivateKeyOf<'ec'>,
  message: Uint8Array,
  additionalEntropy: Uint8Array,
): Uint8Array {
  const { Fn } = curve(key.curve).Point;
  const n = Fn.ORDER;
  const { scalar: length } = curveLengths[key.curve];
  const z = leftmostBits(hashes[hash].digest(message), Fn.BITS) % n;
  const d = toBigint(key.scalar);
  const nonces = rfc6979(hash, concat(key.scalar, toBytes(z, length), additionalEntropy));
  for (;;) {
    const k = leftmostBits(nonces(length), Fn.BITS);
    if (k === 0n || k >= n) continue;
    const r = toBigint(timesGenerator(key, toBytes(k, length)).subarray(1, 1 + length)) % n;
    const blind = (leftmostBits(nonces(length), Fn.BITS) % (n - 1n)) + 1n;
    const inverse = modInverse((k * blind) % n, n);
    if (r === 0n || inverse === undefined) continue;
    const s = (inverse * ((blind * z + ((blind * r) % n) * d) % n)) % n;
    if (s !== 0n) return encodeSignature(r, s, length);
  }
}

/** The point of a nonce. What computes it is dear to make, and kept with the key: so the nonce does not outlive that. */
function timesGenerator(key: PrivateKeyOf<'ec'>, nonce: Uint8Array): Uint8Array {
  const ecdh = signers.get(key) ?? newEcdh(key.curve);
  signers.set(key, ecdh);
  ecdh.setPrivateKey(nonce);
  return ecdh.getPublicKey();
}

const signers = new WeakMap<PrivateKeyOf<'ec'>, ECDH>();

/** The generator of RFC 6979 §3.2, steps b to h, seeded with the private key, the digest and what is added to them. */
function rfc6979(hash: SignatureHash, seed: Uint8Array): (length: number) => Uint8Array {
  const { outputLength } = hashes[hash];
  let key: Uint8Array = new Uint8Array(outputLength);
  let value: Uint8Array = new Uint8Array(outputLength).fill(1);
  const next = () => {
    value = hmac(hash, key).mac(value);
    return value;
  };
  const update = (...data: readonly Uint8Array[]) => {
    key = hmac(hash, key).mac(concat(value, ...data));
    next();
  };
  update(Uint8Array.of(0), seed);
  update(Uint8Array.of(1), seed);
  let isFirst = true;
  return (length) => {
    if (!isFirst) update(Uint8Array.of(0));
    isFirst = false;
    const blocks = Array.from({ length: Math.ceil(length / outputLength) }, next);
    return concat(...blocks).subarray(0, length);
  };
}

/** RFC 6979 §2.3.2's bits2int: the number of the leftmost `bits` bits. */
function leftmostBits(bytes: Uint8Array, bits: number): bigint {
  const excess = 8 * bytes.length - bits;
  return excess > 0 ? toBigint(bytes) >> BigInt(excess) : toBigint(bytes);
}
