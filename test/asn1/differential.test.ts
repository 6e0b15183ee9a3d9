/**
 * asn1js as an oracle. It reads BER and so accepts more than DER; but whatever a strict grammar accepts, asn1js must
 * read too, and to the same value. The last two tests list where the two differ on purpose.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as asn1js from 'asn1js';
import fc from 'fast-check';
import { any, decode, encode, type Grammar, generalizedTime, oid } from '../../asn1/index.ts';
import { arbitrary, grammarsIn } from './arbitrary.ts';
import { grammars, mutations, primitives } from './grammars.ts';
import { hex, runs } from './support.ts';

type Block = ReturnType<typeof asn1js.fromBER>['result'];

/** What asn1js makes of the bytes; undefined when it refuses them or leaves some over. */
function readByAsn1js(bytes: Uint8Array): Block | undefined {
  const { offset, result } = asn1js.fromBER(new Uint8Array(bytes), { parseEmbedded: false });
  return offset === bytes.length ? result : undefined;
}

/** The value of a block in the form the grammars of this room give it. */
function contentOf(block: Block): unknown {
  if (block instanceof asn1js.Boolean) return block.getValue();
  if (block instanceof asn1js.Integer) return block.toBigInt();
  if (block instanceof asn1js.BitString) {
    return { bytes: new Uint8Array(block.valueBlock.valueHexView), unusedBits: block.valueBlock.unusedBits };
  }
  if (block instanceof asn1js.OctetString) return new Uint8Array(block.valueBlock.valueHexView);
  if (block instanceof asn1js.Null) return null;
  if (block instanceof asn1js.ObjectIdentifier || block instanceof asn1js.RelativeObjectIdentifier) {
    return block.getValue();
  }
  // Its two time types are also strings, and have to be asked first.
  if (block instanceof asn1js.UTCTime || block instanceof asn1js.GeneralizedTime)
    return block.toDate().getTime();
  if (block instanceof asn1js.BaseStringBlock) return block.getValue();
  return assert.fail(`no value for ${block.constructor.name}`);
}

/** Whether asn1js can hold the value: the last test has those it cannot. */
function isComparable(value: unknown): boolean {
  if (typeof value === 'string') return !/\d{15}/.test(value);
  return typeof value !== 'number' || value >= Date.UTC(100, 0, 1);
}

/** Whether a part of the grammar takes elements without looking into them. */
function holdsAny(grammar: Grammar<unknown>): boolean {
  return grammar.shape.kind === 'any' || grammarsIn(grammar.shape).some(holdsAny);
}

const comparable = [
  'bitString',
  'bmpString',
  'boolean',
  'generalizedTime',
  'ia5String',
  'integer',
  'nul',
  'numericString',
  'octetString',
  'oid',
  'printableString',
  'relativeOid',
  'teletexString',
  'universalString',
  'utcTime',
  'utf8String',
  'visibleString',
];

for (const [name, grammar] of Object.entries(primitives)) {
  if (!comparable.includes(name)) continue;

  test(`asn1js reads the same ${name} from what encode writes`, () => {
    fc.assert(
      fc.property(arbitrary(grammar).filter(isComparable), (value) => {
        const block = readByAsn1js(encode(grammar, value));
        assert.ok(block !== undefined);
        assert.deepEqual(contentOf(block), value);
      }),
      runs(200),
    );
  });

  test(`what asn1js refuses as ${name}, or reads as another value, is refused`, () => {
    const changed = arbitrary(grammar).chain((value) => mutations(encode(grammar, value)));
    fc.assert(
      fc.property(changed, (bytes) => {
        const result = decode(grammar, bytes);
        if (!result.ok || !isComparable(result.value)) return;
        const block = readByAsn1js(bytes);
        assert.ok(block !== undefined);
        assert.deepEqual(contentOf(block), result.value);
      }),
      runs(1000),
    );
  });
}

test('what asn1js refuses, every grammar refuses', () => {
  const looking = grammars.filter((grammar) => !holdsAny(grammar));
  const changed = looking.chain((grammar) =>
    arbitrary(grammar)
      .chain((value) => mutations(encode(grammar, value)))
      .map((bytes) => ({ grammar, bytes })),
  );
  fc.assert(
    fc.property(changed, ({ grammar, bytes }) => {
      if (decode(grammar, bytes).ok) assert.ok(readByAsn1js(bytes) !== undefined);
    }),
    runs(2000),
  );
});

test('asn1js reads BER that is not DER, and every grammar refuses it', () => {
  const lenient: readonly (readonly [keyof typeof primitives, string])[] = [
    ['boolean', '01 01 01'],
    ['boolean', '01 02 00 FF'],
    ['integer', '02 02 00 05'],
    ['integer', '02 00'],
    ['octetString', '04 81 01 05'],
    ['octetString', '24 80 04 01 05 00 00'],
    ['bitString', '03 02 04 AF'],
    ['bitString', '03 00'],
    ['nul', '05 01 00'],
    ['oid', '06 03 2A 80 01'],
    ['utcTime', '17 0B 39 39 31 32 33 31 32 33 35 39 5A'],
    ['generalizedTime', '18 11 31 39 39 39 31 32 33 31 32 33 35 39 35 39 2E 35 5A'],
  ];
  for (const [name, digits] of lenient) {
    const grammar = primitives[name];
    assert.ok(grammar !== undefined);
    assert.equal(decode(grammar, hex(digits)).ok, false, digits);
    assert.ok(readByAsn1js(hex(digits)) !== undefined, `${name} ${digits}`);
  }
});

test('asn1js lacks a few values that DER has', () => {
  const arc = encode(oid, '2.25.329800735698586629295641978511506172918');
  const first = encode(generalizedTime, Date.parse('0001-01-01T00:00:00Z'));
  const inside = encode(any, hex('21 03 01 01 FF'));
  assert.deepEqual(decode(oid, arc), { ok: true, value: '2.25.329800735698586629295641978511506172918' });
  assert.notDeepEqual(readValue(arc), '2.25.329800735698586629295641978511506172918');
  assert.notDeepEqual(readValue(first), Date.parse('0001-01-01T00:00:00Z'));
  // A constructed BOOLEAN is no DER, but `any` does not look at the type of what it keeps.
  assert.equal(decode(any, inside).ok, true);
  assert.equal(readByAsn1js(inside), undefined);
});

function readValue(bytes: Uint8Array): unknown {
  const block = readByAsn1js(bytes);
  return block === undefined ? undefined : contentOf(block);
}
