import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  buildCrl,
  buildOcspResponse,
  type Certificate,
  type CertStatus,
  type Crl,
  type CrlOptions,
  checkRevocation,
  type DistributionPoint,
  decodeCrl,
  decodeOcspResponse,
  describeEvidenceFault,
  describeValidationError,
  type EvidenceFaultReason,
  encodeOcspResponse,
  encodePem,
  type GeneralName,
  id,
  makeCertId,
  makeExtension,
  makeName,
  type Name,
  type OcspResponse,
  type OcspResponseOptions,
  type ReasonCode,
  type ReasonFlags,
  type Result,
  type RevocationCheck,
  type RevocationStatus,
  revocationStatuses,
  trustAnchor,
} from '../../x509/index.ts';
import { entropy, unwrap, unwrapError } from './helpers.ts';
import { opensslAgrees, skipWithoutOpenssl, withFiles } from './openssl.ts';
import {
  authority,
  type Entity,
  endEntity,
  keyOf,
  NOW,
  resigned,
  unknownExtension,
  VALIDITY,
} from './pki.ts';

const HOUR = 3_600_000;
const HOST = 'www.example.com';
const root = authority('Root');
const intermediate = authority('Intermediate', root);
const leaf = endEntity(HOST, intermediate);
const sibling = endEntity('other.example.com', intermediate);
const stranger = authority('Stranger');
const { issuer: INTERMEDIATE } = leaf.certificate;

const URI = (value: string): GeneralName => ({ kind: 'uniformResourceIdentifier', value });
const PLACE = URI('http://crl.example.com/1');
const OTHER_PLACE = URI('http://crl.example.com/2');

/** A leaf whose CRLs are at certain places. */
const leafWith = (...points: readonly Partial<DistributionPoint>[]): Entity =>
  endEntity(HOST, intermediate, {
    serialNumber: leaf.certificate.serialNumber,
    extensions: [
      makeExtension({
        kind: id.ce.cRLDistributionPoints,
        value: points.map((point) => ({
          distributionPoint: undefined,
          reasons: undefined,
          cRLIssuer: undefined,
          ...point,
        })),
      }),
    ],
  });

const at = (...value: readonly GeneralName[]): Partial<DistributionPoint> => ({
  distributionPoint: { kind: 'fullName', value },
});

const reasons = (...names: readonly (keyof ReasonFlags)[]): ReasonFlags => {
  const has = (name: keyof ReasonFlags) => names.includes(name);
  return {
    unused: has('unused'),
    keyCompromise: has('keyCompromise'),
    cACompromise: has('cACompromise'),
    affiliationChanged: has('affiliationChanged'),
    superseded: has('superseded'),
    cessationOfOperation: has('cessationOfOperation'),
    certificateHold: has('certificateHold'),
    privilegeWithdrawn: has('privilegeWithdrawn'),
    aACompromise: has('aACompromise'),
  };
};

const COMPROMISE = reasons('keyCompromise', 'cACompromise', 'aACompromise');
const OTHER_REASONS = reasons(
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
);

const directory = (value: Name): GeneralName => ({ kind: 'directoryName', value });

const crlOf = (signer: Entity, overrides: Partial<CrlOptions> = {}): Crl =>
  unwrap(
    buildCrl({
      crypto: noble,
      entropy: entropy('crl'),
      signer,
      thisUpdate: NOW - HOUR,
      nextUpdate: NOW + HOUR,
      crlNumber: 5n,
      revoked: [],
      ...overrides,
    }),
  );

const entryOf = (
  { certificate }: Entity,
  reason: ReasonCode = 'keyCompromise',
  certificateIssuer?: Name,
) => ({
  serialNumber: certificate.serialNumber,
  revocationDate: NOW - HOUR,
  reason,
  ...(certificateIssuer === undefined ? {} : { certificateIssuer }),
});

const crl = (overrides: Partial<CrlOptions> = {}) => crlOf(intermediate, overrides);
const revoking = (overrides: Partial<CrlOptions> = {}) => crl({ revoked: [entryOf(leaf)], ...overrides });
const rootCrl = crlOf(root);

