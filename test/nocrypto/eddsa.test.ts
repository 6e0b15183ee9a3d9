import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import { describe, it } from 'node:test';
import { ED448_TORSION_SUBGROUP, ed448 } from '@noble/curves/ed448.js';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { shake256 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import { type EdwardsName, noble, type PrivateKey, secret } from '../../nocrypto/index.ts';
import {
  anyBytes,
  bigintToBytes,
  bytesToBigint,
  entropy,
  flipBit,
  good,
  hex,
  runs,
  utf8,
} from './support.ts';

const algorithm = { kind: 'ed25519' } as const;
const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;

describe('Ed25519', () => {
  // RFC 8032 §7.1.
  const vectors = [
    {
      test: 'TEST 1',
      seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      message: '',
      signature:
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155' +
        '5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    },
    {
      test: 'TEST 2',
      seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      message: '72',
      signature:
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    },
    {
      test: 'TEST 3',
      seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
      key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      message: 'af82',
      signature:
        '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
        '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    },
  ];
  for (const { test, seed, key: expectedKey, message, signature } of vectors) {
    it(`signs and verifies as in RFC 8032 §7.1, ${test}`, () => {
      const key = fromSeed(hex(seed));
      assert.deepEqual(key.public, { kind: 'ed25519', bytes: hex(expectedKey) });
      assert.deepEqual(good(noble.sign(algorithm, key, hex(message), entropy(32))), hex(signature));
      assert.ok(noble.verify(algorithm, key.public, hex(message), hex(signature)));
    });
  }

  const key = fromSeed(entropy(32));
  const message = utf8('the message');
  const signature = good(noble.sign(algorithm, key, message, entropy(32)));
  const verifies = (forged: Uint8Array) => noble.verify(algorithm, key.public, message, forged);

  it('agrees with node:crypto on any seed and message', () => {
    fc.assert(
      fc.property(anyBytes(32), anyBytes(0, 200), (seed, text) => {
        const pkcs8 = Buffer.concat([hex('302e020100300506032b657004220420'), seed]);
        const nodeKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
        const theirs = nodeSign(null, text, nodeKey);
        const ours = fromSeed(seed);
        assert.deepEqual(good(noble.sign(algorithm, ours, text, entropy(32))), Uint8Array.from(theirs));
        assert.ok(noble.verify(algorithm, ours.public, text, theirs));
        assert.ok(nodeVerify(null, text, createPublicKey(nodeKey), theirs));
      }),
      runs(10),
    );
  });

  it('refuses a change of any bit of message or signature', () => {
    fc.assert(
      fc.property(fc.nat(), (anywhere) => {
        assert.equal(verifies(flipBit(signature, anywhere % 512)), false);
        const changed = flipBit(message, anywhere % (8 * message.length));
        assert.equal(noble.verify(algorithm, key.public, changed, signature), false);
      }),
      runs(15),
    );
  });

  it('refuses a second form of the same signature, s plus the order', () => {
    const s = bytesToBigint(signature.slice(32).reverse());
    for (let multiple = 1n; s + multiple * order < 2n ** 256n; multiple++) {
      const forged = bigintToBytes(s + multiple * order, 32).reverse();
      assert.equal(verifies(Uint8Array.of(...signature.subarray(0, 32), ...forged)), false);
    }
  });

  it('refuses a signature of any other length', () => {
    for (const wrong of [
      new Uint8Array(0),
      signature.subarray(1),
      signature.subarray(0, -1),
      Uint8Array.of(...signature, 0),
    ]) {
      assert.equal(verifies(wrong), false);
    }
  });

  it('answers any bytes for a signature without throwing', () => {
    fc.assert(
      fc.property(anyBytes(0, 96), (forged) => assert.equal(verifies(forged), false)),
      runs(20),
    );
  });

  it('refuses public keys that are no points, not canonical, or of small order', () => {
    // The y coordinates of the points of order 1, 2, 4 and 8, and the reduced ones in their second encoding.
    const order8 = hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
    const y8 = bytesToBigint(order8.reverse());
    const small = [0n, 1n, p - 1n, y8, p - y8];
    const notCanonical = Array.from({ length: 19 }, (_, i) => p + BigInt(i));
    const notOnTheCurve = [2n, 7n];
    for (const y of [...small, ...notCanonical, ...notOnTheCurve]) {
      for (const sign of [0n, 1n << 255n]) {
        const bytes = bigintToBytes(y | sign, 32).reverse();
        assert.deepEqual(noble.publicKey({ kind: 'ed25519', bytes }), {
          ok: false,
          error: { kind: 'invalid-key', detail: 'not a point of ed25519, or one of small order' },
        });
      }
    }
    for (const length of [0, 31, 33]) {
      assert.equal(noble.publicKey({ kind: 'ed25519', bytes: new Uint8Array(length).fill(3) }).ok, false);
    }
  });
});

describe('Ed448', () => {
  const ed448Algorithm = { kind: 'ed448' } as const;
  // RFC 8032 §7.4.
  const vectors = [
    {
      test: 'Blank',
      seed:
        '6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3' +
        '528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b',
      key:
        '5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778' +
        'edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180',
      message: '',
      signature:
        '533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828' +
        'c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb611' +
        '49f05a7363268c71d95808ff2e652600',
    },
    {
      test: '1 octet',
      seed:
        'c4eab05d357007c632f3dbb48489924d552b08fe0c353a0d4a1f00acda2c463a' +
        'fbea67c5e8d2877c5e3bc397a659949ef8021e954e0a12274e',
      key:
        '43ba28f430cdff456ae531545f7ecd0ac834a55d9358c0372bfa0c6c6798c086' +
        '6aea01eb00742802b8438ea4cb82169c235160627b4c3a9480',
      message: '03',
      signature:
        '26b8f91727bd62897af15e41eb43c377efb9c610d48f2335cb0bd0087810f4352541b143c4b981b7e18f62de8ccdf633fc' +
        '1bf037ab7cd779805e0dbcc0aae1cbcee1afb2e027df36bc04dcecbf154336c19f0af7e0a6472905e799f1953d2a0ff334' +
        '8ab21aa4adafd1d234441cf807c03a00',
    },
  ];
  for (const { test, seed, key: expectedKey, message, signature } of vectors) {
    it(`signs and verifies as in RFC 8032 §7.4, ${test}`, () => {
      const key = fromSeed(hex(seed), 'ed448');
      assert.deepEqual(key.public, { kind: 'ed448', bytes: hex(expectedKey) });
      assert.deepEqual(good(noble.sign(ed448Algorithm, key, hex(message), entropy(32))), hex(signature));
      assert.ok(noble.verify(ed448Algorithm, key.public, hex(message), hex(signature)));
    });
  }

  const key = fromSeed(entropy(57), 'ed448');
  const message = utf8('the message');
  const signature = good(noble.sign(ed448Algorithm, key, message, entropy(32)));
  const verifies = (forged: Uint8Array) => noble.verify(ed448Algorithm, key.public, message, forged);

  it('refuses a change of any bit of message or signature', () => {
    fc.assert(
      fc.property(fc.nat(), (anywhere) => {
        assert.equal(verifies(flipBit(signature, anywhere % (8 * signature.length))), false);
        const changed = flipBit(message, anywhere % (8 * message.length));
        assert.equal(noble.verify(ed448Algorithm, key.public, changed, signature), false);
      }),
      runs(10),
    );
  });

  it('refuses a second form of the same signature, s plus the order', () => {
    const { ORDER: order448 } = ed448.Point.Fn;
    const s = bytesToBigint(signature.slice(57).reverse());
    const forged = bigintToBytes(s + order448, 57).reverse();
    assert.equal(verifies(Uint8Array.of(...signature.subarray(0, 57), ...forged)), false);
  });

  it('refuses public keys of small order and of other lengths', () => {
    for (const torsion of ED448_TORSION_SUBGROUP) {
      assert.equal(noble.publicKey({ kind: 'ed448', bytes: hex(torsion) }).ok, false);
    }
    for (const length of [0, 32, 56, 58]) {
      assert.equal(noble.publicKey({ kind: 'ed448', bytes: new Uint8Array(length).fill(3) }).ok, false);
    }
  });

  it('and Ed25519 do not take each other for themselves', () => {
    assert.equal(noble.verify(algorithm, key.public, message, signature), false);
    assert.equal(noble.sign(algorithm, key, message, entropy(32)).ok, false);
  });
});

describe('signatures that only whoever knows the private key can make, with points of small order in them', () => {
  const curves = [
    {
      kind: 'ed25519',
      crv: 'Ed25519',
      Point: ed25519.Point,
      torsion: ED25519_TORSION_SUBGROUP,
      challenge: (data: Uint8Array) => sha512(data),
    },
    {
      kind: 'ed448',
      crv: 'Ed448',
      Point: ed448.Point,
      torsion: ED448_TORSION_SUBGROUP,
      // dom4 with an empty context (RFC 8032 §5.2).
      challenge: (data: Uint8Array) =>
        shake256(Uint8Array.of(...utf8('SigEd448'), 0, 0, ...data), { dkLen: 114 }),
    },
  ] as const;
  for (const { kind, crv, Point, torsion, challenge } of curves) {
    it(`${kind}: are taken or refused as OpenSSL does, so that one certificate has one answer`, () => {
      const message = utf8('the message');
      const [scalar, nonce] = [12345678901234567890n, 98765432109876543210n];
      const answers = new Set<boolean>();
      for (const low of torsion.map((encoded) => Point.fromBytes(hex(encoded)))) {
        for (const [commitment, inR, inKey] of [
          [nonce, true, false],
          [nonce, false, true],
          [nonce, true, true],
        ] as const) {
          const none = Point.ZERO;
          const r = Point.BASE.multiplyUnsafe(commitment)
            .add(inR ? low : none)
            .toBytes();
          const bytes = Point.BASE.multiplyUnsafe(scalar)
            .add(inKey ? low : none)
            .toBytes();
          const k = bytesToBigint(challenge(Uint8Array.of(...r, ...bytes, ...message)).reverse());
          const s = (commitment + k * scalar) % Point.Fn.ORDER;
          const signature = Uint8Array.of(...r, ...bigintToBytes(s, r.length).reverse());
          const ours = noble.verify({ kind }, good(noble.publicKey({ kind, bytes })), message, signature);
          const jwk = { kty: 'OKP', crv, x: Buffer.from(bytes).toString('base64url') };
          const theirs = nodeVerify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
          assert.equal(ours, theirs);
          answers.add(ours);
        }
      }
      assert.equal(answers.size, kind === 'ed25519' ? 2 : 1, 'Ed448 clears the cofactor');
    });

    it(`${kind}: are refused when R itself is of small order`, () => {
      const message = utf8('the message');
      const bytes = Point.BASE.multiplyUnsafe(12345n).toBytes();
      const key = good(noble.publicKey({ kind, bytes }));
      // The neutral element of Ed25519 in its second encoding too, y = p + 1.
      const second = kind === 'ed25519' ? [bigintToBytes(p + 1n, 32).reverse()] : [];
      for (const r of [...torsion.map(hex), ...second]) {
        const k = bytesToBigint(challenge(Uint8Array.of(...r, ...bytes, ...message)).reverse());
        const s = bigintToBytes((k * 12345n) % Point.Fn.ORDER, r.length).reverse();
        assert.equal(noble.verify({ kind }, key, message, Uint8Array.of(...r, ...s)), false);
      }
    });
  }
});

function fromSeed(seed: Uint8Array, kind: EdwardsName = 'ed25519'): PrivateKey {
  return good(noble.privateKey({ kind, seed: secret(seed) }));
}
