import { decode, utf8String } from '../asn1/index.ts';
import { type Certificate, isSelfIssued } from './certificate.ts';
import { extensionValue, type GeneralSubtree } from './extension.ts';
import { formatGeneralName, type GeneralName } from './general-name.ts';
import { isDnsName } from './identity.ts';
import { parseIpAddress } from './ip-address.ts';
import { attributeTexts, isEmptyName, isWithinName } from './name.ts';
import { id } from './oid.ts';
import { type Finding, finding } from './validation-error.ts';

/** What {@link checkNameConstraints} found, and the depth of the certificate at fault. */
export interface Violation {
  readonly finding: Finding;
  readonly depth: number;
}

/** Comparisons that may still be made. */
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
    for (const [depth, certificate] of path.slice(0, height).entries()) {
      if (depth > 0 && isSelfIssued(certificate)) {
        continue;
      }
      const found = checkNames(namesOf(certificate), constraints, budget);
      if (found !== undefined) {
        return { finding: found, depth };
      }
    }
  }
  return undefined;
}

interface Subtrees {
  readonly permittedSubtrees: readonly GeneralSubtree[] | undefined;
  readonly excludedSubtrees: readonly GeneralSubtree[] | undefined;
}

/**
 * The names that constraints speak about: the subject, the subjectAltName, and e-mail addresses in either, also where they
 * hide in the subject (RFC 5280 §4.2.1.10) or in an otherName (RFC 9598 §6).
 */
function namesOf(certificate: Certificate): readonly GeneralName[] {
  const { subject } = certificate;
  const alternatives = extensionValue(certificate, 'subjectAltName') ?? [];
  const emails = [
    ...attributeTexts(subject.value, 'emailAddress'),
    ...alternatives.flatMap((name) => smtpUtf8Mailbox(name)),
  ];
  return [
    ...(isEmptyName(subject) ? [] : [{ kind: 'directoryName' as const, value: subject }]),
    ...emails.map((value) => ({ kind: 'rfc822Name' as const, value })),
    ...alternatives,
  ];
}

function smtpUtf8Mailbox(name: GeneralName): readonly string[] {
  if (name.kind !== 'otherName' || name.value.typeId !== id.on.smtpUTF8Mailbox) {
    return [];
  }
  const mailbox = decode(utf8String, name.value.value);
  // Not a mailbox at all: something no constraint can permit.
  return [mailbox.ok ? mailbox.value : ''];
}

