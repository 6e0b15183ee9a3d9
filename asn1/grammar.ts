import type { Cursor, Failed } from './cursor.ts';
import { enter, FAILED, leave, open } from './cursor.ts';
import type { Result } from './result.ts';
import { type Form, primitiveForm, type Tag } from './tag.ts';
import { putHeader, size, type Writer } from './writer.ts';

/**
 * An ASN.1 type as a value: it reads and writes the DER encodings of `T`.
 *
 * Made by the primitives and combinators of this room only. `read` and `write` are declared as methods so that a
 * `Grammar<T>` can stand where a `Grammar<unknown>` is asked for: combinators hold grammars of many types.
 */
export interface Grammar<T> {
  readonly kind: 'grammar';
  /** What an error calls it. */
  readonly name: string;
  /** The grammar as data, for tools that walk it (a generator of inhabitants, a printer). */
  readonly shape: Shape;
  /** Which elements can begin it. */
  readonly starts: Starts;
  /** Whether an IMPLICIT tag can replace its own (X.680, section 31.2.7: not for a CHOICE or an open type). */
  readonly taggable: boolean;
  /** Fields of the enclosing SEQUENCE that an open type within looks at. */
  readonly selectors: readonly string[];
  /** Reads one value at the cursor; `as` is the tag put in place of its own, or {@link ownTag}. */
  read(cursor: Cursor, as: Tag): T | Failed;
  /** Puts one value before what is written so far. Throws TypeError or RangeError for a value outside the grammar. */
  write(writer: Writer, value: T, as: Tag): void;
}

/** The TypeScript type of a grammar's values. */
export type Infer<G> = G extends Grammar<infer T> ? T : never;

/** In place of a tag: the grammar's own. */
export const ownTag: Tag = -1;

/** A field of a SEQUENCE or SET: a grammar, or one that may be absent. */
export type Field = Grammar<unknown> | OptionalField<unknown> | DefaultField<unknown>;

export interface OptionalField<T> {
  readonly kind: 'optional';
  readonly grammar: Grammar<T>;
}

export interface DefaultField<T> {
  readonly kind: 'default';
  readonly grammar: Grammar<T>;
  readonly value: T;
}

/**
 * Which tags can begin a grammar's encodings. A recursive grammar may not be defined yet when it is first
 * mentioned; its tags are then known `later`.
 */
export type Starts =
  | { readonly kind: 'tags'; readonly tags: readonly Tag[] }
  | { readonly kind: 'anything' }
  | { readonly kind: 'later'; resolve(): ResolvedStarts };

export type ResolvedStarts = Exclude<Starts, { readonly kind: 'later' }>;

/** The character string types. */
export type StringType =
  | 'UTF8String'
  | 'NumericString'
  | 'PrintableString'
  | 'TeletexString'
  | 'IA5String'
  | 'VisibleString'
  | 'UniversalString'
  | 'BMPString';

/** A grammar as data. */
export type Shape =
  | {
      readonly kind:
        | 'boolean'
        | 'integer'
        | 'bitString'
        | 'bitStringOctets'
        | 'octetString'
        | 'nul'
        | 'oid'
        | 'relativeOid'
        | 'any';
    }
  | { readonly kind: 'smallInteger'; readonly min: number; readonly max: number }
  | { readonly kind: 'named'; readonly names: readonly string[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'string'; readonly type: StringType }
  | { readonly kind: 'time'; readonly min: number; readonly max: number }
  | { readonly kind: 'sequence' | 'set'; readonly fields: Readonly<Record<string, Field>> }
  | { readonly kind: 'sequenceOf' | 'setOf'; readonly element: Grammar<unknown>; readonly size: SizeRange }
  | { readonly kind: 'choice'; readonly alternatives: Readonly<Record<string, Grammar<unknown>>> }
  | {
      readonly kind: 'openType';
      readonly field: string;
      readonly table: Readonly<Record<string, Grammar<unknown>>>;
      readonly otherwise: Grammar<unknown>;
    }
  | {
      readonly kind: 'explicit' | 'implicit' | 'octetStringContaining' | 'bitStringContaining' | 'raw';
      readonly grammar: Grammar<unknown>;
    }
  | {
      readonly kind: 'map';
      readonly grammar: Grammar<unknown>;
      readonly isomorphism: Isomorphism<unknown, unknown>;
    }
  | { readonly kind: 'lazy'; resolve(): Grammar<unknown> };

/** How many elements a SEQUENCE OF or SET OF may have, both ends included. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/** Both directions between the values of a grammar and what a program would rather hold. */
export interface Isomorphism<T, U> {
  /** May refuse, with what was expected: `'a version from 1 to 3'`. Must not throw: the value comes from outside. */
  decode(value: T): Result<U, string>;
  /** The one value that `decode` turns into `value`. Throws for a value that is none of `decode`'s. */
  encode(value: U): T;
}

/** What distinguishes one primitive type from another. */
export interface PrimitiveType<T> {
  readonly name: string;
  readonly tag: Tag;
  readonly shape: Shape;
  /** Reads the contents octets from `start` up to `end`. */
  contents(cursor: Cursor, start: number, end: number): T | Failed;
  /** Puts the contents octets. */
  putContents(writer: Writer, value: T): void;
}

/** A grammar whose contents are octets, not elements. */
export function primitive<T>(type: PrimitiveType<T>): Grammar<T> {
  const { name, tag, shape } = type;
  return {
    kind: 'grammar',
    name,
    shape,
    starts: { kind: 'tags', tags: [tag] },
    taggable: true,
    selectors: [],
    read(cursor, as) {
      const end = open(cursor, as === ownTag ? tag : as, primitiveForm, name);
      if (end < 0) return FAILED;
      const value = type.contents(cursor, cursor.pos, end);
      cursor.pos = end;
      return value;
    },
    write(writer, value, as) {
      const mark = size(writer);
      type.putContents(writer, value);
      putHeader(writer, as === ownTag ? tag : as, primitiveForm, mark);
    },
  };
}

/** What distinguishes one type with elements inside from another. */
export interface ConstructedType<T> {
  readonly name: string;
  readonly tag: Tag;
  readonly form: Form;
  readonly shape: Shape;
  readonly selectors: readonly string[];
  /** Reads the elements inside, up to the cursor's end. */
  read(cursor: Cursor): T | Failed;
  /** Puts the elements inside. */
  write(writer: Writer, value: T): void;
}

/** A grammar whose contents are elements. */
export function constructed<T>(type: ConstructedType<T>): Grammar<T> {
  const { name, tag, form, shape, selectors } = type;
  return {
    kind: 'grammar',
    name,
    shape,
    starts: { kind: 'tags', tags: [tag] },
    taggable: true,
    selectors,
    read(cursor, as) {
      const outer = enter(cursor, as === ownTag ? tag : as, form, name);
      if (outer < 0) return FAILED;
      const value = type.read(cursor);
      if (value === FAILED || !leave(cursor, outer, name)) return FAILED;
      return value;
    },
    write(writer, value, as) {
      const mark = size(writer);
      type.write(writer, value);
      putHeader(writer, as === ownTag ? tag : as, form, mark);
    },
  };
}
