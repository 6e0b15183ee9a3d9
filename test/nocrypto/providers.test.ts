/**
 * The provider on node:crypto against the portable one: equal answers to equal arguments, equal refusals of whatever is
 * malformed, equal complaints about a caller's bugs, for every function of the contract.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ED448_TORSION_SUBGROUP, ed448 } from '@noble/curves/ed448.js';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { shake256 } from '@noble/hashes/sha3.js';
import * as fc from 'fast-check';
import { ffdhePrime } from '../../nocrypto/ffdhe.ts';
import {
  type AeadName,
  type CryptoProvider,
  type FfdheName,
  type GeneratedKeyKind,
  type GroupName,
  generate,
  type HashName,
  noble,
  type PrivateKey,
  type PublicKeyInput,
  reseed,
  type SignatureAlgorithm,
  type SignatureHash,
  secret,
  seedRng,
} from '../../nocrypto/index.ts';
import { node } from '../../nocrypto/node.ts';
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
  rsaFromPrimes,
  rsaInput,
  rsaKey,
  runs,
  utf8,
} from './support.ts';

const hashNames: readonly HashName[] = Object.values(noble.hashes).map(({ name }) => name);
const aeadNames: readonly AeadName[] = Object.values(noble.aeads).map(({ name }) => name);
const groupNames: readonly GroupName[] = Object.values(noble.groups).map(({ name }) => name);
const signatureHashes: readonly SignatureHash[] = ['sha256', 'sha384', 'sha512'];
const hash = fc.constantFrom(...hashNames);
const none = new Uint8Array(0);

/** Asks both providers the same and holds the answers, or what is thrown, against each other. Returns the answer. */
function same<T>(ask: (crypto: CryptoProvider) => T): T {
  const [ours, native] = [answer(ask, noble), answer(ask, node)];
  assert.deepEqual(native, ours);
  if ('thrown' in ours) assert.equal(ours.thrown, 'RangeError', 'only a caller’s bugs are exceptions');
  return 'value' in ours ? ours.value : assert.fail('nothing to compare');
}

/** The same where an exception is what both are to answer with. */
function bothRefuse(ask: (crypto: CryptoProvider) => unknown): void {
  for (const crypto of [noble, node]) assert.throws(() => ask(crypto), RangeError, crypto.name);
}

function answer<T>(
  ask: (crypto: CryptoProvider) => T,
  crypto: CryptoProvider,
): { readonly value: T } | { readonly thrown: string } {
  try {
    return { value: ask(crypto) };
  } catch (thrown) {
    return { thrown: thrown instanceof Error ? thrown.name : String(thrown) };
  }
}

