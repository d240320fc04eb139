import { z } from 'zod';
import { ALERT_PERCENT_MAX } from './alert-port.ts';
import type { Attribution } from './attribution.ts';
import { LADDER_STEPS_MAX, ladderStepSchema } from './ladder.ts';
import { formatAmount, measureSchema } from './measure.ts';
import { NANO_USD_MAX, nanoUsdSchema } from './money.ts';
import { periodUnitSchema, timeZoneSchema } from './period.ts';
import { velocitySchema } from './velocity.ts';

/** By what a budget can be limited to some of an organization's calls. */
export const SCOPE_DIMENSIONS = ['team', 'feature', 'environment', 'workflow', 'user', 'model'] as const;

const named = z.string().min(1).optional();

/** Which calls a budget covers: every call of the organization when empty, else those that match all named dimensions. */
export const budgetScopeSchema = z.strictObject({
  team: named,
  feature: named,
  environment: named,
  workflow: named,
  /** The user's pseudonym, as reports show it: a configuration names no person either. */
  user: named,
  /** The requested model, by its plain name. What a fallback or an advisor costs belongs to the call, and so to this model. */
  model: named,
});
export type BudgetScope = z.output<typeof budgetScopeSchema>;

/** Of what a budget can stand for every value by itself. */
export const eachSchema = z.enum(SCOPE_DIMENSIONS);
export type EachDimension = z.output<typeof eachSchema>;

/** What happens to calls of an enforced budget while the gate cannot answer. Denied is never an outage. */
export const outagePolicySchema = z.enum(['allow', 'block', 'allowance']);
export type OutagePolicy = z.output<typeof outagePolicySchema>;

/** enforce: a call that does not fit is denied. observe: it goes on, and that it would have been denied is recorded. */
export const budgetModeSchema = z.enum(['enforce', 'observe']);

/** As much again as the limit. */
export const OVERAGE_BASIS_POINTS_MAX = 10_000;

export const budgetSchema = z.object({
  /** Lower case, digits, dots and dashes: it becomes part of keys. */
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/),
  scope: budgetScopeSchema,
  /**
   * One budget for each value of this dimension that calls of the scope have, all with the same limit. Where one of them is meant,
   * as in a balance, its scope names the value.
   */
  each: eachSchema.optional(),
  period: periodUnitSchema,
  timeZone: timeZoneSchema,
  /** Absent: usd. Another measure is another counter: nothing that was counted is carried over. */
  measure: measureSchema.optional(),
  limit: nanoUsdSchema,
  /** The id of the pool that holds what does not fit on this budget alone. Absent: such a call is denied. */
  pool: z.string().min(1).optional(),
  /** It is a pool: it covers no call itself, and holds for the budgets that name it what they lack. */
  isPool: z.literal(true).optional(),
  /** Absent: enforce. It denies only where its caller enforces, too. */
  mode: budgetModeSchema.optional(),
  /** By how much calls in flight may pass the limit at their worst, in hundredths of a percent of it. Absent: by nothing. */
  overageBasisPoints: z.number().int().min(0).max(OVERAGE_BASIS_POINTS_MAX).optional(),
  onOutage: outagePolicySchema,
  /** With `onOutage: allowance`: what each process may admit in one outage, counted at the worst case. Absent: nothing. */
  allowanceNanoUsd: nanoUsdSchema.optional(),
  /** The same of a budget in another measure, in that. */
  allowance: nanoUsdSchema.optional(),
  /** What is tried, in this order, before a call that does not fit is denied. Absent: it is denied at once. */
  ladder: z.array(ladderStepSchema).max(LADDER_STEPS_MAX).optional(),
  /** At which parts of its limit, in percent, somebody is told; ascending. Absent: at `DEFAULT_ALERTS`. */
  alerts: z.array(z.number().int().min(1).max(ALERT_PERCENT_MAX)).optional(),
  /** A breaker for what spends too fast; of budgets in USD. Absent: there is none. */
  velocity: velocitySchema.optional(),
});
export type Budget = z.output<typeof budgetSchema>;

/** What is spent and what is held at the worst case stay within this: the limit and its overage, rounded down. */
export function hardLimit({
  limit,
  overageBasisPoints = 0,
}: Pick<Budget, 'limit' | 'overageBasisPoints'>): bigint {
  const hard = limit + (limit * BigInt(overageBasisPoints)) / BigInt(OVERAGE_BASIS_POINTS_MAX);
  return hard > NANO_USD_MAX ? NANO_USD_MAX : hard;
}

/** "10%", "0.25%". */
export function describeOverage({ overageBasisPoints = 0 }: Pick<Budget, 'overageBasisPoints'>): string {
  return `${overageBasisPoints / 100}%`;
}

