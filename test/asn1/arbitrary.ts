import fc from 'fast-check';
import { ownTag, type Shape, type StringType } from '../../asn1/grammar.ts';
import {
  encode,
  type Field,
  type Grammar,
  type Isomorphism,
  octetString,
  oid,
  smallInteger,
  utf8String,
} from '../../asn1/index.ts';
import { compareEncodings } from '../../asn1/octets.ts';
import { newWriter, writtenSince } from '../../asn1/writer.ts';

/**
 * A generator of the values of a grammar, in the form `decode` gives them: SET OFs are in the order of their
 * encodings, and absent fields are undefined.
 */
export function arbitrary<T>(grammar: Grammar<T>): fc.Arbitrary<T> {
  // The shape says nothing to the compiler about T. That it is true to T is what the round-trip properties test.
  return valuesOf(grammar, { scope: {}, recursions: 3 }) as fc.Arbitrary<T>;
}

interface Context {
  /** The selecting fields of the innermost SEQUENCE, with their values. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** How many more recursive types may be entered before the smallest values are chosen. */
  readonly recursions: number;
}

function valuesOf(grammar: Grammar<unknown>, context: Context): fc.Arbitrary<unknown> {
  const { shape } = grammar;
  switch (shape.kind) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.oneof(fc.bigInt(-300n, 300n), fc.bigInt(-(2n ** 72n), 2n ** 72n), fc.bigInt(0n, 2n ** 2048n));
    case 'smallInteger':
      return fc.oneof(
        fc.bigInt(BigInt(shape.min), BigInt(shape.max)).map(Number),
        fc.constantFrom(shape.min, shape.max),
      );
    case 'named':
      return fc.constantFrom(...shape.names);
    case 'flags':
      return record(Object.fromEntries(shape.names.map((name) => [name, fc.boolean()])));
    case 'bitString':
      return bitStrings;
    case 'octetString':
    case 'bitStringOctets':
      return octets;
    case 'nul':
      return fc.constant(null);
    case 'oid':
      return oids;
    case 'relativeOid':
      return fc.array(arcs, { minLength: 1, maxLength: 6 }).map((list) => list.join('.'));
    case 'string':
      return texts(shape.type);
    case 'time':
      return fc
        .bigInt(BigInt(shape.min / 1000), BigInt(shape.max / 1000))
        .map((seconds) => Number(seconds) * 1000);
    case 'any':
      return elements;
    case 'sequence':
    case 'set':
      return records(shape.fields, context);
    case 'sequenceOf':
    case 'setOf':
      return lists(shape, context);
    case 'choice':
      return choices(shape.alternatives, context);
    case 'openType':
      return selected(shape, context);
    case 'raw':
      return valuesOf(shape.grammar, context).map((value) => ({
        raw: encodeWithin(shape.grammar, value, context.scope),
        value,
      }));
    case 'map':
      return mapped(shape.isomorphism, valuesOf(shape.grammar, context));
    case 'lazy':
      return valuesOf(shape.resolve(), { ...context, recursions: context.recursions - 1 });
    case 'explicit':
    case 'implicit':
    case 'octetStringContaining':
    case 'bitStringContaining':
      return valuesOf(shape.grammar, context);
  }
}

function records(fields: Readonly<Record<string, Field>>, outer: Context): fc.Arbitrary<unknown> {
  const context = { scope: {}, recursions: outer.recursions };
  const tables = selectorTables(fields);
  const selectors = Object.fromEntries(
    Object.entries(tables).map(([name, keys]) => [
      name,
      keys.length === 0 ? oids : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...keys) }, oids),
    ]),
  );
  return fc
    .record(selectors)
    .chain((scope) =>
      record(
        Object.fromEntries(
          Object.entries(fields).map(([name, field]) => [
            name,
            name in scope ? fc.constant(scope[name]) : fieldValues(field, { ...context, scope }),
          ]),
        ),
      ),
    );
}

function fieldValues(field: Field, context: Context): fc.Arbitrary<unknown> {
  if (field.kind === 'grammar') return valuesOf(field, context);
  const absent = fc.constant(field.kind === 'default' ? field.value : undefined);
  if (context.recursions <= 0 && isRecursive(field.grammar)) return absent;
  return fc.oneof(absent, { weight: 2, arbitrary: valuesOf(field.grammar, context) });
}

function lists(
  shape: Extract<Shape, { readonly kind: 'sequenceOf' | 'setOf' }>,
  context: Context,
): fc.Arbitrary<unknown> {
  const { min, max } = shape.size;
  const least = context.recursions <= 0 && isRecursive(shape.element);
  const values = fc.array(valuesOf(shape.element, context), {
    minLength: min,
    maxLength: least ? min : Math.min(max, min + 3),
  });
  if (shape.kind === 'sequenceOf') return values;
  return values.map((list) =>
    list
      .map((value) => ({ value, encoding: encodeWithin(shape.element, value, context.scope) }))
      .sort((a, b) => compareEncodings(a.encoding, 0, a.encoding.length, b.encoding, 0, b.encoding.length))
      .map(({ value }) => value),
  );
}

function choices(
  alternatives: Readonly<Record<string, Grammar<unknown>>>,
  context: Context,
): fc.Arbitrary<unknown> {
  const all = Object.entries(alternatives);
  const ending = all.filter(([, grammar]) => !isRecursive(grammar));
  const allowed = context.recursions <= 0 && ending.length > 0 ? ending : all;
  return fc.oneof(
    ...allowed.map(([kind, grammar]) => valuesOf(grammar, context).map((value) => ({ kind, value }))),
  );
}