const answer = (
  certStatus: CertStatus,
  overrides: Partial<OcspResponseOptions> = {},
  subject: Entity = leaf,
  issuer: Entity = intermediate,
): OcspResponse =>
  unwrap(
    buildOcspResponse({
      crypto: noble,
      entropy: entropy('response'),
      signer: issuer,
      producedAt: NOW - HOUR,
      responses: [
        {
          certID: makeCertId(noble, subject.certificate, issuer.certificate),
          certStatus,
          thisUpdate: NOW - HOUR,
          nextUpdate: NOW + HOUR,
        },
      ],
      ...overrides,
    }),
  );

const GOOD: CertStatus = { kind: 'good' };
const REVOKED: CertStatus = {
  kind: 'revoked',
  revocationTime: NOW - HOUR,
  revocationReason: 'superseded',
};

type Evidence = Omit<Partial<RevocationCheck>, 'path'> & { readonly subject?: Entity };

const check = ({ subject = leaf, ...overrides }: Evidence): RevocationCheck => ({
  crypto: noble,
  path: [subject.certificate, intermediate.certificate],
  anchor: trustAnchor(root.certificate),
  now: NOW,
  policy: 'require',
  ...overrides,
});

const statusOf = (evidence: Evidence): RevocationStatus =>
  revocationStatuses(check(evidence))[0] ?? assert.fail('no status');

const kindOf = (evidence: Evidence) => statusOf(evidence).kind;

const faultsOf = (evidence: Evidence): readonly EvidenceFaultReason[] => {
  const status = statusOf(evidence);
  assert.ok(status.kind === 'unknown', status.kind);
  for (const fault of status.faults) {
    assert.match(describeEvidenceFault(fault), /^(CRL|OCSP response) \([a-z-]+\): expected .+, found .+/);
  }
  return status.faults.map(({ reason }) => reason);
};

test('without evidence, require refuses, prefer accepts, and off does not look', () => {
  const error = unwrapError(checkRevocation(check({})));
  assert.deepEqual([error.reason, error.certificate?.depth], ['revocation-unknown', 0]);
  assert.match(describeValidationError(error), /found none$/);
  assert.deepEqual(
    unwrap(checkRevocation(check({ policy: 'prefer' }))).map(({ kind }) => kind),
    ['unknown', 'unknown'],
  );
  assert.deepEqual(unwrap(checkRevocation(check({ policy: 'off', crls: [revoking()] }))), []);
});

test('require wants evidence for every certificate of the path, or for the leaf alone when told so', () => {
  const error = unwrapError(checkRevocation(check({ crls: [crl()] })));
  assert.deepEqual([error.reason, error.certificate?.depth], ['revocation-unknown', 1]);
  assert.equal(unwrap(checkRevocation(check({ crls: [crl()], scope: 'leaf' }))).length, 1);
  assert.equal(unwrap(checkRevocation(check({ crls: [crl(), rootCrl] }))).length, 2);
});

test('of everything that was of no use, the most telling is reported', () => {
  const crls = [crl({ issuingDistributionPoint: at(PLACE) }), crl({ nextUpdate: NOW - HOUR })];
  const { found } = unwrapError(checkRevocation(check({ crls })));
  assert.match(
    found,
    /^CRL \(stale\): expected a time up to 2026-06-01T11:00:00Z, found 2026-06-01T12:00:00Z$/,
  );
});

test('a revoked certificate is refused under require and prefer, whichever of the path it is', () => {
  for (const policy of ['require', 'prefer'] as const) {
    const error = unwrapError(checkRevocation(check({ policy, crls: [revoking(), rootCrl] })));
    assert.deepEqual([error.reason, error.certificate?.depth], ['revoked', 0]);
    assert.match(error.found, /^revoked at 2026-06-01T11:00:00Z \(keyCompromise\) by a CRL$/);
    const crls = [crl(), crlOf(root, { revoked: [entryOf(intermediate)] })];
    assert.equal(unwrapError(checkRevocation(check({ policy, crls }))).certificate?.depth, 1);
  }
});

test('revocation by OCSP is seen, and its time and reason come back', () => {
  const ocspResponses = [answer(REVOKED)];
  assert.deepEqual(statusOf({ ocspResponses }), {
    kind: 'revoked',
    source: 'ocsp',
    revocationTime: NOW - HOUR,
    revocationReason: 'superseded',
  });
  assert.equal(unwrapError(checkRevocation(check({ ocspResponses }))).reason, 'revoked');
});

test('of evidence that disagrees, the one that says revoked counts', () => {
  assert.equal(kindOf({ crls: [crl()], ocspResponses: [answer(REVOKED)] }), 'revoked');
  assert.equal(kindOf({ crls: [revoking()], ocspResponses: [answer(GOOD)] }), 'revoked');
  assert.equal(kindOf({ ocspResponses: [answer(GOOD), answer(REVOKED)] }), 'revoked');
});

