import { err, ok, type Result } from '../asn1/index.ts';
import { sameBytes } from './bytes.ts';
import { isDnsName } from './dns-name.ts';
import type { GeneralName } from './general-name.ts';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';
import { type Mailbox, mailboxText, parseMailbox } from './mailbox.ts';

/**
 * Whom the caller wants to reach (RFC 9525 §4): a DNS name in lower-case A-labels without a trailing dot, or an IP
 * address of 4 or 16 octets, made by {@link referenceIdentity}; or the owner of an e-mail address, made by
 * {@link mailboxIdentity}.
 */
export type ReferenceIdentity =
  | { readonly kind: 'dns'; readonly name: string }
  | { readonly kind: 'ip'; readonly address: Uint8Array }
  | { readonly kind: 'mailbox'; readonly mailbox: Mailbox };

export interface IdentityError {
  readonly kind: 'invalid-dns-name' | 'invalid-ip-address' | 'invalid-mailbox' | 'not-ascii';
  readonly expected: string;
  readonly found: string;
}

/**
 * Reads what a user typed as a host. IPv4 and IPv6 literals (the latter also in a URL's brackets) become `ip`;
 * everything else must be a DNS name of letters, digits and hyphens (RFC 1123 §2.1), which is lower-cased and loses
 * one trailing dot. Internationalized names must already be A-labels: a mapping that differs from the resolver's
 * would check a name nobody connected to.
 */
export function referenceIdentity(host: string): Result<ReferenceIdentity, IdentityError> {
  if (!isPrintableAscii(host)) {
    return refuse('not-ascii', 'an IP address or a DNS name in A-labels (xn--…)', host);
  }
  const bracketed = host.startsWith('[') && host.endsWith(']');
  const literal = bracketed ? host.slice(1, -1) : host;
  if (bracketed || literal.includes(':')) {
    const address = literal.includes(':') ? parseIpAddress(literal) : undefined;
    return address === undefined
      ? refuse('invalid-ip-address', 'an IPv6 address without a zone', host)
      : ok({ kind: 'ip', address });
  }
  const address = parseIpAddress(host);
  if (address !== undefined) {
    return ok({ kind: 'ip', address });
  }
  const name = (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase();
  // A resolver reads 127.1 and 0x7f000001 as addresses; no top-level domain is a number (RFC 3696 §2).
  if (/(^|\.)(0x[0-9a-f]*|[0-9]+)$/.test(name)) {
    return refuse('invalid-ip-address', 'four decimal octets without leading zeros', host);
  }
  if (!isDnsName(name)) {
    return refuse(
      'invalid-dns-name',
      'labels of 1 to 63 letters, digits and inner hyphens, 253 in all',
      host,
    );
  }
  return ok({ kind: 'dns', name });
}

/** Reads an e-mail address. Its host must be a DNS name in A-labels; its local part may be of any characters (RFC 9598). */
export function mailboxIdentity(address: string): Result<ReferenceIdentity, IdentityError> {
  const mailbox = parseMailbox(address);
  return mailbox === undefined
    ? refuse('invalid-mailbox', 'local@host with a DNS name in A-labels as host', address)
    : ok({ kind: 'mailbox', mailbox });
}

/**
 * Whether a certificate's subjectAltName presents the identity (RFC 9525 §6). Only entries of the identity's own
 * kind count: a dNSName never matches an address, and the subject's common name is never looked at.
 */
export function presentsIdentity(presented: readonly GeneralName[], reference: ReferenceIdentity): boolean {
  switch (reference.kind) {
    case 'dns':
      return presented.some((name) => name.kind === 'dNSName' && matchesDnsName(name.value, reference.name));
    case 'ip':
      return presented.some((name) => name.kind === 'iPAddress' && sameBytes(name.value, reference.address));
    case 'mailbox':
      return presented.some((name) => matchesMailbox(mailboxText(name), reference.mailbox));
  }
}

/**
 * RFC 9525 §6.3: labels are compared without case (the reference is in lower case and well formed already); `*` may only
 * be the whole leftmost label and stands for exactly one label. What follows it must be two labels at least, so that
 * `*.com` matches nothing; longer public suffixes (`*.co.uk`) cannot be told without the public suffix list, and a CA may
 * not issue for them (Baseline Requirements §3.2.2.6).
 */
function matchesDnsName(presented: string, reference: string): boolean {
  const pattern = presented.toLowerCase();
  if (!pattern.startsWith('*.')) {
    return pattern === reference;
  }
  const domain = reference.slice(reference.indexOf('.') + 1);
  return domain !== reference && domain.includes('.') && pattern.slice(2) === domain;
}

/** RFC 5280 §7.5: hosts are compared without case, local parts with it; an asterisk is a character as any other. */
function matchesMailbox(presented: string | undefined, { local, host }: Mailbox): boolean {
  const mailbox = presented === undefined ? undefined : parseMailbox(presented);
  return mailbox !== undefined && mailbox.local === local && mailbox.host === host;
}

/** As a user would write it. */
export function formatIdentity(identity: ReferenceIdentity): string {
  switch (identity.kind) {
    case 'dns':
      return identity.name;
    case 'ip':
      return formatIpAddress(identity.address);
    case 'mailbox':
      return `${identity.mailbox.local}@${identity.mailbox.host}`;
  }
}

function isPrintableAscii(text: string): boolean {
  return /^[!-~]+$/.test(text);
}

function refuse(kind: IdentityError['kind'], expected: string, host: string): Result<never, IdentityError> {
  return err({ kind, expected, found: JSON.stringify(host.slice(0, 80)) });
}
