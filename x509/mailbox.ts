import { decode, utf8String } from '../asn1/index.ts';
import { isDnsName } from './dns-name.ts';
import type { GeneralName } from './general-name.ts';
import { id } from './oid.ts';

/** An e-mail address: its local part, whose case matters, and its host in lower case (RFC 5280 §7.5). */
export interface Mailbox {
  readonly local: string;
  readonly host: string;
}

/** Reads `local@host`. Quoted local parts with an at sign are not read. */
export function parseMailbox(text: string): Mailbox | undefined {
  const [local, host, ...more] = text.split('@');
  return local !== undefined && local !== '' && host !== undefined && isDnsName(host) && more.length === 0
    ? { local, host: host.toLowerCase() }
    : undefined;
}

/**
 * The e-mail address in a name: of an rfc822Name, or of an otherName for addresses beyond ASCII (RFC 9598 §3). Undefined
 * for names of other forms; for an otherName that should have an address but has no string, the empty text.
 */
export function mailboxText(name: GeneralName): string | undefined {
  switch (name.kind) {
    case 'rfc822Name':
      return name.value;
    case 'otherName': {
      if (name.value.typeId !== id.on.smtpUTF8Mailbox) {
        return undefined;
      }
      const mailbox = decode(utf8String, name.value.value);
      return mailbox.ok ? mailbox.value : '';
    }
    default:
      return undefined;
  }
}