test('a trusted leaf is not looked up, and neither is the anchor', () => {
  const self = authority('Self');
  const path = { path: [self.certificate], anchor: trustAnchor(self.certificate) };
  assert.deepEqual(unwrap(checkRevocation({ ...check({}), ...path })), []);
});

/* CRLs: RFC 5280 §6.3.3. */

const CASES: readonly (readonly [
  what: string,
  evidence: () => Evidence,
  expected: 'good' | 'revoked' | readonly EvidenceFaultReason[],
])[] = [
  ['a CRL without the certificate', () => ({ crls: [crl({ revoked: [entryOf(sibling)] })] }), 'good'],
  ['a CRL with the certificate', () => ({ crls: [revoking()] }), 'revoked'],
  ['a CRL of another authority', () => ({ crls: [crlOf(stranger), rootCrl] }), []],
  [
    'a CRL that somebody of the issuer’s name signed',
    () => ({ crls: [crlOf(impostor)], crlIssuers: [impostor.certificate] }),
    ['bad-signature'],
  ],
  ['a CRL from the future', () => ({ crls: [crl({ thisUpdate: NOW + HOUR })] }), ['not-yet-valid']],
  ['a CRL from the past', () => ({ crls: [crl({ nextUpdate: NOW - HOUR })] }), ['stale']],
  ['a CRL from the past that revokes', () => ({ crls: [revoking({ nextUpdate: NOW - HOUR })] }), ['stale']],
  ['a CRL older than allowed', () => ({ crls: [crl()], maximumAge: HOUR / 2 }), ['stale']],
  [
    'a CRL with an unknown critical extension',
    () => ({ crls: [revoking({ extensions: [unknownExtension(true)] })] }),
    ['unhandled-critical-extension'],
  ],
  [
    'a CRL with another unknown extension',
    () => ({ crls: [revoking({ extensions: [unknownExtension(false)] })] }),
    'revoked',
  ],
  [
    'a CRL of users only, for a user',
    () => ({ crls: [crl({ issuingDistributionPoint: { onlyContainsUserCerts: true } })] }),
    'good',
  ],
  [
    'a CRL of authorities only, for a user',
    () => ({ crls: [revoking({ issuingDistributionPoint: { onlyContainsCACerts: true } })] }),
    ['out-of-scope'],
  ],
  [
    'a CRL of attribute certificates',
    () => ({ crls: [revoking({ issuingDistributionPoint: { onlyContainsAttributeCerts: true } })] }),
    ['out-of-scope'],
  ],
  [
    'a CRL for some reasons',
    () => ({ crls: [crl({ issuingDistributionPoint: { onlySomeReasons: COMPROMISE } })] }),
    ['out-of-scope'],
  ],
  [
    'a CRL for some reasons that revokes',
    () => ({ crls: [revoking({ issuingDistributionPoint: { onlySomeReasons: COMPROMISE } })] }),
    'revoked',
  ],
  [
    'two CRLs that have all reasons between them',
    () => ({
      crls: [
        crl({ issuingDistributionPoint: { onlySomeReasons: COMPROMISE } }),
        crl({ issuingDistributionPoint: { onlySomeReasons: OTHER_REASONS } }),
      ],
    }),
    'good',
  ],
  [
    'a CRL of a place that the certificate names',
    () => ({
      subject: leafWith(at(OTHER_PLACE), at(PLACE)),
      crls: [crl({ issuingDistributionPoint: at(PLACE) })],
    }),
    'good',
  ],
  [
    'a CRL of another place',
    () => ({ subject: leafWith(at(OTHER_PLACE)), crls: [revoking({ issuingDistributionPoint: at(PLACE) })] }),
    ['out-of-scope'],
  ],
  [
    'a CRL of a place, for a certificate that names none',
    () => ({ crls: [crl({ issuingDistributionPoint: at(PLACE) })] }),
    ['out-of-scope'],
  ],
  [
    'a CRL of the place that every certificate has, its issuer',
    () => ({ crls: [crl({ issuingDistributionPoint: at(directory(INTERMEDIATE)) })] }),
    'good',
  ],
  [
    'a CRL for everything, for a certificate that names a place',
    () => ({ subject: leafWith(at(PLACE)), crls: [crl()] }),
    'good',
  ],
  [
    'a CRL of a place that is relative to its issuer’s name',
    () => {
      const relative = (text: string): Partial<DistributionPoint> => ({
        distributionPoint: {
          kind: 'nameRelativeToCRLIssuer',
          value: makeName([['commonName', text]]).value[0] ?? assert.fail('no name'),
        },
      });
      return {
        subject: leafWith(relative('shard 1')),
        crls: [
          crl({ issuingDistributionPoint: relative('shard 1') }),
          revoking({ issuingDistributionPoint: relative('shard 2') }),
        ],
      };
    },
    'good',
  ],
  [
    'a distribution point for some reasons',
    () => ({
      subject: leafWith({ ...at(PLACE), reasons: COMPROMISE }),
      crls: [crl({ issuingDistributionPoint: at(PLACE) })],
    }),
    ['out-of-scope'],
  ],
  [
    'an indirect CRL of whom the certificate names, with its issuer',
    () => ({
      subject: leafWith({ ...at(PLACE), cRLIssuer: [directory(notary.certificate.subject)] }),
      crls: [notaryCrl([entryOf(leaf, 'superseded', INTERMEDIATE)])],
      crlIssuers: [notary.certificate],
    }),
    'revoked',
  ],
  [
    'an indirect CRL of whom the certificate names, with another issuer of that serial number',
    () => ({
      subject: leafWith({ cRLIssuer: [directory(notary.certificate.subject)] }),
      crls: [notaryCrl([entryOf(leaf, 'superseded', root.certificate.subject), entryOf(leaf)])],
      crlIssuers: [notary.certificate],
    }),
    'good',
  ],
  [
    'an indirect CRL whose issuer’s certificate is not there',
    () => ({
      subject: leafWith({ cRLIssuer: [directory(notary.certificate.subject)] }),
      crls: [notaryCrl([])],
    }),
    ['unauthorized-signer'],
  ],
  [
    'an indirect CRL of somebody whom the certificate does not name',
    () => ({
      crls: [notaryCrl([entryOf(leaf, 'superseded', INTERMEDIATE)])],
      crlIssuers: [notary.certificate],
    }),
    [],
  ],
  [
    'a CRL of whom the certificate names that is not indirect',
    () => ({
      subject: leafWith({ cRLIssuer: [directory(notary.certificate.subject)] }),
      crls: [crlOf(notary)],
      crlIssuers: [notary.certificate],
    }),
    [],
  ],
  [
    'a CRL that the issuer signs with another key, which the root has certified',
    () => ({ crls: [crlOf(secondKey(root))], crlIssuers: [secondKey(root).certificate] }),
    'good',
  ],
  [
    'a CRL that the issuer signs with another key, which it has certified itself',
    () => ({ crls: [crlOf(secondKey(intermediate))], crlIssuers: [secondKey(intermediate).certificate] }),
    'good',
  ],
  [
    'a CRL of another key that a stranger has certified',
    () => ({ crls: [crlOf(secondKey(stranger))], crlIssuers: [secondKey(stranger).certificate] }),
    ['bad-signature'],
  ],
  [
    'a CRL of another key whose certificate has expired',
    () => {
      const expired = secondKey(root, { validity: { ...VALIDITY, notAfter: NOW - 1000 } });
      return { crls: [crlOf(expired)], crlIssuers: [expired.certificate] };
    },
    ['bad-signature'],
  ],
  [
    'an older CRL with a hold and a newer one without',
    () => ({ crls: [held(4n), crl({ crlNumber: 5n })] }),
    'good',
  ],
  [
    'an older CRL without and a newer one with a hold',
    () => ({ crls: [crl({ crlNumber: 4n }), held(5n)] }),
    'revoked',
  ],
  [
    'an older CRL with a hold, and a newer one of another scope',
    () => ({ crls: [held(4n), crl({ issuingDistributionPoint: { onlyContainsUserCerts: true } })] }),
    'revoked',
  ],
  ['a delta CRL alone that says nothing', () => ({ crls: [delta(6n, 5n)] }), []],
  ['a delta CRL alone that revokes', () => ({ crls: [delta(6n, 5n, [entryOf(leaf)])] }), 'revoked'],
  ['a delta CRL that continues a complete one', () => ({ crls: [crl(), delta(6n, 5n)] }), 'good'],
  ['a delta CRL that revokes', () => ({ crls: [crl(), delta(6n, 5n, [entryOf(leaf)])] }), 'revoked'],
  ['a delta CRL that ends a hold', () => ({ crls: [held(5n), delta(6n, 5n, [RELEASE])] }), 'good'],
  [
    'a delta CRL that ends a hold which began before it',
    () => ({ crls: [held(5n), delta(6n, 4n, [RELEASE])] }),
    'good',
  ],
  [
    'a delta CRL that starts from a later list',
    () => ({ crls: [held(5n), delta(7n, 6n, [RELEASE])] }),
    'revoked',
  ],
  [
    'a delta CRL that is older than the list',
    () => ({ crls: [held(5n), delta(5n, 4n, [RELEASE])] }),
    'revoked',
  ],
  [
    'a delta CRL of another scope',
    () => ({
      crls: [
        held(5n),
        delta(6n, 5n, [RELEASE], { issuingDistributionPoint: { onlyContainsUserCerts: true } }),
      ],
    }),
    'revoked',
  ],
  [
    'a delta CRL from the past',
    () => ({ crls: [held(5n), delta(6n, 5n, [RELEASE], { nextUpdate: NOW - HOUR })] }),
    'revoked',
  ],
  [
    'a list from the past that a delta CRL continues',
    () => ({ crls: [crl({ nextUpdate: NOW - HOUR }), delta(6n, 5n)] }),
    'good',
  ],
  [
    'a list from the past that no delta CRL continues',
    () => ({ crls: [crl({ nextUpdate: NOW - HOUR }), delta(7n, 6n)] }),
    ['stale'],
  ],
  [
    'two delta CRLs, of which the newer ends the hold of the older',
    () => ({
      crls: [crl(), delta(6n, 5n, [entryOf(leaf, 'certificateHold')]), delta(7n, 5n, [RELEASE])],
    }),
    'good',
  ],
  [
    'two delta CRLs, of which the newer does not reach back to the hold of the older',
    () => ({ crls: [crl(), delta(6n, 5n, [entryOf(leaf, 'certificateHold')]), delta(7n, 6n)] }),
    'revoked',
  ],
  [
    'a delta CRL that revokes, and a newer complete list that does not',
    () => ({ crls: [delta(6n, 5n, [entryOf(leaf, 'certificateHold')]), crl({ crlNumber: 7n })] }),
    'good',
  ],
];

