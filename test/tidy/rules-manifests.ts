import { posix } from 'node:path';
import { houseNamed, npmNameOf } from './house.ts';
import { factsOf, isCode, type Manifest, type Repository, workspacesOf } from './repository.ts';
import { inspectEach, type Rule } from './rule.ts';

/** Also of another name: the same package is tested in several versions. */
const EXACT = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

/** Names of ours that the code under a folder imports, from product code or from the tests beside it. */
function oursImported(repository: Repository, folder: string, fromTests: boolean): Set<string> {
  const specifiers = repository.files
    .filter((file) => file.path.startsWith(`${folder}/`) && file.isTest === fromTests)
    .flatMap((file) => factsOf(file, 'import'))
    .map((fact) => fact.specifier)
    .filter((specifier) => houseNamed(specifier));
  return new Set(specifiers.map((specifier) => packageNameOf(specifier)));
}

function packageNameOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The names behind the `references` of a folder's tsconfig.json; undefined when it has none to read. */
function referenced(repository: Repository, folder: string): Set<string> | undefined {
  const config = repository.files.find((file) => file.path === `${folder}/tsconfig.json`);
  if (!config) return undefined;
  const { references = [] } = JSON.parse(config.text) as { references?: { path: string }[] };
  const folders = references.map(({ path }) => posix.join(folder, path));
  const names = workspacesOf(repository).filter((workspace) => folders.includes(workspace.folder));
  return new Set(names.map(({ manifest }) => manifest.name ?? ''));
}

function difference(kind: string, folder: string, imported: Set<string>, listed: Set<string>): string[] {
  const missing = [...imported].filter((name) => !listed.has(name));
  const idle = [...listed].filter((name) => !imported.has(name));
  return [
    ...missing.map((name) => `${folder} imports ${name} and lists it in no ${kind}`),
    ...idle.map((name) => `${folder} lists ${name} in its ${kind} and imports it nowhere`),
  ];
}

const agreementRule: Rule = {
  promise: 'imports, package.json dependencies and tsconfig references name the same folders of ours',
  atLeast: 14,
  inspect: (repository) =>
    inspectEach(workspacesOf(repository), ({ folder, manifest }) => {
      const imported = oursImported(repository, folder, false);
      imported.delete(manifest.name ?? '');
      const dependencies = Object.keys(manifest.dependencies ?? {}).filter((name) => houseNamed(name));
      const forTests = { ...manifest.dependencies, ...manifest.devDependencies, [manifest.name ?? '']: '' };
      const unlistedByTests = [...oursImported(repository, folder, true)].filter(
        (name) => !(name in forTests),
      );
      return [
        ...difference('dependency', folder, imported, new Set(dependencies)),
        ...difference('reference', folder, imported, referenced(repository, folder) ?? imported),
        ...unlistedByTests.map((name) => `${folder} imports ${name} in tests and lists it nowhere`),
      ];
    }),
  planted: [
    {
      files: {
        'packages/meter/package.json': '{ "name": "@tallygate/meter" }',
        'packages/meter/src/a.ts': "import { x } from '@tallygate/usage';",
      },
      violation: 'packages/meter imports @tallygate/usage and lists it in no dependency',
    },
    {
      files: {
        'packages/usage/package.json': '{ "name": "@tallygate/usage" }',
        'packages/meter/package.json': '{ "dependencies": { "@tallygate/usage": "0.1.0" } }',
        'packages/meter/tsconfig.json': '{ "references": [{ "path": "../usage" }] }',
      },
      violation: 'packages/meter lists @tallygate/usage in its reference and imports it nowhere',
    },
    {
      files: {
        'packages/meter/package.json': '{ "name": "@tallygate/meter" }',
        'packages/meter/src/a.test.ts': "import { x } from '@tallygate/usage';",
      },
      violation: 'packages/meter imports @tallygate/usage in tests and lists it nowhere',
    },
  ],
};

const dependencyHomeRule: Rule = {
  promise: 'a package of others that a folder imports is declared by that folder',
  atLeast: 45,
  inspect: (repository) => {
    const found = workspacesOf(repository).flatMap(({ folder, manifest }) =>
      repository.files
        .filter((file) => file.path.startsWith(`${folder}/`) && !file.isTest && isCode(file.path))
        .flatMap((file) =>
          factsOf(file, 'import').map((fact) => ({ file, fact, declared: declaredBy(manifest) })),
        )
        .filter(({ fact }) => npmNameOf(fact.specifier)),
    );
    return inspectEach(found, ({ file, fact, declared }) =>
      declared.has(npmNameOf(fact.specifier) ?? '')
        ? []
        : [
            `${file.path}:${fact.line} imports ${npmNameOf(fact.specifier)}, which its package.json does not list`,
          ],
    );
  },
  planted: [
    {
      files: {
        'packages/gate/package.json': '{ "devDependencies": { "ioredis": "6.0.0" } }',
        'packages/gate/src/a.ts': "import { Redis } from 'ioredis';",
      },
      violation: 'packages/gate/src/a.ts:1 imports ioredis, which its package.json does not list',
    },
  ],
};

