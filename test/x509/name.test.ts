import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bmpString, decode, encode, teletexString, universalString, utf8String } from '../../asn1/index.ts';
import { type AttributeName, attributeTexts, formatName, id, makeName } from '../../x509/index.ts';
import { foldName, name as nameGrammar, type RDNSequence } from '../../x509/name.ts';
import { FC_RUNS, unwrap } from './helpers.ts';

const commonName = (value: Uint8Array): RDNSequence => [[{ type: id.at.commonName, value }]];

test('names are shown as RFC 4514 writes them, innermost first', () => {
  const name = makeName([
    ['countryName', 'GB'],
    ['organizationName', 'Isode Limited'],
    ['commonName', 'Steve Kille'],
  ]);
  assert.equal(formatName(name.value), 'CN=Steve Kille,O=Isode Limited,C=GB');
  assert.equal(formatName([]), '""');
});

test('special characters are escaped (RFC 4514 §4)', () => {
  const shown = (text: string) => formatName(makeName([['commonName', text]]).value);
  assert.equal(shown('James "Jim" Smith, III'), 'CN=James \\"Jim\\" Smith\\, III');
  assert.equal(shown('#1'), 'CN=\\#1');
  assert.equal(shown(' a '), 'CN=\\ a\\ ');
  assert.equal(shown('Lučić'), 'CN=Lučić');
});

test('no character can break or disguise a line of a log', () => {
  const shown = (text: string) => formatName(makeName([['commonName', text]]).value);
  assert.equal(shown('Before\rAfter'), 'CN=Before\\0dAfter');
  assert.equal(shown('a\0b\u001b[31m'), 'CN=a\\00b\\1b[31m');
  assert.equal(shown('a\u202eb\u2028c'), 'CN=a\\e280aeb\\e280a8c');
});

test('attributes without a name, values that are no text, and several in one RDN are shown', () => {
  const name: RDNSequence = [
    [
      { type: '1.2.3.4', value: encode(utf8String, 'x') },
      { type: id.at.commonName, value: Uint8Array.of(2, 1, 5) },
    ],
  ];
  assert.equal(formatName(name), '1.2.3.4=x+CN=#020105');
});

test('strings of every type have their text', () => {
  const encodings = [
    encode(utf8String, 'Zürich'),
    encode(bmpString, 'Zürich'),
    encode(universalString, 'Zürich'),
    encode(teletexString, 'Zürich'),
  ];
  for (const value of encodings) {
    assert.deepEqual(attributeTexts(commonName(value), 'commonName'), ['Zürich']);
  }
});

test('a string with characters that its type does not have is text all the same', () => {
  const printable = Uint8Array.from([0x13, 3, ...Buffer.from('a@b')]);
  assert.deepEqual(attributeTexts(commonName(printable), 'commonName'), ['a@b']);
});

test('names fold alike whatever their case, spaces and string types', () => {
  const folded = foldName(makeName([['commonName', 'Example Corp']]).value);
  for (const value of [encode(bmpString, 'EXAMPLE   corp'), encode(teletexString, ' example corp')]) {
    assert.deepEqual(foldName(commonName(value)), folded);
  }
  assert.notDeepEqual(foldName(commonName(encode(utf8String, 'Example'))), folded);
});

test('names fold differently when attributes move, merge or pretend to be bytes', () => {
  const [a, b] = [commonName(encode(utf8String, 'a'))[0] ?? [], commonName(encode(utf8String, 'b'))[0] ?? []];
  const names: readonly RDNSequence[] = [
    [a, b],
    [b, a],
    [[...a, ...b]],
    commonName(encode(utf8String, 'a,b')),
    commonName(Uint8Array.of(2, 1, 5)),
    commonName(encode(utf8String, '#020105')),
  ];
  assert.equal(new Set(names.map((name) => foldName(name).join())).size, names.length);
  assert.deepEqual(foldName([[...a, ...b]]), foldName([[...b, ...a]]));
});

test('what is made is read back as it was', () => {
  const attribute = fc.constantFrom<AttributeName>(
    'commonName',
    'organizationName',
    'localityName',
    'domainComponent',
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(attribute, fc.string({ minLength: 1 }))), (parts) => {
      const name = makeName(parts);
      assert.deepEqual(unwrap(decode(nameGrammar, name.raw)), name);
      for (const [type, text] of parts) {
        assert.ok(attributeTexts(name.value, type).includes(text));
      }
    }),
    { numRuns: FC_RUNS },
  );
});
