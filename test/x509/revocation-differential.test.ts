import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noble } from '../../nocrypto/index.ts';
import {
  buildCrl,
  type Crl,
  checkRevocation,
  type DistributionPoint,
  decodeCrl,
  describeValidationError,
  type Extension,
  encodeCrl,
  encodePem,
  id,
  makeExtension,
  type ReasonCode,
  trustAnchor,
} from '../../x509/index.ts';
import { entropy, FC_RUNS, unwrap } from './helpers.ts';
import { opensslAgrees, skipWithoutOpenssl, withFiles } from './openssl.ts';
import { authority, endEntity, NOW, unknownExtension } from './pki.ts';

const HOUR = 3_600_000;
const root = authority('Root');
const places = ['http://crl.example.com/1', 'http://crl.example.com/2'];

interface Scenario {
  /** Whether the certificate in question is an authority's. */
  readonly isAuthority: boolean;
  /** Where the certificate says its CRLs are. */
  readonly place: number | undefined;
  readonly crls: readonly CrlScenario[];
}

interface CrlScenario {
  readonly reason: ReasonCode | undefined;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly number: number;
  readonly scope:
    | {
        readonly place: number | undefined;
        readonly onlyContainsUserCerts: boolean;
        readonly onlyContainsCACerts: boolean;
        readonly onlyContainsAttributeCerts: boolean;
        readonly indirectCRL: boolean;
      }
    | undefined;
  readonly criticalExtension: boolean;
  /** Signed by another key than the issuer's. */
  readonly forged: boolean;
}

const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);
const place = fc.constantFrom(undefined, 0, 1);

const crlScenarios: fc.Arbitrary<CrlScenario> = fc.record({
  reason: fc.constantFrom(undefined, undefined, 'unspecified', 'keyCompromise', 'certificateHold'),
  thisUpdate: fc.constantFrom(-2, -1, -1, -1, 2),
  nextUpdate: fc.constantFrom(3, 3, 3, -1),
  number: fc.nat(3),
  scope: fc.option(
    fc.record({
      place,
      onlyContainsUserCerts: rarely,
      onlyContainsCACerts: rarely,
      onlyContainsAttributeCerts: rarely,
      indirectCRL: rarely,
    }),
    { nil: undefined },
  ),
  criticalExtension: rarely,
  forged: rarely,
});

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  isAuthority: fc.boolean(),
  place,
  crls: fc.array(crlScenarios, { minLength: 1, maxLength: 2 }),
});

const pointAt = (index: number): DistributionPoint => ({
  distributionPoint: {
    kind: 'fullName',
    value: [{ kind: 'uniformResourceIdentifier', value: places[index] ?? '' }],
  },
  reasons: undefined,
  cRLIssuer: undefined,
});

const subjects = new Map<string, ReturnType<typeof subject>>();

function subject(isAuthority: boolean, place: number | undefined) {
  const extensions: readonly Extension[] =
    place === undefined
      ? []
      : [makeExtension({ kind: id.ce.cRLDistributionPoints, value: [pointAt(place)] })];
  return isAuthority
    ? authority('Subject', root, { extensions })
    : endEntity('www.example.com', root, { extensions });
}

function subjectOf({ isAuthority, place }: Scenario) {
  const key = `${isAuthority} ${place}`;
  const made = subjects.get(key) ?? subject(isAuthority, place);
  subjects.set(key, made);
  return made;
}

function crlOf(scenario: CrlScenario, serialNumber: bigint): Crl {
  const { reason, scope, thisUpdate, nextUpdate, number, criticalExtension, forged } = scenario;
  const { place, ...flags } = scope ?? { place: undefined };
  const made = unwrap(
    buildCrl({
      crypto: noble,
      entropy: entropy('crl'),
      signer: root,
      thisUpdate: NOW + Math.min(thisUpdate, nextUpdate) * HOUR,
      nextUpdate: NOW + nextUpdate * HOUR,
      crlNumber: BigInt(number),
      revoked: reason === undefined ? [] : [{ serialNumber, revocationDate: NOW - 3 * HOUR, reason }],
      ...(scope === undefined
        ? {}
        : {
            issuingDistributionPoint: {
              ...flags,
              distributionPoint: place === undefined ? undefined : pointAt(place).distributionPoint,
            },
          }),
      extensions: criticalExtension ? [unknownExtension(true)] : [],
    }),
  );
  const signature = made.signature.map((octet, i) =>
    forged && i === made.signature.length - 1 ? octet ^ 1 : octet,
  );
  return unwrap(decodeCrl(encodeCrl({ ...made, signature })));
}

/** What openssl and ours say of the subject when they have these lists. */
function verdicts(scenario: Scenario, lists: readonly CrlScenario[]) {
  const { certificate } = subjectOf(scenario);
  const crls = lists.map((list) => crlOf(list, certificate.serialNumber));
  const files = {
    root: encodePem('CERTIFICATE', root.certificate.der),
    subject: encodePem('CERTIFICATE', certificate.der),
    crls: crls.map(({ der }) => encodePem('X509 CRL', der)).join(''),
  };
  const theirs = withFiles(files, (path) =>
    opensslAgrees([
      ...['verify', '-attime', `${NOW / 1000}`, '-CAfile', path('root'), '-CRLfile', path('crls')],
      ...['-crl_check', '-extended_crl', path('subject')],
    ]),
  );
  const ours = checkRevocation({
    crypto: noble,
    path: [certificate],
    anchor: trustAnchor(root.certificate),
    now: NOW,
    policy: 'require',
    clockSkew: 0,
    crls,
  });
  return { theirs, ours: ours.ok, why: ours.ok ? '' : describeValidationError(ours.error) };
}

test('of any one CRL, ours and openssl’s verdicts are the same', { skip: skipWithoutOpenssl }, () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      for (const list of scenario.crls) {
        const { theirs, ours, why } = verdicts(scenario, [list]);
        assert.equal(ours, theirs, why);
      }
    }),
    { numRuns: Math.ceil(FC_RUNS / 4) },
  );
});

/*
 * Of two lists openssl believes the one that seems to fit best. Ours looks at both: one that says revoked is enough, and a bad
 * one does not spoil a good one.
 */
test('what ours accepts by two CRLs, openssl accepts by one of them', { skip: skipWithoutOpenssl }, () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const { ours, theirs, why } = verdicts(scenario, scenario.crls);
      assert.ok(!ours || theirs || scenario.crls.some((list) => verdicts(scenario, [list]).theirs));
      assert.ok(ours || !theirs || why.startsWith('revoked'), why);
    }),
    { numRuns: Math.ceil(FC_RUNS / 4) },
  );
});