/** "enforced", "enforced, overage 10%, pool shared", "observed"; of a pool "pool". */
export function describeMode(
  budget: Pick<Budget, 'mode' | 'overageBasisPoints' | 'pool' | 'isPool'>,
): string {
  const overage = budget.overageBasisPoints ? `, overage ${describeOverage(budget)}` : '';
  const pool = budget.pool === undefined ? '' : `, pool ${budget.pool}`;
  const mode = isEnforced(budget) ? 'enforced' : 'observed';
  return `${budget.isPool === true ? 'pool' : mode}${overage}${pool}`;
}

export function isEnforced({ mode }: Pick<Budget, 'mode'>): boolean {
  return mode !== 'observe';
}

/** A call as budgets see it. */
export interface BudgetSubject {
  attribution: Pick<Attribution, 'team' | 'feature' | 'environment' | 'workflow' | 'userPseudonym'>;
  /** Plain name of the requested model; a batch may ask for several, and each of their budgets has to cover it. */
  models: readonly string[];
}

/**
 * With `each`, a call without a value is not covered: there is no budget that it could belong to. A pool covers none: it is asked
 * only for what a budget that does lacks.
 */
export function budgetCovers(
  { scope, each, isPool }: Pick<Budget, 'scope' | 'each' | 'isPool'>,
  subject: BudgetSubject,
): boolean {
  if (isPool === true) return false;
  if (each !== undefined && valuesOf(subject, each).length === 0) return false;
  const { attribution, models } = subject;
  const is = (wanted: string | undefined, actual: string | null) => wanted === undefined || wanted === actual;
  return (
    is(scope.team, attribution.team) &&
    is(scope.feature, attribution.feature) &&
    is(scope.environment, attribution.environment) &&
    is(scope.workflow, attribution.workflow) &&
    is(scope.user, attribution.userPseudonym) &&
    (scope.model === undefined || models.includes(scope.model))
  );
}

/** What the call has in a dimension, each value once: none where it names no user, several models for a batch. */
export function valuesOf({ attribution, models }: BudgetSubject, dimension: EachDimension): string[] {
  if (dimension === 'model') return [...new Set(models)];
  const value = dimension === 'user' ? attribution.userPseudonym : attribution[dimension];
  return value ? [value] : [];
}

/** One value's budget of those that a budget with `each` stands for; a budget without is what it is. */
export function budgetOfValue(budget: Budget, value: string): Budget {
  const { each, scope } = budget;
  return each === undefined ? budget : { ...budget, scope: { ...scope, [each]: value } };
}

/** What a budget of the configuration is for a call: itself, with `each` one for each of the call's values, or nothing. */
export function budgetsFor(budget: Budget, subject: BudgetSubject): Budget[] {
  if (!budgetCovers(budget, subject)) return [];
  if (budget.each === undefined) return [budget];
  return valuesOf(subject, budget.each).map((value) => budgetOfValue(budget, value));
}

/** The value of one of the budgets that a budget with `each` stands for; null where it is no such one. */
export function valueOfBudget({ each, scope }: Pick<Budget, 'each' | 'scope'>): string | null {
  return each === undefined ? null : (scope[each] ?? null);
}

/** "each user of team support" for all that a budget with `each` stands for, "calls beyond their budgets" for a pool, else its scope. */
export function describeCover(budget: Pick<Budget, 'each' | 'scope' | 'isPool'>): string {
  const { each, scope, isPool } = budget;
  if (isPool === true) return 'calls beyond their budgets';
  if (each === undefined || valueOfBudget(budget) !== null) return describeScope(scope);
  return Object.keys(scope).length === 0 ? `each ${each}` : `each ${each} of ${describeScope(scope)}`;
}

/** "organization", "team support", "feature ticket-summary of team support", "team support, model claude-opus-5". */
export function describeScope(scope: BudgetScope): string {
  const { team, feature } = scope;
  const both = team !== undefined && feature !== undefined;
  const words = both ? [`feature ${feature} of team ${team}`] : [];
  for (const dimension of SCOPE_DIMENSIONS.slice(both ? 2 : 0))
    if (scope[dimension] !== undefined) words.push(`${dimension} ${scope[dimension]}`);
  return words.join(', ') || 'organization';
}

/** "calls are blocked", "calls are allowed", "calls are allowed, up to $5.00 in each process". */
export function describeOutagePolicy(
  budget: Pick<Budget, 'onOutage' | 'measure' | 'allowanceNanoUsd' | 'allowance'>,
): string {
  const { onOutage, measure = 'usd' } = budget;
  if (onOutage === 'block') return 'calls are blocked';
  const bound =
    onOutage === 'allow' ? '' : `, up to ${formatAmount(allowanceOf(budget), measure)} in each process`;
  return `calls are allowed${bound}`;
}

/** What each process may admit in one outage, in the measure of the budget. */
export function allowanceOf({
  measure = 'usd',
  allowanceNanoUsd = 0n,
  allowance = 0n,
}: Pick<Budget, 'measure' | 'allowanceNanoUsd' | 'allowance'>): bigint {
  return measure === 'usd' ? allowanceNanoUsd : allowance;
}
