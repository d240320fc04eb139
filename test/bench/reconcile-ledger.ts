import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openUsageStore } from '@tallygate/ledger';
import { openTables } from '../integration/ledger/tables.ts';
import { fill, MEMORY_MB } from './ledger-month.ts';
import { addUpAll, mergeRollups } from './ledger-queries.ts';
import { DAYS, insertCalls, NOW_MS, ROWS } from './reconcile-month.ts';
import type { ShowProgress } from './run.ts';

/** Our side of the month in a ledger that is kept between runs: what is missing of it is made. */
export async function makeLedger(directory: string, showProgress: ShowProgress): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const address = { kind: 'embedded', directory: join(directory, 'ledger'), memoryMb: MEMORY_MB } as const;
  const clock = { nowMs: () => NOW_MS, monotonicMs: () => performance.now() };
  const store = await openUsageStore(address, { clock, settlingMs: 0 });
  const tables = openTables(address.directory);
  try {
    // What an earlier run pulled would be held against what this one pulls.
    await tables.run('TRUNCATE TABLE report_versions');
    await fill(tables, ROWS, insertCalls, join(directory, 'chunks'), showProgress);
    await addUpAll(store, DAYS + 1, showProgress);
    await store.sweep(0);
    await mergeRollups(tables);
  } finally {
    await tables.close();
    await store.close();
  }
}
