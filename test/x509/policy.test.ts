import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Certificate, type Extension, id, makeExtension, makeName } from '../../x509/index.ts';
import { checkPolicies, type PolicyOptions } from '../../x509/policy.ts';
import { FC_RUNS, unwrap, unwrapError } from './helpers.ts';
import { authority, endEntity, resigned, rollover, validate, withExtensions } from './pki.ts';
import { policiesByTree } from './policy-tree.ts';

const ANY = id.ce.anyPolicy;
const [A, B, C, D] = ['1.2.3.1', '1.2.3.2', '1.2.3.3', '1.2.3.4'] as const;

const root = authority('Root').certificate;
const other = makeName([['commonName', 'Other']]);

/** What one certificate says of policies. */
interface Says {
  readonly policies?: readonly string[];
  readonly mappings?: readonly (readonly [issuerDomain: string, subjectDomain: string])[];
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
  readonly inhibitAnyPolicy?: number;
  readonly selfIssued?: boolean;
}

function extensionsOf(says: Says): readonly Extension[] {
  const { policies, mappings, requireExplicitPolicy, inhibitPolicyMapping, inhibitAnyPolicy } = says;
  const critical = { critical: true };
  return [
    ...(policies === undefined
      ? []
      : [
          makeExtension({
            kind: id.ce.certificatePolicies,
            value: policies.map((policyIdentifier) => ({ policyIdentifier, policyQualifiers: undefined })),
          }),
        ]),
    ...(mappings === undefined
      ? []
      : [
          makeExtension(
            {
              kind: id.ce.policyMappings,
              value: mappings.map(([issuerDomainPolicy, subjectDomainPolicy]) => ({
                issuerDomainPolicy,
                subjectDomainPolicy,
              })),
            },
            critical,
          ),
        ]),
    ...(requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined
      ? []
      : [
          makeExtension(
            { kind: id.ce.policyConstraints, value: { requireExplicitPolicy, inhibitPolicyMapping } },
            critical,
          ),
        ]),
    ...(inhibitAnyPolicy === undefined
      ? []
      : [makeExtension({ kind: id.ce.inhibitAnyPolicy, value: inhibitAnyPolicy }, critical)]),
  ];
}

/** The certificates of a path, given from the one below the anchor to the leaf. Only what policies look at is right in them. */
function pathOf(...says: readonly Says[]): readonly [Certificate, ...Certificate[]] {
  const [leaf = root, ...authorities] = says
    .map((what) => ({
      ...root,
      issuer: what.selfIssued === true ? root.subject : other,
      extensions: extensionsOf(what),
    }))
    .reverse();
  return [leaf, ...authorities];
}

function policies(says: readonly Says[], options: PolicyOptions = {}, anchor: Says = {}): string {
  const result = checkPolicies(pathOf(...says), { ...root, extensions: extensionsOf(anchor) }, options);
  return result.ok ? result.value.join(' ') : `${result.error.finding.reason} at ${result.error.depth}`;
}

const explicit = { initialExplicitPolicy: true };
const only = (...initialPolicySet: readonly string[]) => ({ initialPolicySet });

/*
 * One row: what holds, what each certificate says from the topmost to the leaf, the options, and the policies. Made after the
 * cases of NIST's PKITS 4.8 to 4.12, whose numbers stand in brackets.
 */
