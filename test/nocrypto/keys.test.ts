import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  type GeneratedKeyKind,
  noble,
  type PrivateKeyInput,
  type PublicKeyInput,
  secret,
} from '../../nocrypto/index.ts';
import { isProbablePrime } from '../../nocrypto/modular.ts';
import {
  anyBytes,
  bigintToBytes,
  curveFacts,
  curveNames,
  entropy,
  flipBit,
  good,
  type RsaInput,
  rsaFromPrimes,
  rsaInput,
  rsaKey,
  runs,
  utf8,
} from './support.ts';

describe('RSA public keys', () => {
  const { modulus } = rsaInput;
  const check = (input: Partial<RsaInput>) =>
    noble.publicKey({ kind: 'rsa', modulus, publicExponent: 65537n, ...input });

  it('are taken with moduli of 2048 to 8192 bits and odd exponents from 3 on', () => {
    for (const bits of [2048n, 2049n, 3072n, 8192n]) {
      assert.ok(check({ modulus: 2n ** (bits - 1n) + 1n }).ok);
    }
    for (const publicExponent of [3n, 17n, 65537n, 2n ** 32n - 1n]) assert.ok(check({ publicExponent }).ok);
  });

  it('are refused with a reason otherwise', () => {
    const bad: readonly (readonly [Partial<RsaInput>, RegExp])[] = [
      [{ modulus: 2n ** 2046n + 1n }, /only 2047 bits/],
      [{ modulus: 2n ** 1023n + 1n }, /only 1024 bits/],
      [{ modulus: 2n ** 8192n + 1n }, /8193 bits/],
      [{ modulus: 2n ** 500_000n + 1n }, /500001 bits/],
      [{ modulus: 2n ** 2047n }, /even/],
      [{ modulus: 0n }, /not positive/],
      [{ modulus: -modulus }, /not positive/],
      [{ publicExponent: 0n }, /even or below 3/],
      [{ publicExponent: 1n }, /even or below 3/],
      [{ publicExponent: 2n }, /even or below 3/],
      [{ publicExponent: 65536n }, /even or below 3/],
      [{ publicExponent: -3n }, /even or below 3/],
      [{ publicExponent: 2n ** 32n + 1n }, /more than 32 bits/],
      [{ publicExponent: modulus }, /more than 32 bits/],
    ];
    for (const [input, reason] of bad) {
      const answer = check(input);
      assert.match(answer.ok ? 'taken' : answer.error.detail, reason);
    }
  });
});

describe('RSA private keys', () => {
  it('are taken when their numbers fit together, and carry their public half', () => {
    const key = rsaKey();
    assert.deepEqual(key, {
      ...rsaInput,
      public: { kind: 'rsa', modulus: rsaInput.modulus, publicExponent: 65537n },
    });
  });

  it('are refused when one number does not fit', () => {
    const { modulus, privateExponent, prime1, prime2, coefficient } = rsaInput;
    const bad: readonly (readonly [Partial<RsaInput>, RegExp])[] = [
      [{ modulus: modulus + 2n }, /not the product/],
      [{ modulus: modulus >> 1n }, /only 2047 bits/],
      [{ publicExponent: 65539n }, /does not belong/],
      [{ publicExponent: 2n }, /even or below 3/],
      [{ privateExponent: privateExponent + 2n }, /does not belong/],
      [{ privateExponent: privateExponent + modulus }, /out of range/],
      [{ privateExponent: -privateExponent }, /out of range/],
      [{ privateExponent: 1n }, /out of range/],
      [{ prime1: prime1 + 2n }, /not the product/],
      [{ prime1: prime2, prime2: prime1 }, /exponent1/],
      [{ prime1: modulus, prime2: 1n }, /out of range/],
      [{ prime1: 1n, prime2: modulus }, /out of range/],
      [{ prime1: 0n }, /out of range/],
      [{ prime1: -prime1, prime2: -prime2 }, /out of range/],
      [{ prime1: 2n ** 100_000n + 1n }, /out of range/],
      [{ exponent1: rsaInput.exponent1 + 2n }, /exponent1/],
      [{ exponent1: rsaInput.exponent1 + prime1 - 1n }, /exponent1/],
      [{ exponent2: rsaInput.exponent2 ^ 1n }, /exponent2/],
      [{ coefficient: coefficient + 1n }, /coefficient/],
      [{ coefficient: coefficient + prime1 }, /coefficient/],
      [{ coefficient: 0n }, /coefficient/],
    ];
    for (const [change, reason] of bad) {
      const answer = noble.privateKey({ ...rsaInput, ...change });
      assert.match(answer.ok ? `taken: ${Object.keys(change)}` : answer.error.detail, reason);
    }
  });

  it('are refused when the factors are equal or composite, even if all else fits', () => {
    const { prime1 } = rsaInput;
    const square = { ...rsaFromPrimes(prime1, rsaInput.prime2), modulus: prime1 * prime1, prime2: prime1 };
    const equal = noble.privateKey(square);
    assert.match(equal.ok ? 'taken' : equal.error.detail, /equal/);
    const composite = (3n * 2n ** 510n + 761n) * (7n * 2n ** 509n + 15n);
    for (const factors of [
      [prime1, composite],
      [composite, prime1],
    ] as const) {
      const answer = noble.privateKey(rsaFromPrimes(...factors));
      assert.match(answer.ok ? 'taken' : answer.error.detail, /composite/);
    }
  });
});

