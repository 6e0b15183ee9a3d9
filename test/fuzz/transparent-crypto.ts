import {
  type Aead,
  type CryptoProvider,
  type Hash,
  type KeyExchangeGroup,
  noble,
  ok,
  type PublicKey,
  secret,
} from '../../nocrypto/index.ts';
import { mapRecord } from '../src/null-crypto.ts';

/**
 * A provider under which every check of cryptography passes: ciphertext is plaintext with a tag that nobody looks at, each
 * hash is the same, each signature verifies. A fuzzer changes any byte of a connection and is still heard in its deepest
 * state, where with real cryptography all it would ever see is decrypt_error.
 */
export const transparentCrypto: CryptoProvider = {
  ...noble,
  name: 'transparent',
  hashes: mapRecord(noble.hashes, hash),
  hmac: (name) => {
    const { outputLength } = noble.hashes[name];
    return { length: outputLength, mac: () => ones(outputLength) };
  },
  hkdfExtract: (name) => secret(ones(noble.hashes[name].outputLength)),
  hkdfExpand: (_name, _key, _info, length) => secret(ones(length)),
  tls12Prf: (_name, _key, _label, _seed, length) => secret(ones(length)),
  aeads: mapRecord(noble.aeads, aead),
  aesCbc: () => ({
    encrypt: (_iv, plaintext) => plaintext.slice(),
    decrypt: (_iv, ciphertext) => ciphertext.slice(),
  }),
  rsa: {
    ...noble.rsa,
    encryptPkcs1: () => ok(ones(256)),
    decryptPkcs1: (_key, _ciphertext, substitute) => secret(substitute.slice()),
  },
  groups: mapRecord(noble.groups, group),
  verify: () => true,
  sign: () => ok(ones(64)),
  publicKey: (input) => ok(input as PublicKey),
  equal: (a, b) => a.length === b.length,
};

function ones(length: number): Uint8Array {
  return new Uint8Array(length).fill(1);
}

function hash({ name, outputLength, blockLength }: Hash): Hash {
  const running = { update: () => running, digest: () => ones(outputLength) };
  return { name, outputLength, blockLength, digest: running.digest, start: () => running };
}

function aead({ name, keyLength, nonceLength, tagLength }: Aead): Aead {
  return {
    name,
    keyLength,
    nonceLength,
    tagLength,
    prepare: () => ({
      seal: (_nonce, _additionalData, plaintext, out, outOffset) => {
        out.set(plaintext, outOffset);
        out.fill(1, outOffset + plaintext.length, outOffset + plaintext.length + tagLength);
      },
      open: (_nonce, _additionalData, ciphertext, out, outOffset) => {
        if (ciphertext.length < tagLength) return false;
        out.set(ciphertext.subarray(0, ciphertext.length - tagLength), outOffset);
        return true;
      },
    }),
  };
}

function group(real: KeyExchangeGroup): KeyExchangeGroup {
  const { name, initiatorShareLength, responderShareLength } = real;
  return {
    name,
    initiatorShareLength,
    responderShareLength,
    generateEntropyLength: 32,
    encapsulateEntropyLength: 32,
    generate: () => ({ privateKey: secret(ones(32)), share: ones(initiatorShareLength) }),
    encapsulate: () => ok({ share: ones(responderShareLength), sharedSecret: secret(ones(32)) }),
    decapsulate: () => ok(secret(ones(32))),
  };
}
