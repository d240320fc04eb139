import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTallygate } from 'tallygate';
import { expect, it } from 'vitest';
import { openTables } from '../ledger/tables.ts';

it('how long rows are kept is what the settings name, and stays so for a process that names nothing', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'tallygate-retention-'));
  await (await openTallygate({ dataDirectory, rawRetentionDays: 90 })).close();
  const silent = await openTallygate({ dataDirectory });
  const tables = openTables(join(dataDirectory, 'ledger'));
  expect(await tables.rows('SELECT raw_days, provider_id_days FROM retention_changes')).toEqual([
    { raw_days: 90, provider_id_days: 60 },
  ]);
  await tables.close();
  await silent.close();
  rmSync(dataDirectory, { recursive: true });
});
