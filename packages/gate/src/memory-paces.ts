import type { BudgetPeriod } from './budget-periods.ts';
import { type Refusal, refusalOfTrip } from './denials.ts';
import { budgetKey, budgetKeyIn, tripKey } from './keys.ts';
import type { MemoryState } from './memory-state.ts';
import { chargePace, newPace, PACE_KEPT_MS, runningTrip } from './pace.ts';
import { hasBreaker, stepsOf } from './thresholds.ts';

/** Breakers in process. `lua/settle.lua` and `lua/reserve.lua` do the same. */

/** Counts a charge where its budget has a breaker, and tells of the trip that it brings about. */
export function chargePaceOf(state: MemoryState, key: string, amount: bigint, nowMs: number): void {
  const { live, organization, paces, outbox } = state;
  const velocity = amount > 0n && hasBreaker(live, key) ? stepsOf(live, key)[0]?.velocity : null;
  if (!velocity) return;
  const budget = budgetKeyIn(key);
  const pace = paces.get(budget) ?? newPace();
  const trip = chargePace(pace, velocity, amount, nowMs);
  paces.put(budget, pace, Math.max(nowMs + PACE_KEPT_MS, pace.trip?.untilMs ?? 0));
  if (trip === null) return;
  const { spent, threshold: limit } = trip;
  const alert = { organization, key: tripKey(budget, nowMs), thresholdPercent: 100, spent, limit };
  outbox.push({ ...alert, crossedAtMs: nowMs });
}

/** Of a budget whose breaker denies. */
export function paceRefusal(
  { paces }: MemoryState,
  period: BudgetPeriod,
  needed: bigint,
  nowMs: number,
): Refusal | null {
  const pace = period.budget.velocity === undefined ? undefined : paces.get(budgetKey(period.budget));
  const trip = pace === undefined ? null : runningTrip(pace, nowMs);
  return trip === null ? null : refusalOfTrip(period, trip, needed);
}
