import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type Grammar } from '../../asn1/index.ts';
import { arbitrary } from './arbitrary.ts';
import { attribute, expression, grammars, mutations, primitives } from './grammars.ts';
import { runs } from './support.ts';

/** A grammar, one of its values, and the value's encoding. */
const samples = grammars.chain((grammar) =>
  arbitrary(grammar).map((value) => ({ grammar, value, bytes: encode(grammar, value) })),
);

/** Bytes that `decode` accepts are the one encoding of the value it gives. */
function assertCanonical(grammar: Grammar<unknown>, bytes: Uint8Array): void {
  const result = decode(grammar, bytes);
  if (result.ok) {
    assert.deepEqual(encode(grammar, result.value), new Uint8Array(bytes));
  } else {
    assert.ok(result.error.offset >= 0 && result.error.offset <= bytes.length);
  }
}

const named: Readonly<Record<string, Grammar<unknown>>> = { ...primitives, attribute, expression };

for (const [name, grammar] of Object.entries(named)) {
  test(`decode undoes encode for every value of ${name}`, () => {
    fc.assert(
      fc.property(arbitrary(grammar), (value) => {
        assert.deepEqual(decode(grammar, encode(grammar, value)), { ok: true, value });
      }),
      runs(200),
    );
  });
}

test('decode undoes encode for every value of every grammar', () => {
  fc.assert(
    fc.property(samples, ({ grammar, value, bytes }) => {
      assert.deepEqual(decode(grammar, bytes), { ok: true, value });
    }),
    runs(1500),
  );
});

test('a changed encoding is refused, or is the encoding of another value', () => {
  const changed = samples.chain(({ grammar, bytes }) =>
    mutations(bytes).map((mutated) => ({ grammar, bytes: mutated })),
  );
  fc.assert(
    fc.property(changed, ({ grammar, bytes }) => assertCanonical(grammar, bytes)),
    runs(2000),
  );
});

test('random bytes are refused, or are the encoding of a value', () => {
  fc.assert(
    fc.property(grammars, fc.uint8Array({ maxLength: 60 }), (grammar, bytes) =>
      assertCanonical(grammar, bytes),
    ),
    runs(1000),
  );
});

test('every beginning of an encoding is refused', () => {
  fc.assert(
    fc.property(samples, ({ grammar, bytes }) => {
      for (let length = 0; length < bytes.length; length++) {
        assert.equal(decode(grammar, bytes.subarray(0, length)).ok, false);
      }
    }),
    runs(100),
  );
});

test('the value does not depend on where in a buffer the bytes lie', () => {
  fc.assert(
    fc.property(samples, fc.nat(20), ({ grammar, value, bytes }, before) => {
      const buffer = Buffer.alloc(before + bytes.length + 3, 0xa5);
      buffer.set(bytes, before);
      assert.deepEqual(decode(grammar, buffer.subarray(before, before + bytes.length)), { ok: true, value });
    }),
    runs(100),
  );
});
