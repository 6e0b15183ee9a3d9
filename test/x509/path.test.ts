import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noble } from '../../nocrypto/index.ts';
import {
  type AttributeName,
  type Certificate,
  describeValidationError,
  id,
  makeKeyUsage,
  makeName,
  type PathOptions,
  type Profile,
  referenceIdentity,
  type ValidationReason,
} from '../../x509/index.ts';
import { publicKeyInfo } from '../../x509/public-key.ts';
import { unwrap, unwrapError } from './helpers.ts';
import {
  authority,
  type Entity,
  endEntity,
  keyOf,
  NOW,
  nameConstraints,
  resigned,
  rollover,
  unknownExtension,
  VALIDITY,
  validate,
  withExtensions,
  withFlippedCritical,
} from './pki.ts';

const HOST = 'www.example.com';
const root = authority('Root');
const intermediate = authority('Intermediate', root);
const leaf = endEntity(HOST, intermediate);
const identity = unwrap(referenceIdentity(HOST));

test('a leaf, its intermediate and the root make a path, and the leaf and its key come back', () => {
  const { path, anchor, key, leaf: validated } = unwrap(validate([leaf, intermediate], [root], { identity }));
  assert.deepEqual(path, [leaf.certificate, intermediate.certificate]);
  assert.equal(anchor.certificate, root.certificate);
  assert.equal(validated, leaf.certificate);
  assert.deepEqual(key, { keyType: 'ec', key: leaf.key.public });
});

test('an intermediate can be the anchor, and the root above it is then not needed', () => {
  assert.deepEqual(unwrap(validate([leaf], [intermediate])).path, [leaf.certificate]);
  assert.deepEqual(unwrap(validate([leaf, root], [intermediate])).path, [leaf.certificate]);
});

/** One row: what is wrong, how the chain is then made, the reason, the depth blamed, and the profiles that object. */
type Row = readonly [
  what: string,
  make: () => Case,
  reason: ValidationReason,
  depth: number,
  profiles?: readonly Profile[],
];

interface Case {
  readonly chain: readonly Entity[];
  readonly anchors?: readonly Entity[];
  readonly options?: Partial<PathOptions>;
}

const ALL: readonly Profile[] = ['lenient', 'rfc5280', 'web'];
const CONFORMING: readonly Profile[] = ['rfc5280', 'web'];
const WEB: readonly Profile[] = ['web'];

const changedLeaf = (changes: (leaf: Certificate) => Parameters<typeof resigned>[2]): Case => ({
  chain: [resigned(leaf, intermediate, changes(leaf.certificate)), intermediate],
});

const changedIntermediate = (
  changes: (intermediate: Certificate) => Parameters<typeof resigned>[2],
): Case => ({
  chain: [leaf, resigned(intermediate, root, changes(intermediate.certificate))],
});

const changedRoot = (changes: (root: Certificate) => Parameters<typeof resigned>[2]): Case => ({
  chain: [leaf, intermediate],
  anchors: [resigned(root, root, changes(root.certificate))],
});

const keyUsage = (...names: Parameters<typeof makeKeyUsage>[0]) => ({
  extnID: id.ce.keyUsage,
  critical: true,
  extnValue: { kind: id.ce.keyUsage, value: makeKeyUsage(names) },
});

const extKeyUsage = (...value: readonly string[]) => ({
  extnID: id.ce.extKeyUsage,
  critical: false,
  extnValue: { kind: id.ce.extKeyUsage, value },
});

const basicConstraints = (cA: boolean, pathLenConstraint?: number) => ({
  extnID: id.ce.basicConstraints,
  critical: true,
  extnValue: { kind: id.ce.basicConstraints, value: { cA, pathLenConstraint } },
});

const authorityKeyIdentifier = (value: {
  readonly keyIdentifier: Uint8Array | undefined;
  readonly authorityCertSerialNumber: bigint | undefined;
}) => ({
  extnID: id.ce.authorityKeyIdentifier,
  critical: false,
  extnValue: { kind: id.ce.authorityKeyIdentifier, value: { ...value, authorityCertIssuer: undefined } },
});

const policyConstraints = (critical: boolean, requireExplicitPolicy?: number) => ({
  extnID: id.ce.policyConstraints,
  critical,
  extnValue: { kind: id.ce.policyConstraints, value: { requireExplicitPolicy, inhibitPolicyMapping: 0 } },
});

const corrupted = ({ certificate, key }: Entity): Entity => {
  const signature = certificate.signature.slice();
  signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
  return { certificate: { ...certificate, signature }, key };
};