const ROWS: readonly (readonly [what: string, Says[], PolicyOptions, string])[] = [
  ['the policies of all certificates count [4.8.1]', [{ policies: [A] }, { policies: [A] }], explicit, A],
  ['without policies there are none [4.8.2]', [{}, {}], {}, ''],
  ['without policies none is explicit [4.8.2]', [{}, {}], explicit, 'no-valid-policy at 1'],
  ['a gap ends all [4.8.3]', [{ policies: [A] }, {}, { policies: [A] }], {}, ''],
  ['a gap is named [4.8.3]', [{ policies: [A] }, {}, { policies: [A] }], explicit, 'no-valid-policy at 1'],
  [
    'different policies have nothing in common [4.8.4]',
    [{ policies: [A] }, { policies: [B] }],
    explicit,
    'no-valid-policy at 0',
  ],
  ['what is common is left [4.8.6]', [{ policies: [A, B] }, { policies: [B, C] }], explicit, B],
  ['several may be left [4.8.10]', [{ policies: [A, B] }, { policies: [B, A] }], explicit, `${B} ${A}`],
  ['anyPolicy comes through [4.8.11]', [{ policies: [ANY] }, { policies: [ANY] }], explicit, ANY],
  [
    'anyPolicy stands for what the caller accepts [4.8.11]',
    [{ policies: [ANY] }, { policies: [ANY] }],
    only(A),
    A,
  ],
  [
    'what the caller does not accept is no policy [4.8.12]',
    [{ policies: [A] }, { policies: [A] }],
    { ...explicit, ...only(B) },
    'no-valid-policy at 0',
  ],
  ['it is refused only if one is required', [{ policies: [A] }, { policies: [A] }], only(B), ''],
  ['an acceptable one is found [4.8.13]', [{ policies: [A, B, C] }, { policies: [A, B, C] }], only(B), B],
  ['anyPolicy above allows any below [4.8.14]', [{ policies: [ANY] }, { policies: [A] }], only(A), A],
  ['anyPolicy below repeats what is above', [{ policies: [A, B] }, { policies: [ANY] }], {}, `${A} ${B}`],
  [
    'the leaf may itself demand one',
    [{ policies: [A] }, { requireExplicitPolicy: 0 }],
    {},
    'no-valid-policy at 0',
  ],

  ['a demand takes effect after so many [4.9.1]', [{ requireExplicitPolicy: 10 }, {}, {}, {}], {}, ''],
  [
    'at the fourth it has [4.9.3]',
    [{ requireExplicitPolicy: 4 }, {}, {}, {}, {}],
    {},
    'no-valid-policy at 0',
  ],
  ['the leaf is counted [4.9.3]', [{ requireExplicitPolicy: 4 }, {}, {}, {}], {}, ''],
  [
    'at once, it names the one below [4.9.5]',
    [{ policies: [A], requireExplicitPolicy: 0 }, {}, {}],
    {},
    'no-valid-policy at 1',
  ],
  [
    'the least of several counts [4.9.5]',
    [
      { policies: [A], requireExplicitPolicy: 7 },
      { policies: [A], requireExplicitPolicy: 2 },
      { policies: [A], requireExplicitPolicy: 4 },
      { policies: [A] },
      {},
    ],
    {},
    'no-valid-policy at 0',
  ],
  [
    'self-issued authorities are not counted [4.9.6]',
    [{ requireExplicitPolicy: 2 }, { selfIssued: true }, {}],
    {},
    '',
  ],
  [
    'nor is the demand forgotten [4.9.7]',
    [{ requireExplicitPolicy: 2 }, { selfIssued: true }, {}, {}],
    {},
    'no-valid-policy at 0',
  ],

  [
    'a policy is mapped [4.10.1]',
    [{ policies: [A], mappings: [[A, B]] }, { policies: [B] }],
    { ...explicit, ...only(A) },
    A,
  ],
  [
    'the result is in terms of the issuer [4.10.1]',
    [{ policies: [A], mappings: [[A, B]] }, { policies: [B] }],
    { ...explicit, ...only(B) },
    'no-valid-policy at 0',
  ],
  [
    'a mapped policy no longer stands for itself [4.10.2]',
    [{ policies: [A], mappings: [[A, B]] }, { policies: [A] }],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'the caller may inhibit mapping [4.10.1]',
    [{ policies: [A], mappings: [[A, B]] }, { policies: [B] }],
    { ...explicit, initialPolicyMappingInhibit: true },
    'no-valid-policy at 0',
  ],
  [
    'mappings follow one another [4.10.3]',
    [{ policies: [A], mappings: [[A, B]] }, { policies: [B], mappings: [[B, C]] }, { policies: [C] }],
    explicit,
    A,
  ],
  [
    'one is mapped to two [4.10.5]',
    [
      {
        policies: [A],
        mappings: [
          [A, B],
          [A, C],
        ],
      },
      { policies: [C] },
    ],
    explicit,
    A,
  ],
  [
    'two are mapped to one',
    [
      {
        policies: [A, B],
        mappings: [
          [A, C],
          [B, C],
        ],
      },
      { policies: [C] },
    ],
    explicit,
    `${A} ${B}`,
  ],
  [
    'anyPolicy may not be mapped [4.10.7]',
    [{ policies: [A], mappings: [[ANY, A]] }, { policies: [A] }],
    {},
    'malformed at 1',
  ],
  [
    'nor mapped to [4.10.8]',
    [{ policies: [A], mappings: [[A, ANY]] }, { policies: [A] }],
    {},
    'malformed at 1',
  ],
  [
    'anyPolicy allows a mapping [4.10.9]',
    [{ policies: [ANY], mappings: [[A, B]] }, { policies: [B] }],
    only(A),
    A,
  ],
  [
    'a mapping below anyPolicy takes the mapped one away',
    [{ policies: [ANY], mappings: [[A, B]] }, { policies: [A] }],
    {},
    A,
  ],
  [
    'a mapping of what is not valid maps nothing [4.10.12]',
    [{ policies: [B], mappings: [[A, C]] }, { policies: [C] }],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'anyPolicy below a mapping is what was mapped to',
    [{ policies: [A], mappings: [[A, B]] }, { policies: [ANY] }],
    explicit,
    A,
  ],

  [
    'mapping is inhibited at once [4.11.1]',
    [{ policies: [A], inhibitPolicyMapping: 0 }, { policies: [A], mappings: [[A, B]] }, { policies: [B] }],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'mapping is inhibited after one [4.11.2]',
    [{ policies: [A], inhibitPolicyMapping: 1 }, { policies: [A], mappings: [[A, B]] }, { policies: [B] }],
    explicit,
    A,
  ],
  [
    'and then no more [4.11.3]',
    [
      { policies: [A], inhibitPolicyMapping: 1 },
      { policies: [A], mappings: [[A, B]] },
      { policies: [B], mappings: [[B, C]] },
      { policies: [C] },
    ],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'self-issued authorities are not counted [4.11.7]',
    [
      { policies: [A], inhibitPolicyMapping: 1 },
      { policies: [A], selfIssued: true },
      { policies: [A], mappings: [[A, B]] },
      { policies: [B] },
    ],
    explicit,
    A,
  ],

  [
    'anyPolicy is inhibited at once [4.12.1]',
    [{ policies: [A], inhibitAnyPolicy: 0 }, { policies: [ANY] }],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'anyPolicy beside another is passed over [4.12.2]',
    [{ policies: [A], inhibitAnyPolicy: 0 }, { policies: [ANY, A] }],
    explicit,
    A,
  ],
  [
    'anyPolicy is inhibited after one [4.12.3]',
    [{ policies: [A], inhibitAnyPolicy: 1 }, { policies: [ANY] }, { policies: [A] }],
    explicit,
    A,
  ],
  [
    'and then no more [4.12.4]',
    [{ policies: [A], inhibitAnyPolicy: 1 }, { policies: [ANY] }, { policies: [ANY] }],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'self-issued authorities may have it all the same [4.12.7]',
    [{ policies: [A], inhibitAnyPolicy: 0 }, { policies: [ANY], selfIssued: true }, { policies: [A] }],
    explicit,
    A,
  ],
  [
    'a self-issued leaf may not [4.12.10]',
    [
      { policies: [A], inhibitAnyPolicy: 0 },
      { policies: [ANY], selfIssued: true },
    ],
    explicit,
    'no-valid-policy at 0',
  ],
  [
    'the caller may inhibit anyPolicy',
    [{ policies: [ANY] }, { policies: [A] }],
    { ...explicit, initialAnyPolicyInhibit: true },
    'no-valid-policy at 1',
  ],

  [
    'a policy twice is malformed (RFC 5280 §4.2.1.4)',
    [{ policies: [A] }, { policies: [A, B, A] }],
    {},
    'malformed at 0',
  ],
];

