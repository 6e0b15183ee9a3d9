import { readUnusedBits } from './bits.ts';
import { cursorOver, FAILED, fail, failUnexpected, failWithin } from './cursor.ts';
import {
  constructed,
  type Grammar,
  type Infer,
  type Isomorphism,
  ownTag,
  type ResolvedStarts,
} from './grammar.ts';
import { defaultLimits } from './limits.ts';
import { once, overlap, planOf, resolveStarts, unionOf } from './starts.ts';
import {
  constructedForm,
  describeTag,
  packTag,
  peekTag,
  primitiveForm,
  type Tag,
  type TagName,
  universal,
} from './tag.ts';
import { putOctet, putOctets, refuseRange, requireBytes, requireObject } from './writer.ts';

/** The value of a CHOICE: which alternative, and its value. */
export type ChoiceValue<A extends Readonly<Record<string, Grammar<unknown>>>> = {
  readonly [K in keyof A]: { readonly kind: K; readonly value: Infer<A[K]> };
}[keyof A];

/**
 * CHOICE between named alternatives (X.680, section 29).
 *
 * Throws TypeError, here or for a recursive grammar on first use, when two alternatives can begin with the same tag.
 */
export function choice<A extends Readonly<Record<string, Grammar<unknown>>>>(
  alternatives: A,
): Grammar<ChoiceValue<A>>;
export function choice(
  alternatives: Readonly<Record<string, Grammar<unknown>>>,
): Grammar<{ readonly kind: string; readonly value: unknown }> {
  const grammars = Object.values(alternatives);
  if (grammars.length === 0) throw new TypeError('a CHOICE needs an alternative');
  const starts = unionOf(grammars.map((grammar) => grammar.starts));
  const name = `a CHOICE of ${Object.keys(alternatives).join(', ')}`;
  const plan = planOf(grammars, () => {
    const byTag = new Map<number, { readonly kind: string; readonly grammar: Grammar<unknown> }>();
    const earlier: [string, ResolvedStarts][] = [];
    for (const [kind, grammar] of Object.entries(alternatives)) {
      const resolved = resolveStarts(grammar.starts);
      if (resolved.kind === 'anything')
        throw new TypeError(`ambiguous grammar: ${kind} can begin with any element`);
      for (const [other, otherStarts] of earlier) {
        const shared = overlap(resolved, otherStarts);
        if (shared !== undefined) {
          throw new TypeError(`ambiguous grammar: ${other} and ${kind} can both begin with ${shared}`);
        }
      }
      earlier.push([kind, resolved]);
      for (const tag of resolved.tags) byTag.set(tag, { kind, grammar });
    }
    return byTag;
  });
  return {
    kind: 'grammar',
    name,
    shape: { kind: 'choice', alternatives },
    starts,
    taggable: false,
    selectors: selectorsOf(grammars),
    read(cursor) {
      const alternative = plan().get(peekTag(cursor.bytes, cursor.pos, cursor.end));
      if (alternative === undefined) return failUnexpected(cursor, name);
      const value = alternative.grammar.read(cursor, ownTag);
      return value === FAILED ? failWithin(cursor, alternative.kind) : { kind: alternative.kind, value };
    },
    write(writer, chosen) {
      requireObject(writer, chosen);
      const { kind, value } = chosen;
      plan();
      const grammar = Object.hasOwn(alternatives, kind) ? alternatives[kind] : undefined;
      if (grammar === undefined) refuseRange(writer, name);
      writer.path.push(kind);
      grammar.write(writer, value, ownTag);
      writer.path.pop();
    },
  };
}

/** An EXPLICIT tag: an element of its own around that of `grammar` (X.690, section 8.14). */
export function explicit<T>(tag: TagName, grammar: Grammar<T>): Grammar<T> {
  const packed = packTag(tag);
  return constructed({
    name: describeTag(packed),
    tag: packed,
    form: constructedForm,
    shape: { kind: 'explicit', grammar },
    selectors: grammar.selectors,
    read: (cursor) => grammar.read(cursor, ownTag),
    write: (writer, value) => grammar.write(writer, value, ownTag),
  });
}

