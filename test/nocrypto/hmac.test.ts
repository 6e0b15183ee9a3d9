import assert from 'node:assert/strict';
import { createHmac, hkdfSync } from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { type HashName, noble } from '../../nocrypto/index.ts';
import { anyBytes, hex, runs, utf8 } from './support.ts';

const names: readonly HashName[] = Object.values(noble.hashes).map(({ name }) => name);

describe('HMAC', () => {
  // RFC 4231 §4.2 (short key), §4.3 (key shorter than the output), §4.7 (key longer than a block).
  const cases = [
    {
      section: '4.2',
      key: hex('0b'.repeat(20)),
      message: 'Hi There',
      sha256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
      sha384:
        'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
      sha512:
        '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde' +
        'daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
    },
    {
      section: '4.3',
      key: utf8('Jefe'),
      message: 'what do ya want for nothing?',
      sha256: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
      sha384:
        'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
      sha512:
        '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554' +
        '9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    },
    {
      section: '4.7',
      key: hex('aa'.repeat(131)),
      message: 'Test Using Larger Than Block-Size Key - Hash Key First',
      sha256: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
      sha384:
        '4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952',
      sha512:
        '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352' +
        '6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
    },
  ] as const;
  for (const { section, key, message, ...tags } of cases) {
    it(`gives the tags of RFC 4231 §${section}`, () => {
      for (const name of ['sha256', 'sha384', 'sha512'] as const) {
        assert.deepEqual(noble.hmac(name, key).mac(utf8(message)), hex(tags[name]));
      }
    });
  }

  it('gives the SHA-1 tag of RFC 2202 §3, case 1', () => {
    const tag = noble.hmac('sha1', hex('0b'.repeat(20))).mac(utf8('Hi There'));
    assert.deepEqual(tag, hex('b617318655057264e28bc0b6fb378c8ef146be00'));
  });

  it('agrees with node:crypto on any key and message', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), anyBytes(0, 200), anyBytes(0, 200), (name, key, message) => {
        const expected = Uint8Array.from(createHmac(name, key).update(message).digest());
        const prepared = noble.hmac(name, key);
        assert.equal(prepared.length, expected.length);
        assert.deepEqual(prepared.mac(message), expected);
        assert.deepEqual(prepared.mac(message), expected, 'a prepared key can be used again');
      }),
      runs(100),
    );
  });

  it('keeps its key when the caller wipes his', () => {
    const key = utf8('Jefe');
    const prepared = noble.hmac('sha256', key);
    key.fill(0);
    assert.deepEqual(prepared.mac(utf8('x')), noble.hmac('sha256', utf8('Jefe')).mac(utf8('x')));
  });
});

describe('HKDF', () => {
  // RFC 5869 A.1, A.2 and A.3.
  const range = (from: number, to: number) => Uint8Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const cases = [
    {
      appendix: 'A.1',
      ikm: hex('0b'.repeat(22)),
      salt: range(0x00, 0x0c),
      info: range(0xf0, 0xf9),
      prk: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      okm: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    },
    {
      appendix: 'A.2',
      ikm: range(0x00, 0x4f),
      salt: range(0x60, 0xaf),
      info: range(0xb0, 0xff),
      prk: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
      okm:
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb' +
        '41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    },
    {
      appendix: 'A.3',
      ikm: hex('0b'.repeat(22)),
      salt: hex(''),
      info: hex(''),
      prk: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      okm: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    },
  ] as const;
  for (const { appendix, ikm, salt, info, prk, okm } of cases) {
    it(`gives the keys of RFC 5869 ${appendix}`, () => {
      assert.deepEqual(noble.hkdfExtract('sha256', salt, ikm), hex(prk));
      assert.deepEqual(noble.hkdfExpand('sha256', hex(prk), info, okm.length / 2), hex(okm));
    });
  }

  it('agrees with node:crypto on any input', () => {
    // From 1 on: newer versions of Node refuse to derive nothing.
    const length = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        anyBytes(0, 150),
        anyBytes(0, 80),
        anyBytes(0, 80),
        length,
        (name, ikm, salt, info, wanted) => {
          const extracted = noble.hkdfExtract(name, salt, ikm);
          assert.deepEqual(
            noble.hkdfExpand(name, extracted, info, wanted),
            new Uint8Array(hkdfSync(name, ikm, salt, info, wanted)),
          );
        },
      ),
      runs(100),
    );
  });

  it('expands to 255 outputs and not a byte more', () => {
    const key = new Uint8Array(32);
    assert.equal(noble.hkdfExpand('sha256', key, hex(''), 255 * 32).length, 255 * 32);
    for (const length of [255 * 32 + 1, -1, 1.5, Number.NaN]) {
      assert.throws(() => noble.hkdfExpand('sha256', key, hex(''), length), RangeError);
    }
  });

  it('refuses to expand a key shorter than the hash', () => {
    assert.throws(() => noble.hkdfExpand('sha384', new Uint8Array(47), hex(''), 16), RangeError);
  });
});
