import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  buildCrl,
  buildOcspResponse,
  type Crl,
  chainOfTrust,
  dangerouslyAcceptAnyCertificate,
  encodeOcspResponse,
  id,
  makeCertId,
  makeName,
  PATH_LIMITS,
  trustAnchor,
  type ValidationReason,
} from '../../x509/index.ts';
import { entropy, FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import {
  authority,
  type Entity,
  endEntity,
  keyOf,
  NOW,
  nameConstraints,
  resigned,
  VALIDITY,
  validate,
  withExtensions,
} from './pki.ts';

const HOST = 'www.example.com';
const root = authority('Root');
const policy = authority('Policy', root);
const issuing = authority('Issuing', policy);
const leaf = endEntity(HOST, issuing);
const expired = { notBefore: VALIDITY.notBefore, notAfter: NOW - 1000 };

const subjects = (path: readonly Entity['certificate'][]) => path.map(({ serialNumber }) => serialNumber);

test('the order of the certificates behind the leaf does not matter, nor what else is among them', () => {
  const superfluous = [
    authority('Unrelated'),
    authority('Sibling', root),
    root,
    endEntity('example.org', issuing),
  ];
  const expected = [leaf, issuing, policy].map(({ certificate }) => certificate);
  fc.assert(
    fc.property(
      fc.shuffledSubarray([policy, issuing, ...superfluous], { minLength: 6, maxLength: 6 }),
      (others) => {
        assert.deepEqual(unwrap(validate([leaf, ...others], [root])).path, expected);
      },
    ),
    { numRuns: Math.ceil(FC_RUNS / 5) },
  );
});

test('a certificate given twice does no harm', () => {
  assert.ok(validate([leaf, issuing, issuing, policy, policy, leaf], [root, root]).ok);
});

test('of two certificates for one authority, the one that leads to an anchor is found', () => {
  const old = authority('Old root');
  const crossSigned = resigned(policy, old, { issuer: old.certificate.subject });
  for (const anchors of [[root], [old], [root, old]]) {
    for (const pair of [
      [crossSigned, policy],
      [policy, crossSigned],
    ]) {
      assert.ok(validate([leaf, issuing, ...pair], anchors).ok);
    }
  }
});

test('an expired cross-signature is passed by when the root itself is trusted', () => {
  const old = authority('Old root', undefined, { validity: expired });
  const crossSigned = resigned(root, old, { issuer: old.certificate.subject, validity: expired });
  assert.ok(validate([leaf, issuing, policy, crossSigned], [root, old]).ok);
});

test('authorities of one name are told apart by their keys', () => {
  const twin = (label: string): Entity => {
    const key = keyOf(`twin ${label}`);
    return {
      key,
      certificate: authority('Twin', undefined, { publicKey: key.public, signer: { key } }).certificate,
    };
  };
  const twins = ['a', 'b', 'c', 'd'].map(twin);
  for (const signer of twins) {
    const server = endEntity(HOST, signer);
    const { anchor } = unwrap(validate([server], twins));
    assert.equal(anchor.certificate, signer.certificate);
    // Without key identifiers to go by, the signature decides.
    const anonymous = resigned(server, signer, {
      extensions: withExtensions(server.certificate, id.ce.authorityKeyIdentifier),
    });
    assert.equal(
      unwrap(validate([anonymous], twins, { profile: 'lenient' })).anchor.certificate,
      signer.certificate,
    );
  }
});

test('authorities that certify each other make no endless path', () => {
  const a = authority('A');
  const b = authority('B');
  const aByB = resigned(a, b, { issuer: b.certificate.subject });
  const bByA = resigned(b, a, { issuer: a.certificate.subject });
  const server = endEntity(HOST, a);
  assert.equal(unwrapError(validate([server, aByB, bByA], [root])).reason, 'unknown-issuer');
  assert.deepEqual(
    subjects(unwrap(validate([server, bByA, aByB], [b])).path),
    subjects([server, aByB].map(({ certificate }) => certificate)),
  );
});

test('a self-signed certificate presented as its own issuer does not become one', () => {
  const stranger = authority('Root', undefined, {
    publicKey: keyOf('x').public,
    signer: { key: keyOf('x') },
  });
  const server = endEntity(HOST, { ...stranger, key: keyOf('x') });
  const error = unwrapError(validate([server, stranger], [root]));
  assert.equal(error.reason, 'bad-signature');
});

test('of all that failed, what got farthest is reported, in whatever order it was tried', () => {
  const server = endEntity(HOST, root);
  const anonymous = resigned(server, root, {
    extensions: withExtensions(server.certificate, id.ce.authorityKeyIdentifier),
  });
  const impostor = authority('Root', undefined, {
    publicKey: keyOf('x').public,
    signer: { key: keyOf('x') },
  });
  const late = authority('Root', undefined, { validity: expired });
  for (const anchors of [
    [impostor, late],
    [late, impostor],
  ]) {
    const error = unwrapError(validate([anonymous], anchors, { profile: 'lenient' }));
    assert.deepEqual([error.reason, error.certificate?.depth], ['expired', 1]);
  }
});

test('a fault farther up is reported rather than an issuer that is not known', () => {
  const late = authority('Policy', root, { validity: expired });
  const foreign = resigned(policy, authority('Foreign'), {
    issuer: authority('Foreign').certificate.subject,
  });
  const error = unwrapError(validate([leaf, issuing, foreign, late], [root]));
  assert.deepEqual(
    [error.reason, error.certificate?.subject, error.certificate?.depth],
    ['expired', 'CN=Policy', 2],
  );
});

test('key identifiers say whom to try first', () => {
  const namesakes = ['a', 'b', 'c'].map((label) => {
    const key = keyOf(`namesake ${label}`);
    return authority('Root', undefined, { publicKey: key.public, signer: { key } });
  });
  let verifications = 0;
  const crypto: typeof noble = {
    ...noble,
    verify: (...args) => {
      verifications++;
      return noble.verify(...args);
    },
  };
  assert.ok(validate([endEntity(HOST, root)], [...namesakes, root], { crypto }).ok);
  assert.equal(verifications, 1);
});

test('an unknown issuer is reported at the last certificate that names lead to', () => {
  const error = unwrapError(validate([leaf, issuing, policy], [authority('Other')]));
  assert.deepEqual(
    { ...error, certificate: error.certificate?.subject },
    {
      reason: 'unknown-issuer',
      certificate: 'CN=Policy',
      expected: 'an anchor named CN=Root',
      found: 'none among 1',
    },
  );
  const withRoot = unwrapError(validate([leaf, issuing, policy, root], [authority('Other')]));
  assert.equal(withRoot.found, 'a self-signed certificate that is none');
});

/** A chain of authorities under the root, the last first. */
function tower(height: number): readonly Entity[] {
  const chain = [root];
  for (let i = 1; i <= height; i++) {
    chain.unshift(authority(`Level ${i}`, chain[0]));
  }
  return chain.slice(0, -1);
}

test('a path has at most eight intermediates, or fewer when the caller says so', () => {
  const eight = tower(PATH_LIMITS.intermediates);
  const nine = tower(PATH_LIMITS.intermediates + 1);
  const under = (chain: readonly Entity[]) => [endEntity(HOST, chain[0] ?? root), ...chain];
  assert.ok(validate(under(eight), [root]).ok);
  assert.equal(unwrapError(validate(under(nine), [root])).reason, 'path-too-long');
  assert.ok(validate(under(tower(2)), [root], { limits: { intermediates: 2 } }).ok);
  assert.equal(
    unwrapError(validate(under(tower(2)), [root], { limits: { intermediates: 1 } })).reason,
    'path-too-long',
  );
});

test('limits can be lowered and not raised', () => {
  const nine = tower(PATH_LIMITS.intermediates + 1);
  const raised = { limits: { intermediates: 100 } };
  assert.equal(
    unwrapError(validate([endEntity(HOST, nine[0] ?? root), ...nine], [root], raised)).reason,
    'path-too-long',
  );
});

test('signatures run out: a hundred namesakes end the search with an error of its own', () => {
  const server = endEntity(HOST, root);
  const anonymous = resigned(
    server,
    { key: keyOf('nobody') },
    {
      extensions: withExtensions(server.certificate, id.ce.authorityKeyIdentifier),
    },
  );
  const anchors = Array.from({ length: PATH_LIMITS.signatureChecks + 1 }, () => root);
  let verifications = 0;
  const crypto: typeof noble = {
    ...noble,
    verify: () => {
      verifications++;
      return false;
    },
  };
  const error = unwrapError(validate([anonymous], anchors, { profile: 'lenient', crypto }));
  assert.equal(error.reason, 'budget-exhausted');
  assert.equal(verifications, PATH_LIMITS.signatureChecks);
  const few = unwrapError(validate([anonymous], anchors.slice(1), { profile: 'lenient', crypto }));
  assert.equal(few.reason, 'bad-signature');
});

test('candidates run out', () => {
  const limits = { candidateSteps: 2 };
  assert.equal(unwrapError(validate([leaf, issuing, policy], [root], { limits })).reason, 'budget-exhausted');
  assert.ok(validate([leaf, issuing, policy], [root], { limits: { candidateSteps: 3 } }).ok);
});

test('authorities that all certify one another cost no more than the budget', () => {
  const club = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => authority(`Club ${name}`));
  const crossed = club.flatMap((subject) =>
    club
      .filter((issuer) => issuer !== subject)
      .map((issuer) => resigned(subject, issuer, { issuer: issuer.certificate.subject })),
  );
  const [first = root, last = root] = [club[0], club.at(-1)];
  const server = endEntity(HOST, first);
  // An anchor of a member's name and another key: every path leads to it, and none arrives.
  const impostor = authority('Club g', undefined, {
    publicKey: keyOf('x').public,
    signer: { key: keyOf('x') },
  });
  const crypto: typeof noble = {
    ...noble,
    verify: (algorithm, key, message, signature) =>
      key.kind === 'ec' && !sameKey(key, impostor) && noble.verify(algorithm, key, message, signature),
  };
  const sameKey = (key: { readonly point: Uint8Array }, { certificate }: Entity) =>
    Buffer.compare(key.point, certificate.subjectPublicKeyInfo.value.subjectPublicKey) === 0;
  assert.equal(
    unwrapError(validate([server, ...crossed], [impostor], { crypto })).reason,
    'budget-exhausted',
  );
  assert.ok(validate([server, ...crossed], [last]).ok);
});

