import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type HashName, noble } from '../../nocrypto/index.ts';
import { anyBytes, hex, runs, utf8 } from './support.ts';

const names: readonly HashName[] = Object.values(noble.hashes).map(({ name }) => name);

describe('the PRF of TLS 1.2', () => {
  // Posted to the TLS working group's list, archived as current/msg03416; there is no vector in the RFC.
  const vectors = [
    {
      hash: 'sha256',
      key: '9bbe436ba940f017b17652849a71db35',
      seed: 'a0ba9f936cda311827a6f796ffd5198c',
      output:
        'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af' +
        '0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701' +
        '87347b66',
    },
    {
      hash: 'sha384',
      key: 'b80b733d6ceefcdc71566ea48e5567df',
      seed: 'cd665cf6a8447dd6ff8b27555edb7465',
      output:
        '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0' +
        'e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425' +
        '9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e099070' +
        '3d73e56f',
    },
  ] as const;
  for (const { hash, key, seed, output } of vectors) {
    it(`gives the bytes of the working group's vector for ${hash}`, () => {
      assert.deepEqual(
        noble.tls12Prf(hash, hex(key), 'test label', hex(seed), output.length / 2),
        hex(output),
      );
    });
  }

  it('gives a prefix where fewer bytes are asked for', () => {
    fc.assert(
      fc.property(anyBytes(0, 60), anyBytes(0, 60), fc.nat({ max: 100 }), (key, seed, length) => {
        const long = noble.tls12Prf('sha256', key, 'label', seed, 100);
        assert.deepEqual(noble.tls12Prf('sha256', key, 'label', seed, length), long.slice(0, length));
      }),
      runs(20),
    );
  });

  it('refuses lengths that are none', () => {
    for (const length of [-1, 0.5, Number.NaN]) {
      assert.throws(() => noble.tls12Prf('sha256', utf8('key'), 'label', utf8('seed'), length), RangeError);
    }
  });
});

describe('PBKDF2', () => {
  const vectors = [
    {
      source: 'RFC 6070 §2, the first',
      hash: 'sha1',
      password: 'password',
      salt: 'salt',
      iterations: 1,
      output: '0c60c80f961f0e71f3a9b524af6012062fe037a6',
    },
    {
      source: 'RFC 6070 §2, 4096 iterations',
      hash: 'sha1',
      password: 'password',
      salt: 'salt',
      iterations: 4096,
      output: '4b007901b765489abead49d926f721d065a429c1',
    },
    {
      source: 'RFC 7914 §11',
      hash: 'sha256',
      password: 'passwd',
      salt: 'salt',
      iterations: 1,
      output:
        '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc' +
        '49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
    },
  ] as const;
  for (const { source, hash, password, salt, iterations, output } of vectors) {
    it(`gives the key of ${source}`, () => {
      assert.deepEqual(
        noble.pbkdf2(hash, utf8(password), utf8(salt), iterations, output.length / 2),
        hex(output),
      );
    });
  }

  it('agrees with node:crypto on any input', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        anyBytes(0, 150),
        anyBytes(0, 40),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 150 }),
        (hash, password, salt, iterations, length) => {
          assert.deepEqual(
            noble.pbkdf2(hash, password, salt, iterations, length),
            Uint8Array.from(pbkdf2Sync(password, salt, iterations, length, hash)),
          );
        },
      ),
      runs(50),
    );
  });

  it('refuses to iterate never, and to derive nothing', () => {
    for (const n of [0, -1, 1.5, 2 ** 31, Number.NaN]) {
      assert.throws(() => noble.pbkdf2('sha256', utf8('p'), utf8('s'), n, 16), RangeError);
      assert.throws(() => noble.pbkdf2('sha256', utf8('p'), utf8('s'), 1, n), RangeError);
    }
  });
});
