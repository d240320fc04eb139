import Anthropic from '@anthropic-ai/sdk';
import type { CostBucket, UsageBucket, UsageQuestion } from '@tallygate/admin-api';
import { builtinPriceBook, charge } from '@tallygate/pricing';
import {
  NO_USAGE,
  type SpendDimension,
  type SpendHistory,
  type SpendQuery,
  type SpendRow,
  type StoredReport,
  TallygateError,
} from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import type { BillingReports } from './pull-provider.ts';
import { type ReconciliationStep, runReconciliation } from './run-reconciliation.ts';
import { fromStoredReport } from './stored-reconciliation.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const DAY_1 = Date.parse('2026-11-10T00:00:00Z');
const NOW = DAY_1 + 5 * DAY_MS;
const MODEL = 'claude-opus-5-5';

const usageOf = (outputTokens: number) => ({ ...NO_USAGE, uncachedInputTokens: 100, outputTokens });
const chargeOf = (outputTokens: number) =>
  charge(builtinPriceBook, {
    model: MODEL,
    backend: 'anthropic',
    atMs: DAY_1,
    usage: usageOf(outputTokens),
    serviceTier: 'standard',
    speed: 'standard',
    inferenceGeo: 'global',
    billed: true,
    unpricedModels: 'dearest',
  });

interface Call {
  atMs: number;
  /** What we recorded, and what was truly used. */
  ours: number;
  theirs: number;
  basis: 'reported' | 'estimated';
  apiKeyHint?: string;
}

const KEY = { id: 'apikey_1', hint: 'sk-ant-api03-R2D...igAA' };
const calls: Call[] = [
  { atMs: DAY_1 + 600 * MINUTE_MS, ours: 50, theirs: 50, basis: 'reported' },
  { atMs: DAY_1 + 700 * MINUTE_MS, ours: 10, theirs: 35, basis: 'estimated' },
];

function spendRow(call: Call, query: SpendQuery): SpendRow {
  const time = query.groupBy.includes('minute') ? 'minute' : 'day';
  const widthMs = time === 'minute' ? MINUTE_MS : DAY_MS;
  const { listCostNanoUsd, roundingPicoUsd } = chargeOf(call.ours);
  const { thinkingTokens: _none, ...usage } = usageOf(call.ours);
  return {
    group: {
      [time]: new Date(Math.floor(call.atMs / widthMs) * widthMs).toISOString(),
      responseModel: MODEL,
      backend: 'anthropic',
      apiKeyId: call.apiKeyHint === undefined ? KEY.id : '',
      apiKeyHint: call.apiKeyHint ?? '',
      basis: call.basis,
      serviceTier: 'standard',
      status: call.basis === 'estimated' ? 'aborted' : 'ok',
    },
    calls: 1,
    attempts: 1,
    failedAttempts: 0,
    usage,
    listCostNanoUsd,
    contractedCostNanoUsd: listCostNanoUsd,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: BigInt(roundingPicoUsd),
  };
}

/** A ledger and a provider that saw the same calls, and remember what they were asked. */
function world(seen: Call[] = calls, extraPicoUsd = 0n) {
  const saved: StoredReport[] = [];
  const queries: SpendQuery[] = [];
  const questions: (UsageQuestion | { costs: string[] })[] = [];
  const history = {
    async spend(query: SpendQuery) {
      queries.push(query);
      return seen
        .filter(({ atMs }) => atMs >= query.fromMs && atMs < query.toMs)
        .map((call) => spendRow(call, query))
        .filter(({ group }) =>
          Object.entries(query.filter ?? {}).every(([name, values]) =>
            values.includes(group[name as SpendDimension] ?? ''),
          ),
        );
    },
    async settlementGaps() {
      return [];
    },
    async saveReport(report: StoredReport) {
      saved.push(report);
    },
  } as Partial<SpendHistory> as SpendHistory;
  const adminApi: BillingReports = {
    async messagesUsage(question) {
      questions.push(question);
      return usageBuckets(seen, question);
    },
    async costs({ fromMs, toMs, groupBy }) {
      questions.push({ costs: groupBy });
      return costBuckets(seen, extraPicoUsd, fromMs, toMs, groupBy.length > 0);
    },
    analyticsUsage: notOffered,
    analyticsCost: notOffered,
    apiKeys: async () => [{ ...KEY, name: null, status: null, workspaceId: null }],
  };
  const run = {
    history,
    adminApi,
    organization: 'acme',
    fromMs: DAY_1,
    toMs: DAY_1 + DAY_MS,
    priceBook: builtinPriceBook,
    clock: { nowMs: () => NOW, monotonicMs: () => 0 },
  };
  return { saved, queries, questions, run };
}

