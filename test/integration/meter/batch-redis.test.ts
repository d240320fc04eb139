import { createMemoryBatchOwners } from '@tallygate/meter';
import { emptyConfiguration } from '@tallygate/usage';
import { expect, it } from 'vitest';
import { openInRedis } from '../../contract/open-gates.ts';
import {
  budgetNow,
  budgetOf,
  CREATED_MS,
  createdBatch,
  HOUR_MS,
  ITEM_COST,
  ITEMS,
  readResults,
  startProcess,
} from './batch-rig.ts';

it('the gate in Redis holds a batch for a day, charges each item once and ends with nothing held', async () => {
  const organization = `batches-${process.pid}`;
  const { gate, nowMs, advanceMs } = await openInRedis(organization, {
    startMs: CREATED_MS,
    configuration: { ...emptyConfiguration(organization), ...budgetOf('100') },
  });
  const clock = { nowMs, monotonicMs: nowMs, advance: () => undefined };
  const owners = createMemoryBatchOwners({ clock });
  const script = { results: ITEMS, chunkBytes: 400 };
  const [creator, reader] = [1, 2].map(() => startProcess({ gate, clock, owners, script }));
  if (!creator || !reader) throw new Error('two processes were started');

  await createdBatch(creator);
  const { held } = await budgetNow(gate);
  await advanceMs(24 * HOUR_MS);
  expect((await budgetNow(gate)).held).toBe(held);
  await readResults(reader, 1);
  expect(await budgetNow(gate)).toEqual({ spent: ITEM_COST, held });
  await advanceMs(2 * HOUR_MS);
  await Promise.all([readResults(creator), readResults(reader)]);
  expect(await budgetNow(gate)).toEqual({ spent: 2n * ITEM_COST, held: 0n });
});
