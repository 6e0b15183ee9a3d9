import { type Certificate, isSelfIssued } from './certificate.ts';
import { isDnsName } from './dns-name.ts';
import { extensionValue, type GeneralSubtree, type NameConstraints } from './extension.ts';
import { formatGeneralName, type GeneralName } from './general-name.ts';
import { parseIpAddress } from './ip-address.ts';
import { mailboxText, parseMailbox } from './mailbox.ts';
import { attributeTexts, foldName, isEmptyName } from './name.ts';
import { type Finding, finding, type Violation } from './validation-error.ts';

/** Comparisons of a name with a subtree that may still be made. */
export interface ComparisonBudget {
  comparisons: number;
}

/**
 * Whether every certificate of a path has names only where the authorities above it allow them (RFC 5280 §4.2.1.10, §6.1.3
 * (b) and (c)). `path` is leaf first and includes the anchor. Self-issued certificates other than the leaf are exempt.
 *
 * Each authority's constraints are held against each name below it, which comes to the same as the RFC's running
 * intersection of subtrees, and cannot be got wrong by intersecting.
 */
export function checkNameConstraints(
  path: readonly Certificate[],
  budget: ComparisonBudget,
): Violation | undefined {
  for (const [height, authority] of path.entries()) {
    const constraints = extensionValue(authority, 'nameConstraints');
    if (constraints === undefined) {
      continue;
    }
    const prepared = prepare(constraints);
    for (const [depth, certificate] of path.slice(0, height).entries()) {
      if (depth > 0 && isSelfIssued(certificate)) {
        continue;
      }
      for (const name of namesOf(certificate)) {
        const found = checkName(name, prepared.get(name.kind), budget);
        if (found !== undefined) {
          return found.reason === 'malformed'
            ? { finding: found, certificate: authority, depth: height }
            : { finding: found, certificate, depth };
        }
      }
    }
  }
  return undefined;
}

/**
 * The names that constraints speak about: the subject, the subjectAltName, and e-mail addresses in either, also where they
 * hide in the subject (RFC 5280 §4.2.1.10) or in an otherName (RFC 9598 §6).
 */
function namesOf(certificate: Certificate): readonly GeneralName[] {
  const { subject } = certificate;
  const alternatives = extensionValue(certificate, 'subjectAltName') ?? [];
  const mailboxes = [
    ...attributeTexts(subject.value, 'emailAddress'),
    // What should be an address but is none is in no permitted subtree.
    ...alternatives.filter(({ kind }) => kind === 'otherName').map(mailboxText),
  ].filter((text) => text !== undefined);
  return [
    ...(isEmptyName(subject) ? [] : [{ kind: 'directoryName' as const, value: subject }]),
    ...mailboxes.map((value) => ({ kind: 'rfc822Name' as const, value })),
    ...alternatives,
  ];
}

/** The subtrees for names of one form. */
interface Subtrees {
  readonly permitted: Subtree[];
  readonly excluded: Subtree[];
}

interface Subtree {
  readonly base: GeneralName;
  readonly contains: Contains | 'malformed' | 'unknown-form';
}

/**
 * Whether a name lies in the subtree. A name with a wildcard is read both ways: all it can stand for must be permitted, and
 * nothing of it may be excluded (CVE-2025-61727).
 */
type Contains = (name: ParsedName, reading: 'permitted' | 'excluded') => boolean;

/** Each subtree is read once, whatever the number of names it is compared with. */
function prepare({
  permittedSubtrees = [],
  excludedSubtrees = [],
}: NameConstraints): ReadonlyMap<string, Subtrees> {
  const forms = new Map<string, Subtrees>();
  const subtreesOf = (form: string) => {
    const subtrees = forms.get(form) ?? { permitted: [], excluded: [] };
    forms.set(form, subtrees);
    return subtrees;
  };
  for (const subtree of permittedSubtrees) {
    subtreesOf(subtree.base.kind).permitted.push(prepareSubtree(subtree));
  }
  for (const subtree of excludedSubtrees) {
    subtreesOf(subtree.base.kind).excluded.push(prepareSubtree(subtree));
  }
  return forms;
}

/** RFC 5280 §4.2.1.10: minimum is 0 and maximum absent. */
function prepareSubtree({ base, minimum, maximum }: GeneralSubtree): Subtree {
  return { base, contains: minimum === 0 && maximum === undefined ? parseBase(base) : 'malformed' };
}

function checkName(
  name: GeneralName,
  subtrees: Subtrees | undefined,
  budget: ComparisonBudget,
): Finding | undefined {
  if (subtrees === undefined) {
    return undefined;
  }
  const parsed = parseName(name);
  const { permitted, excluded } = subtrees;
  let isPermitted = permitted.length === 0;
  for (const subtree of permitted) {
    const within = compare(name, parsed, subtree, 'permitted', budget);
    if (typeof within !== 'boolean') {
      return within;
    }
    if (within) {
      isPermitted = true;
      break;
    }
  }
  if (!isPermitted) {
    return finding('name-constraint', 'a name in a permitted subtree', formatGeneralName(name));
  }
  for (const subtree of excluded) {
    const within = compare(name, parsed, subtree, 'excluded', budget);
    if (typeof within !== 'boolean') {
      return within;
    }
    if (within) {
      const where = formatGeneralName(subtree.base);
      return finding('name-constraint', `a name outside of the excluded ${where}`, formatGeneralName(name));
    }
  }
  return undefined;
}

