import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { noble, type SignatureHash } from '../../nocrypto/index.ts';
import { deriveRng } from '../../nocrypto/rng.ts';
import { privateOperation } from '../../nocrypto/rsa.ts';
import {
  anyBytes,
  bigintToBytes,
  bytesToBigint,
  entropy,
  firstThatFits,
  flipBit,
  good,
  hex,
  type RsaInput,
  rsaFromPrimes,
  rsaInput,
  rsaKey,
  runs,
  utf8,
} from './support.ts';

const hashes: readonly SignatureHash[] = ['sha256', 'sha384', 'sha512'];
const LENGTH = 256;

const key = rsaKey();
const node = nodeKeys(rsaInput);
const pkcs1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
const pss = { kind: 'rsa-pss', hash: 'sha256', saltLength: 32 } as const;
const message = utf8('the message');

describe('RSA signatures', () => {
  // RFC 7520 §4, the JOSE cookbook: the signing input is header.payload.
  const payload =
    'SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9h' +
    'ZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3' +
    'ZXB0IG9mZiB0by4';

  it('makes the PKCS#1 v1.5 signature of RFC 7520 §4.1', () => {
    const input = utf8(`eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.${payload}`);
    const signature = base64url(
      'MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB' +
        '-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxn' +
        't8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcI' +
        'e8u9ipH84ogoree7vjbU5y18kDquDg',
    );
    assert.deepEqual(good(noble.sign(pkcs1, key, input, entropy(32))), signature);
    assert.ok(noble.verify(pkcs1, key.public, input, signature));
  });

  it('takes the PSS signature of RFC 7520 §4.2', () => {
    const input = utf8(`eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.${payload}`);
    const signature = base64url(
      'cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6' +
        '_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3' +
        'lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6G' +
        'YmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw',
    );
    const algorithm = { kind: 'rsa-pss', hash: 'sha384', saltLength: 48 } as const;
    assert.ok(noble.verify(algorithm, key.public, input, signature));
  });

  it('PKCS#1: equals node:crypto byte for byte, whatever the entropy', () => {
    fc.assert(
      fc.property(fc.constantFrom(...hashes), anyBytes(0, 200), anyBytes(32), (hash, text, fresh) => {
        const ours = good(noble.sign({ kind: 'rsa-pkcs1', hash }, key, text, fresh));
        assert.deepEqual(ours, Uint8Array.from(nodeSign(hash, text, node.privateKey)));
        assert.ok(noble.verify({ kind: 'rsa-pkcs1', hash }, key.public, text, ours));
      }),
      runs(15),
    );
  });

  it('PSS: node:crypto takes ours and we take its, with any hash and salt length', () => {
    const saltLengths = fc.constantFrom(0, 20, 32, 48, 64, 190);
    fc.assert(
      fc.property(
        fc.constantFrom(...hashes),
        saltLengths,
        anyBytes(0, 200),
        anyBytes(32),
        (hash, saltLength, text, fresh) => {
          const algorithm = { kind: 'rsa-pss', hash, saltLength } as const;
          const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
          const ours = good(noble.sign(algorithm, key, text, fresh));
          assert.ok(nodeVerify(hash, text, { key: node.publicKey, ...padding }, ours));
          const theirs = nodeSign(hash, text, { key: node.privateKey, ...padding });
          assert.ok(noble.verify(algorithm, key.public, text, theirs));
        },
      ),
      runs(15),
    );
  });

  it('PSS: equal entropy gives an equal signature, other entropy another one', () => {
    const signature = good(noble.sign(pss, key, message, entropy(32)));
    assert.deepEqual(good(noble.sign(pss, key, message, entropy(32))), signature);
    assert.notDeepEqual(good(noble.sign(pss, key, message, entropy(32, 2))), signature);
  });

  it('PSS: two keys draw different salts from equal entropy, since the private exponent is mixed in', () => {
    const other = good(noble.privateKey(rsaFromPrimes(rsaInput.prime1, 3n * 2n ** 1023n + 203n)));
    assert.ok(other.kind === 'rsa');
    const salts = [key, other].map((signer) => {
      const signature = good(noble.sign(pss, signer, message, entropy(32)));
      const recovered = power(bytesToBigint(signature), signer.publicExponent, signer.modulus);
      const em = bigintToBytes(recovered, LENGTH);
      return mask(em.subarray(0, LENGTH - 33), em.subarray(LENGTH - 33, -1)).slice(-32);
    });
    assert.notDeepEqual(salts[0], salts[1]);
  });

  it('works with moduli that are not a multiple of eight bits long', () => {
    for (const [bits, prime] of [
      [2049, 3n * 2n ** 1023n + 203n],
      [2050, 3n * 2n ** 1024n + 515n],
    ] as const) {
      const input = rsaFromPrimes(rsaInput.prime1, prime);
      assert.equal(input.modulus.toString(2).length, bits);
      const odd = good(noble.privateKey(input));
      const oddNode = nodeKeys(input);
      for (const algorithm of [pkcs1, pss]) {
        const padding =
          algorithm.kind === 'rsa-pss'
            ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
            : { padding: constants.RSA_PKCS1_PADDING };
        const ours = good(noble.sign(algorithm, odd, message, entropy(32)));
        assert.equal(ours.length, 257);
        assert.ok(nodeVerify('sha256', message, { key: oddNode.publicKey, ...padding }, ours));
        const theirs = nodeSign('sha256', message, { key: oddNode.privateKey, ...padding });
        assert.ok(noble.verify(algorithm, odd.public, message, theirs));
      }
    }
  });

  for (const algorithm of [pkcs1, pss]) {
    const signature = good(noble.sign(algorithm, key, message, entropy(32)));
    const verifies = (forged: Uint8Array) => noble.verify(algorithm, key.public, message, forged);

    it(`${algorithm.kind}: refuses a change of any bit of message or signature`, () => {
      fc.assert(
        fc.property(fc.nat(), (anywhere) => {
          assert.equal(verifies(flipBit(signature, anywhere % (8 * LENGTH))), false);
          const changed = flipBit(message, anywhere % (8 * message.length));
          assert.equal(noble.verify(algorithm, key.public, changed, signature), false);
        }),
        runs(30),
      );
    });

    it(`${algorithm.kind}: refuses another hash`, () => {
      for (const hash of ['sha384', 'sha512'] as const) {
        assert.equal(noble.verify({ ...algorithm, hash }, key.public, message, signature), false);
      }
    });

    it(`${algorithm.kind}: refuses a signature of any other length, also the same number with zeros in front`, () => {
      for (const wrong of [
        new Uint8Array(0),
        signature.subarray(1),
        signature.subarray(0, -1),
        Uint8Array.of(0, ...signature),
        Uint8Array.of(...signature, 0),
      ]) {
        assert.equal(verifies(wrong), false);
      }
    });

    it(`${algorithm.kind}: refuses a signature that is not below the modulus`, () => {
      // Some message's signature is small enough for s + n to fit; the sum is the same residue.
      const small = firstThatFits(
        (seed) => {
          const text = utf8(`message ${seed}`);
          return { text, s: bytesToBigint(good(noble.sign(algorithm, key, text, entropy(32)))) };
        },
        ({ s }) => s + key.modulus < 2n ** 2048n,
      );
      const forged = bigintToBytes(small.s + key.modulus, LENGTH);
      assert.ok(noble.verify(algorithm, key.public, small.text, bigintToBytes(small.s, LENGTH)));
      assert.equal(noble.verify(algorithm, key.public, small.text, forged), false);
      assert.equal(verifies(bigintToBytes(key.modulus, LENGTH)), false);
      assert.equal(verifies(new Uint8Array(LENGTH).fill(0xff)), false);
    });

    it(`${algorithm.kind}: refuses 0, 1 and n − 1, whose powers an attacker knows`, () => {
      for (const s of [0n, 1n, key.modulus - 1n]) assert.equal(verifies(bigintToBytes(s, LENGTH)), false);
    });

    it(`${algorithm.kind}: withholds a result that a fault has spoilt`, () => {
      const faults = [
        { exponent1: key.exponent1 + 2n },
        { exponent2: key.exponent2 ^ 8n },
        { coefficient: key.coefficient + 1n },
        { prime1: key.prime1 + 2n },
        { prime2: key.prime2 - 2n },
      ];
      for (const fault of faults) {
        assert.deepEqual(noble.sign(algorithm, { ...key, ...fault }, message, entropy(32)), {
          ok: false,
          error: { kind: 'fault' },
        });
      }
    });

    it(`${algorithm.kind}: holds its caller to 32 bytes of entropy`, () => {
      for (const length of [0, 31, 33]) {
        assert.throws(() => noble.sign(algorithm, key, message, entropy(length)), RangeError);
      }
    });
  }

  it('the private operation takes 0, 1 and n − 1 like any other number', () => {
    const rng = deriveRng('test', entropy(32));
    for (const m of [0n, 1n, 2n, key.modulus - 1n]) {
      const s = good(privateOperation(key, m, rng));
      assert.equal(power(s, key.publicExponent, key.modulus), m);
    }
    assert.equal(good(privateOperation(key, 0n, rng)), 0n);
    assert.equal(good(privateOperation(key, 1n, rng)), 1n);
  });

  it('refuses keys and salts that do not go with the algorithm', () => {
    const ec = noble.generateKey({ kind: 'ec', curve: 'secp256r1' }, entropy(32));
    const edwards = noble.generateKey({ kind: 'ed25519' }, entropy(32));
    const algorithms = [pkcs1, pss, { kind: 'ecdsa', hash: 'sha256' }, { kind: 'ed25519' }] as const;
    const suited = new Set(['rsa-pkcs1 rsa', 'rsa-pss rsa', 'ecdsa ec', 'ed25519 ed25519']);
    for (const algorithm of algorithms) {
      for (const other of [key, ec, edwards]) {
        const answer = noble.sign(algorithm, other, message, entropy(32));
        if (suited.has(`${algorithm.kind} ${other.kind}`)) {
          assert.ok(noble.verify(algorithm, other.public, message, good(answer)));
        } else {
          assert.equal(!answer.ok && answer.error.kind, 'unsuitable-key');
          assert.equal(noble.verify(algorithm, other.public, message, new Uint8Array(LENGTH)), false);
        }
      }
    }
    for (const saltLength of [-1, 0.5, Number.NaN, 223, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
      const algorithm = { ...pss, saltLength };
      const answer = noble.sign(algorithm, key, message, entropy(32));
      assert.equal(!answer.ok && answer.error.kind, 'unsuitable-key');
      assert.equal(noble.verify(algorithm, key.public, message, new Uint8Array(LENGTH)), false);
    }
    const widest = { ...pss, saltLength: 222 };
    const signature = good(noble.sign(widest, key, message, entropy(32)));
    assert.ok(noble.verify(widest, key.public, message, signature));
  });
});

describe('RSA PKCS#1 v1.5: what the private key was made to sign', () => {
  const digest = createHash('sha256').update(message).digest();
  const info = hex('3031300d060960864801650304020105000420');
  const encode = (...parts: readonly (Uint8Array | readonly number[])[]) =>
    Uint8Array.from(parts.flatMap((part) => [...part]));
  const padding = (length: number) => new Uint8Array(length).fill(0xff);
  const right = encode([0, 1], padding(LENGTH - 54), [0], info, digest);

  it('the right encoding is taken', () => assert.ok(takes(right)));

  const wrong: Readonly<Record<string, Uint8Array>> = {
    'garbage after the digest (Bleichenbacher 2006)': encode(
      [0, 1],
      padding(8),
      [0],
      info,
      digest,
      entropy(LENGTH - 62),
    ),
    'zeros after the digest': encode([0, 1], padding(8), [0], info, digest, new Uint8Array(LENGTH - 62)),
    'seven bytes of padding': encode([0, 1], padding(7), [0], info, digest, entropy(LENGTH - 61)),
    'no padding': encode([0, 1, 0], info, digest, entropy(LENGTH - 54)),
    'a byte of padding that is not FF': Uint8Array.from(right, (byte, i) => (i === 100 ? 0xfe : byte)),
    'encryption padding, block type 2': Uint8Array.from(right, (byte, i) => (i === 1 ? 2 : byte)),
    'block type 0': Uint8Array.from(right, (byte, i) => (i === 1 ? 0 : byte)),
    'the digest without DigestInfo': encode([0, 1], padding(LENGTH - 35), [0], digest),
    'the digest of another message': Uint8Array.from(right, (byte, i) => byte ^ (i === LENGTH - 1 ? 1 : 0)),
    'DigestInfo without its NULL': encode(
      [0, 1],
      padding(LENGTH - 52),
      [0],
      hex('302f300b0609608648016503040201' + '0420'),
      digest,
    ),
    'garbage in the parameters': encode(
      [0, 1],
      padding(LENGTH - 56),
      [0],
      hex('3033300f06096086480165030402010402aaaa0420'),
      digest,
    ),
    'another hash’s OID': encode(
      [0, 1],
      padding(LENGTH - 54),
      [0],
      hex('3031300d060960864801650304020305000420'),
      digest,
    ),
    'DigestInfo with lengths in long form': encode(
      [0, 1],
      padding(LENGTH - 55),
      [0],
      hex('308131300d060960864801650304020105000420'),
      digest,
    ),
    'DigestInfo and digest twice': encode([0, 1], padding(LENGTH - 54 - 51), [0], info, digest, info, digest),
  };
  for (const [what, encoded] of Object.entries(wrong)) {
    it(`${what}: refused`, () => {
      assert.equal(encoded.length, LENGTH);
      assert.equal(takes(encoded), false);
    });
  }

  function takes(encoded: Uint8Array): boolean {
    return noble.verify(pkcs1, key.public, message, rawSign(encoded));
  }
});

describe('RSA-PSS: what the private key was made to sign', () => {
  const salt = entropy(32, 7);

  it('the right encoding is taken', () => assert.ok(takes(encodePss({}))));

  it('the trailer must be BC', () => {
    for (const trailer of [0x00, 0xbd, 0xcc]) assert.equal(takes(encodePss({ trailer })), false);
  });

  it('the bit in front of the encoding must be zero', () => {
    // Not every encoding with that bit set is below the modulus: some salt gives one that is.
    const encoded = firstThatFits(
      (seed) => encodePss({ salt: entropy(32, seed) }),
      (made) => bytesToBigint(flipBit(made, 7)) < key.modulus,
    );
    assert.ok(takes(encoded));
    assert.equal(takes(flipBit(encoded, 7)), false);
  });

  it('the byte in front of the encoding must be zero where the modulus is a bit longer than whole bytes', () => {
    const input = rsaFromPrimes(rsaInput.prime1, 3n * 2n ** 1023n + 203n);
    const longer = good(noble.privateKey(input));
    // 2048 bits of encoding: all of the first byte is in use.
    const encoded = firstThatFits(
      (seed) => encodePss({ salt: entropy(32, seed), topMask: 0xff }),
      (made) => 2n ** 2048n + bytesToBigint(made) < input.modulus,
    );
    const rightOne = rawSign(Uint8Array.of(0, ...encoded), input);
    assert.ok(noble.verify(pss, longer.public, message, rightOne));
    const wrongOne = rawSign(Uint8Array.of(1, ...encoded), input);
    assert.equal(noble.verify(pss, longer.public, message, wrongOne), false);
  });

  it('the padding must be zeros and then 01', () => {
    const dbLength = LENGTH - 33;
    for (const at of [0, 1, 50, dbLength - 34]) {
      const db = rightDb();
      db[at] = (db[at] ?? 0) ^ 1;
      assert.equal(takes(encodePss({ db })), false, `byte ${at} is not zero`);
    }
    for (const separator of [0, 2, 0x81]) {
      const db = rightDb();
      db[dbLength - 33] = separator;
      assert.equal(takes(encodePss({ db })), false, `${separator} instead of 01`);
    }
  });

  it('the salt must have the length that was agreed', () => {
    for (const length of [0, 31, 33, 48, 64]) {
      const other = entropy(length, 7);
      assert.equal(takes(encodePss({ salt: other })), false, `salt of ${length}`);
      const algorithm = { ...pss, saltLength: length };
      const signature = rawSign(encodePss({ salt: other }));
      assert.ok(noble.verify(algorithm, key.public, message, signature), 'but right where it was agreed');
    }
  });

  it('the hash must be that of the salt and the message', () => {
    assert.equal(takes(encodePss({ hashedSalt: flipBit(salt, 0) })), false);
    assert.equal(takes(encodePss({ hashedMessage: utf8('the Message') })), false);
  });

  function rightDb(used: Uint8Array = salt): Uint8Array {
    return Uint8Array.of(...new Uint8Array(LENGTH - 34 - used.length), 1, ...used);
  }

  /** EMSA-PSS for the 2048-bit key and SHA-256, with whatever part the test wants different. */
  function encodePss(parts: {
    readonly salt?: Uint8Array;
    readonly hashedSalt?: Uint8Array;
    readonly hashedMessage?: Uint8Array;
    readonly db?: Uint8Array;
    readonly trailer?: number;
    readonly topMask?: number;
  }): Uint8Array {
    const digest = createHash('sha256')
      .update(parts.hashedMessage ?? message)
      .digest();
    const used = parts.salt ?? salt;
    const h = createHash('sha256')
      .update(new Uint8Array(8))
      .update(digest)
      .update(parts.hashedSalt ?? used)
      .digest();
    const db = parts.db ?? rightDb(used);
    const mask: number[] = [];
    for (let counter = 0; mask.length < db.length; counter++) {
      mask.push(
        ...createHash('sha256')
          .update(h)
          .update(Uint8Array.of(0, 0, 0, counter))
          .digest(),
      );
    }
    const masked = db.map((byte, i) => byte ^ (mask[i] ?? 0));
    masked[0] = (masked[0] ?? 0) & 0x7f;
    return Uint8Array.of(...masked, ...h, parts.trailer ?? 0xbc);
  }

  function takes(encoded: Uint8Array): boolean {
    return noble.verify(pss, key.public, message, rawSign(encoded));
  }
});

describe('RSA and any bytes', () => {
  it('verify answers without throwing, whatever signature and algorithm', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...hashes),
        fc.option(fc.integer({ min: -3, max: 300 })),
        fc.oneof(anyBytes(LENGTH), anyBytes(0, 300)),
        (hash, saltLength, forged) => {
          const algorithm =
            saltLength === null
              ? ({ kind: 'rsa-pkcs1', hash } as const)
              : ({ kind: 'rsa-pss', hash, saltLength } as const);
          assert.equal(noble.verify(algorithm, key.public, message, forged), false);
        },
      ),
      runs(60),
    );
  });
});

