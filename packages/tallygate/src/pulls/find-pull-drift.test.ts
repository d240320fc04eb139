import { describe, expect, it } from 'vitest';
import { findPullDrift } from './find-pull-drift.ts';
import { memoryReportVersions } from './testing/memory-report-versions.ts';

const DAY_MS = 86_400_000;
const DAY_1 = Date.parse('2026-10-01T00:00:00Z');
const iso = (instantMs: number) => new Date(instantMs).toISOString();
const range = { organization: 'acme', fromMs: DAY_1, toMs: DAY_1 + 2 * DAY_MS };

/** Day × model in cents, as the cost report answers. */
type Days = Record<string, string>[];

function costBody(days: Days, fromMs = DAY_1) {
  const data = days.map((models, index) => ({
    starting_at: iso(fromMs + index * DAY_MS),
    ending_at: iso(fromMs + (index + 1) * DAY_MS),
    results: Object.entries(models).map(([model, amount]) => ({
      ...{ amount, currency: 'USD', description: `${model} Usage`, cost_type: 'tokens', model },
      ...{ token_type: 'output_tokens', service_tier: 'standard', context_window: null, inference_geo: null },
    })),
  }));
  return { data };
}

interface Pulled {
  atMs: number;
  days: Days;
  fromMs?: number;
  providerOrganizationId?: string;
}

async function driftOf(pulls: Pulled[]) {
  const versions = memoryReportVersions();
  for (const { atMs, days, fromMs = DAY_1, providerOrganizationId = 'theirs' } of pulls)
    await versions.append({
      ...{ organization: 'acme', providerOrganizationId, report: 'cost_report?group_by=description' },
      ...{ fromMs, toMs: fromMs + days.length * DAY_MS, pulledAtMs: atMs, body: costBody(days, fromMs) },
    });
  return findPullDrift(versions, range);
}

const cents = (count: number) => BigInt(count) * 10_000_000_000n;
const [atDay3, atDay9, atDay40, atDay60] = [3, 9, 40, 60].map((day) => DAY_1 + day * DAY_MS) as [
  number,
  number,
  number,
  number,
];

describe('the drift of pulls', () => {
  it('names day, group, both pulls and what changed, of each figure', async () => {
    const [drift, ...more] = await driftOf([
      { atMs: atDay3, days: [{ opus: '100' }, { opus: '5' }] },
      { atMs: atDay9, days: [{ opus: '100' }, { opus: '7.5' }] },
    ]);
    expect(more).toEqual([]);
    expect(drift).toMatchObject({
      providerOrganizationId: 'theirs',
      dayMs: DAY_1 + DAY_MS,
      group: { model: 'opus', token_type: 'output_tokens' },
      earlier: { pulledAtMs: atDay3, state: 'provisional' },
      later: { pulledAtMs: atDay9, state: 'provisional' },
      changes: [{ figure: 'amountPicoUsd', from: cents(5), to: 75_000_000_000n }],
    });
  });

  it('shows a group that came and one that went as against nothing', async () => {
    const drifts = await driftOf([
      { atMs: atDay3, days: [{ opus: '1' }] },
      { atMs: atDay9, days: [{ haiku: '2' }] },
    ]);
    const shown = drifts.map(({ group, changes }) => [group['model'], changes[0]?.from, changes[0]?.to]);
    expect(shown).toEqual([
      ['opus', cents(1), 0n],
      ['haiku', 0n, cents(2)],
    ]);
  });

  it('begins with the first pull that saw the day complete: before that, usage arrives', async () => {
    const during = { atMs: DAY_1 + DAY_MS / 2, days: [{ opus: '1' }] };
    const lagging = { atMs: DAY_1 + DAY_MS + 60_000, days: [{ opus: '2' }] };
    const complete = { atMs: DAY_1 + DAY_MS + 3_600_000, days: [{ opus: '3' }] };
    expect(await driftOf([during, lagging, complete])).toEqual([]);
    expect(await driftOf([complete, { atMs: atDay3, days: [{ opus: '3' }] }])).toEqual([]);
  });

  it('compares pulls of different ranges on the days that both hold', async () => {
    const drifts = await driftOf([
      { atMs: atDay3, days: [{ opus: '1' }, { opus: '2' }] },
      { atMs: atDay9, days: [{ opus: '9' }], fromMs: DAY_1 + DAY_MS },
    ]);
    expect(drifts.map(({ dayMs }) => dayMs)).toEqual([DAY_1 + DAY_MS]);
  });

  it('never compares two organizations of the provider', async () => {
    const other = { atMs: atDay9, days: [{ opus: '2' }], providerOrganizationId: 'others' };
    expect(await driftOf([{ atMs: atDay3, days: [{ opus: '1' }] }, other])).toEqual([]);
  });

  it('tells a change of what was final, which nobody may expect', async () => {
    const drifts = await driftOf([
      { atMs: atDay40, days: [{ opus: '1' }] },
      { atMs: atDay60, days: [{ opus: '2' }] },
    ]);
    expect(drifts).toMatchObject([{ earlier: { state: 'final' }, later: { state: 'final' } }]);
  });

  it('of a bill from a file is told as of any report, between its versions', async () => {
    const versions = memoryReportVersions();
    const file = (cost_usd: string) => ({
      files: [{ file: 'bill.csv', rows: [{ usage_date_utc: '2026-10-01', model: 'Opus', cost_usd }] }],
    });
    for (const [pulledAtMs, cost] of [
      [atDay9, '1'],
      [atDay40, '1.25'],
    ] as const)
      await versions.append({
        ...{ organization: 'acme', providerOrganizationId: 'theirs', report: 'billed_csv?backend=anthropic' },
        ...{ fromMs: DAY_1, toMs: DAY_1 + DAY_MS, pulledAtMs, body: file(cost) },
      });
    expect(await findPullDrift(versions, range)).toMatchObject([
      {
        ...{ report: 'billed_csv?backend=anthropic', dayMs: DAY_1, group: { model: 'Opus' } },
        changes: [{ figure: 'amountPicoUsd', from: cents(100), to: cents(125) }],
      },
    ]);
  });
});
