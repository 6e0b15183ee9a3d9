import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type HashName, noble } from '../../nocrypto/index.ts';
import { anyBytes, hex, runs, utf8 } from './support.ts';

const blockLengths: Readonly<Record<HashName, number>> = {
  sha1: 64,
  sha224: 64,
  sha256: 64,
  sha384: 128,
  sha512: 128,
  'sha3-224': 144,
  'sha3-256': 136,
  'sha3-384': 104,
  'sha3-512': 72,
};
const names: readonly HashName[] = Object.values(noble.hashes).map(({ name }) => name);

describe('hashes', () => {
  // NIST, Cryptographic Standards and Guidelines, examples with intermediate values for FIPS 180-4 and FIPS 202.
  const vectors: readonly (readonly [HashName, string, string])[] = [
    ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    [
      'sha1',
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '84983e441c3bd26ebaae4aa1f95129e5e54670f1',
    ],
    ['sha224', 'abc', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
    ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'sha256',
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    [
      'sha384',
      'abc',
      'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
    ],
    [
      'sha384',
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      '09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039',
    ],
    [
      'sha512',
      'abc',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
        '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
    [
      'sha512',
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      '8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018' +
        '501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909',
    ],
    ['sha3-224', 'abc', 'e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf'],
    ['sha3-256', 'abc', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
    [
      'sha3-384',
      'abc',
      'ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25',
    ],
    [
      'sha3-512',
      'abc',
      'b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e' +
        '10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0',
    ],
  ];
  for (const [name, message, digest] of vectors) {
    it(`${name} of ${message.length} bytes is the digest of NIST's example`, () => {
      assert.deepEqual(noble.hashes[name].digest(utf8(message)), hex(digest));
    });
  }

  for (const name of names) {
    const hash = noble.hashes[name];

    it(`${name} says its own sizes`, () => {
      assert.equal(hash.name, name);
      assert.equal(hash.digest(utf8('')).length, hash.outputLength);
      assert.equal(hash.blockLength, blockLengths[name]);
    });

    it(`${name} agrees with node:crypto on any message`, () => {
      fc.assert(
        fc.property(anyBytes(0, 400), (message) => {
          assert.deepEqual(hash.digest(message), Uint8Array.from(createHash(name).update(message).digest()));
        }),
        runs(100),
      );
    });

    it(`${name} gives the same digest however the message is split`, () => {
      fc.assert(
        fc.property(fc.array(anyBytes(0, 200), { maxLength: 5 }), (parts) => {
          const running = parts.reduce((state, part) => state.update(part), hash.start());
          assert.deepEqual(running.digest(), hash.digest(Uint8Array.from(Buffer.concat(parts))));
        }),
        runs(50),
      );
    });

    it(`a running ${name} stays usable after it was updated or asked for its digest`, () => {
      fc.assert(
        fc.property(anyBytes(0, 150), anyBytes(0, 150), anyBytes(0, 150), (start, left, right) => {
          const trunk = hash.start().update(start);
          const before = trunk.digest();
          const branches = [trunk.update(left), trunk.update(right)] as const;
          assert.deepEqual(trunk.digest(), before);
          assert.deepEqual(branches[0].digest(), hash.digest(Uint8Array.from([...start, ...left])));
          assert.deepEqual(branches[1].digest(), hash.digest(Uint8Array.from([...start, ...right])));
          assert.deepEqual(branches[0].digest(), branches[0].digest());
        }),
        runs(50),
      );
    });
  }

  it('a digest handed out is the caller’s own: changing it changes nothing else', () => {
    const running = noble.hashes.sha256.start().update(utf8('abc'));
    running.digest().fill(0);
    assert.deepEqual(running.digest(), noble.hashes.sha256.digest(utf8('abc')));
  });
});

describe('extendable-output functions', () => {
  // NIST, examples with intermediate values for FIPS 202: the empty message, the first bytes of 4096 bits of output.
  const vectors = [
    ['shake128', '7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26'],
    ['shake256', '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f'],
  ] as const;
  for (const [name, output] of vectors) {
    const xof = noble.xofs[name];

    it(`${name} of nothing begins as in NIST's example`, () => {
      assert.deepEqual(xof.digest(utf8(''), output.length / 2), hex(output));
    });

    it(`${name} agrees with node:crypto on any message and length`, () => {
      fc.assert(
        fc.property(anyBytes(0, 400), fc.integer({ min: 1, max: 500 }), (message, length) => {
          const expected = createHash(name, { outputLength: length }).update(message).digest();
          assert.deepEqual(xof.digest(message, length), Uint8Array.from(expected));
        }),
        runs(50),
      );
    });

    it(`${name} gives no bytes where none are asked for, and refuses lengths that are none`, () => {
      assert.equal(xof.digest(utf8('abc'), 0).length, 0);
      for (const length of [-1, 0.5, Number.NaN]) {
        assert.throws(() => xof.digest(utf8('abc'), length), RangeError);
      }
    });
  }

  it('say their own block lengths', () => {
    assert.deepEqual([noble.xofs.shake128.blockLength, noble.xofs.shake256.blockLength], [168, 136]);
  });
});
