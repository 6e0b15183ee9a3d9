import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type Aead, type AeadName, noble } from '../../nocrypto/index.ts';
import { anyBytes, entropy, flipBit, hex, runs, utf8 } from './support.ts';

/** Bytes of key and of tag. */
const lengths: Readonly<Record<AeadName, readonly [number, number]>> = {
  'aes-128-gcm': [16, 16],
  'aes-256-gcm': [32, 16],
  'aes-128-ccm': [16, 16],
  'aes-128-ccm-8': [16, 8],
  'aes-256-ccm': [32, 16],
  'aes-256-ccm-8': [32, 8],
  'chacha20-poly1305': [32, 16],
};
const names: readonly AeadName[] = Object.values(noble.aeads).map(({ name }) => name);
const none = new Uint8Array(0);

describe('AEADs', () => {
  const gcmPlaintext =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
  const vectors = [
    {
      source: 'McGrew and Viega, The Galois/Counter Mode, test case 1',
      name: 'aes-128-gcm',
      key: '00'.repeat(16),
      nonce: '00'.repeat(12),
      additionalData: '',
      plaintext: '',
      sealed: '58e2fccefa7e3061367f1d57a4e7455a',
    },
    {
      source: 'McGrew and Viega, test case 4',
      name: 'aes-128-gcm',
      key: 'feffe9928665731c6d6a8f9467308308',
      nonce: 'cafebabefacedbaddecaf888',
      additionalData: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      plaintext: gcmPlaintext,
      sealed:
        '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e' +
        '21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    },
    {
      source: 'McGrew and Viega, test case 16',
      name: 'aes-256-gcm',
      key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
      nonce: 'cafebabefacedbaddecaf888',
      additionalData: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
      plaintext: gcmPlaintext,
      sealed:
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
        '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    },
    {
      source: 'NIST SP 800-38C, example 3',
      name: 'aes-128-ccm-8',
      key: '404142434445464748494a4b4c4d4e4f',
      nonce: '101112131415161718191a1b',
      additionalData: '000102030405060708090a0b0c0d0e0f10111213',
      plaintext: '202122232425262728292a2b2c2d2e2f3031323334353637',
      sealed: 'e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951',
    },
    {
      source: 'RFC 8439 §2.8.2',
      name: 'chacha20-poly1305',
      key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
      nonce: '070000004041424344454647',
      additionalData: '50515253c0c1c2c3c4c5c6c7',
      plaintext: Buffer.from(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
          'sunscreen would be it.',
      ).toString('hex'),
      sealed:
        'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6' +
        '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
        '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
        '3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    },
  ] as const;
  for (const vector of vectors) {
    it(`${vector.name} seals and opens as in ${vector.source}`, () => {
      const aead = noble.aeads[vector.name];
      const [key, nonce, data] = [hex(vector.key), hex(vector.nonce), hex(vector.additionalData)];
      assert.deepEqual(seal(aead, key, nonce, data, hex(vector.plaintext)), hex(vector.sealed));
      assert.deepEqual(open(aead, key, nonce, data, hex(vector.sealed)), hex(vector.plaintext));
    });
  }

  for (const name of names) {
    const aead = noble.aeads[name];
    const key = entropy(aead.keyLength);
    const nonce = entropy(aead.nonceLength, 2);

    it(`${name} says its own sizes`, () => {
      assert.deepEqual(
        { name: aead.name, key: aead.keyLength, nonce: aead.nonceLength, tag: aead.tagLength },
        { name, key: lengths[name][0], nonce: 12, tag: lengths[name][1] },
      );
    });

    it(`${name} seals as node:crypto does`, () => {
      fc.assert(
        fc.property(
          anyBytes(aead.keyLength),
          anyBytes(12),
          anyBytes(0, 60),
          anyBytes(0, 300),
          (anyKey, anyNonce, data, plaintext) => {
            assert.deepEqual(
              seal(aead, anyKey, anyNonce, data, plaintext),
              sealWithNode(name, anyKey, anyNonce, data, plaintext),
            );
          },
        ),
        runs(60),
      );
    });

    it(`${name} seals and opens in place, at any offset, and touches nothing around its range`, () => {
      const offsets = fc.integer({ min: 0, max: 9 });
      fc.assert(
        fc.property(anyBytes(0, 200), anyBytes(0, 20), offsets, offsets, (plaintext, data, before, after) => {
          const sealedLength = plaintext.length + aead.tagLength;
          const buffer = new Uint8Array(before + sealedLength + after).fill(0xee);
          buffer.set(plaintext, before);
          const prepared = aead.prepare(key);
          prepared.seal(nonce, data, buffer.subarray(before, before + plaintext.length), buffer, before);
          const sealed = buffer.slice(before, before + sealedLength);
          assert.deepEqual(sealed, seal(aead, key, nonce, data, plaintext));
          assertUntouchedAround(buffer, before, sealedLength);

          assert.ok(
            prepared.open(nonce, data, buffer.subarray(before, before + sealedLength), buffer, before),
          );
          assert.deepEqual(buffer.slice(before, before + plaintext.length), plaintext);
          assert.deepEqual(
            buffer.slice(before + plaintext.length, before + sealedLength),
            sealed.subarray(plaintext.length),
            'the tag is left where it was',
          );
          assertUntouchedAround(buffer, before, sealedLength);
        }),
        runs(60),
      );
    });

    it(`${name} refuses any change of one bit and then releases nothing of the plaintext`, () => {
      fc.assert(
        fc.property(anyBytes(0, 100), anyBytes(1, 20), fc.nat(), (plaintext, data, anywhere) => {
          const sealed = seal(aead, key, nonce, data, plaintext);
          const bit = anywhere % (8 * sealed.length);
          const prepared = aead.prepare(key);
          const attempts = [
            { nonce, data, sealed: flipBit(sealed, bit) },
            { nonce, data: flipBit(data, anywhere % (8 * data.length)), sealed },
            { nonce: flipBit(nonce, anywhere % 96), data, sealed },
          ];
          for (const attempt of attempts) {
            const out = new Uint8Array(plaintext.length).fill(0xee);
            assert.equal(prepared.open(attempt.nonce, attempt.data, attempt.sealed, out, 0), false);
            assert.ok(
              out.every((byte) => byte === 0xee),
              'out is untouched',
            );
            const inPlace = attempt.sealed.slice();
            assert.equal(prepared.open(attempt.nonce, attempt.data, inPlace, inPlace, 0), false);
            assert.deepEqual(inPlace, attempt.sealed, 'out is untouched in place too');
          }
        }),
        runs(40),
      );
    });

    it(`${name} refuses a tag cut short, and anything shorter than a tag`, () => {
      const sealed = seal(aead, key, nonce, none, utf8('sixteen tag bytes'));
      for (let length = 0; length < sealed.length; length++) {
        const out = new Uint8Array(sealed.length).fill(0xee);
        assert.equal(aead.prepare(key).open(nonce, none, sealed.subarray(0, length), out, 0), false);
        assert.ok(out.every((byte) => byte === 0xee));
      }
    });

    it(`${name} takes keys and nonces of one length only`, () => {
      for (const length of [0, 15, 17, 24, 31, 33]) {
        assert.throws(() => aead.prepare(new Uint8Array(length)), RangeError);
      }
      const prepared = aead.prepare(key);
      const out = new Uint8Array(64);
      for (const length of [0, 8, 11, 13, 16]) {
        assert.throws(() => prepared.seal(new Uint8Array(length), none, none, out, 0), RangeError);
        assert.throws(() => prepared.open(new Uint8Array(length), none, out, out, 0), RangeError);
      }
    });

    it(`${name} refuses to write outside of out`, () => {
      const prepared = aead.prepare(key);
      const out = new Uint8Array(4 + aead.tagLength);
      for (const offset of [1, 21, -1, 0.5, Number.NaN]) {
        assert.throws(() => prepared.seal(nonce, none, new Uint8Array(4), out, offset), RangeError);
        assert.throws(
          () => prepared.open(nonce, none, new Uint8Array(out.length + aead.tagLength), out, offset),
          RangeError,
        );
      }
    });

    it(`a prepared ${name} key works again and again, also when the caller wiped his copy`, () => {
      const mine = key.slice();
      const prepared = aead.prepare(mine);
      mine.fill(0);
      const out = new Uint8Array(5 + aead.tagLength);
      for (const message of ['first', 'other', 'first']) {
        prepared.seal(nonce, none, utf8(message), out, 0);
        assert.deepEqual(out, seal(aead, key, nonce, none, utf8(message)));
      }
    });
  }
  it('CCM writes the length of additional data of 65280 bytes and more in six bytes (SP 800-38C A.2.2)', () => {
    const key = entropy(16);
    const nonce = entropy(12, 2);
    for (const length of [0xfeff, 0xff00, 0x10001]) {
      const data = entropy(length, 3);
      const message = utf8('short');
      assert.deepEqual(
        seal(noble.aeads['aes-128-ccm'], key, nonce, data, message),
        sealWithNode('aes-128-ccm', key, nonce, data, message),
      );
    }
  });

  it('CCM has three bytes for the length of a message, and refuses a longer one', () => {
    const prepared = noble.aeads['aes-128-ccm'].prepare(entropy(16));
    const long = new Uint8Array(2 ** 24 + 16);
    assert.throws(
      () => prepared.seal(entropy(12), none, long.subarray(0, 2 ** 24), long, 0),
      /less than 16777216 bytes/,
    );
    assert.equal(prepared.open(entropy(12), none, long, long, 0), false);
  });
});

function seal(
  aead: Aead,
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(plaintext.length + aead.tagLength);
  aead.prepare(key).seal(nonce, data, plaintext, out, 0);
  return out;
}

function open(
  aead: Aead,
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const out = new Uint8Array(sealed.length - aead.tagLength);
  return aead.prepare(key).open(nonce, data, sealed, out, 0) ? out : undefined;
}

function sealWithNode(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = nodeCipher(name, key, nonce);
  cipher.setAAD(data, { plaintextLength: plaintext.length });
  return Uint8Array.from(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
}

function nodeCipher(name: AeadName, key: Uint8Array, nonce: Uint8Array) {
  switch (name) {
    case 'aes-128-gcm':
    case 'aes-256-gcm':
      return createCipheriv(name, key, nonce);
    case 'chacha20-poly1305':
      return createCipheriv(name, key, nonce, { authTagLength: 16 });
    case 'aes-128-ccm':
    case 'aes-256-ccm':
      return createCipheriv(name, key, nonce, { authTagLength: 16 });
    case 'aes-128-ccm-8':
      return createCipheriv('aes-128-ccm', key, nonce, { authTagLength: 8 });
    case 'aes-256-ccm-8':
      return createCipheriv('aes-256-ccm', key, nonce, { authTagLength: 8 });
  }
}

function assertUntouchedAround(buffer: Uint8Array, start: number, length: number): void {
  const outside = [...buffer.subarray(0, start), ...buffer.subarray(start + length)];
  assert.ok(outside.every((byte) => byte === 0xee));
}