async function notOffered(): Promise<never> {
  const cause = Anthropic.APIError.generate(404, undefined, 'no such report', new Headers());
  throw new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message: 'Not offered.', cause });
}

function bucketsOf(fromMs: number, toMs: number, widthMs: number): { startMs: number; endMs: number }[] {
  return Array.from({ length: (toMs - fromMs) / widthMs }, (_, index) => {
    const startMs = fromMs + index * widthMs;
    return { startMs, endMs: startMs + widthMs };
  });
}

function usageBuckets(
  seen: Call[],
  { fromMs, toMs, bucketWidth, groupBy, filters }: UsageQuestion,
): UsageBucket[] {
  if (filters?.speeds !== undefined) return usageBuckets([], { fromMs, toMs, bucketWidth, groupBy });
  return bucketsOf(fromMs, toMs, bucketWidth === '1m' ? MINUTE_MS : DAY_MS).map(({ startMs, endMs }) => {
    const inside = seen.filter(({ atMs }) => atMs >= startMs && atMs < endMs);
    if (inside.length === 0) return { startMs, endMs, rows: [] };
    const { thinkingTokens: _none, ...usage } = usageOf(inside.reduce((sum, call) => sum + call.theirs, 0));
    const group =
      groupBy.length === 0
        ? {}
        : {
            api_key_id: KEY.id,
            model: MODEL,
            service_tier: 'standard',
            inference_geo: 'global',
            context_window: '0-200k',
          };
    const row = {
      group,
      usage: { ...usage, uncachedInputTokens: 100 * inside.length },
      requests: null,
      unknownCounts: {},
    };
    return { startMs, endMs, rows: [row] };
  });
}

function costBuckets(
  seen: Call[],
  extra: bigint,
  fromMs: number,
  toMs: number,
  described: boolean,
): CostBucket[] {
  return bucketsOf(fromMs, toMs, DAY_MS).map(({ startMs, endMs }) => {
    const inside = seen.filter(({ atMs }) => atMs >= startMs && atMs < endMs);
    const amountPicoUsd = inside.reduce((sum, call) => sum + chargeOf(call.theirs).listCostPicoUsd, extra);
    const line = { description: 'Opus', cost_type: 'tokens', model: MODEL };
    const row = { amountPicoUsd, listAmountPicoUsd: null, requests: null };
    return { startMs, endMs, rows: [{ ...row, group: described ? line : {} }] };
  });
}

