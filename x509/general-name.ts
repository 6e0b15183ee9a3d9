import {
  any,
  choice,
  explicit,
  type Infer,
  ia5String,
  implicit,
  octetString,
  oid,
  sequence,
  sequenceOf,
} from '../asn1/index.ts';
import { toHex } from './bytes.ts';
import { formatIpAddress } from './ip-address.ts';
import { formatName, name } from './name.ts';

/*
 * RFC 5280 §4.2.1.6:
 *
 *   GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName
 */

const otherName = sequence({ typeId: oid, value: explicit(0, any) });

export const generalName = choice({
  otherName: implicit(0, otherName),
  rfc822Name: implicit(1, ia5String),
  dNSName: implicit(2, ia5String),
  /** ORAddress and EDIPartyName are kept as they stand: nobody uses them, and a constraint on one is refused. */
  x400Address: implicit(3, sequenceOf(any)),
  /** Name is a CHOICE, so its tag is explicit (X.680 §31.2.7). */
  directoryName: explicit(4, name),
  ediPartyName: implicit(5, sequenceOf(any)),
  uniformResourceIdentifier: implicit(6, ia5String),
  iPAddress: implicit(7, octetString),
  registeredID: implicit(8, oid),
});

export const generalNames = sequenceOf(generalName, { min: 1 });

export type GeneralName = Infer<typeof generalName>;

/** As `openssl x509 -text` has it: `DNS:example.com`, `IP:192.0.2.1`. */
export function formatGeneralName(name: GeneralName): string {
  switch (name.kind) {
    case 'otherName':
      return `otherName:${name.value.typeId}=#${toHex(name.value.value)}`;
    case 'rfc822Name':
      return `email:${printable(name.value)}`;
    case 'dNSName':
      return `DNS:${printable(name.value)}`;
    case 'x400Address':
    case 'ediPartyName':
      return name.kind;
    case 'directoryName':
      return `dirName:${formatName(name.value.value)}`;
    case 'uniformResourceIdentifier':
      return `URI:${printable(name.value)}`;
    case 'iPAddress':
      return `IP:${formatIpAddress(name.value)}`;
    case 'registeredID':
      return `registeredID:${name.value}`;
  }
}

/** IA5String admits control characters; a log and a terminal must not get them. */
function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