describe('both providers give the same hashes and keys', () => {
  it('for digests, whole and running', () => {
    fc.assert(
      fc.property(hash, anyBytes(0, 300), anyBytes(0, 300), (name, first, second) => {
        same(({ hashes: { [name]: each } }) => [each.name, each.outputLength, each.blockLength]);
        same(({ hashes }) => hashes[name].digest(first));
        same(({ hashes }) => {
          const trunk = hashes[name].start().update(first);
          const branch = trunk.update(second);
          return [trunk.digest(), branch.digest(), trunk.update(none).digest(), branch.digest()];
        });
      }),
      runs(60),
    );
  });

  // What is short is hashed in JavaScript, what is long is not, and padding takes a block of its own from 56 bytes on.
  it('for inputs and keys of every length about the block of SHA-256', () => {
    const bytes = entropy(600);
    const lengths = Array.from({ length: 200 }, (_, n) => n).concat([255, 256, 257, 320, 600]);
    for (const length of lengths) {
      const input = bytes.subarray(0, length);
      same(({ hashes: { sha256 } }) => sha256.digest(input));
      same(({ hashes: { sha256 } }) => sha256.start().update(input).digest());
      same(({ hashes: { sha256 } }) => {
        const split = sha256.start().update(input.subarray(0, length / 3));
        return [split.update(input.subarray(length / 3)).digest(), split.digest()];
      });
      same(({ hmac }) => hmac('sha256', bytes.subarray(0, 32)).mac(input));
      same(({ hmac }) => hmac('sha256', input).mac(bytes.subarray(0, 40)));
    }
  });

  it('for extendable outputs', () => {
    fc.assert(
      fc.property(fc.constantFrom('shake128', 'shake256'), anyBytes(0, 300), fc.nat(400), (name, data, n) => {
        same(({ xofs }) => [xofs[name].name, xofs[name].blockLength, xofs[name].digest(data, n)]);
      }),
      runs(20),
    );
    bothRefuse(({ xofs }) => xofs.shake128.digest(none, -1));
  });

  it('for HMAC, HKDF, PBKDF2 and the PRF of TLS 1.2', () => {
    fc.assert(
      fc.property(
        hash,
        anyBytes(0, 200),
        anyBytes(0, 100),
        anyBytes(0, 100),
        fc.nat(300),
        (name, key, salt, info, n) => {
          same(({ hmac }) => {
            const prepared = hmac(name, key);
            return [prepared.length, prepared.mac(info), prepared.mac(salt)];
          });
          const extracted = same(({ hkdfExtract }) => hkdfExtract(name, salt, key));
          same(({ hkdfExpand }) => hkdfExpand(name, extracted, info, n));
          same(({ tls12Prf }) => tls12Prf(name, key, 'a label', salt, n));
          same(({ pbkdf2 }) => pbkdf2(name, key, salt, 1 + (n % 5), n + 1));
        },
      ),
      runs(40),
    );
    bothRefuse(({ hkdfExpand }) => hkdfExpand('sha256', new Uint8Array(31), none, 16));
    bothRefuse(({ hkdfExpand }) => hkdfExpand('sha256', new Uint8Array(32), none, 255 * 32 + 1));
    bothRefuse(({ pbkdf2 }) => pbkdf2('sha256', none, none, 0, 16));
    bothRefuse(({ tls12Prf }) => tls12Prf('sha256', none, '', none, -1));
    same(({ hkdfExpand }) => hkdfExpand('sha256', new Uint8Array(32), none, 255 * 32));
  });

  it('for random bytes, whoever computes their HMACs', () => {
    const drawn = ({ hmac }: CryptoProvider) => {
      const first = generate(seedRng(entropy(48), utf8('name'), { hmac }), 100);
      return [first.bytes, generate(reseed(first.rng, entropy(32)), 33).bytes];
    };
    same(drawn);
    assert.deepEqual(drawn(node)[0], generate(seedRng(entropy(48), utf8('name')), 100).bytes);
  });

  it('and neither keeps the key that its caller wipes', () => {
    for (const crypto of [noble, node]) {
      const key = entropy(32);
      const mac = crypto.hmac('sha256', key);
      const cbc = crypto.aesCbc(key);
      const aead = crypto.aeads['aes-256-gcm'].prepare(key);
      const before = use();
      key.fill(0);
      assert.deepEqual(use(), before);

      function use() {
        const out = new Uint8Array(32);
        aead.seal(entropy(12), none, entropy(16), out, 0);
        return [mac.mac(none), cbc.encrypt(entropy(16), entropy(16)), out];
      }
    }
  });
});

