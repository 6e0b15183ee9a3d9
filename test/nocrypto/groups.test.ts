import assert from 'node:assert/strict';
import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { describe, it } from 'node:test';
import { shake128 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import { ffdhePrime } from '../../nocrypto/ffdhe.ts';
import {
  type ClassicalName,
  type FfdheName,
  type GroupName,
  type HybridName,
  noble,
  secret,
} from '../../nocrypto/index.ts';
import { isProbablePrime } from '../../nocrypto/modular.ts';
import {
  anyBytes,
  bigintToBytes,
  bytesToBigint,
  curveFacts,
  curveNames,
  entropy,
  flipBit,
  good,
  hex,
  runs,
} from './support.ts';

const names: readonly GroupName[] = Object.values(noble.groups).map(({ name }) => name);
const { x25519, x448, secp256r1, secp384r1, secp521r1 } = noble.groups;

describe('key exchange groups', () => {
  const lengths: Readonly<Record<GroupName, readonly [number, number, number]>> = {
    x25519: [32, 32, 32],
    x448: [56, 56, 56],
    secp256r1: [65, 65, 32],
    secp384r1: [97, 97, 48],
    secp521r1: [133, 133, 66],
    ffdhe2048: [256, 256, 256],
    ffdhe3072: [384, 384, 384],
    ffdhe4096: [512, 512, 512],
    ffdhe6144: [768, 768, 768],
    ffdhe8192: [1024, 1024, 1024],
    X25519MLKEM768: [1216, 1120, 64],
    SecP256r1MLKEM768: [1249, 1153, 64],
    SecP384r1MLKEM1024: [1665, 1665, 80],
  };
  for (const name of names) {
    const group = noble.groups[name];
    const [initiatorLength, responderLength, secretLength] = lengths[name];
    const skip = slow(name) && process.env['FC_RUNS'] === undefined && 'in long runs only';

    it(`${name}: both sides agree, with the lengths of the standard, and equal entropy gives equal shares`, {
      skip,
    }, () => {
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
        runs(name.startsWith('ffdhe') ? 1 : 3),
      );
    });

    it(`${name} says its own lengths`, () => {
      assert.equal(group.name, name);
      assert.equal(group.initiatorShareLength, initiatorLength);
      assert.equal(group.responderShareLength, responderLength);
    });

    it(`${name} refuses a share of any other length`, { skip }, () => {
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

    it(`${name} holds its caller to the length of the entropy and of the private key`, { skip }, () => {
      const { privateKey, share } = group.generate(entropy(group.generateEntropyLength));
      const reply = good(group.encapsulate(share, entropy(group.encapsulateEntropyLength))).share;
      assert.throws(() => group.generate(entropy(group.generateEntropyLength - 1)), RangeError);
      assert.throws(() => group.encapsulate(share, entropy(group.encapsulateEntropyLength + 1)), RangeError);
      assert.throws(() => group.decapsulate(secret(privateKey.slice(1)), reply), RangeError);
    });

    it(`${name} answers any bytes of the right length without throwing`, { skip }, () => {
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
        runs(name.startsWith('ffdhe') ? 1 : 4),
      );
    });
  }
});

/** Whether a key exchange takes more than some hundredths of a second. The smaller groups run the same code. */
function slow(name: GroupName): boolean {
  return name === 'ffdhe4096' || name === 'ffdhe6144' || name === 'ffdhe8192';
}

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

describe('X448', () => {
  it('agrees as in RFC 7748 §6.2', () => {
    const alice = x448.generate(
      hex(
        '9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d' +
          'd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b',
      ),
    );
    assert.deepEqual(
      alice.share,
      hex(
        '9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c' +
          '22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0',
      ),
    );
    const bob = good(
      x448.encapsulate(
        alice.share,
        hex(
          '1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d' +
            '6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d',
        ),
      ),
    );
    assert.deepEqual(
      bob.share,
      hex(
        '3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b430' +
          '27d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609',
      ),
    );
    assert.deepEqual(
      bob.sharedSecret,
      hex(
        '07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282b' +
          'b60c0b56fd2464c335543936521c24403085d59a449a5037514a879d',
      ),
    );
  });

  it('multiplies as in RFC 7748 §5.2, once', () => {
    const five = hex(`05${'00'.repeat(55)}`);
    assert.deepEqual(
      good(x448.decapsulate(secret(five), five)),
      hex(
        '3f482c8a9f19b01e6c46ee9711d9dc14fd4bf67af30765c2ae2b846a' +
          '4d23a8cd0db897086239492caf350b51f833868b9bc2b3bca9cf4113',
      ),
    );
  });

  it('refuses every share of low order, which would make the secret zero', () => {
    const p = 2n ** 448n - 2n ** 224n - 1n;
    for (const u of [0n, 1n, p - 1n, p, p + 1n]) {
      const answer = x448.decapsulate(secret(entropy(56)), bigintToBytes(u, 56).reverse());
      assert.equal(!answer.ok && answer.error.kind, 'invalid-share', `${u}`);
    }
  });
});

describe('finite-field Diffie-Hellman', () => {
  const names: readonly FfdheName[] = ['ffdhe2048', 'ffdhe3072', 'ffdhe4096', 'ffdhe6144', 'ffdhe8192'];

  it('has the primes of RFC 7919 appendix A', () => {
    const digits = (name: FfdheName) => ffdhePrime(name).toString(16);
    assert.equal(
      digits('ffdhe2048'),
      'ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1d8b9c583ce2d3695a9e13641146433fbcc939dce249b3ef9' +
        '7d2fe363630c75d8f681b202aec4617ad3df1ed5d5fd65612433f51f5f066ed0856365553ded1af3b557135e7f57c935' +
        '984f0c70e0e68b77e2a689daf3efe8721df158a136ade73530acca4f483a797abc0ab182b324fb61d108a94bb2c8e3fb' +
        'b96adab760d7f4681d4f42a3de394df4ae56ede76372bb190b07a7c8ee0a6d709e02fce1cdf7e2ecc03404cd28342f61' +
        '9172fe9ce98583ff8e4f1232eef28183c3fe3b1b4c6fad733bb5fcbc2ec22005c58ef1837d1683b2c6f34a26c1b2effa' +
        '886b423861285c97ffffffffffffffff',
    );
    // The others go on from there (they are bits of e); what distinguishes each is its end.
    const ends: Readonly<Record<FfdheName, string>> = {
      ffdhe2048: '886b423861285c97',
      ffdhe3072: '25e41d2b66c62e37',
      ffdhe4096: 'c68a007e5e655f6a',
      ffdhe6144: 'a40e329cd0e40e65',
      ffdhe8192: 'd68c8bb7c5c6424c',
    };
    for (const name of names) {
      assert.equal(digits(name).length, Number(name.slice(5)) / 4);
      assert.equal(digits(name).slice(0, 480), digits('ffdhe2048').slice(0, 480));
      assert.ok(digits(name).endsWith(`${ends[name]}ffffffffffffffff`), name);
    }
  });

  it('has safe primes', () => {
    const p = ffdhePrime('ffdhe2048');
    assert.ok(isProbablePrime(p, 2) && isProbablePrime((p - 1n) / 2n, 2));
  });

  for (const name of names) {
    const group = noble.groups[name];

    it(`${name} refuses 0, 1, p−1 and everything above`, () => {
      const p = ffdhePrime(name);
      const length = group.initiatorShareLength;
      const refused = {
        ok: false,
        error: { kind: 'invalid-share', detail: `not a usable ${name} public key` },
      };
      for (const y of [0n, 1n, p - 1n, p, p + 1n, 2n ** BigInt(8 * length) - 1n]) {
        const share = bigintToBytes(y, length);
        assert.deepEqual(group.encapsulate(share, entropy(group.encapsulateEntropyLength)), refused);
      }
    });
  }

  it('computes powers of the generator 2, padded to the length of the prime', () => {
    const { privateKey, share } = noble.groups.ffdhe2048.generate(entropy(32));
    const two = bigintToBytes(2n, 256);
    assert.deepEqual(good(noble.groups.ffdhe2048.decapsulate(privateKey, two)), share);
    assert.deepEqual(
      good(noble.groups.ffdhe2048.decapsulate(secret(bigintToBytes(3n, 32)), two)),
      bigintToBytes(8n, 256),
    );
  });

  it('makes exponents that have the length they seem to have', () => {
    for (const name of names) {
      const group = noble.groups[name];
      if (slow(name)) continue;
      const { privateKey } = group.generate(new Uint8Array(group.generateEntropyLength));
      assert.equal(privateKey[0], 0x80);
    }
  });
});

describe('ECDH on the NIST curves', () => {
  // RFC 5903 §8.1, §8.2 and §8.3.
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
    {
      group: secp521r1,
      i:
        '0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A095AA' +
        '85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D4A52',
      gr:
        '0400D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A219B97C356436ADC6E95BB0352F6BE64A6C2' +
        '912D4EF2D0433CED2B6171640012D9460F015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D9852077B8722' +
        '0B6536C5C408A1D2AEBB8E86D678AE49CB57091F4732296579AB44FCD17F0FC56A',
      girx:
        '01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04D142' +
        '7E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA',
    },
  ];
  for (const { group, i, gr, girx } of vectors) {
    it(`${group.name} agrees as in RFC 5903 §8`, () => {
      assert.deepEqual(good(group.decapsulate(secret(hex(i)), hex(gr))), hex(girx));
    });
  }

  for (const name of curveNames) {
    const group = noble.groups[name];
    const { nodeName, prime: p } = curveFacts[name];
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

describe('hybrids of ECDH and ML-KEM', () => {
  const parts: readonly {
    readonly name: HybridName;
    readonly classical: ClassicalName;
    readonly latticeFirst: boolean;
    /** Bytes of ML-KEM's encapsulation key and ciphertext. */
    readonly lattice: readonly [number, number];
  }[] = [
    { name: 'X25519MLKEM768', classical: 'x25519', latticeFirst: true, lattice: [1184, 1088] },
    { name: 'SecP256r1MLKEM768', classical: 'secp256r1', latticeFirst: false, lattice: [1184, 1088] },
    { name: 'SecP384r1MLKEM1024', classical: 'secp384r1', latticeFirst: false, lattice: [1568, 1568] },
  ];
  for (const { name, classical, latticeFirst, lattice } of parts) {
    const group = noble.groups[name];
    const alone = noble.groups[classical];
    const seed = entropy(group.generateEntropyLength);
    const responderSeed = entropy(group.encapsulateEntropyLength, 3);
    const initiator = group.generate(seed);
    const responder = good(group.encapsulate(initiator.share, responderSeed));
    /** The part of ECDH, the rest having `length` bytes. */
    const classicalPart = (joined: Uint8Array, length: number) =>
      latticeFirst ? joined.slice(length) : joined.slice(0, -length);
    /** With the part of ECDH replaced. */
    const withClassical = (joined: Uint8Array, length: number, part: Uint8Array) =>
      latticeFirst
        ? Uint8Array.of(...joined.slice(0, length), ...part)
        : Uint8Array.of(...part, ...joined.slice(-length));

    it(`${name} puts ${latticeFirst ? 'ML-KEM before ECDH' : 'ECDH before ML-KEM'} everywhere`, () => {
      const ours = alone.generate(classicalPart(seed, 64));
      assert.deepEqual(classicalPart(initiator.share, lattice[0]), ours.share);
      const theirs = good(alone.encapsulate(ours.share, classicalPart(responderSeed, 32)));
      assert.deepEqual(classicalPart(responder.share, lattice[1]), theirs.share);
      assert.deepEqual(classicalPart(responder.sharedSecret, 32), theirs.sharedSecret);
    });

    it(`${name} refuses a bad share of ECDH on both sides`, () => {
      const error = { kind: 'invalid-share', detail: `not a usable ${classical} public key` };
      const zero = new Uint8Array(alone.initiatorShareLength);
      const offered = withClassical(initiator.share, lattice[0], zero);
      assert.deepEqual(group.encapsulate(offered, responderSeed), { ok: false, error });
      const answered = withClassical(responder.share, lattice[1], zero);
      assert.deepEqual(group.decapsulate(initiator.privateKey, answered), { ok: false, error });
    });

    it(`${name} answers a ciphertext that was changed with another secret, not with an error (FIPS 203 §6.3)`, () => {
      const start = latticeFirst ? 0 : 8 * alone.responderShareLength;
      for (const bit of [0, 4000, 8 * lattice[1] - 1]) {
        const changed = flipBit(responder.share, start + bit);
        const agreed = good(group.decapsulate(initiator.privateKey, changed));
        assert.deepEqual(classicalPart(agreed, 32), classicalPart(responder.sharedSecret, 32));
        assert.notDeepEqual(agreed, responder.sharedSecret);
      }
    });

    it(`${name} refuses an encapsulation key with a coefficient that is not below 3329 (FIPS 203 §7.2)`, () => {
      const start = latticeFirst ? 0 : alone.initiatorShareLength;
      const last = (2 * (lattice[0] - 32)) / 3 - 1;
      const detail = `not an ${name.endsWith('768') ? 'ML-KEM-768' : 'ML-KEM-1024'} encapsulation key`;
      // Two coefficients share three bytes, 12 bits each, the first in the low bits.
      for (const coefficient of [3329, 4095]) {
        for (const index of [0, 1, 383, last - 1, last]) {
          const share = initiator.share.slice();
          const at = start + 3 * (index >> 1) + (index & 1);
          const pair = (share[at] ?? 0) | ((share[at + 1] ?? 0) << 8);
          const changed =
            index & 1 ? (pair & 0x000f) | (coefficient << 4) : (pair & 0xf000) | (coefficient & 0x0fff);
          share.set([changed & 0xff, changed >> 8], at);
          assert.deepEqual(group.encapsulate(share, responderSeed), {
            ok: false,
            error: { kind: 'invalid-share', detail },
          });
        }
      }
    });
  }
});

describe('ML-KEM', () => {
  const hybrid = noble.groups.X25519MLKEM768;

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
