import { describe, expect, it } from 'vitest';
import { memoryCli, sinkThat } from './memory-context.ts';
import { usageAnswer, usageGroup } from './usage-fixtures.ts';

const SUPPORT = { team: 'support', feature: 'summary' };

function cliWith(...groups: Parameters<typeof usageGroup>[]) {
  const cli = memoryCli();
  cli.history.answer = usageAnswer(groups.map((each) => usageGroup(...each)));
  return cli;
}

describe('tallygate report', () => {
  it('prints data on stdout and remarks on stderr', async () => {
    const cli = cliWith([SUPPORT], [{ team: 'unassigned', feature: '' }]);
    const { code, stdout, stderr } = await cli.run('report');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Team +Feature +Calls/);
    expect(stdout).toMatch(
      /\nsupport +summary +1 +50\.0% +50\.0% +1,000 +0\.0% +5 +1\.23 s +\$0\.01 +50\.0% +█+\n/,
    );
    expect(stdout).toMatch(/\nTotal .*100\.0%\n$/);
    expect(stderr).toContain('2026-11-01 to 2026-11-21T12:00:00Z (UTC, end not included)');
    expect(stderr).toContain('$0.01 (50.0%) belongs to no listed team.');
    expect(stderr).toContain('All usage is as the provider reported it; nothing is estimated.');
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });

  it('gives every figure exactly as JSON, and nothing else on stdout', async () => {
    const cli = cliWith([SUPPORT]);
    const { stdout } = await cli.run('report', '--json', '--month', '2026-10', '--by', 'team,model');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tallygate.report/1',
      organization: 'default',
      from: '2026-10-01T00:00:00.000Z',
      to: '2026-11-01T00:00:00.000Z',
      groupBy: ['team', 'responseModel'],
      order: 'cost',
      lines: [{ group: SUPPORT, errorRate: 0.5, denials: { denied: 2 }, latency: null }],
      others: [],
      total: {
        calls: 1,
        usage: { uncachedInputTokens: 1000 },
        contractedCostUsd: '0.010000001',
        roundingPicoUsd: '-3',
      },
      coverage: { reported: { attempts: 1 }, estimated: { attempts: 0, contractedCostUsd: '0.000000000' } },
    });
  });

  it('writes CSV for a spreadsheet', async () => {
    const { stdout } = await cliWith([SUPPORT]).run('report', '--csv');
    expect(stdout.split('\r\n')[1]).toBe(
      'support,summary,1,2,1,1000,0,0,0,0,5,0,0,0.010000001,0.010000001,2,2,0,0,0.5,0.5,1234.5,',
    );
  });

  it('shrinks to a terminal', async () => {
    const cli = cliWith([{ team: 'support', feature: 'x'.repeat(80) }]);
    cli.context.stdout.columns = 70;
    const { stdout } = await cli.run('report');
    expect(Math.max(...stdout.split('\n').map((line) => [...line].length))).toBe(70);
  });

  it('says when the spool still holds what the report misses', async () => {
    const cli = memoryCli({ runtime: { sink: sinkThat(3) } });
    expect((await cli.run('report')).stderr).toContain('3 records wait in the spool and are missing below.');
    expect(JSON.parse((await cli.run('report', '--json')).stdout)).toMatchObject({ pendingInSpool: 3 });
  });

  it('says that nothing was recorded, and how much is estimated', async () => {
    expect((await memoryCli().run('report')).stderr).toContain('Nothing was recorded that fits.');
    const cli = cliWith([SUPPORT]);
    const reported = { attempts: 9, contractedCostNanoUsd: 3_000_000_000n };
    const coverage = { reported, estimated: { attempts: 12, contractedCostNanoUsd: 1_000_000_000n } };
    cli.history.answer = { ...cli.history.answer, coverage };
    expect((await cli.run('report')).stderr).toContain(
      '$1.00 (25.0%) is estimated, in 12 attempts; the rest is as the provider reported it.',
    );
  });

  it('says that it cannot tell what is estimated where the ledger does not', async () => {
    const cli = cliWith([SUPPORT]);
    cli.history.answer = { ...cli.history.answer, coverage: null };
    expect((await cli.run('report')).stderr).toContain('what is estimated is told for at most 31 days.');
    expect(JSON.parse((await cli.run('report', '--json')).stdout).coverage).toBeNull();
  });

  it('names the value that nothing was recorded with, and the one that was probably meant', async () => {
    const cli = memoryCli();
    cli.history.spend = async () => [usageGroup({ team: 'support' })];
    const { code, stderr } = await cli.run('report', '--where', 'team=suport,support');
    expect(code).toBe(0);
    expect(stderr).toContain('Nothing was recorded with team "suport" then. Did you mean "support"?\n');
    expect(stderr).not.toContain('"support" then');
  });

  it('is an error where there is no ledger, never an empty table', async () => {
    const cli = memoryCli({ runtime: { history: null } });
    const { code, stdout, stderr } = await cli.run('report');
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toContain(
      'There is no ledger to ask. Install the embedded engine with "npm install chdb"',
    );
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });
});

