/**
 * Writes packages/ledger/src/sql.generated.ts from the .sql files beside it, so that the published build carries its SQL as
 * strings and no bundler can lose it. Run it after every change of a .sql file; a unit test compares the two.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const ledger = join(import.meta.dirname, '..', 'packages', 'ledger');

function renderFolder(constant: string, folder: string): string {
  const names = readdirSync(join(ledger, folder))
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const entries = names.map((name) => {
    const text = readFileSync(join(ledger, folder, name), 'utf8');
    return `  ${JSON.stringify(basename(name, '.sql'))}: ${JSON.stringify(text)},`;
  });
  return `export const ${constant} = {\n${entries.join('\n')}\n} as const;\n`;
}

const parts = [
  '// Written by scripts/generate-sql.ts from schema/, migrations/ and queries/. Do not edit.\n',
  renderFolder('SCHEMA', 'schema'),
  renderFolder('MIGRATIONS', 'migrations'),
  renderFolder('QUERIES', 'queries'),
];
writeFileSync(join(ledger, 'src', 'sql.generated.ts'), parts.join('\n'));