describe('both providers seal and open alike', () => {
  for (const name of aeadNames) {
    it(`with ${name}, into a range of the caller’s, also in place`, () => {
      const { keyLength, tagLength } = noble.aeads[name];
      const offset = fc.nat(9);
      fc.assert(
        fc.property(
          anyBytes(keyLength),
          anyBytes(12),
          anyBytes(0, 40),
          anyBytes(0, 300),
          offset,
          fc.nat(),
          (key, nonce, data, plaintext, at, anywhere) => {
            const buffer = same(({ aeads }) => {
              const out = new Uint8Array(at + plaintext.length + tagLength + 5).fill(0xee);
              aeads[name].prepare(key).seal(nonce, data, plaintext, out, at);
              return out;
            });
            same(({ aeads }) => {
              const out = buffer.slice();
              out.set(plaintext, at);
              const range = out.subarray(at, at + plaintext.length);
              aeads[name].prepare(key).seal(nonce, data, range, out, at);
              return out;
            });
            const sealed = buffer.slice(at, at + plaintext.length + tagLength);
            for (const attempt of [
              sealed,
              flipBit(sealed, anywhere % (8 * sealed.length)),
              sealed.subarray(0, anywhere % sealed.length),
            ]) {
              same(({ aeads }) => {
                const out = new Uint8Array(at + attempt.length).fill(0xee);
                return [aeads[name].prepare(key).open(nonce, data, attempt, out, at), out];
              });
              same(({ aeads }) => {
                const inPlace = attempt.slice();
                return [aeads[name].prepare(key).open(nonce, data, inPlace, inPlace, 0), inPlace];
              });
            }
          },
        ),
        runs(25),
      );
      bothRefuse(({ aeads }) => aeads[name].prepare(new Uint8Array(keyLength - 1)));
      const prepared = ({ aeads }: CryptoProvider) => aeads[name].prepare(new Uint8Array(keyLength));
      bothRefuse((crypto) => prepared(crypto).seal(new Uint8Array(11), none, none, new Uint8Array(16), 0));
      bothRefuse((crypto) => prepared(crypto).seal(new Uint8Array(12), none, none, new Uint8Array(7), 0));
      bothRefuse((crypto) => prepared(crypto).open(new Uint8Array(12), none, new Uint8Array(20), none, 0));
    });
  }

  it('with AES-CBC', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(16, 24, 32),
        anyBytes(32),
        anyBytes(16),
        fc.nat(5),
        (keyLength, key, iv, n) => {
          const blocks = entropy(16 * n, n);
          const ciphertext = same(({ aesCbc }) => aesCbc(key.subarray(0, keyLength)).encrypt(iv, blocks));
          same(({ aesCbc }) => aesCbc(key.subarray(0, keyLength)).decrypt(iv, ciphertext));
        },
      ),
      runs(20),
    );
    bothRefuse(({ aesCbc }) => aesCbc(new Uint8Array(20)));
    bothRefuse(({ aesCbc }) => aesCbc(new Uint8Array(16)).encrypt(new Uint8Array(12), none));
    bothRefuse(({ aesCbc }) => aesCbc(new Uint8Array(16)).decrypt(new Uint8Array(16), new Uint8Array(15)));
  });

  it('with every AEAD, nothing at all, wherever that nothing lies', () => {
    // Once its buffer has been looked at, an empty array has no address any more.
    const nowhere = new Uint8Array(0);
    assert.equal(nowhere.buffer.byteLength, 0);
    for (const name of aeadNames) {
      const { keyLength, tagLength } = noble.aeads[name];
      same(({ aeads }) => {
        const key = aeads[name].prepare(entropy(keyLength));
        const tag = new Uint8Array(tagLength);
        key.seal(entropy(12), nowhere, nowhere, tag, 0);
        return [tag, key.open(entropy(12), nowhere, tag, nowhere, 0)];
      });
    }
  });

  it('with CCM, which has no longer messages', () => {
    const long = new Uint8Array(2 ** 24 + 16);
    const prepared = ({ aeads }: CryptoProvider) => aeads['aes-128-ccm'].prepare(entropy(16));
    bothRefuse((crypto) => prepared(crypto).seal(entropy(12), none, long.subarray(16), long, 0));
    same((crypto) => prepared(crypto).open(entropy(12), none, long, long, 0));
  });
});