test('a chain of trust authenticates a peer, and nobody without anchors', () => {
  const presented = {
    crypto: noble,
    certificates: [leaf, issuing, policy].map(({ certificate }) => certificate),
    purpose: 'serverAuth',
    identity: { kind: 'dns', name: HOST },
    now: NOW,
  } as const;
  const peer = unwrap(chainOfTrust({ anchors: [trustAnchor(root.certificate)] })(presented));
  assert.deepEqual(peer, {
    leaf: leaf.certificate,
    path: presented.certificates,
    key: { keyType: 'ec', key: leaf.key.public },
  });
  assert.equal(unwrapError(chainOfTrust({ anchors: [] })(presented)).reason, 'no-anchors');
});

test('the dangerous authenticator accepts anything that has a key, and nothing that has none', () => {
  const presented = {
    crypto: noble,
    purpose: 'serverAuth',
    identity: { kind: 'dns', name: 'x' },
    now: 0,
  } as const;
  const peer = unwrap(dangerouslyAcceptAnyCertificate({ ...presented, certificates: [leaf.certificate] }));
  assert.deepEqual(peer.path, [leaf.certificate]);
  assert.equal(
    unwrapError(dangerouslyAcceptAnyCertificate({ ...presented, certificates: [] })).reason,
    'empty-chain',
  );
});

