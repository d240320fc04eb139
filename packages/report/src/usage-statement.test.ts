import type { UsageAnswer, UsageGroup } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import {
  toTextTable,
  type UsageStatement,
  unassignedNanoUsd,
  usageCsv,
  usageDocument,
  usageTable,
} from './index.ts';

function line(group: UsageGroup['group'], changes: Partial<UsageGroup> = {}): UsageGroup {
  return {
    group,
    calls: 10,
    attempts: 12,
    failedAttempts: 2,
    usage: {
      uncachedInputTokens: 1_000,
      cacheReadInputTokens: 3_000,
      cacheWrite5mInputTokens: 10,
      cacheWrite1hInputTokens: 20,
      cacheWriteUnsplitInputTokens: 0,
      outputTokens: 500,
      webSearchRequests: 1,
      webFetchRequests: 0,
    },
    listCostNanoUsd: 3_000_000_001n,
    contractedCostNanoUsd: 3_000_000_000n,
    webSearchCostNanoUsd: 10_000_000n,
    roundingPicoUsd: 7n,
    thinkingTokens: 40,
    cacheReadShare: 0.744417,
    errorRate: 1 / 6,
    meanLatencyMs: 1_234.5678,
    meanTimeToFirstTokenMs: 85.5,
    denials: { denied: 3, wouldBeDenied: 0, deniedShare: 0.2 },
    latency: null,
    timeToFirstToken: null,
    ...changes,
  };
}

function statement(changes: Partial<UsageStatement> = {}): UsageStatement {
  const support = line({ team: 'support' });
  const search = line({ team: 'search' }, { contractedCostNanoUsd: 1_000_000_000n, errorRate: 0.0001 });
  const estimated = { attempts: 1, contractedCostNanoUsd: 5n };
  const coverage: UsageAnswer['coverage'] = { reported: { ...estimated, attempts: 23 }, estimated };
  const total = line({}, { calls: 20, contractedCostNanoUsd: 4_000_000_000n });
  const asked = { groupBy: ['team'] as const, tagKey: null, percentiles: false };
  return { groups: [support, search], others: [], total, coverage, ...asked, ...changes };
}

const text = (changes: Partial<UsageStatement> = {}, width?: number) =>
  `\n${toTextTable(usageTable(statement(changes)), width === undefined ? {} : { width })}`;

describe('usageTable', () => {
  it('is a page that people can read, with a bar for those who would rather look', () => {
    expect(text()).toMatchInlineSnapshot(`
      "
      Team     Calls  Errors  Denied  Input  Cached  Output  Latency  First token   Cost   Share
      ──────────────────────────────────────────────────────────────────────────────────────────────────────
      support     10   16.7%   20.0%  4,030   74.4%     500   1.23 s        86 ms  $3.00   75.0%  ██████████
      search      10   <0.1%   20.0%  4,030   74.4%     500   1.23 s        86 ms  $1.00   25.0%  ███▎
      ──────────────────────────────────────────────────────────────────────────────────────────────────────
      Total       20   16.7%   20.0%  4,030   74.4%     500   1.23 s        86 ms  $4.00  100.0%
      "
    `);
  });

  it('sums what was left out in one line under the others, in each interval of its own', () => {
    const days = ['2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z'] as const;
    const changes = {
      groupBy: ['day', 'team'] as const,
      groups: days.map((day) => line({ day, team: 'support' })),
      others: days.map((day) => line({ day })),
    };
    expect(usageTable(statement(changes)).rows.map(([day, team]) => [day, team])).toEqual([
      ['2026-11-20', 'support'],
      ['2026-11-20', '(others)'],
      ['2026-11-21', 'support'],
      ['2026-11-21', '(others)'],
    ]);
  });

  it('shows percentiles in place of tokens, and none where there is none', () => {
    const timed = { p50: 842, p90: 1_200, p95: 9_999, p99: 63_400 };
    const groups = [
      line({ team: 'support' }, { latency: timed, timeToFirstToken: timed }),
      line({ team: 'search' }),
    ];
    expect(text({ percentiles: true, groups })).toMatchInlineSnapshot(`
      "
      Team     Calls  Errors  Denied  Latency p50     p90     p95     p99  First token p50     p90     p95     p99   Cost   Share
      ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      support     10   16.7%   20.0%       842 ms  1.20 s  10.0 s  63.4 s           842 ms  1.20 s  10.0 s  63.4 s  $3.00   75.0%  ██████████
      search      10   16.7%   20.0%            –       –       –       –                –       –       –       –  $3.00   75.0%  ██████████
      ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
      Total       20   16.7%   20.0%            –       –       –       –                –       –       –       –  $4.00  100.0%
      "
    `);
  });

  it('gives up figures before names on a narrow terminal, and keeps calls and cost', () => {
    const groups = [line({ team: 'a-team-with-quite-a-name' })];
    expect(text({ groups }, 60)).toMatchInlineSnapshot(`
      "
      Team                     Calls  Input  Output   Cost   Share
      ────────────────────────────────────────────────────────────
      a-team-with-quite-a-na…     10  4,030     500  $3.00   75.0%
      ────────────────────────────────────────────────────────────
      Total                       20  4,030     500  $4.00  100.0%
      "
    `);
    for (const width of [40, 60, 80, 100, 120])
      for (const row of text({ groups }, width).split('\n'))
        expect([...row].length).toBeLessThanOrEqual(width);
  });

  it('says nothing of denials where they cannot be told, and names those that only observe', () => {
    const titles = (denials: UsageGroup['denials']) =>
      usageTable(statement({ total: line({}, { denials }) })).columns.map(({ title }) => title);
    expect(titles(null).join()).not.toMatch(/den/i);
    expect(titles({ denied: 0, wouldBeDenied: 4, deniedShare: 0 })).toContain('Would deny');
  });

  it('calls a tag by its name and shows a month as a month', () => {
    const group = { month: '2026-11-01T00:00:00.000Z', tag: 'zürich' };
    const { columns, rows } = usageTable(
      statement({ groupBy: ['month', 'tag'], tagKey: 'customer', groups: [line(group)] }),
    );
    expect([columns[1]?.title, rows[0]?.slice(0, 2)]).toEqual(['customer', ['2026-11', 'zürich']]);
  });
});

