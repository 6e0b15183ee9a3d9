import { type Cursor, FAILED, fail, failUnexpected, failWithin } from './cursor.ts';
import { encode } from './encode.ts';
import {
  constructed,
  type DefaultField,
  type Field,
  type Grammar,
  type OptionalField,
  ownTag,
  type ResolvedStarts,
} from './grammar.ts';
import { equalRange } from './octets.ts';
import { grammarOf, overlap, planOf, resolveStarts } from './starts.ts';
import { constructedForm, describeTag, peekTag, type Tag, universal } from './tag.ts';
import { putOctets, requireObject, rewind, size, type Writer, writtenSince } from './writer.ts';

/** The fields of a SEQUENCE or SET, in the order of the standard's module. */
export type Fields = Readonly<Record<string, Field>>;

/** The value of a SEQUENCE or SET: one property for each field; that of an absent optional field is undefined. */
export type FieldValues<F extends Fields> = { readonly [K in keyof F]: FieldValue<F[K]> };

type FieldValue<F> =
  F extends OptionalField<infer T>
    ? T | undefined
    : F extends DefaultField<infer T>
      ? T
      : F extends Grammar<infer T>
        ? T
        : never;

/** A field that may be absent; its value is then undefined. */
export function optional<T>(grammar: Grammar<T>): OptionalField<T> {
  return { kind: 'optional', grammar };
}

/**
 * A field that stands for `value` when absent, and must be absent when it has that value (X.690, section 11.5).
 * `value` is encoded, and so checked, when the SEQUENCE or SET is built.
 */
export function withDefault<T>(grammar: Grammar<T>, value: T): DefaultField<T> {
  return { kind: 'default', grammar, value };
}

/**
 * SEQUENCE of the given fields in their order (X.690, section 8.9).
 *
 * Throws TypeError, here or for a recursive grammar on first use, when an optional field could be mistaken for one
 * that may follow it (X.680, section 25.6), or an open type selects by anything but an earlier mandatory OID field.
 */
export function sequence<F extends Fields>(fields: F): Grammar<FieldValues<F>>;
export function sequence(fields: Fields): Grammar<FieldValues<Fields>> {
  checkNames(fields);
  checkSelectors(fields);
  const plan = planOf(Object.values(fields).map(grammarOf), () => {
    const steps = stepsOf(fields);
    refuseConfusable(steps);
    return steps;
  });
  return constructed<FieldValues<Fields>>({
    name: 'SEQUENCE',
    tag: universal.sequence,
    form: constructedForm,
    shape: { kind: 'sequence', fields },
    selectors: [],
    read(cursor) {
      const values: Record<string, unknown> = {};
      const outerScope = cursor.scope;
      cursor.scope = values;
      for (const step of plan()) {
        const value = readStep(cursor, step);
        if (value === FAILED) return failWithin(cursor, step.name);
        values[step.name] = value;
      }
      cursor.scope = outerScope;
      return values;
    },
    write(writer, value) {
      requireObject(writer, value);
      const outerScope = writer.scope;
      writer.scope = value;
      for (const step of [...plan()].reverse()) writeStep(writer, step, value[step.name]);
      writer.scope = outerScope;
    },
  });
}

/**
 * SET of the given fields, encoded in the order of their tags (X.690, sections 8.11 and 10.3).
 *
 * Throws TypeError, here or for a recursive grammar on first use, when two fields can begin with the same tag
 * (X.680, section 27.3), or an open type selects by a field: a SET has no earlier one.
 */
export function set<F extends Fields>(fields: F): Grammar<FieldValues<F>>;
export function set(fields: Fields): Grammar<FieldValues<Fields>> {
  checkNames(fields);
  for (const [name, field] of Object.entries(fields)) {
    if (grammarOf(field).selectors.length > 0)
      throw new TypeError(`the open type of ${name} cannot select in a SET`);
  }
  const plan = planOf(Object.values(fields).map(grammarOf), () => {
    const steps = stepsOf(fields);
    for (const [i, step] of steps.entries()) {
      for (const other of steps.slice(i + 1)) refuseOverlap(step, other);
    }
    return steps;
  });
  return constructed<FieldValues<Fields>>({
    name: 'SET',
    tag: universal.set,
    form: constructedForm,
    shape: { kind: 'set', fields },
    selectors: [],
    read(cursor) {
      const steps = plan();
      const found = new Map<string, unknown>();
      let previous: Tag = -1;
      while (cursor.pos < cursor.end) {
        const tag = peekTag(cursor.bytes, cursor.pos, cursor.end);
        const step = steps.find((candidate) => accepts(candidate.starts, tag));
        if (step === undefined || found.has(step.name))
          return failUnexpected(cursor, 'the next field of the SET');
        if (tag <= previous) {
          return fail(
            cursor,
            'encoding',
            cursor.pos,
            'fields in the order of their tags',
            `${describeTag(tag)} late`,
          );
        }
        previous = tag;
        const value = readPresent(cursor, step);
        if (value === FAILED) return failWithin(cursor, step.name);
        found.set(step.name, value);
      }
      const values: Record<string, unknown> = {};
      for (const step of steps) {
        const value = found.has(step.name) ? found.get(step.name) : readStep(cursor, step);
        if (value === FAILED) return failWithin(cursor, step.name);
        values[step.name] = value;
      }
      return values;
    },
    write(writer, value) {
      requireObject(writer, value);
      const start = size(writer);
      const elements = plan().map((step) => {
        writeStep(writer, step, value[step.name]);
        const element = writtenSince(writer, start);
        rewind(writer, start);
        return element;
      });
      const tagOf = (element: Uint8Array): Tag => peekTag(element, 0, element.length);
      for (const element of elements.sort((a, b) => tagOf(b) - tagOf(a))) putOctets(writer, element);
    },
  });
}

