import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  GENERATE_LIMIT,
  generate,
  RESEED_LENGTH,
  type Rng,
  reseed,
  SEED_LENGTH,
  seedRng,
} from '../../nocrypto/index.ts';
import { deriveRng } from '../../nocrypto/rng.ts';
import { anyBytes, entropy, hex, runs, utf8 } from './support.ts';

describe('HMAC-DRBG', () => {
  // NIST CAVP, drbgvectors_no_reseed and drbgvectors_pr_false, HMAC_DRBG.rsp: SHA-256, no additional input, 1024 bits
  // of output, of which the second call's are given.
  const vectors = [
    {
      name: 'no reseed, no personalization, COUNT 0',
      entropyInput: 'ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488',
      nonce: '659ba96c601dc69fc902940805ec0ca8',
      returned:
        'e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460' +
        'b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668' +
        '961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8',
    },
    {
      name: 'no reseed, no personalization, COUNT 1',
      entropyInput: '79737479ba4e7642a221fcfd1b820b134e9e3540a35bb48ffae29c20f5418ea3',
      nonce: '3593259c092bef4129bc2c6c9e19f343',
      returned:
        'cf5ad5984f9e43917aa9087380dac46e410ddc8a7731859c84e9d0f31bd43655b924159413e2293b17610f211e09f770' +
        'f172b8fb693a35b85d3b9e5e63b1dc252ac0e115002e9bedfb4b5b6fd43f33b8e0eafb2d072e1a6fee1f159df9b51e6c' +
        '8da737e60d5032dd30544ec51558c6f080bdbdab1de8a939e961e06b5f1aca37',
    },
    {
      name: 'no reseed, personalization, COUNT 0',
      entropyInput: '5cacc68165a2e2ee20812f35ec73a79dbf30fd475476ac0c44fc6174cdac2b55',
      nonce: '6f885496c1e63af620becd9e71ecb824',
      personalization: 'e72dd8590d4ed5295515c35ed6199e9d211b8f069b3058caa6670b96ef1208d0',
      returned:
        'f1012cf543f94533df27fedfbf58e5b79a3dc517a9c402bdbfc9a0c0f721f9d53faf4aafdc4b8f7a1b580fcaa52338d4' +
        'bd95f58966a243cdcd3f446ed4bc546d9f607b190dd69954450d16cd0e2d6437067d8b44d19a6af7a7cfa8794e5fbd72' +
        '8e8fb2f2e8db5dd4ff1aa275f35886098e80ff844886060da8b1e7137846b23b',
    },
    {
      name: 'no reseed, personalization, COUNT 1',
      entropyInput: '8df013b4d103523073917ddf6a869793059e9943fc8654549e7ab22f7c29f122',
      nonce: 'da2625af2ddd4abcce3cf4fa4659d84e',
      personalization: 'b571e66d7c338bc07b76ad3757bb2f9452bf7e07437ae8581ce7bc7c3ac651a9',
      returned:
        'b91cba4cc84fa25df8610b81b641402768a2097234932e37d590b1154cbd23f97452e310e291c45146147f0da2d81761' +
        'fe90fba64f94419c0f662b28c1ed94da487bb7e73eec798fbcf981b791d1be4f177a8907aa3c401643a5b62b87b89d66' +
        'b3a60e40d4a8e4e9d82af6d2700e6f535cdb51f75c321729103741030ccc3a56',
    },
    {
      name: 'reseed, COUNT 0',
      entropyInput: '06032cd5eed33f39265f49ecb142c511da9aff2af71203bffaf34a9ca5bd9c0d',
      nonce: '0e66f71edc43e42a45ad3c6fc6cdc4df',
      reseed: '01920a4e669ed3a85ae8a33b35a74ad7fb2a6bb4cf395ce00334a9c9a5a5d552',
      returned:
        '76fc79fe9b50beccc991a11b5635783a83536add03c157fb30645e611c2898bb2b1bc215000209208cd506cb28da2a51' +
        'bdb03826aaf2bd2335d576d519160842e7158ad0949d1a9ec3e66ea1b1a064b005de914eac2e9d4f2d72a8616a802254' +
        '22918250ff66a41bd2f864a6a38cc5b6499dc43f7f2bd09e1e0f8f5885935124',
    },
    {
      name: 'reseed, COUNT 1',
      entropyInput: 'aadcf337788bb8ac01976640726bc51635d417777fe6939eded9ccc8a378c76a',
      nonce: '9ccc9d80c89ac55a8cfe0f99942f5a4d',
      reseed: '03a57792547e0c98ea1776e4ba80c007346296a56a270a35fd9ea2845c7e81e2',
      returned:
        '17d09f40a43771f4a2f0db327df637dea972bfff30c98ebc8842dc7a9e3d681c61902f71bffaf5093607fbfba9674a70' +
        'd048e562ee88f027f630a78522ec6f706bb44ae130e05c8d7eac668bf6980d99b4c0242946452399cb032cc6f9fd9628' +
        '4709bd2fa565b9eb9f2004be6c9ea9ff9128c3f93b60dc30c5fc8587a10de68c',
    },
  ];
  for (const { name, entropyInput, nonce, personalization = '', reseed: fresh, returned } of vectors) {
    it(`gives the bytes of NIST CAVP: ${name}`, () => {
      const seeded = seedRng(hex(entropyInput + nonce), hex(personalization));
      const reseeded = fresh === undefined ? seeded : reseed(seeded, hex(fresh));
      const first = generate(reseeded, 128);
      assert.deepEqual(generate(first.rng, 128).bytes, hex(returned));
    });
  }

  it('is a value: an old generator yields the same bytes and the same successor again', () => {
    fc.assert(
      fc.property(
        anyBytes(SEED_LENGTH, 64),
        fc.nat({ max: 200 }),
        anyBytes(RESEED_LENGTH),
        (seed, n, fresh) => {
          const rng = seedRng(seed);
          const once = generate(rng, n);
          reseed(rng, fresh);
          assert.deepEqual(generate(rng, n), once);
          assert.equal(once.bytes.length, n);
        },
      ),
      runs(50),
    );
  });

  it('never repeats itself along its successors', () => {
    const seen = new Set<string>();
    let rng: Rng = seedRng(entropy(SEED_LENGTH));
    for (let i = 0; i < 200; i++) {
      const drawn = generate(rng, 16);
      seen.add(Buffer.from(drawn.bytes).toString('hex'));
      rng = drawn.rng;
    }
    assert.equal(seen.size, 200);
  });

  it('gives unrelated bytes for another entropy, another personalization, or after a reseed', () => {
    const first = seedRng(entropy(48));
    const outputs = [
      first,
      seedRng(entropy(48, 2)),
      seedRng(entropy(48), utf8('client')),
      reseed(first, entropy(32)),
    ];
    const distinct = new Set(outputs.map((rng) => generate(rng, 32).bytes.join()));
    assert.equal(distinct.size, outputs.length);
  });

  it('does not depend on the caller’s buffers afterwards', () => {
    const seed = entropy(48);
    const rng = seedRng(seed);
    const { bytes } = generate(rng, 16);
    seed.fill(0);
    generate(rng, 16).bytes.fill(0);
    assert.deepEqual(generate(rng, 16).bytes, bytes);
  });

  it('refuses too little entropy', () => {
    assert.throws(() => seedRng(entropy(SEED_LENGTH - 1)), RangeError);
    assert.throws(() => reseed(seedRng(entropy(SEED_LENGTH)), entropy(RESEED_LENGTH - 1)), RangeError);
  });

  it('gives 0 to 65536 bytes in a call', () => {
    const rng = seedRng(entropy(SEED_LENGTH));
    assert.equal(generate(rng, 0).bytes.length, 0);
    assert.equal(generate(rng, GENERATE_LIMIT).bytes.length, GENERATE_LIMIT);
    for (const length of [GENERATE_LIMIT + 1, -1, 0.5, Number.NaN]) {
      assert.throws(() => generate(rng, length), RangeError);
    }
  });

  it('stops after 2^48 calls until it is reseeded', () => {
    const last: Rng = { ...seedRng(entropy(SEED_LENGTH)), reseedCounter: 2 ** 48 };
    const spent = generate(last, 1).rng;
    assert.throws(() => generate(spent, 1), RangeError);
    assert.equal(generate(reseed(spent, entropy(RESEED_LENGTH)), 1).bytes.length, 1);
  });

  it('derives unrelated generators when the same bytes are split between inputs in another way', () => {
    const outputs = [
      deriveRng('a', utf8('bc'), utf8('d')),
      deriveRng('a', utf8('b'), utf8('cd')),
      deriveRng('a', utf8('bcd')),
      deriveRng('ab', utf8('cd')),
      deriveRng('abcd'),
    ];
    assert.equal(new Set(outputs.map((rng) => generate(rng, 16).bytes.join())).size, outputs.length);
  });
});
