/**
 * The provider on node:crypto: the entry point `pure-tls/nocrypto/node`.
 *
 * @module
 */
import { checkPrimeSync, timingSafeEqual } from 'node:crypto';
import { keys } from './keys.ts';
import { plain } from './node/bytes.ts';
import { aeads, aesCbc } from './node/ciphers.ts';
import { ecdhOf } from './node/diffie-hellman.ts';
import { groups } from './node/groups.ts';
import { hashes, hkdfExpand, hkdfExtract, hmac, pbkdf2, xofs } from './node/hash.ts';
import { isEddsaPublicKey, isPoint } from './node/key-objects.ts';
import { hasNativeMlDsa, hasNativeMlKem, mlDsa } from './node/lattices.ts';
import { okpPrivateKey, okpPublicBytes } from './node/okp.ts';
import { rsa, signaturePrimitives } from './node/signatures.ts';
import type { CryptoProvider } from './provider.ts';
import { rsaEncryption } from './rsa-encryption.ts';
import { signatures } from './signatures.ts';
import { tls12Prf } from './tls12-prf.ts';

/**
 * The provider to take in Node: what the portable one computes, byte for byte, by OpenSSL's machine code. That makes it
 * some twenty times as fast, and it is the only one whose timing somebody has looked after.
 *
 * Equal arguments give equal answers here too, so whatever OpenSSL would do with randomness of its own is not left to
 * it. An ECDSA signature takes its nonce from RFC 6979; OpenSSL multiplies by it, and what remains is arithmetic on
 * BigInt, blinded. ML-KEM encapsulates, and ML-DSA signs, in JavaScript. What a version of Node lacks altogether
 * (ML-KEM and ML-DSA before 24.7) is in JavaScript as well: `native` says what is not. So is, because it is quicker, what
 * SHA-256 makes of short inputs: running hashes, HMAC, HKDF and the PRF. Nothing in that code branches on a secret.
 */
export const node: CryptoProvider = {
  name: 'node',
  native: new Set([
    'hashes',
    'pbkdf2',
    'aes-gcm',
    'aes-ccm',
    'aes-cbc',
    'chacha20-poly1305',
    'x25519',
    'x448',
    'ecdh',
    'ffdhe',
    ...(hasNativeMlKem ? (['ml-kem-decapsulation'] as const) : []),
    'rsa',
    'ecdsa-verification',
    'eddsa',
    ...(hasNativeMlDsa ? (['ml-dsa-verification'] as const) : []),
  ]),
  hashes,
  xofs,
  hmac,
  hkdfExtract,
  hkdfExpand,
  tls12Prf: (...inputs) => tls12Prf(hmac, ...inputs),
  pbkdf2,
  aeads,
  aesCbc,
  groups,
  ...signatures({ ...signaturePrimitives, ...mlDsa }),
  rsa: rsaEncryption(rsa),
  ...keys({
    isPoint,
    publicPoint: (curve, scalar) => plain(ecdhOf(curve, scalar).getPublicKey()),
    isEddsaPublicKey,
    eddsaPublicKey: (name, seed) => okpPublicBytes(okpPrivateKey(name, seed)),
    mlDsaPublicKey: mlDsa.mlDsaPublicKey,
    isProbablePrime: (n, rounds) => n > 1n && checkPrimeSync(n, { checks: rounds }),
  }),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
