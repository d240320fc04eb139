import { emptyConfiguration, FINANCE_DEFAULTS } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { type MemoryCli, memoryCli } from '../memory-context.ts';
import { usageGroup } from '../usage-fixtures.ts';

/** Months that our own charges say what they drew. */
async function prepaidCli(usd: Record<string, number>): Promise<MemoryCli> {
  const cli = memoryCli();
  cli.history.spend = async ({ fromMs }) => {
    const spent = usd[new Date(fromMs).toISOString().slice(0, 7)] ?? 0;
    const amount = BigInt(spent * 1_000_000_000);
    const group = { team: 'support', feature: 'chat', backend: 'anthropic' };
    return [usageGroup(group, { contractedCostNanoUsd: amount, listCostNanoUsd: amount })];
  };
  const finance = { ...FINANCE_DEFAULTS, billing: 'prepaid' as const };
  await cli.gate.publish({ ...emptyConfiguration('default'), version: 1, finance });
  return cli;
}

const buy = (cli: MemoryCli, number: string, month: string, ...amounts: string[]) =>
  cli.run(
    'invoice',
    'add',
    '--purchase',
    '--number',
    number,
    '--month',
    month,
    '--issued',
    `${month}-02`,
    ...amounts,
  );

describe('tallygate invoice balance', () => {
  it('follows credit from month to month: what it opened with, was bought, drawn and closed with', async () => {
    const cli = await prepaidCli({ '2026-08': 30, '2026-09': 45.5, '2026-10': 20 });
    await buy(cli, 'P-1', '2026-08', '--amount', '119', '--tax', '19');
    await buy(cli, 'P-2', '2026-10', '--amount', '90', '--credits', '10');
    const { code, stdout, stderr } = await cli.run('invoice', 'balance', '--month', '2026-10');
    expect(code).toBe(0);
    expect(stderr).toContain('2026-09 is not reconciled');
    expect(stdout.split('\n').slice(2)).toEqual([
      '2026-08    $0.00  $100.00  $30.00   $70.00',
      '2026-09   $70.00    $0.00  $45.50   $24.50',
      '2026-10   $24.50  $100.00  $20.00  $104.50',
      '',
    ]);
    const { months } = JSON.parse(
      (await cli.run('invoice', 'balance', '--month', '2026-09', '--json')).stdout,
    );
    expect(months.at(-1)).toEqual({
      ...{ month: '2026-09', openingUsd: '70.000000000', boughtUsd: '0.000000000' },
      ...{ drawnUsd: '45.500000000', closingUsd: '24.500000000', basis: 'charges', purchases: [] },
    });
  });

  it('fails where more was drawn than was bought, and where usage is invoiced', async () => {
    const cli = await prepaidCli({ '2026-10': 20 });
    await buy(cli, 'P-1', '2026-10', '--amount', '15');
    const short = await cli.run('invoice', 'balance');
    expect([short.code, short.stderr]).toEqual([3, expect.stringContaining('More was drawn in 2026-10')]);
    const invoiced = await memoryCli().run('invoice', 'balance');
    expect([invoiced.code, invoiced.stderr]).toEqual([2, expect.stringContaining('is invoiced, not drawn')]);
  });
});
