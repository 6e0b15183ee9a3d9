import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  type Certificate,
  ctLog,
  decodeCertificate,
  decodePem,
  decodeSctList,
  encodeSctList,
  id,
  makeExtension,
  precertificateTbs,
  type SctCheck,
  type SignedCertificateTimestamp,
  verifyScts,
} from '../../x509/index.ts';
import { ECDSA, HOUR, logOf, precertEntry, promise, RSA, wholeEntry } from './ct-log.ts';
import { FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, skipWithoutOpenssl } from './openssl.ts';
import { authority, type Entity, endEntity, NOW, resigned, VALIDITY } from './pki.ts';

const root = authority('Root');
const leaf = endEntity('www.example.com', root);

/** The leaf with timestamps that were made for it before it had them, as an authority gets them. */
function withScts(make: (tbs: Uint8Array) => readonly SignedCertificateTimestamp[]): Entity {
  const list = encodeSctList(make(leaf.certificate.tbsCertificate));
  const extension = makeExtension({ kind: id.ct.signedCertificateTimestampList, value: list });
  return resigned(leaf, root, { extensions: [...leaf.certificate.extensions, extension] });
}

const verify = (certificate: Certificate, overrides: Partial<SctCheck> = {}) =>
  verifyScts({
    crypto: noble,
    certificate,
    issuer: root.certificate,
    logs: [logOf(ECDSA), logOf(RSA)],
    now: NOW,
    ...overrides,
  });

const reasons = (certificate: Certificate, overrides: Partial<SctCheck> = {}) => {
  const { verified, faults } = verify(certificate, overrides);
  assert.deepEqual(verified, []);
  return faults.map(({ reason }) => reason);
};

test('timestamps within the certificate are verified, of ECDSA and of RSA logs', () => {
  const { certificate } = withScts((tbs) => [
    promise(ECDSA, precertEntry(tbs, root.certificate)),
    promise(RSA, precertEntry(tbs, root.certificate), NOW - 2 * HOUR),
  ]);
  const { verified, faults } = verify(certificate);
  assert.deepEqual(faults, []);
  assert.deepEqual(
    verified.map(({ source, log, timestamp }) => [source, log.key.keyType, timestamp]),
    [
      ['certificate', 'ec', NOW - HOUR],
      ['certificate', 'rsa', NOW - 2 * HOUR],
    ],
  );
});

test('timestamps from TLS and from OCSP are about the whole certificate', () => {
  const list = encodeSctList([promise(ECDSA, wholeEntry(leaf.certificate))]);
  const sources = (overrides: Partial<SctCheck>) =>
    verify(leaf.certificate, overrides).verified.map(({ source }) => source);
  assert.deepEqual(sources({ fromTls: list, fromOcsp: list }), ['tls', 'ocsp']);
  assert.deepEqual(sources({}), []);
});

test('the poison of a precertificate is taken off too', () => {
  const poison = makeExtension({ kind: id.ct.precertificatePoison, value: null }, { critical: true });
  const poisoned = resigned(leaf, root, { extensions: [...leaf.certificate.extensions, poison] });
  assert.deepEqual(precertificateTbs(poisoned.certificate), leaf.certificate.tbsCertificate);
  assert.deepEqual(precertificateTbs(leaf.certificate), leaf.certificate.tbsCertificate);
  const bare = resigned(leaf, root, { extensions: [poison] });
  const none = resigned(leaf, root, { version: 'v3', extensions: [] });
  assert.deepEqual(precertificateTbs(bare.certificate), none.certificate.tbsCertificate);
});

