import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { attempt, base64url, fromBase64url } from './bytes.ts';
import { der, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, VERSION } from './der.ts';

/*
 * The keys of RFC 8410 and RFC 8037: X25519, X448, Ed25519 and Ed448, from and to their bytes.
 */

export type OkpName = 'x25519' | 'x448' | 'ed25519' | 'ed448';

const CURVES: Readonly<Record<OkpName, { readonly crv: string; readonly arc: number }>> = {
  x25519: { crv: 'X25519', arc: 110 },
  x448: { crv: 'X448', arc: 111 },
  ed25519: { crv: 'Ed25519', arc: 112 },
  ed448: { crv: 'Ed448', arc: 113 },
};

/**
 * In Node 20 a JSON Web Key costs an eighth of what PKCS #8 does, and its public key is not looked at. Newer versions
 * want the right one, which is what we do not have, and are as quick with PKCS #8.
 */
const takesJwkWithoutPublicKey = attempt(() => privateKeyFromJwk('x25519', new Uint8Array(32))) !== undefined;

/** A private key from its bytes, of the right length. Its public key is computed. */
export function okpPrivateKey(name: OkpName, bytes: Uint8Array): KeyObject {
  return takesJwkWithoutPublicKey ? privateKeyFromJwk(name, bytes) : privateKeyFromPkcs8(name, bytes);
}

/** A public key from its bytes, of the right length. They are not checked. */
export function okpPublicKey(name: OkpName, bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: CURVES[name].crv, x: base64url(bytes) }, format: 'jwk' });
}

/** The bytes of the public key that belongs to a private one. */
export function okpPublicBytes(privateKey: KeyObject): Uint8Array {
  return fromBase64url(privateKey.export({ format: 'jwk' }).x);
}

function privateKeyFromJwk(name: OkpName, bytes: Uint8Array): KeyObject {
  const { crv } = CURVES[name];
  return createPrivateKey({ key: { kty: 'OKP', crv, d: base64url(bytes), x: '' }, format: 'jwk' });
}

function privateKeyFromPkcs8(name: OkpName, bytes: Uint8Array): KeyObject {
  const identifier = der(OBJECT_IDENTIFIER, Uint8Array.of(0x2b, 0x65, CURVES[name].arc));
  const inner = der(OCTET_STRING, der(OCTET_STRING, bytes));
  const info = der(SEQUENCE, VERSION, der(SEQUENCE, identifier), inner);
  return createPrivateKey({ key: Buffer.from(info), format: 'der', type: 'pkcs8' });
}
