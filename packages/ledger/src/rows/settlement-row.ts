/** A settlement as a row, its entries as two parallel arrays, and back. */
import { type Settlement, settlementSchema } from '@tallygate/usage';
import { z } from 'zod';
import { amounts, cellsOf, count, instant, name, namesOf, oneOf, ordinal, rowText, texts } from './column.ts';

/** Grows with the layout: of two copies of a row, the one written by the newer version stays. */
const ROW_VERSION = 1;

const COLUMNS = [
  name<Settlement>('organization', (settlement) => settlement.organization),
  name<Settlement>('attempt_id', (settlement) => settlement.attemptId),
  oneOf(settlementSchema.shape.kind.options)<Settlement>('kind', (settlement) => settlement.kind),
  name<Settlement>('epoch', (settlement) => settlement.epoch),
  ordinal<Settlement>('seq', (settlement) => settlement.seq),
  instant<Settlement>('budget_instant', (settlement) => settlement.budgetInstantMs),
  instant<Settlement>('settled_at', (settlement) => settlement.settledAtMs),
  texts<Settlement>('keys', (settlement) => settlement.entries.map((entry) => entry.key)),
  amounts<Settlement>('amounts', (settlement) => settlement.entries.map((entry) => entry.amount)),
  count<Settlement>('ver', () => ROW_VERSION),
];

export const SETTLEMENT_COLUMNS: readonly string[] = namesOf(COLUMNS);

const entriesSchema = z.object({ keys: z.array(z.string()), amounts: z.array(z.string()) });

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what the table cannot hold. */
export function settlementRow(settlement: Settlement): string {
  return rowText(COLUMNS, settlement);
}

/** @throws ZodError for what is no row of a settlement. */
export function settlementFromRow(row: unknown): Settlement {
  const cells = cellsOf(SETTLEMENT_COLUMNS, row);
  const { keys, amounts: sums } = entriesSchema.parse(cells);
  return settlementSchema.parse({
    attemptId: cells['attempt_id'],
    organization: cells['organization'],
    kind: cells['kind'],
    epoch: cells['epoch'],
    seq: cells['seq'],
    budgetInstantMs: cells['budget_instant'],
    settledAtMs: cells['settled_at'],
    entries: keys.map((key, index) => ({ key, amount: sums[index] })),
  });
}
