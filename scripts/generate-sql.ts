import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Turns the .sql files of `packages/ledger` into `src/sql.generated.ts`, so that the published build carries its SQL as strings
 * and no bundler can lose it. Run it after every change of a .sql file: `npx tsx scripts/generate-sql.ts`; a unit test compares.
 *
 * A line `-- each sum: sum($name) AS sum_$name,` stands for a line of every item of `queries/lists/sums.sql`, and
 * `-- each dimension of spend: …` for those items whose comment names `spend`. An item has a $value (SQL), a $name and the
 * $column that rollups call it by. The comma before FROM or ] is left out. Files of `queries/rollups` are made once for each $rollup.
 */
const ledger = new URL('../packages/ledger/', import.meta.url);
const generatedModule = new URL('src/sql.generated.ts', ledger);
const ROLLUPS = ['spend', 'billing'];
const ITEM = /^(?<value>.+) AS (?<name>\w+),(?: -- (?<sources>.+))?$/;

interface Item {
  value: string;
  name: string;
  column: string;
  sources: string[];
}

/** The text of the generated module. @throws when a line of a list is no item, or a list does not exist. */
export function generateSqlModule(): string {
  const rollupQueries = ROLLUPS.map((rollup) => {
    const asWritten = (text: string) => withLists(text.replaceAll('$rollup', rollup));
    return `  ${rollup}: ${asConstant('queries/rollups', asWritten)},\n`;
  });
  const dimensions = [...ROLLUPS, 'denials'].map((source) => {
    const names = itemsOf('dimension', source).map(({ name }) => `'${name}'`);
    return `  ${source}: [${names.join(', ')}],\n`;
  });
  const sums = itemsOf('sum').map(({ name }) => `  '${name}',\n`);
  return [
    '/* Made by scripts/generate-sql.ts from schema/, migrations/ and queries/. Change those files, then run it again. */\n',
    `export const SCHEMA = ${asConstant('schema')} as const;\n`,
    `export const MIGRATIONS = ${asConstant('migrations')} as const;\n`,
    `export const QUERIES = ${asConstant('queries', withLists)} as const;\n`,
    '/** Of each rollup, the same statements. */',
    `export const ROLLUP_QUERIES = {\n${rollupQueries.join('')}} as const;\n`,
    '/** What each can be asked by, beside time; of rows anything can be asked. */',
    `export const DIMENSIONS = {\n${dimensions.join('')}} as const;\n`,
    '/** Where all sums are one array: what it holds, in its order. */',
    `export const SUMS = [\n${sums.join('')}] as const;\n`,
  ].join('\n');
}

function asConstant(folder: string, rendered = (text: string) => text): string {
  const names = readdirSync(new URL(`${folder}/`, ledger)).filter((name) => name.endsWith('.sql'));
  const entries = names.sort().map((name) => {
    const text = rendered(readFileSync(new URL(`${folder}/${name}`, ledger), 'utf8'));
    return `'${basename(name, '.sql')}': ${asTemplate(text)},\n`;
  });
  return `{\n${entries.join('')}}`;
}

function withLists(text: string): string {
  const filledIn = text.replace(
    /^( *)-- each (\w+)(?: of (\w+))?: (.+)$/gm,
    (_line, indent: string, kind: string, source: string | undefined, template: string) =>
      itemsOf(kind, source)
        .map((item) => indent + filled(template, item))
        .join('\n'),
  );
  return filledIn.replace(/,(\n *(?:FROM\b|\]))/g, '$1');
}

function itemsOf(kind: string, source?: string): Item[] {
  const items = readFileSync(new URL(`queries/lists/${kind}s.sql`, ledger), 'utf8')
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .map(toItem);
  return source === undefined ? items : items.filter(({ sources }) => sources.includes(source));
}

function toItem(line: string): Item {
  const { value, name, sources } = ITEM.exec(line)?.groups ?? {};
  if (value === undefined || name === undefined) throw new Error(`No "value AS name," in a list: ${line}`);
  const column = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return { value, name, column, sources: sources?.split(', ') ?? [] };
}

function filled(template: string, { value, name, column }: Item): string {
  return template
    .replaceAll('$value', () => value)
    .replaceAll('$column', column)
    .replaceAll('$name', name);
}

function asTemplate(text: string): string {
  const escaped = text.replace(/\\/g, '\\\\').replace(/`/g, '\\`').replace(/\$\{/g, '\\${');
  return `\`${escaped}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(generatedModule, generateSqlModule());
  console.log(`Wrote ${fileURLToPath(generatedModule)}`);
}
