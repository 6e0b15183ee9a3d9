import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parse } from '@babel/parser';
import traverse from '@babel/traverse';
import type { Node } from '@babel/types';
import { build } from 'esbuild';

/** Where the counters of instrumented code are found, in `globalThis`: how often each branch was taken. */
export const COUNTERS = 'fuzzCounters';

/**
 * Bundles a compiled module with a counter at each branch of the files below `folder`. Answers how many there are; whoever
 * loads the bundle sets an array of that length under {@link COUNTERS} first.
 */
export async function bundleInstrumented(entry: string, folder: string, outfile: string): Promise<number> {
  let counters = 0;
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    plugins: [
      {
        name: 'instrument',
        setup: ({ onLoad }) => {
          onLoad({ filter: /\.js$/ }, ({ path }) => {
            if (!path.startsWith(join(folder, sep))) return undefined;
            const { code, count } = instrument(readFileSync(path, 'utf8'), counters);
            counters = count;
            return { contents: code, loader: 'js' };
          });
        },
      },
    ],
  });
  return counters;
}

/** Puts counters into a module, the first of them number `first`. */
export function instrument(source: string, first: number): { readonly code: string; readonly count: number } {
  const insertions: { readonly at: number; readonly text: string }[] = [];
  let count = first;
  const counter = () => `globalThis.${COUNTERS}[${count++}]++`;
  const enter = (node: Node): void => {
    insertions.push({ at: (node.start ?? 0) + 1, text: `${counter()};` });
  };
  const wrap = (node: Node): void => {
    insertions.push({ at: node.start ?? 0, text: `(${counter()}, ` }, { at: node.end ?? 0, text: ')' });
  };
  const enclose = (node: Node): void => {
    if (node.type === 'BlockStatement') return;
    insertions.push({ at: node.start ?? 0, text: `{${counter()};` }, { at: node.end ?? 0, text: '}' });
  };
  traverse.default(parse(source, { sourceType: 'module' }), {
    BlockStatement: ({ node }) => enter(node),
    IfStatement: ({ node }) => {
      enclose(node.consequent);
      if (node.alternate && node.alternate.type !== 'IfStatement') enclose(node.alternate);
    },
    ForStatement: ({ node }) => enclose(node.body),
    ForOfStatement: ({ node }) => enclose(node.body),
    WhileStatement: ({ node }) => enclose(node.body),
    SwitchCase: ({ node: { consequent } }) => {
      const [statement] = consequent;
      if (statement !== undefined) insertions.push({ at: statement.start ?? 0, text: `${counter()};` });
    },
    ConditionalExpression: ({ node }) => {
      wrap(node.consequent);
      wrap(node.alternate);
    },
    LogicalExpression: ({ node }) => wrap(node.right),
    ArrowFunctionExpression: ({ node }) => {
      if (node.body.type !== 'BlockStatement') wrap(node.body);
    },
  });
  return { code: insert(source, insertions), count };
}

/** At one place what opens comes in the order of the visit, outer before inner, and what closes the other way round. */
function insert(
  source: string,
  insertions: readonly { readonly at: number; readonly text: string }[],
): string {
  const sorted = insertions
    .map((insertion, order) => ({ ...insertion, order: isClosing(insertion.text) ? -order : order }))
    .sort(
      (a, b) => a.at - b.at || Number(isClosing(b.text)) - Number(isClosing(a.text)) || a.order - b.order,
    );
  const parts: string[] = [];
  let from = 0;
  for (const { at, text } of sorted) {
    parts.push(source.slice(from, at), text);
    from = at;
  }
  return [...parts, source.slice(from)].join('');
}

function isClosing(text: string): boolean {
  return text === ')' || text === '}';
}
