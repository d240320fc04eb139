import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS, writeFile } from './memory-context.ts';

const FILE = `version: 1
teams: [{ id: support, name: Support }]
budgets:
  - id: support-monthly
    scope: { team: support }
    limit: { usd: "500.00" }
    period: month
    timeZone: Europe/Berlin
`;

describe('tallygate init, plan, apply, budgets', () => {
  it('lead from nothing to a budget in force', async () => {
    const cli = memoryCli();
    expect(await cli.run('init')).toMatchObject({
      code: 0,
      stdout: `${join(cli.directory, 'tallygate.yaml')}\n`,
    });
    expect(await cli.run('plan')).toMatchObject({
      code: 0,
      stdout: 'No changes: version 0 is what the file asks for.\n',
    });

    writeFile(cli, FILE);
    const plan = await cli.run('plan');
    expect(plan.stdout).toBe(
      '+ team support\n    Support\n+ budget support-monthly\n' +
        '    $500.00 per month (Europe/Berlin) for team support; enforced; in an outage calls are blocked\n',
    );
    expect((await cli.gate.configuration()).version).toBe(0);

    const applied = await cli.run('apply', '--reason', 'INC-9');
    expect(applied).toMatchObject({ code: 0, stdout: plan.stdout, stderr: 'Version 1 is in force.\n' });
    expect(cli.history.records).toMatchObject([
      { version: 1, actor: 'ann', reason: 'INC-9', publishedAtMs: NOW_MS },
    ]);

    const { stdout } = await cli.run('budgets', 'list');
    expect(stdout).toContain(
      'support-monthly  team support  November 2026  enforced  $0.00  $0.00  $500.00    $500.00',
    );
  });

  it('leave an existing file as it is', async () => {
    const cli = memoryCli();
    writeFile(cli, FILE);
    const { code, stderr } = await cli.run('init');
    expect(code).toBe(2);
    expect(stderr).toContain('exists and was left as it is.');
    expect(readFileSync(join(cli.directory, 'tallygate.yaml'), 'utf8')).toBe(FILE);
  });

  it('show one budget in full, in words and as JSON', async () => {
    const cli = memoryCli();
    writeFile(cli, FILE);
    await cli.run('apply');
    const { stdout } = await cli.run('budgets', 'show', 'support-monthly');
    expect(stdout).toContain('Period        November 2026, resets 1 Dec 00:00 Europe/Berlin\n');
    expect(stdout).toContain('In an outage  calls are blocked\n');
    const { budget } = JSON.parse((await cli.run('budgets', 'show', 'support-monthly', '--json')).stdout);
    expect(budget).toEqual({
      id: 'support-monthly',
      scope: { team: 'support' },
      period: 'month',
      timeZone: 'Europe/Berlin',
      periodStart: '2026-10-31T23:00:00.000Z',
      periodEnd: '2026-11-30T23:00:00.000Z',
      limitUsd: '500.000000000',
      spentUsd: '0.000000000',
      heldUsd: '0.000000000',
      availableUsd: '500.000000000',
      mode: 'enforce',
      onOutage: 'block',
      alertPercents: [50, 75, 90, 100],
    });
  });

  it('record what is in force as JSON, with money exact', async () => {
    const cli = memoryCli();
    writeFile(cli, FILE);
    const document = JSON.parse((await cli.run('apply', '--json')).stdout);
    expect(document).toMatchObject({
      schema: 'tallygate.apply/1',
      liveVersion: 0,
      version: 1,
      published: true,
      recorded: true,
    });
    expect(document.changes[1]).toMatchObject({
      action: 'add',
      kind: 'budget',
      after: { limit: '500000000000' },
    });
  });

  it('say that nobody recorded a change that was made without a ledger', async () => {
    const cli = memoryCli({ runtime: { history: null } });
    writeFile(cli, FILE);
    expect((await cli.run('apply')).stderr).toContain('nobody has recorded who changed what');
  });

  it('use the organization and the file that flags name, before environment and file', async () => {
    const cli = memoryCli({ environment: { TALLYGATE_ORGANIZATION: 'by-variable' } });
    writeFile(cli, 'version: 1\norganization: default\n', 'other.yaml');
    await cli.run('budgets', 'list', '--config', 'other.yaml');
    await cli.run('--organization', 'by-flag', '--data', 'd', 'budgets', 'list');
    expect(
      cli.opened.map(({ config }) => [config.organization, config.configFile, config.dataDirectory]),
    ).toEqual([
      ['by-variable', join(cli.directory, 'other.yaml'), join(cli.directory, '.tallygate')],
      ['by-flag', null, join(cli.directory, 'd')],
    ]);
  });
});