for (const [what, says, options, expected] of ROWS) {
  test(`policies: ${what}`, () => assert.equal(policies(says, options), expected));
}

test('what an anchor demands holds for the certificates below it, what policies it has does not matter', () => {
  const below = [{ policies: [A] }, {}];
  assert.equal(policies(below, {}, { requireExplicitPolicy: 0 }), 'no-valid-policy at 0');
  assert.equal(policies(below, {}, { requireExplicitPolicy: 3 }), '');
  const mapping = [{ policies: [A], mappings: [[A, B]] as const }, { policies: [B] }];
  assert.equal(policies(mapping, {}, { inhibitPolicyMapping: 0 }), '');
  assert.equal(policies([{ policies: [ANY] }, { policies: [A] }], {}, { inhibitAnyPolicy: 0 }), '');
  assert.equal(policies([{ policies: [A] }, { policies: [A] }], {}, { policies: [B] }), A);
});

const policy = fc.constantFrom(A, B, C, D);
const says: fc.Arbitrary<Says> = fc.record(
  {
    policies: fc.uniqueArray(fc.oneof({ weight: 3, arbitrary: policy }, fc.constant(ANY)), {
      minLength: 1,
      maxLength: 4,
    }),
    mappings: fc.array(fc.tuple(policy, policy), { minLength: 1, maxLength: 4 }),
    requireExplicitPolicy: fc.nat(4),
    inhibitPolicyMapping: fc.nat(4),
    inhibitAnyPolicy: fc.nat(4),
    selfIssued: fc.boolean(),
  },
  { requiredKeys: [] },
);
const saysPolicies = fc.tuple(says, says).map(([what, { policies = [ANY] }]) => ({ policies, ...what }));
const options: fc.Arbitrary<PolicyOptions> = fc.record(
  {
    initialPolicySet: fc.uniqueArray(fc.oneof(policy, fc.constant(ANY)), { minLength: 1, maxLength: 3 }),
    initialExplicitPolicy: fc.boolean(),
    initialPolicyMappingInhibit: fc.boolean(),
    initialAnyPolicyInhibit: fc.boolean(),
  },
  { requiredKeys: [] },
);