function checkNames(
  names: readonly GeneralName[],
  { permittedSubtrees = [], excludedSubtrees = [] }: Subtrees,
  budget: ComparisonBudget,
): Finding | undefined {
  for (const name of names) {
    const permitted = permittedSubtrees.filter(({ base }) => base.kind === name.kind);
    let isPermitted = permitted.length === 0;
    for (const subtree of permitted) {
      const within = compare(name, subtree, 'permitted', budget);
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
    for (const subtree of excludedSubtrees) {
      const within = subtree.base.kind === name.kind && compare(name, subtree, 'excluded', budget);
      if (typeof within !== 'boolean') {
        return within;
      }
      if (within) {
        const where = formatGeneralName(subtree.base);
        return finding('name-constraint', `a name outside of the excluded ${where}`, formatGeneralName(name));
      }
    }
  }
  return undefined;
}

/**
 * How a name with a wildcard is read: everything it can stand for must be permitted, and nothing may be excluded
 * (CVE-2025-61727).
 */
type Reading = 'permitted' | 'excluded';

/** Whether a name lies in a subtree of its own form; a finding when that cannot be told or may no longer be asked. */
function compare(
  name: GeneralName,
  { base, minimum, maximum }: GeneralSubtree,
  reading: Reading,
  budget: ComparisonBudget,
): boolean | Finding {
  if (--budget.comparisons < 0) {
    return finding('budget-exhausted', 'fewer comparisons of names with constraints', 'more');
  }
  if (minimum !== 0 || maximum !== undefined) {
    return finding('malformed', 'a subtree without minimum and maximum', formatGeneralName(base));
  }
  const within = isWithin(name, base, reading);
  switch (within) {
    case 'bad-base':
      return finding('malformed', 'a well-formed name constraint', formatGeneralName(base));
    case 'bad-name':
      return finding(
        'name-constraint',
        'a well-formed name, since names are constrained',
        formatGeneralName(name),
      );
    case 'unknown-form':
      return finding('name-constraint', 'constraints of a form that is understood', formatGeneralName(base));
    default:
      return within;
  }
}

type Within = boolean | 'bad-base' | 'bad-name' | 'unknown-form';

function isWithin(name: GeneralName, base: GeneralName, reading: Reading): Within {
  if (name.kind === 'dNSName' && base.kind === 'dNSName') {
    return isWithinDomain(name.value.toLowerCase(), base.value.toLowerCase(), reading);
  }
  if (name.kind === 'iPAddress' && base.kind === 'iPAddress') {
    return isWithinNetwork(name.value, base.value);
  }
  if (name.kind === 'directoryName' && base.kind === 'directoryName') {
    return isWithinName(name.value.value, base.value.value);
  }
  if (name.kind === 'rfc822Name' && base.kind === 'rfc822Name') {
    return isWithinMailboxes(name.value, base.value);
  }
  if (name.kind === 'uniformResourceIdentifier' && base.kind === 'uniformResourceIdentifier') {
    return isWithinHosts(name.value, base.value);
  }
  return 'unknown-form';
}

/** The domain itself and everything under it; the empty constraint is everything. No leading period (unlike URIs). */
function isWithinDomain(name: string, base: string, reading: Reading): Within {
  if (base !== '' && !isDnsName(base)) {
    return 'bad-base';
  }
  const isWildcard = name.startsWith('*.');
  const domain = isWildcard ? name.slice(2) : name;
  if (!isDnsName(domain)) {
    return 'bad-name';
  }
  if (base === '' || domain === base || domain.endsWith(`.${base}`)) {
    return true;
  }
  // *.example.com can stand for the excluded bar.example.com.
  return isWildcard && reading === 'excluded' && base.slice(base.indexOf('.') + 1) === domain;
}

/** Address and mask (RFC 4632); a mask with holes is no network. */
function isWithinNetwork(address: Uint8Array, base: Uint8Array): Within {
  if (base.length !== 8 && base.length !== 32) {
    return 'bad-base';
  }
  if (address.length !== 4 && address.length !== 16) {
    return 'bad-name';
  }
  const half = base.length / 2;
  const mask = Array.from(base.subarray(half), (octet) => octet.toString(2).padStart(8, '0')).join('');
  if (mask.includes('01')) {
    return 'bad-base';
  }
  return (
    address.length === half &&
    address.every((octet, i) => ((octet ^ (base[i] ?? 0)) & (base[half + i] ?? 0)) === 0)
  );
}

/** A mailbox (its local part with regard to case), all mailboxes of a host, or with a leading period of all hosts under a domain. */
function isWithinMailboxes(mailbox: string, base: string): Within {
  const [local, host] = splitMailbox(mailbox) ?? [];
  if (local === undefined || host === undefined) {
    return 'bad-name';
  }
  if (!base.includes('@')) {
    return isWithinHostConstraint(host, base);
  }
  const [baseLocal, baseHost] = splitMailbox(base) ?? [];
  return baseLocal === undefined ? 'bad-base' : baseLocal === local && baseHost === host;
}

/** Local part and lower-case host, if there are just these. */
function splitMailbox(mailbox: string): readonly [local: string, host: string] | undefined {
  const [local, host, ...more] = mailbox.split('@');
  return local !== undefined && local !== '' && host !== undefined && isDnsName(host) && more.length === 0
    ? [local, host.toLowerCase()]
    : undefined;
}

/** The host of the URI; one without a host name, or with an address in its place, is in no subtree and out of none. */
function isWithinHosts(uri: string, base: string): Within {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/?#]*@)?([^:@/?#]*)(?::[0-9]*)?(?:[/?#]|$)/i.exec(uri);
  const host = authority?.[1]?.toLowerCase() ?? '';
  return isDnsName(host) && parseIpAddress(host) === undefined
    ? isWithinHostConstraint(host, base)
    : 'bad-name';
}

/** RFC 5280 §4.2.1.10 for e-mail and URIs: a host exactly, or with a leading period all hosts under a domain. */
function isWithinHostConstraint(host: string, constraint: string): Within {
  const base = constraint.toLowerCase();
  const domain = base.startsWith('.') ? base.slice(1) : base;
  if (!isDnsName(domain)) {
    return 'bad-base';
  }
  return base.startsWith('.') ? host.endsWith(base) : host === base;
}
