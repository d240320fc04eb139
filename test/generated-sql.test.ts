import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateSqlModule } from '../scripts/generate-sql.ts';

test('the committed SQL module is what the SQL files make: after a change run "npx tsx scripts/generate-sql.ts"', () => {
  const committed = readFileSync(new URL('../packages/ledger/src/sql.generated.ts', import.meta.url), 'utf8');
  expect(committed).toBe(generateSqlModule());
});
