import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { equal, noble } from '../../nocrypto/index.ts';
import { anyBytes, flipBit, runs } from './support.ts';

describe('the comparison of secrets', () => {
  it('is the provider’s own', () => assert.equal(noble.equal, equal));

  it('is true for equal bytes', () => {
    fc.assert(
      fc.property(anyBytes(0, 64), (bytes) => assert.ok(equal(bytes, bytes.slice()))),
      runs(50),
    );
  });

  it('sees a difference of one bit anywhere', () => {
    fc.assert(
      fc.property(anyBytes(1, 64), fc.nat(), (bytes, anywhere) => {
        assert.equal(equal(bytes, flipBit(bytes, anywhere % (8 * bytes.length))), false);
      }),
      runs(50),
    );
  });

  it('is false for different lengths, also where the shorter is a prefix', () => {
    fc.assert(
      fc.property(anyBytes(1, 64), (bytes) => {
        assert.equal(equal(bytes, bytes.subarray(1)), false);
        assert.equal(equal(bytes.subarray(0, -1), bytes), false);
      }),
      runs(50),
    );
  });
});
