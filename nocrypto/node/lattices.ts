import * as crypto from 'node:crypto';
import { createPrivateKey, createPublicKey, type KeyObject, verify as nodeVerify } from 'node:crypto';
import { ML_DSA_LENGTHS, ML_DSA_SEED_LENGTH, mlDsaPublicKey, signMlDsa, verifyMlDsa } from '../ml-dsa.ts';
import { ML_KEM_SEED, type MlKem, type MlKemName, mlKem } from '../ml-kem.ts';
import type { MlDsaName } from '../provider.ts';
import type { Secret } from '../secret.ts';
import type { SignaturePrimitives } from '../signatures.ts';
import { attempt, fromBase64url, plain } from './bytes.ts';
import { BIT_STRING, der, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, VERSION } from './der.ts';

/*
 * ML-KEM and ML-DSA, which node:crypto has since Node 24.7 and OpenSSL 3.5. It draws its own randomness to
 * encapsulate and to sign, and takes no other; so these two stay in JavaScript, or equal arguments would not give
 * equal answers.
 */

/** The last arcs of NIST's identifiers 2.16.840.1.101.3.4.4 (KEMs) and 2.16.840.1.101.3.4.3 (signatures). */
const ARCS: Readonly<Record<MlKemName | MlDsaName, readonly [number, number]>> = {
  'ml-kem-768': [4, 2],
  'ml-kem-1024': [4, 3],
  'ml-dsa-44': [3, 17],
  'ml-dsa-65': [3, 18],
  'ml-dsa-87': [3, 19],
};

/** Not among the types of the oldest Node that this package runs on. */
const decapsulate: unknown = Reflect.get(crypto, 'decapsulate');

export const hasNativeMlKem: boolean =
  typeof decapsulate === 'function' &&
  takesSeed('ml-kem-768', ML_KEM_SEED) &&
  takesSeed('ml-kem-1024', ML_KEM_SEED);

export const hasNativeMlDsa: boolean =
  takesSeed('ml-dsa-44', ML_DSA_SEED_LENGTH) &&
  takesSeed('ml-dsa-65', ML_DSA_SEED_LENGTH) &&
  takesSeed('ml-dsa-87', ML_DSA_SEED_LENGTH);

/** Key generation and decapsulation natively; only where {@link hasNativeMlKem}. */
export function nativeMlKem(name: MlKemName): MlKem<KeyObject> {
  return {
    prepare: (seed) => seedObject(name, seed),
    encapsulationKey: publicBytes,
    encapsulate: mlKem(name).encapsulate,
    decapsulate: (prepared, ciphertext) => {
      const secret: unknown = typeof decapsulate === 'function' && decapsulate(prepared, ciphertext);
      if (!(secret instanceof Uint8Array)) throw new TypeError('this version of Node has no ML-KEM');
      return plain(secret);
    },
  };
}

export const mlDsa: Pick<SignaturePrimitives, 'verifyMlDsa' | 'signMlDsa'> & {
  readonly mlDsaPublicKey: (name: MlDsaName, seed: Secret) => Uint8Array;
} = {
  verifyMlDsa: (key, message, signature) => {
    const { kind, bytes } = key;
    if (!hasNativeMlDsa) return verifyMlDsa(kind, bytes, message, signature);
    if (signature.length !== ML_DSA_LENGTHS[kind].signature) return false;
    const known = publicObjects.get(key) ?? publicObject(kind, bytes);
    publicObjects.set(key, known);
    return nodeVerify(null, message, known, signature);
  },
  signMlDsa: ({ kind, seed }, message, entropy) => signMlDsa(kind, seed, message, entropy),
  mlDsaPublicKey: (name, seed) =>
    hasNativeMlDsa ? publicBytes(seedObject(name, seed)) : mlDsaPublicKey(name, seed),
};

const publicObjects = new WeakMap<object, KeyObject>();

function takesSeed(name: MlKemName | MlDsaName, length: number): boolean {
  return attempt(() => publicBytes(seedObject(name, new Uint8Array(length)))) !== undefined;
}

/** A private key by its seed alone: PKCS #8 with the seed under [0] (RFC 9881 §6, RFC 9935 §6). */
function seedObject(name: MlKemName | MlDsaName, seed: Uint8Array): KeyObject {
  const info = der(SEQUENCE, VERSION, algorithm(name), der(OCTET_STRING, der(0x80, seed)));
  return createPrivateKey({ key: Buffer.from(info), format: 'der', type: 'pkcs8' });
}

function publicObject(name: MlDsaName, bytes: Uint8Array): KeyObject {
  const info = der(SEQUENCE, algorithm(name), der(BIT_STRING, Uint8Array.of(0), bytes));
  return createPublicKey({ key: Buffer.from(info), format: 'der', type: 'spki' });
}

/** The public key of a private one: the JSON Web Key has it under a name that is not in the types yet. */
function publicBytes(privateKey: KeyObject): Uint8Array {
  return fromBase64url(privateKey.export({ format: 'jwk' })['pub']);
}

function algorithm(name: MlKemName | MlDsaName): Uint8Array {
  return der(
    SEQUENCE,
    der(OBJECT_IDENTIFIER, Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, ...ARCS[name])),
  );
}