describe('usageCsv', () => {
  it('gives every class of tokens and exact amounts, and no total that would be summed twice', () => {
    const [header, first, ...rest] = usageCsv(statement()).split('\r\n');
    expect(header).toMatchInlineSnapshot(
      `"team,calls,attempts,failed_attempts,uncached_input_tokens,cache_read_input_tokens,cache_write_5m_input_tokens,cache_write_1h_input_tokens,cache_write_unsplit_input_tokens,output_tokens,web_search_requests,web_fetch_requests,list_cost_usd,contracted_cost_usd,thinking_tokens,denied_attempts,would_be_denied_attempts,cache_read_share,error_rate,denied_share,mean_latency_ms,mean_time_to_first_token_ms"`,
    );
    expect(first).toBe(
      'support,10,12,2,1000,3000,10,20,0,500,1,0,3.000000001,3.000000000,40,3,0,0.744417,0.166667,0.2,1234.568,85.5',
    );
    expect(rest).toHaveLength(2);
  });

  it('leaves a cell empty for what is unknown, which is no zero', () => {
    const unknown = { denials: null, errorRate: null, meanLatencyMs: null };
    const row = usageCsv(statement({ groups: [line({ team: 'support' }, unknown)] })).split('\r\n')[1];
    expect(row?.split(',').slice(-8)).toEqual(['40', '', '', '0.744417', '', '', '', '85.5']);
  });

  it.each(['=cmd()', '+1', '-1', '@sum', '\t=1'])(
    'makes no formula of %j, and leaves numbers numbers',
    (name) => {
      const credit = line({ team: name }, { contractedCostNanoUsd: -1_500_000_000n });
      const [, row] = usageCsv(statement({ groups: [credit] })).split('\r\n');
      expect(row?.startsWith(`'${name},`)).toBe(true);
      expect(row).toContain(',-1.500000000,');
    },
  );

  it('keeps the sum of what was left out, so that columns still add up', () => {
    const rows = usageCsv(statement({ others: [line({})] })).split('\r\n');
    expect(rows[3]).toMatch(/^\(others\),10,12,/);
  });

  it('has columns for percentiles when they were asked for', () => {
    const timed = { p50: 1, p90: 2.5, p95: 3, p99: 4 };
    const groups = [line({ team: 'support' }, { latency: timed })];
    const [header, row] = usageCsv(statement({ percentiles: true, groups })).split('\r\n');
    expect(header).toMatch(/,latency_p50_ms,latency_p90_ms,.*,time_to_first_token_p99_ms$/);
    expect(row).toMatch(/,1,2\.5,3,4,,,,$/);
  });
});

describe('usageDocument', () => {
  it('writes money as exact decimals and keeps every count', () => {
    const document = usageDocument(statement({ others: [line({})] }));
    expect(document).toMatchObject({
      groupBy: ['team'],
      lines: [{ group: { team: 'support' }, contractedCostUsd: '3.000000000', denials: { denied: 3 } }, {}],
      others: [{ calls: 10, listCostUsd: '3.000000001' }],
      total: { calls: 20, contractedCostUsd: '4.000000000', roundingPicoUsd: 7n },
      coverage: { estimated: { attempts: 1, contractedCostUsd: '0.000000005' } },
    });
    expect(document['total']).not.toHaveProperty('group');
  });
});

describe('unassignedNanoUsd', () => {
  it('is what no listed team answers for, and unsaid where lines cannot tell', () => {
    const groups = [line({ team: 'unassigned' }), line({ team: 'support' })];
    expect(unassignedNanoUsd(statement({ groups }))).toBe(3_000_000_000n);
    expect(unassignedNanoUsd(statement({ groups, others: [line({})] }))).toBeNull();
    expect(unassignedNanoUsd(statement({ groupBy: ['feature'] }))).toBeNull();
  });
});
