import { type ImportDeclaration, type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { createVirtualFileSystem } from 'typescript/unstable/fs';
import { API, type Project } from 'typescript/unstable/sync';

/**
 * What the rules need to know of a file's syntax, read by the compiler itself: a brace inside a string or a regular
 * expression cannot mislead it. Planted fakes and the real repository pass through the same parser, in memory.
 */
export type Fact = { line: number } & (
  | { kind: 'import'; specifier: string; typesOnly: boolean }
  | { kind: 'star-export' }
  | { kind: 'function'; name: string; lines: number; callee: string }
  | { kind: 'string'; text: string }
  | { kind: 'name'; text: string }
  | { kind: 'member'; text: string }
  | { kind: 'any' }
  | { kind: 'call'; callee: string; title: string }
  | { kind: 'new'; callee: string; argumentCount: number; thrown: boolean }
);

/** The union without `line`, which the walk adds. */
type Bare = Fact extends infer F ? (F extends Fact ? Omit<F, 'line'> : never) : never;

const COMPILER_OPTIONS = { noLib: true, noResolve: true, types: [], allowJs: true, module: 'esnext' };

/**
 * Facts of each file by path.
 * @throws Error when the compiler does not hand back a file it was given: a file that is not seen cannot be judged.
 */
export function parseFacts(files: Readonly<Record<string, string>>): Map<string, Fact[]> {
  const paths = Object.keys(files);
  if (paths.length === 0) return new Map();
  const inMemory = Object.fromEntries(paths.map((path) => [`/${path}`, files[path] ?? '']));
  inMemory['/tsconfig.json'] = JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: paths });
  const compiler = new API({ cwd: '/', fs: createVirtualFileSystem(inMemory) });
  try {
    const snapshot = compiler.updateSnapshot({ openProjects: ['/tsconfig.json'] });
    return new Map(
      paths.map((path) => [path, factsIn(sourceOf(snapshot.getProject('/tsconfig.json'), path))]),
    );
  } finally {
    compiler.close();
  }
}

function sourceOf(project: Project | undefined, path: string): SourceFile {
  const source = project?.program.getSourceFile(`/${path}`);
  if (!source) throw new Error(`The compiler did not read ${path}.`);
  return source;
}

function factsIn(source: SourceFile): Fact[] {
  const facts: Fact[] = [];
  const visit = (node: Node): void => {
    const start = node.getStart(source);
    for (const fact of factsAt(node, source)) {
      facts.push({ ...fact, line: source.getLineAndCharacterOfPosition(start).line + 1 } as Fact);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return facts;
}

function factsAt(node: Node, source: SourceFile): Bare[] {
  if (is.isImportDeclaration(node)) return imports(node.moduleSpecifier, allNamesAreTypes(node));
  if (is.isExportDeclaration(node)) {
    const star = node.exportClause === undefined || is.isNamespaceExport(node.exportClause);
    const from = node.moduleSpecifier ? imports(node.moduleSpecifier, node.isTypeOnly) : [];
    return star ? [...from, { kind: 'star-export' }] : from;
  }
  if (is.isImportTypeNode(node) && is.isLiteralTypeNode(node.argument)) {
    return imports(node.argument.literal, true);
  }
  if (is.isCallExpression(node)) {
    const dynamic = node.expression.kind === SyntaxKind.ImportKeyword && node.arguments[0];
    if (dynamic) return imports(dynamic, false);
    const [first] = node.arguments;
    const title = first && is.isStringLiteralLikeNode(first) ? first.text : '';
    return [{ kind: 'call', callee: node.expression.getText(source), title }];
  }
  if (is.isNewExpression(node)) {
    const callee = node.expression.getText(source);
    const argumentCount = node.arguments?.length ?? 0;
    return [{ kind: 'new', callee, argumentCount, thrown: is.isThrowStatement(node.parent) }];
  }
  if (is.isFunctionLikeDeclaration(node)) return [functionFact(node, source)];
  return leafFacts(node, source);
}

function leafFacts(node: Node, source: SourceFile): Bare[] {
  if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node))
    return [{ kind: 'string', text: node.text }];
  if (is.isTemplateHead(node) || is.isTemplateMiddle(node) || is.isTemplateTail(node))
    return [{ kind: 'string', text: node.text }];
  if (is.isIdentifier(node)) return [{ kind: 'name', text: node.text }];
  if (is.isPropertyAccessExpression(node)) return [{ kind: 'member', text: node.getText(source) }];
  return node.kind === SyntaxKind.AnyKeyword ? [{ kind: 'any' }] : [];
}

function imports(specifier: Node, typesOnly: boolean): Bare[] {
  return is.isStringLiteralLikeNode(specifier)
    ? [{ kind: 'import', specifier: specifier.text, typesOnly }]
    : [];
}

/** `import type …`, or braces in which every name is a type. `import 'x'` runs the module: no. */
function allNamesAreTypes(node: ImportDeclaration): boolean {
  const clause = node.importClause;
  if (!clause) return false;
  if (clause.phaseModifier === SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return (
    clause.name === undefined &&
    names !== undefined &&
    is.isNamedImports(names) &&
    names.elements.every((name) => name.isTypeOnly)
  );
}

/** `callee`: what the function is handed to, such as `describe`; empty when it is handed to nothing. */
function functionFact(node: Node & { name?: Node }, source: SourceFile): Bare {
  const startLine = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
  const endLine = source.getLineAndCharacterOfPosition(node.end).line;
  const owner =
    is.isVariableDeclaration(node.parent) || is.isPropertyAssignment(node.parent) ? node.parent : node;
  const name = (owner as { name?: Node }).name?.getText(source) ?? 'a nameless function';
  const callee = is.isCallExpression(node.parent) ? node.parent.expression.getText(source) : '';
  return { kind: 'function', name, lines: endLine - startLine + 1, callee };
}
