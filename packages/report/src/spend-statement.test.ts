import type { SpendDimension, SpendRow } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { spendStatement, spendTable, toTextTable } from './index.ts';

const NO_COUNTS: SpendRow['usage'] = {
  uncachedInputTokens: 0,
  cacheReadInputTokens: 0,
  cacheWrite5mInputTokens: 0,
  cacheWrite1hInputTokens: 0,
  cacheWriteUnsplitInputTokens: 0,
  outputTokens: 0,
  webSearchRequests: 0,
  webFetchRequests: 0,
};

function spendRow(
  group: SpendRow['group'],
  contractedCostNanoUsd: bigint,
  fields: Partial<SpendRow> = {},
): SpendRow {
  return {
    group,
    calls: 1,
    attempts: 2,
    failedAttempts: 1,
    usage: { ...NO_COUNTS, uncachedInputTokens: 1000, cacheReadInputTokens: 234, outputTokens: 5 },
    listCostNanoUsd: contractedCostNanoUsd,
    contractedCostNanoUsd,
    webSearchCostNanoUsd: 0n,
    roundingPicoUsd: 3n,
    ...fields,
  };
}

const ROWS = [
  spendRow({ team: 'search', feature: 'rank', day: '2026-11-20T00:00:00.000Z' }, 1_000_000_000n),
  spendRow({ team: 'support', feature: 'summary', day: '2026-11-20T00:00:00.000Z' }, 2_500_000_000n),
  spendRow({ team: 'support', feature: 'summary', day: '2026-11-21T00:00:00.000Z' }, 500_000_000n),
  spendRow({ team: 'unassigned', feature: '', day: '2026-11-21T00:00:00.000Z' }, 1_000_000_000n),
];

const anyRow = fc
  .record({
    team: fc.constantFrom('a', 'b', 'unassigned'),
    day: fc.constantFrom('2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z', ''),
    calls: fc.nat(1000),
    outputTokens: fc.nat(),
    list: fc.bigInt(0n, 2n ** 62n),
    contracted: fc.bigInt(-(2n ** 62n), 2n ** 62n),
  })
  .map(({ team, day, calls, outputTokens, list, contracted }) =>
    spendRow({ team, day }, contracted, {
      calls,
      listCostNanoUsd: list,
      usage: { ...NO_COUNTS, outputTokens },
    }),
  );
const anyGrouping = fc.subarray<SpendDimension>(['team', 'day', 'feature']);

const sum = (rows: readonly SpendRow[], of: (row: SpendRow) => bigint | number) =>
  rows.reduce((total, row) => total + BigInt(of(row)), 0n);
const FIELDS: readonly ((row: SpendRow) => bigint | number)[] = [
  (row) => row.calls,
  (row) => row.attempts,
  (row) => row.failedAttempts,
  (row) => row.usage.outputTokens,
  (row) => row.listCostNanoUsd,
  (row) => row.contractedCostNanoUsd,
  (row) => row.webSearchCostNanoUsd,
  (row) => row.roundingPicoUsd,
];

describe('spendStatement', () => {
  it('loses and invents nothing: lines and total sum to the rows, whatever the grouping', () => {
    fc.assert(
      fc.property(fc.array(anyRow), anyGrouping, (rows, groupBy) => {
        const statement = spendStatement(rows, { groupBy });
        for (const field of FIELDS) {
          expect(sum(statement.lines, field)).toBe(sum(rows, field));
          expect(BigInt(field(statement.total))).toBe(sum(rows, field));
        }
      }),
      { seed: 20261121 },
    );
  });

  it('does not depend on the order of the rows', () => {
    const shuffled = fc
      .array(anyRow)
      .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));
    fc.assert(
      fc.property(shuffled, anyGrouping, ([rows, others], groupBy) => {
        expect(spendStatement(others, { groupBy })).toEqual(spendStatement(rows, { groupBy }));
      }),
      { seed: 20261121 },
    );
  });

  it('has one line per group, the dearest first', () => {
    const { lines } = spendStatement(ROWS, { groupBy: ['team'] });
    expect(lines.map(({ group, contractedCostNanoUsd }) => [group.team, contractedCostNanoUsd])).toEqual([
      ['support', 3_000_000_000n],
      ['search', 1_000_000_000n],
      ['unassigned', 1_000_000_000n],
    ]);
  });

  it('runs in time where the first dimension is a time', () => {
    const { lines } = spendStatement(ROWS, { groupBy: ['day', 'team'] });
    expect(lines.map(({ group }) => `${group.day?.slice(8, 10)} ${group.team}`)).toEqual([
      '20 support',
      '20 search',
      '21 unassigned',
      '21 support',
    ]);
  });

  it('says how much nobody answers for, and nothing of it where teams are not told apart', () => {
    expect(spendStatement(ROWS, { groupBy: ['team', 'feature'] }).unassignedNanoUsd).toBe(1_000_000_000n);
    expect(spendStatement(ROWS, { groupBy: ['feature'] }).unassignedNanoUsd).toBeNull();
  });

  it('does not confuse groups whose names contain separators', () => {
    const rows = [
      spendRow({ team: 'a","b', feature: 'c' }, 1n),
      spendRow({ team: 'a', feature: 'b","c' }, 1n),
    ];
    expect(spendStatement(rows, { groupBy: ['team', 'feature'] }).lines).toHaveLength(2);
  });
});

describe('spendTable', () => {
  it('is a page that people can read', () => {
    const statement = spendStatement(ROWS, { groupBy: ['team', 'feature'] });
    expect(`\n${toTextTable(spendTable(statement))}`).toMatchInlineSnapshot(`
      "
      Team        Feature  Calls  Failed  Input  Output   Cost   Share
      ────────────────────────────────────────────────────────────────
      support     summary      2       2  2,468      10  $3.00   60.0%
      search      rank         1       1  1,234       5  $1.00   20.0%
      unassigned  (none)       1       1  1,234       5  $1.00   20.0%
      ────────────────────────────────────────────────────────────────
      Total                    4       4  4,936      20  $5.00  100.0%
      "
    `);
  });

  it('shows a day as a day', () => {
    const table = spendTable(spendStatement(ROWS, { groupBy: ['day'] }));
    expect(table.rows.map(([day]) => day)).toEqual(['2026-11-20', '2026-11-21']);
  });

  it('makes no claim about shares of nothing', () => {
    expect(spendTable(spendStatement([], { groupBy: [] })).footer).toEqual([
      '0',
      '0',
      '0',
      '0',
      '$0.00',
      '–',
    ]);
  });
});
