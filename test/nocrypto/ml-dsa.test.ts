import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shake128 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import { type MlDsaName, noble, type PrivateKey, secret } from '../../nocrypto/index.ts';
import { anyBytes, entropy, flipBit, good, hex, runs, utf8 } from './support.ts';

const names: readonly MlDsaName[] = ['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'];
const lengths: Readonly<Record<MlDsaName, readonly [number, number]>> = {
  'ml-dsa-44': [1312, 2420],
  'ml-dsa-65': [1952, 3309],
  'ml-dsa-87': [2592, 4627],
};

describe('ML-DSA', () => {
  // C2SP CCTV, ML-DSA, "Accumulated ML-DSA tests", 100 iterations: keys from seeds and deterministic signatures of the
  // empty message, which are those with 32 zeros for entropy (FIPS 204 §3.4).
  const accumulated: readonly (readonly [MlDsaName, string])[] = [
    ['ml-dsa-44', 'd51148e1f9f4fa1a723a6cf42e25f2a99eb5c1b378b3d2dbbd561b1203beeae4'],
    ['ml-dsa-65', '8358a1843220194417cadbc2651295cd8fc65125b5a5c1a239a16dc8b57ca199'],
    ['ml-dsa-87', '8c3ad714777622b8f21ce31bb35f71394f23bc0fcf3c78ace5d608990f3b061b'],
  ];
  for (const [name, digest] of accumulated) {
    // A second or more each: one of the three by default.
    const skip = name !== 'ml-dsa-44' && process.env['FC_RUNS'] === undefined && 'in long runs only';
    it(`${name} makes the keys and signatures of FIPS 204: 100 rounds of the accumulated vectors`, {
      skip,
    }, () => {
      const source = shake128.create();
      const written = shake128.create({ dkLen: 32 });
      for (let round = 0; round < 100; round++) {
        const key = fromSeed(name, source.xof(32));
        const signature = good(noble.sign({ kind: name }, key, utf8(''), new Uint8Array(32)));
        assert.ok(noble.verify({ kind: name }, key.public, utf8(''), signature));
        assert.ok('bytes' in key.public);
        written.update(key.public.bytes).update(signature);
      }
      assert.deepEqual(written.digest(), hex(digest));
    });
  }

  for (const name of names) {
    const key = fromSeed(name, entropy(32));
    const message = utf8('the message');
    const algorithm = { kind: name } as const;
    const signature = good(noble.sign(algorithm, key, message, entropy(32)));

    it(`${name} has the lengths of FIPS 204`, () => {
      assert.ok('bytes' in key.public);
      assert.deepEqual([key.public.bytes.length, signature.length], lengths[name]);
    });

    it(`${name}: equal entropy gives an equal signature, other entropy another one`, () => {
      assert.deepEqual(good(noble.sign(algorithm, key, message, entropy(32))), signature);
      const other = good(noble.sign(algorithm, key, message, entropy(32, 2)));
      assert.notDeepEqual(other, signature);
      assert.ok(noble.verify(algorithm, key.public, message, other));
    });

    it(`${name} refuses a change of any bit of message or signature`, () => {
      fc.assert(
        fc.property(fc.nat(), (anywhere) => {
          const forged = flipBit(signature, anywhere % (8 * signature.length));
          assert.equal(noble.verify(algorithm, key.public, message, forged), false);
          const changed = flipBit(message, anywhere % (8 * message.length));
          assert.equal(noble.verify(algorithm, key.public, changed, signature), false);
        }),
        runs(10),
      );
    });

    it(`${name} refuses signatures and keys of any other length`, () => {
      for (const wrong of [new Uint8Array(0), signature.subarray(1), Uint8Array.of(...signature, 0)]) {
        assert.equal(noble.verify(algorithm, key.public, message, wrong), false);
      }
      const [length] = lengths[name];
      for (const wrong of [0, length - 1, length + 1]) {
        assert.equal(noble.publicKey({ kind: name, bytes: new Uint8Array(wrong) }).ok, false);
      }
      for (const wrong of [0, 31, 33, 64]) {
        assert.equal(noble.privateKey({ kind: name, seed: secret(new Uint8Array(wrong)) }).ok, false);
      }
    });

    it(`${name} answers any bytes for a key and a signature without throwing`, () => {
      const [keyLength, signatureLength] = lengths[name];
      fc.assert(
        fc.property(anyBytes(keyLength), anyBytes(signatureLength), (bytes, forged) => {
          const any = good(noble.publicKey({ kind: name, bytes }));
          assert.equal(noble.verify(algorithm, any, message, forged), false);
        }),
        runs(3),
      );
    });
  }

  it('knows its three parameter sets apart', () => {
    const [small, large] = [fromSeed('ml-dsa-44', entropy(32)), fromSeed('ml-dsa-65', entropy(32))];
    assert.equal(noble.sign({ kind: 'ml-dsa-65' }, small, utf8('x'), entropy(32)).ok, false);
    const signature = good(noble.sign({ kind: 'ml-dsa-65' }, large, utf8('x'), entropy(32)));
    assert.equal(noble.verify({ kind: 'ml-dsa-44' }, large.public, utf8('x'), signature), false);
    assert.equal(noble.verify({ kind: 'ml-dsa-44' }, small.public, utf8('x'), signature), false);
  });
});

function fromSeed(name: MlDsaName, seed: Uint8Array): PrivateKey {
  return good(noble.privateKey({ kind: name, seed: secret(seed) }));
}
