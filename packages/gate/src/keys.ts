import { type Budget, PERIOD_UNITS, type PeriodUnit } from '@tallygate/usage';

/**
 * The only place that spells a key. Two kinds live here: the name of a budget period, which is part of holds, settlements
 * and the ledger, and the names of Redis keys, which nobody else sees.
 */

/** One budget in one calendar period. */
export interface PeriodName {
  budgetId: string;
  unit: PeriodUnit;
  startMs: number;
}

/** `<budget>:<unit>:<period start>`, as in `Hold.entries` and `Settlement.entries`. */
export function periodKey(budget: Pick<Budget, 'id' | 'period'>, startMs: number): string {
  return `${budget.id}:${budget.period}:${startMs}`;
}

const PERIOD_KEY = new RegExp(`^([a-z0-9][a-z0-9.-]{0,62}):(${PERIOD_UNITS.join('|')}):(-?\\d{1,15})$`);

/** False when the text is no period key of this version: a caller must refuse it, never count it elsewhere. */
export function isPeriodKey(key: string): boolean {
  return PERIOD_KEY.test(key);
}

/** Null where `isPeriodKey` is false. */
export function parsePeriodKey(key: string): PeriodName | null {
  const [, budgetId, unit, start] = PERIOD_KEY.exec(key) ?? [];
  if (budgetId === undefined || unit === undefined) return null;
  return { budgetId, unit: unit as PeriodUnit, startMs: Number(start) };
}

export interface RedisKeys {
  /** Epoch, sequence, watermark and the live configuration. Never expires. */
  readonly state: string;
  /** There for a moment after a loss: counters wait for holds that are asserted again. */
  readonly closed: string;
  /** What was done with one attempt. */
  attempt(attemptId: string): string;
  /** Counters of one budget period. */
  budget(periodKey: string): string;
  /** How the attempts of one lease ended. */
  endings(leaseId: string): string;
  /** Leases that may be admitting on one budget. */
  leases(budgetId: string): string;
  /** Owner and end of one message batch. */
  batch(batchId: string): string;
  /** Event ids of its items that were counted. */
  batchItems(batchId: string): string;
}

/**
 * All keys of an organization carry the same hash tag: one slot, so that a reserve over organization, team and feature is
 * one atomic script in a cluster too. The name is percent-encoded, or a brace in it would split the slot.
 */
export function redisKeys(organization: string): RedisKeys {
  const prefix = `tg2:{${encodeURIComponent(organization)}}`;
  return {
    state: `${prefix}:state`,
    closed: `${prefix}:closed`,
    attempt: (attemptId) => `${prefix}:attempt:${attemptId}`,
    budget: (key) => `${prefix}:budget:${key}`,
    endings: (leaseId) => `${prefix}:endings:${leaseId}`,
    leases: (budgetId) => `${prefix}:leases:${budgetId}`,
    batch: (batchId) => `${prefix}:batch:${batchId}`,
    batchItems: (batchId) => `${prefix}:batch-items:${batchId}`,
  };
}
