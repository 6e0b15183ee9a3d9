import type { Field, Grammar, ResolvedStarts, Starts } from './grammar.ts';
import { describeTag } from './tag.ts';

/** The tags of any of `all`; known later as soon as one is. */
export function unionOf(all: readonly Starts[]): Starts {
  if (all.some((starts) => starts.kind === 'later')) {
    return { kind: 'later', resolve: once(() => unionOfResolved(all.map(resolveStarts))) };
  }
  return unionOfResolved(all.map(resolveStarts));
}

export function resolveStarts(starts: Starts): ResolvedStarts {
  return starts.kind === 'later' ? starts.resolve() : starts;
}

/** A description of what could begin both, or undefined when nothing can. */
export function overlap(a: ResolvedStarts, b: ResolvedStarts): string | undefined {
  if (a.kind === 'anything' || b.kind === 'anything') return 'any element';
  const shared = a.tags.find((tag) => b.tags.includes(tag));
  return shared === undefined ? undefined : describeTag(shared);
}

/**
 * `build()`, at once when all grammars' tags are known, and otherwise when first asked for; never twice.
 *
 * This is how an ambiguous grammar is refused where it is built, and a recursive one, part of which does not exist
 * yet at that moment, where it is first used.
 */
export function planOf<P>(grammars: readonly Grammar<unknown>[], build: () => P): () => P {
  const plan = once(build);
  if (grammars.every((grammar) => grammar.starts.kind !== 'later')) plan();
  return plan;
}

/** Remembers the first result of `compute`. Asking again while it runs is a grammar that begins with itself. */
export function once<T>(compute: () => T): () => T {
  let state: { readonly kind: 'new' | 'running' } | { readonly kind: 'done'; readonly value: T } = {
    kind: 'new',
  };
  return () => {
    if (state.kind === 'done') return state.value;
    if (state.kind === 'running') throw new TypeError('a recursive grammar begins with itself');
    state = { kind: 'running' };
    try {
      const value = compute();
      state = { kind: 'done', value };
      return value;
    } finally {
      if (state.kind === 'running') state = { kind: 'new' };
    }
  };
}

/** The grammar of a field, whatever its presence. */
export function grammarOf(field: Field): Grammar<unknown> {
  return field.kind === 'grammar' ? field : field.grammar;
}

function unionOfResolved(all: readonly ResolvedStarts[]): ResolvedStarts {
  const tags = new Set<number>();
  for (const starts of all) {
    if (starts.kind === 'anything') return starts;
    for (const tag of starts.tags) tags.add(tag);
  }
  return { kind: 'tags', tags: [...tags] };
}
