import { nanoFromUsd, periodAt, type SpendRow, TallygateError, UNASSIGNED } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../patience.ts';
import { memoryHistory, type RecordedCall } from '../testing/memory-history.ts';
import { budgetOf, configurationOf, lastOf, NOW_MS } from '../testing/served-world.ts';
import type { OverviewFacts } from './facts.ts';
import { overviewOf } from './overview.ts';

const known = <Value>(value: Value): Answer<Value> => ({ known: true, value });

function away(message = 'The ledger is away.'): Answer<never> {
  return { known: false, error: new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message }) };
}

function factsOf(changes: Partial<OverviewFacts> = {}): OverviewFacts {
  return {
    organization: 'acme',
    nowMs: NOW_MS,
    month: periodAt('month', 'UTC', NOW_MS),
    configuration: known(configurationOf([], { support: 'Customer Support' })),
    balances: known([]),
    spend: known([]),
    denials: known(0),
    reconciliations: known([]),
    ...changes,
  };
}

async function rowsOf(calls: Omit<RecordedCall, 'endedAtMs'>[]): Promise<SpendRow[]> {
  const history = memoryHistory();
  history.calls = calls.map((call) => ({ ...call, endedAtMs: 1 }));
  const range = { organization: 'acme', fromMs: 0, toMs: 2 };
  return history.spend({ ...range, by: 'ended', groupBy: ['team', 'feature'] });
}

function balanceOf(id: string, limitUsd: string, spentUsd: string, scope = {}) {
  const budget = budgetOf(id, limitUsd, scope);
  const period = periodAt('month', budget.timeZone, NOW_MS);
  const amounts = { spent: nanoFromUsd(spentUsd), held: 0n };
  return { budget, periodStartMs: period.startMs, periodEndMs: period.endMs, ...amounts };
}

describe('the figures of the overview', () => {
  it('add up exactly: teams to the total, features and the others to the total, calls too', async () => {
    const name = fc.constantFrom('support', 'search', 'research', UNASSIGNED, 'ghost');
    const feature = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const costNanoUsd = fc.bigInt({ min: 0n, max: 2n ** 50n });
    const calls = fc.array(fc.record({ team: name, feature, costNanoUsd }), { maxLength: 60 });
    const property = fc.asyncProperty(calls, async (recorded) => {
      const overview = overviewOf(factsOf({ spend: known(await rowsOf(recorded)) }));
      const spent = recorded.reduce((sum, call) => sum + call.costNanoUsd, 0n);
      const byTeam = overview.teams.reduce((sum, team) => sum + (team.spentNanoUsd ?? 0n), 0n);
      const shown = overview.features ?? [];
      const byFeature = shown.reduce((sum, line) => sum + line.spentNanoUsd, 0n);
      const others = overview.otherFeatures ?? { count: 0, calls: 0, spentNanoUsd: 0n };
      expect(overview.total).toEqual({ spentNanoUsd: spent, calls: recorded.length });
      expect(byTeam).toBe(spent);
      expect(byFeature + others.spentNanoUsd).toBe(spent);
      expect(shown.reduce((sum, line) => sum + line.calls, 0) + others.calls).toBe(recorded.length);
      expect(shown.length).toBeLessThanOrEqual(8);
    });
    await fc.assert(property, { seed: 20261121, numRuns: 60 });
  });

  it('show the dearest first and what nobody claimed last', async () => {
    const spend = await rowsOf([
      { team: UNASSIGNED, feature: 'x', costNanoUsd: 900n },
      { team: 'cheap', feature: 'x', costNanoUsd: 1n },
      { team: 'dear', feature: 'x', costNanoUsd: 500n },
    ]);
    const { teams, features } = overviewOf(factsOf({ spend: known(spend) }));
    expect(teams.map(({ name }) => name)).toEqual(['dear', 'cheap', 'Customer Support', 'Unassigned']);
    expect(features?.map(({ spentNanoUsd }) => spentNanoUsd)).toEqual([900n, 500n, 1n]);
  });
});

