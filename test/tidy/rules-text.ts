import { basename, dirname } from 'node:path';
import { factsOf, isCode, isWritten, type RepositoryFile } from './repository.ts';
import { inspectEach, type Rule } from './rule.ts';

const MAX_FILE_LINES = 500;
const MAX_FUNCTION_LINES = 70;
const BANNED_NAMES = new Set(['core', 'common', 'shared', 'utils', 'util', 'lib', 'helpers', 'helper']);

/** Spelled in halves, so that this file does not find itself. */
const LEFT_OVERS = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['@ts-', 'ignore'],
  ['@ts-', 'nocheck'],
  ['biome-', 'ignore'],
  ['eslint-', 'disable'],
].map((halves) => halves.join(''));
const [POSTPONED = '', BROKEN = '', UNCHECKED = '', , UNLINTED = ''] = LEFT_OVERS;
const MISTYPED_ON_PURPOSE = ['@ts-', 'expect-error'].join('');

const linesOf = (text: string) => text.trimEnd().split('\n').length;

const fileLengthRule: Rule = {
  promise: `no file is longer than ${MAX_FILE_LINES} lines, tests included`,
  atLeast: 330,
  inspect: (repository) =>
    inspectEach(repository.files.filter(isWritten), (file) =>
      linesOf(file.text) > MAX_FILE_LINES ? [`${file.path} has ${linesOf(file.text)} lines`] : [],
    ),
  planted: [
    {
      files: { 'packages/a/src/a.ts': 'a();\n'.repeat(501) },
      violation: 'packages/a/src/a.ts has 501 lines',
    },
    { files: { 'test/a.test.ts': 'a();\n'.repeat(501) }, violation: 'test/a.test.ts has 501 lines' },
    { files: { 'packages/ledger/schema/a.sql': '--\n'.repeat(501) }, violation: 'a.sql has 501 lines' },
  ],
  allowed: { 'packages/a/src/a.ts': 'a();\n'.repeat(500), 'a.generated.ts': 'a();\n'.repeat(501) },
};

/**
 * `describe`, and a contract suite that is one (`describeBudgetGate`), is a table of contents and not a function with a job;
 * what stands in it is measured all the same.
 */
const functionLengthRule: Rule = {
  promise: `no function is longer than ${MAX_FUNCTION_LINES} lines`,
  atLeast: 2900,
  inspect: (repository) =>
    inspectEach(
      repository.files
        .filter(isWritten)
        .flatMap((file) => factsOf(file, 'function').map((fact) => ({ file, fact })))
        .filter(({ file, fact }) => !(file.isTest && /^describe/.test(fact.callee || fact.name))),
      ({ file, fact }) =>
        fact.lines > MAX_FUNCTION_LINES
          ? [`${file.path}:${fact.line} ${fact.name} has ${fact.lines} lines`]
          : [],
    ),
  planted: [
    { files: { 'packages/a/src/a.ts': lengthy('function long() {', '}') }, violation: 'long has 71 lines' },
    {
      files: { 'packages/a/src/a.ts': lengthy('const long = (): { a: 1 } => {', '};') },
      violation: 'long has 71',
    },
    {
      files: { 'packages/a/src/a.ts': lengthy('class A { async *long<T>() {', '} }') },
      violation: 'long has 71',
    },
    {
      files: { 'packages/a/src/a.ts': lengthy('export default function () { const b = /}/;', '}') },
      violation: '71',
    },
    {
      files: { 'test/a.test.ts': lengthy("describe('x', () => { it('y', () => {", '}); });') },
      violation: '71',
    },
  ],
  allowed: {
    'packages/a/src/a.ts': `${lengthy('const table = {', '};')}\nfunction short() { return '{'; }\n${lengthy('if (a) {', '}')}`,
    'test/a.test.ts': lengthy("describe('x', () => {", '});'),
    'test/contract/a.contract.ts': lengthy('export function describeGate() {', '}'),
  },
};

function lengthy(head: string, tail: string): string {
  return [head, ...Array.from({ length: 69 }, () => '//'), tail].join('\n');
}

