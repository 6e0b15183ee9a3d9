/**
 * ASN.1: a grammar is a value that describes a type once and reads and writes its DER.
 *
 *     const validity = sequence({ notBefore: utcTime, notAfter: utcTime });
 *     decode(validity, bytes); // a Result of { notBefore: number, notAfter: number }, or why and where it is not one
 *     encode(validity, { notBefore: 0, notAfter: 86_400_000 }); // the bytes
 *
 * BER is another entry point: `asn1/ber.ts` turns it into DER.
 */
export { type BitString, bitString, bitStringOctets, flags } from './bits.ts';
export {
  bitStringContaining,
  type ChoiceValue,
  choice,
  explicit,
  implicit,
  lazy,
  map,
  type OpenTypeValue,
  octetStringContaining,
  openType,
  type Raw,
  raw,
} from './combinators.ts';
export { decode } from './decode.ts';
export { encode } from './encode.ts';
export { type Asn1Error, describeError } from './error.ts';
export { type Fields, type FieldValues, optional, sequence, set, withDefault } from './fields.ts';
export type {
  DefaultField,
  Field,
  Grammar,
  Infer,
  Isomorphism,
  OptionalField,
  Shape,
  SizeRange,
  StringType,
} from './grammar.ts';
export { defaultLimits, type Limits } from './limits.ts';
export { sequenceOf, setOf } from './lists.ts';
export { oid, relativeOid } from './oid.ts';
export {
  any,
  boolean,
  enumerated,
  integer,
  namedInteger,
  nul,
  octetString,
  smallInteger,
} from './primitives.ts';
export { err, ok, type Result } from './result.ts';
export {
  bmpString,
  ia5String,
  numericString,
  printableString,
  teletexString,
  universalString,
  utf8String,
  visibleString,
} from './strings.ts';
export type { TagClass, TagName } from './tag.ts';
export { generalizedTime, utcTime } from './time.ts';
export { type Asn1Tree, formatTree, readTree } from './tree.ts';
