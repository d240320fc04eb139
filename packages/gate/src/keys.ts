import { createHash } from 'node:crypto';
import {
  type Budget,
  type BudgetName,
  MEASURES,
  type Measure,
  PERIOD_UNITS,
  type PeriodUnit,
  valueOfBudget,
} from '@tallygate/usage';

/**
 * The only place that spells a key. Two kinds live here: the name of a budget period, which is part of holds, settlements
 * and the ledger, and the names of Redis keys, which nobody else sees.
 */

/** One budget in one calendar period, or in one part of its rolling window. */
export interface PeriodName {
  budgetId: string;
  unit: PeriodUnit;
  startMs: number;
  /** Of a budget with `each`, whose it is: a long value in the short form, which names the same budget. */
  value: string | null;
}

/**
 * `<budget>:<unit>:<period start>`, as in `Hold.entries` and `Settlement.entries`; with `:<value>` behind it for one value's of a
 * budget with `each`. What is not in USD has its measure before the unit: `<budget>:tokens.month:<period start>`.
 */
export function periodKey(
  budget: Pick<Budget, 'id' | 'measure' | 'period' | 'each' | 'scope'>,
  startMs: number,
): string {
  const { id, measure = 'usd', period } = budget;
  const unit = measure === 'usd' ? period : `${measure}.${period}`;
  return `${id}:${unit}:${startMs}${suffixOf(valueOfBudget(budget))}`;
}

/** What the amounts under a period key are in. Pinned by its name: a budget that changes its measure begins another counter. */
export function measureOf(key: string): Measure {
  const unitAt = key.indexOf(':') + 1;
  for (const [measure, mark] of MARKS) if (key.startsWith(mark, unitAt)) return measure;
  return 'usd';
}

const MARKS = MEASURES.map((measure) => [measure, `${measure}.`] as const);

/** A budget whatever the period: its id, with `:<value>` behind it for one value's of a budget with `each`. */
export function budgetKey(budget: Pick<Budget, 'id' | 'each' | 'scope'>): string {
  return `${budget.id}${suffixOf(valueOfBudget(budget))}`;
}

/** That of the budget which a period is of. */
export function budgetKeyIn(periodKeyText: string): string {
  // Asked of every budget that is charged: not taken apart, since most have no value.
  const unitAt = periodKeyText.indexOf(':');
  const startAt = periodKeyText.indexOf(':', unitAt + 1);
  const valueAt = periodKeyText.indexOf(':', startAt + 1);
  const budgetId = periodKeyText.slice(0, unitAt);
  return valueAt === -1 ? budgetId : budgetId + periodKeyText.slice(valueAt);
}

/** What an alert of a breaker names in the place of a period: its budget, and when it tripped. */
export function tripKey(budget: string, atMs: number): string {
  const [budgetId, ...value] = budget.split(':');
  return [budgetId, TRIP_UNIT, atMs, ...value].join(':');
}

/** Null for any other key. */
export function budgetOfTrip(key: string): BudgetName | null {
  return key.split(':')[1] === TRIP_UNIT ? parseBudgetKey(budgetKeyIn(key)) : null;
}

const TRIP_UNIT = 'velocity';

/** Without the value: the period that the counters of all values share. */
export function withoutValue(periodKeyText: string): string {
  return periodKeyText.split(':').slice(0, 3).join(':');
}

/** The budget that such a key stands for. */
export function parseBudgetKey(key: string): BudgetName {
  const [budgetId = '', value] = key.split(':');
  return value === undefined ? { budgetId } : { budgetId, value: decodeURIComponent(value) };
}

function suffixOf(value: string | null): string {
  return value === null ? '' : `:${encoded(value)}`;
}

/** Where a period is counted: by itself; a part of a rolling window with all the others, under a name that stays. */
export function counterKey(periodKeyText: string): string {
  return partKey(periodKeyText, 0);
}

/** The part of the same window that begins then; a period of the calendar stays as it is. */
export function partKey(periodKeyText: string, partStartMs: number): string {
  // Asked of every key that is counted: most can be told without taking them apart.
  if (!periodKeyText.includes('rolling-')) return periodKeyText;
  return periodKeyText.replace(/^([^:]+:(?:[a-z]+\.)?rolling-[^:]+):-?\d+/, `$1:${partStartMs}`);
}

const LONGEST_VALUE = 240;
/** Characters of a long value that stay readable; at twelve bytes each they fit. */
const READABLE = 16;

