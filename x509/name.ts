import {
  any,
  encode,
  type Infer,
  ia5String,
  oid,
  printableString,
  raw,
  sequence,
  sequenceOf,
  setOf,
  utf8String,
} from '../asn1/index.ts';
import { sameBytes, toHex } from './bytes.ts';
import { id } from './oid.ts';

/*
 * RFC 5280 §4.1.2.4:
 *
 *   Name ::= CHOICE { rdnSequence RDNSequence }
 *   RDNSequence ::= SEQUENCE OF RelativeDistinguishedName
 *   RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue
 *   AttributeTypeAndValue ::= SEQUENCE { type AttributeType, value AttributeValue }
 *   AttributeValue ::= ANY -- DEFINED BY AttributeType
 *
 * Values stay encoded. Names are compared, and only shown to people decoded: a CA that put an at sign into a
 * PrintableString has a name all the same.
 */
export const attributeTypeAndValue = sequence({ type: oid, value: any });
export const relativeDistinguishedName = setOf(attributeTypeAndValue, { min: 1 });
export const rdnSequence = sequenceOf(relativeDistinguishedName);
export const name = raw(rdnSequence);

export type AttributeTypeAndValue = Infer<typeof attributeTypeAndValue>;
export type RDNSequence = Infer<typeof rdnSequence>;

/** A distinguished name: its exact bytes (`raw`) and its structure, outermost part (country, root) first. */
export type Name = Infer<typeof name>;

/** What a caller gives to make a name: attribute and text pairs, outermost first, one attribute per RDN. */
export type NameParts = readonly (readonly [type: AttributeName, text: string])[];

export type AttributeName = keyof typeof id.at;

/**
 * Makes a Name. Text becomes UTF8String, except where RFC 5280 appendix A wants another type: PrintableString for
 * countryName and serialNumber, IA5String for domainComponent and emailAddress.
 * Throws (caller's bug) for text outside that type's characters.
 */
export function makeName(parts: NameParts): Name {
  const value = parts.map(([type, text]) => [{ type: id.at[type], value: encodeAttribute(type, text) }]);
  return { raw: encode(rdnSequence, value), value };
}

/** An empty sequence: a leaf whose identity is in its subjectAltName alone. */
export function isEmptyName(name: Name): boolean {
  return name.value.length === 0;
}

/**
 * Byte equality, which is how a path is chained on the web (Baseline Requirements §7.1.4.1 requires CAs to copy the
 * issuer's name byte for byte).
 */
export function sameName(a: Name, b: Name): boolean {
  return sameBytes(a.raw, b.raw);
}

/** Whether two names are the same, by one rule or another. */
export type NameComparison = (a: Name, b: Name) => boolean;

/**
 * A comparison by RFC 5280 §7.1: regardless of case, string type and runs of spaces. It folds each name once, however often
 * that is compared.
 */
export function foldingComparison(): NameComparison {
  const folded = new Map<Name, string>();
  const keyOf = (name: Name) => {
    const key = folded.get(name) ?? nameKey(name);
    folded.set(name, key);
    return key;
  };
  return (a, b) => sameName(a, b) || keyOf(a) === keyOf(b);
}

/** The same text for all names that RFC 5280 §7.1 takes for one: what a table is looked up by. */
export function nameKey({ value }: Name): string {
  return JSON.stringify(foldName(value));
}

/**
 * A text for each RDN, by which names are compared where RFC 5280 §7.1 wants more than byte equality: regardless of case,
 * string type and runs of spaces, so that an excluded subtree cannot be left by writing its name otherwise.
 */
export function foldName(name: RDNSequence): readonly string[] {
  return name.map((rdn) => JSON.stringify(rdn.map(foldAttribute).sort()));
}

/** The text of every attribute of one type, in order; values that are no strings are left out. */
export function attributeTexts(name: RDNSequence, type: AttributeName): readonly string[] {
  return name
    .flat()
    .filter((attribute) => attribute.type === id.at[type])
    .map((attribute) => attributeText(attribute.value))
    .filter((text) => text !== undefined);
}

/**
 * The name as RFC 4514 writes it (innermost part first, `CN=example.com,O=Example,C=US`), with control and
 * formatting characters escaped so that a name cannot forge a line of a log. An empty name is `""`.
 */
export function formatName(name: RDNSequence): string {
  const rdns = name.map((rdn) => rdn.map(formatAttribute).join('+'));
  return rdns.length === 0 ? '""' : rdns.reverse().join(',');
}

/** RFC 4514 §3 where it has a short name; the attribute's own name otherwise. */
const KEYWORDS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(id.at).map(([name, type]): [string, string] => [type, name]),
  [id.at.commonName, 'CN'],
  [id.at.countryName, 'C'],
  [id.at.localityName, 'L'],
  [id.at.stateOrProvinceName, 'ST'],
  [id.at.streetAddress, 'STREET'],
  [id.at.organizationName, 'O'],
  [id.at.organizationalUnitName, 'OU'],
  [id.at.domainComponent, 'DC'],
  [id.at.userId, 'UID'],
]);

function formatAttribute({ type, value }: AttributeTypeAndValue): string {
  const text = attributeText(value);
  const shown = text === undefined ? `#${toHex(value)}` : escapeText(text);
  return `${KEYWORDS.get(type) ?? type}=${shown}`;
}

/** RFC 4514 §2.4, and what it lets through although a terminal or a log would obey it. */
function escapeText(text: string): string {
  return text
    .replace(/[",+;<>\\]/g, '\\$&')
    .replace(/^[# ]| $/g, '\\$&')
    .replace(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
      (character) => `\\${toHex(new TextEncoder().encode(character))}`,
    );
}

function foldAttribute({ type, value }: AttributeTypeAndValue): string {
  const text = attributeText(value);
  return text === undefined ? `${type}#${toHex(value)}` : `${type}=${foldText(text)}`;
}

/** RFC 4518 in short: compatibility forms and case are folded, runs of white space count as one space. */
function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase().trim().replace(/\s+/gu, ' ');
}

function encodeAttribute(type: AttributeName, text: string): Uint8Array {
  switch (type) {
    case 'countryName':
    case 'serialNumber':
      return encode(printableString, text);
    case 'domainComponent':
    case 'emailAddress':
      return encode(ia5String, text);
    default:
      return encode(utf8String, text);
  }
}

/**
 * The text of an encoded string of any type, or undefined for other elements and for invalid UTF-8. Character sets
 * are not enforced: a constraint has to see the text of a malformed name too.
 */
function attributeText(element: Uint8Array): string | undefined {
  const length = element[1] ?? 0;
  const contents = element.subarray(length < 0x80 ? 2 : 2 + (length & 0x7f));
  switch (element[0]) {
    case 0x0c: // UTF8String
      return decodeUtf8(contents);
    case 0x12: // NumericString
    case 0x13: // PrintableString
    case 0x14: // TeletexString, which everybody writes and reads as ISO 8859-1
    case 0x16: // IA5String
    case 0x1a: // VisibleString
      return decodeUnits(contents, 1);
    case 0x1e: // BMPString
      return decodeUnits(contents, 2);
    case 0x1c: // UniversalString
      return decodeUnits(contents, 4);
    default:
      return undefined;
  }
}

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8Decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Big-endian code points of `size` octets each; a stray octet or an impossible code point becomes U+FFFD. */
function decodeUnits(bytes: Uint8Array, size: number): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += size) {
    const unit = bytes.subarray(i, i + size);
    const code = unit.reduce((value, octet) => value * 256 + octet, 0);
    text += unit.length === size && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  }
  return text;
}
