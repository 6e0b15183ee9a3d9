import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { noble, padPkcs7, unpadPkcs7 } from '../../nocrypto/index.ts';
import { anyBytes, entropy, hex, runs, utf8 } from './support.ts';

describe('AES-CBC', () => {
  // NIST SP 800-38A, F.2.1, F.2.3 and F.2.5.
  const iv = hex('000102030405060708090a0b0c0d0e0f');
  const plaintext = hex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
      '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  );
  const vectors = [
    [
      '2b7e151628aed2a6abf7158809cf4f3c',
      '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2' +
        '73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7',
    ],
    [
      '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
      '4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a' +
        '571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd',
    ],
    [
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d' +
        '39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b',
    ],
  ] as const;
  for (const [key, ciphertext] of vectors) {
    it(`encrypts and decrypts as in SP 800-38A F.2 with a key of ${4 * key.length} bits`, () => {
      const prepared = noble.aesCbc(hex(key));
      assert.deepEqual(prepared.encrypt(iv, plaintext), hex(ciphertext));
      assert.deepEqual(prepared.decrypt(iv, hex(ciphertext)), plaintext);
    });
  }

  it('with the padding of PKCS #7 is what node:crypto does', () => {
    fc.assert(
      fc.property(anyBytes(32), anyBytes(16), anyBytes(0, 70), (key, anyIv, message) => {
        const cipher = createCipheriv('aes-256-cbc', key, anyIv);
        const expected = Uint8Array.from(Buffer.concat([cipher.update(message), cipher.final()]));
        const prepared = noble.aesCbc(key);
        const sealed = prepared.encrypt(anyIv, padPkcs7(message));
        assert.deepEqual(sealed, expected);
        assert.deepEqual(unpadPkcs7(prepared.decrypt(anyIv, sealed)), message);
      }),
      runs(50),
    );
  });

  it('holds its caller to the lengths of key, initialization vector and blocks', () => {
    for (const length of [0, 15, 17, 33]) {
      assert.throws(() => noble.aesCbc(new Uint8Array(length)), RangeError);
    }
    const prepared = noble.aesCbc(entropy(16));
    for (const transform of [prepared.encrypt, prepared.decrypt]) {
      assert.throws(() => transform(entropy(15), entropy(16)), RangeError);
      assert.throws(() => transform(entropy(16), entropy(17)), RangeError);
      assert.deepEqual(transform(entropy(16), new Uint8Array(0)), new Uint8Array(0));
    }
  });

  it('keeps its key when the caller wipes his, and leaves its input alone', () => {
    const key = entropy(16);
    const prepared = noble.aesCbc(key);
    key.fill(0);
    const message = entropy(32, 2);
    const sealed = prepared.encrypt(iv, message);
    assert.deepEqual(message, entropy(32, 2));
    assert.deepEqual(sealed, noble.aesCbc(entropy(16)).encrypt(iv, message));
  });
});

describe('the padding of PKCS #7', () => {
  it('fills up to the next block, with a whole block where nothing is missing', () => {
    assert.deepEqual(padPkcs7(utf8('abc')), Uint8Array.of(97, 98, 99, ...new Uint8Array(13).fill(13)));
    assert.deepEqual(padPkcs7(entropy(16)).subarray(16), new Uint8Array(16).fill(16));
    assert.deepEqual(padPkcs7(new Uint8Array(0)), new Uint8Array(16).fill(16));
  });

  it('is refused where it is not there, not whole, zero, or longer than a block', () => {
    const block = (...end: readonly number[]) =>
      Uint8Array.of(...new Uint8Array(16 - end.length).fill(7), ...end);
    for (const bad of [
      new Uint8Array(0),
      entropy(15).fill(1),
      block(0),
      block(1, 2),
      block(3, 2, 3),
      block(17),
      new Uint8Array(32).fill(32),
    ]) {
      assert.equal(unpadPkcs7(bad), undefined);
    }
  });
});
