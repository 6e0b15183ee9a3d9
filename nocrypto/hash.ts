import { sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_224, sha3_256, sha3_384, sha3_512, shake128, shake256 } from '@noble/hashes/sha3.js';
import type { CHash, Hash as RunningNobleHash } from '@noble/hashes/utils.js';
import { requireWhole } from './bytes.ts';
import type { Hash, HashName, RunningHash, Xof, XofName } from './provider.ts';

/** SHA-1 and SHA-2 (FIPS 180-4), SHA-3 (FIPS 202). */
export const hashes: Readonly<Record<HashName, Hash>> = {
  sha1: hash('sha1'),
  sha224: hash('sha224'),
  sha256: hash('sha256'),
  sha384: hash('sha384'),
  sha512: hash('sha512'),
  'sha3-224': hash('sha3-224'),
  'sha3-256': hash('sha3-256'),
  'sha3-384': hash('sha3-384'),
  'sha3-512': hash('sha3-512'),
};

/** SHAKE (FIPS 202). */
export const xofs: Readonly<Record<XofName, Xof>> = {
  shake128: xof('shake128', shake128),
  shake256: xof('shake256', shake256),
};

/** What HMAC, HKDF and ECDSA take as their hash. A function, so that nothing is looked up at import. */
export function nobleHash(name: HashName): CHash {
  switch (name) {
    case 'sha1':
      return sha1;
    case 'sha224':
      return sha224;
    case 'sha256':
      return sha256;
    case 'sha384':
      return sha384;
    case 'sha512':
      return sha512;
    case 'sha3-224':
      return sha3_224;
    case 'sha3-256':
      return sha3_256;
    case 'sha3-384':
      return sha3_384;
    case 'sha3-512':
      return sha3_512;
  }
}

function hash(name: HashName): Hash {
  const noble = nobleHash(name);
  return {
    name,
    outputLength: noble.outputLen,
    blockLength: noble.blockLen,
    digest: (data) => noble(data),
    start: () => running(noble.create()),
  };
}

/** `state` is never touched again: every operation works on a clone, which makes the running hash a value. */
function running<T extends RunningNobleHash<T>>(state: T): RunningHash {
  return {
    update: (data) => running(state.clone().update(data)),
    digest: () => state.clone().digest(),
  };
}

function xof(name: XofName, noble: typeof shake128): Xof {
  return {
    name,
    blockLength: noble.blockLen,
    digest: (data, length) => {
      requireWhole('the length of an output', length);
      return noble(data, { dkLen: length });
    },
  };
}
