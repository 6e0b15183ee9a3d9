/**
 * Rule `purity`: what the pure rooms may name.
 *
 * The globals are an allow list, so that a way to the outside world that nobody thought of here (a new platform
 * object, `eval`, `globalThis` itself) is refused too. It is a check on honest code, not a sandbox: a function
 * reached through `constructor`, or an effect inside an allowed package, is not seen. For the packages the names
 * that lead to their hidden randomness are refused.
 */
import type { NodePath } from '@babel/traverse';
import type { Node } from '@babel/types';
import { collect, isBound, type ParsedFile, propertyName, type Violation } from './source.ts';

const VALUES: ReadonlySet<string> = new Set([
  'Array',
  'ArrayBuffer',
  'BigInt',
  'BigUint64Array',
  'Boolean',
  'DataView',
  'Error',
  'Infinity',
  'Int32Array',
  'JSON',
  'Map',
  'Math',
  'NaN',
  'Number',
  'Object',
  'RangeError',
  'RegExp',
  'Set',
  'String',
  'Symbol',
  'TextDecoder',
  'TextEncoder',
  'TypeError',
  'Uint16Array',
  'Uint32Array',
  'Uint8Array',
  'undefined',
]);

const TYPES: ReadonlySet<string> = new Set([
  ...VALUES,
  'ArrayBufferLike',
  'ArrayLike',
  'Exclude',
  'Extract',
  'Generator',
  'Iterable',
  'IterableIterator',
  'Iterator',
  'NoInfer',
  'NonNullable',
  'Omit',
  'Parameters',
  'Partial',
  'Pick',
  'PropertyKey',
  'Readonly',
  'ReadonlyArray',
  'ReadonlyMap',
  'ReadonlySet',
  'Record',
  'Required',
  'ReturnType',
  'const',
]);

/** Names that, on whatever object, lead to randomness, to the locale of the machine, or to code made of text. */
const IMPURE_NAMES: ReadonlySet<string> = new Set([
  'constructor',
  'localeCompare',
  'managedNonce',
  'randomBytes',
  'randomPrivateKey',
  'toLocaleLowerCase',
  'toLocaleString',
  'toLocaleUpperCase',
]);

/** Methods of @noble that draw the randomness they are not given: how many arguments make them functions. */
const SEEDED_METHODS: ReadonlyMap<string, number> = new Map([
  ['encapsulate', 2],
  ['keygen', 1],
  ['randomSecretKey', 1],
]);

/** What only Node has: refused where the code claims to run on any platform. */
const NODE_GLOBALS: ReadonlySet<string> = new Set([
  'Buffer',
  '__dirname',
  '__filename',
  'clearImmediate',
  'global',
  'process',
  'require',
  'setImmediate',
]);

export function checkPurity(file: ParsedFile): readonly Violation[] {
  const ownTypes = declaredTypes(file);
  return collect(file, 'purity', (report) => {
    const nameType = (name: Node): void => {
      const root = leftmost(name);
      if (root !== undefined && !TYPES.has(root) && !ownTypes.has(root)) {
        report(name, `the type ${root}`);
      }
    };
    return {
      ...globalUses((node, name) => {
        if (!VALUES.has(name)) {
          report(node, `the global ${name}`);
        }
      }),
      // Under another name, or by a computed one, Math.random could not be recognised.
      ReferencedIdentifier: ({ node, parent }) => {
        const member = propertyName(parent);
        if (node.name === 'Math' && (member === undefined || member === 'random')) {
          report(node, member === undefined ? 'Math other than as the object of a member' : 'Math.random');
        }
      },
      TSTypeReference: ({ node }) => nameType(node.typeName),
      TSExpressionWithTypeArguments: ({ node }) => nameType(node.expression),
      'MemberExpression|OptionalMemberExpression': ({ node, parent }: NodePath) => {
        const name = propertyName(node) ?? '';
        if (IMPURE_NAMES.has(name)) {
          report(node, `.${name}`);
        }
        if (isCallOf(parent, node) && parent.arguments.length < (SEEDED_METHODS.get(name) ?? 0)) {
          report(node, `.${name} without the randomness as an argument`);
        }
      },
      ObjectPattern: ({ node }) => {
        for (const property of node.properties) {
          if (property.type === 'ObjectProperty' && isNamed(property.key, IMPURE_NAMES)) {
            report(property, 'an impure name taken out of an object');
          }
        }
      },
      ImportSpecifier: ({ node }) => {
        if (isNamed(node.imported, IMPURE_NAMES)) {
          report(node, 'an impure name imported');
        }
      },
      Class: ({ node }) => report(node, 'a class'),
      Function: ({ node }) => {
        if (node.async) {
          report(node, 'an async function');
        }
      },
      AwaitExpression: ({ node }) => report(node, 'await'),
      ForOfStatement: ({ node }) => {
        if (node.await) {
          report(node, 'for await');
        }
      },
      MetaProperty: ({ node }) => report(node, `${node.meta.name}.${node.property.name}`),
      Import: ({ node }) => report(node, 'import()'),
    };
  });
}