const impostor: Entity = {
  key: keyOf('impostor'),
  certificate: authority('Intermediate', undefined, {
    publicKey: keyOf('impostor').public,
    signer: { key: keyOf('impostor') },
  }).certificate,
};
const notary = endEntity('notary.example.com', root, {
  subject: [['commonName', 'Notary']],
  keyUsage: ['cRLSign'],
  extKeyUsage: [],
});
const RELEASE = entryOf(leaf, 'removeFromCRL');

function notaryCrl(revoked: CrlOptions['revoked']): Crl {
  return crlOf(notary, { revoked, issuingDistributionPoint: { indirectCRL: true } });
}

function secondKey(issuer: Entity, overrides: Parameters<typeof endEntity>[2] = {}): Entity {
  const key = keyOf('second');
  const { certificate } = endEntity('crl.example.com', issuer, {
    subject: [['commonName', 'Intermediate']],
    publicKey: key.public,
    keyUsage: ['cRLSign'],
    ...overrides,
  });
  return { certificate, key };
}

function held(crlNumber: bigint): Crl {
  return crl({ crlNumber, revoked: [entryOf(leaf, 'certificateHold')] });
}

function delta(
  crlNumber: bigint,
  baseCrlNumber: bigint,
  revoked: CrlOptions['revoked'] = [],
  overrides: Partial<CrlOptions> = {},
): Crl {
  return crl({ crlNumber, baseCrlNumber, revoked, ...overrides });
}

