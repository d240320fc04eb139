import { budgetOfTrip, measureOf, parsePeriodKey } from '@tallygate/gate';
import {
  type Alert,
  alertId,
  amountFields,
  type Budget,
  type BudgetScope,
  budgetOfValue,
  type ConfigurationSnapshot,
  describePeriod,
  describeReset,
  describeScope,
  formatAmount,
  formatBareAmount,
  isEnforced,
  isoFromMs,
  isRolling,
  periodAt,
  valueOfBudget,
} from '@tallygate/usage';

/**
 * Exact: what was spent and the limit, with the grants in force, when the threshold was reached; in what the budget is in: `spentUsd`
 * and `limitUsd`, or `spentTokens` …
 */
type AlertAmounts = Partial<Record<`${'spent' | 'limit'}${'Usd' | 'Tokens' | 'Requests'}`, string>>;

/** A budget has reached a threshold: what somebody is told, in numbers and in words. */
export interface BudgetAlert extends AlertAmounts {
  /** The same for every repetition of this alert, so that a repetition can be told from another one. */
  id: string;
  organization: string;
  budget: string;
  /** Whose calls the budget covers, one value's for a budget with `each`; null where the budget is gone. */
  scope: BudgetScope | null;
  thresholdPercent: number;
  /** ISO 8601, UTC. */
  reachedAt: string;
  /** A sentence or two for people: what happened, until when, and what to type. */
  text: string;
}

export function budgetAlert(alert: Alert, { budgets }: Pick<ConfigurationSnapshot, 'budgets'>): BudgetAlert {
  const name = parsePeriodKey(alert.key);
  const trip = budgetOfTrip(alert.key);
  const id = name?.budgetId ?? trip?.budgetId ?? alert.key;
  const filed = budgets.find((candidate) => candidate.id === id) ?? null;
  const value = name?.value ?? trip?.value ?? null;
  const budget = filed === null || value === null ? filed : budgetOfValue(filed, value);
  return {
    id: alertId(alert),
    organization: alert.organization,
    budget: id,
    scope: budget?.scope ?? null,
    thresholdPercent: alert.thresholdPercent,
    ...amountFields({ spent: alert.spent, limit: alert.limit }, measureOf(alert.key)),
    reachedAt: isoFromMs(alert.crossedAtMs),
    text: sentenceOf(alert, id, budget, name?.startMs ?? null),
  };
}

function sentenceOf(alert: Alert, id: string, budget: Budget | null, startMs: number | null): string {
  if (budgetOfTrip(alert.key) !== null) return tripText(alert, id, budget);
  return budget === null || startMs === null ? goneText(alert, id) : textOf(alert, budget, startMs);
}

function tripText(alert: Alert, id: string, budget: Budget | null): string {
  const { spent, limit, crossedAtMs } = alert;
  const untilMs = crossedAtMs + (budget?.velocity?.pauseMinutes ?? 0) * 60_000;
  const denied = budget !== null && isEnforced(budget) && budget.velocity !== undefined;
  return (
    `Budget ${id}${budget === null ? '' : ` (${describeScope(budget.scope)})`} was spent too fast: ` +
    `${formatAmount(spent, 'usd')} in 5 minutes, more than ${formatAmount(limit, 'usd')}.` +
    `${denied ? ` Where budgets are enforced, its calls are denied until ${isoFromMs(untilMs)}.` : ''} ` +
    `"tallygate top --last 1h" shows who spends.`
  );
}

function textOf(alert: Alert, budget: Budget, startMs: number): string {
  const { timeZone } = budget;
  const period = periodAt(budget.period, timeZone, startMs);
  const scope = budget.isPool === true ? `pool ${budget.id}` : describeScope(budget.scope);
  const value = valueOfBudget(budget);
  const named = value === null ? budget.id : `${budget.id} --value ${JSON.stringify(value)}`;
  const whose = `${scope.charAt(0).toUpperCase()}${scope.slice(1)}`;
  return (
    `${whose} has ${verb(alert)} ${amounts(alert)} for ${describePeriod(period, timeZone)}: ` +
    `${alert.thresholdPercent} % of budget ${budget.id} is reached. ` +
    `It resets ${describeReset(period, timeZone)}.${consequence(alert, budget)} ` +
    `"tallygate top" shows who spends; ` +
    `"tallygate budgets grant ${named} --amount <${measureOf(alert.key)}> --for 4h --reason <why>" raises it for a time.`
  );
}

function consequence({ thresholdPercent }: Alert, budget: Budget): string {
  if (thresholdPercent < 100 || !isEnforced(budget)) return '';
  const until = isRolling(budget.period) ? 'there is room again' : 'then';
  if (budget.isPool === true)
    return ` Where budgets are enforced, calls that do not fit on one of its own are denied until ${until}.`;
  return budget.pool === undefined
    ? ` Where budgets are enforced, its calls are denied until ${until}.`
    : ` What its calls need beyond that is held on pool ${budget.pool} until ${until}.`;
}

function goneText(alert: Alert, id: string): string {
  return `Budget ${id}, which is configured no longer, has ${verb(alert)} ${amounts(alert)}: ${alert.thresholdPercent} % is reached.`;
}

function verb({ key }: Alert): string {
  return measureOf(key) === 'usd' ? 'spent' : 'used';
}

function amounts({ key, spent, limit }: Alert): string {
  const measure = measureOf(key);
  return `${formatBareAmount(spent, measure)} of ${formatAmount(limit, measure)}`;
}
