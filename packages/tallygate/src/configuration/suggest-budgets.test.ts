import { type Budget, emptyConfiguration, nanoFromUsd, type SpendRow } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { budgetsYaml } from './budgets-yaml.ts';
import { parseConfigurationYaml } from './file.ts';
import { suggestBudgets } from './suggest-budgets.ts';

const DAY_MS = 86_400_000;
const FROM_MS = Date.UTC(2026, 9, 1);

function spent(dayIndex: number, usd: string, group: SpendRow['group']): SpendRow {
  const hour = new Date(FROM_MS + dayIndex * DAY_MS + 3_600_000).toISOString();
  return { group: { ...group, hour }, contractedCostNanoUsd: nanoFromUsd(usd) } as SpendRow;
}

function suggested(rows: SpendRow[], days: number, live = emptyConfiguration('acme')) {
  const range = { fromMs: FROM_MS, toMs: FROM_MS + days * DAY_MS };
  return suggestBudgets({ live, rows, ...range, period: 'day', timeZone: 'UTC' });
}

describe('suggested budgets', () => {
  it('are the 95th percentile of the periods and a fifth more, up to a cent; one outlier in twenty is not followed', () => {
    const rows = Array.from({ length: 20 }, (_, day) =>
      spent(day, day === 7 ? '900' : '1.111', { team: 'support' }),
    );
    expect(suggested(rows, 20)).toMatchObject([
      {
        budget: { id: 'support-day', scope: { team: 'support' } },
        p95NanoUsd: nanoFromUsd('1.111'),
        periods: 20,
      },
    ]);
    expect(suggested(rows, 20)[0]?.budget.limit).toBe(nanoFromUsd('1.34'));
  });

  it('count the periods in which nothing was spent, from the first with spend on, and suggest nothing for nothing', () => {
    const rows = [spent(5, '10', { team: 'support' }), spent(5, '2', { team: 'support' })];
    expect(suggested(rows, 10)).toMatchObject([{ p95NanoUsd: nanoFromUsd('12'), periods: 5 }]);
    expect(suggested([spent(0, '0', { team: 'support' })], 10)).toEqual([]);
  });

  it('keep the id and all else of a budget that is live, but its limit', () => {
    const known = {
      scope: { team: 'support' },
      period: 'day',
      timeZone: 'Europe/Berlin',
      onOutage: 'allow',
    } as const;
    const budgets = [{ id: 'ours', ...known, limit: 1n }];
    const live = { ...emptyConfiguration('acme'), budgets };
    expect(suggested([spent(0, '1', { team: 'support' })], 1, live)).toMatchObject([
      { budget: { id: 'ours', ...known, limit: nanoFromUsd('1.20') } },
    ]);
  });

  it('are a file that reads back as the same budgets, whatever features are called', () => {
    const features = ['it\'s: { a } "quoted" #', 'émoji 🧾', '- x', 'true'];
    const rows = features.map((feature) => spent(0, '12.34', { team: 'support', feature }));
    const ladder: Budget['ladder'] = [
      { step: 'trim', minOutputTokens: 1024 },
      { step: 'downgrade', model: 'claude-haiku-4-5' },
    ];
    const scope = { team: 'support', feature: 'true' };
    const known: Budget = {
      id: 'ours',
      scope,
      period: 'day',
      timeZone: 'Europe/Berlin',
      onOutage: 'block',
      limit: 1n,
    };
    const live = { ...emptyConfiguration('acme'), budgets: [{ ...known, ladder, alerts: [80] }] };
    const budgets = suggested(rows, 1, live).map(({ budget }) => budget);
    expect(budgets).toContainEqual(expect.objectContaining({ id: 'ours', ladder, alerts: [80] }));
    const team = { id: 'care', name: 'Care: "us"', aliases: ['cs'], costCentre: '0042', owners: ['a@b'] };
    const read = parseConfigurationYaml(budgetsYaml({ teams: [team] }, budgets), 'suggested.yaml');
    expect(read.budgets).toEqual(budgets);
    expect(new Set(budgets.map(({ id }) => id)).size).toBe(features.length);
    expect(read.teams).toMatchObject([team, { id: 'support' }]);
    expect(parseConfigurationYaml(budgetsYaml({ teams: [] }, []), 'empty.yaml')).toMatchObject({
      budgets: [],
    });
  });
});
