import type { CostRow, UsageRow } from '@tallygate/admin-api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPORTED_DIMENSIONS, type ReportedDimension } from './bill.ts';
import { COST_ROWS, type NarrowReport, readJoint, requireWhole, USAGE_ROWS } from './read-joint.ts';

type Call = Record<ReportedDimension, string | null> & { tokens: number };
const FILTERED: Record<string, ReportedDimension> = {
  ...{ speeds: 'speed', inferenceGeos: 'inference_geo', serviceTiers: 'service_tier', products: 'product' },
  ...{ models: 'model', workspaceIds: 'workspace_id', apiKeyIds: 'api_key_id' },
};

/** A provider that answers for five dimensions and filters by what a value is, never by what none is. */
function reportOf(
  calls: readonly Call[],
  lie = (rows: UsageRow[]) => rows,
): NarrowReport<UsageRow> & { asked: number } {
  const report = {
    ...USAGE_ROWS,
    asked: 0,
    async ask(groupBy: readonly ReportedDimension[], filters: object) {
      report.asked += 1;
      expect(groupBy.length).toBeLessThanOrEqual(5);
      const isAsked = (call: Call) =>
        Object.entries(filters).every(([name, values]) => values.includes(call[FILTERED[name] as 'model']));
      return [{ startMs: 0, endMs: 1, rows: lie(grouped(calls.filter(isAsked), groupBy)) }];
    },
  };
  return report;
}

function grouped(calls: readonly Call[], groupBy: readonly ReportedDimension[]): UsageRow[] {
  const sums = new Map<string, UsageRow>();
  for (const call of calls) {
    const group = Object.fromEntries(groupBy.map((name) => [name, call[name]]));
    const key = JSON.stringify(Object.entries(group).sort());
    const { usage, requests } = sums.get(key) ?? { usage: { outputTokens: 0 }, requests: 0 };
    const outputTokens = usage.outputTokens + call.tokens;
    sums.set(key, {
      group,
      usage: { outputTokens } as UsageRow['usage'],
      requests: (requests ?? 0) + 1,
      unknownCounts: {},
    });
  }
  return [...sums.values()];
}

const inOrder = (rows: readonly UsageRow[]) =>
  rows
    .map(({ group, usage, requests }) =>
      JSON.stringify([Object.entries(group).sort(), usage.outputTokens, requests]),
    )
    .sort();

describe('more dimensions than a report answers for at once', () => {
  const value = fc.constantFrom('a', 'b', null);
  const call = fc.record({
    ...(Object.fromEntries(REPORTED_DIMENSIONS.map((name) => [name, value])) as Record<
      ReportedDimension,
      typeof value
    >),
    tokens: fc.integer({ min: 1, max: 1_000_000 }),
  });

  it('are told exactly, by every one of them, those without a value too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 12 }),
        fc.integer({ min: 5, max: 8 }),
        async (calls, count) => {
          const groupBy = REPORTED_DIMENSIONS.slice(0, count);
          const { buckets, unlike } = await readJoint(reportOf(calls), groupBy, {});
          expect(unlike).toEqual([]);
          expect(inOrder(buckets[0]?.rows ?? [])).toEqual(inOrder(grouped(calls, groupBy)));
        },
      ),
      { seed: 20261121, numRuns: 60 },
    );
  });

  const one: Call = {
    ...{ model: 'a', workspace_id: 'a', api_key_id: 'a', service_tier: 'a', context_window: 'a' },
    ...{ inference_geo: 'a', speed: 'a', product: 'a', tokens: 7 },
  };
  const six = REPORTED_DIMENSIONS.slice(0, 6);

  it('are refused on a complete bucket where the parts are not the whole, and said on one that fills', async () => {
    let answers = 0;
    const grown = (rows: UsageRow[]) => {
      answers += 1;
      return answers < 3 ? rows : rows.map((row) => ({ ...row, requests: (row.requests ?? 0) + 1 }));
    };
    const { unlike } = await readJoint(reportOf([one], grown), six, {});
    expect(() => requireWhole('usage', unlike, 1)).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_REPORT_MALFORMED' }),
    );
    expect(requireWhole('usage', unlike, 0)).toEqual([
      expect.stringContaining('by inference_geo do not add up'),
    ]);
  });

  it('are told where no filter finds what has no geography, and where an adjustment is below zero', async () => {
    const somewhere = { ...one, inference_geo: 'not_available' };
    const nowhere = { ...somewhere, model: null, tokens: 3 };
    const found = reportOf([somewhere, nowhere]);
    const ask: typeof found.ask = async (groupBy, filters) =>
      'inferenceGeos' in filters ? [{ startMs: 0, endMs: 1, rows: [] }] : found.ask(groupBy, filters);
    const { buckets, unlike } = await readJoint({ ...found, ask }, six, {});
    expect(unlike).toEqual([]);
    expect(inOrder(buckets[0]?.rows ?? [])).toEqual(inOrder(grouped([somewhere, nowhere], six)));

    const credit: CostRow = { group: {}, amountPicoUsd: -5n, listAmountPicoUsd: -5n, requests: null };
    const credits = async (groupBy: readonly string[]) => {
      const group: CostRow['group'] = Object.fromEntries(groupBy.map((name) => [name, null]));
      return [{ startMs: 0, endMs: 1, rows: [{ ...credit, group }] }];
    };
    expect(await readJoint({ ...COST_ROWS, ask: credits }, six, {})).toMatchObject({
      ...{ buckets: [{ rows: [{ amountPicoUsd: -5n }] }] },
      unlike: [],
    });
  });

  it('are refused before they take more than a hundred questions', async () => {
    const many = Array.from({ length: 101 }, (_, index) => ({ ...one, inference_geo: `place ${index}` }));
    const report = reportOf(many);
    await expect(readJoint(report, six, {})).rejects.toMatchObject({
      code: 'TALLYGATE_REQUEST_INVALID',
      cure: expect.stringContaining('Leave one out'),
    });
    expect(report.asked).toBe(100);
  });
});
