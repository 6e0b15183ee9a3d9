import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePem, describePemError, encodePem, type PemError } from '../../x509/index.ts';
import { FC_RUNS, unwrap, unwrapError } from './helpers.ts';

test('what is encoded as PEM is read back, also with the line ends of other systems', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record(
          {
            label: fc.constantFrom('CERTIFICATE', 'PRIVATE KEY', 'X509 CRL'),
            bytes: fc.uint8Array({ minLength: 1 }),
          },
          { noNullPrototype: true },
        ),
      ),
      fc.constantFrom('\n', '\r\n', '\r'),
      (blocks, lineEnd) => {
        const text = blocks.map(({ label, bytes }) => encodePem(label, bytes)).join('a comment\n');
        assert.deepEqual(unwrap(decodePem(text.replaceAll('\n', lineEnd))), blocks);
      },
    ),
    { numRuns: FC_RUNS },
  );
});

test('lines are 64 characters long, as RFC 7468 §2 asks of writers', () => {
  const lines = encodePem('CERTIFICATE', new Uint8Array(100)).split('\n');
  assert.deepEqual(
    lines.map((line) => line.length),
    [27, 64, 64, 8, 25, 0],
  );
});

test('text before, between and after blocks is skipped', () => {
  const block = encodePem('CERTIFICATE', Uint8Array.of(1, 2, 3));
  const text = `subject=CN = a\n\n${block}-----not a boundary\n${block}trailing`;
  assert.equal(unwrap(decodePem(text)).length, 2);
  assert.deepEqual(unwrap(decodePem('no block at all')), []);
});

test('white space inside the base64 is skipped, as RFC 7468 §3 allows', () => {
  const blocks = unwrap(decodePem('-----BEGIN X-----\n A Q\tI D \n\n-----END X-----'));
  assert.deepEqual(blocks, [{ label: 'X', bytes: Uint8Array.of(1, 2, 3) }]);
});

test('a broken block is refused with its line', () => {
  const refused: readonly (readonly [text: string, kind: PemError['kind'], line: number])[] = [
    ['x\n-----BEGIN A-----\nAQID\n', 'unterminated', 2],
    ['-----BEGIN A-----\nAQID\n-----END B-----\n', 'label-mismatch', 3],
    ['-----BEGIN A-----\nAQID\n-----BEGIN A-----\nAQID\n-----END A-----\n', 'label-mismatch', 3],
    ['-----BEGIN A-----\n-----END A-----\n', 'empty', 1],
    ['-----BEGIN A-----\nAQI\n-----END A-----\n', 'bad-base64', 1],
    ['-----BEGIN A-----\nAQ=D\n-----END A-----\n', 'bad-base64', 1],
    ['-----BEGIN A-----\nAQ-_\n-----END A-----\n', 'bad-base64', 1],
    ['-----BEGIN A-----\nAR==\n-----END A-----\n', 'bad-base64', 1],
    ['-----BEGIN A-----\nAQID====\n-----END A-----\n', 'bad-base64', 1],
    [
      '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END RSA PRIVATE KEY-----\n',
      'header',
      2,
    ],
    ['-----BEGIN A-----\nAQID\n'.repeat(2), 'label-mismatch', 3],
  ];
  for (const [text, kind, line] of refused) {
    const error = unwrapError(decodePem(text));
    assert.deepEqual({ kind: error.kind, line: error.line }, { kind, line }, JSON.stringify(text));
    assert.match(describePemError(error), new RegExp(`^PEM line ${line}: expected .+, found .+$`));
  }
});

test('size and number of blocks are bounded', () => {
  assert.equal(unwrapError(decodePem('x'.repeat(16 * 1024 * 1024 + 1))).kind, 'too-large');
  assert.equal(
    unwrapError(decodePem('-----BEGIN A-----\nAQID\n-----END A-----\n'.repeat(10_001))).kind,
    'too-large',
  );
});

test('no text makes the decoder throw', () => {
  const piece = fc.constantFrom(
    '-----BEGIN A-----',
    '-----END A-----',
    '-----',
    'AQID',
    '=',
    '\n',
    '\r',
    ':',
    ' ',
    'é',
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      decodePem(pieces.join(''));
    }),
    { numRuns: FC_RUNS },
  );
});
