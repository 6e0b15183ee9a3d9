import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { alertCodes } from '../../src/codepoints.ts';
import { type AlertName, alertFor, describeFailure, type Failure } from '../../src/index.ts';
import { buildCertificate, type ValidationReason } from '../../x509/index.ts';
import { nullCrypto } from './null-crypto.ts';
import { deliver, plainRecord } from './peer.ts';
import { quickAuthority } from './quick.ts';
import { meetServer } from './scripted-client.ts';
import { meetClient } from './scripted-server.ts';
import { bytes, DAY, find, makeLeaf, must, NOW, runs } from './support.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('every way to fail has a test that brings it about by name', () => {
  const here = join(root, 'test/src');
  const tests = readdirSync(here)
    .filter((name) => name.endsWith('.test.ts') && name !== 'failure.test.ts')
    .map((name) => readFileSync(join(here, name), 'utf8'))
    .join('\n');
  const source = readFileSync(join(root, 'src/failure.ts'), 'utf8');
  const reasons = [...source.matchAll(/^ {2}'([a-z-]+)': '([a-z_]+)',$/gm)].map(([, reason = '']) => reason);
  assert.ok(reasons.length > 50);
  const missing = reasons.filter((reason) => !new RegExp(`['" ]${reason}['"]`).test(tests));
  assert.deepEqual(missing, []);
});

/** RFC 9846 §6.2 and §4.5.1.3, written down a second time. */
const certificateAlerts: Readonly<Partial<Record<ValidationReason, AlertName>>> = {
  'empty-chain': 'bad_certificate',
  'no-anchors': 'unknown_ca',
  'unknown-issuer': 'unknown_ca',
  'bad-signature': 'bad_certificate',
  'unsupported-algorithm': 'bad_certificate',
  'weak-key': 'unsupported_certificate',
  malformed: 'bad_certificate',
  expired: 'certificate_expired',
  'not-yet-valid': 'certificate_expired',
  'not-a-ca': 'bad_certificate',
  'path-too-long': 'bad_certificate',
  'wrong-key-usage': 'unsupported_certificate',
  'wrong-extended-key-usage': 'unsupported_certificate',
  'unhandled-critical-extension': 'unsupported_certificate',
  'name-constraint': 'bad_certificate',
  'name-mismatch': 'bad_certificate',
  'no-valid-policy': 'bad_certificate',
  'not-pinned': 'bad_certificate',
  revoked: 'certificate_revoked',
  'revocation-unknown': 'bad_certificate',
  'bad-stapled-response': 'bad_certificate_status_response',
  'not-logged': 'bad_certificate',
  'profile-violation': 'bad_certificate',
  'budget-exhausted': 'bad_certificate',
};

test('every reason to refuse a certificate has its alert', () => {
  for (const reason of Object.keys(certificateAlerts).filter(isReason)) {
    assert.equal(alertFor(certificateFailure(reason)), certificateAlerts[reason], reason);
  }
});

test('who has been told by the peer tells it nothing, and who has been left says goodbye', () => {
  assert.equal(alertFor({ kind: 'peerAlert', alert: 'internal_error', code: 80 }), undefined);
  assert.equal(alertFor({ kind: 'peerAlert', alert: 'unknown', code: 200 }), undefined);
  assert.equal(alertFor({ kind: 'peerAlert', alert: 'close_notify', code: 0 }), 'close_notify');
  assert.equal(alertFor({ kind: 'truncated' }), 'close_notify');
});

