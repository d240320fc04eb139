import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { createMemoryBatchOwners } from '@tallygate/meter';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { segmentOf } from '../../contract/usage-fixtures.ts';
import {
  createdBatch,
  ITEM_COST,
  ITEMS,
  movableClock,
  organization,
  readResults,
  sharedParts,
  startProcess,
} from './batch-rig.ts';

const directory = mkdtempSync(join(tmpdir(), 'tallygate-batches-'));
let store: UsageStore;

beforeAll(async () => {
  store = await openUsageStore({ kind: 'embedded', directory }, { clock: movableClock() });
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

it('the ledger counts an item once that two processes read, under its own line type and tier', async () => {
  const parts = sharedParts();
  const owners = createMemoryBatchOwners({ clock: parts.clock });
  const [first, second] = [1, 2].map(() => startProcess({ ...parts, owners, script: { results: ITEMS } }));
  if (!first || !second) throw new Error('two processes were started');
  await createdBatch(first);
  await Promise.all([readResults(first), readResults(second)]);
  for (const { events, settlements } of [first, second])
    await store.store(segmentOf(events, { settlements, denials: [] }));

  const range = { organization, fromMs: Date.UTC(2026, 10, 1), toMs: Date.UTC(2026, 11, 1) };
  const rows = await store.spend({ ...range, by: 'ended', groupBy: ['team', 'lineType', 'serviceTier'] });
  expect(rows).toMatchObject([
    {
      group: { team: 'support', lineType: 'batch_item', serviceTier: 'batch' },
      calls: 2,
      attempts: 2,
      failedAttempts: 0,
      contractedCostNanoUsd: 2n * ITEM_COST,
    },
  ]);
  const { totals } = await store.settledTotals(organization);
  expect(totals.map(({ amount }) => amount)).toEqual([2n * ITEM_COST]);
});