/**
 * An IMPLICIT tag: in place of that of `grammar` (X.690, section 8.14).
 *
 * Throws TypeError for a CHOICE, an open type, `any` and `raw`, which have no tag of their own to replace.
 */
export function implicit<T>(tag: TagName, grammar: Grammar<T>): Grammar<T> {
  const packed = packTag(tag);
  if (!grammar.taggable) throw new TypeError(`${grammar.name} has no tag for an implicit one to replace`);
  return {
    kind: 'grammar',
    name: grammar.name,
    shape: { kind: 'implicit', grammar },
    starts: { kind: 'tags', tags: [packed] },
    taggable: true,
    selectors: grammar.selectors,
    read: (cursor, as) => grammar.read(cursor, as === ownTag ? packed : as),
    write: (writer, value, as) => grammar.write(writer, value, as === ownTag ? packed : as),
  };
}

/** OCTET STRING that holds the encoding of `grammar`, as an extension's value does. */
export function octetStringContaining<T>(grammar: Grammar<T>): Grammar<T> {
  return constructed({
    name: 'OCTET STRING',
    tag: universal.octetString,
    form: primitiveForm,
    shape: { kind: 'octetStringContaining', grammar },
    selectors: grammar.selectors,
    read: (cursor) => grammar.read(cursor, ownTag),
    write: (writer, value) => grammar.write(writer, value, ownTag),
  });
}

/** BIT STRING of whole octets that holds the encoding of `grammar`, as an RSA public key's does. */
export function bitStringContaining<T>(grammar: Grammar<T>): Grammar<T> {
  return constructed<T>({
    name: 'BIT STRING',
    tag: universal.bitString,
    form: primitiveForm,
    shape: { kind: 'bitStringContaining', grammar },
    selectors: grammar.selectors,
    read(cursor) {
      const unusedBits = readUnusedBits(cursor, cursor.pos, cursor.end);
      if (unusedBits === FAILED) return FAILED;
      if (unusedBits > 0)
        return fail(cursor, 'value', cursor.pos, 'whole octets', `${unusedBits} unused bits`);
      cursor.pos++;
      return grammar.read(cursor, ownTag);
    },
    write(writer, value) {
      grammar.write(writer, value, ownTag);
      putOctet(writer, 0);
    },
  });
}

/** `grammar` with other values. Each direction must undo the other, or decoded bytes are not what is written back. */
export function map<T, U>(grammar: Grammar<T>, isomorphism: Isomorphism<T, U>): Grammar<U> {
  return {
    ...grammar,
    shape: { kind: 'map', grammar, isomorphism },
    read(cursor, as) {
      const start = cursor.pos;
      const value = grammar.read(cursor, as);
      if (value === FAILED) return FAILED;
      const mapped = isomorphism.decode(value);
      return mapped.ok ? mapped.value : fail(cursor, 'value', start, mapped.error, 'another value');
    },
    write: (writer, value, as) => grammar.write(writer, isomorphism.encode(value), as),
  };
}

/**
 * A grammar that is built on first use: for types that contain themselves.
 *
 * What `grammar()` returns must be the same each time. A recursive constant needs its type written out.
 */
export function lazy<T>(grammar: () => Grammar<T>): Grammar<T> {
  const starts = once(() => resolveStarts(grammar().starts));
  const resolve = once(() => {
    starts();
    const resolved = grammar();
    if (resolved.selectors.length > 0)
      throw new TypeError('a lazy grammar cannot select by a field outside of it');
    return resolved;
  });
  const resolveAs = (as: Tag): Grammar<T> => {
    const resolved = resolve();
    if (as !== ownTag && !resolved.taggable) {
      throw new TypeError(`${resolved.name} has no tag for an implicit one to replace`);
    }
    return resolved;
  };
  return {
    kind: 'grammar',
    name: 'a recursive type',
    shape: { kind: 'lazy', resolve },
    starts: { kind: 'later', resolve: starts },
    taggable: true,
    selectors: [],
    read: (cursor, as) => resolveAs(as).read(cursor, as),
    write: (writer, value, as) => resolveAs(as).write(writer, value, as),
  };
}

