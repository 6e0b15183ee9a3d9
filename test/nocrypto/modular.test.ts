import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { gcd, modInverse } from '../../nocrypto/modular.ts';
import { runs } from './support.ts';

describe('the inverse modulo a number', () => {
  it('is the one that there is, for every small number', () => {
    for (let modulus = 2n; modulus < 70n; modulus++) {
      for (let n = 0n; n < 2n * modulus; n++) holds(n, modulus);
    }
  });

  it('is right whatever the lengths of both, where quotients are large, and where there is none', () => {
    const size = fc.integer({ min: 1, max: 600 });
    const number = size.chain((bits) => fc.bigInt(0n, (1n << BigInt(bits)) - 1n));
    fc.assert(
      fc.property(number, number, (n, other) => holds(n, other + 2n)),
      runs(300),
    );
  });

  it('is right beside powers of two, whose quotients are all one or all but one', () => {
    const order = (1n << 256n) - (1n << 224n) + 1n;
    for (let bits = 1n; bits < 256n; bits++) {
      for (const n of [1n << bits, (1n << bits) - 1n, (1n << bits) + 1n, order - (1n << bits)])
        holds(n, order);
    }
  });
});

/** Holds the inverse to what it is: one that lies below the modulus, and is there if and only if nothing divides both. */
function holds(n: bigint, modulus: bigint): void {
  const inverse = modInverse(n, modulus);
  if (gcd(modulus, n % modulus) !== 1n) {
    assert.equal(inverse, undefined);
    return;
  }
  assert.ok(inverse !== undefined && inverse >= 0n && inverse < modulus);
  assert.equal((inverse * n) % modulus, 1n);
}