/** A CRL of `issuer` with these certificates on it. */
function crlOf(issuer: Entity, ...revoked: readonly Entity[]): Crl {
  return unwrap(
    buildCrl({
      crypto: noble,
      entropy: entropy('CRL'),
      signer: issuer,
      thisUpdate: NOW - 1000,
      nextUpdate: NOW + 1000,
      crlNumber: 1n,
      revoked: revoked.map(({ certificate }) => ({
        serialNumber: certificate.serialNumber,
        revocationDate: NOW - 1000,
      })),
    }),
  );
}

test('a revoked path is left for one that is not, and reported if there is none', () => {
  const old = authority('Old root');
  const crossSigned = resigned(policy, old, { issuer: old.certificate.subject });
  const crls = [crlOf(root, policy), crlOf(old), crlOf(policy), crlOf(issuing)];
  const validated = (certificates: readonly Entity[]) =>
    validate(certificates, [root, old], { revocation: { policy: 'require', crls } });
  const found = unwrap(validated([leaf, issuing, policy, crossSigned]));
  assert.equal(found.anchor.certificate, old.certificate);
  assert.deepEqual(
    found.revocation.map(({ kind }) => kind),
    ['good', 'good', 'good'],
  );
  const error = unwrapError(validated([leaf, issuing, policy]));
  assert.deepEqual([error.reason, error.certificate?.subject], ['revoked', 'CN=Policy']);
  assert.ok(validate([leaf, issuing, policy], [root]).ok);
});

