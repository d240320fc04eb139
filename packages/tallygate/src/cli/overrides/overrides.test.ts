import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS, writeFile } from '../memory-context.ts';

const FILE = `version: 1
budgets: [{ id: support, scope: {}, limit: { usd: "500" }, period: month, timeZone: UTC }]
`;
const HOUR_MS = 3_600_000;

async function applied() {
  const cli = memoryCli();
  writeFile(cli, FILE);
  await cli.run('apply');
  return cli;
}
const grant = ['budgets', 'grant', 'support', '--amount', '200', '--for', '4h', '--reason', 'INC-9'];

describe('a decision beside the file', () => {
  it('is in force, says until when and how it is ended, and is recorded with who and why', async () => {
    const cli = await applied();
    const { code, stdout, stderr } = await cli.run(...grant);
    expect([code, stdout]).toEqual([0, 'budget support has $200.00 more until 2026-11-21T16:00:00.000Z\n']);
    expect(stderr).toMatch(
      /^Version 2 is in force\.\nTo end it: tallygate overrides end [0-9a-f-]{36} --reason/,
    );
    expect((await cli.gate.configuration()).overrides).toMatchObject([
      {
        kind: 'grant',
        budget: 'support',
        fromMs: NOW_MS,
        untilMs: NOW_MS + 4 * HOUR_MS,
        who: 'ann',
        why: 'INC-9',
      },
    ]);
    expect(cli.history.records.at(-1)).toMatchObject({ version: 2, actor: 'ann', reason: 'INC-9' });
    const list = await cli.run('budgets', 'list', '--json');
    expect(JSON.parse(list.stdout).budgets).toMatchObject([{ limitUsd: '700.000000000' }]);
  });

  it('is listed while it runs, and none of it is lost by applying the file again', async () => {
    const cli = await applied();
    await cli.run(...grant);
    await cli.run('gate', 'observe', '--for', '1h', '--reason', 'false denials');
    writeFile(cli, FILE.replace('"500"', '"600"'));
    expect((await cli.run('plan')).stdout).toBe('~ budget support\n    limit: $500.00 → $600.00\n');
    await cli.run('apply');
    const { stdout } = await cli.run('overrides', 'list');
    expect(stdout).toContain(
      'budget support has $200.00 more until 2026-11-21T16:00:00.000Z, by ann: INC-9\n',
    );
    expect(stdout).toContain(
      'the gate only observes until 2026-11-21T13:00:00.000Z, by ann: false denials\n',
    );
    const [budget] = await cli.gate.balances();
    expect(budget?.budget.limit).toBe(800_000_000_000n);
  });

  it('ends by "resume" or "overrides end", which names who ended it and why', async () => {
    const cli = await applied();
    await cli.run('budgets', 'pause', '--feature', 'chat', '--reason', 'runaway');
    const resumed = await cli.run('budgets', 'resume', '--feature', 'chat', '--reason', 'fixed', '--json');
    expect(JSON.parse(resumed.stdout)).toMatchObject({
      schema: 'tallygate.override/1',
      version: 3,
      recorded: true,
      overrides: [
        { kind: 'pause', feature: 'chat', why: 'runaway', endedEarly: { who: 'ann', why: 'fixed' } },
      ],
    });
    const observed = await cli.run('gate', 'observe', '--for', '1h', '--reason', 'why', '--json');
    const [{ id }] = JSON.parse(observed.stdout).overrides;
    expect((await cli.run('overrides', 'end', id, '--reason', 'calm')).code).toBe(0);
    expect(await cli.run('overrides', 'list')).toMatchObject({
      stdout: '',
      stderr: 'No override is running: budgets are as the file says.\n',
    });
  });

  it('is in force while the ledger is away, and the next apply records who, when and why', async () => {
    const cli = await applied();
    const { saveConfigVersion } = cli.history;
    cli.history.saveConfigVersion = () =>
      Promise.reject(new TallygateError('TALLYGATE_LEDGER_UNAVAILABLE', { message: 'x' }));
    const granted = await cli.run(...grant, '--json');
    expect([granted.code, JSON.parse(granted.stdout)]).toMatchObject([0, { version: 2, recorded: false }]);
    cli.history.saveConfigVersion = saveConfigVersion;
    cli.context.actor = 'bob';
    expect((await cli.run('apply', '--reason', 'ledger is back')).code).toBe(0);
    expect(cli.history.records.at(-1)).toMatchObject({
      version: 2,
      actor: 'ann',
      reason: 'INC-9',
      publishedAtMs: NOW_MS,
      after: { overrides: [{ kind: 'grant', who: 'ann', why: 'INC-9', amount: '200000000000' }] },
    });
  });

  it('takes its turn when somebody else publishes at the same time', async () => {
    const cli = await applied();
    const { publish } = cli.gate;
    let isRace = true;
    cli.gate.publish = async (snapshot) => {
      if (isRace) await publish({ ...snapshot, overrides: [] });
      isRace = false;
      return publish(snapshot);
    };
    expect(await cli.run(...grant)).toMatchObject({ code: 0 });
    expect(await cli.gate.configuration()).toMatchObject({ version: 3, overrides: [{ kind: 'grant' }] });
  });

  it.each([
    [
      ['budgets', 'grant', 'suport', '--amount', '1', '--for', '1h', '--reason', 'x'],
      'Did you mean support?',
    ],
    [['budgets', 'grant', 'support', '--amount', '0', '--for', '1h', '--reason', 'x'], 'grants nothing'],
    [['budgets', 'grant', 'support', '--amount', '1', '--for', '60d', '--reason', 'x'], 'between 1s and 31d'],
    [['budgets', 'grant', 'support', '--amount', '1', '--for', '1h', '--reason', ' '], '--reason is empty'],
    [['budgets', 'grant', 'support', '--amount', '1', '--for', '1h'], "'--reason <text>' not specified"],
    [['budgets', 'resume', '--feature', 'chat', '--reason', 'x'], 'Feature "chat" is not paused.'],
    [['overrides', 'end', 'none', '--reason', 'x'], 'No override "none" is running.'],
  ])('%j is refused with its cure, and changes nothing', async (argv, said) => {
    const cli = await applied();
    const { code, stdout, stderr } = await cli.run(...argv);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
    expect((await cli.gate.configuration()).version).toBe(1);
  });
});