for (const [what, evidence, expected] of CASES) {
  const outcome =
    typeof expected === 'string' ? expected : `unknown, for ${expected.join(', ') || 'it is about others'}`;
  test(`${what}: ${outcome}`, () => {
    if (typeof expected === 'string') {
      assert.equal(kindOf(evidence()), expected);
    } else {
      assert.deepEqual(faultsOf(evidence()), expected);
    }
  });
}

test('the certificate in question cannot vouch for who signs the CRL about it', () => {
  // A revoked authority certifies a key under its issuer's name, and signs a CRL without itself with that.
  const key = keyOf('accomplice');
  const { certificate: accomplice } = endEntity('crl.example.com', intermediate, {
    subject: [['commonName', 'Root']],
    publicKey: key.public,
    keyUsage: ['cRLSign'],
  });
  const crls = [crl(), crlOf({ certificate: accomplice, key })];
  const error = unwrapError(checkRevocation(check({ crls, crlIssuers: [accomplice] })));
  assert.deepEqual([error.reason, error.certificate?.depth], ['revocation-unknown', 1]);
});

test('a CRL issuer that is itself revoked says nothing (NIST PKITS 4.4.21)', () => {
  const key = keyOf('CRL key');
  const { certificate: issuer } = authority('Intermediate', root, {
    publicKey: key.public,
    keyUsage: ['cRLSign'],
    serialNumber: 77n,
  });
  const list = crlOf({ certificate: issuer, key });
  const evidence = (...revoked: readonly Entity[]) => ({
    crls: [list, crlOf(root, { revoked: revoked.map((entity) => entryOf(entity)) })],
    crlIssuers: [issuer],
  });
  assert.equal(kindOf(evidence()), 'good');
  assert.equal(kindOf(evidence({ certificate: issuer, key })), 'unknown');
});