describe('a run', () => {
  it('pulls, explains and stores one report, which reads back as the result', async () => {
    const { run, saved } = world(calls, 123n);
    const steps: ReconciliationStep[] = [];
    const result = await runReconciliation({ ...run, onProgress: (step) => void steps.push(step) });
    expect(result.causes.map(({ cause }) => cause)).toContain('aborted_estimate');
    expect(result.residualPicoUsd).toBe(123n);
    expect(result.verdicts).toMatchObject({ tokens: 'explained', money: 'differs' });
    expect(steps).toEqual(['reading_ledger', 'asking_provider', 'reading_minutes', 'storing']);
    const [report] = saved;
    if (report === undefined) throw new Error('nothing was stored');
    expect(report).toMatchObject({
      organization: 'acme',
      kind: 'reconciliation',
      fromMs: DAY_1,
      createdAtMs: NOW,
    });
    const throughJson = { ...report, body: JSON.parse(JSON.stringify(report.body)) };
    expect(fromStoredReport(throughJson)).toEqual(result);
  });

  it('counts a residual within the tolerance as explained', async () => {
    const { run } = world(calls, 123n);
    expect((await runReconciliation({ ...run, toleranceUsd: '0.000000001' })).verdicts.money).toBe(
      'explained',
    );
  });

  it('asks for minutes only of days and keys that differ or hold an estimate, and a little beyond midnight', async () => {
    const quiet = world(calls.slice(0, 1));
    await runReconciliation(quiet.run);
    expect(
      quiet.questions.filter((question) => 'bucketWidth' in question && question.bucketWidth === '1m'),
    ).toEqual([]);
    const { run, questions } = world();
    await runReconciliation({ ...run, toMs: DAY_1 + 3 * DAY_MS });
    expect(questions).toContainEqual(
      expect.objectContaining({
        bucketWidth: '1m',
        fromMs: DAY_1 - 2 * MINUTE_MS,
        toMs: DAY_1 + DAY_MS + 2 * MINUTE_MS,
        filters: { apiKeyIds: [KEY.id] },
      }),
    );
  });

  it('reads our rows by when they ended, as the provider bills', async () => {
    const { run, queries } = world();
    await runReconciliation(run);
    expect(
      queries.map(({ groupBy }) => groupBy.filter((name) => name === 'day' || name === 'minute')),
    ).toEqual([[], ['day'], ['day'], ['day'], ['minute']]);
    // Two of them are the minutes outside of the range: usage at its ends may be theirs.
    expect(queries.slice(1, 3)).toMatchObject([
      { fromMs: DAY_1 - 2 * MINUTE_MS, toMs: DAY_1 },
      { fromMs: DAY_1 + DAY_MS, toMs: DAY_1 + DAY_MS + 2 * MINUTE_MS },
    ]);
    for (const query of queries) expect(query).toMatchObject({ by: 'ended', organization: 'acme' });
  });

  it('finds the key of rows that carry only its hint', async () => {
    const { run } = world(calls.map((call) => ({ ...call, apiKeyHint: KEY.hint })));
    const result = await runReconciliation(run);
    expect(result).toMatchObject({ residualPicoUsd: 0n, caveats: [], unexplained: [] });
  });

  it('says so when the provider does not offer its keys, and explains nothing by key', async () => {
    const { run } = world(calls.map((call) => ({ ...call, apiKeyHint: KEY.hint })));
    const adminApi = { ...run.adminApi, apiKeys: async () => null };
    const result = await runReconciliation({ ...run, adminApi });
    expect(result.caveats).toMatchObject([{ caveat: 'api_keys_not_offered' }]);
    expect(result.unexplained.map(({ reason }) => reason)).toEqual(['own_keys_unknown', 'key_unknown']);
    expect(result.causes.map(({ cause }) => cause)).not.toContain('unmetered_key');
  });
});

