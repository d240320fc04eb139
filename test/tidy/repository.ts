import { readdirSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { type Fact, parseFacts } from './syntax.ts';

/** A file of the repository as the rules see it. Paths are relative to the root, with forward slashes. */
export interface RepositoryFile {
  path: string;
  text: string;
  /** What its syntax says; empty for files that are no TypeScript or JavaScript. */
  facts: readonly Fact[];
  isTest: boolean;
  isGenerated: boolean;
}

export interface Repository {
  files: readonly RepositoryFile[];
}

const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.tallygate', 'coverage']);
const TEXT = new Set(
  '.ts .tsx .mts .js .mjs .cjs .json .lua .sql .css .html .md .yml .yaml .svg .sh'.split(' '),
);
const CODE = new Set('.ts .tsx .mts .js .mjs .cjs'.split(' '));

/** Every text file under the root that is ours. Walked by hand: this Node has no `fs.globSync`. */
export function readRepository(root: string): Repository {
  const files: Record<string, string> = {};
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !NOT_OURS.has(entry.name)) walk(path);
      else if (entry.isFile() && TEXT.has(extname(entry.name)))
        files[path] = readFileSync(join(root, path), 'utf8');
    }
  };
  walk('');
  return createRepository(files);
}

export function createRepository(files: Readonly<Record<string, string>>): Repository {
  const code = Object.entries(files).filter(([path]) => isCode(path));
  const facts = parseFacts(Object.fromEntries(code));
  return {
    files: Object.entries(files).map(([path, text]) => ({
      path,
      text,
      facts: facts.get(path) ?? [],
      isTest: path.startsWith('test/') || /\.(test|bench)\.ts$/.test(path),
      isGenerated: path.endsWith('.generated.ts'),
    })),
  };
}

export function isCode(path: string): boolean {
  return CODE.has(extname(path));
}

/** Written by hand, in any language that runs. */
export function isWritten(file: RepositoryFile): boolean {
  return !file.isGenerated && (isCode(file.path) || /\.(lua|sql|css|html|sh)$/.test(file.path));
}

/** Code of the product itself: no test, nothing generated. */
export function isProduct(file: RepositoryFile): boolean {
  return isCode(file.path) && !file.isTest && !file.isGenerated && /^(packages|services)\//.test(file.path);
}

/** Composition roots: the only places that may know the process they run in. */
export function isCompositionRoot(path: string): boolean {
  return /^(main|env|.+-main)\.ts$/.test(basename(path));
}

export function factsOf<K extends Fact['kind']>(file: RepositoryFile, kind: K): Extract<Fact, { kind: K }>[] {
  return file.facts.filter((fact): fact is Extract<Fact, { kind: K }> => fact.kind === kind);
}

/** The folders that hold a package.json of ours, with the file parsed. */
export function workspacesOf(repository: Repository): { folder: string; manifest: Manifest }[] {
  return repository.files
    .filter((file) => /^(packages|services)\/[^/]+\/package\.json$/.test(file.path))
    .map((file) => ({
      folder: file.path.slice(0, -'/package.json'.length),
      manifest: JSON.parse(file.text) as Manifest,
    }));
}

export interface Manifest {
  name?: string;
  version?: string;
  license?: string;
  author?: string;
  engines?: { node?: string };
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}
