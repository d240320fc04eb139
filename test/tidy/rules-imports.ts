import { posix } from 'node:path';
import {
  GUESTS,
  HOUSES,
  type House,
  houseNamed,
  houseOf,
  nameOf,
  npmNameOf,
  TEST_TOOLS,
  welcomes,
} from './house.ts';
import { factsOf, type Repository, type RepositoryFile, workspacesOf } from './repository.ts';
import { inspectEach, type Rule } from './rule.ts';
import type { Fact } from './syntax.ts';

type Import = Extract<Fact, { kind: 'import' }> & { file: RepositoryFile; house: House };

/** Modules of Node that reach outside the process. */
const REACHES_OUT = /^node:(fs|net|tls|dgram|dns|https?|http2|child_process|cluster|worker_threads)(\/|$)/;

function importsOf(repository: Repository): Import[] {
  return repository.files.flatMap((file) => {
    const house = houseOf(file.path);
    return house ? factsOf(file, 'import').map((fact) => ({ ...fact, file, house })) : [];
  });
}

const at = (found: Import) => `${found.file.path}:${found.line}`;

const directionRule: Rule = {
  promise: 'imports go only to a lower rank, and peers never import each other',
  atLeast: 200,
  inspect: (repository) =>
    inspectEach(
      importsOf(repository).filter((found) => houseNamed(found.specifier)),
      (found) => {
        const target = houseNamed(found.specifier);
        if (!target || target === found.house) return [];
        if (found.house.stranger)
          return [`${at(found)} imports ${found.specifier}, but stands for a stranger`];
        if (target.rank < found.house.rank) return [];
        return [`${at(found)} (rank ${found.house.rank}) imports ${found.specifier} (rank ${target.rank})`];
      },
    ),
  planted: [
    {
      files: { 'packages/meter/src/a.ts': "import { openGate } from '@tallygate/gate';" },
      violation: 'packages/meter/src/a.ts:1 (rank 2) imports @tallygate/gate (rank 2)',
    },
    {
      files: { 'packages/usage/src/a.ts': "\nexport type { X } from 'tallygate/testing';" },
      violation: 'packages/usage/src/a.ts:2 (rank 0) imports tallygate/testing (rank 4)',
    },
    {
      files: { 'packages/pricing/src/a.ts': "const { x } = await import('@tallygate/ledger');" },
      violation: 'imports @tallygate/ledger',
    },
    {
      files: { 'packages/gate/src/a.ts': "export type X = import('@tallygate/meter').X;" },
      violation: 'imports @tallygate/meter',
    },
    {
      files: { 'services/simulator/src/a.ts': "import { nanoFromUsd } from '@tallygate/usage';" },
      violation: 'stands for a stranger',
    },
  ],
  allowed: { 'packages/meter/src/a.ts': "import { rate } from '@tallygate/pricing'; // '@tallygate/gate'" },
};

const homeRule: Rule = {
  promise: 'each package of others is imported only in its home',
  atLeast: 150,
  inspect: (repository) =>
    inspectEach(
      importsOf(repository).filter((found) => npmNameOf(found.specifier)),
      (found) => {
        const npmName = npmNameOf(found.specifier) ?? '';
        if (found.file.isTest && TEST_TOOLS.includes(npmName)) return [];
        if (!welcomes(found.house, npmName))
          return [`${at(found)} imports ${npmName}, whose home is not ${found.house.folder}`];
        const typesOnly = found.house.typesOnly?.includes(npmName) && !found.file.isTest;
        return typesOnly && !found.typesOnly ? [`${at(found)} imports more than types of ${npmName}`] : [];
      },
    ),
  planted: [
    {
      files: { 'packages/meter/src/a.ts': "import { Redis } from 'ioredis';" },
      violation: 'imports ioredis, whose home is not packages/meter',
    },
    {
      files: { 'packages/usage/src/a.ts': "import { serve } from '@hono/node-server/x';" },
      violation: 'imports @hono/node-server, whose home is not packages/usage',
    },
    {
      files: { 'packages/gate/src/a.ts': "import { it } from 'vitest';" },
      violation: 'imports vitest',
    },
    {
      files: { 'packages/meter/src/a.ts': "import Anthropic from '@anthropic-ai/sdk';" },
      violation: 'imports more than types of @anthropic-ai/sdk',
    },
  ],
  allowed: {
    'packages/gate/src/a.test.ts': "import { it } from 'vitest'; import { Redis } from 'ioredis';",
    'packages/meter/src/a.ts': "import { type Middleware } from '@anthropic-ai/sdk';",
    'services/reconciler/src/a.ts': "import { serve } from '@hono/node-server';",
  },
};

const pureRule: Rule = {
  promise: 'folders without I/O import no module that reaches outside the process',
  atLeast: 140,
  inspect: (repository) =>
    inspectEach(
      importsOf(repository).filter((found) => found.house.pure && !found.file.isTest),
      (found) => (REACHES_OUT.test(found.specifier) ? [`${at(found)} imports ${found.specifier}`] : []),
    ),
  planted: [
    {
      files: { 'packages/pricing/src/a.ts': "import { readFile } from 'node:fs/promises';" },
      violation: 'packages/pricing/src/a.ts:1 imports node:fs/promises',
    },
  ],
  allowed: { 'packages/usage/src/a.ts': "import { createHash } from 'node:crypto';" },
};