describe('the primality test', () => {
  it('knows primes', () => {
    for (const prime of [2n, 3n, 251n, 257n, 65537n, 2n ** 127n - 1n, 2n ** 255n - 19n, 2n ** 521n - 1n]) {
      assert.ok(isProbablePrime(prime, 20), `${prime}`);
    }
  });

  it('is not fooled by Carmichael numbers nor by strong pseudoprimes to the first prime bases', () => {
    // OEIS A002997 and A014233.
    const composites = [
      561n,
      1105n,
      1729n,
      101101n,
      2152302898747n,
      3215031751n,
      341550071728321n,
      3825123056546413051n,
      318665857834031151167461n,
      3317044064679887385961981n,
    ];
    for (const composite of composites) assert.equal(isProbablePrime(composite, 20), false, `${composite}`);
  });

  it('knows what is no prime at all', () => {
    for (const n of [-7n, 0n, 1n, 4n, 253n, 63001n, 257n * 263n, 2n ** 128n + 1n]) {
      assert.equal(isProbablePrime(n, 20), false, `${n}`);
    }
  });
});

describe('EC keys', () => {
  for (const curve of curveNames) {
    const { length, order } = curveFacts[curve];
    const scalar = (n: bigint, bytes = length): PrivateKeyInput => ({
      kind: 'ec',
      curve,
      scalar: secret(bigintToBytes(n, bytes)),
    });

    it(`${curve}: a scalar is taken from 1 to n−1`, () => {
      for (const n of [1n, 2n, order - 1n]) assert.ok(noble.privateKey(scalar(n)).ok);
      for (const n of [0n, order, order + 1n, 2n ** BigInt(8 * length) - 1n]) {
        assert.deepEqual(noble.privateKey(scalar(n)), {
          ok: false,
          error: { kind: 'invalid-key', detail: `not a scalar of ${curve}` },
        });
      }
    });

    it(`${curve}: a scalar is taken in its one length only`, () => {
      for (const bytes of [length - 1, length + 1, 2 * length]) {
        assert.equal(noble.privateKey(scalar(1n, bytes)).ok, false);
      }
    });

    it(`${curve}: a point is taken only if it is on the curve and uncompressed`, () => {
      const { public: key } = good(noble.privateKey(scalar(5n)));
      assert.ok(key.kind === 'ec');
      const { point } = key;
      assert.deepEqual(good(noble.publicKey({ kind: 'ec', curve, point })), key);
      const bad = [
        new Uint8Array(0),
        Uint8Array.of(0),
        new Uint8Array(point.length),
        Uint8Array.of(4, ...new Uint8Array(point.length - 1)),
        Uint8Array.of(2 | ((point.at(-1) ?? 0) & 1), ...point.subarray(1, 1 + length)),
        Uint8Array.of(6, ...point.subarray(1)),
        flipBit(point, 8),
        flipBit(point, 8 * point.length - 1),
        point.subarray(0, -1),
        Uint8Array.of(...point, 0),
      ];
      for (const wrong of bad) {
        assert.deepEqual(noble.publicKey({ kind: 'ec', curve, point: wrong }), {
          ok: false,
          error: { kind: 'invalid-key', detail: `not an uncompressed point on ${curve}` },
        });
      }
    });
  }

  it('a point of one curve is not taken for another', () => {
    const { public: key } = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy(32));
    assert.ok(key.kind === 'ec');
    assert.equal(noble.publicKey({ ...key, curve: 'secp384r1' }).ok, false);
  });
});

describe('Ed25519 private keys', () => {
  it('are seeds of 32 bytes', () => {
    for (const length of [0, 31, 33, 64]) {
      assert.equal(noble.privateKey({ kind: 'ed25519', seed: secret(new Uint8Array(length)) }).ok, false);
    }
    assert.ok(noble.privateKey({ kind: 'ed25519', seed: secret(new Uint8Array(32)) }).ok);
  });
});

