import { basename } from 'node:path';
import { factsOf, isProduct, type RepositoryFile } from './repository.ts';
import { inspectEach, type Rule } from './rule.ts';

const LUA_FOLDER = 'packages/gate/lua/';
const SQL_FOLDERS = /^packages\/ledger\/(schema|migrations|queries)\//;
const LUA_IN_TEXT = /\bredis\.p?call\s*\(/;
const SQL_IN_TEXT =
  /\bSELECT\s|\bINSERT\s+INTO\b|\b(CREATE|ALTER|DROP|TRUNCATE|OPTIMIZE)\s+(OR\s+REPLACE\s+)?TABLE\b/;

/** Strings of product code that match, as sentences. Comments may name anything. */
function stringsLike(file: RepositoryFile, pattern: RegExp, verdict: string): string[] {
  return factsOf(file, 'string')
    .filter((fact) => pattern.test(fact.text))
    .map((fact) => `${file.path}:${fact.line} ${verdict}`);
}

const luaPlaceRule: Rule = {
  promise: `Lua is written only in ${LUA_FOLDER}`,
  atLeast: 220,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => file.path.endsWith('.lua') || isProduct(file)),
      (file) => {
        if (file.path.endsWith('.lua'))
          return file.path.startsWith(LUA_FOLDER) ? [] : [`${file.path} is misplaced`];
        return stringsLike(file, LUA_IN_TEXT, 'holds Lua in a string');
      },
    ),
  planted: [
    { files: { 'packages/ledger/lua/a.lua': '' }, violation: 'packages/ledger/lua/a.lua is misplaced' },
    {
      files: { 'packages/gate/src/a.ts': "const script = `return redis.call('GET', KEYS[1])`;" },
      violation: 'packages/gate/src/a.ts:1 holds Lua in a string',
    },
  ],
  allowed: {
    'packages/gate/lua/reserve.lua': "redis.call('GET', KEYS[1])",
    'packages/gate/src/scripts.generated.ts': "export const RESERVE = `redis.call('GET', KEYS[1])`;",
  },
};

const luaHeaderRule: Rule = {
  promise: 'every Lua script opens with what it does, its KEYS, ARGV and what it returns',
  atLeast: 12,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => file.path.endsWith('.lua')),
      (file) => {
        const header = /^(--.*\n)+/.exec(file.text)?.[0] ?? '';
        const missing = [/\bKEYS\b/, /\bARGV\b/, /\breturns?\b/i].filter((word) => !word.test(header));
        return missing.length === 0 ? [] : [`${file.path} opens without ${missing.map(String).join(', ')}`];
      },
    ),
  planted: [
    {
      files: { 'packages/gate/lua/a.lua': 'local x = KEYS[1] -- ARGV, Returns\n' },
      violation: 'opens without',
    },
    { files: { 'packages/gate/lua/a.lua': '-- KEYS[1] a\n-- ARGV[1] b\nreturn 1\n' }, violation: 'return' },
  ],
  allowed: {
    'packages/gate/lua/a.lua': '-- Does a thing.\n-- KEYS[1] a\n-- ARGV[1] b\n-- Returns: 1\nreturn 1\n',
  },
};

const sqlPlaceRule: Rule = {
  promise: 'SQL is written only in packages/ledger/{schema,migrations,queries}',
  atLeast: 220,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => file.path.endsWith('.sql') || isProduct(file)),
      (file) => {
        if (file.path.endsWith('.sql'))
          return SQL_FOLDERS.test(file.path) ? [] : [`${file.path} is misplaced`];
        return stringsLike(file, SQL_IN_TEXT, 'holds SQL in a string');
      },
    ),
  planted: [
    {
      files: { 'packages/report/queries/a.sql': '' },
      violation: 'packages/report/queries/a.sql is misplaced',
    },
    {
      files: { 'packages/ledger/src/a.ts': `const sql = \`\n  SELECT sum(x) FROM \${table}\`;` },
      violation: 'packages/ledger/src/a.ts:1 holds SQL in a string',
    },
    {
      files: { 'services/demo/src/a.ts': "run('INSERT INTO usage_events VALUES');" },
      violation: 'holds SQL in a string',
    },
  ],
  allowed: {
    'packages/ledger/queries/a.sql': '-- Purpose.\nSELECT 1',
    'packages/ledger/src/a.ts': "const advice = 'select a team, then insert into it'; // SELECT 1",
  },
};

