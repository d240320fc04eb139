import Anthropic from '@anthropic-ai/sdk';
import type { CostRow, DatedReport, UsageRow } from '@tallygate/admin-api';
import type { DaySides } from '@tallygate/reconcile';
import { type SpendHistory, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { type BillingReports, pullProviderDays } from './pull-provider.ts';
import { readDays } from './read-days.ts';

const DAY_MS = 86_400_000;
const DAY_1 = Date.UTC(2026, 10, 10);
const RANGE = { fromMs: DAY_1, toMs: DAY_1 + 3 * DAY_MS, nowMs: DAY_1 + 2.5 * DAY_MS };

/** Every day has one row; the older reports say 1 where the analytics say 2. */
function provider(refreshedAtMs: number | null, changes: Partial<BillingReports> = {}): BillingReports {
  const daysOf = <Row>({ fromMs, toMs }: { fromMs: number; toMs: number }, row: Row) =>
    Array.from({ length: (toMs - fromMs) / DAY_MS }, (_, index) => {
      const startMs = fromMs + index * DAY_MS;
      return { startMs, endMs: startMs + DAY_MS, rows: [row] };
    });
  const dated = <Row>(question: typeof RANGE, row: Row): DatedReport<Row> =>
    refreshedAtMs === null
      ? { buckets: daysOf(question, row).map((day) => ({ ...day, rows: [] })), refreshedAtMs }
      : { buckets: daysOf(question, row), refreshedAtMs };
  return {
    analyticsUsage: async (question) => dated({ ...RANGE, ...question }, usageRow(2)),
    analyticsCost: async (question) => dated({ ...RANGE, ...question }, costRow(2n)),
    messagesUsage: async (question) => daysOf(question, usageRow(1)),
    costs: async (question) => daysOf(question, costRow(1n)),
    apiKeys: async () => [],
    ...changes,
  };
}

function usageRow(outputTokens: number): UsageRow {
  const none = { uncachedInputTokens: 0, cacheReadInputTokens: 0, cacheWrite5mInputTokens: 0 };
  const usage = { ...none, cacheWrite1hInputTokens: 0, outputTokens, webSearchRequests: 0 };
  return { group: {}, usage, requests: null, unknownCounts: {} };
}

function costRow(amountPicoUsd: bigint): CostRow {
  return { group: {}, amountPicoUsd, listAmountPicoUsd: null, requests: null };
}

const answering = (status: number) => async (): Promise<never> => {
  const cause = Anthropic.APIError.generate(status, undefined, 'no', new Headers());
  throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message: `It answered ${status}.`, cause });
};
const withoutAnalytics = (status: number) => ({
  analyticsUsage: answering(status),
  analyticsCost: answering(status),
});
const withoutLegacy = { messagesUsage: answering(403), costs: answering(403) };

const sourcesOf = async (reports: BillingReports) => {
  const { usage, costs, caveats } = await pullProviderDays(reports, RANGE);
  expect(costs.map(({ startMs }) => startMs)).toEqual(usage.map(({ startMs }) => startMs));
  const words = usage.map(({ rows }) => (rows[0]?.usage.outputTokens === 2 ? 'analytics' : 'legacy'));
  return { words, caveats: caveats.map(({ caveat }) => caveat) };
};

