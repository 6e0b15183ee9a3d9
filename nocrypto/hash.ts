import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { CHash, Hash as RunningNobleHash } from '@noble/hashes/utils.js';
import type { Hash, HashName, RunningHash } from './provider.ts';

/** SHA-1 and SHA-2 (FIPS 180-4). */
export const hashes: Readonly<Record<HashName, Hash>> = {
  sha1: hash('sha1'),
  sha256: hash('sha256'),
  sha384: hash('sha384'),
  sha512: hash('sha512'),
};

/** What HMAC, HKDF and ECDSA take as their hash. A function, so that nothing is looked up at import. */
export function nobleHash(name: HashName): CHash {
  switch (name) {
    case 'sha1':
      return sha1;
    case 'sha256':
      return sha256;
    case 'sha384':
      return sha384;
    case 'sha512':
      return sha512;
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