describe('both providers agree on keys', () => {
  for (const name of groupNames) {
    const isSlow = ['ffdhe4096', 'ffdhe6144', 'ffdhe8192'].includes(name);
    const skip = isSlow && process.env['FC_RUNS'] === undefined && 'in long runs only';
    const group = noble.groups[name];
    const { initiatorShareLength, responderShareLength } = group;
    const { generateEntropyLength, encapsulateEntropyLength } = group;

    it(`with ${name}: the same shares and secrets, and the same refusals`, { skip }, () => {
      same(({ groups }) => ({ ...groups[name], generate: 0, encapsulate: 0, decapsulate: 0 }));
      fc.assert(
        fc.property(
          anyBytes(generateEntropyLength),
          anyBytes(encapsulateEntropyLength),
          fc.nat(),
          (mine, yours, anywhere) => {
            const initiator = same(({ groups }) => groups[name].generate(mine));
            const responder = good(same(({ groups }) => groups[name].encapsulate(initiator.share, yours)));
            // With the private key that the provider made itself, and with one that it has never seen.
            for (const privateKey of [initiator.privateKey, secret(initiator.privateKey.slice())]) {
              const agreed = same(({ groups }) => groups[name].decapsulate(privateKey, responder.share));
              assert.deepEqual(good(agreed), responder.sharedSecret);
            }
            const own = node.groups[name].generate(mine);
            assert.deepEqual(
              node.groups[name].decapsulate(own.privateKey, responder.share),
              noble.groups[name].decapsulate(own.privateKey, responder.share),
            );
            const bit = anywhere % (8 * responder.share.length);
            same(({ groups }) => groups[name].decapsulate(own.privateKey, flipBit(responder.share, bit)));
            const offered = flipBit(initiator.share, anywhere % (8 * initiator.share.length));
            same(({ groups }) => groups[name].encapsulate(offered, yours));
          },
        ),
        runs(name.startsWith('ffdhe') ? 1 : 3),
      );
      const { privateKey } = group.generate(entropy(generateEntropyLength));
      for (const share of [none, new Uint8Array(initiatorShareLength), entropy(initiatorShareLength)]) {
        same(({ groups }) => groups[name].encapsulate(share, entropy(encapsulateEntropyLength)));
      }
      for (const share of [none, new Uint8Array(responderShareLength), entropy(responderShareLength)]) {
        same(({ groups }) => groups[name].decapsulate(privateKey, share));
      }
      bothRefuse(({ groups }) => groups[name].generate(entropy(generateEntropyLength - 1)));
      bothRefuse(({ groups }) => groups[name].encapsulate(none, entropy(encapsulateEntropyLength + 1)));
      bothRefuse(({ groups }) => groups[name].decapsulate(secret(none), none));
    });
  }

  it('with X25519 and X448 and points of low order, or not reduced', () => {
    const p25519 = 2n ** 255n - 19n;
    const p448 = 2n ** 448n - 2n ** 224n - 1n;
    const order8 = [
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
    ];
    const low = [0n, 1n, p25519 - 1n, ...order8];
    for (const u of [...low, ...low.map((n) => n + p25519), 9n + p25519, 2n ** 255n - 1n, 2n ** 256n - 1n]) {
      const share = bigintToBytes(u % 2n ** 256n, 32).reverse();
      same(({ groups }) => groups.x25519.decapsulate(secret(entropy(32)), share));
      same(({ groups }) => groups.x25519.encapsulate(share, entropy(32)));
    }
    for (const u of [0n, 1n, p448 - 1n, p448, p448 + 1n, p448 + 5n, 2n ** 448n - 1n]) {
      const share = bigintToBytes(u, 56).reverse();
      same(({ groups }) => groups.x448.decapsulate(secret(entropy(56)), share));
    }
  });

  it('with the NIST curves and points in every other form, or not reduced', () => {
    for (const name of curveNames) {
      const { length, prime, order } = curveFacts[name];
      const { privateKey, share } = noble.groups[name].generate(
        entropy(noble.groups[name].generateEntropyLength),
      );
      const [x, y] = [bytesToBigint(share.slice(1, 1 + length)), bytesToBigint(share.slice(1 + length))];
      const points = [0, 1, 2, 3, 4, 5, 6, 7].map((form) => Uint8Array.of(form, ...share.subarray(1)));
      for (const [otherX, otherY] of [
        [x, prime - y],
        [x + prime, y],
        [x, y + prime],
        [0n, 0n],
        [prime, y],
      ] as const) {
        const coordinates = [otherX, otherY].map((n) => n % 2n ** BigInt(8 * length));
        points.push(Uint8Array.of(4, ...coordinates.flatMap((n) => [...bigintToBytes(n, length)])));
      }
      for (const point of points) {
        same(({ groups }) => groups[name].decapsulate(privateKey, point));
        same(({ publicKey }) => publicKey({ kind: 'ec', curve: name, point }));
      }
      for (const scalar of [0n, order, order + 1n]) {
        bothRefuse(({ groups }) => groups[name].decapsulate(secret(bigintToBytes(scalar, length)), share));
      }
    }
  });

  it('with finite fields and the ends of their range, and what is no square in them', () => {
    for (const name of ['ffdhe2048'] as const satisfies readonly FfdheName[]) {
      const p = ffdhePrime(name);
      const length = noble.groups[name].initiatorShareLength;
      const { privateKey } = noble.groups[name].generate(entropy(noble.groups[name].generateEntropyLength));
      for (const y of [0n, 1n, 2n, 4n, p - 4n, p - 2n, p - 1n, p, 2n ** BigInt(8 * length) - 1n]) {
        same(({ groups }) => groups[name].decapsulate(privateKey, bigintToBytes(y, length)));
      }
    }
  });
});

