import type { Reconciliation } from '@tallygate/reconcile';
import { emptyConfiguration, type SpendRow } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { reconciliationSchema } from '../../reconciliation/index.ts';
import { memoryCli, NOW_MS } from '../memory-context.ts';

const FROM_MS = Date.UTC(2026, 9, 1);
const TO_MS = Date.UTC(2026, 10, 1);

const row = (team: string, feature: string, usd: number, backend = 'anthropic'): SpendRow => ({
  group: { team, feature, backend },
  ...{ calls: 1, attempts: 1, failedAttempts: 0 },
  usage: {
    ...{
      uncachedInputTokens: 0,
      cacheReadInputTokens: 0,
      cacheWrite5mInputTokens: 0,
      cacheWrite1hInputTokens: 0,
    },
    ...{ cacheWriteUnsplitInputTokens: 0, outputTokens: 0, webSearchRequests: 0, webFetchRequests: 0 },
  },
  listCostNanoUsd: BigInt(usd) * 1_000_000_000n,
  contractedCostNanoUsd: BigInt(usd) * 1_000_000_000n,
  webSearchCostNanoUsd: 0n,
  roundingPicoUsd: 0n,
});

const usdPico = (usd: number) => BigInt(usd) * 1_000_000_000_000n;
/** 60 of ours, 8 on the key of a team that nobody metered, 2 on a key of nobody. */
const reconciliation: Reconciliation = {
  ...{ version: 2, organization: 'default', fromMs: FROM_MS, toMs: TO_MS, createdAtMs: NOW_MS },
  ...{ internalPicoUsd: usdPico(60), billedPicoUsd: usdPico(70), variancePicoUsd: usdPico(10) },
  ...{ explainedPicoUsd: usdPico(10), residualPicoUsd: 0n, tolerancePicoUsd: 0n },
  verdicts: { tokens: 'explained', money: 'explained', requests: 'not_counted' },
  differences: null,
  coverage: { listPicoUsd: usdPico(70), darkPicoUsd: usdPico(10), percent: 85.71 },
  unexplainedPlaces: 0,
  ...{ days: [], variances: [], unexplained: [], elsewhere: [], caveats: [], freshness: [] },
  causes: [
    {
      cause: 'unmetered_key',
      ...{ between: [], amountPicoUsd: usdPico(10), places: 2, attempts: 0, evidence: [] },
      byKey: [
        { apiKeyId: 'apikey_support', workspaceId: 'wrkspc_search', amountPicoUsd: usdPico(8) },
        { apiKeyId: 'apikey_nobody', workspaceId: null, amountPicoUsd: usdPico(2) },
      ],
    },
  ],
};

async function cliWith(isReconciled: boolean, providerOrganizations = ['']) {
  const cli = memoryCli();
  cli.history.spend = async () => [
    row('support', 'chat', 30),
    row('search', '', 20),
    row('unassigned', '', 10),
    row('search', '', 5, 'bedrock'),
  ];
  const team = (id: string) => ({ id, name: id, aliases: [], owners: [] });
  await cli.gate.publish({
    ...emptyConfiguration('default'),
    version: 1,
    teams: [
      { ...team('support'), costCentre: '4711', apiKeys: ['apikey_support'] },
      { ...team('search'), costCentre: '4712', charging: 'showback', workspaces: ['wrkspc_search'] },
    ],
    finance: {
      ...{ billing: 'invoiced', shared: 'proportional', unattributed: 'unallocated', entity: 'ACME' },
      ...{ expenseAccount: '6450', clearingAccount: '2190', clearingCostCentre: '4000' },
      unallocatedCostCentre: '4999',
    },
  });
  for (const providerOrganizationId of isReconciled ? providerOrganizations : [])
    await cli.history.saveReport({
      ...{ reportId: 'r1', organization: 'default', providerOrganizationId, kind: 'reconciliation' },
      ...{
        fromMs: FROM_MS,
        toMs: TO_MS,
        createdAtMs: NOW_MS,
        body: reconciliationSchema.encode(reconciliation),
      },
    });
  return cli;
}

const invoiced = (amount: string, ...more: string[]) => [
  'invoice',
  'add',
  '--month',
  '2026-10',
  '--issued',
  '2026-11-01',
  '--number',
  'I1',
  '--amount',
  amount,
  ...more,
];
const ASK = ['allocate', '--month', '2026-10'];