/** The SDK's module that it asks to augment and does not export; docs/decisions/attribution-option.md. */
const AUGMENTED = /^@anthropic-ai\/sdk\/internal\/request-options\.m?js$/;

const frontDoorRule: Rule = {
  promise: 'nobody imports past the index of another folder',
  atLeast: 1100,
  inspect: (repository) => {
    const doors = new Set(
      workspacesOf(repository).flatMap(({ manifest }) =>
        Object.keys(manifest.exports ?? {}).map((subpath) => posix.join(manifest.name ?? '', subpath)),
      ),
    );
    return inspectEach(importsOf(repository), (found) => {
      const ours = houseNamed(found.specifier);
      if (ours)
        return doors.has(found.specifier)
          ? []
          : [`${at(found)} imports ${found.specifier}, which is no export`];
      if (!found.specifier.startsWith('.')) return [];
      const target = posix.join(posix.dirname(found.file.path), found.specifier);
      if (found.typesOnly && found.house.folder === 'packages/meter' && AUGMENTED.test(target)) return [];
      const outside = !target.startsWith(`${found.house.folder}/`) && found.house.npm !== 'anything';
      const past = houseOf(target) !== found.house && /^(packages|services)\//.test(target);
      return outside || past ? [`${at(found)} reaches into ${target}`] : [];
    });
  },
  planted: [
    {
      files: {
        'packages/usage/package.json': '{ "name": "@tallygate/usage", "exports": { ".": {} } }',
        'packages/meter/src/a.ts': "import { x } from '@tallygate/usage/src/money.ts';",
      },
      violation: 'imports @tallygate/usage/src/money.ts, which is no export',
    },
    {
      files: { 'packages/meter/src/a.ts': "import { x } from '../../usage/src/index.ts';" },
      violation: 'reaches into packages/usage/src/index.ts',
    },
    {
      files: { 'test/contract/a.test.ts': "import { x } from '../../packages/gate/src/keys.ts';" },
      violation: 'reaches into packages/gate/src/keys.ts',
    },
    {
      files: {
        'packages/meter/src/a.ts': "import '../../../@anthropic-ai/sdk/internal/request-options.js';",
      },
      violation: 'reaches into @anthropic-ai/sdk/internal/request-options.js',
    },
    {
      files: {
        'packages/gate/src/a.ts':
          "import type { X } from '../../../@anthropic-ai/sdk/internal/request-options.js';",
      },
      violation: 'reaches into @anthropic-ai/sdk/internal/request-options.js',
    },
  ],
  allowed: {
    'packages/usage/package.json': '{ "name": "@tallygate/usage", "exports": { ".": {} } }',
    'packages/meter/src/a.ts': "import { x } from '@tallygate/usage'; import { y } from './b.ts';",
    'packages/meter/src/b.ts':
      "import type { X } from '../../../@anthropic-ai/sdk/internal/request-options.mjs';",
    'test/contract/a.test.ts':
      "import { x } from '../setup/redis.ts'; import { y } from '../../scripts/z.ts';",
  },
};

const starRule: Rule = {
  promise: 'every export is named: there is no `export *`',
  atLeast: 300,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => file.facts.length > 0),
      (file) => factsOf(file, 'star-export').map((fact) => `${file.path}:${fact.line} exports *`),
    ),
  planted: [
    {
      files: { 'packages/usage/src/index.ts': "export * from './money.ts';" },
      violation: 'index.ts:1 exports *',
    },
    { files: { 'packages/usage/src/index.ts': "export * as m from './money.ts';" }, violation: 'exports *' },
  ],
  allowed: { 'packages/usage/src/index.ts': "export { type A, b } from './money.ts'; // export * from" },
};

/** The table itself is checked: a guest that nobody invites any more is removed, a house that is gone is torn down. */
const tableRule: Rule = {
  promise: 'every folder of packages and services stands in the table, and every line of the table is in use',
  atLeast: 14,
  inspect: (repository) => {
    const manifests = workspacesOf(repository);
    const unlisted = inspectEach(manifests, ({ folder, manifest }) => {
      const house = HOUSES.find((candidate) => candidate.folder === folder);
      if (!house) return [`${folder} stands on no rank`];
      return manifest.name === nameOf(house)
        ? []
        : [`${folder} is named ${manifest.name}, not ${nameOf(house)}`];
    });
    const idle = GUESTS.filter(({ folder, npm }) => {
      const manifest = manifests.find((candidate) => candidate.folder === folder)?.manifest;
      return manifest && !manifest.dependencies?.[npm] && !manifest.peerDependencies?.[npm];
    });
    return {
      ...unlisted,
      violations: [
        ...unlisted.violations,
        ...idle.map(({ folder, npm }) => `${folder} no longer invites ${npm}`),
      ],
    };
  },
  planted: [
    {
      files: { 'packages/extra/package.json': '{ "name": "x" }' },
      violation: 'packages/extra stands on no rank',
    },
    { files: { 'packages/usage/package.json': '{ "name": "usage" }' }, violation: 'is named usage' },
    {
      files: { 'packages/remote/package.json': '{ "name": "@tallygate/remote" }' },
      violation: 'packages/remote no longer invites zod',
    },
  ],
};

export const importRules: readonly Rule[] = [
  directionRule,
  homeRule,
  pureRule,
  frontDoorRule,
  starRule,
  tableRule,
];