const sqlPurposeRule: Rule = {
  promise: 'the first line of every SQL file says what it is for',
  atLeast: 18,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => file.path.endsWith('.sql')),
      (file) => (/^-- \S.{10,}/.test(file.text) ? [] : [`${file.path} opens without its purpose`]),
    ),
  planted: [
    {
      files: { 'packages/ledger/queries/a.sql': 'SELECT 1\n' },
      violation: 'a.sql opens without its purpose',
    },
    { files: { 'packages/ledger/queries/a.sql': '--\nSELECT 1\n' }, violation: 'opens without its purpose' },
  ],
};

const sqlSettingsRule: Rule = {
  promise:
    'settings of ClickHouse stand in the SQL: given to the client, the embedded engine keeps them for later statements',
  atLeast: 220,
  inspect: (repository) =>
    inspectEach(repository.files.filter(isProduct), (file) =>
      [...factsOf(file, 'name'), ...factsOf(file, 'string')]
        .filter(({ text }) => text === 'clickhouse_settings')
        .map(({ line }) => `${file.path}:${line} gives settings to the client`),
    ),
  planted: [
    {
      files: {
        'packages/ledger/src/a.ts': 'client.exec({ query, clickhouse_settings: { async_insert: 1 } });',
      },
      violation: 'packages/ledger/src/a.ts:1 gives settings to the client',
    },
    {
      files: { 'packages/ledger/src/a.ts': "const options = { 'clickhouse_settings': {} };" },
      violation: 'a.ts:1 gives settings to the client',
    },
  ],
  allowed: { 'packages/ledger/src/a.ts': '/** Never by clickhouse_settings. */ const a = 1;' },
};

const keyNameRule: Rule = {
  promise: 'key names are spelled only in packages/gate/src/keys.ts',
  atLeast: 220,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => isProduct(file) || file.path.endsWith('.lua')),
      (file) => {
        if (file.path === 'packages/gate/src/keys.ts') return [];
        const luaCode = file.path.endsWith('.lua') ? file.text.replace(/--.*$/gm, '') : '';
        const inLua = luaCode.includes('tg4:') ? [`${file.path} spells a key`] : [];
        return [...inLua, ...stringsLike(file, /\btg\d+:/, 'spells a key')];
      },
    ),
  planted: [
    {
      files: { 'packages/gate/src/a.ts': `const key = \`tg4:{\${organization}}\`;` },
      violation: 'a.ts:1 spells a key',
    },
    { files: { 'packages/gate/lua/a.lua': "local key = 'tg4:x'\n" }, violation: 'a.lua spells a key' },
  ],
  allowed: {
    'packages/gate/src/keys.ts': `export const key = \`tg4:{\${organization}}\`;`,
    'packages/gate/lua/a.lua': '-- KEYS[1] tg4:{organization}:config\n',
  },
};

const telemetryNameRule: Rule = {
  promise: 'OpenTelemetry names (gen_ai.*) are spelled only in packages/meter/src/otel.ts',
  atLeast: 220,
  inspect: (repository) =>
    inspectEach(repository.files.filter(isProduct), (file) =>
      file.path === 'packages/meter/src/otel.ts'
        ? []
        : stringsLike(file, /\bgen_ai\./, 'spells a gen_ai name'),
    ),
  planted: [
    {
      files: { 'packages/report/src/a.ts': "const name = 'gen_ai.usage.output_tokens';" },
      violation: 'packages/report/src/a.ts:1 spells a gen_ai name',
    },
  ],
  allowed: { 'packages/usage/src/a.ts': '/** As gen_ai.usage.input_tokens. */ const a = 1;' },
};

const generatedRule: Rule = {
  promise: 'every generated module says in its first line which script writes it, and the script exists',
  atLeast: 2,
  inspect: (repository) =>
    inspectEach(
      repository.files.filter((file) => file.isGenerated),
      (file) => {
        const script = /scripts\/generate-[a-z-]+\.ts/.exec(file.text.split('\n')[0] ?? '')?.[0];
        if (!script) return [`${basename(file.path)} does not say what generates it`];
        return repository.files.some((other) => other.path === script)
          ? []
          : [`${file.path} names ${script}, which is gone`];
      },
    ),
  planted: [
    {
      files: { 'packages/gate/src/a.generated.ts': 'export const a = 1;' },
      violation: 'does not say what generates it',
    },
    {
      files: { 'packages/gate/src/a.generated.ts': '// Written by scripts/generate-a.ts.\n' },
      violation: 'names scripts/generate-a.ts, which is gone',
    },
  ],
};

export const placeRules: readonly Rule[] = [
  luaPlaceRule,
  luaHeaderRule,
  sqlPlaceRule,
  sqlPurposeRule,
  sqlSettingsRule,
  keyNameRule,
  telemetryNameRule,
  generatedRule,
];
