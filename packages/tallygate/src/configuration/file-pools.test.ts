import { emptyConfiguration, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { budgetsYaml } from './budgets-yaml.ts';
import { parseConfigurationYaml } from './file.ts';
import { describePlan, planChanges } from './plan.ts';

const POOLS = 'pools: [{ id: shared, limit: { usd: "100" }, period: month, overage: 10%, alerts: [50] }]';

const fileWith = (budget: string, pools = POOLS) =>
  parseConfigurationYaml(
    `version: 1\nbudgets: [{ id: support, period: day, ${budget} }]\n${pools}`,
    'tallygate.yaml',
  );

function refusal(budget: string, pools?: string): string {
  try {
    fileWith(budget, pools);
  } catch (error) {
    if (TallygateError.isInstance(error)) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${budget}`);
}

describe('pools in tallygate.yaml', () => {
  const desired = fileWith('limit: { usd: "5" }, pool: shared');

  it('stand beside the budgets that name them, with a limit and a period of their own', () => {
    const common = { scope: {}, timeZone: 'UTC', onOutage: 'block' };
    expect(desired.budgets).toEqual([
      { ...common, id: 'support', period: 'day', limit: 5_000_000_000n, pool: 'shared' },
      {
        ...{ ...common, id: 'shared', isPool: true, period: 'month', limit: 100_000_000_000n },
        ...{ overageBasisPoints: 1_000, alerts: [50] },
      },
    ]);
  });

  it('are planned as what they are', () => {
    const live = emptyConfiguration('acme');
    const plan = planChanges(live, desired);
    expect(describePlan(plan)).toEqual([
      '+ budget support',
      '    $5.00 per day (UTC) for organization; enforced, pool shared; in an outage calls are blocked',
      '+ pool shared',
      '    $100.00 per month (UTC) for calls beyond their budgets; pool, overage 10%; alerts at 50 % of the limit',
    ]);
    const without = planChanges(plan.after, fileWith('limit: { usd: "5" }', ''));
    expect(describePlan(without)).toEqual([
      '~ budget support',
      '    mode: enforced, pool shared → enforced',
      '- pool shared',
      '    $100.00 per month (UTC) for calls beyond their budgets; pool, overage 10%; alerts at 50 % of the limit',
      '    What it has spent stays in the ledger; nothing is denied by it any more.',
    ]);
  });

  it('are written back as they were read', () => {
    const text = budgetsYaml({ teams: [] }, desired.budgets);
    expect(parseConfigurationYaml(text, 'suggested.yaml').budgets).toEqual(desired.budgets);
  });

  it.each([
    [
      'limit: { usd: "5" }, pool: sharde',
      undefined,
      'budgets[0].pool "sharde" is not listed under pools. Did you mean shared?',
    ],
    [
      'limit: { usd: "5" }, pool: support',
      undefined,
      '"support" is not listed under pools. List it under pools: { id: support, limit, period }.',
    ],
    [
      'limit: { tokens: 5 }, pool: shared',
      undefined,
      'budgets[0].pool "shared" is limited in usd, the budget in tokens. Give the budget a pool that is limited in tokens, too.',
    ],
    [
      'limit: { usd: "5" }, pool: shared',
      'pools: [{ id: shared, limit: { usd: "1" }, period: day, pool: shared }]',
      'pools[0].pool is not a known field.',
    ],
    [
      'limit: { usd: "5" }',
      'pools: [{ id: support, limit: { usd: "1" }, period: day }]',
      'pools[0].id "support" is listed twice. Budgets and pools each need their own id.',
    ],
    [
      'limit: { usd: "5" }',
      'pools: [{ id: p, limit: { usd: "1" }, period: fortnight }]',
      'pools[0].period "fortnight" is not one of',
    ],
  ])('%s with %s is refused where it stands', (budget, pools, message) => {
    expect(refusal(budget, pools)).toContain(message);
  });
});
