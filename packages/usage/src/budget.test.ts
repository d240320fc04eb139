import { describe, expect, it } from 'vitest';
import { type BudgetScope, budgetCovers, budgetSchema, describeScope } from './budget.ts';

const wire = {
  id: 'support-monthly',
  scope: { team: 'support' },
  period: 'month',
  timeZone: 'Europe/Berlin',
  limitNanoUsd: '500000000000',
  onOutage: 'allow',
};
const budget = budgetSchema.parse(wire);

describe('which calls a budget covers', () => {
  const call = { team: 'support', feature: 'search' };
  const cases: [BudgetScope, boolean, string][] = [
    [{}, true, 'organization'],
    [{ team: 'support' }, true, 'team support'],
    [{ team: 'sales' }, false, 'team sales'],
    [{ feature: 'search' }, true, 'feature search'],
    [{ feature: 'draft' }, false, 'feature draft'],
    [{ team: 'support', feature: 'search' }, true, 'feature search of team support'],
    [{ team: 'support', feature: 'draft' }, false, 'feature draft of team support'],
    [{ team: 'sales', feature: 'search' }, false, 'feature search of team sales'],
  ];

  it.each(cases)('%j: %s, and it is called %j', (scope, covered, name) => {
    expect(budgetCovers({ ...budget, scope }, call)).toBe(covered);
    expect(describeScope(scope)).toBe(name);
  });

  it('is decided by the whole name: "support" does not cover "support-emea"', () => {
    expect(budgetCovers(budget, { team: 'support-emea', feature: 'search' })).toBe(false);
  });
});

describe('a budget on a wire', () => {
  it('keeps its limit exact', () => {
    expect(budget.limitNanoUsd).toBe(500_000_000_000n);
  });

  it.each(['', 'Support', 'a b', 'a:b', '{a}', '-a', 'a'.repeat(64)])(
    'refuses the id %j, which would break keys',
    (id) => {
      expect(budgetSchema.safeParse({ ...wire, id }).success).toBe(false);
    },
  );

  it('refuses a scope it does not know, instead of covering every call', () => {
    expect(budgetSchema.safeParse({ ...wire, scope: { teams: 'support' } }).success).toBe(false);
  });

  it('refuses a time zone that does not exist: at the gate it would stop every call', () => {
    expect(budgetSchema.safeParse({ ...wire, timeZone: 'Mars/Olympus' }).success).toBe(false);
  });
});
