import fc from 'fast-check';

/**
 * What a random public key infrastructure looks like, before anybody has signed anything: authorities that certify each other
 * in any shape, one leaf, and a question about it. Most of it is as it should be, else nothing would ever be accepted.
 */
export interface Plan {
  /** The certificates of authorities, each of one authority by another or by itself. */
  readonly certificates: readonly AuthorityPlan[];
  readonly leaf: LeafPlan;
  /** Which of `certificates` are anchors. */
  readonly anchors: readonly number[];
  /** Which of `certificates` are presented with the leaf, in this order. */
  readonly presented: readonly number[];
  /** A bit that is turned over in one of the presented certificates. */
  readonly damage: { readonly presented: number; readonly place: number } | undefined;
  readonly purpose: 'serverAuth' | 'clientAuth';
  readonly host: string | undefined;
}

export interface AuthorityPlan extends CommonPlan {
  /** Of {@link AUTHORITIES}. */
  readonly subject: number;
  readonly cA: boolean | undefined;
  readonly pathLenConstraint: number | undefined;
  readonly permitted: string | undefined;
  readonly excluded: string | undefined;
}

export interface LeafPlan extends CommonPlan {
  readonly names: readonly string[];
}

interface CommonPlan {
  /** Of {@link AUTHORITIES}. */
  readonly issuer: number;
  readonly validity: (typeof VALIDITIES)[number];
  readonly keyUsage: 'proper' | 'other' | undefined;
  readonly extKeyUsage: readonly ('serverAuth' | 'clientAuth' | 'emailProtection' | 'any')[] | undefined;
  readonly policies: readonly string[] | undefined;
  readonly requireExplicitPolicy: number | undefined;
  readonly authorityKeyIdentifier: 'right' | 'wrong' | undefined;
  readonly strangeExtension: 'critical' | 'not critical' | undefined;
  readonly signature: 'right' | 'wrong';
}

/** Names and keys of the authorities: the last two have the name of another, and keys of their own. */
export const AUTHORITIES = [
  { name: 'A', key: 0 },
  { name: 'B', key: 1 },
  { name: 'C', key: 2 },
  { name: 'D', key: 3 },
  { name: 'E', key: 4 },
  { name: 'C', key: 5 },
  { name: 'D', key: 6 },
] as const;

/** Where the time of the question lies in a validity. */
export const VALIDITIES = ['within', 'first second', 'last second', 'after', 'before'] as const;

export const HOSTS = [
  'www.example.com',
  'mail.example.com',
  'example.com',
  'www.example.org',
  'a.b.example.com',
];
const DOMAINS = ['example.com', 'example.org', 'www.example.com', 'b.example.com', 'com'];
const NAMES = [...HOSTS, '*.example.com', '*.b.example.com', '*.example.org', '*.com'];
const POLICIES = ['1.2.3.1', '1.2.3.2', '2.5.29.32.0'];

/** `usual` most of the time, and what `else` makes otherwise. */
function mostly<T>(usual: T, otherwise: fc.Arbitrary<T>, weight: number): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: otherwise });
}

const common = {
  validity: mostly('within', fc.constantFrom(...VALIDITIES), 15),
  keyUsage: mostly<CommonPlan['keyUsage']>('proper', fc.constantFrom('other', undefined), 20),
  policies: mostly<readonly string[] | undefined>(
    undefined,
    fc.uniqueArray(fc.constantFrom(...POLICIES), { minLength: 1, maxLength: 3 }),
    3,
  ),
  requireExplicitPolicy: mostly<number | undefined>(undefined, fc.nat(2), 40),
  authorityKeyIdentifier: mostly<CommonPlan['authorityKeyIdentifier']>(
    'right',
    fc.constantFrom('wrong', undefined),
    15,
  ),
  strangeExtension: mostly<CommonPlan['strangeExtension']>(
    undefined,
    fc.constantFrom('critical', 'not critical'),
    40,
  ),
  signature: mostly<CommonPlan['signature']>('right', fc.constant('wrong'), 40),
};

const purposes = fc.uniqueArray(
  fc.constantFrom('serverAuth' as const, 'clientAuth' as const, 'emailProtection' as const, 'any' as const),
  { minLength: 1, maxLength: 2 },
);

const certificate = (subject: fc.Arbitrary<number>, issuer: fc.Arbitrary<number>) =>
  fc.record<AuthorityPlan>({
    ...common,
    subject,
    issuer,
    extKeyUsage: mostly<AuthorityPlan['extKeyUsage']>(undefined, purposes, 20),
    cA: mostly<boolean | undefined>(true, fc.constantFrom(false, undefined), 40),
    pathLenConstraint: mostly<number | undefined>(undefined, fc.nat(3), 10),
    permitted: mostly<string | undefined>(undefined, fc.constantFrom(...DOMAINS), 20),
    excluded: mostly<string | undefined>(undefined, fc.constantFrom(...DOMAINS), 30),
  });

const root = (i: number) => certificate(fc.constant(i), fc.constant(i));
const anyone = fc.nat(AUTHORITIES.length - 1);

export const plan: fc.Arbitrary<Plan> = fc
  .record({
    roots: fc.tuple(root(0), root(1)),
    // In a row, so that there often is a way, and others that cross.
    row: fc.tuple(
      certificate(fc.constant(2), fc.constantFrom(0, 1)),
      certificate(fc.constant(3), fc.constantFrom(0, 1, 2)),
      certificate(fc.constant(4), fc.constantFrom(2, 3)),
    ),
    crossing: fc.array(certificate(anyone, anyone), { maxLength: 4 }),
  })
  .chain(({ roots, row, crossing }) => {
    const certificates = [...roots, ...row, ...crossing];
    const some = fc.shuffledSubarray([...certificates.keys()].slice(2));
    return fc.record<Plan>({
      certificates: fc.constant(certificates),
      leaf: fc.record<LeafPlan>({
        ...common,
        issuer: fc.constantFrom(0, 2, 3, 3, 4, 4, 5, 6),
        names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
        extKeyUsage: mostly<LeafPlan['extKeyUsage']>(
          ['serverAuth', 'clientAuth'],
          fc.option(purposes, { nil: undefined }),
          4,
        ),
      }),
      anchors: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom([0], [0, 1]) },
        { weight: 1, arbitrary: fc.subarray([...certificates.keys()], { minLength: 1, maxLength: 3 }) },
      ),
      presented: fc.oneof(
        {
          weight: 5,
          arbitrary: fc.shuffledSubarray([...certificates.keys()], { minLength: certificates.length }),
        },
        { weight: 1, arbitrary: some },
      ),
      damage: mostly<Plan['damage']>(
        undefined,
        fc.record({ presented: fc.nat(20), place: fc.nat(100_000) }),
        15,
      ),
      purpose: fc.constantFrom('serverAuth', 'serverAuth', 'clientAuth'),
      host: fc.option(fc.constantFrom(...HOSTS), { nil: undefined, freq: 3 }),
    });
  });
