import { emptyConfiguration } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { parseConfigurationYaml } from './file.ts';
import { describePlan, planChanges } from './plan.ts';

const withAlerts = (alerts: string) =>
  parseConfigurationYaml(
    `version: 1\nbudgets:\n  - id: all\n    limit: { usd: 5 }\n    period: day\n${alerts}`,
    'tallygate.yaml',
  );

describe('alerts in tallygate.yaml', () => {
  it('are whole percents of the limit; where nothing is said the default stays the default', () => {
    expect(withAlerts('    alerts: [1, 80, 1000]').budgets[0]?.alerts).toEqual([1, 80, 1_000]);
    expect(withAlerts('    alerts: []').budgets[0]?.alerts).toEqual([]);
    expect(withAlerts('').budgets[0]).not.toHaveProperty('alerts');
  });

  it.each([
    ['[0]', 'budgets[0].alerts[0] "0" is not a whole percent from 1 to 1000. Write whole percents'],
    ['[50, 1001]', 'alerts[1] "1001" is not a whole percent from 1 to 1000.'],
    ['[12.5]', 'alerts[0] "12.5" is not a whole percent'],
    ['[50%]', 'alerts[0] "50%" is not a whole percent'],
    ['[90, 50]', 'alerts[1] "50" does not ascend.'],
    ['[50, 50]', 'alerts[1] "50" does not ascend.'],
    ['50', 'budgets[0].alerts "50" is not a list'],
  ])('%s is refused where it stands', (alerts, words) => {
    expect(() => withAlerts(`    alerts: ${alerts}`)).toThrow(words);
  });

  it('are a change that a plan tells', () => {
    const live = { ...emptyConfiguration('acme'), version: 1 };
    const added = planChanges(live, withAlerts('    alerts: [80]'));
    expect(describePlan(added).join()).toContain('; alerts at 80 % of the limit');
    expect(describePlan(planChanges(added.after, withAlerts('')))).toEqual([
      '~ budget all',
      '    alerts: at 80 % of the limit → at 50, 75, 90, 100 % of the limit',
    ]);
    expect(describePlan(planChanges(added.after, withAlerts('    alerts: []')))[1]).toContain('→ none');
  });
});
