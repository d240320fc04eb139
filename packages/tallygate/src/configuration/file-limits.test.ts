import { describe, expect, it } from 'vitest';
import { budgetsYaml } from './budgets-yaml.ts';
import { parseConfigurationYaml } from './file.ts';

const read = (text: string) => parseConfigurationYaml(text, 'tallygate.yaml').budgets;

describe('what a budget allows in an outage', () => {
  it.each([
    ['usd: "5.00"', { allowanceNanoUsd: 5_000_000_000n }],
    ['tokens: 100000', { allowance: 100_000n }],
    ['requests: 20', { allowance: 20n }],
  ])('is in the measure of its limit, and is written back: { %s }', (amount, expected) => {
    const budget = `{ id: b1, period: month, limit: { ${amount} }, onOutage: allowance, allowance: { ${amount} } }`;
    const budgets = read(`version: 1\nbudgets:\n  - ${budget}\n`);
    expect(budgets).toMatchObject([{ onOutage: 'allowance', ...expected }]);
    expect(read(budgetsYaml({ teams: [] }, budgets))).toEqual(budgets);
  });
});
