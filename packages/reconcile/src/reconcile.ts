import { PICO_USD_PER_NANO_USD, type SpendRow, utcDaysCovering } from '@tallygate/usage';
import { abortedEstimateFindings } from './aborted-estimate.ts';
import { causeOf } from './evidence.ts';
import { groupRows } from './group-rows.ts';
import { isOnThisBill, ourRows, sumPico, theirRows } from './joined-rows.ts';
import type { ReconcileInput } from './reconcile-input.ts';
import type { Caveat, DayState, Reconciliation } from './reconciliation.ts';
import { variancesOf } from './variances.ts';
import { moneyVerdict, tokenVerdict } from './verdicts.ts';
import {
  discountEvidence,
  priorityEvidence,
  roundingEvidence,
  unmeteredKeyFindings,
  unmeteredProductEvidence,
} from './whole-day-causes.ts';

/**
 * Compares what we recorded with what the provider counted and billed. Pure: no clock, no I/O, no order of arrival matters.
 * The causes do not overlap: each looks at rows that no other one explains, so their amounts may be added.
 */
export function reconcile(input: ReconcileInput): Reconciliation {
  const ours = ourRows(input.internal, 'day', input);
  const theirs = theirRows(input.usage, input);
  const aborted = abortedEstimateFindings(input);
  const unmetered = unmeteredKeyFindings(ours, theirs, input.price);
  const causes = [
    causeOf('aborted_estimate', aborted.evidence),
    causeOf('discount', discountEvidence(input.costs, input.modelName)),
    causeOf('priority_tier', priorityEvidence(ours)),
    causeOf('rounding', roundingEvidence(ours)),
    causeOf('unmetered_key', unmetered.evidence),
    causeOf('unmetered_product', unmeteredProductEvidence(input.costs)),
  ].filter((cause) => cause !== null);
  const variances = variancesOf({ ours, theirs, costs: input.costs, modelName: input.modelName });
  const internalPicoUsd = sumPico(ours.map((row) => row.chargedPicoUsd));
  const billedPicoUsd = sumPico(input.costs.flatMap(({ rows }) => rows.map((row) => row.amountPicoUsd)));
  const explainedPicoUsd = sumPico(causes.map((cause) => cause.amountPicoUsd));
  const residualPicoUsd = billedPicoUsd - internalPicoUsd - explainedPicoUsd;
  const { organization, fromMs, toMs, nowMs, tolerancePicoUsd } = input;
  return {
    version: 1,
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
    verdicts: {
      tokens: tokenVerdict(variances, causes),
      money: moneyVerdict({ residualPicoUsd, tolerancePicoUsd }, variances),
    },
    days: utcDaysCovering(fromMs, toMs).map((day) => ({
      dayMs: day.startMs,
      state: stateOf(day.endMs, nowMs),
    })),
    variances,
    causes,
    unexplained: [...aborted.unexplained, ...unmetered.unexplained],
    elsewhere: elsewhereOf(input.internal),
    caveats: [...input.caveats, ...unknownCounts(input)],
    freshness: input.freshness ?? [],
  };
}

const HOUR_MS = 3_600_000;
/** The provider calls no figure final; where it speaks of adjustments at all it names thirty days. */
const SETTLED_AFTER_MS = 30 * 24 * HOUR_MS;

function stateOf(dayEndMs: number, nowMs: number): DayState {
  if (nowMs < dayEndMs + HOUR_MS) return 'open';
  return nowMs < dayEndMs + SETTLED_AFTER_MS ? 'provisional' : 'settled';
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
  for (const row of usage.flatMap(({ rows }) => rows)) {
    for (const [name, count] of Object.entries(row.unknownCounts)) {
      totals.set(name, (totals.get(name) ?? 0) + count);
    }
  }
  return [...totals].map(([name, count]) => ({
    caveat: 'unknown_counts',
    detail: `The provider counts ${count} of "${name}", which this version does not know.`,
  }));
}
