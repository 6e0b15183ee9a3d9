import { aeads } from './aead.ts';
import { aesCbc } from './cbc.ts';
import { equal } from './constant-time.ts';
import { decodePoint, publicPoint } from './curves.ts';
import { signEcdsa, verifyEcdsa } from './ecdsa.ts';
import { eddsaPublicKey, isEddsaPublicKey, signEddsa, verifyEddsa } from './eddsa.ts';
import { groups } from './groups.ts';
import { hashes, xofs } from './hash.ts';
import { hkdfExpand, hkdfExtract, hmac } from './hmac.ts';
import { keys } from './keys.ts';
import { mlDsaPublicKey, signMlDsa, verifyMlDsa } from './ml-dsa.ts';
import { isProbablePrime } from './modular.ts';
import { pbkdf2 } from './pbkdf2.ts';
import type { CryptoProvider } from './provider.ts';
import { bigintRsa, type RsaPrimitives } from './rsa.ts';
import { rsaEncryption } from './rsa-encryption.ts';
import { signatures } from './signatures.ts';
import { tls12Prf } from './tls12-prf.ts';

const rsa: RsaPrimitives = { ...bigintRsa, hashes };

/**
 * The portable provider: the noble libraries, and RSA on BigInt. It runs wherever JavaScript does and it is slow.
 *
 * JavaScript gives no guarantee of constant time. noble avoids secret-dependent branches where it can and blinds
 * scalars; RSA is blinded; AES uses look-up tables. Where an attacker can time private operations closely, use
 * a provider of native code.
 *
 * For its blinding noble asks the platform's random generator where there is one, which is the only thing here that
 * does not come in as an argument. No result depends on it.
 *
 * Tables of a curve are computed at its first use (some 50 ms), nothing at import.
 */
export const noble: CryptoProvider = {
  name: 'noble',
  native: new Set(),
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
  ...signatures({
    rsa,
    verifyEcdsa: (hash, { curve, point }, ...signed) => verifyEcdsa(curve, hash, point, ...signed),
    signEcdsa: (hash, { curve, scalar }, ...toSign) => signEcdsa(curve, hash, scalar, ...toSign),
    verifyEddsa: ({ kind, bytes }, ...signed) => verifyEddsa(kind, bytes, ...signed),
    signEddsa: ({ kind, seed }, message) => signEddsa(kind, seed, message),
    verifyMlDsa: ({ kind, bytes }, ...signed) => verifyMlDsa(kind, bytes, ...signed),
    signMlDsa: ({ kind, seed }, ...toSign) => signMlDsa(kind, seed, ...toSign),
  }),
  rsa: rsaEncryption(rsa),
  ...keys({
    isPoint: (curve, bytes) => decodePoint(curve, bytes) !== undefined,
    publicPoint,
    isEddsaPublicKey,
    eddsaPublicKey,
    mlDsaPublicKey,
    isProbablePrime,
  }),
  equal,
};
