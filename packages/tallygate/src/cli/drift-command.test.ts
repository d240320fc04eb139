import { emptyConfiguration, type Settlement } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, NOW_MS } from './memory-context.ts';

const KEY = `all:month:${Date.UTC(2026, 10)}`;
const CENT = 10_000_000n;

/** A gate that has charged ten cents, and a ledger that holds what the test says. */
async function world(settledNanoUsd: bigint) {
  const recorded: Settlement[] = [];
  const sink = {
    recordOutcome: () => undefined,
    recordDenial: () => undefined,
    recordSettlement: (settlement: Settlement) => void recorded.push(settlement),
    async flush() {
      for (const { kind, entries } of recorded.splice(0))
        for (const { key, amount } of entries)
          if (kind === 'adjust') cli.history.totals = add(cli.history.totals, key, amount);
      return { stored: 0, pending: 0 };
    },
  };
  const cli = memoryCli({ runtime: { sink } });
  const { gate, history } = cli;
  const budget = {
    id: 'all',
    scope: {},
    period: 'month' as const,
    timeZone: 'UTC',
    limit: 500n * CENT,
    onOutage: 'block' as const,
  };
  await gate.publish({ ...emptyConfiguration('default'), version: 1, budgets: [budget] });
  const entry = { key: KEY, expected: 0n, worst: 0n };
  const period = { periodStartMs: Date.UTC(2026, 10), periodEndMs: Date.UTC(2026, 11) };
  const hold = {
    attemptId: 'a',
    organization: 'default',
    epoch: 'e',
    budgetInstantMs: NOW_MS,
    expiryBucket: 0,
  };
  await gate.settle({ hold: { ...hold, entries: [{ ...entry, ...period }] }, amountNanoUsd: 10n * CENT });
  history.totals = [{ key: KEY, amount: settledNanoUsd }];
  return { cli, gate, history };
}

function add(totals: { key: string; amount: bigint }[], key: string, amount: bigint) {
  return totals.map((total) => (total.key === key ? { key, amount: total.amount + amount } : total));
}

describe('tallygate drift', () => {
  it('finds nothing where gate and ledger agree', async () => {
    const { cli } = await world(10n * CENT);
    const { code, stdout } = await cli.run('drift', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tallygate.drift/1',
      budgets: [{ budget: 'all', key: KEY, state: 'exact', differenceUsd: '0.000000000' }],
      gaps: [],
      adjustments: [],
    });
  });

  it('exits 3 and names the difference, without writing anything', async () => {
    const { cli, history } = await world(7n * CENT);
    const { code, stdout, stderr } = await cli.run('drift');
    expect(code).toBe(3);
    expect(stdout).toContain('all: drift of 0.030000000 USD (gate $0.10, ledger $0.07)');
    expect(stderr).toContain('--adjust');
    expect(history.totals).toEqual([{ key: KEY, amount: 7n * CENT }]);
  });

  it('adds to the ledger what was lost on the way there, once', async () => {
    const { cli, history } = await world(7n * CENT);
    const { stdout } = await cli.run('drift', '--adjust', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ adjustments: [{ side: 'ledger', amountUsd: '0.030000000' }] });
    expect(history.totals).toEqual([{ key: KEY, amount: 10n * CENT }]);
    expect((await cli.run('drift', '--adjust')).code).toBe(0);
    expect(history.totals).toEqual([{ key: KEY, amount: 10n * CENT }]);
  });

  it('charges the gate what it has lost, and leaves the sum of the ledger alone', async () => {
    const { cli, gate, history } = await world(12n * CENT);
    await cli.run('drift', '--adjust');
    expect(await gate.balances()).toMatchObject([{ spent: 12n * CENT }]);
    expect(history.totals).toEqual([{ key: KEY, amount: 12n * CENT }]);
    expect((await cli.run('drift')).code).toBe(0);
  });

  it('lists numbers that never arrived, and not those that may be on their way', async () => {
    const { cli, history } = await world(10n * CENT);
    const gap = { epoch: 'e', fromSeq: 4, toSeq: 5 };
    history.gaps = [
      { ...gap, beforeMs: NOW_MS - 3_600_000, afterMs: NOW_MS - 3_500_000 },
      { ...gap, fromSeq: 9, beforeMs: NOW_MS - 2_000, afterMs: NOW_MS - 1_000 },
    ];
    const { code, stdout } = await cli.run('drift');
    expect(code).toBe(3);
    expect(stdout).toContain('2 settlements are missing: 4 to 5 of epoch e');
    expect(stdout).not.toContain('9');
  });
});
