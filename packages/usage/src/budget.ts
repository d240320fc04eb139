import { z } from 'zod';
import type { Attribution } from './attribution.ts';
import { nanoUsdSchema } from './money.ts';
import { periodUnitSchema, timeZoneSchema } from './period.ts';

/** Which calls a budget covers: every call of the organization when empty, else those that match all named dimensions. */
export const budgetScopeSchema = z.strictObject({
  team: z.string().min(1).optional(),
  feature: z.string().min(1).optional(),
});
export type BudgetScope = z.output<typeof budgetScopeSchema>;

/** What happens to calls of an enforced budget while the gate cannot answer. Denied is never an outage. */
export const outagePolicySchema = z.enum(['allow', 'block']);
export type OutagePolicy = z.output<typeof outagePolicySchema>;

export const budgetSchema = z.object({
  /** Lower case, digits, dots and dashes: it becomes part of keys. */
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/),
  scope: budgetScopeSchema,
  period: periodUnitSchema,
  timeZone: timeZoneSchema,
  limitNanoUsd: nanoUsdSchema,
  onOutage: outagePolicySchema,
});
export type Budget = z.output<typeof budgetSchema>;

export function budgetCovers(budget: Budget, attribution: Pick<Attribution, 'team' | 'feature'>): boolean {
  const { team, feature } = budget.scope;
  return (
    (team === undefined || team === attribution.team) &&
    (feature === undefined || feature === attribution.feature)
  );
}

/** "organization", "team support", "feature ticket-summary of team support". */
export function describeScope(scope: BudgetScope): string {
  if (scope.feature !== undefined)
    return `feature ${scope.feature}${scope.team === undefined ? '' : ` of team ${scope.team}`}`;
  return scope.team === undefined ? 'organization' : `team ${scope.team}`;
}