function declaredBy(manifest: Manifest): Set<string> {
  return new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
  ]);
}

const pinRule: Rule = {
  promise: 'every dependency is pinned to one exact version; only peers may name a range',
  atLeast: 50,
  inspect: (repository) => {
    const manifests = repository.files.filter((file) => /(^|\/)package\.json$/.test(file.path));
    const pins = manifests.flatMap((file) => {
      const manifest = JSON.parse(file.text) as Manifest;
      const lists = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies];
      return lists
        .flatMap((list) => Object.entries(list ?? {}))
        .map(([name, version]) => ({ file, name, version }));
    });
    return inspectEach(pins, ({ file, name, version }) =>
      EXACT.test(version) ? [] : [`${file.path} names ${name} as "${version}"`],
    );
  },
  planted: [
    {
      files: { 'package.json': '{ "devDependencies": { "x": "^1.0.0" } }' },
      violation: 'names x as "^1.0.0"',
    },
    {
      files: { 'package.json': '{ "devDependencies": { "x": "npm:@y/x@^1.0.0" } }' },
      violation: 'names x as "npm:@y/x@^1.0.0"',
    },
    { files: { 'packages/a/package.json': '{ "dependencies": { "y": "~1.0.0" } }' }, violation: 'names y' },
    { files: { 'packages/a/package.json': '{ "dependencies": { "z": "latest" } }' }, violation: 'names z' },
  ],
  allowed: {
    'packages/a/package.json':
      '{ "dependencies": { "y": "1.0.0-rc.1" }, "peerDependencies": { "x": ">=1" } }',
  },
};

const oneVersionRule: Rule = {
  promise: 'all packages of ours carry one version, and name each other by it',
  atLeast: 14,
  inspect: (repository) => {
    const manifests = workspacesOf(repository);
    const version = manifests[0]?.manifest.version;
    return inspectEach(manifests, ({ folder, manifest }) => [
      ...(manifest.version === version
        ? []
        : [`${folder} has version ${manifest.version}, others ${version}`]),
      ...Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
        .filter(([name, pinned]) => houseNamed(name) && pinned !== version)
        .map(([name, pinned]) => `${folder} names ${name} as ${pinned}, not ${version}`),
    ]);
  },
  planted: [
    {
      files: {
        'packages/usage/package.json': '{ "version": "0.1.0" }',
        'packages/meter/package.json': '{ "version": "0.2.0" }',
      },
      violation: 'packages/meter has version 0.2.0, others 0.1.0',
    },
    {
      files: {
        'packages/meter/package.json':
          '{ "version": "0.2.0", "dependencies": { "@tallygate/usage": "0.1.0" } }',
      },
      violation: 'names @tallygate/usage as 0.1.0, not 0.2.0',
    },
  ],
};

const shapeRule: Rule = {
  promise:
    'every package and service says what it is: README of at most 80 lines, licence, engines, author, index',
  atLeast: 14,
  inspect: (repository) =>
    inspectEach(workspacesOf(repository), ({ folder, manifest }) => {
      const has = (path: string) => repository.files.some((file) => file.path === `${folder}/${path}`);
      const readme = repository.files.find((file) => file.path === `${folder}/README.md`);
      const lines = readme?.text.trimEnd().split('\n').length ?? 0;
      return [
        ...(readme ? [] : [`${folder} has no README.md`]),
        ...(lines > 80 ? [`${folder}/README.md has ${lines} lines`] : []),
        ...(manifest.license === 'Apache-2.0' ? [] : [`${folder} names no licence`]),
        ...(manifest.engines?.node ? [] : [`${folder} names no engine`]),
        ...(manifest.author ? [] : [`${folder} names no author`]),
        ...(has('src/index.ts') || has('src/main.ts') ? [] : [`${folder} has no src/index.ts`]),
      ];
    }),
  planted: [
    { files: { 'packages/a/package.json': '{}' }, violation: 'packages/a has no README.md' },
    { files: { 'packages/a/package.json': '{}' }, violation: 'packages/a names no licence' },
    { files: { 'packages/a/package.json': '{}' }, violation: 'packages/a names no engine' },
    { files: { 'packages/a/package.json': '{}' }, violation: 'packages/a names no author' },
    { files: { 'packages/a/package.json': '{}' }, violation: 'packages/a has no src/index.ts' },
    {
      files: { 'packages/a/package.json': '{}', 'packages/a/README.md': 'line\n'.repeat(81) },
      violation: 'packages/a/README.md has 81 lines',
    },
  ],
  allowed: {
    'packages/a/package.json': '{ "license": "Apache-2.0", "author": "A", "engines": { "node": ">=20.19" } }',
    'packages/a/README.md': 'line\n'.repeat(80),
    'packages/a/src/index.ts': 'export {};',
  },
};

export const manifestRules: readonly Rule[] = [
  agreementRule,
  dependencyHomeRule,
  pinRule,
  oneVersionRule,
  shapeRule,
];