describe('both providers check and make the same keys', () => {
  const kinds: readonly GeneratedKeyKind[] = [
    { kind: 'rsa', bits: 2048 },
    ...curveNames.map((curve) => ({ kind: 'ec', curve }) as const),
    { kind: 'ed25519' },
    { kind: 'ed448' },
    { kind: 'ml-dsa-44' },
    { kind: 'ml-dsa-65' },
    { kind: 'ml-dsa-87' },
  ];
  for (const kind of kinds) {
    it(`${'curve' in kind ? kind.curve : kind.kind} from the same entropy`, () => {
      const key = same(({ generateKey }) => generateKey(kind, entropy(32)));
      const { public: half, ...input } = key;
      same(({ privateKey }) => privateKey(input));
      same(({ publicKey }) => publicKey(half));
      bothRefuse(({ generateKey }) => generateKey(kind, entropy(31)));
    });
  }

  it('from EC scalars at the ends of their range', () => {
    for (const curve of curveNames) {
      const { length, order } = curveFacts[curve];
      for (const n of [0n, 1n, 2n, order - 1n, order, 2n ** BigInt(8 * length) - 1n]) {
        same(({ privateKey }) => privateKey({ kind: 'ec', curve, scalar: secret(bigintToBytes(n, length)) }));
      }
      same(({ privateKey }) => privateKey({ kind: 'ec', curve, scalar: secret(entropy(length - 1)) }));
    }
  });

  it('from any bytes for public keys and seeds', () => {
    const points = fc.constantFrom(...curveNames).chain((curve) =>
      fc
        .oneof(
          anyBytes(0, 140),
          anyBytes(2 * curveFacts[curve].length).map((xy) => Uint8Array.of(4, ...xy)),
        )
        .map((point): PublicKeyInput => ({ kind: 'ec', curve, point })),
    );
    const edwards = fc.oneof(
      fc.record({ kind: fc.constant('ed25519' as const), bytes: anyBytes(31, 33) }),
      fc.record({ kind: fc.constant('ed25519' as const), bytes: anyBytes(32) }),
      fc.record({ kind: fc.constant('ed448' as const), bytes: anyBytes(56, 58) }),
    );
    fc.assert(
      fc.property(fc.oneof(points, edwards), (input) => {
        same(({ publicKey }) => publicKey(input));
      }),
      runs(60),
    );
    for (const bytes of [...ED25519_TORSION_SUBGROUP.map(hex), entropy(1312)]) {
      same(({ publicKey }) => publicKey({ kind: 'ed25519', bytes }));
      same(({ publicKey }) => publicKey({ kind: 'ml-dsa-44', bytes }));
      same(({ privateKey }) => privateKey({ kind: 'ed448', seed: secret(bytes) }));
    }
    for (const bytes of ED448_TORSION_SUBGROUP.map(hex)) {
      same(({ publicKey }) => publicKey({ kind: 'ed448', bytes }));
    }
  });

  it('from RSA numbers that do not belong together, or are not prime', () => {
    const { modulus, prime1, prime2, publicExponent } = rsaInput;
    for (const wrong of [
      { modulus: modulus + 2n },
      { publicExponent: 3n },
      { publicExponent: 2n },
      { privateExponent: rsaInput.privateExponent + 2n },
      { prime1: prime2, prime2: prime1 },
      { exponent1: 1n },
      { coefficient: 1n },
    ]) {
      same(({ privateKey }) => privateKey({ ...rsaInput, ...wrong }));
    }
    same(({ privateKey }) => privateKey(rsaFromPrimes(prime1, prime2 + 2n)));
    for (const n of [0n, 1n, modulus - 1n, 2n ** 2047n - 1n, 2n ** 8192n + 1n]) {
      same(({ publicKey }) => publicKey({ kind: 'rsa', modulus: n, publicExponent }));
    }
  });
});

