import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  byteCount,
  coloured,
  escapeHtml,
  hex,
  pack,
  paintFor,
  plain,
  printable,
  shorten,
} from '../../src/cli/text.ts';

const runs = Number(process.env['FC_RUNS'] ?? 200);

describe('text for a terminal', () => {
  it('keeps letters of every script and writes out what steers or hides', () => {
    assert.equal(printable('Grüße, 世界'), 'Grüße, 世界');
    assert.equal(printable('a\x1b[31mb\r\n\x07'), 'a\\u{1b}[31mb\\u{d}\\u{a}\\u{7}');
    assert.equal(
      printable('\u202Egnp.exe\u200B\u2028\uFEFF\u009B'),
      '\\u{202e}gnp.exe\\u{200b}\\u{2028}\\u{feff}\\u{9b}',
    );
    assert.equal(printable('\uD800'), '\\u{d800}');
  });

  it('never holds a control character, whatever went in', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(printable(text)),
      ),
      { numRuns: runs },
    );
  });

  it('has colour on a terminal only, and not against NO_COLOR (no-color.org) or a dumb terminal', () => {
    assert.equal(paintFor({ isTTY: true }, {}), coloured);
    assert.equal(paintFor({ isTTY: true }, { NO_COLOR: '' }), coloured);
    assert.equal(paintFor({ isTTY: true }, { NO_COLOR: '1' }), plain);
    assert.equal(paintFor({ isTTY: true }, { TERM: 'dumb' }), plain);
    assert.equal(paintFor({}, {}), plain);
    assert.equal(coloured('red', 'x'), '\x1b[31mx\x1b[39m');
  });

  it('counts bytes and groups digits', () => {
    assert.deepEqual([0, 1, 999, 1000, 1234567].map(byteCount), [
      '0 bytes',
      '1 byte',
      '999 bytes',
      '1,000 bytes',
      '1,234,567 bytes',
    ]);
    assert.equal(hex(Uint8Array.of(0, 10, 255), ':'), '00:0a:ff');
  });

  it('fits a width', () => {
    assert.equal(shorten('abcd', 4), 'abcd');
    assert.equal(shorten('abcde', 4), 'abc…');
    assert.deepEqual(pack(['ab', 'cd', 'efgh', 'ijklmnop', ''], ', ', 6), ['ab, cd', 'efgh', 'ijklm…', '']);
    assert.deepEqual(pack([], ', ', 6), []);
  });
});

describe('text for a page', () => {
  it('has no character that HTML gives a meaning to', () => {
    assert.equal(
      escapeHtml(`<a href="x" title='y'>&</a>`),
      '&#60;a href=&#34;x&#34; title=&#39;y&#39;&#62;&#38;&#60;/a&#62;',
    );
  });
});
