import { createHash, hash as hashOnce, type Hash as NodeHash, pbkdf2Sync } from 'node:crypto';
import { requireWhole } from '../bytes.ts';
import { hashes as nobleHashes, xofs as nobleXofs } from '../hash.ts';
import { requireHkdf } from '../hmac.ts';
import { requirePbkdf2 } from '../pbkdf2.ts';
import type { CryptoProvider, Hash, HashName, RunningHash, Xof, XofName } from '../provider.ts';
import { secret } from '../secret.ts';
import { plain } from './bytes.ts';
import { hmacSha256, hmacSha256Once, startSha256 } from './sha256.ts';

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

export const xofs: Readonly<Record<XofName, Xof>> = {
  shake128: xof('shake128'),
  shake256: xof('shake256'),
};

export const hmac: CryptoProvider['hmac'] = (name, callersKey) => {
  // Not slice(), which is a view where the key is a Buffer.
  const key = new Uint8Array(callersKey);
  const short = name === 'sha256' ? hmacSha256(key) : undefined;
  return {
    length: hashes[name].outputLength,
    mac: (data) => (short && data.length <= SHORT_LENGTH ? short(data) : macOnce(name, key, data)),
  };
};

export const hkdfExtract: CryptoProvider['hkdfExtract'] = (name, salt, inputKeyMaterial) =>
  secret(macOnce(name, salt, inputKeyMaterial));

/** By HMACs, of which a short output takes one: `hkdfSync` takes five times as long. */
export const hkdfExpand: CryptoProvider['hkdfExpand'] = (name, pseudorandomKey, info, length) => {
  requireHkdf(name, pseudorandomKey, length);
  const output = new Uint8Array(length);
  const { outputLength } = hashes[name];
  let block: Uint8Array = output.subarray(0, 0);
  for (let offset = 0, counter = 1; offset < length; offset += outputLength, counter++) {
    const input = new Uint8Array(block.length + info.length + 1);
    input.set(block);
    input.set(info, block.length);
    input[input.length - 1] = counter;
    block = macOnce(name, pseudorandomKey, input);
    output.set(length - offset < outputLength ? block.subarray(0, length - offset) : block, offset);
  }
  return secret(output);
};

export const pbkdf2: CryptoProvider['pbkdf2'] = (name, password, salt, iterations, length) => {
  requirePbkdf2(iterations, length);
  return secret(plain(pbkdf2Sync(password, salt, iterations, length, name)));
};

/** Bytes that an HMAC with SHA-256 is quicker for in JavaScript than by two calls of node:crypto. */
const SHORT_LENGTH = 256;

/**
 * HMAC (RFC 2104): in JavaScript where {@link SHORT_LENGTH} says so, else as two hashes of one call each. `createHmac` is
 * no quicker in any version of Node, and in Node 24 it takes six times as long.
 */
function macOnce(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  if (name === 'sha256' && data.length <= SHORT_LENGTH) return hmacSha256Once(key, data);
  const { blockLength, outputLength } = hashes[name];
  const block = key.length > blockLength ? hashOnce(name, key, 'buffer') : key;
  const innerLength = blockLength + data.length;
  const inner = innerLength <= SCRATCH.length ? SCRATCH : new Uint8Array(innerLength);
  pad(inner, block, blockLength, 0x36);
  inner.set(data, blockLength);
  const digest = hashOnce(name, inner.subarray(0, innerLength), 'buffer');
  pad(SCRATCH, block, blockLength, 0x5c);
  SCRATCH.set(digest, blockLength);
  const mac = hashOnce(name, SCRATCH.subarray(0, blockLength + outputLength), 'buffer');
  // The key must not stay behind.
  SCRATCH.fill(0, 0, blockLength);
  return plain(mac);
}

const SCRATCH = new Uint8Array(1024);

/** The block that holds the key, with every byte changed by `mask`. */
function pad(out: Uint8Array, key: Uint8Array, blockLength: number, mask: number): void {
  for (let i = 0; i < blockLength; i++) out[i] = (key[i] ?? 0) ^ mask;
}

function hash(name: HashName): Hash {
  const { outputLength, blockLength } = nobleHashes[name];
  return {
    name,
    outputLength,
    blockLength,
    digest: (data) => plain(hashOnce(name, data, 'buffer')),
    start: () => (name === 'sha256' ? startSha256() : running(createHash(name))),
  };
}

/** `state` is never touched again, as in the portable provider. */
function running(state: NodeHash): RunningHash {
  return {
    update: (data) => running(state.copy().update(data)),
    digest: () => plain(state.copy().digest()),
  };
}

function xof(name: XofName): Xof {
  return {
    name,
    blockLength: nobleXofs[name].blockLength,
    digest: (data, length) => {
      requireWhole('the length of an output', length);
      if (length === 0) return new Uint8Array(0);
      return plain(createHash(name, { outputLength: length }).update(data).digest());
    },
  };
}
