import {
  createDiffieHellman,
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
import { FFDHE_GENERATOR, ffdhe, ffdhePrime, isFfdheShare } from '../ffdhe.ts';
import { toBigint, toBytes } from '../modular.ts';
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
  const ecdh = newEcdh(name);
  ecdh.setPrivateKey(scalar);
  return ecdh;
}

/** One without a private key. */
export function newEcdh(name: CurveName): ECDH {
  return createECDH(NODE_CURVES[name]);
}

const NODE_CURVES: Readonly<Record<CurveName, string>> = {
  secp256r1: 'prime256v1',
  secp384r1: 'secp384r1',
  secp521r1: 'secp521r1',
};

/** A private key of RFC 7919 that can be agreed with, whichever way is the quick one. */
export interface PreparedFfdhe {
  readonly share: () => Uint8Array;
  readonly agree: (peerShare: Uint8Array) => Uint8Array;
}

/**
 * The groups of RFC 7919. In Node 20, key objects want the peer's share to be a square, which takes ten times as long
 * as the agreement; from Node 22 on, `createDiffieHellman` wants that too, and checks its prime every time, for
 * seconds. So each has what it is quick with. Shares are checked here: what OpenSSL does about them depends on the
 * version.
 */
export function nodeFfdhe(name: FfdheName): DiffieHellman<PreparedFfdhe> {
  const portable = ffdhe(name);
  const [major = 0] = process.versions.node.split('.').map(Number);
  const prepare = major < 22 ? ffdheExchange : ffdheKeyObject;
  return {
    ...portable,
    prepare: (privateKey) => prepare(toBytes(ffdhePrime(name), portable.shareLength), privateKey),
    share: (prepared) => prepared.share(),
    agree: (prepared, peerShare) =>
      isFfdheShare(toBigint(peerShare), ffdhePrime(name))
        ? attempt(() => secret(prepared.agree(peerShare)))
        : undefined,
  };
}

function ffdheExchange(prime: Uint8Array, privateKey: Secret): PreparedFfdhe {
  const exchange = createDiffieHellman(prime, GENERATOR);
  exchange.setPrivateKey(privateKey);
  return {
    // With a private key in place, only the public one is made.
    share: () => padded(exchange.generateKeys(), prime.length),
    agree: (peerShare) => plain(exchange.computeSecret(peerShare)),
  };
}

function ffdheKeyObject(prime: Uint8Array, privateKey: Secret): PreparedFfdhe {
  const algorithm = der(SEQUENCE, DH_KEY_AGREEMENT, der(SEQUENCE, unsigned(prime), unsigned(GENERATOR)));
  const info = der(SEQUENCE, VERSION, algorithm, der(OCTET_STRING, unsigned(privateKey)));
  const key = createPrivateKey({ key: Buffer.from(info), format: 'der', type: 'pkcs8' });
  const agree = (share: Uint8Array): Uint8Array => {
    const peer = der(SEQUENCE, algorithm, der(BIT_STRING, Uint8Array.of(0), unsigned(share)));
    const publicKey = createPublicKey({ key: Buffer.from(peer), format: 'der', type: 'spki' });
    return plain(nodeDiffieHellman({ privateKey: key, publicKey }));
  };
  // The share is what would be agreed on with somebody whose share is the generator.
  return { share: () => agree(GENERATOR), agree };
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(bytes, length - bytes.length);
  return out;
}

const GENERATOR = toBytes(FFDHE_GENERATOR, 1);

/** PKCS #3's dhKeyAgreement, 1.2.840.113549.1.3.1. */
const DH_KEY_AGREEMENT = der(OBJECT_IDENTIFIER, Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 3, 1));