describe('both providers sign and verify alike', () => {
  const keyed: readonly (readonly [PrivateKey, readonly SignatureAlgorithm[]])[] = [
    [
      rsaKey(),
      signatureHashes.flatMap((each): readonly SignatureAlgorithm[] => [
        { kind: 'rsa-pkcs1', hash: each },
        { kind: 'rsa-pss', hash: each, saltLength: 32 },
        { kind: 'rsa-pss', hash: each, saltLength: 0 },
      ]),
    ],
    ...curveNames.map((curve): readonly [PrivateKey, readonly SignatureAlgorithm[]] => [
      noble.generateKey({ kind: 'ec', curve }, entropy(32)),
      signatureHashes.map((each) => ({ kind: 'ecdsa', hash: each })),
    ]),
    ...(['ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const).map(
      (kind): readonly [PrivateKey, readonly SignatureAlgorithm[]] => [
        noble.generateKey({ kind }, entropy(32)),
        [{ kind }],
      ],
    ),
  ];
  for (const [key, algorithms] of keyed) {
    const what = 'curve' in key ? `ECDSA on ${key.curve}` : key.kind;

    it(`with ${what}`, () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...algorithms),
          anyBytes(0, 200),
          anyBytes(32),
          fc.nat(),
          (algorithm, message, fresh, anywhere) => {
            const signature = good(same(({ sign }) => sign(algorithm, key, message, fresh)));
            const verifies = (signed: Uint8Array, by: Uint8Array) =>
              same(({ verify }) => verify(algorithm, key.public, signed, by));
            assert.equal(verifies(message, signature), true);
            assert.equal(verifies(message, flipBit(signature, anywhere % (8 * signature.length))), false);
            assert.equal(verifies(Uint8Array.of(...message, 0), signature), false);
            verifies(message, signature.subarray(anywhere % signature.length));
            verifies(message, Uint8Array.of(...signature, 0));
            verifies(message, new Uint8Array(signature.length));
            verifies(message, new Uint8Array(signature.length).fill(0xff));
          },
        ),
        runs(key.kind === 'rsa' || what.endsWith('secp521r1') ? 4 : 8),
      );
      bothRefuse(({ sign }) => sign(algorithms[0] ?? assert.fail(), key, none, entropy(31)));
    });
  }

  it('with keys of another kind, and with keys that the other provider has made', () => {
    const algorithms = keyed.flatMap(([, [first]]) => (first === undefined ? [] : [first]));
    for (const [key] of keyed) {
      for (const algorithm of algorithms) {
        same(({ verify }) => verify(algorithm, key.public, none, entropy(64)));
        if (algorithm.kind.startsWith('ml-dsa')) continue;
        same(({ sign }) => sign(algorithm, key, none, entropy(32)));
      }
    }
    for (const kind of ['ed25519', 'ed448'] as const) {
      const theirs = node.generateKey({ kind }, entropy(32));
      const signature = good(noble.sign({ kind }, theirs, utf8('x'), entropy(32)));
      assert.ok(node.verify({ kind }, theirs.public, utf8('x'), signature));
    }
  });

  it('with ECDSA signatures in other encodings, and numbers out of range', () => {
    for (const curve of curveNames) {
      const key = noble.generateKey({ kind: 'ec', curve }, entropy(32));
      const { order, length } = curveFacts[curve];
      const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
      const numbers = [0n, 1n, order - 1n, order, order + 1n, 2n ** BigInt(8 * length) - 1n];
      for (const r of numbers) {
        for (const s of numbers) {
          const [first, second] = [r, s].map((n) => {
            const content = [0, ...bigintToBytes(n, length)];
            while (content.length > 1 && content[0] === 0 && (content[1] ?? 0) < 0x80) content.shift();
            return [0x02, content.length, ...content];
          });
          const content = [...(first ?? []), ...(second ?? [])];
          const header = content.length < 0x80 ? [content.length] : [0x81, content.length];
          for (const form of [
            [0x30, ...header, ...content],
            [0x30, 0x82, 0, content.length, ...content],
            [0x30, 0x80, ...content, 0, 0],
            [0x30, ...header, ...content, 0],
          ]) {
            same(({ verify }) => verify(algorithm, key.public, utf8('x'), Uint8Array.from(form)));
          }
        }
      }
    }
  });

  it('with EdDSA signatures that have points of small order in them', () => {
    const schemes = [
      ['ed25519', ed25519.Point, ED25519_TORSION_SUBGROUP, (data: Uint8Array) => sha512(data)],
      [
        'ed448',
        ed448.Point,
        ED448_TORSION_SUBGROUP,
        (data: Uint8Array) => shake256(Uint8Array.of(...utf8('SigEd448'), 0, 0, ...data), { dkLen: 114 }),
      ],
    ] as const;
    for (const [kind, Point, torsion, challenge] of schemes) {
      for (const low of torsion.map((encoded) => Point.fromBytes(hex(encoded)))) {
        for (const [commitment, inKey] of [
          [98765n, false],
          [98765n, true],
          [0n, false],
          [0n, true],
        ] as const) {
          const r = Point.BASE.multiplyUnsafe(commitment).add(low).toBytes();
          const bytes = Point.BASE.multiplyUnsafe(12345n)
            .add(inKey ? low : Point.ZERO)
            .toBytes();
          const k = bytesToBigint(challenge(Uint8Array.of(...r, ...bytes, ...utf8('x'))).reverse());
          const s = bigintToBytes((commitment + k * 12345n) % Point.Fn.ORDER, r.length).reverse();
          const key = good(same(({ publicKey }) => publicKey({ kind, bytes })));
          same(({ verify }) => verify({ kind }, key, utf8('x'), Uint8Array.of(...r, ...s)));
        }
      }
    }
  });
});

