import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  FORTUNA_GENERATE_LIMIT,
  FORTUNA_POOLS,
  type Fortuna,
  fortunaAdd,
  fortunaGenerate,
  fortunaIsSeeded,
  fortunaReseed,
  fortunaStart,
} from '../../nocrypto/index.ts';
import { anyBytes, entropy, hex, runs, utf8 } from './support.ts';

describe('the generator of Fortuna', () => {
  it('gives the bytes, and goes on with the keys, of PyCrypto’s test_FortunaGenerator', () => {
    const seeded = fortunaReseed(fortunaStart(), utf8('Hello'));
    assert.deepEqual(seeded.key, hex('0ea6919d4361551364242a4ba890f8f073676e82cf1a52bb880f7e496648b565'));
    assert.equal(seeded.counter, 1);
    const first = fortunaGenerate(seeded, 32, 0);
    assert.deepEqual(first.bytes, hex('7cbe2c17684ac223d08969ee8b565616717661c0d2f4758bd6ba140bf3791abd'));
    assert.deepEqual(
      first.fortuna.key,
      hex('33a1bb21987859caf2bbfc5615bef56de6b71ff9f37112d0c193a135160862b7'),
    );
    assert.equal(first.fortuna.counter, 5);
    const second = fortunaGenerate(first.fortuna, 32, 0);
    assert.deepEqual(second.bytes, hex('fd6648ba3086e919cee34904ef09a7ff021f77580558b8c3e9248275f23042bf'));
  });

  it('gives the bytes of seehuhn’s TestOutput, which PyCrypto made', () => {
    const seeded = fortunaReseed(fortunaStart(), Uint8Array.of(1, 2, 3, 4));
    const first = fortunaGenerate(seeded, 100, 0);
    assert.deepEqual(
      first.bytes,
      hex(
        '52fee98bfe5506dede957823ad4759e833b6fc8b99996f1e10077cb99f183244ec6b8512d9db2e86a99cd34aa31164ad' +
          '1a46f6c139a4a7afe9dca07202c8d750cfda553aeb75b1df57c032fb3d418d643be417d73a6bf8f867397f1ff15be621' +
          '00a44d2e',
      ),
    );
    // A request for 2^20 + 100 bytes is one of 2^20 and one of 100.
    const million = fortunaGenerate(first.fortuna, FORTUNA_GENERATE_LIMIT, 0);
    const rest = fortunaGenerate(million.fortuna, 100, 0);
    assert.deepEqual(
      rest.bytes,
      hex(
        '7aa41a4366411ed9db710e56d692b9116b87b70712a27ece2e2636acf8c27654a292539c9860c00f17e0714c1508e229' +
          'a1abc5b48aec7e896519dbe103bd10f2215b221b08abab739d6df8c6e312ccd32ab85c2aabdec675a286746d4dc3bb8b' +
          '254ee03f',
      ),
    );
    const reseeded = fortunaGenerate(fortunaReseed(rest.fortuna, Uint8Array.of(5)), 100, 0);
    assert.deepEqual(
      reseeded.bytes,
      hex(
        'd9a88da72e09dabc627c6d80f216bd78b47c0fc07495d388fd843c031dfa5f4285c3254ef2ffa0d1b96a44695391a548' +
          'b3a735feb7fb80454e9cdb1a7cca2309aea72980b81902013f8ecda24544cffb650a1d218557bd24e53811648a314fef' +
          'd2bd8d2e',
      ),
    );
  });

  it('changes its key with every request, of any length', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100 }), (length) => {
        const seeded = fortunaReseed(fortunaStart(), entropy(32));
        const { bytes, fortuna } = fortunaGenerate(seeded, length, 0);
        assert.equal(bytes.length, length);
        assert.notDeepEqual(fortuna.key, seeded.key);
        assert.equal(fortuna.counter, seeded.counter + Math.ceil(length / 16) + 2);
      }),
      runs(20),
    );
  });

  it('goes on counting above 2^32', () => {
    const seeded = { ...fortunaReseed(fortunaStart(), entropy(32)), counter: 2 ** 32 - 1 };
    const { bytes } = fortunaGenerate(seeded, 48, 0);
    const later = fortunaGenerate({ ...seeded, counter: 2 ** 32 }, 32, 0).bytes;
    assert.deepEqual(bytes.subarray(16), later);
    assert.notDeepEqual(later.subarray(0, 16), fortunaGenerate({ ...seeded, counter: 1 }, 16, 0).bytes);
  });
});