test('a chain of trust asks for revocation what it is told to, also of what the peer has stapled', () => {
  const presented = {
    crypto: noble,
    certificates: [leaf, issuing, policy].map(({ certificate }) => certificate),
    purpose: 'serverAuth',
    identity: { kind: 'dns', name: HOST },
    now: NOW,
  } as const;
  const anchors = [trustAnchor(root.certificate)];
  const stapled = [
    encodeOcspResponse(
      unwrap(
        buildOcspResponse({
          crypto: noble,
          entropy: entropy('OCSP'),
          signer: issuing,
          producedAt: NOW,
          responses: [
            {
              certID: makeCertId(noble, leaf.certificate, issuing.certificate),
              certStatus: { kind: 'revoked', revocationTime: NOW - 1000, revocationReason: 'keyCompromise' },
              thisUpdate: NOW,
              nextUpdate: NOW + 1000,
            },
          ],
        }),
      ),
    ),
  ];
  const strict = chainOfTrust({ anchors, revocation: { policy: 'prefer' } });
  assert.ok(strict(presented).ok);
  assert.equal(unwrapError(strict({ ...presented, stapled })).reason, 'revoked');
  assert.ok(chainOfTrust({ anchors })({ ...presented, stapled }).ok);
});

test('off the web, the names of issuers are compared regardless of case, spaces and string type (RFC 5280 §7.1)', () => {
  const server = resigned(endEntity(HOST, policy), policy, {
    issuer: makeName([['commonName', '  POLICY  ']]),
  });
  assert.equal(unwrapError(validate([server, policy], [root])).reason, 'unknown-issuer');
  for (const profile of ['rfc5280', 'lenient'] as const) {
    assert.ok(validate([server, policy], [root], { profile }).ok);
    assert.ok(validate([server], [policy], { profile }).ok);
  }
});

test('of several failures the most telling is reported, whatever the order and whatever else failed', () => {
  const foreign = authority('Foreign');
  const past = { validity: expired };
  const constrained = nameConstraints([{ kind: 'dNSName', value: 'example.org' }]);
  // Certificates for the leaf's issuer, the least telling failure first.
  const issuers: readonly (readonly [ValidationReason, Entity])[] = [
    ['unknown-issuer', resigned(issuing, foreign, { issuer: foreign.certificate.subject })],
    ['bad-signature', authority('Issuing', root, { publicKey: keyOf('impostor').public })],
    ['expired', resigned(issuing, root, { issuer: root.certificate.subject, ...past })],
    [
      'name-constraint',
      resigned(issuing, root, {
        issuer: root.certificate.subject,
        extensions: withExtensions(issuing.certificate, id.ce.nameConstraints, constrained),
      }),
    ],
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray([...issuers.keys()], { minLength: 1 }), (chosen) => {
      const others = chosen.flatMap((i) => issuers[i] ?? []).filter((part) => typeof part !== 'string');
      const error = unwrapError(validate([leaf, ...others], [root]));
      assert.equal(error.reason, issuers[Math.max(...chosen)]?.[0]);
    }),
    { numRuns: FC_RUNS },
  );
});
