import {
  type Aead,
  type AeadKey,
  type CryptoProvider,
  equal,
  err,
  type Hash,
  type KeyExchangeGroup,
  noble,
  ok,
  type PublicKey,
  type RunningHash,
  type SignatureAlgorithm,
  secret,
} from '../../nocrypto/index.ts';

/**
 * A provider without cryptography, for campaigns of many thousand handshakes. It keeps no secret from anybody, but it
 * still *checks*: a changed byte of a record, a transcript, a key share or a signature is noticed as the real one
 * would notice it, and everything has the lengths of the real thing. Private keys are noble's.
 *
 * Everything is a checksum of two 32-bit words. Its first word is FNV-1a, a bijection for each byte, so two inputs of
 * the same length that differ in one byte never have the same sum.
 */
export const nullCrypto: CryptoProvider = {
  ...noble,
  name: 'null',
  hashes: mapRecord(noble.hashes, hash),
  hmac: (name, key) => {
    const { outputLength } = noble.hashes[name];
    const keyed = sum(start(`hmac ${name}`), key);
    return { length: outputLength, mac: (data) => spread(sum(keyed, data), outputLength) };
  },
  hkdfExtract: (name, salt, inputKeyMaterial) =>
    secret(
      spread(sum(sum(start(`extract ${name}`), salt), inputKeyMaterial), noble.hashes[name].outputLength),
    ),
  hkdfExpand: (name, pseudorandomKey, info, length) =>
    secret(spread(sum(sum(start(`expand ${name}`), pseudorandomKey), info), length)),
  aeads: mapRecord(noble.aeads, aead),
  groups: mapRecord(noble.groups, group),
  verify: (algorithm, key, message, signature) =>
    fits(algorithm, key) && equal(signature, signatureOf(algorithm, key, message)),
  sign: (algorithm, key, message) =>
    fits(algorithm, key.public)
      ? ok(signatureOf(algorithm, key.public, message))
      : err({ kind: 'unsuitable-key', detail: `${algorithm.kind} with a key of kind ${key.kind}` }),
  // The brand without the check: a curve equation for each handshake would cost more than all the rest.
  publicKey: (input) => ok(input as PublicKey),
  privateKey: noble.privateKey,
  generateKey: noble.generateKey,
  equal,
};

/** The two words of a checksum. */
type Sum = readonly [number, number];

function start(label: string): Sum {
  return sum([0x811c9dc5, 0x9e3779b9], new TextEncoder().encode(label));
}

/** Adds a field: its length, so that fields cannot run into each other, then its bytes. */
function sum([a, b]: Sum, bytes: Uint8Array): Sum {
  return absorb([Math.imul(a ^ bytes.length, 0x01000193), b], bytes);
}

function absorb([a, b]: Sum, bytes: Uint8Array): Sum {
  let x = a;
  let y = b;
  for (const byte of bytes) {
    x = Math.imul(x ^ byte, 0x01000193);
    y = Math.imul(y ^ byte ^ (x >>> 13), 0x85ebca6b);
  }
  return [x, y];
}

/** `length` bytes made from a sum; the first four are a bijection of its first word. */
function spread([a, b]: Sum, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let word = 0;
  for (let i = 0; i < length; i++) {
    if (i % 4 === 0) word = scramble(a + Math.imul(i, 0x9e3779b9) + (i === 0 ? 0 : b));
    out[i] = word >>> (8 * (i % 4));
  }
  return out;
}