describe('tallygate reconcile', () => {
  const environment = { ANTHROPIC_ADMIN_KEY: 'sk-ant-admin01-secret' };
  const variance = {
    internalPicoUsd: 1_000_000n,
    billedPicoUsd: 3_000_000n,
    causes: [{ name: 'unmetered key', amountPicoUsd: 1_500_000n, evidence: 'one key' }],
  };
  const days = {
    variance,
    withinTolerance: true,
    remarks: ['All explained.'],
    nextActions: [{ name: 'unmetered key', nextAction: 'Wrap its clients.' }],
    document: { reconciliation: 1 },
  };

  it('takes yesterday where no day is named, and exits 0 within tolerance', async () => {
    const asked: unknown[] = [];
    const reconcileDays = async ({
      range,
      onProgress,
    }: {
      range: unknown;
      onProgress(text: string): void;
    }) => {
      asked.push(range);
      onProgress('Reading …');
      return days;
    };
    const cli = memoryCli({ environment, reconcileDays });
    const { code, stdout, stderr } = await cli.run('reconcile');
    expect(code).toBe(0);
    expect(asked).toEqual([{ fromMs: Date.UTC(2026, 10, 20), toMs: Date.UTC(2026, 10, 21) }]);
    expect(stdout).toContain('Residual               +0.000000500        16.7%  not explained');
    expect(stdout).toMatch(/\nNext\n {2}unmetered key: Wrap its clients\.\n$/);
    expect(stderr).toMatch(/^Reading …\n.*All explained\.\n$/s);
  });

  it('exits 3 over tolerance, so that a pipeline can stop there', async () => {
    const cli = memoryCli({ environment, reconcileDays: async () => ({ ...days, withinTolerance: false }) });
    const { code, stdout } = await cli.run(
      'reconcile',
      '--from',
      '2026-10-01',
      '--to',
      '2026-11-01',
      '--json',
    );
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      withinTolerance: false,
      from: '2026-10-01T00:00:00.000Z',
      reconciliation: 1,
    });
  });

  it('exits 4 when the provider does not answer', async () => {
    const reconcileDays = () =>
      Promise.reject(new TallygateError('TALLYGATE_PROVIDER_UNAVAILABLE', { message: 'No answer.' }));
    const cli = memoryCli({ environment, reconcileDays });
    expect(await cli.run('reconcile')).toMatchObject({ code: 4, stdout: '' });
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });
});

describe('tallygate serve', () => {
  it('owns the directory until it is stopped', async () => {
    let runtimeOpenWhileServing = false;
    const cli = memoryCli({
      untilStopped: async () => {
        runtimeOpenWhileServing = cli.opened.some(({ closed }) => !closed);
      },
    });
    const { code, stderr } = await cli.run('serve');
    expect([code, runtimeOpenWhileServing]).toEqual([0, true]);
    expect(stderr).toBe(`Serving ${join(cli.directory, '.tallygate')}\n`);
    expect(cli.opened).toMatchObject([{ closed: true }]);
  });

  it('refuses where another process owns the directory, or others keep the gate', async () => {
    expect(await memoryCli({ runtime: { role: 'client' } }).run('serve')).toMatchObject({ code: 4 });
    const shared = memoryCli({ runtime: { role: 'direct' } });
    expect(await shared.run('serve')).toMatchObject({ code: 2 });
    expect(shared.opened).toMatchObject([{ closed: true }]);
  });
});
