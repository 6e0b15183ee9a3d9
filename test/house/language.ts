/** Rule `language`: the parts of TypeScript that shipped code does without, in every room. */
import { collect, type ParsedFile, type Violation } from './source.ts';

export function checkLanguage(file: ParsedFile): readonly Violation[] {
  const directives = (file.ast.comments ?? [])
    .filter((comment) => /^\s*@ts-(ignore|expect-error|nocheck)\b/.test(comment.value))
    .map((comment): Violation => {
      const line = comment.loc?.start.line ?? 0;
      return { path: file.path, line, rule: 'language', what: 'a comment that silences the compiler' };
    });
  return [
    ...directives,
    ...collect(file, 'language', (report) => ({
      TSAnyKeyword: ({ node }) => report(node, 'any'),
      TSNonNullExpression: ({ node }) => report(node, 'a non-null assertion'),
      TSEnumDeclaration: ({ node }) => report(node, 'an enum'),
      TSModuleDeclaration: ({ node }) => report(node, 'a namespace, or a declaration of global things'),
      TSParameterProperty: ({ node }) => report(node, 'a parameter property'),
      TSImportEqualsDeclaration: ({ node }) => report(node, 'import ='),
      TSExportAssignment: ({ node }) => report(node, 'export ='),
      VariableDeclarator: ({ node }) => {
        if (node.definite) {
          report(node, 'a definite assignment assertion');
        }
      },
    })),
  ];
}
