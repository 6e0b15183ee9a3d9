import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BerOptions, berToDer, maxBerLength } from '../../asn1/ber.ts';
import { type Asn1Error, type Asn1Tree, decode, encode, readTree } from '../../asn1/index.ts';
import { arbitrary } from './arbitrary.ts';
import { grammars } from './grammars.ts';
import { personnelRecord, personnelRecordBer } from './personnel.ts';
import { hex, runs, toHex } from './support.ts';

function assertDer(ber: string, der: string, options?: BerOptions): void {
  const result = berToDer(hex(ber), options);
  assert.ok(result.ok, `refused: ${JSON.stringify(result)}`);
  assert.equal(toHex(result.value), toHex(hex(der)));
}

function refusal(ber: string, options?: BerOptions): Asn1Error {
  const result = berToDer(hex(ber), options);
  assert.ok(!result.ok, `accepted ${ber}`);
  return result.error;
}

test('lengths become definite and minimal', () => {
  assertDer('30 80 02 01 05 00 00', '30 03 02 01 05');
  assertDer('30 80 30 80 05 00 00 00 A0 80 00 00 00 00', '30 06 30 02 05 00 A0 00');
  assertDer('30 81 03 02 01 05', '30 03 02 01 05');
  assertDer('04 84 00 00 00 02 01 02', '04 02 01 02');
  assertDer(`04 83 00 00 80 ${'AB'.repeat(128)}`, `04 81 80 ${'AB'.repeat(128)}`);
});

test('an OCTET STRING is put together from its pieces (X.690, section 8.7.3)', () => {
  assertDer('24 80 04 02 01 02 04 01 03 00 00', '04 03 01 02 03');
  assertDer('24 08 04 02 01 02 24 02 04 00', '04 02 01 02');
  assertDer('24 00', '04 00');
  assertDer('24 80 00 00', '04 00');
});

test('a BIT STRING is put together from its pieces (X.690, section 8.6.4.2)', () => {
  assertDer('23 80 03 03 00 0A 3B 03 05 04 5F 29 1C D0 00 00', '03 07 04 0A 3B 5F 29 1C D0');
  assertDer('23 00', '03 01 00');
  assert.equal(refusal('23 80 03 02 04 F0 03 02 00 FF 00 00').kind, 'encoding');
  assert.equal(refusal('30 02 03 00').kind, 'encoding');
});

test('unused bits become zero', () => {
  assertDer('03 02 04 AF', '03 02 04 A0');
  assertDer('03 03 07 01 FF', '03 03 07 01 80');
});

test('any BOOLEAN but 00 is FF', () => {
  assertDer('30 09 01 01 00 01 01 01 01 01 FF', '30 09 01 01 00 01 01 FF 01 01 FF');
});

test('a SET is put in the order of its tags', () => {
  assertDer('31 08 A0 03 02 01 05 01 01 FF', '31 08 01 01 FF A0 03 02 01 05');
  assertDer('31 06 81 00 A0 00 05 00', '31 06 05 00 A0 00 81 00');
});

test('a SET OF is put in the order of its encodings', () => {
  assertDer('31 80 02 01 02 02 81 01 01 02 02 00 80 00 00', '31 0A 02 01 01 02 01 02 02 02 00 80');
  assertDer('31 0A 02 01 02 05 00 02 01 01 05 00', '31 0A 02 01 01 02 01 02 05 00 05 00');
});

test('a SET of unknown kind stays when it is in either order, and a known one does not', () => {
  const byTag = '31 05 A1 00 82 01 00';
  const byEncoding = '31 05 82 01 00 A1 00';
  assertDer(byTag, byTag);
  assertDer(byEncoding, byEncoding);
  assertDer(byTag, byEncoding, { typeAt: () => 'SET OF' });
  assertDer(byEncoding, byTag, { typeAt: () => 'SET' });
});

test('what an IMPLICIT tag hides is told by place', () => {
  const ber = '30 80 05 00 A0 80 04 01 01 04 01 02 00 00 00 00';
  assertDer(ber, '30 0A 05 00 A0 06 04 01 01 04 01 02');
  const typeAt: BerOptions['typeAt'] = (place) => (place.join() === '1' ? 'OCTET STRING' : undefined);
  assertDer(ber, '30 06 05 00 80 02 01 02', { typeAt });
  assertDer('30 05 05 00 80 01 07', '30 05 05 00 80 01 07', { typeAt });
  assert.deepEqual(refusal('30 06 05 00 A0 02 05 00', { typeAt }).kind, 'tag');
});

test('the BER of X.690, annex A.3 becomes DER that the strict grammar reads', () => {
  // Its fields are in the order of the type; DER wants the order of their tags, number before title.
  const result = berToDer(hex(personnelRecordBer), {
    typeAt: (place) => (place.length === 0 ? 'SET' : undefined),
  });
  assert.ok(result.ok);
  const record = decode(personnelRecord, result.value);
  assert.ok(record.ok, JSON.stringify(record));
  assert.deepEqual(record.value, {
    name: { givenName: 'John', initial: 'P', familyName: 'Smith' },
    title: 'Director',
    number: 51,
    dateOfHire: '19710917',
    nameOfSpouse: { givenName: 'Mary', initial: 'T', familyName: 'Smith' },
    children: [
      { name: { givenName: 'Ralph', initial: 'T', familyName: 'Smith' }, dateOfBirth: '19571111' },
      { name: { givenName: 'Susan', initial: 'B', familyName: 'Jones' }, dateOfBirth: '19590717' },
    ],
  });
  assert.equal(decode(personnelRecord, hex(personnelRecordBer)).ok, false);
});

