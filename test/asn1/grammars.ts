import fc from 'fast-check';
import {
  any,
  bitString,
  bitStringContaining,
  bitStringOctets,
  bmpString,
  boolean,
  choice,
  enumerated,
  explicit,
  type Field,
  flags,
  type Grammar,
  generalizedTime,
  ia5String,
  implicit,
  integer,
  lazy,
  map,
  namedInteger,
  nul,
  numericString,
  octetString,
  octetStringContaining,
  oid,
  ok,
  openType,
  optional,
  printableString,
  raw,
  relativeOid,
  sequence,
  sequenceOf,
  set,
  setOf,
  smallInteger,
  teletexString,
  universalString,
  utcTime,
  utf8String,
  visibleString,
  withDefault,
} from '../../asn1/index.ts';
import { arbitrary } from './arbitrary.ts';

/** Every primitive type, by name. */
export const primitives: Readonly<Record<string, Grammar<unknown>>> = {
  any,
  bitString,
  bitStringOctets,
  bmpString,
  boolean,
  enumerated: enumerated({ none: 0, some: 1, most: 127, all: 128, less: -129 }),
  flags: flags({ first: 0, second: 1, eighth: 7, ninth: 8 }),
  generalizedTime,
  ia5String,
  integer,
  namedInteger: namedInteger({ v1: 0, v2: 1, v3: 2 }),
  nul,
  numericString,
  octetString,
  oid,
  printableString,
  relativeOid,
  smallInteger: smallInteger(),
  boundedInteger: smallInteger(-129, 70_000),
  teletexString,
  universalString,
  utcTime,
  utf8String,
  visibleString,
};

/** A type that contains itself, through a CHOICE and lists. */
export type Expression =
  | { readonly kind: 'and'; readonly value: readonly Expression[] }
  | { readonly kind: 'not'; readonly value: Expression }
  | { readonly kind: 'present'; readonly value: string };

export const expression: Grammar<Expression> = choice({
  and: implicit(
    0,
    setOf(
      lazy(() => expression),
      { min: 1 },
    ),
  ),
  not: explicit(
    1,
    lazy(() => expression),
  ),
  present: implicit(2, utf8String),
});

/** The shape of an X.501 attribute: a value type selected by an OID, and one with the OID inside an OCTET STRING. */
export const attribute = sequence({
  type: oid,
  critical: withDefault(boolean, false),
  values: setOf(openType('type', { '2.5.4.3': utf8String, '2.999.1': integer }, any)),
  wrapped: octetStringContaining(openType('type', { '2.5.4.3': sequence({ at: utcTime }) }, any)),
});

/** Grammars built at random out of every combinator, unambiguous by distinct tags where fields may be absent. */
export const grammars: fc.Arbitrary<Grammar<unknown>> = fc.letrec<{ grammar: Grammar<unknown> }>((tie) => ({
  grammar: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'grammar', withCrossShrink: true },
    {
      weight: 3,
      arbitrary: fc.constantFrom<Grammar<unknown>>(...Object.values(primitives), attribute, expression),
    },
    { weight: 3, arbitrary: fieldLists(tie('grammar')).map((fields) => sequence(fields)) },
    { weight: 1, arbitrary: fieldLists(tie('grammar')).map((fields) => set(fields)) },
    { weight: 2, arbitrary: wrappers(tie('grammar')) },
    {
      weight: 2,
      arbitrary: fc
        .array(tie('grammar'), { minLength: 1, maxLength: 4 })
        .map((list) =>
          choice(Object.fromEntries(list.map((grammar, i) => [`alternative${i}`, tagged(i, grammar)]))),
        ),
    },
  ),
})).grammar;

/** An encoding with some bits flipped, or some octets cut out or put in. */
export function mutations(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const at = fc.integer({ min: 0, max: bytes.length - 1 });
  const flips = fc.array(fc.tuple(at, fc.integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 3 });
  const splices = fc.array(fc.tuple(at, fc.nat(3), fc.uint8Array({ maxLength: 3 })), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.oneof(
    flips.map((list) => {
      const mutated = Uint8Array.from(bytes);
      for (const [place, bit] of list) mutated[place] = (mutated[place] ?? 0) ^ (1 << bit);
      return mutated;
    }),
    splices.map((list) => {
      const mutated = [...bytes];
      for (const [place, removed, added] of list) mutated.splice(place, removed, ...added);
      return Uint8Array.from(mutated);
    }),
  );
}

function wrappers(inner: fc.Arbitrary<Grammar<unknown>>): fc.Arbitrary<Grammar<unknown>> {
  return fc
    .tuple(inner, fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 6 }))
    .map(([grammar, number, which]) => {
      switch (which) {
        case 0:
          return sequenceOf(grammar, { max: 5 });
        case 1:
          return setOf(grammar);
        case 2:
          return raw(grammar);
        case 3:
          return octetStringContaining(grammar);
        case 4:
          return bitStringContaining(grammar);
        case 5:
          return explicit({ class: 'application', number }, grammar);
        default:
          return map(grammar, { decode: (value) => ok({ boxed: value }), encode: ({ boxed }) => boxed });
      }
    });
}

/** Up to five fields of distinct tags, each present, optional or with a default. */
function fieldLists(inner: fc.Arbitrary<Grammar<unknown>>): fc.Arbitrary<Readonly<Record<string, Field>>> {
  const fields = inner.chain(
    (grammar): fc.Arbitrary<(tag: number) => Field> =>
      fc.oneof(
        fc.constant((tag: number) => tagged(tag, grammar)),
        fc.constant((tag: number) => optional(tagged(tag, grammar))),
        arbitrary(grammar).map((value) => (tag: number) => withDefault(tagged(tag, grammar), value)),
      ),
  );
  return fc
    .array(fields, { maxLength: 5 })
    .map((list) => Object.fromEntries(list.map((field, i) => [`field${i}`, field(i)])));
}

/** With an implicit context tag where there can be one, and an explicit one elsewhere. */
function tagged(number: number, grammar: Grammar<unknown>): Grammar<unknown> {
  return grammar.taggable && number % 2 === 0 ? implicit(number, grammar) : explicit(number, grammar);
}