test('a timestamp for another certificate, issuer, source or time says nothing', () => {
  const other = endEntity('other.example.com', root);
  const embed = (make: (tbs: Uint8Array) => SignedCertificateTimestamp) =>
    withScts((tbs) => [make(tbs)]).certificate;
  const good = (tbs: Uint8Array) => promise(ECDSA, precertEntry(tbs, root.certificate));
  const stranger = authority('Stranger').certificate;
  assert.deepEqual(
    [
      ...reasons(embed(() => good(other.certificate.tbsCertificate))),
      ...reasons(embed(good), { issuer: stranger }),
      ...reasons(embed(() => promise(ECDSA, wholeEntry(leaf.certificate)))),
      ...reasons(leaf.certificate, {
        fromTls: encodeSctList([good(leaf.certificate.tbsCertificate)]),
      }),
      ...reasons(embed((tbs) => ({ ...good(tbs), timestamp: NOW - 1 }) as SignedCertificateTimestamp)),
      ...reasons(
        embed((tbs) => ({ ...good(tbs), extensions: new Uint8Array(0) }) as SignedCertificateTimestamp),
      ),
    ],
    Array(6).fill('bad-signature'),
  );
});

test('a log that nobody trusts, a future time, a retired log and a certificate out of its interval say nothing', () => {
  const { certificate } = withScts((tbs) => [promise(ECDSA, precertEntry(tbs, root.certificate))]);
  assert.deepEqual(reasons(certificate, { logs: [logOf(RSA)] }), ['unknown-log']);
  assert.deepEqual(reasons(certificate, { now: NOW - HOUR - 1 }), ['from-the-future']);
  assert.deepEqual(reasons(certificate, { logs: [logOf(ECDSA, { retiredAt: NOW - HOUR })] }), [
    'retired-log',
  ]);
  const { notAfter } = VALIDITY;
  for (const interval of [
    { start: notAfter + 1, end: notAfter + HOUR },
    { start: notAfter - HOUR, end: notAfter },
  ]) {
    assert.deepEqual(reasons(certificate, { logs: [logOf(ECDSA, { interval })] }), ['outside-interval']);
  }
  const fitting = logOf(ECDSA, { retiredAt: NOW, interval: { start: notAfter, end: notAfter + 1 } });
  assert.equal(verify(certificate, { logs: [fitting] }).verified.length, 1);
});

test('a signature of another kind than the log’s key, or by another hash, says nothing', () => {
  const change = (changes: object) =>
    withScts((tbs) => [
      { ...promise(ECDSA, precertEntry(tbs, root.certificate)), ...changes } as SignedCertificateTimestamp,
    ]).certificate;
  assert.deepEqual(reasons(change({ signatureAlgorithm: 1 })), ['bad-signature']);
  assert.deepEqual(reasons(change({ signatureAlgorithm: 7 })), ['bad-signature']);
  assert.deepEqual(reasons(change({ hashAlgorithm: 2 })), ['bad-signature']);
});

test('a timestamp of another version is kept, and not believed', () => {
  const unknown = { version: 'unknown', bytes: Uint8Array.of(1, 2, 3) } as const;
  const good = promise(ECDSA, wholeEntry(leaf.certificate));
  const list = encodeSctList([unknown, good]);
  assert.deepEqual(unwrap(decodeSctList(list)), [unknown, good]);
  const { verified, faults } = verify(leaf.certificate, { fromTls: list });
  assert.deepEqual([verified.length, faults.map(({ reason }) => reason)], [1, ['unknown-version']]);
});

test('of a long list only the first sixteen timestamps are verified', () => {
  const good = promise(ECDSA, wholeEntry(leaf.certificate));
  const fromTls = encodeSctList(Array(20).fill(good));
  assert.equal(verify(leaf.certificate, { fromTls }).verified.length, 16);
});

test('a list that is empty, cut off or too long is malformed', () => {
  const list = encodeSctList([promise(ECDSA, wholeEntry(leaf.certificate))]);
  for (const bytes of [
    new Uint8Array(0),
    Uint8Array.of(0, 0),
    Uint8Array.of(0, 2, 0, 0),
    list.subarray(0, -1),
    Uint8Array.of(...list, 0),
  ]) {
    assert.equal(unwrapError(decodeSctList(bytes)).kind, 'malformed');
  }
  assert.deepEqual(reasons(leaf.certificate, { fromTls: Uint8Array.of(0, 0) }), ['malformed']);
  assert.throws(() => encodeSctList([]), RangeError);
});

