/**
 * What crypto libraries have had to publish advisories about, tried on both providers. Each test fails when the check
 * that it is about is taken out; the details are in the tests of each primitive.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CryptoProvider,
  noble,
  type RsaPrivateKey,
  type RsaPublicKey,
  secret,
} from '../../nocrypto/index.ts';
import { modPowPublic } from '../../nocrypto/modular.ts';
import { node } from '../../nocrypto/node.ts';
import {
  bigintToBytes,
  bytesToBigint,
  curveFacts,
  curveNames,
  entropy,
  flipBit,
  good,
  rsaInput,
  utf8,
} from './support.ts';

for (const crypto of [noble, node]) {
  describe(`the provider ${crypto.name}`, () => {
    const key = rsaKeyOf(crypto);

    it('hands out no plaintext before the tag is checked', () => {
      for (const aead of Object.values(crypto.aeads)) {
        const prepared = aead.prepare(entropy(aead.keyLength));
        const sealed = new Uint8Array(64 + aead.tagLength);
        prepared.seal(entropy(12), utf8('data'), entropy(64), sealed, 0);
        for (const bit of [0, 511, 8 * sealed.length - 1]) {
          const forged = flipBit(sealed, bit);
          const out = new Uint8Array(64).fill(0xee);
          assert.equal(prepared.open(entropy(12), utf8('data'), forged, out, 0), false);
          assert.ok(
            out.every((byte) => byte === 0xee),
            `${aead.name} leaves out alone`,
          );
          const inPlace = forged.slice();
          assert.equal(prepared.open(entropy(12), utf8('data'), inPlace, inPlace, 0), false);
          assert.deepEqual(inPlace, forged, `${aead.name} leaves the ciphertext alone`);
        }
      }
    });

    it('takes the point at infinity neither for a key nor for a share, however it is written', () => {
      for (const curve of curveNames) {
        const group = crypto.groups[curve];
        const { privateKey } = group.generate(entropy(group.generateEntropyLength));
        const length = 2 * curveFacts[curve].length + 1;
        for (const infinity of [
          Uint8Array.of(0),
          new Uint8Array(length),
          Uint8Array.of(4, ...new Uint8Array(length - 1)),
        ]) {
          assert.equal(crypto.publicKey({ kind: 'ec', curve, point: infinity }).ok, false);
          assert.equal(group.decapsulate(privateKey, infinity).ok, false);
          assert.equal(group.encapsulate(infinity, entropy(group.encapsulateEntropyLength)).ok, false);
        }
      }
    });

    it('agrees on nothing with a point of another curve', () => {
      // y² = x³ − 3x + b for some other b: with points of small order there, each answer would tell a bit of the key.
      for (const curve of curveNames) {
        const { length, prime } = curveFacts[curve];
        const group = crypto.groups[curve];
        const { privateKey } = group.generate(entropy(group.generateEntropyLength));
        for (const x of [0n, 1n, prime - 1n]) {
          for (const y of [0n, 1n, 2n]) {
            const point = Uint8Array.of(4, ...bigintToBytes(x, length), ...bigintToBytes(y, length));
            assert.equal(group.decapsulate(privateKey, point).ok, false);
          }
        }
      }
    });

    it('reads compressed points, and pieces of them, not at all', () => {
      for (const curve of curveNames) {
        const group = crypto.groups[curve];
        const { privateKey, share } = group.generate(entropy(group.generateEntropyLength));
        for (const form of [2, 3]) {
          for (let length = 0; length <= share.length; length++) {
            const point = Uint8Array.of(form, ...share.subarray(1)).subarray(0, length);
            assert.equal(crypto.publicKey({ kind: 'ec', curve, point }).ok, false);
            assert.equal(group.decapsulate(privateKey, point).ok, false);
          }
        }
      }
    });

    it('makes no secret that is all zeros', () => {
      for (const name of ['x25519', 'x448'] as const) {
        const group = crypto.groups[name];
        for (const u of [0, 1]) {
          const share = Uint8Array.of(u, ...new Uint8Array(group.responderShareLength - 1));
          const length = group.generateEntropyLength;
          assert.equal(group.decapsulate(secret(entropy(length)), share).ok, false);
        }
      }
    });

    it('verifies no ECDSA signature of zeros', () => {
      for (const curve of curveNames) {
        const { public: half } = crypto.generateKey({ kind: 'ec', curve }, entropy(32));
        const zeros = Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0);
        assert.equal(crypto.verify({ kind: 'ecdsa', hash: 'sha256' }, half, utf8('x'), zeros), false);
      }
    });

    it('takes RSA representatives of 0 and 1, and n − 1, for what they are', () => {
      const { modulus } = key;
      for (const n of [0n, 1n, modulus - 1n, modulus]) {
        const bytes = bigintToBytes(n, 256);
        for (const kind of ['rsa-pkcs1', 'rsa-pss'] as const) {
          const algorithm =
            kind === 'rsa-pss'
              ? ({ kind, hash: 'sha256', saltLength: 32 } as const)
              : ({ kind, hash: 'sha256' } as const);
          assert.equal(crypto.verify(algorithm, key.public, utf8('x'), bytes), false);
        }
        assert.deepEqual(crypto.rsa.decryptPkcs1(key, bytes, entropy(48), entropy(32)), entropy(48));
        assert.equal(crypto.rsa.decryptOaep(key, 'sha256', utf8(''), bytes, entropy(32)).ok, false);
      }
    });

    it('releases no RSA signature that a fault in one half of the CRT has spoilt', () => {
      // gcd(sᵉ − m, n) of such a one is a prime of the key.
      const algorithm = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
      for (const fault of [
        { exponent1: key.exponent1 ^ 2n },
        { exponent2: key.exponent2 ^ 2n },
        { coefficient: key.coefficient ^ 2n },
      ]) {
        const signed = crypto.sign(algorithm, { ...key, ...fault }, utf8('x'), entropy(32));
        assert.ok(!signed.ok || crypto.verify(algorithm, key.public, utf8('x'), signed.value));
      }
    });

    it('does not let on whether RSA padding was right', () => {
      const right = Uint8Array.of(0, 2, ...new Uint8Array(205).fill(7), 0, ...entropy(48));
      for (const at of [0, 1, 2, 9, 206, 207]) {
        const wrong = right.slice();
        wrong[at] = wrong[at] === 0 ? 9 : 0;
        const ciphertext = bigintToBytes(
          modPowPublic(bytesToBigint(wrong), key.publicExponent, key.modulus),
          256,
        );
        const substitute = entropy(48, 5);
        assert.deepEqual(crypto.rsa.decryptPkcs1(key, ciphertext, substitute, entropy(32)), substitute);
        const opened = crypto.rsa.decryptOaep(key, 'sha256', utf8(''), ciphertext, entropy(32));
        assert.deepEqual(opened, { ok: false, error: { kind: 'decryption-failed' } });
      }
    });

    it('looks for the padding of a forged PKCS#1 signature where it belongs (Bleichenbacher 2006)', () => {
      // With the exponent 3 a cube root makes the leading bytes right, and garbage behind the digest is ignored by
      // the lenient.
      const modulus = 2n ** 2048n - 1942289n;
      const cubic = good(crypto.publicKey({ kind: 'rsa', modulus, publicExponent: 3n }));
      const digestInfo = [
        ...Buffer.from('3031300d060960864801650304020105000420', 'hex'),
        ...crypto.hashes.sha256.digest(utf8('x')),
      ];
      const prefix = Uint8Array.of(0, 1, ...new Uint8Array(8).fill(0xff), 0, ...digestInfo);
      const wanted = bytesToBigint(Uint8Array.of(...prefix, ...new Uint8Array(256 - prefix.length)));
      const root = cubeRoot(wanted) + 1n;
      const recovered = bigintToBytes(root ** 3n, 256);
      assert.deepEqual(recovered.subarray(0, prefix.length), prefix, 'the forgery begins as it should');
      const forged = bigintToBytes(root, 256);
      assert.equal(crypto.verify({ kind: 'rsa-pkcs1', hash: 'sha256' }, cubic, utf8('x'), forged), false);
    });
  });
}

function rsaKeyOf(crypto: CryptoProvider): RsaPrivateKey & { readonly public: RsaPublicKey } {
  const key = good(crypto.privateKey(rsaInput));
  assert.ok(key.kind === 'rsa' && key.public.kind === 'rsa');
  return { ...key, public: key.public };
}

/** The largest integer whose cube is not above `n`. */
function cubeRoot(n: bigint): bigint {
  let [low, high] = [0n, 2n ** 700n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** 3n <= n) low = middle;
    else high = middle;
  }
  return low;
}
