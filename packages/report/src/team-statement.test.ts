import { describe, expect, it } from 'vitest';
import type { TeamStatement } from './team-statement.ts';
import { teamStatementCsv, teamStatementTable } from './team-statement-csv.ts';
import { teamStatementHtml } from './team-statement-html.ts';
import { toTextTable } from './text-table.ts';
import { waterfallSvg } from './waterfall-svg.ts';

const EVIL = '<img src=x onerror="alert(1)">';
const figures = {
  ...{ calls: 1_200, attempts: 1_250, failedAttempts: 50, errorRate: 0.04, meanLatencyMs: 1_900 },
  ...{
    cacheReadShare: 0.62,
    chargedUsd: '30.000000000',
    billedUsd: '27.000000000',
    varianceUsd: '-3.000000000',
  },
};
const statement: TeamStatement = {
  schema: 'tallygate.statement/1',
  ...{ organization: 'acme', month: '2026-10', team: 'support', name: EVIL, costCentre: '4711' },
  ...{ charging: 'chargeback', state: 'closed', basis: 'invoice', tiedToInvoice: true },
  figures,
  features: [{ feature: '=SUM(A1)', ...figures }],
  steps: [
    { label: 'charged', kind: 'total', amountUsd: '30.000000000' },
    { label: 'variance', kind: 'step', amountUsd: '-3.000000000' },
    { label: 'invoice', kind: 'step', amountUsd: '5.130000000' },
    { label: 'borne', kind: 'total', amountUsd: '32.130000000' },
  ],
  totalUsd: '32.130000000',
};

describe('the statement of a team', () => {
  it('is a page without scripts and without anything from elsewhere, in which names are text', () => {
    const page = teamStatementHtml(statement);
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;');
    expect(page).not.toMatch(/<script|\bsrc=x onerror="|javascript:|url\(|<link/i);
    expect(page.match(/https?:\/\/[^"]+/g)).toEqual(['http://www.w3.org/2000/svg']);
    for (const told of ['$32.13', 'closed', '1,200', '4.0%', '1.90 s', '62.0%', '-$3.00', 'ties to it'])
      expect(page).toContain(told);
  });

  it('is CSV of which one column adds up to what the team bears, and no name runs as a formula', () => {
    const lines = teamStatementCsv(statement).trimEnd().split('\r\n');
    expect(lines).toEqual([
      'month,team,cost_centre,for,calls,attempts,failed_attempts,error_rate,mean_latency_ms,cache_read_share,charged_usd,billed_usd,variance_usd',
      "2026-10,support,4711,'=SUM(A1),1200,1250,50,0.04,1900,0.62,30.000000000,27.000000000,-3.000000000",
      '2026-10,support,4711,(invoice),,,,,,,,5.130000000,',
    ]);
    const billed = lines.slice(1).map((line) => Number(line.split(',').at(-2)));
    expect(billed.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(32.13, 9);
  });

  it('is a table for a terminal', () => {
    expect(toTextTable(teamStatementTable(statement)).split('\n')).toEqual([
      'For        Calls  Errors  Latency  Cached  Charged  Variance  Billed',
      '────────────────────────────────────────────────────────────────────',
      '=SUM(A1)   1,200    4.0%   1.90 s   62.0%   $30.00    -$3.00  $27.00',
      '(invoice)                                                      $5.13',
      '────────────────────────────────────────────────────────────────────',
      'Total      1,200    4.0%   1.90 s   62.0%   $30.00    -$3.00  $32.13',
      '',
    ]);
  });
});

describe('a waterfall', () => {
  const barsOf = (svg: string) =>
    [...svg.matchAll(/<rect x="([\d.]+)" y="\d+" width="([\d.]+)"/g)].map(([, x, width]) => [
      Number(x),
      Number(x) + Number(width),
    ]);

  it('hangs each step where the bar before it ends, and its last total stands as high as the sum', () => {
    const [charged, variance, invoice, borne] = barsOf(waterfallSvg('x', statement.steps));
    expect(variance?.[1]).toBeCloseTo(charged?.[1] ?? 0, 0);
    expect(invoice?.[0]).toBeCloseTo(variance?.[0] ?? 0, 0);
    expect(borne).toEqual([charged?.[0], expect.closeTo(invoice?.[1] ?? 0, 0)]);
  });

  it('says every amount in words, escapes labels, and is drawn for totals below zero and of nothing', () => {
    const below = waterfallSvg(EVIL, [
      { label: EVIL, kind: 'total', amountUsd: '-1.000000000' },
      { label: 'x', kind: 'step', amountUsd: '2.500000000' },
    ]);
    expect(below).toContain('>-$1.00<');
    expect(below).toContain('>+$2.50<');
    expect(below).not.toContain('<img');
    for (const [left = 0, right = 0] of barsOf(below)) expect(left >= 190 && right <= 622).toBe(true);
    expect(waterfallSvg('x', [{ label: 'x', kind: 'total', amountUsd: '0.000000000' }])).toContain('$0.00');
  });
});