/** A field as the readers and writers want it. */
interface Step {
  readonly name: string;
  readonly grammar: Grammar<unknown>;
  readonly starts: ResolvedStarts;
  readonly mandatory: boolean;
  /** What the field's value is when it is absent. */
  readonly absent: unknown;
  /** The encoding that must not appear: that of the default. */
  readonly forbidden: Uint8Array | undefined;
}

function stepsOf(fields: Fields): readonly Step[] {
  return Object.entries(fields).map(([name, field]) => {
    const grammar = grammarOf(field);
    return {
      name,
      grammar,
      starts: resolveStarts(grammar.starts),
      mandatory: field.kind === 'grammar',
      absent: field.kind === 'default' ? field.value : undefined,
      forbidden: field.kind === 'default' ? encode(grammar, field.value) : undefined,
    };
  });
}

function readStep(cursor: Cursor, step: Step): unknown {
  if (step.mandatory) return step.grammar.read(cursor, ownTag);
  const tag = peekTag(cursor.bytes, cursor.pos, cursor.end);
  return accepts(step.starts, tag) ? readPresent(cursor, step) : step.absent;
}

function readPresent(cursor: Cursor, step: Step): unknown {
  const start = cursor.pos;
  const value = step.grammar.read(cursor, ownTag);
  if (value === FAILED || step.forbidden === undefined) return value;
  return equalRange(cursor.bytes, start, cursor.pos, step.forbidden)
    ? fail(cursor, 'encoding', start, 'a default value to be absent', 'the default value')
    : value;
}

function writeStep(writer: Writer, step: Step, value: unknown): void {
  if (value === undefined && !step.mandatory && step.forbidden === undefined) return;
  const mark = size(writer);
  writer.path.push(step.name);
  step.grammar.write(writer, value, ownTag);
  writer.path.pop();
  if (step.forbidden === undefined) return;
  const end = writer.buffer.length - mark;
  if (equalRange(writer.buffer, writer.start, end, step.forbidden)) rewind(writer, mark);
}

function accepts(starts: ResolvedStarts, tag: Tag): boolean {
  return tag >= 0 && (starts.kind === 'anything' || starts.tags.includes(tag));
}

function checkNames(fields: Fields): void {
  for (const name of Object.keys(fields)) {
    // Objects list integer-like names first, whatever the order they are written in; and __proto__ is no property.
    if (name === '__proto__' || /^\d+$/.test(name)) throw new TypeError(`${name} cannot name a field`);
  }
}

function checkSelectors(fields: Fields): void {
  const earlier = new Map<string, Field>();
  for (const [name, field] of Object.entries(fields)) {
    for (const selector of grammarOf(field).selectors) {
      const selecting = earlier.get(selector);
      if (selecting?.kind !== 'grammar' || !isOid(selecting)) {
        throw new TypeError(
          `the open type of ${name} needs ${selector} to be an earlier, mandatory OID field`,
        );
      }
    }
    earlier.set(name, field);
  }
}

function isOid({ shape }: Grammar<unknown>): boolean {
  return shape.kind === 'explicit' || shape.kind === 'implicit' ? isOid(shape.grammar) : shape.kind === 'oid';
}

function refuseConfusable(steps: readonly Step[]): void {
  for (const [i, step] of steps.entries()) {
    if (step.mandatory) continue;
    for (const next of steps.slice(i + 1)) {
      refuseOverlap(step, next);
      if (next.mandatory) break;
    }
  }
}

function refuseOverlap(a: Step, b: Step): void {
  const shared = overlap(a.starts, b.starts);
  if (shared !== undefined) {
    throw new TypeError(`ambiguous grammar: ${a.name} and ${b.name} can both begin with ${shared}`);
  }
}
