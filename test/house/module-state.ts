/**
 * Rule `module-state`: a pure module holds nothing that changes and does nothing when it is imported.
 *
 * 1. A module's top level holds imports, exports and declarations only: no statement that runs.
 * 2. Its variables are `const`. An array, Map or Set written there is readonly by `as const` or by an annotation
 *    that says so, hence nobody who imports it can change it without the compiler's objection.
 * 3. Nothing is written through a name that the module's top level binds, its imports included: no assignment, `++` or
 *    `delete` on a member, no call of a method that changes its object, no Object.assign and the like. This is
 *    what guards object literals and typed arrays, which have no (deeply) readonly form.
 *
 * Not seen: a write through another name for the same object (a parameter, a local copy), and state in the closure
 * of a function called at the top level. The properties "equal inputs, equal outputs" are there for those.
 */
import type { NodePath } from '@babel/traverse';
import type { Expression, Node, Statement, VariableDeclarator } from '@babel/types';
import { collect, type ParsedFile, propertyName, type Violation } from './source.ts';

/** Methods that change their object, whatever it is. */
const CHANGERS: ReadonlySet<string> = new Set([
  'copyWithin',
  'fill',
  'pop',
  'push',
  'reverse',
  'setBigInt64',
  'setBigUint64',
  'setInt16',
  'setInt32',
  'setInt8',
  'setUint16',
  'setUint32',
  'setUint8',
  'shift',
  'sort',
  'splice',
  'unshift',
]);

/** Methods that change a container, and are innocent names elsewhere (`point.add`, the grammar `asn1.set`). */
const CONTAINER_CHANGERS: ReadonlySet<string> = new Set(['add', 'clear', 'delete', 'set']);

/** Functions of Object that change their first argument. */
const OBJECT_CHANGERS: ReadonlySet<string> = new Set([
  'assign',
  'defineProperties',
  'defineProperty',
  'setPrototypeOf',
]);

const READONLY_TYPES: ReadonlySet<string> = new Set([
  'Readonly',
  'ReadonlyArray',
  'ReadonlyMap',
  'ReadonlySet',
]);

export function checkModuleState(file: ParsedFile): readonly Violation[] {
  return collect(file, 'module-state', (report) => {
    const reportWrite = (path: NodePath, target: Node): void => {
      if (isMember(target) && rootBinding(path, target) !== undefined) {
        report(target, 'a write through a name of the module');
      }
    };
    return {
      Program: ({ node }) => {
        for (const statement of node.body) {
          checkTopLevel(statement, report);
        }
      },
      AssignmentExpression: (path) => {
        for (const target of targets(path.node.left)) {
          reportWrite(path, target);
        }
      },
      ForXStatement: (path) => {
        for (const target of targets(path.node.left)) {
          reportWrite(path, target);
        }
      },
      UpdateExpression: (path) => reportWrite(path, path.node.argument),
      UnaryExpression: (path) => {
        if (path.node.operator === 'delete') {
          reportWrite(path, path.node.argument);
        }
      },
      CallExpression: (path) => {
        const changed = changedByCall(path);
        if (changed !== undefined) {
          report(path.node, `${changed} on a name of the module`);
        }
      },
    };
  });
}

function checkTopLevel(statement: Statement, report: (node: Node, what: string) => void): void {
  switch (statement.type) {
    case 'ExportNamedDeclaration':
      if (statement.declaration) {
        checkTopLevel(statement.declaration, report);
      }
      return;
    case 'VariableDeclaration':
      if (statement.kind !== 'const') {
        report(statement, `a ${statement.kind} at the top level`);
      }
      for (const declarator of statement.declarations) {
        if (isOpenContainer(declarator)) {
          report(declarator, 'a container without `as const` or a readonly type');
        }
      }
      return;
    case 'ImportDeclaration':
      if (statement.specifiers.length === 0) {
        report(statement, 'an import for its side effect');
      }
      return;
    case 'ExportAllDeclaration':
    case 'ClassDeclaration':
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
    case 'TSTypeAliasDeclaration':
    case 'TSInterfaceDeclaration':
      return;
    default:
      report(statement, 'a statement that runs at import');
  }
}

