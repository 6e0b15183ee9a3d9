import assert from 'node:assert/strict';
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
} from 'node:crypto';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { signEcdsa } from '../../nocrypto/ecdsa.ts';
import {
  type CurveName,
  noble,
  type PrivateKey,
  type PublicKey,
  type SignatureHash,
  secret,
} from '../../nocrypto/index.ts';
import {
  anyBytes,
  bigintToBytes,
  bytesToBigint,
  curveFacts,
  curveNames,
  entropy,
  firstThatFits,
  flipBit,
  good,
  hex,
  runs,
  utf8,
} from './support.ts';

type EcPrivateKey = Extract<PrivateKey, { readonly kind: 'ec' }>;

const hashes: readonly SignatureHash[] = ['sha256', 'sha384', 'sha512'];
describe('ECDSA', () => {
  const p256 = 'C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721';
  const p384 =
    '6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8' + '96D5724E4C70A825F872C9EA60D2EDF5';
  const p521 =
    '00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA8' +
    '96EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538';
  const vectors: readonly {
    readonly source: string;
    readonly curve: CurveName;
    readonly x: string;
    readonly hash: SignatureHash;
    readonly message: string;
    readonly r: string;
    readonly s: string;
  }[] = [
    {
      source: 'RFC 6979 A.2.5',
      curve: 'secp256r1',
      x: p256,
      hash: 'sha256',
      message: 'sample',
      r: 'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716',
      s: 'F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
    },
    {
      source: 'RFC 6979 A.2.5',
      curve: 'secp256r1',
      x: p256,
      hash: 'sha384',
      message: 'sample',
      r: '0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719',
      s: '4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954',
    },
    {
      source: 'RFC 6979 A.2.5',
      curve: 'secp256r1',
      x: p256,
      hash: 'sha512',
      message: 'sample',
      r: '8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00',
      s: '2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE',
    },
    {
      source: 'RFC 6979 A.2.5',
      curve: 'secp256r1',
      x: p256,
      hash: 'sha256',
      message: 'test',
      r: 'F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367',
      s: '019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083',
    },
    {
      source: 'C2SP CCTV, RFC6979: the first nonce is rejected',
      curve: 'secp256r1',
      x: p256,
      hash: 'sha256',
      message: 'wv[vnX',
      r: 'EFD9073B652E76DA1B5A019C0E4A2E3FA529B035A6ABB91EF67F0ED7A1F21234',
      s: '3DB4706C9D9F4A4FE13BB5E08EF0FAB53A57DBAB2061C83A35FA411C68D2BA33',
    },
    {
      source: 'RFC 6979 A.2.6',
      curve: 'secp384r1',
      x: p384,
      hash: 'sha256',
      message: 'sample',
      r: '21B13D1E013C7FA1392D03C5F99AF8B30C570C6F98D4EA8E354B63A21D3DAA33BDE1E888E63355D92FA2B3C36D8FB2CD',
      s: 'F3AA443FB107745BF4BD77CB3891674632068A10CA67E3D45DB2266FA7D1FEEBEFDC63ECCD1AC42EC0CB8668A4FA0AB0',
    },
    {
      source: 'RFC 6979 A.2.6',
      curve: 'secp384r1',
      x: p384,
      hash: 'sha384',
      message: 'sample',
      r: '94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46',
      s: '99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8',
    },
    {
      source: 'RFC 6979 A.2.6',
      curve: 'secp384r1',
      x: p384,
      hash: 'sha512',
      message: 'sample',
      r: 'ED0959D5880AB2D869AE7F6C2915C6D60F96507F9CB3E047C0046861DA4A799CFE30F35CC900056D7C99CD7882433709',
      s: '512C8CCEEE3890A84058CE1E22DBC2198F42323CE8ACA9135329F03C068E5112DC7CC3EF3446DEFCEB01A45C2667FDD5',
    },
    {
      source: 'RFC 6979 A.2.7',
      curve: 'secp521r1',
      x: p521,
      hash: 'sha512',
      message: 'sample',
      r:
        '00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E' +
        '25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA',
      s:
        '00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF2826' +
        '23EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A',
    },
  ];
  for (const { source, curve, x, hash, message, r, s } of vectors) {
    it(`signs "${message}" with ${hash} on ${curve} without entropy as in ${source}`, () => {
      const signature = der(bytesToBigint(hex(r)), bytesToBigint(hex(s)));
      assert.deepEqual(signEcdsa(curve, hash, secret(hex(x)), utf8(message), new Uint8Array(0)), signature);
      const { public: key } = good(noble.privateKey({ kind: 'ec', curve, scalar: secret(hex(x)) }));
      assert.ok(noble.verify({ kind: 'ecdsa', hash }, key, utf8(message), signature));
    });
  }

  for (const curve of curveNames) {
    const key = ecKey(curve);
    const node = nodeKeys(key);
    const { order: n, length } = curveFacts[curve];
    const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
    const message = utf8('the message');
    const signature = good(noble.sign(algorithm, key, message, entropy(32)));
    const { r, s } = undoDer(signature);
    const verifies = (forged: Uint8Array) => noble.verify(algorithm, key.public, message, forged);

    it(`${curve}: node:crypto accepts our signatures and we accept its, with any hash`, () => {
      fc.assert(
        fc.property(fc.constantFrom(...hashes), anyBytes(0, 200), anyBytes(32), (hash, text, fresh) => {
          const ours = good(noble.sign({ kind: 'ecdsa', hash }, key, text, fresh));
          assert.ok(nodeVerify(hash, text, node.publicKey, ours));
          const theirs = nodeSign(hash, text, node.privateKey);
          assert.ok(noble.verify({ kind: 'ecdsa', hash }, key.public, text, theirs));
        }),
        runs(10),
      );
    });

    it(`${curve}: equal entropy gives an equal signature, other entropy another one`, () => {
      assert.deepEqual(good(noble.sign(algorithm, key, message, entropy(32))), signature);
      const other = good(noble.sign(algorithm, key, message, entropy(32, 2)));
      assert.notDeepEqual(other, signature);
      assert.ok(verifies(other));
    });

    it(`${curve}: takes the high s as well as the low one`, () => {
      assert.ok(verifies(der(r, s)));
      assert.ok(verifies(der(r, n - s)));
    });

    it(`${curve}: refuses a change of any bit of message or signature`, () => {
      fc.assert(
        fc.property(fc.nat(), (anywhere) => {
          assert.equal(verifies(flipBit(signature, anywhere % (8 * signature.length))), false);
          const changed = flipBit(message, anywhere % (8 * message.length));
          assert.equal(noble.verify(algorithm, key.public, changed, signature), false);
        }),
        runs(15),
      );
      assert.equal(noble.verify({ kind: 'ecdsa', hash: 'sha384' }, key.public, message, signature), false);
    });

    it(`${curve}: refuses r and s outside of 1 … n−1`, () => {
      for (const bad of [0n, n, n + 1n, -1n, -r]) {
        assert.equal(verifies(der(bad, s)), false);
        assert.equal(verifies(der(r, bad)), false);
      }
      for (const [badR, badS] of [
        [r + n, s],
        [r, s + n],
        [r, -s],
        [0n, 0n],
        [n, n],
        [1n, 1n],
        [r, 2n ** 600n],
        [2n ** 4000n, s],
      ] as const) {
        assert.equal(verifies(der(badR, badS)), false);
      }
    });

    it(`${curve}: knows one encoding of a signature and refuses all others`, () => {
      const [encodedR, encodedS] = [encodeInteger(r), encodeInteger(s)];
      const [shortR, shortS] = [encodedR.slice(2), encodedS.slice(2)];
      const content = [...encodedR, ...encodedS];
      const sequence = (...inner: readonly number[]) =>
        Uint8Array.of(0x30, ...encodeLength(inner.length), ...inner);
      assert.ok(verifies(sequence(...content)), 'the right one');
      const forgeries: Readonly<Record<string, Uint8Array>> = {
        'r with a zero in front': sequence(0x02, shortR.length + 1, 0, ...shortR, ...encodedS),
        's with a zero in front': sequence(...encodedR, 0x02, shortS.length + 1, 0, ...shortS),
        'the sequence length in two bytes': Uint8Array.of(0x30, 0x82, 0, content.length, ...content),
        // The right one where it is longer than a short form can say.
        ...(content.length < 0x80
          ? { 'the sequence length in long form': Uint8Array.of(0x30, 0x81, content.length, ...content) }
          : { 'the sequence length in short form': Uint8Array.of(0x30, content.length, ...content) }),
        'the length of r in long form': sequence(0x02, 0x81, shortR.length, ...shortR, ...encodedS),
        'indefinite length': Uint8Array.of(0x30, 0x80, ...content, 0, 0),
        'bytes after the sequence': Uint8Array.of(...sequence(...content), 0),
        'bytes after s': sequence(...content, 0),
        'a NULL after s': sequence(...content, 0x05, 0),
        'a third integer': sequence(...content, 0x02, 1, 1),
        'r alone': sequence(...encodedR),
        'an empty r': sequence(0x02, 0, ...encodedS),
        'an empty s': sequence(...encodedR, 0x02, 0),
        'a set': Uint8Array.of(0x31, ...encodeLength(content.length), ...content),
        'a primitive sequence': Uint8Array.of(0x10, ...encodeLength(content.length), ...content),
        'bit strings': sequence(0x03, ...encodedR.slice(1), 0x03, ...encodedS.slice(1)),
        'a sequence that claims more than there is': Uint8Array.of(
          0x30,
          ...encodeLength(content.length + 1),
          ...content,
        ),
        'an s that claims more than there is': sequence(...encodedR, 0x02, shortS.length + 1, ...shortS),
        'r ‖ s without any ASN.1': Uint8Array.of(...bigintToBytes(r, length), ...bigintToBytes(s, length)),
        nothing: new Uint8Array(0),
      };
      for (const [what, forged] of Object.entries(forgeries)) assert.equal(verifies(forged), false, what);
      for (let length = 0; length < signature.length; length++) {
        assert.equal(verifies(signature.subarray(0, length)), false, `the first ${length} bytes`);
      }
    });

    it(`${curve}: refuses a negative integer that would be right if its sign were overlooked`, () => {
      // r stands from the fifth byte on, or from the sixth after a long length.
      const at = signature.length < 2 + 0x80 ? 4 : 5;
      const padded = firstThatFits(
        (seed) => good(noble.sign(algorithm, key, message, entropy(32, seed))),
        (made) => made[at] === 0,
      );
      assert.ok(verifies(padded));
      const [total, rLength] = [padded[at - 3] ?? 0, padded[at - 1] ?? 0];
      const header = [...padded.subarray(0, at - 3), total - 1, 0x02, rLength - 1];
      const negative = Uint8Array.of(...header, ...padded.subarray(at + 1));
      assert.equal(verifies(negative), false);
    });

    it(`${curve}: answers any bytes for a signature without throwing`, () => {
      const almost = fc
        .tuple(fc.nat({ max: signature.length - 1 }), fc.nat({ max: 255 }))
        .map(([at, byte]) => Uint8Array.from(signature, (old, i) => (i === at ? byte : old)));
      fc.assert(
        fc.property(fc.oneof(anyBytes(0, 150), almost), (forged) => {
          if (Buffer.compare(forged, signature) !== 0) assert.equal(verifies(forged), false);
        }),
        runs(60),
      );
    });
  }

  it('refuses a signature under a key on the other curve', () => {
    const algorithm = { kind: 'ecdsa', hash: 'sha256' } as const;
    const signature = good(noble.sign(algorithm, ecKey('secp256r1'), utf8('x'), entropy(32)));
    assert.equal(noble.verify(algorithm, ecKey('secp384r1').public, utf8('x'), signature), false);
  });
});

