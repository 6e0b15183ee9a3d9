import { err, ok, type Result } from '../asn1/index.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import { type ExtensionValue, extensionValue, firstRepeated } from './extension.ts';
import { id } from './oid.ts';
import { type Finding, finding, type Violation } from './validation-error.ts';

/** What the caller asks about certificate policies: the inputs of RFC 5280 §6.1.1 (c) to (g), under its names. */
export interface PolicyOptions {
  /**
   * The policies that the caller accepts, as dotted identifiers. Default: any. A path that is valid under none of them is
   * refused only where an explicit policy is required, by `initialExplicitPolicy` or by an authority.
   */
  readonly initialPolicySet?: readonly string[];
  /** Refuse a path that is valid under no policy of the initial set. Default: only if an authority demands it. */
  readonly initialExplicitPolicy?: boolean;
  /** Do not let an authority declare a policy of others to be equal to its own. Default: let it. */
  readonly initialPolicyMappingInhibit?: boolean;
  /** Do not let anyPolicy stand for a policy. Default: let it. */
  readonly initialAnyPolicyInhibit?: boolean;
}

/**
 * The policies under which a path is valid: the user_constrained_policy_set of RFC 9618 §5.5, which may be empty and may hold
 * anyPolicy. `path` is leaf first, without the anchor. Policy qualifiers are not looked at.
 *
 * The anchor's own policies do not count, but what it demands of certificates below it does (RFC 5937 §3.2).
 *
 * The cost is linear in the policies and mappings of the path, whatever they are: a policy is one node on each level of a
 * graph, where the tree of RFC 5280 could double from level to level (RFC 9618 §4).
 */
export function checkPolicies(
  path: readonly [Certificate, ...Certificate[]],
  anchor: Certificate,
  options: PolicyOptions = {},
): Result<readonly string[], Violation> {
  const [leaf, ...authorities] = path;
  let state = initialState(path.length, anchor, options);
  for (const [i, authority] of [...authorities.entries()].reverse()) {
    const entered = enter(state, authority, isSelfIssued(authority));
    const prepared = entered.ok ? prepareForNext(entered.value, authority) : entered;
    if (!prepared.ok) {
      return err({ finding: prepared.error, certificate: authority, depth: i + 1 });
    }
    state = prepared.value;
  }
  const entered = enter(state, leaf, false);
  const policies = entered.ok ? wrapUp(entered.value, leaf, options) : entered;
  return policies.ok ? policies : err({ finding: policies.error, certificate: leaf, depth: 0 });
}

/** What is carried from one certificate to the next. */
interface State {
  readonly level: Level;
  readonly counters: Counters;
}

/**
 * The lowest level of the valid_policy_graph, by valid_policy. Levels above are reached through parents. Nodes there that have
 * lost their last child are reached no more, so deleting them is no step of its own. A level without nodes is the NULL graph.
 */
type Level = ReadonlyMap<string, PolicyNode>;

interface PolicyNode {
  readonly validPolicy: string;
  readonly parents: readonly PolicyNode[];
  /** Each once. */
  readonly expectedPolicies: readonly string[];
}

/** How many more certificates may pass until a demand takes effect; at 0 it has. */
interface Counters {
  readonly explicitPolicy: number;
  readonly policyMapping: number;
  readonly inhibitAnyPolicy: number;
}

const ANY = id.ce.anyPolicy;

/** RFC 5280 §6.1.2 (a) and (d) to (f). */
function initialState(length: number, anchor: Certificate, options: PolicyOptions): State {
  const counter = (inhibit: boolean | undefined) => (inhibit === true ? 0 : length + 1);
  const counters = {
    explicitPolicy: counter(options.initialExplicitPolicy),
    policyMapping: counter(options.initialPolicyMappingInhibit),
    inhibitAnyPolicy: counter(options.initialAnyPolicyInhibit),
  };
  return { level: new Map([[ANY, node(ANY, [])]]), counters: constrain(counters, anchor) };
}

/** RFC 5280 §6.1.3 (d) to (f), in the words of RFC 9618 §5.3. */
function enter(
  { level, counters }: State,
  certificate: Certificate,
  isSelfIssuedAuthority: boolean,
): Result<State, Finding> {
  const policies = (extensionValue(certificate, 'certificatePolicies') ?? []).map(
    ({ policyIdentifier }) => policyIdentifier,
  );
  const repeated = firstRepeated(policies);
  if (repeated !== undefined) {
    return err(finding('malformed', `certificate policy ${repeated} once`, 'twice'));
  }
  const mayBeAny = counters.inhibitAnyPolicy > 0 || isSelfIssuedAuthority;
  const next = nextLevel(level, policies, mayBeAny);
  return next.size === 0 && counters.explicitPolicy === 0
    ? err(noValidPolicy('a policy that the authorities above allow', certificate))
    : ok({ level: next, counters });
}

/** The nodes of a certificate's policies: below those nodes that expect them, or else below anyPolicy. */
function nextLevel(level: Level, policies: readonly string[], mayBeAny: boolean): Level {
  const expecting = new Map<string, PolicyNode[]>();
  for (const parent of level.values()) {
    for (const policy of parent.expectedPolicies) {
      const parents = expecting.get(policy) ?? [];
      parents.push(parent);
      expecting.set(policy, parents);
    }
  }
  const next = new Map<string, PolicyNode>();
  const any = level.get(ANY);
  for (const policy of policies.filter((policy) => policy !== ANY)) {
    const parents = expecting.get(policy) ?? (any === undefined ? [] : [any]);
    if (parents.length > 0) {
      next.set(policy, node(policy, parents));
    }
  }
  if (mayBeAny && policies.includes(ANY)) {
    for (const [policy, parents] of expecting) {
      next.set(policy, next.get(policy) ?? node(policy, parents));
    }
  }
  return next;
}

