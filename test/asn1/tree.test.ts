import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Asn1Tree, encode, formatTree, readTree } from '../../asn1/index.ts';
import { arbitrary } from './arbitrary.ts';
import { grammars } from './grammars.ts';
import { personnelRecordBer } from './personnel.ts';
import { hex, runs } from './support.ts';

function treeOf(bytes: Uint8Array): Asn1Tree {
  const tree = readTree(bytes);
  assert.ok(tree.ok, JSON.stringify(tree));
  return tree.value;
}

test('a tree has the place and size of every element', () => {
  assert.deepEqual(treeOf(hex('30 07 A1 02 05 00 5F 1F 00')), {
    class: 'universal',
    tag: 16,
    constructed: true,
    offset: 0,
    headerLength: 2,
    length: 7,
    children: [
      {
        class: 'context',
        tag: 1,
        constructed: true,
        offset: 2,
        headerLength: 2,
        length: 2,
        children: [
          {
            class: 'universal',
            tag: 5,
            constructed: false,
            offset: 4,
            headerLength: 2,
            length: 0,
            children: [],
          },
        ],
      },
      {
        class: 'application',
        tag: 31,
        constructed: false,
        offset: 6,
        headerLength: 3,
        length: 0,
        children: [],
      },
    ],
  });
});

test('a tree is shown with one line for each element', () => {
  const bytes = hex(
    '30 1C 06 03 55 04 03 0C 07 61 0A E2 80 AE 62 63 02 02 FF 7F 04 02 01 02 86 01 FF 01 01 00',
  );
  assert.equal(
    formatTree(treeOf(bytes), bytes),
    [
      '    0 2+28    SEQUENCE',
      '    2 2+3       OBJECT IDENTIFIER 2.5.4.3',
      "    7 2+7       UTF8String 'a\\u{a}\\u{202e}bc'",
      '   16 2+2       INTEGER -129',
      '   20 2+2       OCTET STRING 0102',
      '   24 2+1       [6] ff',
      '   27 2+1       BOOLEAN false',
    ].join('\n'),
  );
});

test('a long value is cut short and a wrong one shown as octets', () => {
  const bytes = hex(`30 4A 0C 01 FF 13 45 ${'41'.repeat(69)}`);
  const huge = hex(`02 82 01 01 ${'7F'.repeat(257)}`);
  assert.equal(formatTree(treeOf(huge), huge), `    0 4+257   INTEGER ${'7f'.repeat(32)}…`);
  const lines = formatTree(treeOf(bytes), bytes).split('\n');
  assert.equal(lines[1], '    2 2+1       UTF8String ff');
  assert.equal(lines[2], `    5 2+69      PrintableString '${'A'.repeat(63)}…`);
});

test('bytes that are not one element with minimal headers have no tree', () => {
  const kinds = (digits: string): unknown => {
    const tree = readTree(hex(digits));
    assert.ok(!tree.ok);
    return [tree.error.kind, tree.error.offset, tree.error.path];
  };
  assert.deepEqual(kinds(''), ['missing', 0, []]);
  assert.deepEqual(kinds('05 00 05 00'), ['trailing', 2, []]);
  assert.deepEqual(kinds('30 04 05 00 04 01'), ['truncated', 4, ['1']]);
  assert.deepEqual(kinds('30 80 00 00'), ['encoding', 1, []]);
  assert.deepEqual(kinds('30 02 00 00'), ['encoding', 2, ['0']]);
  assert.equal(readTree(hex('30 02 05 00'), { elements: 1 }).ok, false);
  assert.deepEqual(kinds(nest(33)), ['limit', 64, Array(32).fill('0')]);
});

test('every encoding has a tree whose elements fill one another', () => {
  const fills = (tree: Asn1Tree): boolean => {
    let at = tree.offset + tree.headerLength;
    for (const child of tree.children) {
      if (child.offset !== at || !fills(child)) return false;
      at += child.headerLength + child.length;
    }
    return !tree.constructed || at === tree.offset + tree.headerLength + tree.length;
  };
  fc.assert(
    fc.property(
      grammars.chain((grammar) => arbitrary(grammar).map((value) => encode(grammar, value))),
      (bytes) => {
        const tree = treeOf(bytes);
        assert.ok(fills(tree));
        assert.ok(formatTree(tree, bytes).split('\n').length >= 1);
      },
    ),
    runs(300),
  );
});

test('no bytes make the tree reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const tree = readTree(bytes);
      if (tree.ok) formatTree(tree.value, bytes);
    }),
    runs(1000),
  );
  assert.equal(treeOf(hex(personnelRecordBer)).children.length, 6);
});

function nest(depth: number): string {
  let digits = '';
  for (let i = 0; i < depth; i++) digits = `30${(digits.length / 2).toString(16).padStart(2, '0')}${digits}`;
  return digits;
}