/** Whether the name lies in the subtree; a finding when that cannot be told or may no longer be asked. */
function compare(
  name: GeneralName,
  parsed: ParsedName | undefined,
  { base, contains }: Subtree,
  reading: 'permitted' | 'excluded',
  budget: ComparisonBudget,
): boolean | Finding {
  if (--budget.comparisons < 0) {
    return finding('budget-exhausted', 'fewer comparisons of names with constraints', 'more than the limit');
  }
  if (contains === 'malformed') {
    return finding('malformed', 'a well-formed name constraint', formatGeneralName(base));
  }
  if (contains === 'unknown-form') {
    return finding('name-constraint', 'no constraint on names of a form that is not understood', base.kind);
  }
  return parsed === undefined
    ? finding('name-constraint', 'a well-formed name, since names are constrained', formatGeneralName(name))
    : contains(parsed, reading);
}

type ParsedName =
  /** For `*.example.com` the domain is `example.com`. */
  | { readonly kind: 'dNSName'; readonly domain: string; readonly isWildcard: boolean }
  | { readonly kind: 'iPAddress'; readonly address: Uint8Array }
  | { readonly kind: 'directoryName'; readonly rdns: readonly string[] }
  | { readonly kind: 'rfc822Name'; readonly local: string; readonly host: string }
  | { readonly kind: 'uniformResourceIdentifier'; readonly host: string };

/** A name as constraints look at it; undefined for one that is malformed, or of a form nobody can constrain. */
function parseName(name: GeneralName): ParsedName | undefined {
  switch (name.kind) {
    case 'dNSName': {
      const text = name.value.toLowerCase();
      const isWildcard = text.startsWith('*.');
      const domain = isWildcard ? text.slice(2) : text;
      return isDnsName(domain) ? { kind: 'dNSName', domain, isWildcard } : undefined;
    }
    case 'iPAddress':
      return name.value.length === 4 || name.value.length === 16
        ? { kind: 'iPAddress', address: name.value }
        : undefined;
    case 'directoryName':
      return { kind: 'directoryName', rdns: foldName(name.value.value) };
    case 'rfc822Name': {
      const mailbox = parseMailbox(name.value);
      return mailbox && { kind: 'rfc822Name', ...mailbox };
    }
    case 'uniformResourceIdentifier': {
      const host = parseUriHost(name.value);
      return host === undefined ? undefined : { kind: 'uniformResourceIdentifier', host };
    }
    default:
      return undefined;
  }
}

function parseBase(base: GeneralName): Subtree['contains'] {
  switch (base.kind) {
    case 'dNSName':
      return withinDomain(base.value.toLowerCase());
    case 'iPAddress':
      return withinNetwork(base.value);
    case 'directoryName': {
      const rdns = foldName(base.value.value);
      return (name) => name.kind === 'directoryName' && rdns.every((rdn, i) => rdn === name.rdns[i]);
    }
    case 'rfc822Name':
      return withinMailboxes(base.value);
    case 'uniformResourceIdentifier': {
      const contains = withinHosts(base.value);
      return contains === 'malformed'
        ? 'malformed'
        : (name) => name.kind === 'uniformResourceIdentifier' && contains(name.host);
    }
    default:
      return 'unknown-form';
  }
}

/** The domain itself and everything under it; the empty constraint is everything. No leading period (unlike URIs). */
function withinDomain(base: string): Subtree['contains'] {
  if (base === '') {
    return () => true;
  }
  if (!isDnsName(base)) {
    return 'malformed';
  }
  const suffix = `.${base}`;
  const parent = base.slice(base.indexOf('.') + 1);
  return (name, reading) =>
    name.kind === 'dNSName' &&
    (name.domain === base ||
      name.domain.endsWith(suffix) ||
      // *.example.com can stand for the excluded bar.example.com.
      (reading === 'excluded' && name.isWildcard && name.domain === parent));
}

/** Address and mask (RFC 4632); a mask with holes is no network. */
function withinNetwork(base: Uint8Array): Subtree['contains'] {
  const half = base.length / 2;
  const mask = base.subarray(half);
  const bits = Array.from(mask, (octet) => octet.toString(2).padStart(8, '0')).join('');
  if ((base.length !== 8 && base.length !== 32) || bits.includes('01')) {
    return 'malformed';
  }
  return (name) =>
    name.kind === 'iPAddress' &&
    name.address.length === half &&
    name.address.every((octet, i) => ((octet ^ (base[i] ?? 0)) & (mask[i] ?? 0)) === 0);
}

/** One mailbox, all of a host, or with a leading period all of every host under a domain. */
function withinMailboxes(base: string): Subtree['contains'] {
  if (base.includes('@')) {
    const mailbox = parseMailbox(base);
    return mailbox === undefined
      ? 'malformed'
      : (name) => name.kind === 'rfc822Name' && name.local === mailbox.local && name.host === mailbox.host;
  }
  const contains = withinHosts(base);
  return contains === 'malformed' ? 'malformed' : (name) => name.kind === 'rfc822Name' && contains(name.host);
}

/** A host exactly, or with a leading period all hosts under a domain. */
function withinHosts(constraint: string): ((host: string) => boolean) | 'malformed' {
  const base = constraint.toLowerCase();
  const isDomain = base.startsWith('.');
  if (!isDnsName(isDomain ? base.slice(1) : base)) {
    return 'malformed';
  }
  return (host) => (isDomain ? host.endsWith(base) : host === base);
}

/** The host of a URI (RFC 3986 §3.2). Where there is none, or an address in its place, RFC 5280 wants the name refused. */
function parseUriHost(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/?#]*@)?([^:@/?#]*)(?::[0-9]*)?(?:[/?#]|$)/i.exec(uri);
  const host = authority?.[1]?.toLowerCase() ?? '';
  return isDnsName(host) && parseIpAddress(host) === undefined ? host : undefined;
}