/** RFC 5280 §6.1.4 (a), (b) and (h) to (j). */
function prepareForNext({ level, counters }: State, authority: Certificate): Result<State, Finding> {
  const mappings = extensionValue(authority, 'policyMappings') ?? [];
  const policies = mappings.flatMap((mapping) => [mapping.issuerDomainPolicy, mapping.subjectDomainPolicy]);
  return policies.includes(ANY)
    ? err(finding('malformed', 'policy mappings without anyPolicy', 'anyPolicy'))
    : ok({
        level: afterMappings(level, mappings, counters.policyMapping > 0),
        counters: constrain(isSelfIssued(authority) ? counters : decrement(counters), authority),
      });
}

function afterMappings(level: Level, mappings: ExtensionValue<'policyMappings'>, mayMap: boolean): Level {
  // Few authorities map anything.
  if (mappings.length === 0) {
    return level;
  }
  const equivalents = new Map<string, Set<string>>();
  for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
    const policies = equivalents.get(issuerDomainPolicy) ?? new Set();
    equivalents.set(issuerDomainPolicy, policies.add(subjectDomainPolicy));
  }
  return mayMap ? mapped(level, equivalents) : without(level, equivalents);
}

/** RFC 9618 §5.4 (1) and (2). */
function mapped(level: Level, equivalents: ReadonlyMap<string, ReadonlySet<string>>): Level {
  const any = level.get(ANY);
  const next = new Map(level);
  for (const [validPolicy, expectedPolicies] of equivalents) {
    // Below anyPolicy every policy is valid, so also one that is only mapped.
    const parents = level.get(validPolicy)?.parents ?? any?.parents;
    if (parents !== undefined) {
      next.set(validPolicy, { validPolicy, parents, expectedPolicies: [...expectedPolicies] });
    }
  }
  return next;
}

/** RFC 9618 §5.4 (3). */
function without(level: Level, removed: ReadonlyMap<string, unknown>): Level {
  return new Map([...level].filter(([policy]) => !removed.has(policy)));
}

/** RFC 5280 §6.1.4 (h). */
function decrement({ explicitPolicy, policyMapping, inhibitAnyPolicy }: Counters): Counters {
  return {
    explicitPolicy: Math.max(0, explicitPolicy - 1),
    policyMapping: Math.max(0, policyMapping - 1),
    inhibitAnyPolicy: Math.max(0, inhibitAnyPolicy - 1),
  };
}

/** RFC 5280 §6.1.4 (i) and (j). */
function constrain(counters: Counters, authority: Certificate): Counters {
  const { requireExplicitPolicy, inhibitPolicyMapping } =
    extensionValue(authority, 'policyConstraints') ?? {};
  return {
    explicitPolicy: Math.min(counters.explicitPolicy, requireExplicitPolicy ?? Number.POSITIVE_INFINITY),
    policyMapping: Math.min(counters.policyMapping, inhibitPolicyMapping ?? Number.POSITIVE_INFINITY),
    inhibitAnyPolicy: Math.min(
      counters.inhibitAnyPolicy,
      extensionValue(authority, 'inhibitAnyPolicy') ?? Number.POSITIVE_INFINITY,
    ),
  };
}

/** RFC 5280 §6.1.5 (a), (b) and (g), the last as in RFC 9618 §5.5. */
function wrapUp(
  { level, counters }: State,
  leaf: Certificate,
  { initialPolicySet = [ANY] }: PolicyOptions,
): Result<readonly string[], Finding> {
  const demanded = extensionValue(leaf, 'policyConstraints')?.requireExplicitPolicy === 0;
  const explicitPolicy = demanded ? 0 : decrement(counters).explicitPolicy;
  const policies = userConstrained(authorityConstrained(level), initialPolicySet);
  return explicitPolicy === 0 && policies.length === 0
    ? err(noValidPolicy(`a policy among ${initialPolicySet.join(', ')}`, leaf))
    : ok(policies);
}

/**
 * The policies as the authority next to the anchor named them: of the nodes that a leaf's policy descends from, those directly
 * below an anyPolicy; and anyPolicy, if it has come through to the leaf.
 */
function authorityConstrained(level: Level): ReadonlySet<string> {
  const reached = new Set(level.values());
  // The set grows while it is walked.
  for (const { parents } of reached) {
    for (const parent of parents) {
      reached.add(parent);
    }
  }
  const policies = new Set<string>(level.has(ANY) ? [ANY] : []);
  for (const { validPolicy, parents } of reached) {
    if (validPolicy !== ANY && parents.length === 1 && parents[0]?.validPolicy === ANY) {
      policies.add(validPolicy);
    }
  }
  return policies;
}

function userConstrained(
  policies: ReadonlySet<string>,
  initialPolicySet: readonly string[],
): readonly string[] {
  return initialPolicySet.includes(ANY)
    ? [...policies]
    : [...new Set(initialPolicySet)].filter((policy) => policies.has(policy) || policies.has(ANY));
}

function node(validPolicy: string, parents: readonly PolicyNode[]): PolicyNode {
  return { validPolicy, parents, expectedPolicies: [validPolicy] };
}

function noValidPolicy(expected: string, certificate: Certificate): Finding {
  const policies = extensionValue(certificate, 'certificatePolicies') ?? [];
  const found = policies.map(({ policyIdentifier }) => policyIdentifier).join(', ');
  return finding('no-valid-policy', expected, found === '' ? 'none' : found);
}
