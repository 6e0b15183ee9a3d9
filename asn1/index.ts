/** ASN.1: a grammar is a value that decodes and encodes DER. */
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