test('a CRL of an authority that may not sign CRLs is of no use', () => {
  const mute = authority('Intermediate', root, { keyUsage: ['keyCertSign'] });
  const path = [endEntity(HOST, mute).certificate, mute.certificate];
  const [status] = revocationStatuses({ ...check({ crls: [crlOf(mute)] }), path });
  assert.deepEqual(status?.kind === 'unknown' && status.faults.map(({ reason }) => reason), [
    'unauthorized-signer',
  ]);
});

test('a CRL whose number is critical or missing can convict, and not acquit (RFC 5280 §5.2.3)', () => {
  const withoutNumber = (list: Crl): Crl => ({
    ...list,
    extensions: list.extensions.filter(({ extnID }) => extnID !== id.ce.cRLNumber),
  });
  const withCriticalNumber = (list: Crl): Crl => ({
    ...list,
    extensions: list.extensions.map((extension) => ({
      ...extension,
      critical: extension.extnID === id.ce.cRLNumber,
    })),
  });
  for (const spoil of [withoutNumber, withCriticalNumber]) {
    assert.deepEqual(faultsOf({ crls: [spoil(crl())] }), ['malformed']);
    assert.equal(kindOf({ crls: [spoil(revoking())] }), 'revoked');
  }
});

test('an issuer whose name is written otherwise in the certificate, the CRL and the answer is still the issuer', () => {
  const shouting = makeName([['commonName', 'INTERMEDIATE']]);
  const subject = resigned(leaf, intermediate, { issuer: shouting });
  assert.equal(kindOf({ subject, crls: [crl()] }), 'good');
  assert.equal(kindOf({ subject, crls: [revoking()] }), 'revoked');
  assert.equal(kindOf({ subject, ocspResponses: [answer(REVOKED)] }), 'revoked');
  assert.equal(kindOf({ subject, ocspResponses: [answer(REVOKED, {}, subject)] }), 'revoked');
  const indirect = crl({
    issuingDistributionPoint: { indirectCRL: true },
    revoked: [
      entryOf(sibling, 'superseded', root.certificate.subject),
      entryOf(leaf, 'superseded', shouting),
    ],
  });
  assert.equal(kindOf({ crls: [indirect] }), 'revoked');
});

test('a CRL of authorities only speaks for the intermediate', () => {
  const crls = [crl(), crlOf(root, { issuingDistributionPoint: { onlyContainsCACerts: true } })];
  assert.ok(checkRevocation(check({ crls })).ok);
  const users = [crl(), crlOf(root, { issuingDistributionPoint: { onlyContainsUserCerts: true } })];
  assert.equal(unwrapError(checkRevocation(check({ crls: users }))).certificate?.depth, 1);
});

/* OCSP. */

const responder = (overrides: Parameters<typeof endEntity>[2] = {}): Entity =>
  endEntity('ocsp.example.com', intermediate, { extKeyUsage: [id.kp.OCSPSigning], ...overrides });
const NOCHECK = makeExtension({ kind: id.pkixOcsp.nocheck, value: null });
const ASKED_PLACE: DistributionPoint = {
  distributionPoint: { kind: 'fullName', value: [PLACE] },
  reasons: undefined,
  cRLIssuer: undefined,
};
const ASKABLE = makeExtension({ kind: id.ce.cRLDistributionPoints, value: [ASKED_PLACE] });

