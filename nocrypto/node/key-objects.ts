import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { curveLengths } from '../curves.ts';
import { isEddsaPublicKey as isPortableEddsaPublicKey } from '../eddsa.ts';
import { bitLength, toBytes } from '../modular.ts';
import type { CurveName, EdwardsName, RsaPrivateKey } from '../provider.ts';
import type { PrivateKeyOf, PublicKeyOf } from '../signatures.ts';
import { attempt, base64url } from './bytes.ts';
import { okpPrivateKey, okpPublicKey } from './okp.ts';

/*
 * Keys as objects of node:crypto. They are dear to make (OpenSSL checks a point by a multiplication), and one handshake
 * meets the same ones as the one before. So they are kept: by the checked key that they were made for, as long as
 * somebody holds it, and those of public keys, which come anew with each certificate, by their bytes too.
 */

type Keepable = PublicKeyOf<'rsa' | 'ec' | EdwardsName>;

/** The object of a checked public key. */
export function publicKeyObject(key: Keepable): KeyObject {
  const known = publicObjects.get(key);
  if (known !== undefined) return known;
  const made = makePublicObject(key);
  publicObjects.set(key, made);
  return made;
}

/** The object of a checked private key. An EC key signs without one. */
export function privateKeyObject(key: RsaPrivateKey | PrivateKeyOf<EdwardsName>): KeyObject {
  const known = privateObjects.get(key);
  if (known !== undefined) return known;
  const made =
    key.kind === 'rsa'
      ? createPrivateKey({ key: rsaPrivateJwk(key), format: 'jwk' })
      : okpPrivateKey(key.kind, key.seed);
  privateObjects.set(key, made);
  return made;
}

/** Whether this is an uncompressed point on the curve. */
export function isPoint(curve: CurveName, bytes: Uint8Array): boolean {
  if (bytes.length !== curveLengths[curve].point || bytes[0] !== 4) return false;
  return attempt(() => pointObject(curve, bytes)) !== undefined;
}

/** As in the portable provider, whose check it is: OpenSSL takes any bytes. */
export function isEddsaPublicKey(name: EdwardsName, bytes: Uint8Array): boolean {
  const label = labelOf(name, bytes);
  if (byContent.has(label)) return true;
  if (!isPortableEddsaPublicKey(name, bytes)) return false;
  edwardsObject(name, bytes);
  return true;
}

const publicObjects = new WeakMap<Keepable, KeyObject>();
const privateObjects = new WeakMap<object, KeyObject>();

/** Objects of public keys by what {@link labelOf} says, the one used last at the end. */
const byContent = new Map<string, KeyObject>();
const MOST_BY_CONTENT = 256;

function makePublicObject(key: Keepable): KeyObject {
  switch (key.kind) {
    case 'rsa': {
      const { modulus, publicExponent } = key;
      const jwk = { kty: 'RSA', n: number(modulus), e: number(publicExponent) };
      return remembered(`${jwk.n} ${jwk.e}`, () => createPublicKey({ key: jwk, format: 'jwk' }));
    }
    case 'ec':
      return pointObject(key.curve, key.point);
    case 'ed25519':
    case 'ed448':
      return edwardsObject(key.kind, key.bytes);
  }
}

function pointObject(curve: CurveName, point: Uint8Array): KeyObject {
  return remembered(labelOf(curve, point), () => {
    const { scalar } = curveLengths[curve];
    const x = base64url(point.subarray(1, 1 + scalar));
    const y = base64url(point.subarray(1 + scalar));
    return createPublicKey({ key: { kty: 'EC', crv: CRV[curve], x, y }, format: 'jwk' });
  });
}

function edwardsObject(name: EdwardsName, bytes: Uint8Array): KeyObject {
  return remembered(labelOf(name, bytes), () => okpPublicKey(name, bytes));
}

function remembered(label: string, make: () => KeyObject): KeyObject {
  const known = byContent.get(label);
  if (known !== undefined) byContent.delete(label);
  const object = known ?? make();
  byContent.set(label, object);
  const [oldest] = byContent.keys();
  if (byContent.size > MOST_BY_CONTENT && oldest !== undefined) byContent.delete(oldest);
  return object;
}

/** The key's kind and bytes as one string. */
function labelOf(kind: CurveName | EdwardsName, { buffer, byteOffset, length }: Uint8Array): string {
  return `${kind} ${Buffer.from(buffer, byteOffset, length).toString('latin1')}`;
}

function rsaPrivateJwk(key: RsaPrivateKey): JsonWebKey {
  return {
    kty: 'RSA',
    n: number(key.modulus),
    e: number(key.publicExponent),
    d: number(key.privateExponent),
    p: number(key.prime1),
    q: number(key.prime2),
    dp: number(key.exponent1),
    dq: number(key.exponent2),
    qi: number(key.coefficient),
  };
}

/** A Base64urlUInt (RFC 7518 §2). */
function number(n: bigint): string {
  return base64url(toBytes(n, Math.max(1, Math.ceil(bitLength(n) / 8))));
}

/** RFC 7518 §6.2.1.1. */
const CRV: Readonly<Record<CurveName, string>> = {
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};
