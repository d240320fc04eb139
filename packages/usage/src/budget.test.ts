import { describe, expect, it } from 'vitest';
import {
  type BudgetScope,
  type BudgetSubject,
  budgetCovers,
  budgetSchema,
  describeMode,
  describeScope,
  hardLimit,
} from './budget.ts';
import { NANO_USD_MAX } from './money.ts';

const wire = {
  id: 'support-monthly',
  scope: { team: 'support' },
  period: 'month',
  timeZone: 'Europe/Berlin',
  limit: '500000000000',
  onOutage: 'allow',
};
const budget = budgetSchema.parse(wire);

describe('which calls a budget covers', () => {
  const call: BudgetSubject = {
    attribution: {
      team: 'support',
      feature: 'search',
      environment: 'production',
      workflow: 'triage',
      userPseudonym: 'pseudonym-of-u-42',
    },
    models: ['claude-opus-5', 'claude-haiku-5'],
  };
  const cases: [BudgetScope, boolean, string][] = [
    [{}, true, 'organization'],
    [{ team: 'support' }, true, 'team support'],
    [{ team: 'sales' }, false, 'team sales'],
    [{ feature: 'search' }, true, 'feature search'],
    [{ feature: 'draft' }, false, 'feature draft'],
    [{ team: 'support', feature: 'search' }, true, 'feature search of team support'],
    [{ team: 'support', feature: 'draft' }, false, 'feature draft of team support'],
    [{ team: 'sales', feature: 'search' }, false, 'feature search of team sales'],
    [{ environment: 'production' }, true, 'environment production'],
    [{ environment: 'staging' }, false, 'environment staging'],
    [{ workflow: 'triage' }, true, 'workflow triage'],
    [{ workflow: 'nightly' }, false, 'workflow nightly'],
    [{ user: 'pseudonym-of-u-42' }, true, 'user pseudonym-of-u-42'],
    [{ user: 'u-42' }, false, 'user u-42'],
    [{ model: 'claude-opus-5' }, true, 'model claude-opus-5'],
    [{ model: 'claude-haiku-5' }, true, 'model claude-haiku-5'],
    [{ model: 'claude-opus' }, false, 'model claude-opus'],
    [
      { team: 'support', feature: 'search', environment: 'production', model: 'claude-opus-5' },
      true,
      'feature search of team support, environment production, model claude-opus-5',
    ],
    [{ team: 'support', model: 'claude-sonnet-5' }, false, 'team support, model claude-sonnet-5'],
  ];

  it.each(cases)('%j: %s, and it is called %j', (scope, covered, name) => {
    expect(budgetCovers({ scope }, call)).toBe(covered);
    expect(describeScope(scope)).toBe(name);
  });

  it('is decided by the whole name: "support" does not cover "support-emea"', () => {
    const emea = { ...call, attribution: { ...call.attribution, team: 'support-emea' } };
    expect(budgetCovers(budget, emea)).toBe(false);
  });

  it('leaves out a call that names no user or workflow where the budget is for one', () => {
    const anonymous = { ...call, attribution: { ...call.attribution, workflow: null, userPseudonym: null } };
    expect(budgetCovers({ scope: { user: 'pseudonym-of-u-42' } }, anonymous)).toBe(false);
    expect(budgetCovers({ scope: { workflow: 'triage' } }, anonymous)).toBe(false);
    expect(budgetCovers({ scope: {} }, anonymous)).toBe(true);
  });
});

describe('an overage', () => {
  it('is part of the limit, rounded down, and never more than a counter holds', () => {
    expect(hardLimit({ limit: 1_000n })).toBe(1_000n);
    expect(hardLimit({ limit: 999n, overageBasisPoints: 1_205 })).toBe(1_119n);
    expect(hardLimit({ limit: NANO_USD_MAX, overageBasisPoints: 1 })).toBe(NANO_USD_MAX);
  });

  it('is told with the mode', () => {
    expect(describeMode({})).toBe('enforced');
    expect(describeMode({ mode: 'observe', overageBasisPoints: 25 })).toBe('observed, overage 0.25%');
  });
});

describe('a budget on a wire', () => {
  it('keeps its limit exact', () => {
    expect(budget.limit).toBe(500_000_000_000n);
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