describe('both providers encrypt and decrypt alike with RSA', () => {
  const key = rsaKey();
  const publicKey = key.public.kind === 'rsa' ? { ...key.public } : assert.fail();
  const checked = good(noble.publicKey(publicKey));
  assert.ok(checked.kind === 'rsa');

  it('what is well formed, and what is not', () => {
    fc.assert(
      fc.property(anyBytes(0, 100), anyBytes(32), hash, anyBytes(256), (message, fresh, name, any) => {
        assert.ok(checked.kind === 'rsa');
        const pkcs1 = good(same(({ rsa }) => rsa.encryptPkcs1(checked, message, fresh)));
        const oaep = good(same(({ rsa }) => rsa.encryptOaep(checked, name, fresh, message, fresh)));
        for (const ciphertext of [pkcs1, oaep, any, flipBit(pkcs1, 2040), any.subarray(1)]) {
          same(({ rsa }) => rsa.decryptPkcs1(key, ciphertext, entropy(message.length), fresh));
          same(({ rsa }) => rsa.decryptOaep(key, name, fresh, ciphertext, fresh));
        }
      }),
      runs(4),
    );
  });

  it('up to their limits', () => {
    for (const length of [245, 246, 300]) {
      same(({ rsa }) => rsa.encryptPkcs1(checked, new Uint8Array(length), entropy(32)));
      same(({ rsa }) => rsa.encryptOaep(checked, 'sha512', none, new Uint8Array(length - 119), entropy(32)));
    }
    bothRefuse(({ rsa }) => rsa.decryptPkcs1(key, none, new Uint8Array(246), entropy(32)));
    bothRefuse(({ rsa }) => rsa.decryptOaep(key, 'sha256', none, none, entropy(31)));
    for (const n of [key.modulus - 1n, key.modulus, 2n ** 2048n - 1n, 0n, 1n]) {
      same(({ rsa }) => rsa.decryptPkcs1(key, bigintToBytes(n, 256), entropy(48), entropy(32)));
    }
  });
});

describe('the provider on node:crypto', () => {
  it('compares secrets as the portable one does', () => {
    fc.assert(
      fc.property(anyBytes(0, 40), anyBytes(0, 40), (a, b) => {
        same(({ equal }) => [equal(a, b), equal(a, a.slice()), equal(a, flipBit(Uint8Array.of(...a, 0), 0))]);
      }),
      runs(30),
    );
  });

  it('says what is native, and the portable one that nothing is', () => {
    assert.equal(noble.native.size, 0);
    assert.ok(node.native.has('aes-gcm') && node.native.has('eddsa'));
    assert.equal(node.native.has('ecdsa-signing'), false);
    const [major = 0] = process.versions.node.split('.').map(Number);
    assert.equal(node.native.has('ml-kem-decapsulation'), major >= 24);
    assert.equal(node.native.has('ml-dsa-verification'), major >= 24);
  });

  it('hands out arrays whose slices are copies', () => {
    const [digest] = [node.hashes.sha256.digest(none)];
    digest.slice().fill(0);
    assert.deepEqual(digest, noble.hashes.sha256.digest(none));
  });

  it('forgets a private key that its holder wipes', () => {
    for (const name of ['x25519', 'secp256r1', 'X25519MLKEM768'] as const) {
      const group = node.groups[name];
      const { privateKey, share } = group.generate(entropy(group.generateEntropyLength));
      const reply = good(group.encapsulate(share, entropy(group.encapsulateEntropyLength)));
      privateKey.set(group.generate(entropy(group.generateEntropyLength, 7)).privateKey);
      assert.deepEqual(
        group.decapsulate(privateKey, reply.share),
        noble.groups[name].decapsulate(privateKey, reply.share),
      );
    }
  });
});