describe('the accumulator of Fortuna', () => {
  it('gives the bytes of PyCrypto’s test_FortunaAccumulator', () => {
    const events = Array.from({ length: FORTUNA_POOLS }, (_, pool) => pool);
    const once = events.reduce(
      (state, pool) => fortunaAdd(state, 42, pool, utf8('X'.repeat(32))),
      fortunaStart(),
    );
    assert.equal(fortunaIsSeeded(once, 0), false);
    assert.throws(() => fortunaGenerate(once, 1, 0), RangeError);
    const twice = events.reduce((state, pool) => fortunaAdd(state, 42, pool, utf8('X'.repeat(32))), once);
    assert.equal(fortunaIsSeeded(twice, 0), true);
    const { bytes, fortuna } = fortunaGenerate(twice, 32, 0);
    assert.deepEqual(bytes, hex('b7b86bd9a27d96d7bb4add1b6b10d1572350b1c61253db2f8da233be726dc15f'));
    assert.deepEqual(fortuna.key, hex('f23ad749f33066ff53d307914fbf5b21da9667c7e86ba247655c9490e9d94a7c'));
    assert.equal(fortuna.counter, 5);
  });

  it('gives the bytes of seehuhn’s TestAccumulator, which PyCrypto made', () => {
    let state = addTwice(fortunaStart());
    for (let i = 0; i < 1000; i++) state = fortunaAdd(state, 1, i % FORTUNA_POOLS, Uint8Array.of(1, 2));
    const first = fortunaGenerate(state, 100, 1000);
    assert.deepEqual(
      first.bytes,
      hex(
        'e268d23850bbe0e883d323a331ed1889aa0d75aae54bed1d21352ebb159a121a9dba45a6f11c94483ef196af0f46187d' +
          '6f85db4d2b70fff3de98da3d65c42d82a11d49755b5118ad182d305ade7f1ac358bfd816c8f59ea2da0a48f3c184ab1b' +
          'b36336d0',
      ),
    );
    const soon = fortunaGenerate(addTwice(first.fortuna), 100, 1050);
    assert.deepEqual(
      soon.bytes,
      hex(
        '22a392a10d5d76cce03ad78dc65a261aae97815bf91e5b17c705b4965ec90adf81bda27416ff82b73227a807628adf81' +
          'e7dec1423bbb1064aba9c20cc5790aee27cb2bc96e5b382c382cf626191c5e5d41b7552e3d84126083108af10116c0f9' +
          '42f29970',
      ),
    );
    const later = fortunaGenerate(soon.fortuna, 100, 1250);
    assert.deepEqual(
      later.bytes,
      hex(
        '6209e96601c3f358a3043a4a929b985c0be56e6c7b64ed01973267a3782fd1e8f96421667e2585683994bbffbae891b6' +
          '908d070cf1b8be48cc7be3fa0e4804d9a78ede0df54de0dbb04a140d978ae78722c0ec05a1f9dfd49ac60edec5e84bc7' +
          '86383ad4',
      ),
    );
  });

  it('uses pool i in every 2^i-th reseed, and empties it then', () => {
    let state = fortunaStart();
    for (let n = 1; n <= 64; n++) {
      for (let pool = 0; pool < FORTUNA_POOLS; pool++) state = fortunaAdd(state, 1, pool, entropy(30, n));
      state = fortunaAdd(fortunaAdd(state, 1, 0, entropy(30)), 1, 0, entropy(30));
      state = fortunaGenerate(state, 1, 1000 * n).fortuna;
      assert.equal(state.reseedCount, n);
      state.pools.forEach(({ length }, i) => {
        assert.equal(length, 32 * (n % 2 ** i), `pool ${i} after ${n}`);
      });
    }
  });

  it('reseeds no more than ten times a second, but does when the clock was set back', () => {
    const seeded = fortunaGenerate(addTwice(fortunaStart()), 1, 5000).fortuna;
    const at = (now: number) => fortunaGenerate(addTwice(seeded), 1, now).fortuna.reseedCount;
    assert.deepEqual([at(5000), at(5100), at(5101), at(4900), at(0)], [1, 1, 2, 1, 2]);
  });

  it('depends on every event, its source, its pool and its order', () => {
    const filled = (change: (state: Fortuna) => Fortuna) =>
      fortunaGenerate(change(addTwice(fortunaStart())), 32, 0).bytes.join();
    const outputs = [
      filled((state) => state),
      filled((state) => fortunaAdd(state, 1, 0, utf8('ab'))),
      filled((state) => fortunaAdd(state, 2, 0, utf8('ab'))),
      filled((state) => fortunaAdd(state, 1, 0, utf8('ac'))),
      filled((state) => fortunaAdd(fortunaAdd(state, 1, 0, utf8('a')), 1, 0, utf8('b'))),
      filled((state) => fortunaAdd(fortunaAdd(state, 1, 0, utf8('b')), 1, 0, utf8('a'))),
    ];
    assert.equal(new Set(outputs).size, outputs.length);
    assert.equal(
      filled((state) => fortunaAdd(state, 1, 1, utf8('ab'))),
      outputs[0],
      'pool 1 waits for its turn',
    );
  });

  it('is a value: an old one yields the same bytes and the same successor again', () => {
    fc.assert(
      fc.property(anyBytes(1, 32), fc.nat({ max: 70 }), (event, length) => {
        const state = addTwice(fortunaAdd(fortunaStart(), 7, 0, event));
        const once = fortunaGenerate(state, length, 9);
        fortunaAdd(state, 7, 0, event);
        fortunaReseed(state, event);
        const again = fortunaGenerate(state, length, 9);
        assert.deepEqual(again.bytes, once.bytes);
        assert.deepEqual(again.fortuna.key, once.fortuna.key);
      }),
      runs(20),
    );
  });

  it('holds its caller to sources, pools, events and requests that there are', () => {
    const state = fortunaStart();
    for (const [source, pool, length] of [
      [-1, 0, 1],
      [256, 0, 1],
      [0.5, 0, 1],
      [0, -1, 1],
      [0, 32, 1],
      [0, 0, 0],
      [0, 0, 33],
    ] as const) {
      assert.throws(() => fortunaAdd(state, source, pool, new Uint8Array(length)), RangeError);
    }
    const seeded = fortunaReseed(state, entropy(32));
    for (const length of [-1, 0.5, FORTUNA_GENERATE_LIMIT + 1, Number.NaN]) {
      assert.throws(() => fortunaGenerate(seeded, length, 0), RangeError);
    }
  });

  function addTwice(state: Fortuna): Fortuna {
    const zeros = new Uint8Array(32);
    return fortunaAdd(fortunaAdd(state, 0, 0, zeros), 0, 0, zeros);
  }
});
