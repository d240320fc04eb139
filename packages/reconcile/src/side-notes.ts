import { PICO_USD_PER_NANO_USD, type PicoUsd } from '@tallygate/usage';
import { isOnThisBill } from './joined-rows.ts';
import type { DaySides } from './reconcile-input.ts';
import type { Caveat, Reconciliation } from './reconciliation.ts';
import { addUnknownCounts } from './unknown-counts.ts';

/** What one side says of itself, whatever the other says. */
export interface SideNotes {
  add(sides: DaySides): void;
  /** The bill before discount. */
  listPicoUsd(): PicoUsd;
  /** Rows of ours that are on other bills. */
  elsewhere(): Reconciliation['elsewhere'];
  /** A class of tokens that the provider counts and we have no column for: it is in no difference, so it must be said. */
  unknownCounts(): Caveat[];
}

/** @param backend whose bill it is; the provider's own unless it is named. */
export function createSideNotes(backend?: string): SideNotes {
  let listPicoUsd = 0n;
  const elsewhere = new Map<string, PicoUsd>();
  const unknown = new Map<string, number>();
  return {
    add({ internal, usage, costs }) {
      for (const { rows } of costs)
        for (const row of rows) listPicoUsd += row.listAmountPicoUsd ?? row.amountPicoUsd;
      for (const row of internal) {
        if (isOnThisBill(row, backend)) continue;
        const other = row.group.backend ?? '';
        const costPicoUsd = row.listCostNanoUsd * PICO_USD_PER_NANO_USD;
        elsewhere.set(other, (elsewhere.get(other) ?? 0n) + costPicoUsd);
      }
      addUnknownCounts(unknown, usage);
    },
    listPicoUsd: () => listPicoUsd,
    elsewhere: () => [...elsewhere].map(([other, listCostPicoUsd]) => ({ backend: other, listCostPicoUsd })),
    unknownCounts: () =>
      [...unknown].map(([name, count]) => ({
        caveat: 'unknown_counts',
        detail: `The provider counts ${count} of "${name}", which this version does not know.`,
      })),
  };
}
