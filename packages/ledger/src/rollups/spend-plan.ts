/** Which part of a range is read from whole days, which from whole hours; what both leave is read from rows. */
import type { SpendQuery } from '@tallygate/usage';

const HOUR_S = 3_600;
const DAY_S = 86_400;
/** The engine's DateTime ends in 2106. */
const LAST_SECOND = 2 ** 32 - 1;

/** Unix seconds, each [from, to): days within hours within the range; empty ones begin where they end. */
export interface SpendPlan {
  hourFrom: number;
  hourTo: number;
  dayFrom: number;
  dayTo: number;
}

export function planOf({
  fromMs,
  toMs,
  groupBy,
}: Pick<SpendQuery, 'fromMs' | 'toMs' | 'groupBy'>): SpendPlan {
  const hourFrom = within(Math.ceil(fromMs / (HOUR_S * 1_000)) * HOUR_S);
  const hourTo = Math.max(hourFrom, within(Math.floor(toMs / (HOUR_S * 1_000)) * HOUR_S));
  // A day cannot say which of its hours something was spent in.
  const daysAreTooWide = groupBy.includes('hour');
  const dayFrom = daysAreTooWide ? hourFrom : Math.min(hourTo, Math.ceil(hourFrom / DAY_S) * DAY_S);
  const dayTo = daysAreTooWide ? dayFrom : Math.max(dayFrom, Math.floor(hourTo / DAY_S) * DAY_S);
  return { hourFrom, hourTo, dayFrom, dayTo };
}

export function readsHours(plan: SpendPlan, staleDays: readonly string[]): boolean {
  const isBesideDays = plan.hourFrom < plan.dayFrom || plan.dayTo < plan.hourTo;
  return isBesideDays || (staleDays.length > 0 && plan.hourFrom < plan.hourTo);
}

export function readsRows(
  { fromMs, toMs }: Pick<SpendQuery, 'fromMs' | 'toMs'>,
  { hourFrom, hourTo }: SpendPlan,
  dirtyHours: readonly string[],
): boolean {
  return dirtyHours.length > 0 || fromMs < hourFrom * 1_000 || hourTo * 1_000 < toMs;
}

/** The budget hours whose rows may count: by the budget's time those of the range, by the end of the attempt any. */
export function budgetHours({ fromMs, toMs, by }: Pick<SpendQuery, 'fromMs' | 'toMs' | 'by'>): {
  fromSeconds: number;
  toSeconds: number;
} {
  if (by === 'ended') return { fromSeconds: 0, toSeconds: LAST_SECOND };
  return {
    fromSeconds: within(Math.floor(fromMs / (DAY_S * 1_000)) * DAY_S),
    toSeconds: within(Math.ceil(toMs / (DAY_S * 1_000)) * DAY_S),
  };
}

function within(seconds: number): number {
  return Math.min(Math.max(seconds, 0), LAST_SECOND);
}