test('bytes that are not one BER element are refused', () => {
  assert.equal(refusal('').kind, 'encoding');
  assert.deepEqual([refusal('05 00 05 00').kind, refusal('05 00 05 00').offset], ['trailing', 2]);
  for (const ber of [
    '30', // no length
    '30 05 05 00', // contents cut short
    '30 80 05 00', // no end-of-contents mark
    '30 04 05 00 00 00', // the mark in contents of definite length
    '30 80 05 00 00 01 FF', // half a mark
    '00 00', // the mark alone
    '04 80 01 00 00', // indefinite and primitive
    '1F 01 00', // a low tag number in the long form
    '24 03 02 01 05', // another type in an OCTET STRING
    '2C 80 0C 01 41 00 00', // a character string in pieces
    '30 89 01 00 00 00 00 00 00 00 00', // a length of nine octets
    '30 03 02 02 05', // an element past the end of the one around it
  ]) {
    assert.equal(refusal(ber).kind, 'encoding', ber);
  }
});

test('depth, elements and size are bounded', () => {
  const nested = (depth: number): string => `${'3080'.repeat(depth)}${'0000'.repeat(depth)}`;
  assert.equal(berToDer(hex(nested(32))).ok, true);
  assert.equal(refusal(nested(34)).kind, 'limit');
  assert.equal(refusal(nested(10), { depth: 5 }).kind, 'limit');
  assert.equal(refusal('30 04 05 00 05 00', { elements: 2 }).kind, 'limit');
  assert.equal(berToDer(new Uint8Array(maxBerLength + 1)).ok, false);
});

test('DER comes back as it is', () => {
  fc.assert(
    fc.property(
      grammars.chain((grammar) => arbitrary(grammar).map((value) => encode(grammar, value))),
      (der) => {
        assert.deepEqual(berToDer(der), { ok: true, value: der });
      },
    ),
    runs(500),
  );
});

/** BER for DER: lengths indefinite or padded, OCTET STRINGs in pieces and SETs turned round, as `choices` say in turn. */
function loosen(tree: Asn1Tree, der: Uint8Array, choices: readonly number[]): Uint8Array {
  let taken = 0;
  const choose = (): number => choices[taken++ % choices.length] ?? 0;
  const wrap = (identifier: Uint8Array, contents: Uint8Array, choice: number): Uint8Array =>
    (choice & 1) === 1 && ((identifier[0] ?? 0) & 0x20) !== 0
      ? Buffer.concat([identifier, hex('80'), contents, hex('00 00')])
      : Buffer.concat([identifier, hex('84'), uint32(contents.length), contents]);
  const walk = (node: Asn1Tree): Uint8Array => {
    const start = node.offset + node.headerLength;
    const contents = der.subarray(start, start + node.length);
    const choice = choose();
    const universal = node.class === 'universal' ? node.tag : -1;
    if (universal === 4 && choice >= 4) {
      const middle = choose() % (contents.length + 1);
      const pieces = [contents.subarray(0, middle), contents.subarray(middle)];
      return wrap(hex('24'), Buffer.concat(pieces.map((piece) => wrap(hex('04'), piece, 0))), choice);
    }
    const identifier = der.subarray(node.offset, node.offset + identifierLength(der, node.offset));
    if (!node.constructed) return wrap(identifier, contents, 0);
    const children = node.children.map(walk);
    // With both forms in it, a SET turned round may be in the order of a SET OF, which then stays.
    const oneForm = new Set(node.children.map((child) => child.constructed)).size <= 1;
    return wrap(
      identifier,
      Buffer.concat(universal === 17 && oneForm ? children.reverse() : children),
      choice,
    );
  };
  return walk(tree);
}

function identifierLength(der: Uint8Array, offset: number): number {
  if (((der[offset] ?? 0) & 0x1f) !== 0x1f) return 1;
  let length = 2;
  while ((der[offset + length - 1] ?? 0) >= 0x80) length++;
  return length;
}

function uint32(value: number): Uint8Array {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

test('loosened DER is made DER again', () => {
  fc.assert(
    fc.property(
      grammars.chain((grammar) => arbitrary(grammar).map((value) => encode(grammar, value))),
      fc.array(fc.nat(7), { minLength: 1, maxLength: 20 }),
      (der, choices) => {
        const tree = readTree(der);
        assert.ok(tree.ok);
        assert.deepEqual(berToDer(loosen(tree.value, der, choices)), { ok: true, value: der });
      },
    ),
    runs(500),
  );
});

test('no bytes make the adapter throw, and what it gives is stable', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .array(fc.constantFrom(...hex('30 80 31 24 23 03 04 02 01 00 00 05 A0 FF')))
      .map((list) => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(bytes, (ber) => {
      const result = berToDer(ber);
      if (result.ok) assert.deepEqual(berToDer(result.value), result);
    }),
    runs(3000),
  );
});
