import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  any,
  boolean,
  choice,
  decode,
  enumerated,
  explicit,
  flags,
  type Infer,
  integer,
  lazy,
  map,
  namedInteger,
  octetString,
  oid,
  ok,
  openType,
  optional,
  raw,
  sequence,
  sequenceOf,
  setOf,
  smallInteger,
  utf8String,
  withDefault,
} from '../../asn1/index.ts';
import { hex } from './support.ts';

/** Compiles only if both types are the same: neither wider nor narrower, nor less readonly. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function assertSame<A, B>(same: Same<A, B>): void {
  assert.ok(same);
}

/** The same type with its intersections and mapped types written out. */
type Plain<T> = T extends Uint8Array ? T : T extends object ? { readonly [K in keyof T]: Plain<T[K]> } : T;

test('the compiler knows the values of a grammar', () => {
  const version = namedInteger({ v1: 0, v2: 1 });
  const record = sequence({
    version: withDefault(explicit(1, version), 'v1'),
    serial: integer,
    note: optional(utf8String),
    small: explicit(0, smallInteger(0, 9)),
    list: sequenceOf(lazy(() => oid)),
    signed: raw(setOf(octetString)),
  });
  assertSame<Infer<typeof version>, 'v1' | 'v2'>(true);
  assertSame<
    Plain<Infer<typeof record>>,
    {
      readonly version: 'v1' | 'v2';
      readonly serial: bigint;
      readonly note: string | undefined;
      readonly small: number;
      readonly list: readonly string[];
      readonly signed: { readonly raw: Uint8Array; readonly value: readonly Uint8Array[] };
    }
  >(true);
});

test('the compiler knows which value a kind goes with', () => {
  const grammar = choice({ number: integer, flag: boolean });
  const attribute = sequence({ type: oid, value: openType('type', { '2.5.4.3': utf8String }, any) });
  assertSame<
    Infer<typeof grammar>,
    { readonly kind: 'number'; readonly value: bigint } | { readonly kind: 'flag'; readonly value: boolean }
  >(true);
  const result = decode(attribute, hex('30 08 06 03 55 04 03 0C 01 41'));
  assert.ok(result.ok);
  const { value } = result.value;
  switch (value.kind) {
    case '2.5.4.3':
      assertSame<typeof value.value, string>(true);
      assert.equal(value.value, 'A');
      break;
    case 'otherwise':
      assertSame<typeof value.value, Uint8Array>(true);
      assert.fail();
  }
});

test('the compiler knows names and mapped values', () => {
  const reason = enumerated({ unspecified: 0, keyCompromise: 1 });
  const usage = flags({ sign: 0, encrypt: 1 });
  const length = map(utf8String, {
    decode: (text) => ok(text.length),
    encode: (count: number) => ' '.repeat(count),
  });
  assertSame<Infer<typeof reason>, 'unspecified' | 'keyCompromise'>(true);
  assertSame<Plain<Infer<typeof usage>>, { readonly sign: boolean; readonly encrypt: boolean }>(true);
  assertSame<Infer<typeof length>, number>(true);
});
