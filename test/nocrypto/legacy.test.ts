import assert from 'node:assert/strict';
import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { legacy, scrypt } from '../../nocrypto/index.ts';
import { anyBytes, hex, runs, utf8 } from './support.ts';

const ZERO = new Uint8Array(8);

test('DES decrypts the example of SP 800-17, and the sentence of FIPS 81 in CBC mode', () => {
  // SP 800-17, table A.1 (variable plaintext), first row; FIPS 81, table C1.
  assert.deepEqual(
    legacy.desCbcDecrypt(hex('0101010101010101'), ZERO, hex('95f8a5e5dd31d900')),
    hex('8000000000000000'),
  );
  assert.deepEqual(
    legacy.desCbcDecrypt(
      hex('0123456789abcdef'),
      hex('1234567890abcdef'),
      hex('e5c7cdde872bf27c43e934008c389c0f683788499a7c05f6'),
    ),
    utf8('Now is the time for all '),
  );
});

test('triple DES decrypts what node:crypto encrypts, with two keys and with three', () => {
  fc.assert(
    fc.property(fc.constantFrom(16, 24), fc.nat(6), (length, blocks) => {
      const [key, iv, plaintext] = [randomBytes(length), randomBytes(8), randomBytes(8 * blocks)];
      const cipher = createCipheriv(length === 16 ? 'des-ede-cbc' : 'des-ede3-cbc', key, iv).setAutoPadding(
        false,
      );
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      assert.deepEqual(Buffer.from(legacy.desCbcDecrypt(key, iv, ciphertext)), plaintext);
    }),
    runs(30),
  );
});

// RFC 2268 §5: key, effective bits, plaintext, ciphertext.
const RC2: readonly (readonly [key: string, bits: number, plaintext: string, ciphertext: string])[] = [
  ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
  ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
  ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
  ['88', 64, '0000000000000000', '61a8a244adacccf0'],
  ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
  ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
  ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
  [
    '88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e',
    129,
    '0000000000000000',
    '5b78d3a43dfff1f1',
  ],
];

for (const [key, bits, plaintext, ciphertext] of RC2) {
  test(`RC2 decrypts the vector of RFC 2268 for ${bits} bits of ${key}`, () => {
    assert.deepEqual(legacy.rc2CbcDecrypt(hex(key), bits, ZERO, hex(ciphertext)), hex(plaintext));
  });
}

test('the blocks of RC2 are chained', () => {
  const [key, , plaintext, ciphertext] = RC2[1] ?? assert.fail();
  const chained = legacy.rc2CbcDecrypt(hex(key), 64, ZERO, hex(ciphertext + ciphertext));
  assert.deepEqual(
    chained.subarray(8),
    hex(plaintext).map((octet, i) => octet ^ (hex(ciphertext)[i] ?? 0)),
  );
});

test('RC4 puts out the key streams of RFC 6229', () => {
  // RFC 6229 §2: keys of 40 and 128 bits, offsets 0 and 16.
  assert.deepEqual(
    legacy.rc4(hex('0102030405'), new Uint8Array(32)),
    hex('b2396305f03dc027ccc3524a0a1118a8 6982944f18fc82d589c403a47a0d0919'),
  );
  assert.deepEqual(
    legacy.rc4(hex('0102030405060708090a0b0c0d0e0f10'), new Uint8Array(32)),
    hex('9ac7cc9a609d1ef7b2932899cde41b97 5248c4959014126a6e8a84f11d1a9e1c'),
  );
});

test('MD5 is that of node:crypto', () => {
  fc.assert(
    fc.property(anyBytes(0, 200), (data) => {
      assert.deepEqual(Buffer.from(legacy.md5(data)), createHash('md5').update(data).digest());
    }),
    runs(30),
  );
});

test('lengths that no caller may get wrong are RangeErrors', () => {
  const wrong: readonly (() => unknown)[] = [
    () => legacy.desCbcDecrypt(new Uint8Array(7), ZERO, ZERO),
    () => legacy.desCbcDecrypt(ZERO, new Uint8Array(7), ZERO),
    () => legacy.desCbcDecrypt(ZERO, ZERO, new Uint8Array(7)),
    () => legacy.rc2CbcDecrypt(new Uint8Array(0), 40, ZERO, ZERO),
    () => legacy.rc2CbcDecrypt(ZERO, 0, ZERO, ZERO),
    () => legacy.rc2CbcDecrypt(ZERO, 40, new Uint8Array(7), ZERO),
    () => legacy.rc2CbcDecrypt(ZERO, 40, ZERO, new Uint8Array(7)),
    () => legacy.rc4(new Uint8Array(0), ZERO),
  ];
  for (const call of wrong) assert.throws(call, RangeError);
});

test('scrypt gives the outputs of RFC 7914 §12', () => {
  assert.deepEqual(
    scrypt(utf8(''), utf8(''), { cost: 16, blockSize: 1, parallelization: 1 }, 64),
    hex(
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442' +
        'fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    ),
  );
  assert.deepEqual(
    scrypt(utf8('password'), utf8('NaCl'), { cost: 1024, blockSize: 8, parallelization: 16 }, 64),
    hex(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
        '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    ),
  );
});

test('scrypt is that of node:crypto, and refuses what the RFC does not allow', () => {
  fc.assert(
    fc.property(
      anyBytes(0, 20),
      anyBytes(0, 20),
      fc.nat(6),
      fc.integer({ min: 1, max: 3 }),
      (password, salt, n, r) => {
        const cost = 2 ** (n + 1);
        assert.deepEqual(
          Buffer.from(scrypt(password, salt, { cost, blockSize: r, parallelization: 2 }, 40)),
          scryptSync(password, salt, 40, { N: cost, r, p: 2 }),
        );
      },
    ),
    runs(10),
  );
  for (const parameters of [
    { cost: 3, blockSize: 1, parallelization: 1 },
    { cost: 1, blockSize: 1, parallelization: 1 },
    { cost: 2, blockSize: 0, parallelization: 1 },
    { cost: 2, blockSize: 1, parallelization: 0.5 },
    { cost: 2 ** 24, blockSize: 8, parallelization: 1 },
  ]) {
    assert.throws(() => scrypt(ZERO, ZERO, parameters, 32), RangeError);
  }
});