const named = (...parts: readonly (readonly [AttributeName, string])[]) => ({ subject: makeName(parts) });
const past = { notBefore: VALIDITY.notBefore, notAfter: NOW - 1000 };
const future = { notBefore: NOW + 1000, notAfter: VALIDITY.notAfter };

const ROWS: readonly Row[] = [
  ['the leaf has expired', () => changedLeaf(() => ({ validity: past })), 'expired', 0],
  ['the intermediate has expired', () => changedIntermediate(() => ({ validity: past })), 'expired', 1],
  ['the root has expired', () => changedRoot(() => ({ validity: past })), 'expired', 2],
  ['the leaf is not valid yet', () => changedLeaf(() => ({ validity: future })), 'not-yet-valid', 0],
  [
    'the intermediate is not valid yet',
    () => changedIntermediate(() => ({ validity: future })),
    'not-yet-valid',
    1,
  ],
  ['the root is not valid yet', () => changedRoot(() => ({ validity: future })), 'not-yet-valid', 2],
  ['the leaf was altered', () => ({ chain: [corrupted(leaf), intermediate] }), 'bad-signature', 0],
  ['the intermediate was altered', () => ({ chain: [leaf, corrupted(intermediate)] }), 'bad-signature', 1],
  [
    'somebody of the same name signed the leaf',
    () => ({ chain: [resigned(leaf, { key: keyOf('somebody') }, {}), intermediate] }),
    'bad-signature',
    0,
  ],
  [
    'an anchor of the same name has another key',
    () => ({
      chain: [leaf, intermediate],
      anchors: [authority('Root', undefined, { publicKey: keyOf('x').public, signer: { key: keyOf('x') } })],
    }),
    'bad-signature',
    1,
  ],
  [
    'no anchor issued it',
    () => ({ chain: [leaf, intermediate], anchors: [authority('Other')] }),
    'unknown-issuer',
    1,
  ],
  ['the intermediate is missing', () => ({ chain: [leaf] }), 'unknown-issuer', 0],
  ['there is no anchor', () => ({ chain: [leaf, intermediate], anchors: [] }), 'no-anchors', 0],
  [
    'the name is another',
    () => ({ chain: [leaf, intermediate], options: { identity: unwrap(referenceIdentity('example.com')) } }),
    'name-mismatch',
    0,
  ],
  [
    'the name is an address',
    () => ({ chain: [leaf, intermediate], options: { identity: unwrap(referenceIdentity('192.0.2.1')) } }),
    'name-mismatch',
    0,
  ],
  [
    'the intermediate is no authority',
    () =>
      changedIntermediate((c) => ({
        extensions: withExtensions(c, id.ce.basicConstraints, basicConstraints(false)),
      })),
    'not-a-ca',
    1,
  ],
  [
    'the intermediate has no basic constraints',
    () => changedIntermediate((c) => ({ extensions: withExtensions(c, id.ce.basicConstraints) })),
    'not-a-ca',
    1,
  ],
  [
    'the root is no authority',
    () =>
      changedRoot((c) => ({
        extensions: withExtensions(c, id.ce.basicConstraints, basicConstraints(false)),
      })),
    'not-a-ca',
    2,
  ],
  [
    'the intermediate may not sign certificates',
    () =>
      changedIntermediate((c) => ({ extensions: withExtensions(c, id.ce.keyUsage, keyUsage('cRLSign')) })),
    'wrong-key-usage',
    1,
  ],
  [
    'the root may not sign certificates',
    () => changedRoot((c) => ({ extensions: withExtensions(c, id.ce.keyUsage, keyUsage('cRLSign')) })),
    'wrong-key-usage',
    2,
  ],
  [
    'the leaf may not sign anything',
    () =>
      changedLeaf((c) => ({ extensions: withExtensions(c, id.ce.keyUsage, keyUsage('keyEncipherment')) })),
    'wrong-key-usage',
    0,
  ],
  [
    'the leaf is for clients',
    () =>
      changedLeaf((c) => ({
        extensions: withExtensions(c, id.ce.extKeyUsage, extKeyUsage(id.kp.clientAuth)),
      })),
    'wrong-extended-key-usage',
    0,
  ],
  [
    'the leaf is for servers, but a client shows it',
    () => ({
      ...changedLeaf((c) => ({
        extensions: withExtensions(c, id.ce.extKeyUsage, extKeyUsage(id.kp.serverAuth)),
      })),
      options: { purpose: 'clientAuth' },
    }),
    'wrong-extended-key-usage',
    0,
  ],
  [
    'the leaf is for anything',
    () =>
      changedLeaf((c) => ({
        extensions: withExtensions(
          c,
          id.ce.extKeyUsage,
          extKeyUsage(id.ce.anyExtendedKeyUsage, id.kp.serverAuth),
        ),
      })),
    'wrong-extended-key-usage',
    0,
    WEB,
  ],
  [
    'the leaf does not say what it is for',
    () => changedLeaf((c) => ({ extensions: withExtensions(c, id.ce.extKeyUsage) })),
    'wrong-extended-key-usage',
    0,
    WEB,
  ],
  [
    'the intermediate issues for clients only',
    () =>
      changedIntermediate(({ extensions }) => ({
        extensions: [...extensions, extKeyUsage(id.kp.clientAuth)],
      })),
    'wrong-extended-key-usage',
    1,
  ],
  [
    'the leaf has an unknown critical extension',
    () => changedLeaf(({ extensions }) => ({ extensions: [...extensions, unknownExtension(true)] })),
    'unhandled-critical-extension',
    0,
  ],
  [
    'the intermediate has an unknown critical extension',
    () => changedIntermediate(({ extensions }) => ({ extensions: [...extensions, unknownExtension(true)] })),
    'unhandled-critical-extension',
    1,
  ],
  [
    'the root has an unknown critical extension',
    () => changedRoot(({ extensions }) => ({ extensions: [...extensions, unknownExtension(true)] })),
    'unhandled-critical-extension',
    2,
  ],
  [
    'an explicit policy is required',
    () =>
      changedIntermediate(({ extensions }) => ({ extensions: [...extensions, policyConstraints(true, 0)] })),
    'no-valid-policy',
    0,
  ],
  [
    'the root allows no intermediate',
    () =>
      changedRoot((c) => ({
        extensions: withExtensions(c, id.ce.basicConstraints, basicConstraints(true, 0)),
      })),
    'path-too-long',
    2,
  ],
  [
    'the leaf is named outside of what the intermediate may issue for',
    () =>
      changedIntermediate(({ extensions }) => ({
        extensions: [...extensions, nameConstraints([{ kind: 'dNSName', value: 'example.org' }])],
      })),
    'name-constraint',
    0,
  ],
  [
    'the intermediate has a weak key',
    () => changedIntermediate(() => ({ subjectPublicKeyInfo: weakKey.subjectPublicKeyInfo })),
    'weak-key',
    1,
  ],
  [
    'the leaf has a weak key',
    () => changedLeaf(() => ({ subjectPublicKeyInfo: weakKey.subjectPublicKeyInfo })),
    'weak-key',
    0,
  ],
  [
    'the leaf has an RSA key of 2052 bits',
    () => changedLeaf(() => ({ subjectPublicKeyInfo: publicKeyInfo(oddKey) })),
    'weak-key',
    0,
    WEB,
  ],
  [
    'the subject is empty and the subjectAltName not critical',
    () => changedLeaf(() => named()),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the serial number is zero',
    () => changedLeaf(() => ({ serialNumber: 0n })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'there are unique identifiers',
    () => changedLeaf(() => ({ subjectUniqueID: { bytes: Uint8Array.of(1), unusedBits: 0 } })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the leaf does not name its issuer’s key',
    () => changedLeaf((c) => ({ extensions: withExtensions(c, id.ce.authorityKeyIdentifier) })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the leaf names its issuer’s serial number only',
    () =>
      changedLeaf((c) => ({
        extensions: withExtensions(
          c,
          id.ce.authorityKeyIdentifier,
          authorityKeyIdentifier({ keyIdentifier: undefined, authorityCertSerialNumber: 1n }),
        ),
      })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the leaf names its issuer’s serial number too',
    () =>
      changedLeaf((c) => ({
        extensions: withExtensions(
          c,
          id.ce.authorityKeyIdentifier,
          authorityKeyIdentifier({ keyIdentifier: Uint8Array.of(1), authorityCertSerialNumber: 1n }),
        ),
      })),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the intermediate does not identify its key',
    () => changedIntermediate((c) => ({ extensions: withExtensions(c, id.ce.subjectKeyIdentifier) })),
    'profile-violation',
    1,
    CONFORMING,
  ],
  [
    'the key identifier is critical',
    () => changedIntermediate((c) => ({ extensions: withFlippedCritical(c, id.ce.subjectKeyIdentifier) })),
    'profile-violation',
    1,
    CONFORMING,
  ],
  [
    'the basic constraints of an authority are not critical',
    () => changedIntermediate((c) => ({ extensions: withFlippedCritical(c, id.ce.basicConstraints) })),
    'profile-violation',
    1,
    CONFORMING,
  ],
  [
    'the policy constraints are not critical',
    () =>
      changedIntermediate(({ extensions }) => ({ extensions: [...extensions, policyConstraints(false)] })),
    'profile-violation',
    1,
    CONFORMING,
  ],
  [
    'the name constraints are not critical',
    () =>
      changedIntermediate(({ extensions }) => ({
        extensions: [...extensions, nameConstraints([{ kind: 'dNSName', value: 'example.com' }], [], false)],
      })),
    'profile-violation',
    1,
    ['rfc5280'],
  ],
  [
    'the name constraints are empty',
    () => changedIntermediate(({ extensions }) => ({ extensions: [...extensions, nameConstraints([])] })),
    'malformed',
    1,
    CONFORMING,
  ],
  [
    'the extended key usage is critical',
    () => changedLeaf((c) => ({ extensions: withFlippedCritical(c, id.ce.extKeyUsage) })),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the leaf could sign certificates without being an authority',
    () =>
      changedLeaf((c) => ({
        extensions: withExtensions(c, id.ce.keyUsage, keyUsage('digitalSignature', 'keyCertSign')),
      })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the leaf has name constraints',
    () =>
      changedLeaf(({ extensions }) => ({
        extensions: [...extensions, nameConstraints([{ kind: 'dNSName', value: 'example.com' }])],
      })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the leaf is an authority',
    () =>
      changedLeaf((c) => ({ extensions: withExtensions(c, id.ce.basicConstraints, basicConstraints(true)) })),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the leaf is of version 1',
    () => changedLeaf(() => ({ version: 'v1', extensions: [] })),
    'profile-violation',
    0,
    CONFORMING,
  ],
  [
    'the leaf has no subjectAltName',
    () => changedLeaf((c) => ({ extensions: withExtensions(c, id.ce.subjectAltName) })),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the subjectAltName is critical beside a subject',
    () => changedLeaf((c) => ({ extensions: withFlippedCritical(c, id.ce.subjectAltName) })),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the common name is another host',
    () => changedLeaf(() => named(['commonName', 'www.example.org'])),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the common name is spelled otherwise',
    () => changedLeaf(() => named(['commonName', 'WWW.example.com'])),
    'profile-violation',
    0,
    WEB,
  ],
  [
    'the root has an extended key usage',
    () => changedRoot(({ extensions }) => ({ extensions: [...extensions, extKeyUsage(id.kp.serverAuth)] })),
    'profile-violation',
    2,
    WEB,
  ],
];

const oddKey = unwrap(noble.publicKey({ kind: 'rsa', modulus: (1n << 2052n) - 1n, publicExponent: 65537n }));

/** An RSA key of 1024 bits (the modulus is 2^1024 - 1; nobody gets to use it). */
const weakKey = {
  subjectPublicKeyInfo: {
    raw: Buffer.from(
      `30819f300d06092a864886f70d010101050003818d0030818902818100${'ff'.repeat(128)}0203010001`,
      'hex',
    ),
    value: leaf.certificate.subjectPublicKeyInfo.value,
  },
};

for (const [what, make, reason, depth, profiles = ALL] of ROWS) {
  test(`refused by ${profiles.join(', ')} only: ${what}`, () => {
    const { chain, anchors = [root], options } = make();
    for (const profile of ALL) {
      const result = validate(chain, anchors, { ...options, profile });
      if (!profiles.includes(profile)) {
        assert.ok(result.ok, result.ok ? '' : `${profile}: ${describeValidationError(result.error)}`);
        continue;
      }
      const error = unwrapError(result);
      assert.equal(error.reason, reason, describeValidationError(error));
      assert.equal(error.certificate?.depth, depth, describeValidationError(error));
    }
  });
}

test('no certificate at all is refused', () => {
  assert.equal(unwrapError(validate([], [root])).reason, 'empty-chain');
});

test('validity includes both ends, and a fraction of a second does not count', () => {
  const moment = { notBefore: NOW, notAfter: NOW };
  const brief = resigned(leaf, intermediate, { validity: moment });
  const at = (now: number) => validate([brief, intermediate], [root], { now });
  assert.ok(at(NOW).ok);
  assert.ok(at(NOW + 999).ok);
  assert.equal(unwrapError(at(NOW - 1)).reason, 'not-yet-valid');
  assert.equal(unwrapError(at(NOW + 1000)).reason, 'expired');
});

test('path length counts what lies below, without the leaf and without self-issued certificates', () => {
  const short = authority('Short', root, { authority: { pathLenConstraint: 0 } });
  const rolled = rollover(short, 'Short');
  const below = authority('Below', short);
  assert.ok(validate([endEntity(HOST, short), short], [root]).ok);
  assert.equal(unwrap(validate([endEntity(HOST, rolled), rolled, short], [root])).path.length, 3);
  const error = unwrapError(validate([endEntity(HOST, below), below, short], [root]));
  assert.deepEqual([error.reason, error.certificate?.subject], ['path-too-long', 'CN=Short']);
});

test('an authority may state purposes, as long as the leaf’s is among them', () => {
  for (const purpose of [id.kp.serverAuth, id.ce.anyExtendedKeyUsage]) {
    const bounded = authority('Bounded', root, { extKeyUsage: [id.kp.codeSigning, purpose] });
    assert.ok(validate([endEntity(HOST, bounded), bounded], [root]).ok);
  }
});

test('an unknown extension that is not critical, and one on a certificate off the path, do no harm', () => {
  const strange = resigned(leaf, intermediate, {
    extensions: [...leaf.certificate.extensions, unknownExtension(false)],
  });
  const elsewhere = authority('Elsewhere', root, { extensions: [unknownExtension(true)] });
  assert.ok(validate([strange, elsewhere, intermediate], [root]).ok);
});

test('a leaf that is itself an anchor is accepted only when that is allowed', () => {
  const lonely = endEntity(HOST, { ...root, certificate: root.certificate });
  const self = authority(HOST, undefined, { subjectAltName: [{ kind: 'dNSName', value: HOST }] });
  const digitalSignature = { keyUsage: ['digitalSignature', 'keyCertSign'] as const };
  const server = authority(HOST, undefined, {
    ...digitalSignature,
    subjectAltName: [{ kind: 'dNSName', value: HOST }],
  });
  for (const entity of [lonely, server]) {
    assert.equal(unwrapError(validate([entity], [entity], { profile: 'lenient' })).reason, 'unknown-issuer');
    assert.deepEqual(unwrap(validate([entity], [entity], { identity, allowLeafAnchor: true })).path, [
      entity.certificate,
    ]);
  }
  const refused = (entity: Entity, options: Partial<PathOptions>) =>
    unwrapError(validate([entity], [entity], { allowLeafAnchor: true, ...options })).reason;
  assert.equal(refused(server, { now: VALIDITY.notAfter + 1000 }), 'expired');
  assert.equal(refused(server, { identity: unwrap(referenceIdentity('example.org')) }), 'name-mismatch');
  assert.equal(refused(self, {}), 'wrong-key-usage');
});

test('what the leaf’s key must be allowed to do is an argument', () => {
  const encipherer = endEntity(HOST, root, { keyUsage: ['keyEncipherment'] });
  assert.equal(unwrapError(validate([encipherer], [root])).reason, 'wrong-key-usage');
  assert.ok(validate([encipherer], [root], { keyUsage: ['keyEncipherment'] }).ok);
  assert.ok(validate([encipherer], [root], { keyUsage: [] }).ok);
});

test('a root from before the Baseline Requirements may be laid out otherwise, but must be in force', () => {
  const old = { notBefore: Date.UTC(2006, 0, 1), notAfter: VALIDITY.notAfter };
  const extensions = withExtensions(root.certificate, id.ce.subjectKeyIdentifier);
  const venerable = resigned(root, root, { validity: old, extensions });
  assert.ok(validate([leaf, intermediate], [venerable]).ok);
  const backdated = resigned(root, root, { validity: { ...old, notBefore: 0 }, extensions });
  assert.equal(unwrapError(validate([leaf, intermediate], [backdated])).reason, 'profile-violation');
});

test('an error reads as one line that names certificate, check, expectation and finding', () => {
  const error = unwrapError(validate([leaf, intermediate], [root], { now: VALIDITY.notAfter + 1000 }));
  const serial = leaf.certificate.serialNumber.toString(16);
  assert.equal(
    describeValidationError(error),
    `expired: CN=www.example.com (leaf, serial ${serial}): ` +
      'expected a time up to 2026-07-01T12:00:00Z, found 2026-07-01T12:00:01Z',
  );
});

test('a certificate that signs itself into a line of a log is shortened and escaped', () => {
  const long = endEntity(HOST, root, { subject: [['commonName', `a\n${'x'.repeat(5000)}`]], validity: past });
  const text = describeValidationError(unwrapError(validate([long], [root])));
  assert.ok(text.length < 1000 && !text.includes('\n'), text);
});

test('the provider is only asked for signatures that decide something', () => {
  let verifications = 0;
  const crypto: typeof noble = {
    ...noble,
    verify: (...args) => {
      verifications++;
      return noble.verify(...args);
    },
  };
  assert.ok(
    validate([leaf, authority('Unrelated', root), intermediate], [authority('Another'), root], { crypto }).ok,
  );
  assert.equal(verifications, 2);
});
