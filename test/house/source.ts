/**
 * A source file as the house rules see it.
 *
 * The parser is Babel's. TypeScript 7 offers only an unstable API to its own; the parsers built on native code come
 * as one binary per platform, and a rule that cannot run on a contributor's machine is no rule. Babel is
 * JavaScript, reads all of TypeScript's syntax, and brings the scope analysis that tells a global `crypto` from a
 * parameter of that name.
 */
import { type ParseResult, parse } from '@babel/parser';
import babelTraverse, { type NodePath, type Visitor } from '@babel/traverse';
import type { File, Node } from '@babel/types';

export type SourceFile = {
  /** From the repository's root, with forward slashes: `src/flow/index.ts`. */
  readonly path: string;
  readonly text: string;
};

export type Violation = {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly rule: RuleName;
  readonly what: string;
};

export type RuleName = 'syntax' | 'arrow' | 'cycle' | 'language' | 'purity' | 'module-state';

export type ParsedFile = SourceFile & { readonly ast: ParseResult<File> };

export type ParseOutcome =
  | { readonly kind: 'parsed'; readonly file: ParsedFile }
  | { readonly kind: 'refused'; readonly violation: Violation };

export function parseSource(file: SourceFile): ParseOutcome {
  try {
    const ast = parse(file.text, { sourceType: 'module', plugins: ['typescript'], errorRecovery: false });
    return { kind: 'parsed', file: { ...file, ast } };
  } catch (error) {
    return { kind: 'refused', violation: { path: file.path, line: 1, rule: 'syntax', what: String(error) } };
  }
}

/** Collects what the visitor built by `visitorFor` reports, in source order. */
export function collect(
  file: ParsedFile,
  rule: RuleName,
  visitorFor: (report: (node: Node, what: string) => void) => Visitor,
): readonly Violation[] {
  const found: Violation[] = [];
  const report = (node: Node, what: string): void => {
    found.push({ path: file.path, line: lineOf(node), rule, what });
  };
  babelTraverse.default(file.ast, visitorFor(report));
  return found;
}

export function lineOf(node: Node): number {
  return node.loc?.start.line ?? 0;
}

/** The name that a property access, static or quoted, reads: `random` in `Math.random` and in `Math['random']`. */
export function propertyName(node: Node): string | undefined {
  if (node.type !== 'MemberExpression' && node.type !== 'OptionalMemberExpression') {
    return undefined;
  }
  if (node.property.type === 'StringLiteral') {
    return node.property.value;
  }
  return !node.computed && node.property.type === 'Identifier' ? node.property.name : undefined;
}

/** Whether `name`, used at `path`, is bound by the file itself (a declaration, a parameter or an import). */
export function isBound(path: NodePath, name: string): boolean {
  return path.scope.hasBinding(name, { noGlobals: true });
}
