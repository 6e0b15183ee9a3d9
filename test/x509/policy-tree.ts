import { type Certificate, extensionValue, id, isSelfIssued } from '../../x509/index.ts';
import type { PolicyOptions } from '../../x509/policy.ts';

const ANY = id.ce.anyPolicy;

interface TreeNode {
  readonly validPolicy: string;
  readonly parent: TreeNode | undefined;
  readonly depth: number;
  expected: readonly string[];
  children: TreeNode[];
}

/**
 * Certificate policies as RFC 5280 §6.1 processed them before RFC 9618: with a tree, which grows exponentially, written step
 * by step after the RFC's text and without regard for its cost. `path` is leaf first. The set of policies, or that the path
 * is refused.
 */
export function policiesByTree(
  path: readonly Certificate[],
  options: PolicyOptions,
): ReadonlySet<string> | 'refused' {
  const n = path.length;
  const root: TreeNode = { validPolicy: ANY, parent: undefined, depth: 0, expected: [ANY], children: [] };
  let tree: TreeNode | undefined = root;
  let explicit = options.initialExplicitPolicy === true ? 0 : n + 1;
  let mapping = options.initialPolicyMappingInhibit === true ? 0 : n + 1;
  let inhibitAny = options.initialAnyPolicyInhibit === true ? 0 : n + 1;
  for (const [index, certificate] of [...path].reverse().entries()) {
    const i = index + 1;
    const policies = extensionValue(certificate, 'certificatePolicies')?.map((p) => p.policyIdentifier);
    // 6.1.3 (d)
    if (tree !== undefined && policies !== undefined) {
      const above = nodesAt(tree, i - 1);
      for (const policy of policies.filter((p) => p !== ANY)) {
        const matches = above.filter((node) => node.expected.includes(policy));
        const parents = matches.length > 0 ? matches : above.filter((node) => node.validPolicy === ANY);
        for (const parent of parents) {
          addChild(parent, policy, [policy]);
        }
      }
      if (policies.includes(ANY) && (inhibitAny > 0 || (i < n && isSelfIssued(certificate)))) {
        for (const parent of above) {
          for (const policy of parent.expected) {
            if (!parent.children.some((child) => child.validPolicy === policy)) {
              addChild(parent, policy, [policy]);
            }
          }
        }
      }
      tree = pruned(tree, i);
    }
    // (e), (f)
    if (policies === undefined) {
      tree = undefined;
    }
    if (explicit === 0 && tree === undefined) {
      return 'refused';
    }
    const constraints = extensionValue(certificate, 'policyConstraints');
    if (i === n) {
      // 6.1.5 (a), (b)
      explicit = Math.max(0, explicit - 1);
      if (constraints?.requireExplicitPolicy === 0) {
        explicit = 0;
      }
      break;
    }
    // 6.1.4 (b)
    const mappings = extensionValue(certificate, 'policyMappings') ?? [];
    for (const issuer of new Set(mappings.map(({ issuerDomainPolicy }) => issuerDomainPolicy))) {
      if (tree === undefined) {
        continue;
      }
      const subjects = mappings
        .filter(({ issuerDomainPolicy }) => issuerDomainPolicy === issuer)
        .map(({ subjectDomainPolicy }) => subjectDomainPolicy);
      const level = nodesAt(tree, i);
      const mapped = level.filter(({ validPolicy }) => validPolicy === issuer);
      if (mapping > 0) {
        for (const node of mapped) {
          node.expected = subjects;
        }
        if (mapped.length === 0 && level.some(({ validPolicy }) => validPolicy === ANY)) {
          const any = nodesAt(tree, i - 1).find(({ validPolicy }) => validPolicy === ANY);
          if (any !== undefined) {
            addChild(any, issuer, subjects);
          }
        }
      } else {
        for (const node of mapped) {
          remove(node);
        }
        tree = pruned(tree, i);
      }
    }
    // (h), (i), (j)
    if (!isSelfIssued(certificate)) {
      explicit = Math.max(0, explicit - 1);
      mapping = Math.max(0, mapping - 1);
      inhibitAny = Math.max(0, inhibitAny - 1);
    }
    explicit = Math.min(explicit, constraints?.requireExplicitPolicy ?? explicit);
    mapping = Math.min(mapping, constraints?.inhibitPolicyMapping ?? mapping);
    inhibitAny = Math.min(inhibitAny, extensionValue(certificate, 'inhibitAnyPolicy') ?? inhibitAny);
  }
  // 6.1.5 (g)
  const wanted = options.initialPolicySet ?? [ANY];
  tree = tree === undefined || wanted.includes(ANY) ? tree : intersected(tree, n, wanted);
  if (explicit === 0 && tree === undefined) {
    return 'refused';
  }
  return new Set(tree === undefined ? [] : validNodes(tree, n).map(({ validPolicy }) => validPolicy));
}

/** The valid_policy_node_set, and anyPolicy where it reaches the leaf. */
function validNodes(tree: TreeNode, n: number): readonly TreeNode[] {
  return nodesOf(tree).filter(
    ({ validPolicy, parent, depth }) => parent?.validPolicy === ANY && (validPolicy !== ANY || depth === n),
  );
}

/** (g) (iii). */
function intersected(tree: TreeNode, n: number, wanted: readonly string[]): TreeNode | undefined {
  const set = validNodes(tree, n);
  for (const node of set) {
    if (node.validPolicy !== ANY && !wanted.includes(node.validPolicy)) {
      remove(node);
    }
  }
  const any = set.find(({ validPolicy }) => validPolicy === ANY);
  if (any?.parent !== undefined) {
    for (const policy of wanted.filter((p) => !set.some(({ validPolicy }) => validPolicy === p))) {
      addChild(any.parent, policy, [policy]);
    }
    remove(any);
  }
  return pruned(tree, n);
}

function nodesOf(node: TreeNode): readonly TreeNode[] {
  return [node, ...node.children.flatMap(nodesOf)];
}

function nodesAt(tree: TreeNode, depth: number): readonly TreeNode[] {
  return nodesOf(tree).filter((node) => node.depth === depth);
}

function addChild(parent: TreeNode, validPolicy: string, expected: readonly string[]): void {
  parent.children.push({ validPolicy, parent, depth: parent.depth + 1, expected, children: [] });
}

function remove(node: TreeNode): void {
  if (node.parent !== undefined) {
    node.parent.children = node.parent.children.filter((child) => child !== node);
  }
}

/** Without the nodes above a depth that have no children; undefined when nothing is left. */
function pruned(node: TreeNode, depth: number): TreeNode | undefined {
  if (node.depth === depth) {
    return node;
  }
  node.children = node.children.filter((child) => pruned(child, depth) !== undefined);
  return node.children.length === 0 ? undefined : node;
}
