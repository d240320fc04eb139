import type { SpendHistory, SpendQuery, StoredReport } from '@tallygate/usage';
import { expect, it } from 'vitest';
import { historyOfProvider } from './history-of-provider.ts';

function world() {
  const queries: SpendQuery[] = [];
  const reports: StoredReport[] = [];
  const history = {
    async spend(query: SpendQuery) {
      queries.push(query);
      return [];
    },
    saveReport: async (report: StoredReport) => void reports.push(report),
  } as Partial<SpendHistory> as SpendHistory;
  return { history, queries, reports };
}

const query: SpendQuery = { organization: 'acme', fromMs: 0, toMs: 1, by: 'ended', groupBy: ['day'] };

it('an organization is compared with its own rows, the first one with those too that name none', async () => {
  const { history, queries } = world();
  await historyOfProvider(history, { organizationId: 'main', isFirst: true }).spend(query);
  const filter = { backend: ['anthropic'] };
  await historyOfProvider(history, { organizationId: 'lab', isFirst: false }).spend({ ...query, filter });
  expect(queries.map((asked) => asked.filter)).toEqual([
    { providerOrganizationId: ['main', ''] },
    { backend: ['anthropic'], providerOrganizationId: ['lab'] },
  ]);
});

it('its results say whose they are', async () => {
  const { history, reports } = world();
  const report = { reportId: 'r', organization: 'acme', providerOrganizationId: '' };
  const range = { fromMs: 0, toMs: 1 };
  const saved = { ...report, ...range, kind: 'reconciliation' as const, createdAtMs: 2, body: null };
  await historyOfProvider(history, { organizationId: 'main', isFirst: true }).saveReport(saved);
  expect(reports).toEqual([{ ...saved, providerOrganizationId: 'main' }]);
});

it('where there is only one, nothing is told apart', () => {
  const { history } = world();
  expect(historyOfProvider(history, { organizationId: null, isFirst: true })).toBe(history);
});