test('every failure is one line of printable text, with the names of what went wrong', () => {
  const failures: readonly (readonly [Failure, RegExp])[] = [
    [
      {
        kind: 'malformed',
        structure: 'clientHello',
        offset: 7,
        path: ['random'],
        expected: '32 bytes',
        found: '3 bytes',
      },
      /malformed clientHello\.random \(byte 7\): expected 32 bytes, found 3 bytes/,
    ],
    [
      { kind: 'peerMisbehaved', reason: 'bad-finished', detail: 'why' },
      /broke the protocol \(bad-finished\): why/,
    ],
    [
      { kind: 'incompatible', reason: 'no-common-group', detail: 'why' },
      /no parameters \(no-common-group\): why/,
    ],
    [
      { kind: 'misuse', reason: 'signing-failed', detail: 'why' },
      /this side cannot go on \(signing-failed\): why/,
    ],
    [{ kind: 'peerAlert', alert: 'decode_error', code: 50 }, /alert decode_error \(50\)/],
    [{ kind: 'truncated' }, /without close_notify/],
    [certificateFailure('expired'), /certificate was refused: expired/],
  ];
  for (const [failure, text] of failures) {
    assert.match(describeFailure(failure), text);
    assertOneLine(failure);
  }
});

test('no peer can put control characters into a description, or make it long', () => {
  const hostile = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 255,
  });
  fc.assert(
    fc.property(hostile, (text) => {
      const chosen = meetClient({ client: { applicationProtocols: ['h2'] }, applicationProtocol: text });
      chosen.play('serverHello', 'encryptedExtensions');
      const offered = meetServer({
        server: { applicationProtocols: ['h2'] },
        extensions: [
          { name: 'applicationLayerProtocolNegotiation', value: Array.from({ length: 100 }, () => text) },
        ],
      });
      offered.say.clientHello();
      const named = meetServer({ server: { strictServerName: true } });
      named.say.clientHello((hello) => ({
        ...hello,
        extensions: hello.extensions.map((extension) =>
          extension.name === 'serverName'
            ? { name: 'serverName', value: [{ nameType: 0, hostName: text }] }
            : extension,
        ),
      }));
      for (const { peer } of [chosen, offered, named]) {
        const failed = find(peer.effects, 'failed');
        if (failed !== undefined) assertOneLine(failed.failure);
      }
    }),
    { numRuns: runs(100) },
  );
});

test('the names in a certificate cannot either', () => {
  const { key } = makeLeaf(quickAuthority, { crypto: nullCrypto, kind: { kind: 'ed25519' } });
  for (const commonName of ['evil\u001b[2J\u009b\r\nname', 'x'.repeat(60_000)]) {
    const leaf = must(
      buildCertificate({
        crypto: nullCrypto,
        entropy: bytes(32),
        subject: [['commonName', commonName]],
        publicKey: key.public,
        signer: quickAuthority,
        validity: { notBefore: NOW - DAY, notAfter: NOW + DAY },
        subjectAltName: [{ kind: 'dNSName', value: 'other.example' }],
      }),
    );
    const server = meetClient({ chain: [leaf.der], key });
    server.play('serverHello', 'encryptedExtensions', 'certificate', 'certificateVerify');
    const failed = find(server.peer.effects, 'failed');
    assert.ok(failed !== undefined);
    assertOneLine(failed.failure);
  }
});

test('random bytes lead to failures that can be printed', () => {
  fc.assert(
    fc.property(fc.constantFrom(20, 21, 22, 23), fc.uint8Array({ maxLength: 200 }), (type, content) => {
      for (const { peer } of [meetClient(), meetServer()]) {
        deliver(peer, plainRecord(type, content));
        const failed = find(peer.effects, 'failed');
        if (failed === undefined) continue;
        assertOneLine(failed.failure);
        const alert = alertFor(failed.failure);
        assert.ok(alert === undefined || alert in alertCodes);
      }
    }),
    { numRuns: runs(200) },
  );
});

function assertOneLine(failure: Failure): void {
  const text = describeFailure(failure);
  assert.match(text, /^[ -~\u2026]+$/, JSON.stringify(text));
  assert.ok(text.length < 2500, `${text.length} characters`);
}

function certificateFailure(reason: ValidationReason): Failure {
  return { kind: 'certificate', error: { reason, certificate: undefined, expected: 'this', found: 'that' } };
}

function isReason(name: string): name is ValidationReason {
  return Object.hasOwn(certificateAlerts, name);
}
