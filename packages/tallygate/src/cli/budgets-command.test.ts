import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS, writeFile } from './memory-context.ts';

const FILE = `version: 1
budgets: [{ id: per-user, each: user, limit: { usd: "5" }, period: day, timeZone: UTC }]
`;
const ANN = 'pseudonym-of-ann-of-22';
const keyOf = (user: string) => `per-user:day:${Date.UTC(2026, 10, 21)}:${user}`;

/** Ann has spent two dollars today; the ledger knows of it, and of somebody else whom the gate has forgotten. */
async function spent() {
  const cli = memoryCli();
  writeFile(cli, FILE);
  await cli.run('apply');
  const period = { periodStartMs: Date.UTC(2026, 10, 21), periodEndMs: Date.UTC(2026, 10, 22) };
  const entry = { key: keyOf(ANN), expected: 0n, worst: 0n, ...period };
  const hold = {
    attemptId: 'a',
    organization: 'default',
    epoch: 'e',
    budgetInstantMs: NOW_MS,
    expiryBucket: 0,
  };
  await cli.gate.settle({ hold: { ...hold, entries: [entry] }, amountNanoUsd: 2_000_000_000n });
  cli.history.totals = [
    { key: keyOf(ANN), amount: 2_000_000_000n },
    { key: keyOf('u-2'), amount: 1n },
  ];
  return cli;
}

describe('a budget that is one for each user', () => {
  it('is listed by those that were charged most, and says of how many', async () => {
    const cli = await spent();
    const { stdout, stderr } = await cli.run('budgets', 'list');
    expect(stderr).toContain('per-user is one for each user: of 2 that were charged, 2 are shown');
    expect(stdout).toMatch(new RegExp(`per-user +user ${ANN} .*\\$2\\.00.*\\$5\\.00`));
    const json = JSON.parse((await cli.run('budgets', 'list', '--json')).stdout);
    expect(json.each).toEqual([{ id: 'per-user', each: 'user', charged: 2, shown: 2 }]);
    expect(json.budgets).toMatchObject([
      { id: 'per-user', each: 'user', scope: { user: ANN }, spentUsd: '2.000000000' },
      { id: 'per-user', scope: { user: 'u-2' }, spentUsd: '0.000000000' },
    ]);
  });

  it('is shown for the user that is named, and asks for one where none is', async () => {
    const cli = await spent();
    const { stdout } = await cli.run('budgets', 'show', 'per-user', '--value', ANN);
    expect(stdout).toMatch(new RegExp(`For +user ${ANN}\\n`));
    const asked = await cli.run('budgets', 'show', 'per-user');
    expect(asked.stderr).toContain('Budget "per-user" is one for each user. Name the user with --value');
  });

  it('is granted to one or to all of them', async () => {
    const cli = await spent();
    const grant = ['budgets', 'grant', 'per-user', '--amount', '1', '--for', '1h', '--reason', 'launch'];
    expect((await cli.run(...grant, '--value', ANN)).stdout).toContain(
      `budget per-user of ${ANN} has $1.00 more`,
    );
    await cli.run(...grant);
    const shown = async (user: string) =>
      JSON.parse((await cli.run('budgets', 'show', 'per-user', '--value', user, '--json')).stdout).budget
        .limitUsd;
    expect([await shown(ANN), await shown('u-2')]).toEqual(['7.000000000', '6.000000000']);
  });

  it('is compared with the ledger value by value', async () => {
    const cli = await spent();
    const { code, stdout } = await cli.run('drift', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout).budgets).toMatchObject([
      { key: keyOf(ANN), state: 'exact' },
      { key: keyOf('u-2'), state: 'drift', differenceUsd: '-0.000000001' },
    ]);
  });

  it('is planned in words', async () => {
    const cli = memoryCli();
    writeFile(cli, FILE);
    expect((await cli.run('plan')).stdout).toContain('$5.00 per day (UTC) for each user; ');
    await cli.run('apply');
    writeFile(cli, FILE.replace('each: user, ', ''));
    expect((await cli.run('plan')).stdout).toContain('each: user → none');
  });
});

describe('tallygate budgets suggest', () => {
  it('says so where nothing was spent, because the file would end every budget', async () => {
    const { code, stderr } = await memoryCli().run('budgets', 'suggest', '--days', '60');
    expect(code).toBe(0);
    expect(stderr).toMatch(/nothing is proposed.*would end every budget/);
    expect(stderr).not.toContain('Copy what you want');
  });
});
