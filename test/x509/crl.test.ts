import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, type Infer } from '../../asn1/index.ts';
import { noble } from '../../nocrypto/index.ts';
import { tbsCertList } from '../../x509/crl.ts';
import {
  buildCrl,
  type Crl,
  type CrlOptions,
  decodeCrl,
  decodePem,
  describeCrlError,
  encodeCrl,
  encodePem,
  extensionValue,
  findRevoked,
  id,
  makeExtension,
  makeName,
} from '../../x509/index.ts';
import { arbitrary } from '../asn1/arbitrary.ts';
import { entropy, FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { openssl, opensslAgrees, skipWithoutOpenssl, withFiles } from './openssl.ts';
import { opensslCrl } from './openssl-ca.ts';
import { authority, NOW, unknownExtension } from './pki.ts';

const HOUR = 3_600_000;
const root = authority('Root');
const issuer = root.certificate.subject;
const other = makeName([['commonName', 'Other']]);

const crl = (overrides: Partial<CrlOptions> = {}): Crl =>
  unwrap(
    buildCrl({
      crypto: noble,
      entropy: entropy('crl'),
      signer: root,
      thisUpdate: NOW - HOUR,
      nextUpdate: NOW + HOUR,
      crlNumber: 7n,
      revoked: [
        { serialNumber: 1n, revocationDate: NOW - 2 * HOUR },
        {
          serialNumber: 2n,
          revocationDate: NOW - HOUR,
          reason: 'keyCompromise',
          invalidityDate: NOW - 9 * HOUR,
        },
      ],
      ...overrides,
    }),
  );

test('a CRL is read back as it was made, and written back bit for bit', () => {
  const made = crl();
  assert.deepEqual([made.thisUpdate, made.nextUpdate, made.version], [NOW - HOUR, NOW + HOUR, 'v2']);
  assert.equal(extensionValue(made, 'cRLNumber'), 7n);
  assert.deepEqual(
    extensionValue(made, 'authorityKeyIdentifier')?.keyIdentifier,
    extensionValue(root.certificate, 'subjectKeyIdentifier'),
  );
  assert.deepEqual(encodeCrl(made), made.der);
  assert.deepEqual(unwrap(decodeCrl(made.der)), made);
});

test('an entry is found by issuer and serial number, with its reason and dates', () => {
  const made = crl();
  const entry = findRevoked(made, { issuer, serialNumber: 2n }) ?? assert.fail('not found');
  assert.equal(entry.revocationDate, NOW - HOUR);
  assert.equal(extensionValue(entry, 'reasonCode'), 'keyCompromise');
  assert.equal(extensionValue(entry, 'invalidityDate'), NOW - 9 * HOUR);
  assert.equal(findRevoked(made, { issuer, serialNumber: 3n }), undefined);
  assert.equal(findRevoked(made, { issuer: other, serialNumber: 2n }), undefined);
});

test('entries of an indirect CRL inherit their issuer from the last entry that names one', () => {
  const made = crl({
    issuingDistributionPoint: { indirectCRL: true },
    revoked: [
      { serialNumber: 1n, revocationDate: NOW },
      { serialNumber: 2n, revocationDate: NOW, certificateIssuer: other },
      { serialNumber: 3n, revocationDate: NOW, certificateIssuer: other },
      { serialNumber: 1n, revocationDate: NOW - HOUR, certificateIssuer: issuer },
    ],
  });
  const named = made.revokedCertificates.map(
    (entry) => extensionValue(entry, 'certificateIssuer') !== undefined,
  );
  assert.deepEqual(named, [false, true, false, true]);
  assert.ok(findRevoked(made, { issuer: other, serialNumber: 3n }));
  assert.equal(findRevoked(made, { issuer, serialNumber: 3n }), undefined);
  // The first of two entries for one certificate counts.
  assert.equal(findRevoked(made, { issuer, serialNumber: 1n })?.revocationDate, NOW);
});

test('an empty list and no list are both no revocations, and each is written back as it stood', () => {
  const none = crl({ revoked: [] });
  assert.deepEqual(none.revokedCertificates, []);
  const tbs = unwrap(decode(tbsCertList, none.tbsCertList));
  assert.equal(tbs.revokedCertificates, undefined);
  const empty = encodeCrl({ ...none, tbsCertList: encode(tbsCertList, { ...tbs, revokedCertificates: [] }) });
  assert.deepEqual(encodeCrl(unwrap(decodeCrl(empty))), empty);
});

test('a critical extension that nobody here knows is reported, on the list and on an entry', () => {
  assert.equal(crl().unhandledCriticalExtension, undefined);
  assert.equal(crl({ extensions: [unknownExtension(false)] }).unhandledCriticalExtension, undefined);
  const onList = crl({ extensions: [unknownExtension(true)] });
  assert.equal(onList.unhandledCriticalExtension, unknownExtension(true).extnID);
  const onEntry = altered((tbs) => ({
    ...tbs,
    revokedCertificates: tbs.revokedCertificates?.map((entry) => ({
      ...entry,
      crlEntryExtensions: [unknownExtension(true)],
    })),
  }));
  assert.equal(unwrap(decodeCrl(onEntry)).unhandledCriticalExtension, unknownExtension(true).extnID);
});

/** A CRL whose fields were changed after it was signed. */
function altered(change: (tbs: Tbs) => Tbs): Uint8Array {
  const made = crl();
  const changed = encode(tbsCertList, change(unwrap(decode(tbsCertList, made.tbsCertList))));
  return encodeCrl({ ...made, tbsCertList: changed });
}

type Tbs = Infer<typeof tbsCertList>;

const REFUSALS: readonly (readonly [what: string, der: () => Uint8Array, kind: string])[] = [
  ['bytes that are no DER', () => Uint8Array.of(0x30, 0x80), 'malformed'],
  ['something after the end', () => Uint8Array.of(...crl().der, 0), 'malformed'],
  [
    'two signature algorithms',
    () => altered((tbs) => ({ ...tbs, signature: ED25519 })),
    'algorithm-mismatch',
  ],
  ['extensions in version 1', () => altered((tbs) => ({ ...tbs, version: undefined })), 'version'],
  ['an empty issuer', () => altered((tbs) => ({ ...tbs, issuer: makeName([]) })), 'empty-issuer'],
  [
    'an end before the beginning',
    () => altered((tbs) => ({ ...tbs, nextUpdate: { kind: 'utcTime', value: 0 } })),
    'validity',
  ],
  [
    'an extension twice',
    () => altered((tbs) => ({ ...tbs, crlExtensions: [CRL_NUMBER, CRL_NUMBER] })),
    'duplicate-extension',
  ],
  [
    'an extension twice in an entry',
    () => altered((tbs) => withEntryExtensions(tbs, REASON, REASON)),
    'duplicate-extension',
  ],
  [
    'a certificate issuer without a distinguished name',
    () => altered((tbs) => withEntryExtensions(tbs, NAMELESS)),
    'certificate-issuer',
  ],
];

const ED25519 = { algorithm: '1.3.101.112', parameters: undefined };
const CRL_NUMBER = makeExtension({ kind: id.ce.cRLNumber, value: 1n });
const REASON = makeExtension({ kind: id.ce.reasonCode, value: 'superseded' });
const NAMELESS = makeExtension({
  kind: id.ce.certificateIssuer,
  value: [{ kind: 'dNSName', value: 'example.com' }],
});

function withEntryExtensions(tbs: Tbs, ...crlEntryExtensions: readonly (typeof REASON)[]): Tbs {
  const revocationDate = { kind: 'utcTime', value: 0 } as const;
  return { ...tbs, revokedCertificates: [{ userCertificate: 1n, revocationDate, crlEntryExtensions }] };
}

for (const [what, der, kind] of REFUSALS) {
  test(`a CRL with ${what} is refused`, () => {
    const error = unwrapError(decodeCrl(der()));
    assert.equal(error.kind, kind);
    assert.match(describeCrlError(error), /CRL/);
  });
}

test('only the signer’s own key makes a CRL', () => {
  assert.throws(() => crl({ signer: { ...root, key: authority('Other').key } }), RangeError);
});

test('any value of the grammar is written and read back', () => {
  fc.assert(
    fc.property(arbitrary(tbsCertList), (tbs) => {
      assert.deepEqual(unwrap(decode(tbsCertList, encode(tbsCertList, tbs))), tbs);
    }),
    { numRuns: FC_RUNS },
  );
});

test('every change of one byte is refused, or read as what it is', () => {
  const { der } = crl();
  for (let at = 0; at < der.length; at++) {
    for (const change of [0x01, 0x80, 0xff]) {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      const decoded = decodeCrl(changed);
      assert.ok(!decoded.ok || Buffer.compare(encodeCrl(decoded.value), changed) === 0);
    }
  }
});

test('a list of 100,000 entries is read in seconds, and looked up at once', () => {
  const revoked = Array.from({ length: 100_000 }, (_, i) => ({
    // Equal low bits, as an attacker would choose them against a table that hashes only those.
    serialNumber: BigInt(i) << 64n,
    revocationDate: NOW,
    reason: 'keyCompromise' as const,
  }));
  const { der } = crl({ revoked });
  const start = performance.now();
  const decoded = unwrap(decodeCrl(der));
  assert.ok(performance.now() - start < 5_000);
  const again = performance.now();
  for (let i = 0; i < 10_000; i++) {
    assert.ok(findRevoked(decoded, { issuer, serialNumber: BigInt(7 * i) << 64n }));
  }
  assert.ok(performance.now() - again < 2_000);
});

test('openssl verifies our CRLs and reads the same in them', { skip: skipWithoutOpenssl }, () => {
  const pem = encodePem('X509 CRL', crl({ baseCrlNumber: 6n }).der);
  withFiles({ pem, root: encodePem('CERTIFICATE', root.certificate.der) }, (path) => {
    assert.ok(opensslAgrees(['crl', '-in', path('pem'), '-noout', '-verify', '-CAfile', path('root')]));
  });
  const text = openssl(['crl', '-noout', '-text'], pem).toString();
  assert.match(text, /X509v3 CRL Number:\s+7/);
  assert.match(text, /X509v3 Delta CRL Indicator: critical\s+6/);
  assert.match(text, /Serial Number: 02[\s\S]*Key Compromise/);
});

test('CRLs of openssl are read and written back bit for bit', { skip: skipWithoutOpenssl }, () => {
  const index = [
    { serialNumber: 0x10n },
    { serialNumber: 0x11n, revoked: { at: '260501120000Z' } },
    { serialNumber: 0xabcdefn, revoked: { at: '260502120000Z', reason: 'superseded' } },
    {
      serialNumber: 0x7fn << 120n,
      revoked: { at: '260503120000Z', reason: 'keyTime,20260502120000Z' },
    },
  ];
  const pem = opensslCrl(root, index, '20260601110000Z', '20260601130000Z', [
    'issuingDistributionPoint = critical, @idp',
    '[idp]',
    'fullname = URI:http://example.com/crl',
    'onlysomereasons = keyCompromise, CACompromise',
  ]);
  const [block] = unwrap(decodePem(pem));
  const decoded = unwrap(decodeCrl(block?.bytes ?? assert.fail('no PEM block')));
  assert.deepEqual(encodeCrl(decoded), block?.bytes);
  assert.deepEqual([decoded.thisUpdate, decoded.nextUpdate], [NOW - HOUR, NOW + HOUR]);
  assert.deepEqual(
    decoded.revokedCertificates.map((entry) => [entry.userCertificate, extensionValue(entry, 'reasonCode')]),
    [
      [0x11n, undefined],
      [0xabcdefn, 'superseded'],
      [0x7fn << 120n, 'keyCompromise'],
    ],
  );
  assert.equal(
    extensionValue(decoded.revokedCertificates[2] ?? assert.fail(), 'invalidityDate'),
    NOW - 30 * 24 * HOUR,
  );
  const scope = extensionValue(decoded, 'issuingDistributionPoint');
  assert.equal(scope?.onlySomeReasons?.keyCompromise, true);
  assert.equal(scope?.distributionPoint?.kind, 'fullName');
});