describe('who stands in the overview', () => {
  it('every team that spent, is listed or has a budget, under the name of the registry', async () => {
    const spend = await rowsOf([{ team: 'newcomer', feature: 'x', costNanoUsd: 5n }]);
    const balances = [balanceOf('b', '10', '1', { team: 'budgeted' })];
    const { teams } = overviewOf(factsOf({ spend: known(spend), balances: known(balances) }));
    expect(teams.map(({ name }) => name).sort()).toEqual(['Customer Support', 'budgeted', 'newcomer']);
  });

  it('each budget once: under its team, under the organization, or with the features', () => {
    const balances = [
      balanceOf('company', '50', '1'),
      balanceOf('support', '10', '1', { team: 'support' }),
      balanceOf('chat', '5', '1', { team: 'support', feature: 'chat' }),
      balanceOf('ocr', '5', '1', { feature: 'ocr' }),
    ];
    const overview = overviewOf(factsOf({ balances: known(balances) }));
    const ids = (lines: readonly { id: string }[]) => lines.map(({ id }) => id);
    expect(ids(overview.organizationBudgets)).toEqual(['company']);
    expect(ids(overview.featureBudgets)).toEqual(['ocr']);
    expect(ids(overview.teams.find(({ id }) => id === 'support')?.budgets ?? [])).toEqual([
      'support',
      'chat',
    ]);
    expect(overview.hasNoBudgets).toBe(false);
  });

  it('the budgets with the least room, the fullest first, at most three', () => {
    const balances = [
      balanceOf('roomy', '10', '8.9'),
      balanceOf('nearly', '10', '9'),
      balanceOf('over', '10', '11'),
      balanceOf('full', '10', '10'),
      balanceOf('nearer', '10', '9.5'),
    ];
    const { tight } = overviewOf(factsOf({ balances: known(balances) }));
    expect(tight.map(({ id }) => id)).toEqual(['over', 'full', 'nearer']);
    const fewer = overviewOf(factsOf({ balances: known(balances.slice(0, 2)) }));
    expect(fewer.tight.map(({ id }) => id)).toEqual(['nearly']);
  });
});

describe('what did not answer', () => {
  it('the ledger: its figures are unknown and never zero, the budgets stay', () => {
    const balances = known([balanceOf('support', '10', '1', { team: 'support' })]);
    const overview = overviewOf(
      factsOf({ balances, spend: away(), denials: away(), reconciliations: away() }),
    );
    expect(overview).toMatchObject({ total: null, features: null, denials: null, statements: null });
    expect(overview.teams).toMatchObject([{ spentNanoUsd: null, calls: null, budgets: [{ id: 'support' }] }]);
    expect(overview.outages.map(({ message }) => message)).toEqual([
      expect.stringContaining('The ledger is away.'),
    ]);
  });

  it('the gate: no budget is shown and none is said to be missing', async () => {
    const spend = known(await rowsOf([{ team: 'support', feature: 'x', costNanoUsd: 5n }]));
    const gateAway = away('The gate is away.');
    const overview = overviewOf(factsOf({ spend, configuration: gateAway, balances: gateAway }));
    expect(overview.hasNoBudgets).toBe(false);
    expect(overview.teams).toMatchObject([{ name: 'support', spentNanoUsd: 5n, budgets: [] }]);
    expect(overview.outages).toHaveLength(1);
  });

  it('is told apart from what is not there yet', () => {
    const overview = overviewOf(factsOf({ configuration: known(configurationOf([])) }));
    expect(overview).toMatchObject({
      outages: [],
      total: { spentNanoUsd: 0n, calls: 0 },
      teams: [],
      hasNoBudgets: true,
      denials: 0,
      statements: [],
    });
    const reconciled = overviewOf(factsOf({ reconciliations: known([lastOf()]) }));
    expect(reconciled.statements).toMatchObject([{ seenToMs: NOW_MS - 180_000 }]);
  });
});