test('a good answer of the issuer or of its responder is enough', () => {
  assert.equal(kindOf({ ocspResponses: [answer(GOOD)] }), 'good');
  assert.equal(kindOf({ ocspResponses: [answer(GOOD, { signer: responder() })] }), 'good');
  assert.equal(
    kindOf({ ocspResponses: [answer(GOOD, { signer: responder({ extensions: [NOCHECK] }) })] }),
    'good',
  );
});

test('answers about others, bad ones and none say nothing', () => {
  assert.deepEqual(faultsOf({ ocspResponses: [answer(GOOD, {}, sibling)] }), []);
  assert.deepEqual(
    faultsOf({ ocspResponses: [answer(GOOD, { signer: stranger }), answer({ kind: 'unknown' })] }),
    ['unauthorized-signer', 'no-answer'],
  );
  assert.deepEqual(faultsOf({ ocspResponses: [answer(GOOD)], now: NOW + 2 * HOUR }), ['stale']);
});

test('a responder without nocheck that says how to ask about it must be shown not to be revoked', () => {
  const signer = responder({ extensions: [ASKABLE] });
  const ocspResponses = [answer(GOOD, { signer })];
  // Of the leaf nothing is known by these CRLs, since they are for authorities or elsewhere; of the responder something is.
  const issuingDistributionPoint = at(PLACE);
  assert.deepEqual(faultsOf({ ocspResponses }), ['unauthorized-signer']);
  assert.equal(kindOf({ ocspResponses, crls: [crl({ issuingDistributionPoint })] }), 'good');
  const revoked = [entryOf(signer)];
  assert.deepEqual(faultsOf({ ocspResponses, crls: [crl({ issuingDistributionPoint, revoked })] }), [
    'out-of-scope',
    'unauthorized-signer',
  ]);
  const exempt = responder({ extensions: [ASKABLE, NOCHECK] });
  assert.equal(kindOf({ ocspResponses: [answer(GOOD, { signer: exempt })] }), 'good');
});

/* Stapled responses. */

const promising = endEntity(HOST, intermediate, {
  serialNumber: leaf.certificate.serialNumber,
  extensions: [makeExtension({ kind: id.pe.tlsFeature, value: [5] })],
});

const staple = (...answers: Parameters<typeof answer>) => encodeOcspResponse(answer(...answers));

test('a stapled response is evidence like any other', () => {
  assert.equal(kindOf({ stapled: [staple(GOOD)] }), 'good');
  assert.equal(kindOf({ stapled: [staple(REVOKED)] }), 'revoked');
});

test('a certificate that promises a stapled response is refused without one, under prefer too', () => {
  const asked = (evidence: Evidence) =>
    checkRevocation(check({ subject: promising, policy: 'prefer', ...evidence }));
  assert.equal(unwrapError(asked({ stapled: [] })).reason, 'revocation-unknown');
  assert.equal(unwrapError(asked({ stapled: [staple(GOOD, {}, sibling)] })).reason, 'bad-stapled-response');
  assert.equal(
    unwrapError(asked({ stapled: [], ocspResponses: [answer(GOOD)] })).reason,
    'revocation-unknown',
  );
  assert.ok(asked({ stapled: [staple(GOOD)] }).ok);
  assert.ok(asked({}).ok, 'nobody asked the peer for a response');
  assert.ok(asked({ stapled: [], policy: 'off' }).ok);
});

test('what is stapled and of no use is told apart from nothing stapled, where evidence is required', () => {
  const required = (stapled: Evidence['stapled']) =>
    unwrapError(checkRevocation(check({ policy: 'require', scope: 'leaf', stapled })));
  assert.equal(required(undefined).reason, 'revocation-unknown');
  assert.equal(required([]).reason, 'revocation-unknown');
  const junk = required([Uint8Array.of(1, 2, 3)]);
  assert.equal(junk.reason, 'bad-stapled-response');
  assert.match(junk.found, /malformed/);
  const certID = makeCertId(noble, leaf.certificate, intermediate.certificate);
  const times = { thisUpdate: NOW - 9 * HOUR, nextUpdate: NOW - 8 * HOUR };
  const old = required([staple(GOOD, { responses: [{ certID, certStatus: GOOD, ...times }] })]);
  assert.equal(old.reason, 'bad-stapled-response');
  assert.match(old.found, /stale/);
});