function ecKey(curve: CurveName): EcPrivateKey {
  const key = noble.generateKey({ kind: 'ec', curve }, entropy(32));
  assert.ok(key.kind === 'ec');
  return key;
}

function nodeKeys(key: EcPrivateKey): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const { point } = ecPublic(key.public);
  const middle = (point.length + 1) / 2;
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const jwk = {
    kty: 'EC',
    crv: curveFacts[key.curve].jwkName,
    x: text(point.subarray(1, middle)),
    y: text(point.subarray(middle)),
    d: text(key.scalar),
  };
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function ecPublic(key: PublicKey): Extract<PublicKey, { readonly kind: 'ec' }> {
  assert.ok(key.kind === 'ec');
  return key;
}

/** SEQUENCE { r, s } in DER, whatever integers r and s are. */
function der(r: bigint, s: bigint): Uint8Array {
  const content = [...encodeInteger(r), ...encodeInteger(s)];
  return Uint8Array.of(0x30, ...encodeLength(content.length), ...content);
}

function encodeInteger(n: bigint): readonly number[] {
  let length = 1;
  while (BigInt.asIntN(8 * length, n) !== n) length++;
  const content = bigintToBytes(BigInt.asUintN(8 * length, n), length);
  return [0x02, ...encodeLength(length), ...content];
}

function encodeLength(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function undoDer(signature: Uint8Array): { readonly r: bigint; readonly s: bigint } {
  const rStart = signature.length < 2 + 0x80 ? 4 : 5;
  const rEnd = rStart + (signature[rStart - 1] ?? 0);
  return { r: bytesToBigint(signature.slice(rStart, rEnd)), s: bytesToBigint(signature.slice(rEnd + 2)) };
}
