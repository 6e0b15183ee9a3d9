import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  type ECDH,
  type KeyObject,
  diffieHellman as nodeDiffieHellman,
} from 'node:crypto';
import { curveLengths, scalarFromSeed } from '../curves.ts';
import type { DiffieHellman } from '../diffie-hellman.ts';
import { MONTGOMERY_LENGTH, requireScalar } from '../ecdh.ts';
import { FFDHE_GENERATOR, ffdhe, ffdhePrime } from '../ffdhe.ts';
import { toBytes } from '../modular.ts';
import type { CurveName, FfdheName } from '../provider.ts';
import { type Secret, secret } from '../secret.ts';
import { attempt, plain } from './bytes.ts';
import { BIT_STRING, der, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, unsigned, VERSION } from './der.ts';
import { okpPrivateKey, okpPublicBytes, okpPublicKey } from './okp.ts';

/** X25519 and X448. A share of low order, which would make the secret zero, is an error of OpenSSL's. */
export function montgomery(name: 'x25519' | 'x448'): DiffieHellman<KeyObject> {
  const length = MONTGOMERY_LENGTH[name];
  return {
    name,
    entropyLength: length,
    privateKeyLength: length,
    shareLength: length,
    privateKey: (entropy) => secret(entropy.slice()),
    prepare: (privateKey) => okpPrivateKey(name, privateKey),
    share: okpPublicBytes,
    agree: (prepared, peerShare) =>
      attempt(() => {
        const publicKey = okpPublicKey(name, peerShare);
        return secret(plain(nodeDiffieHellman({ privateKey: prepared, publicKey })));
      }),
  };
}

/** ECDH on the NIST curves, by the older interface, which needs no point to import a private key. */
export function nistEcdh(name: CurveName): DiffieHellman<ECDH> {
  const { scalar, point, scalarSeed } = curveLengths[name];
  return {
    name,
    entropyLength: scalarSeed,
    privateKeyLength: scalar,
    shareLength: point,
    privateKey: (entropy) => scalarFromSeed(name, entropy),
    prepare: (privateKey) => {
      requireScalar(name, privateKey);
      return ecdhOf(name, privateKey);
    },
    share: (prepared) => plain(prepared.getPublicKey()),
    // OpenSSL knows compressed and hybrid points too. That the point is on the curve it checks itself.
    agree: (prepared, peerShare) =>
      peerShare[0] === 4 ? attempt(() => secret(plain(prepared.computeSecret(peerShare)))) : undefined,
  };
}

/** A private key on a NIST curve with its public point; the scalar has been checked. */
export function ecdhOf(name: CurveName, scalar: Uint8Array): ECDH {
  const ecdh = createECDH(NODE_CURVES[name]);
  ecdh.setPrivateKey(scalar);
  return ecdh;
}

const NODE_CURVES: Readonly<Record<CurveName, string>> = {
  secp256r1: 'prime256v1',
  secp384r1: 'secp384r1',
  secp521r1: 'secp521r1',
};

/** A private key of RFC 7919, as bytes and as an object. */
export interface PreparedFfdhe {
  readonly bytes: Secret;
  readonly key: KeyObject;
  readonly algorithm: Uint8Array;
}

/**
 * The groups of RFC 7919 through key objects: newer versions of `createDiffieHellman` check the prime every time, for
 * seconds. Where the agreement is refused, the portable one decides: OpenSSL 3.0 wants the peer's share to be a square,
 * which RFC 7919 does not.
 */
export function nodeFfdhe(name: FfdheName): DiffieHellman<PreparedFfdhe> {
  const portable = ffdhe(name);
  const agreeNatively = ({ key, algorithm }: PreparedFfdhe, share: Uint8Array): Secret => {
    const info = der(SEQUENCE, algorithm, der(BIT_STRING, Uint8Array.of(0), unsigned(share)));
    const publicKey = createPublicKey({ key: Buffer.from(info), format: 'der', type: 'spki' });
    return secret(plain(nodeDiffieHellman({ privateKey: key, publicKey })));
  };
  return {
    ...portable,
    prepare: (privateKey) => {
      const prime = toBytes(ffdhePrime(name), portable.shareLength);
      const parameters = der(SEQUENCE, unsigned(prime), unsigned(GENERATOR));
      const algorithm = der(SEQUENCE, DH_KEY_AGREEMENT, parameters);
      const info = der(SEQUENCE, VERSION, algorithm, der(OCTET_STRING, unsigned(privateKey)));
      const key = createPrivateKey({ key: Buffer.from(info), format: 'der', type: 'pkcs8' });
      return { bytes: privateKey, key, algorithm };
    },
    // The share is what would be agreed on with somebody whose share is the generator.
    share: (prepared) => agreeNatively(prepared, GENERATOR),
    agree: (prepared, peerShare) =>
      attempt(() => agreeNatively(prepared, peerShare)) ?? portable.agree(prepared.bytes, peerShare),
  };
}

const GENERATOR = toBytes(FFDHE_GENERATOR, 1);

/** PKCS #3's dhKeyAgreement, 1.2.840.113549.1.3.1. */
const DH_KEY_AGREEMENT = der(OBJECT_IDENTIFIER, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 3, 1));