test('no change of one byte of a CRL or an OCSP response makes a revoked certificate good', () => {
  const evidence: readonly (readonly [der: Uint8Array, read: (der: Uint8Array) => Evidence | undefined])[] = [
    [revoking().der, (der) => evidenceOf(decodeCrl(der), (changed) => ({ crls: [changed] }))],
    [
      answer(REVOKED, { signer: responder({ extensions: [NOCHECK] }) }).der,
      (der) => evidenceOf(decodeOcspResponse(der), (changed) => ({ ocspResponses: [changed] })),
    ],
  ];
  for (const [der, read] of evidence) {
    for (const at of der.keys()) {
      const changed = der.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      const altered = read(changed);
      assert.notEqual(altered === undefined ? 'refused' : kindOf(altered), 'good', `octet ${at}`);
    }
  }
});

function evidenceOf<T>(decoded: Result<T, unknown>, make: (value: T) => Evidence): Evidence | undefined {
  return decoded.ok ? make(decoded.value) : undefined;
}

/* Against software that nobody here wrote. */

test('openssl verify agrees on CRLs', { skip: skipWithoutOpenssl }, () => {
  const pem = (label: string, ders: readonly Uint8Array[]) =>
    ders.map((der) => encodePem(label, der)).join('');
  const agree = (
    crls: readonly Crl[],
    subject: Certificate = leaf.certificate,
    scope: 'leaf' | 'path' = 'leaf',
  ) => {
    const files = {
      root: pem('CERTIFICATE', [root.certificate.der]),
      intermediate: pem('CERTIFICATE', [intermediate.certificate.der]),
      leaf: pem('CERTIFICATE', [subject.der]),
      crls: pem(
        'X509 CRL',
        crls.map(({ der }) => der),
      ),
    };
    const theirs = withFiles(files, (path) =>
      opensslAgrees([
        ...[
          'verify',
          '-attime',
          `${NOW / 1000}`,
          '-CAfile',
          path('root'),
          '-untrusted',
          path('intermediate'),
        ],
        ...[scope === 'leaf' ? '-crl_check' : '-crl_check_all', '-extended_crl', '-use_deltas'],
        ...['-CRLfile', path('crls'), path('leaf')],
      ]),
    );
    const ours = checkRevocation({
      ...check({ crls, scope }),
      path: [subject, intermediate.certificate],
    });
    return [theirs, ours.ok];
  };
  const idp = (issuingDistributionPoint: NonNullable<CrlOptions['issuingDistributionPoint']>) => ({
    issuingDistributionPoint,
  });
  assert.deepEqual(agree([crl()]), [true, true]);
  assert.deepEqual(agree([revoking()]), [false, false]);
  assert.deepEqual(agree([rootCrl]), [false, false]);
  assert.deepEqual(agree([crl(), rootCrl], leaf.certificate, 'path'), [true, true]);
  assert.deepEqual(agree([crl()], leaf.certificate, 'path'), [false, false]);
  assert.deepEqual(agree([crl({ nextUpdate: NOW - HOUR })]), [false, false]);
  assert.deepEqual(agree([crl({ extensions: [unknownExtension(true)] })]), [false, false]);
  assert.deepEqual(agree([crl(idp({ onlyContainsUserCerts: true }))]), [true, true]);
  assert.deepEqual(agree([crl(idp({ onlyContainsCACerts: true }))]), [false, false]);
  assert.deepEqual(agree([crl(idp({ onlySomeReasons: COMPROMISE }))]), [false, false]);
  assert.deepEqual(
    agree([crl(idp({ onlySomeReasons: COMPROMISE })), crl(idp({ onlySomeReasons: OTHER_REASONS }))]),
    [true, true],
  );
  assert.deepEqual(agree([crl(idp(at(PLACE)))], leafWith(at(PLACE)).certificate), [true, true]);
  assert.deepEqual(agree([crl(idp(at(PLACE)))], leafWith(at(OTHER_PLACE)).certificate), [false, false]);
  // openssl looks for deltas only where the list or the certificate says that there are some.
  const updated = crl({ extensions: [makeExtension({ kind: id.ce.freshestCRL, value: [ASKED_PLACE] })] });
  assert.deepEqual(agree([updated, delta(6n, 5n)]), [true, true]);
  assert.deepEqual(agree([updated, delta(6n, 5n, [entryOf(leaf)])]), [false, false]);
});
