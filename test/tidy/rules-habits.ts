import { PLAIN_ERRORS } from './house.ts';
import {
  factsOf,
  isCode,
  isCompositionRoot,
  isProduct,
  type Repository,
  type RepositoryFile,
} from './repository.ts';
import { inspectEach, type Rule } from './rule.ts';

/** What code may reach for: its environment, the time, an error. Each has one source, so that a test can replace it. */
const CLOCK_HOME = 'packages/usage/src/clock.ts';
const PLAIN_ERROR = /^(Error|TypeError|RangeError|SyntaxError|AggregateError)$/;

const environmentRule: Rule = {
  promise: 'only main.ts, env.ts and *-main.ts read process.env',
  atLeast: 220,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => isCode(file.path) && !file.isTest && !isCompositionRoot(file.path)),
      (file) => [
        ...factsOf(file, 'member')
          .filter((fact) => /^(globalThis\.)?process\.env$/.test(fact.text))
          .map((fact) => `${file.path}:${fact.line} reads process.env`),
        ...envImported(file),
      ],
    ),
  planted: [
    {
      files: { 'packages/gate/src/a.ts': 'const url = process.env.URL;' },
      violation: 'a.ts:1 reads process.env',
    },
    {
      files: { 'packages/gate/src/a.ts': "const url = process.env['URL'];" },
      violation: 'reads process.env',
    },
    { files: { 'packages/gate/src/a.ts': "import { env } from 'node:process';" }, violation: 'imports env' },
  ],
  allowed: {
    'services/demo/src/replay-main.ts': 'const url = process.env.URL;',
    'packages/tallygate/src/env.ts': 'export const read = () => process.env;',
    'packages/gate/src/a.test.ts': 'const url = process.env.URL;',
    'packages/gate/src/a.ts': 'const url = settings.env; // process.env.URL',
  },
};

function envImported(file: RepositoryFile): string[] {
  const importsProcess = factsOf(file, 'import').some((fact) => /^(node:)?process$/.test(fact.specifier));
  const names = factsOf(file, 'name').some((fact) => fact.text === 'env');
  return importsProcess && names ? [`${file.path} imports env of node:process`] : [];
}

const clockRule: Rule = {
  promise: `the time is read only through a Clock, whose home is ${CLOCK_HOME}`,
  atLeast: 170,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => isProduct(file) && file.path.startsWith('packages/')),
      (file) => {
        if (file.path === CLOCK_HOME || isCompositionRoot(file.path)) return [];
        const calls = factsOf(file, 'call').filter((fact) =>
          /^(Date|performance|Temporal\.Now)\.\w+$/.test(fact.callee),
        );
        const reads = calls.filter((fact) => /\.(now|instant|zonedDateTimeISO)$/.test(fact.callee));
        const dates = factsOf(file, 'new').filter(
          (fact) => fact.callee === 'Date' && fact.argumentCount === 0,
        );
        return [...reads, ...dates].map(
          (fact) => `${file.path}:${fact.line} reads the time (${fact.callee})`,
        );
      },
    ),
  planted: [
    { files: { 'packages/gate/src/a.ts': 'const t = Date.now();' }, violation: 'reads the time (Date.now)' },
    { files: { 'packages/gate/src/a.ts': 'const t = new Date();' }, violation: 'reads the time (Date)' },
    {
      files: { 'packages/gate/src/a.ts': 'performance.now();' },
      violation: 'reads the time (performance.now)',
    },
  ],
  allowed: {
    'packages/gate/src/a.ts': 'const t = new Date(clock.nowMs()); Date.parse(text); Date.UTC(2026, 0);',
  },
};

const errorRule: Rule = {
  promise:
    'packages throw only TallygateError and what derives from it, with the exceptions that house.ts gives reasons for',
  atLeast: 45,
  inspect: (repository) => {
    const thrown = thrownByPackages(repository);
    const found = inspectEach(thrown, ({ path, line, error }) => {
      const excused = PLAIN_ERRORS.some((excuse) => excuse.path === path && excuse.error === error);
      return PLAIN_ERROR.test(error) && !excused ? [`${path}:${line} throws a plain ${error}`] : [];
    });
    const idle = PLAIN_ERRORS.filter(
      ({ path, error }) =>
        repository.files.some((file) => file.path === path) &&
        !thrown.some((fact) => fact.path === path && fact.error === error),
    );
    const outdated = idle.map(({ path, error }) => `${path} needs no excuse for ${error} any more`);
    return { ...found, violations: [...found.violations, ...outdated] };
  },
  planted: [
    {
      files: { 'packages/gate/src/a.ts': "throw new Error('no');" },
      violation: 'a.ts:1 throws a plain Error',
    },
    {
      files: {
        'packages/remote/src/exchange.ts': "throw new RangeError('no');",
        'packages/gate/src/a.ts': 'throw new StaleConnection();',
      },
      violation: 'packages/remote/src/exchange.ts needs no excuse for Error any more',
    },
    {
      files: { 'packages/gate/src/a.ts': 'throw new TypeError(`no`);' },
      violation: 'throws a plain TypeError',
    },
  ],
  allowed: {
    'packages/gate/src/a.ts': "throw new TallygateError('TALLYGATE_X', { message: '' });",
    'packages/remote/src/exchange.ts': "throw new Error('This end was closed.');",
  },
};

function thrownByPackages({ files }: Repository): { path: string; line: number; error: string }[] {
  return files
    .filter((file) => isProduct(file) && file.path.startsWith('packages/'))
    .flatMap((file) =>
      factsOf(file, 'new')
        .filter((fact) => fact.thrown)
        .map(({ line, callee }) => ({ path: file.path, line, error: callee })),
    );
}

export const habitRules: readonly Rule[] = [environmentRule, clockRule, errorRule];