/** For the flow files that run anywhere: no global that only Node has. */
export function checkNeutrality(file: ParsedFile): readonly Violation[] {
  return collect(file, 'purity', (report) =>
    globalUses((node, name) => {
      if (NODE_GLOBALS.has(name)) {
        report(node, `the Node global ${name}`);
      }
    }),
  );
}

/** Calls `use` for every value name, read or written, that the file does not bind itself. */
function globalUses(use: (node: Node, name: string) => void) {
  const unlessBound = (path: NodePath, node: Node, name: string): void => {
    if (!isBound(path, name)) {
      use(node, name);
    }
  };
  return {
    Identifier(path: NodePath<Extract<Node, { type: 'Identifier' }>>): void {
      if (isValueName(path)) {
        unlessBound(path, path.node, path.node.name);
      }
    },
    TSTypeQuery(path: NodePath<Extract<Node, { type: 'TSTypeQuery' }>>): void {
      const root = leftmost(path.node.exprName);
      if (root !== undefined) {
        unlessBound(path, path.node, root);
      }
    },
  };
}

function isValueName(path: NodePath<Extract<Node, { type: 'Identifier' }>>): boolean {
  const { parentPath } = path;
  if (parentPath === null || isTypeSyntax(parentPath.node)) {
    return false;
  }
  return path.isReferencedIdentifier() || isAssigned(path);
}

/** Whether the name is written without being declared: `process = x`, `[process] = x`, `process++`. */
function isAssigned(path: NodePath): boolean {
  const { parentPath, key, listKey } = path;
  if (parentPath === null) {
    return false;
  }
  switch (parentPath.node.type) {
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
      return key === 'left';
    case 'UpdateExpression':
      return true;
    case 'AssignmentPattern':
      return key === 'left' && isAssigned(parentPath);
    case 'ObjectProperty':
      return key === 'value' && parentPath.parentPath !== null && isAssigned(parentPath.parentPath);
    case 'ArrayPattern':
      return listKey === 'elements' && isAssigned(parentPath);
    case 'RestElement':
      return isAssigned(parentPath);
    default:
      return false;
  }
}

// Babel's notion of a referenced name is JavaScript's: names inside types are told apart here. The few nodes below
// start with TS and still hold an expression.
function isTypeSyntax(node: Node): boolean {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'TSInstantiationExpression':
    case 'TSExportAssignment':
    case 'TSEnumMember':
    case 'TSParameterProperty':
      return false;
    default:
      return node.type.startsWith('TS');
  }
}

function declaredTypes(file: ParsedFile): ReadonlySet<string> {
  const names = new Set<string>();
  collect(file, 'purity', () => ({
    'TSTypeAliasDeclaration|TSInterfaceDeclaration': ({ node }: NodePath) => {
      if (node.type === 'TSTypeAliasDeclaration' || node.type === 'TSInterfaceDeclaration') {
        names.add(node.id.name);
      }
    },
    TSTypeParameter: ({ node }) => {
      names.add(node.name);
    },
    'ImportSpecifier|ImportNamespaceSpecifier': ({ node }: NodePath) => {
      if (node.type === 'ImportSpecifier' || node.type === 'ImportNamespaceSpecifier') {
        names.add(node.local.name);
      }
    },
  }));
  return names;
}

/** The first name of a dotted one. */
function leftmost(node: Node): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'TSQualifiedName':
      return leftmost(node.left);
    default:
      return undefined;
  }
}

function isCallOf(parent: Node, callee: Node): parent is Extract<Node, { type: 'CallExpression' }> {
  return parent.type === 'CallExpression' && parent.callee === callee;
}

function isNamed(node: Node, names: ReadonlySet<string>): boolean {
  return (
    (node.type === 'Identifier' && names.has(node.name)) ||
    (node.type === 'StringLiteral' && names.has(node.value))
  );
}