function selected(
  shape: Extract<Shape, { readonly kind: 'openType' }>,
  context: Context,
): fc.Arbitrary<unknown> {
  const selector = context.scope[shape.field];
  const known = Object.entries(shape.table).find(([key]) => key === selector);
  const [kind, grammar] = known ?? ['otherwise', shape.otherwise];
  return valuesOf(grammar, context).map((value) => ({ kind, value }));
}

function mapped(
  isomorphism: Isomorphism<unknown, unknown>,
  values: fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  return values
    .map((value) => isomorphism.decode(value))
    .filter((result) => result.ok)
    .map((result) => (result.ok ? result.value : undefined));
}

function record(
  properties: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return fc.record(properties, { noNullPrototype: true });
}

/** The fields that open types select by, each with the OIDs of their tables. */
function selectorTables(
  fields: Readonly<Record<string, Field>>,
): Readonly<Record<string, readonly string[]>> {
  const tables: Record<string, string[]> = {};
  const visit = (grammar: Grammar<unknown>): void => {
    const { shape } = grammar;
    if (shape.kind === 'openType') {
      const keys = tables[shape.field] ?? [];
      keys.push(...Object.keys(shape.table));
      tables[shape.field] = keys;
    }
    // A grammar inside that is a SEQUENCE has fields of its own to select by; `selectors` is then empty.
    if (grammar.selectors.length > 0) for (const inner of grammarsIn(shape)) visit(inner);
  };
  for (const field of Object.values(fields)) visit(field.kind === 'grammar' ? field : field.grammar);
  return tables;
}

/** Whether a value may contain a value of a recursive type. */
function isRecursive(grammar: Grammar<unknown>): boolean {
  return grammar.shape.kind === 'lazy' || grammarsIn(grammar.shape).some(isRecursive);
}

/** The grammars that one is directly made of, but for a recursive one's. */
export function grammarsIn(shape: Shape): readonly Grammar<unknown>[] {
  switch (shape.kind) {
    case 'sequence':
    case 'set':
      return Object.values(shape.fields).map((field) => (field.kind === 'grammar' ? field : field.grammar));
    case 'sequenceOf':
    case 'setOf':
      return [shape.element];
    case 'choice':
      return Object.values(shape.alternatives);
    case 'openType':
      return [...Object.values(shape.table), shape.otherwise];
    case 'raw':
    case 'map':
    case 'explicit':
    case 'implicit':
    case 'octetStringContaining':
    case 'bitStringContaining':
      return [shape.grammar];
    default:
      return [];
  }
}

/** The encoding of a value that may hold an open type which selects by a field around it. */
function encodeWithin(
  grammar: Grammar<unknown>,
  value: unknown,
  scope: Readonly<Record<string, unknown>>,
): Uint8Array {
  const writer = newWriter();
  writer.scope = scope;
  grammar.write(writer, value, ownTag);
  return writtenSince(writer, 0);
}

const octets: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 40 });

const bitStrings = fc.tuple(octets, fc.integer({ min: 0, max: 7 })).map(([bytes, unused]) => {
  const unusedBits = bytes.length === 0 ? 0 : unused;
  const last = bytes.length - 1;
  return {
    bytes: bytes.map((octet, i) => (i === last ? (octet >> unusedBits) << unusedBits : octet)),
    unusedBits,
  };
});

const arcs = fc.oneof(
  fc.bigInt(0n, 300n),
  fc.bigInt(0n, 2n ** 32n),
  fc.bigInt(2n ** 48n, 2n ** 54n),
  fc.bigInt(0n, 2n ** 128n),
);

const oids = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 39 })),
      fc.tuple(fc.constant(2), arcs),
    ),
    fc.array(arcs, { maxLength: 6 }),
  )
  .map(([first, rest]) => [...first, ...rest].join('.'));

/** Whole elements, as `any` holds them. */
const elements = fc.oneof(
  octets.map((value) => encode(octetString, value)),
  fc.string().map((value) => encode(utf8String, value)),
  fc.integer().map((value) => encode(smallInteger(), value)),
  oids.map((value) => encode(oid, value)),
);

const codePoints = fc.oneof(
  fc.integer({ min: 0x20, max: 0x7e }),
  fc.integer({ min: 0, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0xffff }),
  fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
);

function texts(type: StringType): fc.Arbitrary<string> {
  switch (type) {
    case 'UTF8String':
    case 'UniversalString':
      return textOf(codePoints);
    case 'BMPString':
      return textOf(codePoints.filter((point) => point <= 0xffff));
    case 'NumericString':
      return textOf(charactersIn('0123456789 '));
    case 'PrintableString':
      return textOf(charactersIn("abcxyzABCXYZ0189 '()+,-./:=?"));
    case 'VisibleString':
      return textOf(fc.integer({ min: 0x20, max: 0x7e }));
    case 'IA5String':
      return textOf(fc.integer({ min: 0x00, max: 0x7f }));
    case 'TeletexString':
      return textOf(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0xa0, max: 0xff })));
  }
}

function charactersIn(characters: string): fc.Arbitrary<number> {
  return fc.constantFrom(...Array.from(characters, (character) => character.charCodeAt(0)));
}

function textOf(points: fc.Arbitrary<number>): fc.Arbitrary<string> {
  return fc.array(points, { maxLength: 20 }).map((list) => String.fromCodePoint(...list));
}
