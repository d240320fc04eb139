import {
  type Attribution,
  type Budget,
  budgetCovers,
  type ConfigurationSnapshot,
  type HoldEntry,
  type NanoUsd,
  type Period,
  periodAt,
} from '@tallygate/usage';
import { periodKey } from './keys.ts';

/** A budget in the period that an instant falls into. */
export interface BudgetPeriod {
  budget: Budget;
  key: string;
  periodStartMs: number;
  periodEndMs: number;
}

export type PeriodCalendar = (budget: Budget, instantMs: number) => BudgetPeriod;

/** Names periods. Calendar arithmetic in a zone is slow, so the current period of each (unit, zone) is kept. */
export function createPeriodCalendar(): PeriodCalendar {
  const current = new Map<string, Period>();
  return (budget, instantMs) => {
    const calendar = `${budget.period} ${budget.timeZone}`;
    let period = current.get(calendar);
    if (period === undefined || instantMs < period.startMs || instantMs >= period.endMs) {
      period = periodAt(budget.period, budget.timeZone, instantMs);
      current.set(calendar, period);
    }
    const { startMs, endMs } = period;
    return { budget, key: periodKey(budget, startMs), periodStartMs: startMs, periodEndMs: endMs };
  };
}

/** Every budget that covers the attribution, in the order of the configuration, in its period at the instant. */
export function coveringPeriods(
  calendar: PeriodCalendar,
  snapshot: ConfigurationSnapshot,
  attribution: Attribution,
  instantMs: number,
): BudgetPeriod[] {
  return snapshot.budgets
    .filter((budget) => budgetCovers(budget, attribution))
    .map((budget) => calendar(budget, instantMs));
}

/** The part of a hold on one budget: from here on its period is pinned. */
export function holdEntry(period: BudgetPeriod, expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): HoldEntry {
  const { key, periodStartMs, periodEndMs } = period;
  return { key, expectedNanoUsd, worstNanoUsd, periodStartMs, periodEndMs };
}
