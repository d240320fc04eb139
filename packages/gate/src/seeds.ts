import {
  type Alert,
  type ConfigurationSnapshot,
  longestPeriodMs,
  NANO_USD_MAX,
  type SettledSelection,
  type SettledTotal,
} from '@tallygate/usage';
import { counterKey, type PeriodName, parsePeriodKey } from './keys.ts';
import { unavailable } from './outages.ts';

/** What counters are rebuilt from: the ledger's settlements, summed per budget period. */
export interface GateSeed {
  /** The sequence of settlements continues after it. */
  lastSeq: number;
  totals: SettledTotal[];
  /** How many values the period has whose values were asked for; absent: those that were given. */
  values?: number | undefined;
  /** Thresholds that somebody was told of: nobody is told again. */
  announced?: readonly Pick<Alert, 'key' | 'thresholdPercent'>[];
  /** The last published configuration. Asked for when Redis lost it and no running process remembers a newer one. */
  configuration?: ConfigurationSnapshot;
}

/** What is settled of a part of the budget periods; without a part, of all of budgets without `each`, or of more. */
export type ReadSeed = (selection?: SettledSelection) => Promise<GateSeed>;

/**
 * How long an ended attempt is remembered: within it a repeated settle gets the first number, after it a new one. An hour covers
 * a restart of the process that has to repeat it, at about 400 bytes for each attempt in Redis and 100 in process.
 */
export const DEFAULT_RECORD_GRACE_MS = 3_600_000;

/**
 * So long after its hold an attempt is remembered that nobody ended: one that is forgotten sooner was ended, and does not count
 * again. Few are never ended, so that a week of them costs nothing. `lua/fragments/attempt.lua` states the same.
 */
export const UNENDED_MS = 7 * 24 * 3_600_000;

/** An instant at which the period is surely over. The ledger's keys name no zone, and a counter may only live too long. */
export function periodEndBoundMs(key: string): number {
  const { unit, startMs } = requirePeriod(key);
  return startMs + longestPeriodMs(unit);
}

/**
 * Totals by period key, summed where a key appears twice.
 * @throws TallygateError `TALLYGATE_GATE_UNAVAILABLE` for a key or a sum that cannot be counted: a total that was skipped
 *   would be spent again.
 */
export function totalsByPeriod(totals: readonly SettledTotal[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { key, amount } of totals) {
    requirePeriod(key);
    const sum = (sums.get(key) ?? 0n) + amount;
    if (sum > NANO_USD_MAX || sum < -NANO_USD_MAX)
      throw unavailable(`The ledger's total of ${key} is ${sum}`);
    sums.set(key, sum);
  }
  return sums;
}

/** The period that an announcement names, and the highest threshold that was announced of it, in percent. */
export interface Announced {
  key: string;
  percent: number;
}

/** The last of each counter. */
export function announcedByCounter(announced: GateSeed['announced'] = []): Map<string, Announced> {
  const last = new Map<string, Announced>();
  for (const { key, thresholdPercent: percent } of announced) {
    const known = last.get(counterKey(key));
    const isLater = known === undefined || startIn(key) > startIn(known.key);
    if (isLater || (key === known.key && percent > known.percent))
      last.set(counterKey(key), { key, percent });
  }
  return last;
}

export function startIn(key: string): number {
  return requirePeriod(key).startMs;
}

function requirePeriod(key: string): PeriodName {
  const period = parsePeriodKey(key);
  if (period === null)
    throw unavailable(`The ledger has settlements under "${key}", which is no budget period`);
  return period;
}