function isOpenContainer({ id, init }: VariableDeclarator): boolean {
  if (!init || !isContainer(bare(init)) || isConstAsserted(init)) {
    return false;
  }
  const annotation =
    id.type === 'Identifier' && id.typeAnnotation?.type === 'TSTypeAnnotation'
      ? id.typeAnnotation.typeAnnotation
      : undefined;
  switch (annotation?.type) {
    case 'TSTypeOperator':
      return annotation.operator !== 'readonly';
    case 'TSTypeReference':
      return !(annotation.typeName.type === 'Identifier' && READONLY_TYPES.has(annotation.typeName.name));
    default:
      return true;
  }
}

function isContainer(node: Node): boolean {
  return (
    node.type === 'ArrayExpression' ||
    (node.type === 'NewExpression' &&
      node.callee.type === 'Identifier' &&
      ['Array', 'Map', 'Set'].includes(node.callee.name))
  );
}

function isConstAsserted(node: Expression): boolean {
  switch (node.type) {
    case 'TSSatisfiesExpression':
      return isConstAsserted(node.expression);
    case 'TSAsExpression': {
      const { typeAnnotation } = node;
      return (
        typeAnnotation.type === 'TSTypeReference' &&
        typeAnnotation.typeName.type === 'Identifier' &&
        typeAnnotation.typeName.name === 'const'
      );
    }
    default:
      return false;
  }
}

/** The method that changes something of the module's top level in this call, if one does. */
function changedByCall(path: NodePath<Extract<Node, { type: 'CallExpression' }>>): string | undefined {
  const { callee, arguments: args } = path.node;
  const method = propertyName(callee);
  if (!isMember(callee) || method === undefined) {
    return undefined;
  }
  const [first] = args;
  if (callee.object.type === 'Identifier' && callee.object.name === 'Object' && OBJECT_CHANGERS.has(method)) {
    return first !== undefined && rootBinding(path, first) !== undefined ? `Object.${method}` : undefined;
  }
  const root = rootBinding(path, callee.object);
  if (root === undefined) {
    return undefined;
  }
  return CHANGERS.has(method) || (CONTAINER_CHANGERS.has(method) && holdsContainer(root))
    ? method
    : undefined;
}

/** Whether the binding is visibly initialised with something whose `set`, `add`, `delete` or `clear` changes it. */
function holdsContainer(binding: NodePath): boolean {
  const { node } = binding;
  if (node.type !== 'VariableDeclarator' || !node.init) {
    return false;
  }
  const init = bare(node.init);
  return init.type === 'NewExpression' || init.type === 'ArrayExpression' || isTypedArrayFactory(init);
}

function isTypedArrayFactory(node: Node): boolean {
  return node.type === 'CallExpression' && ['of', 'from'].includes(propertyName(node.callee) ?? '');
}

/** The declaration, at the module's top level, of the name that a chain of members starts with. */
function rootBinding(path: NodePath, target: Node): NodePath | undefined {
  const node = bare(target);
  if (isMember(node)) {
    return rootBinding(path, node.object);
  }
  if (node.type !== 'Identifier') {
    return undefined;
  }
  const binding = path.scope.getBinding(node.name);
  return binding?.scope.path.isProgram() ? binding.path : undefined;
}

/** What an assignment writes: the target itself, or each one inside a pattern. */
function targets(node: Node): readonly Node[] {
  switch (node.type) {
    case 'ArrayPattern':
      return node.elements.flatMap((element) => (element === null ? [] : targets(element)));
    case 'ObjectPattern':
      return node.properties.flatMap((property) =>
        targets(property.type === 'RestElement' ? property : property.value),
      );
    case 'RestElement':
      return targets(node.argument);
    case 'AssignmentPattern':
      return targets(node.left);
    default:
      return [bare(node)];
  }
}

function isMember(
  node: Node,
): node is Extract<Node, { type: 'MemberExpression' | 'OptionalMemberExpression' }> {
  return node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression';
}

/** The expression without the type syntax and parentheses around it. */
function bare(node: Node): Node {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'ParenthesizedExpression':
      return bare(node.expression);
    default:
      return node;
  }
}