/**
 * Values are whatever callers write, and keys are joined by signs of their own. What is too long is its beginning and a digest of all:
 * a text that nothing else has, and that stays as it is when it is read from a key and written again.
 */
function encoded(value: string): string {
  const whole = percentEncoded(value);
  if (whole.length <= LONGEST_VALUE) return whole;
  const digest = createHash('sha256').update(value).digest('base64url').slice(0, 22);
  return percentEncoded(`${[...value].slice(0, READABLE).join('')}~${digest}`);
}

/** Through UTF-8, where half a surrogate pair, which no percent sign can stand for, is replaced. */
function percentEncoded(value: string): string {
  return encodeURIComponent(Buffer.from(value).toString());
}

const VALUE = `(?:[\\w.!~*'()-]|%[\\dA-F]{2}){1,${LONGEST_VALUE}}`;
const PERIOD_KEY = new RegExp(
  `^([a-z0-9][a-z0-9.-]{0,62}):(?:(?:tokens|requests)\\.)?(${PERIOD_UNITS.join('|')}|rolling-[1-9]\\d{0,5}m):(-?\\d{1,15})(?::(${VALUE}))?$`,
);

/** False when the text is no period key of this version: a caller must refuse it, never count it elsewhere. */
export function isPeriodKey(key: string): boolean {
  return parsePeriodKey(key) !== null;
}

/** Null where `isPeriodKey` is false. */
export function parsePeriodKey(key: string): PeriodName | null {
  const [, budgetId, unit, start, value] = PERIOD_KEY.exec(key) ?? [];
  if (budgetId === undefined || unit === undefined) return null;
  const name = { budgetId, unit: unit as PeriodUnit, startMs: Number(start) };
  if (value === undefined) return { ...name, value: null };
  try {
    return { ...name, value: decodeURIComponent(value) };
  } catch {
    return null;
  }
}

export interface RedisKeys {
  /** Epoch, sequence, watermark and the live configuration. Never expires. */
  readonly state: string;
  /** There for a moment after a loss: counters wait for holds that are asserted again. */
  readonly closed: string;
  /** Thresholds that were reached and that somebody has to be told of. */
  readonly outbox: string;
  /** What was done with one attempt. */
  attempt(attemptId: string): string;
  /** Counters of one budget period. */
  budget(periodKey: string): string;
  /** How fast one budget is spent. */
  pace(budgetKey: string): string;
  /** How the attempts of one lease ended. */
  endings(leaseId: string): string;
  /** Leases that may be admitting on one budget. */
  leases(budgetKey: string): string;
  /** Owner and end of one message batch. */
  batch(batchId: string): string;
  /** Event ids of its items that were counted. */
  batchItems(batchId: string): string;
}

/** Counted up with every change that older versions cannot read. */
const LAYOUT = 'tg4';

/** States of all organizations, in every layout, as `SCAN` takes it. */
export const STATE_KEYS = 'tg*:{*}:state';

/** Null for a key that is no state. */
export function parseStateKey(
  key: string,
): { organization: string; layout: string; isOurLayout: boolean } | null {
  const [, layout, encodedName] = /^(tg\d+):\{([^{}]+)\}:state$/.exec(key) ?? [];
  if (layout === undefined || encodedName === undefined) return null;
  try {
    return { organization: decodeURIComponent(encodedName), layout, isOurLayout: layout === LAYOUT };
  } catch {
    return null;
  }
}

/**
 * All keys of an organization carry the same hash tag: one slot, so that a reserve over organization, team and feature is
 * one atomic script in a cluster too. The name is percent-encoded, or a brace in it would split the slot.
 */
export function redisKeys(organization: string): RedisKeys {
  const prefix = `${LAYOUT}:{${encodeURIComponent(organization)}}`;
  return {
    state: `${prefix}:state`,
    closed: `${prefix}:closed`,
    outbox: `${prefix}:outbox`,
    attempt: (attemptId) => `${prefix}:attempt:${attemptId}`,
    budget: (key) => `${prefix}:budget:${counterKey(key)}`,
    pace: (budget) => `${prefix}:pace:${budget}`,
    endings: (leaseId) => `${prefix}:endings:${leaseId}`,
    leases: (budget) => `${prefix}:leases:${budget}`,
    batch: (batchId) => `${prefix}:batch:${batchId}`,
    batchItems: (batchId) => `${prefix}:batch-items:${batchId}`,
  };
}