describe('the range', () => {
  it('ends with today: what has not begun is not asked for', async () => {
    const { run, questions } = world([]);
    const clock = { nowMs: () => DAY_1 + DAY_MS + 1000 * MINUTE_MS, monotonicMs: () => 0 };
    const result = await runReconciliation({ ...run, toMs: DAY_1 + 9 * DAY_MS, clock });
    expect(result.toMs).toBe(DAY_1 + 2 * DAY_MS);
    expect(questions[0]).toMatchObject({ toMs: DAY_1 + 2 * DAY_MS });
  });

  it('of minutes ends with the one under way, and a day that has just begun by our clock is left out', async () => {
    const atMs = DAY_1 + 600 * MINUTE_MS + 20_000;
    const { run, questions } = world([{ atMs, ours: 1, theirs: 2, basis: 'estimated' }]);
    await runReconciliation({ ...run, clock: { nowMs: () => atMs + 10_000, monotonicMs: () => 0 } });
    expect(questions).toContainEqual(
      expect.objectContaining({ bucketWidth: '1m', toMs: DAY_1 + 601 * MINUTE_MS }),
    );
    const justBegun = { nowMs: () => DAY_1 + DAY_MS + 3_000, monotonicMs: () => 0 };
    const early = await runReconciliation({ ...run, toMs: DAY_1 + 2 * DAY_MS, clock: justBegun });
    expect(early.toMs).toBe(DAY_1 + DAY_MS);
  });

  it.each([
    ['a part of a day', { fromMs: DAY_1 + 1 }],
    ['nothing', { toMs: DAY_1 }],
    ['a day that has not begun', { fromMs: NOW + 2 * DAY_MS, toMs: NOW + 3 * DAY_MS }],
  ])('that is %s is refused before anybody is asked', async (_case, range) => {
    const { run, queries, questions } = world();
    await expect(runReconciliation({ ...run, ...range })).rejects.toMatchObject({
      code: 'TALLYGATE_REQUEST_INVALID',
    });
    expect([...queries, ...questions]).toEqual([]);
  });
});

describe('nothing is stored', () => {
  it.each(['messagesUsage', 'costs'] as const)('when %s fails', async (method) => {
    const { run, saved } = world();
    const failing = async () => {
      throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: 'Cut.' });
    };
    const adminApi = { ...run.adminApi, [method]: failing };
    await expect(runReconciliation({ ...run, adminApi })).rejects.toMatchObject({
      code: 'TALLYGATE_REPORT_MALFORMED',
    });
    expect(saved).toEqual([]);
  });

  it('when the ledger fails: an outage is not a day without spend', async () => {
    const { run, saved } = world();
    const spend = async () => {
      throw new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'Down.' });
    };
    const asked = runReconciliation({ ...run, history: { ...run.history, spend } });
    await expect(asked).rejects.toMatchObject({ code: 'TALLYGATE_LEDGER_UNAVAILABLE' });
    expect(saved).toEqual([]);
  });

  it('when groups do not add up to the total of a closed day', async () => {
    const { run, saved } = world();
    const { costs } = run.adminApi;
    const adminApi: BillingReports = {
      ...run.adminApi,
      costs: async (question) =>
        question.groupBy.length > 0
          ? (await costs(question)).map((day) => ({ ...day, rows: [] }))
          : costs(question),
    };
    const asked = runReconciliation({ ...run, adminApi });
    await expect(asked).rejects.toThrow(/cost_report of 2026-11-10: its groups add up to 0 pico-USD/);
    expect(saved).toEqual([]);
  });
});

it('on a day that is still open groups may move between two reads, and the report says so', async () => {
  const { run } = world(calls.slice(0, 1));
  const { messagesUsage } = run.adminApi;
  const adminApi: BillingReports = {
    ...run.adminApi,
    messagesUsage: async (question) =>
      question.groupBy.length > 0 ? messagesUsage(question) : usageBuckets(calls, question),
  };
  const clock = { nowMs: () => DAY_1 + DAY_MS + 30 * MINUTE_MS, monotonicMs: () => 0 };
  const result = await runReconciliation({ ...run, adminApi, clock });
  expect(result.caveats.map(({ caveat }) => caveat)).toEqual(['totals_moved', 'totals_moved']);
  expect(result.days).toEqual([{ dayMs: DAY_1, state: 'open' }]);
});

it('a stored report of another version is refused by name, not shown wrong', () => {
  const report = {
    reportId: 'r-1',
    organization: 'acme',
    providerOrganizationId: '',
    kind: 'reconciliation' as const,
    fromMs: 0,
    toMs: 1,
    createdAtMs: 2,
    body: { version: 1 },
  };
  expect(() => fromStoredReport(report)).toThrow(
    expect.objectContaining({
      code: 'TALLYGATE_VERSION_UNSUPPORTED',
      message: expect.stringContaining('r-1'),
    }),
  );
});