test('the graph of RFC 9618 gives the policies that the tree of RFC 5280 gives', () => {
  const paths = fc.array(fc.oneof({ weight: 5, arbitrary: saysPolicies }, says), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(paths, options, (says, options) => {
      const path = pathOf(...says);
      const result = checkPolicies(path, root, options);
      assert.deepEqual(result.ok ? new Set(result.value) : 'refused', policiesByTree(path, options));
    }),
    { numRuns: FC_RUNS * 10 },
  );
});

test('policies that would make a tree of 10^20 nodes cost next to nothing', () => {
  const all = Array.from({ length: 100 }, (_, i) => `1.2.3.${i}`);
  const mappings = all.flatMap((issuer) => all.map((subject) => [issuer, subject] as const));
  const started = performance.now();
  const result = policies(
    [...Array.from({ length: 9 }, () => ({ policies: all, mappings })), { policies: all }],
    explicit,
  );
  assert.equal(result.split(' ').length, 100);
  assert.ok(performance.now() - started < 2000);
});

test('a path that is valid under no policy is refused, and other paths are tried', () => {
  const signer = authority('Root');
  const middle = (says: Says) => {
    const { certificate } = authority('Middle', signer);
    return resigned({ certificate, key: rollover(signer, 'Middle').key }, signer, {
      subjectPublicKeyInfo: middleKey.certificate.subjectPublicKeyInfo,
      extensions: withExtensions(certificate, id.ce.certificatePolicies, ...extensionsOf(says)),
    });
  };
  const middleKey = authority('Middle', signer);
  const server = endEntity('www.example.com', middleKey, { extensions: extensionsOf({ policies: [A] }) });
  const options = { policies: { ...explicit, ...only(A) } };
  const error = unwrapError(validate([server, middle({ policies: [B] })], [signer], options));
  assert.deepEqual([error.reason, error.certificate?.depth], ['no-valid-policy', 0]);
  const found = validate([server, middle({ policies: [B] }), middle({ policies: [A] })], [signer], options);
  assert.deepEqual(unwrap(found).policies, [A]);
});

test('a leaf that is itself trusted needs a policy too where one is required', () => {
  const server = endEntity('www.example.com', authority('Root'));
  const trusted = (policies: PolicyOptions) =>
    validate([server], [server], { allowLeafAnchor: true, policies });
  assert.deepEqual(unwrap(trusted({})).policies, []);
  assert.equal(unwrapError(trusted(explicit)).reason, 'no-valid-policy');
});
