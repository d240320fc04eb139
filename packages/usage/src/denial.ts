import { describeScope } from './budget.ts';
import { isoFromMs } from './clock.ts';
import { TallygateError } from './errors.ts';
import type { Denial, PoolDenial } from './hold.ts';
import { formatAmount, formatBareAmount } from './measure.ts';
import { describeInstant, describePeriod, describeReset, type Period } from './period.ts';
import { isRolling } from './rolling.ts';

/**
 * The gate said no, for a limit or what spends too fast (`TALLYGATE_BUDGET_EXCEEDED`) or a pause (`TALLYGATE_FEATURE_PAUSED`): an expected answer, not
 * a failure. Thrown to the caller before anything is sent to the provider. It is no connection error, so the SDK does not retry it.
 */
export class BudgetExceededError extends TallygateError {
  readonly denial: Denial;

  constructor(denial: Denial) {
    const code = denial.reason === 'paused' ? 'TALLYGATE_FEATURE_PAUSED' : 'TALLYGATE_BUDGET_EXCEEDED';
    super(code, {
      message: describeDenial(denial),
      cure: `Run "tallygate why ${denial.denialId}" for what to do.`,
    });
    this.name = 'BudgetExceededError';
    this.denial = denial;
  }

  /** As loggers and HTTP handlers write errors: amounts as text, since JSON knows no bigint and would throw instead. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, cure, denial } = this;
    const asText = (_field: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
    return { name, code, message, cure, denial: JSON.parse(JSON.stringify(denial, asText)) };
  }
}

/** "Team support has spent $498.20 of $500.00 for October (held $1.90); resets 1 Nov 00:00 Europe/Berlin; this call needs up to $0.42." */
export function describeDenial(denial: Denial): string {
  if (denial.reason === 'paused')
    return `Feature ${denial.scope.feature} is paused until ${isoFromMs(denial.periodEndMs)}.`;
  if (denial.reason === 'velocity') return describeTrip(denial);
  const period: Period = { unit: denial.unit, startMs: denial.periodStartMs, endMs: denial.periodEndMs };
  const scope = describeScope(denial.scope);
  const { measure = 'usd' } = denial;
  return (
    `${scope.charAt(0).toUpperCase()}${scope.slice(1)} has ${measure === 'usd' ? 'spent' : 'used'} ` +
    `${formatBareAmount(denial.spent, measure)} of ${formatAmount(denial.limit, measure)} ` +
    `for ${describePeriod(period, denial.timeZone, { withYear: false })} ` +
    `(held ${formatBareAmount(denial.held, measure)}); ${describeEnd(denial, period)}; ` +
    `this call needs up to ${formatAmount(denial.needed, measure)}${describePool(denial)}.`
  );
}

function describeTrip({ scope, spent, limit, median, retryAtMs, timeZone }: Denial): string {
  const whose = describeScope(scope);
  return (
    `${whose.charAt(0).toUpperCase()}${whose.slice(1)} has spent ${formatAmount(spent, 'usd')} in 5 minutes, ` +
    `more than ${formatAmount(limit, 'usd')} (the median is ${formatAmount(median ?? 0n, 'usd')}); ` +
    `its calls are denied until ${describeInstant(retryAtMs, timeZone)}.`
  );
}

/** A window never begins anew: there is room again as what it holds leaves it, one part after the other. */
function describeEnd({ unit, retryAtMs, timeZone }: Denial, period: Period): string {
  if (!isRolling(unit)) return `resets ${describeReset(period, timeZone)}`;
  return `room again from ${describeInstant(retryAtMs, timeZone)}`;
}

/** ", of which $0.02 is left there and $0.05 in pool shared". */
function describePool({ pool, needed, measure = 'usd' }: Denial): string {
  if (pool === undefined) return '';
  const left = formatAmount(needed - pool.needed, measure);
  return `, of which ${left} is left there and ${formatAmount(leftIn(pool), measure)} in pool ${pool.budgetId}`;
}

/** The most that a call may have needed to be admitted, where nothing else changes: of the budget, and of its pool where it has one. */
export function roomFor(denial: Denial): bigint {
  const { limit, spent, held, needed, pool } = denial;
  if (pool === undefined) return limit - spent - held;
  return needed - pool.needed + leftIn(pool);
}

function leftIn({ limit, spent, held }: PoolDenial): bigint {
  const left = limit - spent - held;
  return left < 0n ? 0n : left;
}

/** Nobody can be charged for the call: no team was named, or the named one is refused. Thrown before the call. */
export class AttributionError extends TallygateError {
  constructor(code: 'TALLYGATE_ATTRIBUTION_MISSING' | 'TALLYGATE_ATTRIBUTION_REFUSED', message: string) {
    super(code, { message });
    this.name = 'AttributionError';
  }
}