const leftOverRule: Rule = {
  promise: 'nothing is left over: no postponed work, no silenced checks, no `any`, no switched-off tests',
  atLeast: 330,
  inspect: (repository) =>
    inspectEach(repository.files.filter(isWritten), (file) => [
      ...LEFT_OVERS.filter((word) => new RegExp(`${word}\\b`).test(file.text)).map(
        (word) => `${file.path} has ${word}`,
      ),
      ...(!file.isTest && file.text.includes(MISTYPED_ON_PURPOSE)
        ? [`${file.path} has ${MISTYPED_ON_PURPOSE}`]
        : []),
      ...factsOf(file, 'any').map((fact) => `${file.path}:${fact.line} uses any`),
      ...switchedOff(file),
    ]),
  planted: [
    { files: { 'packages/a/src/a.ts': `// ${POSTPONED}: later` }, violation: `a.ts has ${POSTPONED}` },
    { files: { 'packages/ledger/queries/a.sql': `-- ${BROKEN}` }, violation: `a.sql has ${BROKEN}` },
    { files: { 'packages/a/src/a.ts': `// ${UNCHECKED}\na();` }, violation: `has ${UNCHECKED}` },
    { files: { 'packages/a/src/a.ts': `// ${UNLINTED} x: y\na();` }, violation: `has ${UNLINTED}` },
    { files: { 'packages/a/src/a.ts': `// ${MISTYPED_ON_PURPOSE}\na();` }, violation: MISTYPED_ON_PURPOSE },
    { files: { 'packages/a/src/a.ts': 'const a = b as any;' }, violation: 'a.ts:1 uses any' },
    { files: { 'test/a.test.ts': "it.only('x', () => {});" }, violation: 'test/a.test.ts:1 has it.only' },
    { files: { 'test/a.test.ts': "describe.concurrent.skip('x', () => {});" }, violation: 'concurrent.skip' },
    { files: { 'test/a.test.ts': "test.todo('x');" }, violation: 'has test.todo' },
  ],
  allowed: {
    'packages/a/src/a.ts': "const any = 'as any'; if (any) any.only();",
    'test/a.test.ts': `it.skipIf(!docker)('x', () => {}); // ${MISTYPED_ON_PURPOSE}`,
    'test/b.test.ts': "it.skip('not run here: no container runtime', () => {});",
  },
};

/**
 * `skipIf`, `context.skip(reason)` and a title that says "not run here: …" are answers to a machine, counted at the end of a
 * run with their reason; anything else is a switch that somebody forgot.
 */
function switchedOff(file: RepositoryFile): string[] {
  return factsOf(file, 'call')
    .filter((fact) => /^(describe|suite|it|test|bench)(\.\w+)*\.(only|skip|todo|fails)$/.test(fact.callee))
    .filter((fact) => !(fact.callee.endsWith('.skip') && fact.title.startsWith('not run here: ')))
    .map((fact) => `${file.path}:${fact.line} has ${fact.callee}`);
}

const placeNameRule: Rule = {
  promise: `no folder or file is named ${[...BANNED_NAMES].join(', ')}`,
  atLeast: 370,
  inspect: (repository) =>
    inspectEach(repository.files, (file) => {
      const stem = basename(file.path).split('.')[0] ?? '';
      const named = [...dirname(file.path).split('/'), stem].filter((name) => BANNED_NAMES.has(name));
      return named.map((name) => `${file.path} is named ${name}`);
    }),
  planted: [
    { files: { 'packages/a/src/utils/a.ts': '' }, violation: 'packages/a/src/utils/a.ts is named utils' },
    { files: { 'packages/a/src/helpers.test.ts': '' }, violation: 'is named helpers' },
    { files: { 'packages/common/README.md': '' }, violation: 'is named common' },
  ],
  allowed: { 'packages/a/src/common-sense.ts': '', 'packages/a/src/score.ts': '' },
};

const bannedWordRule: Rule = {
  promise: 'no identifier is a bare inputTokens: it always says which input',
  atLeast: 300,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => isCode(file.path)),
      (file) =>
        [...factsOf(file, 'name'), ...factsOf(file, 'string')]
          .filter((fact) => fact.text === 'inputTokens' && !file.path.startsWith('test/tidy/'))
          .map((fact) => `${file.path}:${fact.line} says inputTokens`),
    ),
  planted: [
    { files: { 'packages/a/src/a.ts': 'const inputTokens = 1;' }, violation: 'a.ts:1 says inputTokens' },
    { files: { 'packages/a/src/a.ts': 'usage.inputTokens;' }, violation: 'says inputTokens' },
    { files: { 'packages/a/src/a.ts': "usage['inputTokens'];" }, violation: 'says inputTokens' },
  ],
  allowed: { 'packages/a/src/a.ts': 'const totalInputTokens = usage.uncachedInputTokens; // inputTokens' },
};

export const textRules: readonly Rule[] = [
  fileLengthRule,
  functionLengthRule,
  leftOverRule,
  placeNameRule,
  bannedWordRule,
];
