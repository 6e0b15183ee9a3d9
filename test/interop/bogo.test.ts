/** The parts of `npm run bogo` that need neither BoringSSL nor Go: its command line, its patterns, its words for failures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, excluded, missing } from '../../interop/bogo/disabled.ts';
import { boringNames } from '../../interop/bogo/errors.ts';
import { type CommandLine, parseCommandLine } from '../../interop/bogo/flags.ts';
import { matchesGlob } from '../../interop/bogo/glob.ts';

test('a flag counts for every connection unless a prefix says for which', () => {
  const { initial, resume, retry } = parsed(
    '-server',
    '-on-resume-verify-fail',
    '-on-initial-expect-alpn',
    'h2',
  );
  assert.deepEqual(
    [initial, resume, retry].map((settings) => settings.has('-server')),
    [true, true, true],
  );
  assert.deepEqual(
    [initial, resume, retry].map((settings) => settings.has('-verify-fail')),
    [false, true, false],
  );
  assert.deepEqual(
    [initial, resume, retry].map((settings) => settings.text('-expect-alpn')),
    ['h2', undefined, undefined],
  );
});

test('of a flag that stands twice, all values are kept and the newest counts', () => {
  const { initial } = parsed('-curves', '29', '-curves', '23');
  assert.deepEqual(initial.numbers('-curves'), [29, 23]);
  assert.equal(initial.number('-curves'), 23);
});

test('the flags of a credential belong to the newest one', () => {
  const { initial } = parsed(
    ...['-cert-file', 'default.pem', '-new-x509-credential', '-cert-file', 'first.pem'],
    ...['-signing-prefs', '1027', '-new-psk-credential', '-psk-importer-key', 'AA=='],
  );
  assert.equal(initial.defaultCredential?.text('-cert-file'), 'default.pem');
  const [first, second] = initial.credentials;
  assert.deepEqual(
    [first?.kind, first?.text('-cert-file'), first?.signingPrefs],
    ['x509', 'first.pem', [1027]],
  );
  assert.deepEqual([second?.kind, second?.text('-psk-importer-key')], ['psk', 'AA==']);
});

test('a flag that nobody knows ends the reading, and one without its value is a fault', () => {
  assert.deepEqual(parseCommandLine(['-server', '-frobnicate', '-port']), {
    kind: 'unimplemented',
    flag: '-frobnicate',
  });
  assert.throws(() => parseCommandLine(['-port']), /-port without a value/);
  assert.throws(() => parsed('-port', 'x').initial.number('-port'), /not a whole number/);
});

test('a star stands for any characters, and nothing else is special', () => {
  assert.ok(matchesGlob('*-TLS13', 'Basic-TLS13'));
  assert.ok(matchesGlob('A-*-B-*', 'A-x-B-'));
  assert.ok(matchesGlob('A', 'A'));
  assert.ok(!matchesGlob('A', 'AA'));
  assert.ok(!matchesGlob('A*A', 'A'), 'the parts do not overlap');
  assert.ok(!matchesGlob('A?', 'AB'));
});

test('no pattern stands twice, and every reason is one line', () => {
  for (const exclusions of [[...excluded, ...differences], missing]) {
    const patterns = exclusions.flatMap(({ tests }) => tests);
    assert.equal(new Set(patterns).size, patterns.length);
    assert.ok(exclusions.every(({ reason, tests }) => /^[^\n]{10,120}$/.test(reason) && tests.length > 0));
  }
});

test('a failure bears the names that BoringSSL has for it', () => {
  assert.deepEqual(boringNames({ kind: 'peerMisbehaved', reason: 'bad-finished', detail: '' }), [
    ':DIGEST_CHECK_FAILED:',
  ]);
  assert.deepEqual(boringNames({ kind: 'peerAlert', alert: 'decode_error', code: 50 }), [
    ':TLSV1_ALERT_DECODE_ERROR:',
  ]);
  assert.deepEqual(boringNames({ kind: 'peerAlert', alert: 'unknown', code: 222 }), []);
});

function parsed(...args: readonly string[]): CommandLine {
  const outcome = parseCommandLine(args);
  assert.ok(outcome.kind === 'parsed');
  return outcome.value;
}
