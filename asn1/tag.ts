/** The four tag classes of X.680, section 8.1. */
export type TagClass = 'universal' | 'application' | 'context' | 'private';

/** A tag as a grammar's author writes it: a plain number is context-specific. */
export type TagName = number | { readonly class: TagClass; readonly number: number };

/**
 * A tag packed into one small integer, class above number, so that comparing two of them gives the canonical
 * order of X.680, section 8.6.
 */
export type Tag = number;

/** Whether an element's contents are octets or further elements: bit 6 of the identifier octet. */
export type Form = 0x00 | 0x20;
export const primitiveForm: Form = 0x00;
export const constructedForm: Form = 0x20;

/** The largest tag number that fits. The largest in any published module is far below. */
export const maxTagNumber = 0x3ff_ffff;
const classShift = 26;

/** Universal tag numbers (X.680, section 8.4). */
export const universal = {
  boolean: 1,
  integer: 2,
  bitString: 3,
  octetString: 4,
  null: 5,
  objectIdentifier: 6,
  enumerated: 10,
  utf8String: 12,
  relativeOid: 13,
  sequence: 16,
  set: 17,
  numericString: 18,
  printableString: 19,
  teletexString: 20,
  ia5String: 22,
  utcTime: 23,
  generalizedTime: 24,
  visibleString: 26,
  universalString: 28,
  bmpString: 30,
} as const;

const classes: readonly TagClass[] = ['universal', 'application', 'context', 'private'];

/** The packed form of `name`. Throws RangeError for a number outside 0 to `maxTagNumber`. */
export function packTag(name: TagName): Tag {
  const tagClass = typeof name === 'number' ? 'context' : name.class;
  const number = typeof name === 'number' ? name : name.number;
  if (!Number.isInteger(number) || number < 0 || number > maxTagNumber) {
    throw new RangeError(`a tag number is a whole number from 0 to ${maxTagNumber}, not ${number}`);
  }
  return (classes.indexOf(tagClass) << classShift) | number;
}

export function tagClass(tag: Tag): TagClass {
  return classes[tag >> classShift] ?? 'private';
}

export function tagNumber(tag: Tag): number {
  return tag & maxTagNumber;
}

/** The identifier octet of a tag whose number is below 31; for others its leading octet. */
export function leadingOctet(tag: Tag, form: Form): number {
  return ((tag >> classShift) << 6) | form | Math.min(tagNumber(tag), 31);
}

/** How many identifier octets the tag takes. */
export function tagSize(tag: Tag): number {
  const number = tagNumber(tag);
  if (number < 31) return 1;
  return number < 0x80 ? 2 : number < 0x4000 ? 3 : number < 0x20_0000 ? 4 : 5;
}

/** Why {@link peekTag} found no tag. */
export const noTag = { atEnd: -1, notMinimal: -2, tooLarge: -3 } as const;

/**
 * The tag at `pos`, or a negative number of {@link noTag}. Nothing is allocated: every optional field and every choice
 * looks ahead through here.
 */
export function peekTag(bytes: Uint8Array, pos: number, end: number): Tag {
  if (pos >= end) return noTag.atEnd;
  const first = bytes[pos] ?? 0;
  const packedClass = (first >> 6) << classShift;
  if ((first & 0x1f) !== 0x1f) return packedClass | (first & 0x1f);
  let number = 0;
  for (let i = pos + 1; i < end; i++) {
    const octet = bytes[i] ?? 0;
    if (i === pos + 1 && octet === 0x80) return noTag.notMinimal;
    if (number > maxTagNumber >> 7) return noTag.tooLarge;
    number = (number << 7) | (octet & 0x7f);
    if (octet < 0x80) return number < 31 ? noTag.notMinimal : packedClass | number;
  }
  return noTag.atEnd;
}

const universalNames: ReadonlyMap<number, string> = new Map([
  [universal.boolean, 'BOOLEAN'],
  [universal.integer, 'INTEGER'],
  [universal.bitString, 'BIT STRING'],
  [universal.octetString, 'OCTET STRING'],
  [universal.null, 'NULL'],
  [universal.objectIdentifier, 'OBJECT IDENTIFIER'],
  [universal.enumerated, 'ENUMERATED'],
  [universal.utf8String, 'UTF8String'],
  [universal.relativeOid, 'RELATIVE-OID'],
  [universal.sequence, 'SEQUENCE'],
  [universal.set, 'SET'],
  [universal.numericString, 'NumericString'],
  [universal.printableString, 'PrintableString'],
  [universal.teletexString, 'TeletexString'],
  [universal.ia5String, 'IA5String'],
  [universal.utcTime, 'UTCTime'],
  [universal.generalizedTime, 'GeneralizedTime'],
  [universal.visibleString, 'VisibleString'],
  [universal.universalString, 'UniversalString'],
  [universal.bmpString, 'BMPString'],
]);

/** The tag as ASN.1 writes it: `INTEGER`, `[0]`, `[APPLICATION 3]`. */
export function describeTag(tag: Tag): string {
  const number = tagNumber(tag);
  const name = tagClass(tag);
  if (name === 'universal') return universalNames.get(number) ?? `[UNIVERSAL ${number}]`;
  return name === 'context' ? `[${number}]` : `[${name.toUpperCase()} ${number}]`;
}
