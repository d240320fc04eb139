import { contractedCostNanoUsd, type NanoUsd, type UsageEvent } from '@tallygate/usage';
import { IMPORTED_PRICE, PRICE_DIFFERS } from './price-row.ts';

export interface ImportTotals {
  /** Records of the file, whatever became of them. */
  records: number;
  /** New in the ledger; of a dry run, what would be. */
  imported: number;
  /** In the ledger before, by an earlier run, another file, or an earlier part of this run. */
  alreadyStored: number;
  /** The same call of the same name, once more in this file. */
  repeated: number;
  rejected: number;
  /** The first of them, for who does not look into the file of all. */
  firstRejected: { line: number; reason: string }[];
  /** Charged by the price in the row. */
  pricedByRow: number;
  /** Charged by the book although the row says otherwise. */
  pricesDiffer: number;
  /** Charged by the policy for models without a price. */
  unpriced: number;
  /** Of what was imported. */
  costNanoUsd: NanoUsd;
  byTeam: Map<string, { rows: number; costNanoUsd: NanoUsd }>;
}

export function noTotals(): ImportTotals {
  const counts = { records: 0, imported: 0, alreadyStored: 0, repeated: 0, rejected: 0 };
  return {
    ...counts,
    firstRejected: [],
    pricedByRow: 0,
    pricesDiffer: 0,
    unpriced: 0,
    costNanoUsd: 0n,
    byTeam: new Map(),
  };
}

const REJECTED_SHOWN = 10;

export function addRejected(totals: ImportTotals, line: number, reason: string): void {
  totals.rejected += 1;
  if (totals.firstRejected.length < REJECTED_SHOWN) totals.firstRejected.push({ line, reason });
}

export function addImported(totals: ImportTotals, event: UsageEvent): void {
  const costNanoUsd = contractedCostNanoUsd(event);
  const flags = event.lines[0]?.flags ?? [];
  totals.imported += 1;
  totals.costNanoUsd += costNanoUsd;
  if (flags.includes(IMPORTED_PRICE)) totals.pricedByRow += 1;
  if (flags.includes(PRICE_DIFFERS)) totals.pricesDiffer += 1;
  if (flags.includes('unpriced')) totals.unpriced += 1;
  const { team } = event.attribution;
  const before = totals.byTeam.get(team) ?? { rows: 0, costNanoUsd: 0n };
  totals.byTeam.set(team, { rows: before.rows + 1, costNanoUsd: before.costNanoUsd + costNanoUsd });
}
