import assert from 'node:assert/strict';
import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { describe, it } from 'node:test';
import { shake128 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import {
  type CurveName,
  type GroupName,
  type KeyExchangeGroup,
  noble,
  secret,
} from '../../nocrypto/index.ts';
import { anyBytes, bigintToBytes, bytesToBigint, entropy, flipBit, good, hex, runs } from './support.ts';

const names: readonly GroupName[] = ['x25519', 'secp256r1', 'secp384r1', 'X25519MLKEM768'];
const { x25519, secp256r1, secp384r1, X25519MLKEM768: hybrid } = noble.groups;

describe('key exchange groups', () => {
  const lengths: Readonly<Record<GroupName, readonly [number, number, number]>> = {
    x25519: [32, 32, 32],
    secp256r1: [65, 65, 32],
    secp384r1: [97, 97, 48],
    X25519MLKEM768: [1216, 1120, 64],
  };
  for (const name of names) {
    const group = noble.groups[name];
    const [initiatorLength, responderLength, secretLength] = lengths[name];

    it(`${name}: both sides agree, with the lengths of the standard, and equal entropy gives equal shares`, () => {
      const seed = anyBytes(Math.max(group.generateEntropyLength, group.encapsulateEntropyLength));
      fc.assert(
        fc.property(seed, seed, (mine, yours) => {
          const initiator = group.generate(mine.subarray(0, group.generateEntropyLength));
          const theirs = yours.subarray(0, group.encapsulateEntropyLength);
          const responder = good(group.encapsulate(initiator.share, theirs));
          const agreed = good(group.decapsulate(initiator.privateKey, responder.share));
          assert.deepEqual(agreed, responder.sharedSecret);
          assert.deepEqual(
            [initiator.share.length, responder.share.length, agreed.length],
            [initiatorLength, responderLength, secretLength],
          );
          assert.deepEqual(group.generate(mine.subarray(0, group.generateEntropyLength)), initiator);
          assert.deepEqual(good(group.encapsulate(initiator.share, theirs)), responder);
        }),
        runs(4),
      );
    });

    it(`${name} says its own lengths`, () => {
      assert.equal(group.name, name);
      assert.equal(group.initiatorShareLength, initiatorLength);
      assert.equal(group.responderShareLength, responderLength);
    });

    it(`${name} refuses a share of any other length`, () => {
      const { privateKey, share } = group.generate(entropy(group.generateEntropyLength));
      const responderEntropy = entropy(group.encapsulateEntropyLength);
      const reply = good(group.encapsulate(share, responderEntropy)).share;
      for (const wrong of [new Uint8Array(0), share.subarray(1), Uint8Array.of(...share, 0)]) {
        assert.deepEqual(group.encapsulate(wrong, responderEntropy), {
          ok: false,
          error: { kind: 'wrong-length', expected: initiatorLength, found: wrong.length },
        });
      }
      for (const wrong of [new Uint8Array(0), reply.subarray(0, -1), Uint8Array.of(...reply, 0)]) {
        assert.deepEqual(group.decapsulate(privateKey, wrong), {
          ok: false,
          error: { kind: 'wrong-length', expected: responderLength, found: wrong.length },
        });
      }
    });

    it(`${name} holds its caller to the length of the entropy and of the private key`, () => {
      const { privateKey, share } = group.generate(entropy(group.generateEntropyLength));
      const reply = good(group.encapsulate(share, entropy(group.encapsulateEntropyLength))).share;
      assert.throws(() => group.generate(entropy(group.generateEntropyLength - 1)), RangeError);
      assert.throws(() => group.encapsulate(share, entropy(group.encapsulateEntropyLength + 1)), RangeError);
      assert.throws(() => group.decapsulate(secret(privateKey.slice(1)), reply), RangeError);
    });

    it(`${name} answers any bytes of the right length without throwing`, () => {
      const { privateKey } = group.generate(entropy(group.generateEntropyLength));
      fc.assert(
        fc.property(
          anyBytes(initiatorLength),
          anyBytes(responderLength),
          (initiatorShare, responderShare) => {
            group.encapsulate(initiatorShare, entropy(group.encapsulateEntropyLength));
            group.decapsulate(privateKey, responderShare);
          },
        ),
        runs(8),
      );
    });
  }
});

describe('X25519', () => {
  it('agrees as in RFC 7748 §6.1', () => {
    const alice = x25519.generate(hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'));
    assert.deepEqual(alice.share, hex('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a'));
    const bob = good(
      x25519.encapsulate(
        alice.share,
        hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
      ),
    );
    assert.deepEqual(bob.share, hex('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f'));
    assert.deepEqual(
      bob.sharedSecret,
      hex('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'),
    );
  });

  it('multiplies as in RFC 7748 §5.2, alone and 1000 times over', () => {
    const scalar = hex('a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4');
    const u = hex('e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c');
    assert.deepEqual(
      good(x25519.decapsulate(secret(scalar), u)),
      hex('c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552'),
    );
    let [k, point] = [hex(`09${'00'.repeat(31)}`), hex(`09${'00'.repeat(31)}`)];
    for (let i = 1; i <= 1000; i++) {
      [k, point] = [good(x25519.decapsulate(secret(k), point)), k];
      if (i === 1)
        assert.deepEqual(k, hex('422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079'));
    }
    assert.deepEqual(k, hex('684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51'));
  });

  it('agrees with node:crypto', () => {
    fc.assert(
      fc.property(anyBytes(32), anyBytes(32), (mine, yours) => {
        const { share } = x25519.generate(yours);
        assert.deepEqual(good(x25519.decapsulate(secret(mine), share)), agreeWithNode(mine, share));
      }),
      runs(10),
    );
  });

  it('refuses every share of low order, which would make the secret zero', () => {
    // The points of order 1, 2, 4 and 8 on the curve and its twist, reduced and not, as Bernstein lists them
    // (cr.yp.to/ecdh.html#validate), each also with the bit that X25519 ignores.
    const p = 2n ** 255n - 19n;
    const order8 = [
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    ];
    const low = [0n, 1n, ...order8, p - 1n, p, p + 1n];
    const shares = low.flatMap((u) => [u, u | (1n << 255n)]).map((u) => bigintToBytes(u, 32).reverse());
    for (const share of shares) {
      const refused = {
        ok: false,
        error: { kind: 'invalid-share', detail: 'not a usable x25519 public key' },
      };
      assert.deepEqual(x25519.encapsulate(share, entropy(32)), refused);
      assert.deepEqual(x25519.decapsulate(secret(entropy(32)), share), refused);
    }
  });
});

describe('ECDH on the NIST curves', () => {
  // RFC 5903 §8.1 and §8.2.
  const vectors = [
    {
      group: secp256r1,
      i: 'C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433',
      gr:
        '04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63' +
        '56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB',
      girx: 'D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE',
    },
    {
      group: secp384r1,
      i:
        '099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655' +
        'E35B538041E649EE3FAEF896783AB194',
      gr:
        '04E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D0D1AC43A0336DEF96FDA41D0774A3571' +
        'DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C',
      girx:
        '11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4' +
        'D603135569B9E9D09CF5D4A270F59746',
    },
  ];
  for (const { group, i, gr, girx } of vectors) {
    it(`${group.name} agrees as in RFC 5903 §8`, () => {
      assert.deepEqual(good(group.decapsulate(secret(hex(i)), hex(gr))), hex(girx));
    });
  }

  const curves: readonly (readonly [CurveName, KeyExchangeGroup, string, bigint])[] = [
    ['secp256r1', secp256r1, 'prime256v1', 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n],
    ['secp384r1', secp384r1, 'secp384r1', 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n],
  ];
  for (const [name, group, nodeName, p] of curves) {
    const { privateKey, share } = group.generate(entropy(group.generateEntropyLength));
    const refused = (bad: Uint8Array) => {
      const error = { kind: 'invalid-share', detail: `not a usable ${name} public key` };
      assert.deepEqual(group.encapsulate(bad, entropy(group.encapsulateEntropyLength)), { ok: false, error });
      assert.deepEqual(group.decapsulate(privateKey, bad), { ok: false, error });
    };

    it(`${name} agrees with node:crypto`, () => {
      fc.assert(
        fc.property(anyBytes(group.generateEntropyLength), (seed) => {
          const mine = group.generate(seed);
          const theirs = createECDH(nodeName);
          theirs.setPrivateKey(group.generate(seed.slice().reverse()).privateKey);
          assert.deepEqual(
            good(group.decapsulate(mine.privateKey, theirs.getPublicKey())),
            Uint8Array.from(theirs.computeSecret(mine.share)),
          );
        }),
        runs(6),
      );
    });

    it(`${name} refuses points that are not on the curve`, () => {
      fc.assert(
        fc.property(fc.nat(), (anywhere) => refused(flipBit(share, 8 + (anywhere % (8 * share.length - 8))))),
        runs(10),
      );
      refused(Uint8Array.of(4, ...new Uint8Array(share.length - 1)));
    });

    it(`${name} refuses coordinates that are not reduced`, () => {
      const length = (share.length - 1) / 2;
      const max = 2n ** BigInt(8 * length);
      const [x, y] = [bytesToBigint(share.slice(1, 1 + length)), bytesToBigint(share.slice(1 + length))];
      for (const [badX, badY] of [
        [x + p, y],
        [x, y + p],
        [p, y],
        [max - 1n, max - 1n],
      ] as const) {
        if (badX >= max || badY >= max) continue;
        refused(Uint8Array.of(4, ...bigintToBytes(badX, length), ...bigintToBytes(badY, length)));
      }
    });

    it(`${name} refuses compressed and hybrid points and the point at infinity`, () => {
      const y = share.at(-1) ?? 0;
      for (const prefix of [0, 1, 2, 3, 5, 6 | (y & 1), 7]) {
        refused(Uint8Array.of(prefix, ...share.subarray(1)));
      }
      const compressed = Uint8Array.of(2 | (y & 1), ...share.subarray(1, (share.length + 1) / 2));
      for (const short of [compressed, Uint8Array.of(0)]) {
        const answer = group.decapsulate(privateKey, short);
        assert.equal(!answer.ok && answer.error.kind, 'wrong-length');
      }
    });
  }
});

describe('X25519MLKEM768', () => {
  const seed = entropy(96);
  const initiator = hybrid.generate(seed);
  const responderSeed = entropy(64, 3);

  it('puts ML-KEM before X25519 in both shares and in the secret', () => {
    const classical = x25519.generate(seed.subarray(64));
    assert.deepEqual(initiator.share.subarray(1184), classical.share);
    const responder = good(hybrid.encapsulate(initiator.share, responderSeed));
    const classicalReply = good(x25519.encapsulate(classical.share, responderSeed.subarray(32)));
    assert.deepEqual(responder.share.subarray(1088), classicalReply.share);
    assert.deepEqual(responder.sharedSecret.subarray(32), classicalReply.sharedSecret);
  });

  it('computes ML-KEM-768 as FIPS 203 has it: 100 rounds of the accumulated vectors', () => {
    // C2SP CCTV, ML-KEM, "Accumulated pq-crystals vectors", generated for FIPS 203 with 100 rounds: the value is that
    // of Go's crypto/mlkem, TestAccumulated, which leaves dk out.
    const source = shake128.create();
    const accumulated = shake128.create({ dkLen: 32 });
    const classical = x25519.generate(entropy(32)).share;
    for (let round = 0; round < 100; round++) {
      const { privateKey, share } = hybrid.generate(Uint8Array.of(...source.xof(64), ...entropy(32)));
      const sealed = good(
        hybrid.encapsulate(
          Uint8Array.of(...share.subarray(0, 1184), ...classical),
          Uint8Array.of(...source.xof(32), ...entropy(32)),
        ),
      );
      const random = good(hybrid.decapsulate(privateKey, Uint8Array.of(...source.xof(1088), ...classical)));
      accumulated.update(share.subarray(0, 1184));
      accumulated.update(sealed.share.subarray(0, 1088)).update(sealed.sharedSecret.subarray(0, 32));
      accumulated.update(random.subarray(0, 32));
    }
    assert.deepEqual(
      accumulated.digest(),
      hex('1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415'),
    );
  });

  it('refuses an encapsulation key with a coefficient that is not below 3329 (FIPS 203 §7.2)', () => {
    // Two coefficients share three bytes, 12 bits each, the first in the low bits.
    for (const coefficient of [3329, 4095]) {
      for (const index of [0, 1, 383, 766, 767]) {
        const share = initiator.share.slice();
        const at = 3 * (index >> 1) + (index & 1);
        const pair = (share[at] ?? 0) | ((share[at + 1] ?? 0) << 8);
        const changed =
          index & 1 ? (pair & 0x000f) | (coefficient << 4) : (pair & 0xf000) | (coefficient & 0x0fff);
        share.set([changed & 0xff, changed >> 8], at);
        assert.deepEqual(hybrid.encapsulate(share, responderSeed), {
          ok: false,
          error: { kind: 'invalid-share', detail: 'not an ML-KEM-768 encapsulation key' },
        });
      }
    }
  });

  it('answers a ciphertext that was changed with another secret, not with an error (FIPS 203 §6.3)', () => {
    const responder = good(hybrid.encapsulate(initiator.share, responderSeed));
    for (const bit of [0, 4000, 8 * 1088 - 1]) {
      const agreed = good(hybrid.decapsulate(initiator.privateKey, flipBit(responder.share, bit)));
      assert.notDeepEqual(agreed.subarray(0, 32), responder.sharedSecret.subarray(0, 32));
      assert.deepEqual(agreed.subarray(32), responder.sharedSecret.subarray(32));
    }
  });

  it('refuses an X25519 part of low order on both sides', () => {
    const error = { kind: 'invalid-share', detail: 'not a usable x25519 public key' };
    const zeroed = (share: Uint8Array) => Uint8Array.of(...share.subarray(0, -32), ...new Uint8Array(32));
    assert.deepEqual(hybrid.encapsulate(zeroed(initiator.share), responderSeed), { ok: false, error });
    const reply = good(hybrid.encapsulate(initiator.share, responderSeed)).share;
    assert.deepEqual(hybrid.decapsulate(initiator.privateKey, zeroed(reply)), { ok: false, error });
  });
});

function agreeWithNode(privateKey: Uint8Array, share: Uint8Array): Uint8Array {
  // RFC 8410's PKCS#8 and SPKI headers for X25519.
  const pkcs8 = Buffer.concat([hex('302e020100300506032b656e04220420'), privateKey]);
  const spki = Buffer.concat([hex('302a300506032b656e032100'), share]);
  return Uint8Array.from(
    diffieHellman({
      privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
      publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
    }),
  );
}