describe('what tallygate report asks the ledger', () => {
  const now = '2026-11-21T12:00:00.000Z';
  it.each([
    [[], { groupBy: ['team', 'feature'], by: 'ended', fromMs: Date.UTC(2026, 10, 1), toMs: Date.parse(now) }],
    [['--grain', 'day'], { groupBy: ['day'] }],
    [['--grain', 'month', '--by', 'team,key,team'], { groupBy: ['month', 'team', 'apiKeyId'] }],
    [
      ['--by', 'tag:customer', '--where', 'tag:customer=a,b'],
      { groupBy: ['tag'], tagKey: 'customer', filter: { tag: ['a', 'b'] } },
    ],
    [
      ['--where', 'team=support', '--where', 'team=search', '--where', 'model=a, b', '--where', 'workflow='],
      { filter: { team: ['support', 'search'], responseModel: ['a', 'b'], workflow: [''] } },
    ],
    [['--top', '5', '--order', 'errors', '--percentiles'], { top: 5, order: 'errors', percentiles: true }],
    [['--days', '1'], { fromMs: Date.UTC(2026, 10, 21), toMs: Date.parse(now) }],
    [['--days', '30'], { fromMs: Date.UTC(2026, 9, 23) }],
  ])('%j', async (argv, question) => {
    const cli = memoryCli();
    expect((await cli.run('report', ...argv)).code).toBe(0);
    expect(cli.history.questions).toEqual([
      expect.objectContaining({ organization: 'default', ...question }),
    ]);
  });

  it.each([
    [['--by', 'modle'], '--by "modle" is not something to group by. Did you mean model?'],
    [['--by', 'team:a'], '--by "team:a" is not a dimension. Write team.'],
    [['--by', 'tag'], '--by tag does not say which one. Write tag:<name>'],
    [['--by', 'tag:a', '--where', 'tag:b=1'], 'tag:a and tag:b cannot be asked for at once.'],
    [['--grain', 'week'], '--grain "week" is not an interval. Use one of month, day, hour, minute.'],
    [['--where', 'support'], '--where "support" is not a condition. Write one such as team=support'],
    [['--where', 'taem=a'], '--where "taem" is not something to filter by. Did you mean team?'],
    [['--where', 'day=2026-11-01'], '--where does not take day. Choose the time with --from and --to.'],
    [['--top', '0'], '--top "0" is not a number of lines.'],
    [['--order', 'costs'], '--order "costs" is not something to rank by. Did you mean cost?'],
    [['--days', '0'], '--days "0" is not a number of days.'],
    [['--days', '3', '--month', '2026-10'], '--month and --days say the same thing.'],
    [['--csv', '--json'], '--csv and --json exclude each other.'],
  ])('and refuses %j with what was probably meant', async (argv, sentence) => {
    const cli = memoryCli();
    const { code, stdout, stderr } = await cli.run('report', ...argv);
    expect(code).toBe(2);
    expect(stdout === '' ? stderr : JSON.parse(stdout).error.message).toContain(sentence);
    expect(cli.opened).toEqual([]);
  });
});
