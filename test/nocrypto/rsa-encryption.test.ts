import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type HashName, noble, type RsaPublicKey } from '../../nocrypto/index.ts';
import { modPowPublic } from '../../nocrypto/modular.ts';
import {
  anyBytes,
  bigintToBytes,
  bytesToBigint,
  entropy,
  flipBit,
  good,
  rsaKey,
  runs,
  utf8,
} from './support.ts';

const LENGTH = 256;
const key = rsaKey();
const publicKey = publicHalf();
const { encryptPkcs1, decryptPkcs1, encryptOaep, decryptOaep } = noble.rsa;
const node = nodeKeys();
const noLabel = new Uint8Array(0);

describe('RSAES-PKCS1-v1_5', () => {
  const substitute = entropy(48, 5);
  const decrypt = (ciphertext: Uint8Array, length = 48) =>
    decryptPkcs1(key, ciphertext, entropy(length, 5), entropy(32));

  it('decrypts what it and node:crypto encrypt', () => {
    fc.assert(
      fc.property(anyBytes(0, LENGTH - 11), anyBytes(32), (message, fresh) => {
        const ours = good(encryptPkcs1(publicKey, message, fresh));
        assert.deepEqual(decrypt(ours, message.length), message);
        const theirs = publicEncrypt({ key: node.publicKey, padding: constants.RSA_PKCS1_PADDING }, message);
        assert.deepEqual(decrypt(theirs, message.length), message);
      }),
      runs(8),
    );
  });

  it('pads with at least eight bytes, none of them zero', () => {
    for (const length of [0, 48, LENGTH - 11]) {
      const ciphertext = good(encryptPkcs1(publicKey, entropy(length), entropy(32, length)));
      const padding = { key: node.privateKey, padding: constants.RSA_NO_PADDING };
      const encoded = privateDecrypt(padding, ciphertext);
      assert.deepEqual([encoded[0], encoded[1], encoded[LENGTH - length - 1]], [0, 2, 0]);
      assert.ok(encoded.subarray(2, LENGTH - length - 1).every((byte) => byte !== 0));
    }
  });

  it('refuses a message that leaves less than eight bytes for padding', () => {
    assert.deepEqual(encryptPkcs1(publicKey, new Uint8Array(LENGTH - 10), entropy(32)), {
      ok: false,
      error: { kind: 'message-too-long', limit: LENGTH - 11 },
    });
  });

  it('encrypts equally with equal entropy, otherwise with other', () => {
    const once = good(encryptPkcs1(publicKey, utf8('x'), entropy(32)));
    assert.deepEqual(good(encryptPkcs1(publicKey, utf8('x'), entropy(32))), once);
    assert.notDeepEqual(good(encryptPkcs1(publicKey, utf8('x'), entropy(32, 2))), once);
  });

  it('answers wrong padding with the substitute, and says nothing else (Bleichenbacher 1998, ROBOT)', () => {
    const encoding = Uint8Array.of(0, 2, ...new Uint8Array(LENGTH - 51).fill(0xa5), 0, ...entropy(48));
    assert.deepEqual(decrypt(raw(encoding)), entropy(48), 'the right one');
    const changed = (...changes: readonly (readonly [number, number])[]) => {
      const encoded = encoding.slice();
      for (const [at, byte] of changes) encoded[at] = byte;
      return encoded;
    };
    const separator = LENGTH - 49;
    const forgeries: Readonly<Record<string, Uint8Array>> = {
      'a first byte that is not 0': changed([0, 1]),
      'block type 1': changed([1, 1]),
      'block type 0': changed([1, 0]),
      'block type 130': changed([1, 0x82]),
      'a zero in the first byte of padding': changed([2, 0]),
      'a zero in the eighth byte of padding': changed([9, 0]),
      'a zero in the last byte of padding': changed([separator - 1, 0]),
      'a separator that is not 0': changed([separator, 1]),
      'a message one byte shorter': changed([separator, 0xa5], [separator + 1, 0]),
      'a message one byte longer': changed([separator - 1, 0], [separator, 7]),
      'no separator at all': new Uint8Array(LENGTH)
        .fill(0xa5)
        .map((byte, i) => (i === 0 ? 0 : i === 1 ? 2 : byte)),
      'nothing but zeros': new Uint8Array(LENGTH),
    };
    for (const [what, encoded] of Object.entries(forgeries)) {
      assert.deepEqual(decrypt(raw(encoded)), substitute, what);
    }
  });

  it('answers what is no ciphertext with the substitute too', () => {
    const ciphertext = good(encryptPkcs1(publicKey, entropy(48), entropy(32)));
    const above = bigintToBytes(key.modulus, LENGTH);
    for (const bad of [
      new Uint8Array(0),
      ciphertext.subarray(1),
      Uint8Array.of(0, ...ciphertext),
      above,
      new Uint8Array(LENGTH).fill(0xff),
      flipBit(ciphertext, 2047),
    ]) {
      assert.deepEqual(decrypt(bad), substitute);
    }
  });

  it('gives back a copy of the substitute, never the array itself', () => {
    const mine = entropy(48, 5);
    const answer = decryptPkcs1(key, new Uint8Array(LENGTH), mine, entropy(32));
    answer.fill(0);
    assert.deepEqual(mine, entropy(48, 5));
  });

  it('holds its caller to a substitute that could be a message, and to the length of entropy', () => {
    const ciphertext = new Uint8Array(LENGTH);
    assert.throws(() => decrypt(ciphertext, LENGTH - 10), RangeError);
    assert.throws(() => decryptPkcs1(key, ciphertext, substitute, entropy(31)), RangeError);
    assert.throws(() => encryptPkcs1(publicKey, substitute, entropy(33)), RangeError);
  });
});

