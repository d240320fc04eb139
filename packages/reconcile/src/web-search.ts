import type { ComparedDays, DifferingDay } from './compare-days.ts';
import type { Findings } from './findings.ts';
import { laneOf, type OurRow, type TheirRow } from './joined-rows.ts';
import { subjectKey } from './own-places.ts';
import { wholeDay } from './places.ts';
import type { PriceSum } from './rates.ts';
import { countsBy, isOnlySearched, NO_TOKENS } from './token-counts.ts';

/** Equal in every token, and the usage report counts other searches than the answers showed: a fee each, whatever the call. */
export function isOnlySearches({ difference, lines }: DifferingDay): boolean {
  // Equal in sum is not enough: tokens on other terms cost something else.
  return isOnlySearched(difference) && lines.every((line) => isOnlySearched(line.difference));
}

/** @returns which days it explains: no minute of them is asked again. */
export function explainWebSearches(
  { differing, priceSum }: ComparedDays,
  findings: Findings,
): (row: OurRow | TheirRow, dayMs: number) => boolean {
  const explained = new Set<string>();
  for (const day of differing.filter(isOnlySearches)) {
    if (day.apiKeyId === null || laneOf(day.serviceTier) === 'priority') continue;
    const amountPicoUsd = feeOf(day, priceSum);
    const { dayMs, model, apiKeyId, difference } = day;
    const place = { ...wholeDay(dayMs), model, apiKeyId, attempts: 0 };
    explained.add(`${dayMs} ${subjectKey(day)}`);
    if (amountPicoUsd === null) findings.doubt({ cause: 'web_search', reason: 'price_ambiguous', ...place });
    else
      findings.explain('web_search', {
        ...place,
        workspaceId: null,
        description: null,
        charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
        actual: { tokens: difference, amountPicoUsd },
      });
  }
  return (row, dayMs) => explained.has(`${dayMs} ${subjectKey(row)}`);
}

function feeOf({ dayMs, model, serviceTier, difference }: DifferingDay, priceSum: PriceSum): bigint | null {
  const searches = countsBy((tokenClass) =>
    tokenClass === 'webSearchRequests' ? difference[tokenClass] : 0,
  );
  const terms = {
    atMs: dayMs,
    model,
    serviceTier,
    inferenceGeo: null,
    speed: null,
    promptBand: 'standard' as const,
  };
  return priceSum(terms, searches);
}
