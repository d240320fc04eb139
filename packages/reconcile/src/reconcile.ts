import { PICO_USD_PER_NANO_USD, type SpendRow, utcDaysCovering } from '@tallygate/usage';
import { explainBatchTiming } from './batch-timing.ts';
import { type ComparedDays, compareDays } from './compare-days.ts';
import { explainCostTypes } from './cost-types.ts';
import { coverageOf } from './coverage.ts';
import { explainDark } from './dark-spend.ts';
import { explainDiscount } from './discount.ts';
import { doubtNamelessGuesses, explainMinutes } from './explain-minutes.ts';
import { createFindings, type Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { isOnThisBill, type OurRow, ourRows, sumPico, type TheirRow } from './joined-rows.ts';
import { explainOtherTerms, subjectsOf } from './other-terms.ts';
import { subjectKey } from './own-places.ts';
import { dayOf, HOUR_MS } from './places.ts';
import { explainPriceVersion } from './price-version.ts';
import { explainPriorityTier } from './priority-tier.ts';
import type { ReconcileInput } from './reconcile-input.ts';
import type { Caveat, DayState, Reconciliation } from './reconciliation.ts';
import { explainRounding } from './rounding.ts';
import { explainUnbilledRefusals } from './unbilled-refusal.ts';
import { moneyVerdict, tokenVerdict } from './verdicts.ts';
import { explainWebSearches } from './web-search.ts';

/**
 * Compares what we recorded with what the provider counted and billed. Pure: no clock, no I/O, no order of arrival matters.
 * The causes do not overlap: each looks at rows that no other one explains, so their amounts may be added.
 *
 * @param compared of the same days, where `suspectsOf` needed it already.
 */
export function reconcile(input: ReconcileInput, compared = compareDays(input)): Reconciliation {
  const { variances, requests, internalPicoUsd } = compared;
  const findings = createFindings();
  explainAll(input, compared, findings);
  const causes = findings.causes();
  const billedPicoUsd = sumPico(variances.map((line) => line.billedPicoUsd));
  const explainedPicoUsd = sumPico(causes.map((cause) => cause.amountPicoUsd));
  const residualPicoUsd = billedPicoUsd - internalPicoUsd - explainedPicoUsd;
  const { organization, fromMs, toMs, nowMs, tolerancePicoUsd } = input;
  return {
    version: 2,
    organization,
    fromMs,
    toMs,
    createdAtMs: nowMs,
    internalPicoUsd,
    billedPicoUsd,
    variancePicoUsd: billedPicoUsd - internalPicoUsd,
    explainedPicoUsd,
    residualPicoUsd,
    tolerancePicoUsd,
    coverage: coverageOf(input.costs, causes),
    verdicts: {
      tokens: tokenVerdict(variances, findings),
      money: moneyVerdict({ residualPicoUsd, tolerancePicoUsd }, variances),
      requests,
    },
    days: utcDaysCovering(fromMs, toMs).map((day) => ({
      dayMs: day.startMs,
      state: stateOf(day.endMs, nowMs),
    })),
    variances,
    causes,
    ...findings.unexplained(),
    elsewhere: elsewhereOf(input.internal),
    caveats: [...input.caveats, ...unknownCounts(input)],
    freshness: [...(input.freshness ?? [])],
  };
}

/** Days first; what they leave is what minutes are asked about. */
function explainAll(input: ReconcileInput, compared: ComparedDays, findings: Findings): void {
  const { own, priceSum, cheap } = compared;
  const charges = ourRows(input.charges, 'day', input);
  explainRounding(compared, findings);
  explainPriceVersion(charges, priceSum, findings);
  for (const { cause, row } of compared.dark) explainDark(cause, row, own, priceSum, findings);
  const darkDays = new Set(compared.dark.filter(isOfDay).map(({ row }) => `${row.atMs} ${subjectKey(row)}`));
  const isBatchExplained = explainBatchTiming(compared, { price: input.price, priceSum }, findings);
  const isSearchExplained = explainWebSearches(compared, findings);
  for (const place of compared.otherTerms) explainOtherTerms(place, priceSum, findings);
  const evenDays = new Set(
    compared.otherTerms.flatMap((place) => subjectsOf(place).map((subject) => `${place.dayMs} ${subject}`)),
  );
  doubtNamelessGuesses(compared, findings);
  const isExplained = (row: OurRow | TheirRow) => {
    const dayMs = dayOf(row.atMs);
    const place = `${dayMs} ${subjectKey(row)}`;
    const isWhole = darkDays.has(place) || evenDays.has(place);
    return isWhole || isBatchExplained(row, dayMs) || isSearchExplained(row, dayMs);
  };
  explainMinutes(input, compared, isExplained, findings);
  explainUnbilledRefusals(cheap, charges, priceSum, findings);
  explainPriorityTier(compared, findings);
  explainCostTypes(input.costs, findings);
  explainDiscount(input.costs, input.modelName, findings);
}

/** Dark for a day, which its minutes would show once more: they are told by the hour, wider places by themselves. */
function isOfDay({ cause }: ComparedDays['dark'][number]): boolean {
  return cause === 'unmetered_hours';
}

/** The provider calls no figure final; where it speaks of adjustments at all it names thirty days. */
export const FINAL_AFTER_MS = 30 * 24 * HOUR_MS;

function stateOf(dayEndMs: number, nowMs: number): DayState {
  if (nowMs < dayEndMs + HOUR_MS) return 'open';
  return nowMs < dayEndMs + FINAL_AFTER_MS ? 'provisional' : 'settled';
}

function elsewhereOf(rows: readonly SpendRow[]): Reconciliation['elsewhere'] {
  const byBackend = groupRows(
    rows.filter((row) => !isOnThisBill(row)),
    (row) => row.group.backend ?? '',
  );
  return [...byBackend].map(([backend, members]) => ({
    backend,
    listCostPicoUsd: sumPico(members.map((row) => row.listCostNanoUsd * PICO_USD_PER_NANO_USD)),
  }));
}

/** A class of tokens that the provider counts and we have no column for: it is in no difference, so it must be said. */
function unknownCounts({ usage }: ReconcileInput): Caveat[] {
  const totals = new Map<string, number>();
  for (const { rows } of usage) {
    for (const { unknownCounts } of rows)
      for (const name in unknownCounts)
        totals.set(name, (totals.get(name) ?? 0) + (unknownCounts[name] ?? 0));
  }
  return [...totals].map(([name, count]) => ({
    caveat: 'unknown_counts',
    detail: `The provider counts ${count} of "${name}", which this version does not know.`,
  }));
}