/** A value beside the exact bytes it was decoded from. */
export interface Raw<T> {
  /** The whole element, header included: a view into the input. */
  readonly raw: Uint8Array;
  readonly value: T;
}

/**
 * `grammar`, with the exact bytes captured: what a signature covers, or what is compared octet by octet.
 *
 * Encoding writes `raw`, which must decode by `grammar`, and does not look at `value`.
 */
export function raw<T>(grammar: Grammar<T>): Grammar<Raw<T>> {
  return {
    ...grammar,
    shape: { kind: 'raw', grammar },
    taggable: false,
    read(cursor) {
      const start = cursor.pos;
      const value = grammar.read(cursor, ownTag);
      return value === FAILED ? FAILED : { raw: cursor.bytes.subarray(start, cursor.pos), value };
    },
    write(writer, value) {
      requireObject(writer, value);
      requireBytes(writer, value.raw);
      const cursor = cursorOver(value.raw, defaultLimits);
      cursor.scope = writer.scope;
      if (grammar.read(cursor, ownTag) === FAILED || cursor.pos !== cursor.end) {
        refuseRange(writer, `raw to be the encoding of ${grammar.name}`);
      }
      putOctets(writer, value.raw);
    },
  };
}

/** The value of an open type: the OID it was selected by, or `'otherwise'`, and the value of that grammar. */
export type OpenTypeValue<T extends Readonly<Record<string, Grammar<unknown>>>, O> =
  | { readonly [K in keyof T]: { readonly kind: K; readonly value: Infer<T[K]> } }[keyof T]
  | { readonly kind: 'otherwise'; readonly value: O };

/**
 * A type that an earlier OID field of the same SEQUENCE selects: by `table`, from OIDs in dotted form, or `otherwise`.
 *
 * It may stand within other grammars (a tag, an OCTET STRING, a SET OF) and looks at the innermost SEQUENCE around it.
 * Encoding throws RangeError for a `kind` that is not what the field selects.
 */
export function openType<T extends Readonly<Record<string, Grammar<unknown>>>, O>(
  field: string,
  table: T,
  otherwise: Grammar<O>,
): Grammar<OpenTypeValue<T, O>>;
export function openType(
  field: string,
  table: Readonly<Record<string, Grammar<unknown>>>,
  otherwise: Grammar<unknown>,
): Grammar<{ readonly kind: string; readonly value: unknown }> {
  const grammars = [...Object.values(table), otherwise];
  // Looked up by what a peer sent: a Map has no inherited names.
  const byOid = new Map(Object.entries(table).map(([kind, grammar]) => [kind, { kind, grammar }]));
  const fallback = { kind: 'otherwise', grammar: otherwise };
  const select = (scope: Readonly<Record<string, unknown>>) => {
    const selector = scope[field];
    return (typeof selector === 'string' ? byOid.get(selector) : undefined) ?? fallback;
  };
  return {
    kind: 'grammar',
    name: `an open type selected by ${field}`,
    shape: { kind: 'openType', field, table, otherwise },
    starts: unionOf(grammars.map((grammar) => grammar.starts)),
    taggable: false,
    selectors: [...new Set([field, ...selectorsOf(grammars)])],
    read(cursor) {
      const { kind, grammar } = select(cursor.scope);
      const value = grammar.read(cursor, ownTag);
      return value === FAILED ? FAILED : { kind, value };
    },
    write(writer, opened) {
      requireObject(writer, opened);
      const { kind, value } = opened;
      const selected = select(writer.scope);
      if (kind !== selected.kind) refuseRange(writer, `the kind ${selected.kind}, which ${field} selects`);
      selected.grammar.write(writer, value, ownTag);
    },
  };
}

function selectorsOf(grammars: readonly Grammar<unknown>[]): readonly string[] {
  return [...new Set(grammars.flatMap((grammar) => grammar.selectors))];
}
