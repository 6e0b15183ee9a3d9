import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CryptoProvider, noble } from '../../nocrypto/index.ts';
import {
  type CbcHash,
  type CbcKeys,
  cbcKeys,
  openCbc,
  sealCbc,
  sealedCbcLength,
} from '../../src/tls12/cbc.ts';
import { bytes, concatAll, runs } from './support.ts';

// Records of TLS 1.2's CBC suites: what they hold, and what their opening must not tell.

const hashes: readonly CbcHash[] = ['sha1', 'sha256', 'sha384'];
const kinds = fc.record({ hash: fc.constantFrom(...hashes), encryptThenMac: fc.boolean() });
const KEY = bytes(16, 1);
const TYPE = 23;

test('what is sealed opens again, and is as long as it was said to be', () => {
  fc.assert(
    fc.property(kinds, fc.uint8Array({ maxLength: 600 }), fc.nat(2 ** 40), (kind, content, sequence) => {
      const keys = keysOf(kind);
      const fragment = sealCbc(keys, sequence, TYPE, content);
      assert.equal(fragment.length, sealedCbcLength(keys, content.length));
      assert.deepEqual(openCbc(keys, sequence, TYPE, fragment), content);
      assert.equal(openCbc(keys, sequence + 1, TYPE, fragment), undefined);
      assert.equal(openCbc(keys, sequence, TYPE - 1, fragment), undefined);
    }),
    { numRuns: runs(100) },
  );
});

test('a record with any byte changed, or cut short, is refused without an exception', () => {
  for (const hash of hashes) {
    for (const encryptThenMac of [false, true]) {
      const keys = keysOf({ hash, encryptThenMac });
      const fragment = sealCbc(keys, 5, TYPE, bytes(50, 3));
      for (let i = 0; i < fragment.length; i++) {
        const changed = flipped(fragment, i);
        assert.equal(openCbc(keys, 5, TYPE, changed), undefined, `${hash}, byte ${i}`);
        assert.equal(openCbc(keys, 5, TYPE, fragment.subarray(0, i)), undefined, `${hash}, cut to ${i}`);
      }
    }
  }
});

test('no two records have the same initialization vector, and it is not the sequence number', () => {
  const keys = keysOf({ hash: 'sha1', encryptThenMac: true });
  const ivs = Array.from({ length: 50 }, (_, sequence) =>
    Buffer.from(sealCbc(keys, sequence, TYPE, bytes(9)).subarray(0, 16)).toString('hex'),
  );
  assert.equal(new Set(ivs).size, 50);
  assert.ok(ivs.every((iv) => !iv.includes('0000000000')));
});

test('a padding of any length is read: up to 255 bytes and their number', () => {
  for (const hash of hashes) {
    const keys = keysOf({ hash, encryptThenMac: false });
    const content = bytes(40, 9);
    const macLength = { sha1: 20, sha256: 32, sha384: 48 }[hash];
    for (let pad = 0; pad < 256; pad++) {
      if ((content.length + macLength + pad + 1) % 16 !== 0) continue;
      const opened = openCbc(
        keys,
        7,
        TYPE,
        handmade(hash, content, pad, (padding) => padding),
      );
      assert.deepEqual(opened, content, `${hash}, ${pad} bytes`);
    }
  }
});

test('each byte of the padding counts (POODLE), and a padding longer than the record is none', () => {
  const content = bytes(40, 9);
  const keys = keysOf({ hash: 'sha1', encryptThenMac: false });
  const pad = 16 * 8 - 1 - content.length - 20;
  for (let i = 0; i <= pad; i++) {
    const fragment = handmade('sha1', content, pad, (padding) => flipped(padding, i));
    assert.equal(openCbc(keys, 7, TYPE, fragment), undefined, `byte ${i}`);
  }
  const tooLong = handmade('sha1', content, pad, (padding) => padding.fill(255));
  assert.equal(openCbc(keys, 7, TYPE, tooLong), undefined);
});

test('the MAC hashes as many blocks whatever the padding is, good or bad (Lucky 13)', () => {
  for (const hash of hashes) {
    const macLength = { sha1: 20, sha256: 32, sha384: 48 }[hash];
    for (const total of [64, 80, 256, 272, 512]) {
      const counts = new Set<number>();
      for (let pad = 0; pad < 256 && pad + 1 + macLength <= total; pad++) {
        const content = bytes(total - macLength - pad - 1, 4);
        for (const spoil of [(p: Uint8Array) => p, (p: Uint8Array) => flipped(p, 0)]) {
          const counted = { blocks: 0 };
          const keys = cbcKeys(countingBlocks(counted), hash, KEY, bytes(macLength, 2), false);
          counted.blocks = 0;
          openCbc(keys, 7, TYPE, handmade(hash, content, pad, spoil));
          counts.add(counted.blocks);
        }
      }
      assert.equal(counts.size, 1, `${hash}, ${total} bytes: ${[...counts]}`);
    }
  }
});

function flipped(all: Uint8Array, at: number): Uint8Array {
  return all.map((byte, i) => (i === at ? byte ^ 0x40 : byte));
}

function keysOf({
  hash,
  encryptThenMac,
}: {
  readonly hash: CbcHash;
  readonly encryptThenMac: boolean;
}): CbcKeys {
  const macLength = { sha1: 20, sha256: 32, sha384: 48 }[hash];
  return cbcKeys(noble, hash, KEY, bytes(macLength, 2), encryptThenMac);
}

/** A record made with node:crypto, number 7, whose padding has `pad` bytes and its length, changed by `spoil`. */
function handmade(
  hash: CbcHash,
  content: Uint8Array,
  pad: number,
  spoil: (padding: Uint8Array) => Uint8Array,
): Uint8Array {
  const macLength = { sha1: 20, sha256: 32, sha384: 48 }[hash];
  const header = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 7, TYPE, 3, 3, content.length >> 8, content.length);
  const mac = createHmac(hash, bytes(macLength, 2)).update(header).update(content).digest();
  const padding = spoil(new Uint8Array(pad + 1).fill(pad));
  const iv = bytes(16, 8);
  return concatAll([iv, noble.aesCbc(KEY).encrypt(iv, concatAll([content, mac, padding]))]);
}

/** noble, with the blocks counted that its HMACs hash (RFC 2104: the key's are made once, and are not). */
function countingBlocks(counted: { blocks: number }): CryptoProvider {
  return {
    ...noble,
    hmac: (hash, key) => {
      const real = noble.hmac(hash, key);
      const { blockLength } = noble.hashes[hash];
      const lengthField = blockLength === 128 ? 16 : 8;
      return {
        length: real.length,
        mac: (data) => {
          counted.blocks += Math.ceil((data.length + 1 + lengthField) / blockLength) + 1;
          return real.mac(data);
        },
      };
    },
  };
}