describe('RSAES-OAEP', () => {
  const hashes: readonly HashName[] = ['sha1', 'sha256', 'sha384', 'sha512'];
  const failed = { ok: false, error: { kind: 'decryption-failed' } };
  const decrypt = (ciphertext: Uint8Array, hash: HashName = 'sha256', label: Uint8Array = noLabel) =>
    decryptOaep(key, hash, label, ciphertext, entropy(32));

  it('decrypts what it and node:crypto encrypt, with any hash and label', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...hashes),
        anyBytes(0, 40),
        anyBytes(0, 126),
        anyBytes(32),
        (hash, label, message, fresh) => {
          const ours = good(encryptOaep(publicKey, hash, label, message, fresh));
          assert.deepEqual(good(decrypt(ours, hash, label)), message);
          const options = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash, oaepLabel: label };
          const theirs = publicEncrypt({ key: node.publicKey, ...options }, message);
          assert.deepEqual(good(decrypt(theirs, hash, label)), message);
          const back = privateDecrypt({ key: node.privateKey, ...options }, ours);
          assert.deepEqual(Uint8Array.from(back), message);
        },
      ),
      runs(8),
    );
  });

  it('refuses a message that does not fit', () => {
    assert.equal(encryptOaep(publicKey, 'sha256', noLabel, new Uint8Array(190), entropy(32)).ok, true);
    assert.deepEqual(encryptOaep(publicKey, 'sha256', noLabel, new Uint8Array(191), entropy(32)), {
      ok: false,
      error: { kind: 'message-too-long', limit: 190 },
    });
  });

  it('has one error for everything that can be wrong (Manger 2001)', () => {
    const labelHash = sha256(noLabel);
    const padding = new Uint8Array(60);
    const rest = [1, ...entropy(LENGTH - 2 * 32 - 2 - 60)];
    assert.deepEqual(
      good(decrypt(raw(encode(0, [...labelHash, ...padding, ...rest])))),
      Uint8Array.from(rest.slice(1)),
    );
    const forgeries: Readonly<Record<string, Uint8Array>> = {
      'a first byte that is not 0': encode(1, [...labelHash, ...padding, ...rest]),
      'another label': encode(0, [...sha256(utf8('x')), ...padding, ...rest]),
      'a label wrong in its last bit': encode(0, [...flipBit(labelHash, 255), ...padding, ...rest]),
      'a 2 in the zeros': encode(0, [...labelHash, ...padding.subarray(1), 2, ...rest]),
      'no 1 at all': encode(0, [...labelHash, ...new Uint8Array(LENGTH - 65)]),
      'a message that begins with 2': encode(0, [...labelHash, ...padding, 2, ...rest.slice(1)]),
    };
    for (const [what, encoded] of Object.entries(forgeries)) {
      assert.deepEqual(decrypt(raw(encoded)), failed, what);
    }
    const ciphertext = good(encryptOaep(publicKey, 'sha256', noLabel, utf8('x'), entropy(32)));
    for (const bad of [
      new Uint8Array(0),
      ciphertext.subarray(1),
      Uint8Array.of(0, ...ciphertext),
      bigintToBytes(key.modulus, LENGTH),
      flipBit(ciphertext, 2047),
    ]) {
      assert.deepEqual(decrypt(bad), failed);
    }
    assert.deepEqual(decrypt(ciphertext, 'sha384'), failed, 'another hash');
  });

  it('takes the empty message and the one that begins right after the hash', () => {
    const labelHash = sha256(noLabel);
    assert.deepEqual(
      good(decrypt(raw(encode(0, [...labelHash, ...new Uint8Array(LENGTH - 66), 1])))),
      new Uint8Array(0),
    );
    const full = entropy(190);
    assert.deepEqual(good(decrypt(raw(encode(0, [...labelHash, 1, ...full])))), full);
  });

  it('encrypts equally with equal entropy, otherwise with other', () => {
    const once = good(encryptOaep(publicKey, 'sha256', noLabel, utf8('x'), entropy(32)));
    assert.deepEqual(good(encryptOaep(publicKey, 'sha256', noLabel, utf8('x'), entropy(32))), once);
    assert.notDeepEqual(good(encryptOaep(publicKey, 'sha256', noLabel, utf8('x'), entropy(32, 2))), once);
  });

  /** first ‖ seed ‖ DB, masked with SHA-256 (RFC 8017 §7.1.1, step 2). */
  function encode(first: number, db: readonly number[]): Uint8Array {
    assert.equal(db.length, LENGTH - 33);
    const seed = entropy(32, 9);
    const maskedDb = mask(Uint8Array.from(db), seed);
    return Uint8Array.of(first, ...mask(seed, maskedDb), ...maskedDb);
  }
});

/** The textbook operation on an encoding, to make ciphertexts that no honest sender makes. */
function raw(encoded: Uint8Array): Uint8Array {
  return bigintToBytes(modPowPublic(bytesToBigint(encoded), key.publicExponent, key.modulus), LENGTH);
}

/** bytes XOR MGF1-SHA-256(seed). */
function mask(bytes: Uint8Array, seed: Uint8Array): Uint8Array {
  const blocks = Array.from({ length: 8 }, (_, i) => [...sha256(Uint8Array.of(...seed, 0, 0, 0, i))]).flat();
  return bytes.map((byte, i) => byte ^ (blocks[i] ?? 0));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest());
}

function publicHalf(): RsaPublicKey {
  assert.ok(key.public.kind === 'rsa');
  return key.public;
}

function nodeKeys() {
  const text = (n: bigint) => {
    const digits = n.toString(16);
    return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex').toString(
      'base64url',
    );
  };
  const jwk = {
    kty: 'RSA',
    n: text(key.modulus),
    e: text(key.publicExponent),
    d: text(key.privateExponent),
    p: text(key.prime1),
    q: text(key.prime2),
    dp: text(key.exponent1),
    dq: text(key.exponent2),
    qi: text(key.coefficient),
  };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