describe('tallygate allocate', () => {
  it('gives usage of a key that nobody has to the team of its workspace', async () => {
    const cli = await cliWith(false);
    const byKey = [{ apiKeyId: 'apikey_nobody', workspaceId: 'wrkspc_search', amountPicoUsd: usdPico(10) }];
    const causes = reconciliation.causes.map((cause) => ({ ...cause, byKey }));
    await cli.history.saveReport({
      ...{ reportId: 'r1', organization: 'default', providerOrganizationId: '', kind: 'reconciliation' },
      ...{ fromMs: FROM_MS, toMs: TO_MS, createdAtMs: NOW_MS },
      body: reconciliationSchema.encode({ ...reconciliation, causes }),
    });
    const { lines } = JSON.parse((await cli.run(...ASK, '--json')).stdout);
    expect(lines).toContainEqual(
      expect.objectContaining({ team: 'search', part: 'unmetered', amountUsd: '10.000000000' }),
    );
  });

  it('adds up the bills of several organizations of the provider, and none twice that was told without their names', async () => {
    const billed = async (...of: string[]) =>
      (await (await cliWith(true, of)).run(...ASK)).stderr
        .split('\n')
        .find((line) => line.includes('reports it'));
    expect(await billed('main', 'lab')).toContain('$140.00 as the provider reports it');
    expect(await billed('', 'main', 'lab')).toContain('$140.00');
    expect(await billed('main', 'lab', '')).toContain('$70.00');
  });

  it('gives each team what the bill charges for its calls and keys, and names what nobody bears', async () => {
    const { stdout, stderr } = await (await cliWith(true)).run(...ASK);
    expect(stderr).toContain('$70.00 as the provider reports it for 2026-10');
    expect(stderr).toContain('$5.00 on partner clouds stands on other bills.');
    expect(stdout.split('\n')).toEqual([
      'Team           Cost centre  For              Cost   Share',
      '─────────────────────────────────────────────────────────',
      'search         4712         (no feature)   $20.00   28.6%',
      'support        4711         chat           $30.00   42.9%',
      'support        4711         (not metered)   $8.00   11.4%',
      '(unallocated)  4999         (no team)      $12.00   17.1%',
      '─────────────────────────────────────────────────────────',
      'Total                                      $70.00  100.0%',
      '',
    ]);
  });

  it('shares what only the invoice adds by the rule of the file, exactly', async () => {
    const cli = await cliWith(true);
    await cli.run(...invoiced('83.30', '--tax', '13.30'));
    const { document } = { document: JSON.parse((await cli.run(...ASK, '--json')).stdout) };
    expect(document).toMatchObject({ basis: 'invoice', totalUsd: '83.300000000', configurationVersion: 1 });
    const lines = document.lines.map(({ team, part, amountUsd }: Record<string, string>) => [
      team,
      part,
      amountUsd,
    ]);
    expect(lines).toEqual([
      ['search', 'usage', '20.000000000'],
      ['search', 'shared', '4.586206897'],
      ['support', 'usage', '30.000000000'],
      ['support', 'shared', '8.713793103'],
      ['support', 'unmetered', '8.000000000'],
      [null, 'unattributed', '12.000000000'],
    ]);
    expect(document.lines[1].roundingUsd).toBe('0.000000000448');
  });

  it('says that it allocates our own charges where there is no bill yet, partner clouds among them', async () => {
    const { stdout } = await (await cliWith(false)).run(...ASK, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ basis: 'charges', totalUsd: '65.000000000' });
  });

  it('allocates an invoice that came before any reconciliation, its tax apart', async () => {
    const cli = await cliWith(false);
    await cli.run(...invoiced('72.00', '--tax', '12'));
    const { lines } = JSON.parse((await cli.run(...ASK, '--json')).stdout);
    const sum = (part: string) =>
      lines
        .filter((line: { part: string }) => line.part === part)
        .reduce((total: number, line: { amountUsd: string }) => total + Number(line.amountUsd), 0);
    expect([sum('usage'), sum('shared'), sum('unattributed')]).toEqual([50, 12, 10]);
  });

  it('posts each charged cost centre and what stays central, balanced, as a file', async () => {
    const cli = await cliWith(true);
    const { stdout } = await cli.run(...ASK, '--journal', 'generic');
    const cells = stdout.split('\r\n').map((line) => line.split(',').slice(0, -2));
    expect(cells.slice(1, -1)).toEqual(
      [
        ['6450', '4999', 'search', '20.00', '', 'USD', 'Claude 2026-10 (not charged back)'],
        ['6450', '4711', 'support', '38.00', '', 'USD', 'Claude 2026-10'],
        ['6450', '4999', '', '12.00', '', 'USD', 'Claude 2026-10 (not charged back)'],
        ['2190', '4000', '', '', '70.00', 'USD', 'Claude 2026-10'],
      ].map((line) => ['TG-default-2026-10', '2026-10', '2026-10-31', 'ACME', ...line]),
    );
    expect((await cli.run(...ASK, '--journal', 'generic')).stdout).toBe(stdout);
    expect(await cli.run(...ASK, '--journal', 'netsuit')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean netsuite?'),
    });
  });
});
