/** Rule `arrow`: who may import whom. Rule `cycle`: no file needs, through others, its own values to be ready. */
import { posix } from 'node:path';
import type { Node } from '@babel/types';
import { type Zone, zoneOf } from './rooms.ts';
import { collect, lineOf, type ParsedFile, type Violation } from './source.ts';

export function checkArrows(file: ParsedFile, zone: Zone): readonly Violation[] {
  const imports = importsOf(file);
  return [
    ...imports.computed.map((node) => ({
      path: file.path,
      line: lineOf(node),
      rule: 'arrow' as const,
      what: 'an import whose target is not a plain string',
    })),
    ...imports.edges.flatMap(({ specifier, line }): readonly Violation[] => {
      const what = refusal(file.path, zone, specifier);
      return what === undefined ? [] : [{ path: file.path, line, rule: 'arrow', what }];
    }),
  ];
}

/**
 * One violation per file that lies on a cycle of value imports. `import type` and `export type` are erased, order
 * nothing at run time, and so do not count; `import { type X }` leaves an import behind and does.
 */
export function checkCycles(files: readonly ParsedFile[]): readonly Violation[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .edges.filter((edge) => edge.carriesValues && isRelative(edge.specifier))
        .map((edge) => resolve(file.path, edge.specifier)),
    ]),
  );
  return files.flatMap((file): readonly Violation[] => {
    const way = wayBack(file.path, edges);
    return way === undefined
      ? []
      : [{ path: file.path, line: 1, rule: 'cycle', what: [file.path, ...way].join(' → ') }];
  });
}

type Imports = {
  readonly edges: readonly {
    readonly specifier: string;
    readonly line: number;
    readonly carriesValues: boolean;
  }[];
  readonly computed: readonly Node[];
};

function importsOf(file: ParsedFile): Imports {
  const edges: Imports['edges'][number][] = [];
  const computed: Node[] = [];
  const add = (source: Node, carriesValues: boolean): void => {
    if (source.type === 'StringLiteral') {
      edges.push({ specifier: source.value, line: lineOf(source), carriesValues });
    } else {
      computed.push(source);
    }
  };
  collect(file, 'arrow', () => ({
    ImportDeclaration: ({ node }) => add(node.source, node.importKind !== 'type'),
    ExportAllDeclaration: ({ node }) => add(node.source, node.exportKind !== 'type'),
    ExportNamedDeclaration: ({ node }) => {
      if (node.source) {
        add(node.source, node.exportKind !== 'type');
      }
    },
    TSImportType: ({ node }) => add(node.argument, false),
    CallExpression: ({ node }) => {
      const [target] = node.arguments;
      if (node.callee.type === 'Import' && target !== undefined) {
        add(target, true);
      }
    },
  }));
  return { edges, computed };
}

function refusal(from: string, zone: Zone, specifier: string): string | undefined {
  if (!isRelative(specifier)) {
    return zone.packages.some((prefix) => matchesPackage(specifier, prefix))
      ? undefined
      : `${zone.name} may not import the package ${specifier}`;
  }
  const to = resolve(from, specifier);
  const target = zoneOf(to);
  if (target === undefined) {
    return `${to} is outside the rooms`;
  }
  if (target.name === zone.name || target.name === zone.adapts) {
    return undefined;
  }
  if (!zone.mayEnter.includes(target.name)) {
    return `${zone.name} may not import ${target.name}`;
  }
  return to === target.entry
    ? undefined
    : `${target.name} is entered through ${target.entry} only, not ${to}`;
}

function matchesPackage(specifier: string, prefix: string): boolean {
  const whole = specifier === prefix || specifier.startsWith(`${prefix}/`);
  return whole || (/[/:]$/.test(prefix) && specifier.startsWith(prefix));
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.') || specifier.startsWith('/');
}

function resolve(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

/** The shortest way from `start` along `edges` back to `start`. */
function wayBack(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  const seen = new Set<string>();
  let frontier: readonly (readonly string[])[] = [[start]];
  while (frontier.length > 0) {
    const next: (readonly string[])[] = [];
    for (const way of frontier) {
      for (const target of edges.get(way.at(-1) ?? start) ?? []) {
        if (target === start) {
          return [...way.slice(1), start];
        }
        if (!seen.has(target)) {
          seen.add(target);
          next.push([...way, target]);
        }
      }
    }
    frontier = next;
  }
  return undefined;
}