test('every change of one byte is refused, or leaves a list that is written back the same and not believed', () => {
  const list = encodeSctList([promise(ECDSA, wholeEntry(leaf.certificate))]);
  fc.assert(
    fc.property(fc.nat(list.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = list.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      const decoded = decodeSctList(changed);
      if (decoded.ok) {
        assert.deepEqual(encodeSctList(decoded.value), changed);
        assert.equal(verify(leaf.certificate, { fromTls: changed }).verified.length, 0);
      }
    }),
    { numRuns: FC_RUNS },
  );
});

test('openssl reads the list in our certificate', { skip: skipWithoutOpenssl }, () => {
  const { certificate } = withScts((tbs) => [promise(ECDSA, precertEntry(tbs, root.certificate))]);
  const text = openssl(['x509', '-inform', 'DER', '-noout', '-text'], certificate.der).toString();
  assert.match(text, /Signed Certificate Timestamp:\s+Version\s+: v1 \(0x0\)/);
  assert.match(text, /Timestamp : Jun {2}1 11:00:00\.000 2026 GMT/);
});

/* Real certificates, of the public x509-limbo suite, and real logs, whose keys the public log lists have. */

const LIMBO = new URL('../../../../shared/vectors/limbo.json', import.meta.url);
const skipWithoutLimbo = existsSync(LIMBO) ? false : 'shared/vectors/limbo.json is missing';

const REAL_LOGS: readonly (readonly [description: string, key: string])[] = [
  [
    'Let’s Encrypt Oak2023',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz0OeL7jrVxEXJu+o4QWQYLKyokXHiPOOKVUL3/TNFFquVzDSer7kZ3gijxzBp98ZTgRgMSaWgCmZ8OD74mFUQ==',
  ],
  [
    'Cloudflare Nimbus2023',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEi/8tkhjLRp0SXrlZdTzNkTd6HqmcmXiDJz3fAdWLgOhjmv4mohvRhwXul9bgW0ODgRwC9UGAgH/vpGHPvIS1qA==',
  ],
  [
    'Google Xenon2026h1',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOh/Iu87VkEc0ysoBBCchHOIpPZK7kUXHWj6l1PIS5ujmQ7rze8I4r/wjigVW6wMKMMxjbNk8vvV7lLqU07+ITA==',
  ],
  [
    'Sectigo Tiger2026h1',
    'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE73eDJyszDbzsWcgI0nbtU0+y11gQWjNjS/RSO5P4hOSFE+pPrDCtfNPHe6dq7/XQYwOFt9Feb8TwQW+mqXN5xg==',
  ],
];

interface Testcase {
  readonly id: string;
  readonly peer_certificate: string;
  readonly untrusted_intermediates: readonly string[];
}

test('the timestamps of certificates of the public web are verified', { skip: skipWithoutLimbo }, () => {
  const { testcases }: { readonly testcases: readonly Testcase[] } = JSON.parse(readFileSync(LIMBO, 'utf8'));
  const read = (pem = '') => unwrap(decodeCertificate(unwrap(decodePem(pem))[0]?.bytes ?? assert.fail()));
  const logs = REAL_LOGS.map(([description, key]) =>
    unwrap(ctLog(noble, Buffer.from(key, 'base64'), { description })),
  );
  for (const [name, expected] of [
    ['webpki::cryptographydotio-chain', ['Cloudflare Nimbus2023', 'Let’s Encrypt Oak2023']],
    ['online::google.com', ['Google Xenon2026h1', 'Sectigo Tiger2026h1']],
  ] as const) {
    const found = testcases.find(({ id }) => id === name) ?? assert.fail(`no ${name}`);
    const { verified, faults } = verifyScts({
      crypto: noble,
      certificate: read(found.peer_certificate),
      issuer: read(found.untrusted_intermediates[0]),
      logs,
      now: Date.UTC(2030, 0),
    });
    assert.deepEqual(faults, []);
    assert.deepEqual(verified.map(({ log }) => log.description).sort(), expected);
  }
});