/** The textbook operation on an encoding, to make signatures that no honest signer makes. */
function rawSign(encoded: Uint8Array, signer: RsaInput = key): Uint8Array {
  const m = bytesToBigint(encoded);
  return bigintToBytes(good(privateOperation(signer, m, deriveRng('test', entropy(32)))), encoded.length);
}

/** db XOR MGF1-SHA-256(h). */
function mask(db: Uint8Array, h: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  for (let counter = 0; bytes.length < db.length; counter++) {
    bytes.push(
      ...createHash('sha256')
        .update(h)
        .update(Uint8Array.of(0, 0, 0, counter))
        .digest(),
    );
  }
  return db.map((byte, i) => byte ^ (bytes[i] ?? 0));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (
    let rest = exponent, square = base % modulus;
    rest > 0n;
    rest >>= 1n, square = (square * square) % modulus
  ) {
    if (rest & 1n) result = (result * square) % modulus;
  }
  return result;
}

function nodeKeys(input: RsaInput): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const text = (n: bigint) =>
    Buffer.from(bigintToBytes(n, Math.ceil(n.toString(16).length / 2))).toString('base64url');
  const privateKey = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: text(input.modulus),
      e: text(input.publicExponent),
      d: text(input.privateExponent),
      p: text(input.prime1),
      q: text(input.prime2),
      dp: text(input.exponent1),
      dq: text(input.exponent2),
      qi: text(input.coefficient),
    },
  });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function base64url(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}
