import { type DenialRecord, nanoFromUsd, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS, writeFile } from '../memory-context.ts';

const FILE = `version: 1
budgets: [{ id: support, scope: {}, limit: { usd: "500" }, period: month, timeZone: Europe/Berlin }]
`;
const DENIAL: DenialRecord = {
  denialId: 'd-1',
  attemptId: 'a-1',
  organization: 'default',
  budgetId: 'support',
  scope: { team: 'support' },
  unit: 'month',
  timeZone: 'Europe/Berlin',
  periodStartMs: Date.UTC(2026, 9, 31, 23),
  periodEndMs: Date.UTC(2026, 10, 30, 23),
  limit: nanoFromUsd('700'),
  spent: nanoFromUsd('698.20'),
  held: nanoFromUsd('1.90'),
  needed: nanoFromUsd('0.42'),
  retryAtMs: Date.UTC(2026, 10, 21, 12, 10),
  atMs: NOW_MS,
  enforced: true,
  attribution: {
    team: 'support',
    feature: "it's",
    environment: 'production',
    userPseudonym: null,
    workflow: null,
    taskType: null,
    tags: {},
  },
  requestModel: 'claude-sonnet-5-5',
  reason: 'limit',
  configVersion: 2,
};

async function granted() {
  const cli = memoryCli();
  writeFile(cli, FILE);
  await cli.run('apply');
  await cli.run('budgets', 'grant', 'support', '--amount', '200', '--for', '4h', '--reason', 'INC-9');
  return cli;
}

