import { groupRows } from './group-rows.ts';
import { asPriced, laneOf, type OurRow } from './joined-rows.ts';
import { dayOf } from './places.ts';
import type { PriceSum } from './rates.ts';
import { type CheapCell, dearerPicoUsd, listPriceOf } from './unbilled-refusal.ts';

/** A row with the day whose price the bill gives it. */
export type BilledByEnd = (row: OurRow) => OurRow;

/**
 * A call that ends after the midnight of a price change costs us what it did when it began. Which price the provider gives it no
 * document says, but its bill does: where that follows from the usage of the day at the price of the day, with nothing over but
 * refusals, it is the price of the end, and ours is the wrong one.
 *
 * @param charges sums by outcome and day of beginning, of every day and model with a charge that is not at the price of its day.
 * @returns what rows of ours are to be priced by: `pricedAtMs` is their own day where the bill has it so.
 */
export function createBilledByEnd(
  cells: readonly CheapCell[],
  charges: readonly OurRow[],
  priceSum: PriceSum,
): BilledByEnd {
  const byEnd = new Set<string>();
  const missing = groupRows(cells, ({ row }) => keyOf(row));
  for (const [key, rows] of groupRows(charges, keyOf)) {
    if (dearerPicoUsd(rows.filter(isOnBill), priceSum) === 0n) continue;
    const missingPicoUsd = (missing.get(key) ?? []).reduce((sum, cell) => sum + cell.missingPicoUsd, 0n);
    const refused = rows.filter((row) => row.status === 'refused');
    if (missingPicoUsd === 0n || -missingPicoUsd === listPriceOf(refused, priceSum)) byEnd.add(key);
  }
  return (row) => (asPriced(row) !== row && byEnd.has(keyOf(row)) ? { ...row, pricedAtMs: row.atMs } : row);
}

function isOnBill({ status, serviceTier }: OurRow): boolean {
  return status !== 'refused' && laneOf(serviceTier) !== 'priority';
}

function keyOf({ atMs, model }: Pick<OurRow, 'atMs' | 'model'>): string {
  return `${dayOf(atMs)} ${model}`;
}