describe('generated keys', () => {
  const kinds: readonly GeneratedKeyKind[] = [
    { kind: 'rsa', bits: 2048 },
    { kind: 'ec', curve: 'secp256r1' },
    { kind: 'ec', curve: 'secp384r1' },
    { kind: 'ec', curve: 'secp521r1' },
    { kind: 'ed25519' },
  ];
  for (const kind of kinds) {
    it(`${Object.values(kind).join(' ')}: pass the check, and equal entropy makes an equal key`, () => {
      const key = noble.generateKey(kind, entropy(32));
      assert.deepEqual(good(noble.privateKey(key)), key);
      assert.deepEqual(noble.generateKey(kind, entropy(32)), key);
      assert.notDeepEqual(noble.generateKey(kind, entropy(32, 2)), key);
    });

    it(`${Object.values(kind).join(' ')}: take 32 bytes of entropy`, () => {
      assert.throws(() => noble.generateKey(kind, entropy(31)), RangeError);
      assert.throws(() => noble.generateKey(kind, entropy(33)), RangeError);
    });
  }

  it('an RSA key has the modulus asked for and primes far apart, and node:crypto takes it', () => {
    const key = noble.generateKey({ kind: 'rsa', bits: 2048 }, entropy(32, 3));
    assert.ok(key.kind === 'rsa');
    assert.equal(key.modulus.toString(2).length, 2048);
    assert.equal(key.publicExponent, 65537n);
    const distance = key.prime1 > key.prime2 ? key.prime1 - key.prime2 : key.prime2 - key.prime1;
    assert.ok(distance > 2n ** 924n);
    const text = (n: bigint) => Buffer.from(bigintToBytes(n, 256)).toString('base64url');
    const node = createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'RSA',
        n: text(key.modulus),
        e: 'AQAB',
        d: text(key.privateExponent),
        p: text(key.prime1),
        q: text(key.prime2),
        dp: text(key.exponent1),
        dq: text(key.exponent2),
        qi: text(key.coefficient),
      },
    });
    assert.equal(createPublicKey(node).asymmetricKeyDetails?.modulusLength, 2048);
  });

  it('the same entropy makes unrelated keys of different kinds', () => {
    const p256 = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy(32));
    const edwards = noble.generateKey({ kind: 'ed25519' }, entropy(32));
    assert.ok(p256.kind === 'ec' && edwards.kind === 'ed25519');
    assert.notDeepEqual(p256.scalar, edwards.seed);
    assert.notDeepEqual(edwards.seed, secret(entropy(32)));
  });
});

describe('checked keys', () => {
  it('keep their own copies: the caller may wipe his', () => {
    const seed = secret(entropy(32));
    const key = good(noble.privateKey({ kind: 'ed25519', seed }));
    const signature = good(noble.sign({ kind: 'ed25519' }, key, utf8('x'), entropy(32)));
    seed.fill(0);
    assert.deepEqual(good(noble.sign({ kind: 'ed25519' }, key, utf8('x'), entropy(32))), signature);

    const { public: publicHalf } = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy(32));
    assert.ok(publicHalf.kind === 'ec');
    const point = publicHalf.point.slice();
    const checked = good(noble.publicKey({ kind: 'ec', curve: 'secp256r1', point }));
    point.fill(0);
    assert.deepEqual(checked, publicHalf);
  });

  it('keep nothing of the input but their fields', () => {
    const input = { ...rsaInput, note: 'more than was asked for' };
    assert.equal(Object.hasOwn(good(noble.privateKey(input)), 'note'), false);
    assert.equal(Object.hasOwn(good(noble.publicKey(input)), 'privateExponent'), false);
  });

  it('are refused, not thrown at, whatever the input', () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
      fc.bigInt({ min: 2n ** 2047n, max: 2n ** 2048n }),
    );
    const numbers = fc.record({
      kind: fc.constant('rsa' as const),
      modulus: number,
      publicExponent: number,
      privateExponent: number,
      prime1: number,
      prime2: number,
      exponent1: number,
      exponent2: number,
      coefficient: number,
    });
    const curve = fc.constantFrom(...curveNames);
    const publicInput: fc.Arbitrary<PublicKeyInput> = fc.oneof(
      numbers,
      fc.record({ kind: fc.constant('ec' as const), curve, point: anyBytes(0, 100) }),
      fc.record({ kind: fc.constant('ed25519' as const), bytes: anyBytes(30, 34) }),
    );
    const privateInput: fc.Arbitrary<PrivateKeyInput> = fc.oneof(
      numbers,
      fc.record({ kind: fc.constant('ec' as const), curve, scalar: anyBytes(30, 50).map(secret) }),
      fc.record({ kind: fc.constant('ed25519' as const), seed: anyBytes(31, 33).map(secret) }),
    );
    fc.assert(
      fc.property(publicInput, privateInput, (publicKey, privateKey) => {
        noble.publicKey(publicKey);
        noble.privateKey(privateKey);
      }),
      runs(60),
    );
  });
});