function scramble(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function hash({ name, outputLength, blockLength }: Hash): Hash {
  const empty = running(start(name), outputLength);
  return {
    name,
    outputLength,
    blockLength,
    digest: (data) => empty.update(data).digest(),
    start: () => empty,
  };
}

function running(state: Sum, outputLength: number): RunningHash {
  return {
    update: (data) => running(absorb(state, data), outputLength),
    digest: () => spread(state, outputLength),
  };
}

function aead({ name, keyLength, nonceLength, tagLength }: Aead): Aead {
  return {
    name,
    keyLength,
    nonceLength,
    tagLength,
    prepare: (key) => {
      if (key.length !== keyLength) throw new RangeError(`${name} takes a key of ${keyLength} bytes`);
      return aeadKey(sum(start(name), key), tagLength);
    },
  };
}

function aeadKey(key: Sum, tagLength: number): AeadKey {
  const tag = (nonce: Uint8Array, additionalData: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
    spread(sum(sum(sum(key, nonce), additionalData), ciphertext), tagLength);
  return {
    seal: (nonce, additionalData, plaintext, out, outOffset) => {
      const { length } = plaintext;
      mask(sum(key, nonce), plaintext, out, outOffset);
      const ciphertext = out.subarray(outOffset, outOffset + length);
      out.set(tag(nonce, additionalData, ciphertext), outOffset + length);
    },
    open: (nonce, additionalData, ciphertext, out, outOffset) => {
      const length = ciphertext.length - tagLength;
      if (length < 0) return false;
      const inner = ciphertext.subarray(0, length);
      if (!equal(tag(nonce, additionalData, inner), ciphertext.subarray(length))) return false;
      mask(sum(key, nonce), inner, out, outOffset);
      return true;
    },
  };
}

/** Ciphertext must not look like plaintext, or a test that mixes them up would pass. */
function mask([a, b]: Sum, bytes: Uint8Array, out: Uint8Array, offset: number): void {
  const { length } = bytes;
  for (let i = 0; i < length; i++) {
    out[offset + i] = (bytes[i] ?? 0) ^ scramble(a + b + i);
  }
}

/** The shares only look random; whoever sees both knows the shared secret, and it depends on every byte of both. */
function group(real: KeyExchangeGroup): KeyExchangeGroup {
  const { name, initiatorShareLength, responderShareLength } = real;
  const shareOf = (privateKey: Uint8Array): Uint8Array =>
    spread(sum(start(`share ${name}`), privateKey), initiatorShareLength);
  // In one order whoever asks: HPKE agrees with the private key of either side.
  const agree = (own: Uint8Array, other: Uint8Array) => {
    const [first, second] = Buffer.compare(own, other) < 0 ? [own, other] : [other, own];
    return secret(spread(sum(sum(start(`agree ${name}`), first), second), 32));
  };
  return {
    name,
    initiatorShareLength,
    responderShareLength,
    generateEntropyLength: 32,
    encapsulateEntropyLength: 32,
    generate: (entropy) => ({ privateKey: secret(entropy.slice()), share: shareOf(entropy) }),
    encapsulate: (initiatorShare, entropy) => {
      if (initiatorShare.length !== initiatorShareLength) {
        return err({
          kind: 'wrong-length',
          expected: initiatorShareLength,
          found: initiatorShare.length,
        });
      }
      if (isZero(initiatorShare)) return err({ kind: 'invalid-share', detail: 'all bytes are zero' });
      const share = spread(sum(start('response'), entropy), responderShareLength);
      return ok({ share, sharedSecret: agree(initiatorShare, share) });
    },
    decapsulate: (privateKey, responderShare) => {
      if (responderShare.length !== responderShareLength) {
        return err({
          kind: 'wrong-length',
          expected: responderShareLength,
          found: responderShare.length,
        });
      }
      if (isZero(responderShare)) return err({ kind: 'invalid-share', detail: 'all bytes are zero' });
      return ok(agree(shareOf(privateKey), responderShare));
    },
  };
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Anybody can make it from the public key; but only for this key, this algorithm and this message. */
function signatureOf(algorithm: SignatureAlgorithm, key: PublicKey, message: Uint8Array): Uint8Array {
  return spread(sum(sum(start(JSON.stringify(algorithm)), identify(key)), message), 64);
}

function identify(key: PublicKey): Uint8Array {
  switch (key.kind) {
    case 'ec':
      return key.point;
    case 'rsa':
      return new TextEncoder().encode(`${key.modulus} ${key.publicExponent}`);
    default:
      return key.bytes;
  }
}

function fits({ kind }: SignatureAlgorithm, key: PublicKey): boolean {
  if (kind === 'rsa-pkcs1' || kind === 'rsa-pss') return key.kind === 'rsa';
  return key.kind === (kind === 'ecdsa' ? 'ec' : kind);
}

/** The same keys with other values. */
export function mapRecord<K extends string, A, B>(
  record: Readonly<Record<K, A>>,
  change: (value: A) => B,
): Record<K, B> {
  const entries = Object.entries<A>(record).map(([key, value]) => [key, change(value)] as const);
  // What `fromEntries` forgets: the keys are those of `record`.
  return Object.fromEntries(entries) as Record<K, B>;
}