describe('the days of a bill', () => {
  it.each<[string, number | null, string[]]>([
    ['all', DAY_1 + 3 * DAY_MS, ['analytics', 'analytics', 'analytics']],
    ['two and a half', DAY_1 + 2.5 * DAY_MS, ['analytics', 'analytics', 'legacy']],
    ['none', DAY_1 + 1, ['legacy', 'legacy', 'legacy']],
    ['none, and say so', null, ['legacy', 'legacy', 'legacy']],
  ])(
    'come from the analytics reports where their data covers them: %s',
    async (_case, refreshedAtMs, words) => {
      expect(await sourcesOf(provider(refreshedAtMs))).toEqual({ words, caveats: [] });
    },
  );

  it.each([403, 404])('come from the older reports alone where the others answer %i', async (status) => {
    const reports = provider(DAY_1 + 3 * DAY_MS, withoutAnalytics(status));
    expect((await sourcesOf(reports)).words).toEqual(['legacy', 'legacy', 'legacy']);
  });

  it('are said to be incomplete where nothing fresher may be read', async () => {
    const { words, caveats } = await sourcesOf(provider(DAY_1 + 2.5 * DAY_MS, withoutLegacy));
    expect([words, caveats]).toEqual([['analytics', 'analytics', 'analytics'], ['incomplete']]);
  });

  it('carry how far each report reaches, and when it was read', async () => {
    const { freshness } = await pullProviderDays(provider(DAY_1 + 2.5 * DAY_MS), RANGE);
    expect(freshness).toEqual([
      { report: 'analytics', readAtMs: RANGE.nowMs, completeToMs: DAY_1 + 2.5 * DAY_MS },
      { report: 'usage and cost reports', readAtMs: RANGE.nowMs, completeToMs: null },
    ]);
  });

  it.each([null, DAY_1 + 1])(
    'are no zero where there is no data yet, refreshed at %s',
    async (refreshedAtMs) => {
      await expect(pullProviderDays(provider(refreshedAtMs, withoutLegacy), RANGE)).rejects.toMatchObject({
        code: 'TALLYGATE_PROVIDER_UNAVAILABLE',
        message: expect.stringContaining('no data yet'),
      });
    },
  );

  it('are not made up while the provider is away: an outage is not "not offered"', async () => {
    await expect(pullProviderDays(provider(DAY_1, withoutAnalytics(500)), RANGE)).rejects.toThrow('500');
    const half = provider(DAY_1 + DAY_MS, { messagesUsage: answering(500) });
    await expect(pullProviderDays(half, RANGE)).rejects.toThrow('500');
    await expect(
      pullProviderDays(provider(DAY_1, { ...withoutAnalytics(404), ...withoutLegacy }), RANGE),
    ).rejects.toThrow('403');
  });
});

describe('the days of a large organization', () => {
  const readBy = async (placesPerDay: number, reports: BillingReports) => {
    const portions: DaySides[] = [];
    const history = { spend: async () => [] } as Partial<SpendHistory> as SpendHistory;
    const comparison = { add: (sides: DaySides) => void portions.push(sides) };
    const sides = { history, adminApi: reports, organization: 'acme', ...RANGE, placesPerDay };
    const told = await readDays(sides, comparison);
    return { portions, costs: portions.flatMap(({ costs }) => costs), told };
  };

  it.each([
    ['all that either side has', provider(DAY_1 + 2.5 * DAY_MS)],
    ['where data ends, once', provider(DAY_1 + 1.5 * DAY_MS, withoutLegacy)],
    ['how fresh the older reports are', provider(null)],
  ])('come one by one, and say the same as at once: %s', async (_case, reports) => {
    const [whole, single] = [await readBy(1, reports), await readBy(20_000, reports)];
    expect([whole.portions.length, single.portions.length]).toEqual([1, 3]);
    expect(single.costs).toEqual(whole.costs);
    expect(single.told).toEqual(whole.told);
  });
});

it('a day that is not over and was not sent leaves the report incomplete: it is no day without usage', async () => {
  const pending = <Day extends { startMs: number }>(days: Day[]) =>
    days.map((day) =>
      day.startMs < DAY_1 + 2 * DAY_MS ? day : { ...day, rows: [], isPending: true as const },
    );
  const honest = provider(null, withoutAnalytics(404));
  const { caveats } = await pullProviderDays(
    {
      ...honest,
      messagesUsage: async (question) => pending(await honest.messagesUsage(question)),
      costs: async (question) => pending(await honest.costs(question)),
    },
    RANGE,
  );
  expect(caveats).toEqual([
    { caveat: 'incomplete', detail: expect.stringContaining('complete to 2026-11-12 only') },
  ]);
});