describe('tallygate why', () => {
  it('says of a budget with a pool what was asked of that, and offers to grant either more', async () => {
    const cli = await granted();
    const pool = {
      ...{ budgetId: 'shared', limit: nanoFromUsd('100'), spent: nanoFromUsd('99.80') },
      ...{ held: nanoFromUsd('0.10'), needed: nanoFromUsd('0.40') },
    };
    cli.history.denials.push({ ...DENIAL, pool });
    const { stdout } = await cli.run('why', 'd-1');
    expect(stdout).toContain('Asked          $0.42, $0.30 too much\n');
    expect(stdout).toContain(
      'Pool           shared: spent $99.80 of $100.00, held $0.10; asked for $0.40, the rest is left above\n',
    );
    expect(stdout).toContain('tallygate budgets grant support --amount 1 --for 1h');
    expect(stdout).toContain('tallygate budgets grant shared --amount 1 --for 1h');
    const { json } = await cli.run('why', 'd-1', '--json').then((ran) => ({ json: JSON.parse(ran.stdout) }));
    expect(json.pool).toEqual({
      ...{ budgetId: 'shared', limitUsd: '100.000000000', spentUsd: '99.800000000' },
      ...{ heldUsd: '0.100000000', askedUsd: '0.400000000' },
    });
  });

  it('tells every number of that instant, when it is free again, what was in force, and what to type', async () => {
    const cli = await granted();
    cli.history.denials.push(DENIAL);
    const { code, stdout } = await cli.run('why', 'd-1');
    expect([code, stdout.split('\n')]).toEqual([
      0,
      [
        'Denial         d-1 at 2026-11-21T12:00:00.000Z',
        "Call           team support, feature it's, production, claude-sonnet-5-5",
        'Budget         support: team support',
        'Period         November 2026, resets 1 Dec 00:00 Europe/Berlin',
        'Limit          $700.00',
        'Spent          $698.20',
        'Held           $1.90 for calls under way',
        'Asked          $0.42, $0.52 too much',
        'Free again     when calls under way end, the first of them at 2026-11-21T12:10:00.000Z at the latest',
        'Configuration  version 2, by ann at 2026-11-21T12:00:00.000Z: INC-9',
        'In force       budget support has $200.00 more until 2026-11-21T16:00:00.000Z',
        'Now            $700.00 available of $700.00 (spent $0.00, held $0.00)',
        "Now run        tallygate top --last 1h --where feature='it'\\''s' --by team,user",
        '               tallygate budgets grant support --amount 1 --for 1h --reason <text>',
        '               tallygate gate observe --for 1h --reason <text>',
        '',
      ],
    ]);
  });

  it('says the same as JSON', async () => {
    const cli = await granted();
    cli.history.denials.push(DENIAL);
    expect(JSON.parse((await cli.run('why', 'd-1', '--json')).stdout)).toMatchObject({
      schema: 'tallygate.why/1',
      denialId: 'd-1',
      reason: 'limit',
      limitUsd: '700.000000000',
      freeAgain: '2026-11-21T12:10:00.000Z',
      configVersion: 2,
      publication: { actor: 'ann', reason: 'INC-9' },
      overrides: [{ kind: 'grant', amountUsd: '200.000000000' }],
      availableNowUsd: '700.000000000',
      commands: expect.arrayContaining([
        'tallygate budgets grant support --amount 1 --for 1h --reason <text>',
      ]),
    });
  });

  it('names who paused a feature and how to resume it', async () => {
    const cli = await granted();
    const paused = await cli.run('budgets', 'pause', '--feature', 'chat', '--reason', 'runaway', '--json');
    const [{ id }] = JSON.parse(paused.stdout).overrides;
    const pause = { reason: 'paused' as const, budgetId: id, scope: { feature: 'chat' }, configVersion: 3 };
    cli.history.denials.push({ ...DENIAL, ...pause, periodStartMs: NOW_MS });
    const { stdout } = await cli.run('why', 'd-1');
    expect(stdout).toContain('Paused         feature chat since 2026-11-21T12:00:00.000Z, by ann: runaway\n');
    expect(stdout).toContain('Now run        tallygate budgets resume --feature chat --reason <text>\n');
  });

  it('tells what was spent too fast, what may be, until when it denies, and to look, not to grant', async () => {
    const cli = await granted();
    const trip = {
      reason: 'velocity' as const,
      limit: nanoFromUsd('8'),
      spent: nanoFromUsd('9.5'),
      held: 0n,
    };
    const times = {
      periodStartMs: NOW_MS - 60_000,
      periodEndMs: NOW_MS + 540_000,
      retryAtMs: NOW_MS + 540_000,
    };
    cli.history.denials.push({ ...DENIAL, ...trip, ...times, median: nanoFromUsd('2') });
    const { stdout } = await cli.run('why', 'd-1');
    expect(stdout).toContain('Too fast       $9.50 in 5 minutes, at 2026-11-21T11:59:00.000Z\n');
    expect(stdout).toContain('Threshold      $8.00; the median of the 24 before is $2.00\n');
    expect(stdout).toContain('Free again     2026-11-21T12:09:00.000Z, when the pause is over\n');
    expect(stdout).toContain('tallygate top');
    expect(stdout).not.toContain('budgets grant');
    expect(JSON.parse((await cli.run('why', 'd-1', '--json')).stdout)).toMatchObject({
      ...{ reason: 'velocity', limitUsd: '8.000000000', spentUsd: '9.500000000', medianUsd: '2.000000000' },
    });
  });

  it('explains a denial of an earlier version, and one while the gate is away, as far as they are known', async () => {
    const cli = await granted();
    const { configVersion: _, ...before } = DENIAL;
    cli.history.denials.push({ ...before, denialId: 'd-2', enforced: false });
    cli.gate.balances = () =>
      Promise.reject(new TallygateError('TALLYGATE_GATE_UNAVAILABLE', { message: 'x' }));
    const { code, stdout, stderr } = await cli.run('why', 'd-2');
    expect(code).toBe(0);
    expect(stdout).toContain('claude-sonnet-5-5; only observed, the call went on\n');
    expect(stdout).toContain('Configuration  not recorded\n');
    expect(stderr).toContain('The gate does not answer');
  });

  it('does not know an id that is none', async () => {
    const cli = await granted();
    const { code, stdout, stderr } = await cli.run('why', 'none');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('The ledger has no denial "none" of default. Check the id;');
  });
});
