import Anthropic from '@anthropic-ai/sdk';
import { type SpendHistory, type SpendRow, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { pullMinutes } from './pull-minutes.ts';
import type { BillingReports } from './pull-provider.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAY_1 = Date.UTC(2026, 10, 10);
const REFRESHED = DAY_1 + 900 * MINUTE_MS;

const answering = (status: number) => async (): Promise<never> => {
  const cause = Anthropic.APIError.generate(status, undefined, 'no', new Headers());
  throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message: `It answered ${status}.`, cause });
};

function minutesOf(changes: Partial<BillingReports>) {
  const adminApi = {
    messagesUsage: async () => [],
    analyticsUsage: async () => ({ buckets: [], refreshedAtMs: REFRESHED }),
    ...changes,
  } as Partial<BillingReports> as BillingReports;
  return pullMinutes({
    history: { spend: async () => [] } as Partial<SpendHistory> as SpendHistory,
    adminApi,
    organization: 'acme',
    wanted: [{ dayMs: DAY_1, apiKeyId: 'apikey_1', isFast: false }],
    hintsOf: () => [],
    knownUntilMs: DAY_1 + 1_000 * MINUTE_MS,
  });
}

describe('the minutes of a day', () => {
  it('are those of the older report, which is the fresher one and does not say how far it has come', async () => {
    const [stretch] = await minutesOf({ analyticsUsage: answering(500) });
    expect(stretch).toMatchObject({ toMs: DAY_1 + 1_000 * MINUTE_MS, completeToMs: null });
  });

  it('are those of the analytics where only these are offered, and prove nothing beyond their data', async () => {
    const [stretch] = await minutesOf({ messagesUsage: answering(403) });
    expect(stretch).toMatchObject({ apiKeyIds: ['apikey_1'], completeToMs: REFRESHED });
    const noDataYet = async () => ({ buckets: [], refreshedAtMs: null });
    const [empty] = await minutesOf({ messagesUsage: answering(403), analyticsUsage: noDataYet });
    expect(empty?.completeToMs).toBe(empty?.fromMs);
  });

  it('are not made up while the provider is away', async () => {
    await expect(minutesOf({ messagesUsage: answering(500) })).rejects.toThrow('500');
  });
});

it('reads our minutes of many days about a day at a time, each of them once', async () => {
  const asked: { fromMs: number; toMs: number }[] = [];
  const row = {} as SpendRow;
  const history = {
    spend: async ({ fromMs, toMs }: { fromMs: number; toMs: number }) => {
      asked.push({ fromMs, toMs });
      return [row];
    },
  } as unknown as SpendHistory;
  const adminApi = { messagesUsage: async () => [] } as unknown as BillingReports;
  const days = Array.from({ length: 9 }, (_, index) => DAY_1 + index * DAY_MS);
  const [stretch, ...more] = await pullMinutes({
    ...{ history, adminApi, organization: 'acme', hintsOf: () => [], knownUntilMs: DAY_1 + 90 * DAY_MS },
    wanted: days.map((dayMs) => ({ dayMs, apiKeyId: 'key_1', isFast: false })),
  });
  expect(more).toEqual([]);
  expect(stretch?.internal).toHaveLength(asked.length);
  expect([asked[0]?.fromMs, asked.at(-1)?.toMs]).toEqual([stretch?.fromMs, stretch?.toMs]);
  asked.slice(1).forEach(({ fromMs }, index) => {
    expect(fromMs).toBe(asked[index]?.toMs);
  });
  for (const { fromMs, toMs } of asked) expect(toMs - fromMs).toBeLessThanOrEqual(DAY_MS + 4 * 60_000);
});
