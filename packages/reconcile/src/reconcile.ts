import { explainBatchTiming } from './batch-timing.ts';
import { createBilledByEnd } from './begun-before.ts';
import type { ComparedDays } from './compare-days.ts';
import { concluded } from './conclusion.ts';
import { explainDark } from './dark-spend.ts';
import { doubtNamelessGuesses, explainMinutes } from './explain-minutes.ts';
import { type OurRow, ourRows, type TheirRow } from './joined-rows.ts';
import { subjectKey } from './own-places.ts';
import { dayOf } from './places.ts';
import { explainPriceVersion } from './price-version.ts';
import type { ReconcileInput } from './reconcile-input.ts';
import type { Reconciliation } from './reconciliation.ts';
import { explainUnbilledRefusals } from './unbilled-refusal.ts';
import { explainWebSearches } from './web-search.ts';

/**
 * Compares what we recorded with what the provider counted and billed. Pure: no clock, no I/O, no order of arrival matters.
 * The causes do not overlap: each looks at rows that no other one explains, so their amounts may be added.
 *
 * @param compared every day of the range. Its findings are added to: it is good for one reconciliation.
 */
export function reconcile(input: ReconcileInput, compared: ComparedDays): Reconciliation {
  const { variances, requests, internalPicoUsd, notes, findings } = compared;
  explainRest(input, compared);
  return concluded(input, { internalPicoUsd, variances, notes, findings, requests, countsTokens: true });
}

/** What days leave is what minutes are asked about. */
function explainRest(input: ReconcileInput, compared: ComparedDays): void {
  const { own, priceSum, cheap, findings } = compared;
  const charged = ourRows(input.charges, 'day', input);
  const asBilled = createBilledByEnd(cheap, charged, priceSum);
  const charges = charged.map(asBilled);
  const pricing = { price: input.price, priceSum };
  explainPriceVersion(charges, priceSum, findings);
  for (const row of compared.darkDays) explainDark('unmetered_hours', row, own, priceSum, findings);
  // Their minutes would show them once more.
  const darkDays = new Set(compared.darkDays.map((row) => `${row.atMs} ${subjectKey(row)}`));
  const isBatchExplained = explainBatchTiming(compared, input, charges, pricing, findings);
  const isSearchExplained = explainWebSearches(compared, findings);
  doubtNamelessGuesses(compared, findings);
  const isExplained = (row: OurRow | TheirRow) => {
    const dayMs = dayOf(row.atMs);
    const place = `${dayMs} ${subjectKey(row)}`;
    const isWhole = darkDays.has(place) || compared.evenDays.has(place);
    return isWhole || isBatchExplained(row, dayMs) || isSearchExplained(row, dayMs);
  };
  explainMinutes(input, compared, { isExplained, asBilled }, findings);
  explainUnbilledRefusals(cheap, charges, priceSum, findings);
}
