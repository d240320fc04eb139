import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emptyConfiguration, type SpendRow } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { memoryCli, writeFile } from './memory-context.ts';

const COST = 'usage_date_utc,model,workspace,api_key,token_type,cost_usd,list_price_usd,cost_type';
const USAGE =
  'usage_date_utc,model_version,api_key,workspace,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count';
const AWS = ['--backend', 'bedrock', '--csv-columns', 'date=BillingDate,amount=BilledCost,model=SkuId'];
const AWS_ROW = 'BillingDate,SkuId,BilledCost\n2026-10-31,claude-opus-5-5,3\n';

const row = (backend: string, usd: number, changes: Record<string, string> = {}): SpendRow => ({
  group: { day: '2026-10-31T00:00:00.000Z', backend, responseModel: 'claude-opus-5-5', ...changes },
  ...{ calls: 1, attempts: 1, failedAttempts: 0 },
  usage: {
    ...{ uncachedInputTokens: 10, cacheReadInputTokens: 0, cacheWrite5mInputTokens: 0 },
    ...{ cacheWrite1hInputTokens: 0, cacheWriteUnsplitInputTokens: 0, outputTokens: 4 },
    ...{ webSearchRequests: 0, webFetchRequests: 0 },
  },
  listCostNanoUsd: BigInt(usd * 1e9),
  contractedCostNanoUsd: BigInt(usd * 1e9),
  webSearchCostNanoUsd: 0n,
  roundingPicoUsd: 0n,
});

async function reconciled(files: string[], ...flags: string[]) {
  const cli = memoryCli();
  await cli.gate.publish({ ...emptyConfiguration('default'), version: 1 });
  cli.history.spend = async () => [row('anthropic', 2), row('bedrock', 3)];
  const named = files.flatMap((text, index) => {
    writeFile(cli, text, `bill-${index}.csv`);
    return ['--csv-file', join(cli.directory, `bill-${index}.csv`)];
  });
  const { code, stdout } = await cli.run('reconcile', ...named, '--json', ...flags);
  return { code, document: JSON.parse(stdout), cli };
}

describe('tallygate reconcile --csv-file', () => {
  it('compares usage and cost that the Console exported with the ledger, and names what days and models prove', async () => {
    const cost = [
      COST,
      '2026-10-31,Claude Opus 5.5,Default,ci,output,1.5,2,token',
      '2026-10-31,Claude Haiku 4.5,Default,ci,output,0.5,0.5,token',
      '2026-10-31,,Default,ci,,0.25,0.25,code_execution',
      '2026-10-31,Unheard Of 9,Default,ci,output,0.1,0.1,token',
    ];
    const usage = [
      USAGE,
      '2026-10-31,claude-opus-5-5,ci,Default,10,0,0,0,4,0',
      '2026-10-31,claude-haiku-4-5,ci,Default,7,0,0,0,1,0',
    ];
    const { code, document, cli } = await reconciled(
      [cost.join('\n'), usage.join('\n')],
      ...['--month', '2026-10', '--evidence', 'findings.csv'],
    );
    expect(code).toBe(3);
    const [header = '', ...findings] = readFileSync(join(cli.directory, 'findings.csv'), 'utf8')
      .trimEnd()
      .split('\r\n');
    expect(header).toContain(',amount_usd,charged_uncached_input_tokens,');
    expect(header).toContain(',actual_cache_write_5m_input_tokens,');
    const columns = header.split(',');
    const told = findings.map((line) => line.split(','));
    expect(told.every(({ length }) => length === columns.length)).toBe(true);
    expect(told.map((cells) => [cells[0], cells[columns.indexOf('amount_usd')]])).toEqual([
      ['unmetered_model', '0.500000000'],
      ['code_execution', '0.250000000'],
      ['discount', '-0.500000000'],
    ]);
    expect(existsSync(join(cli.directory, 'findings.csv.part'))).toBe(false);
    expect(document).toMatchObject({ source: 'csv', backend: 'anthropic', withinTolerance: false });
    const { reconciliation } = document;
    expect(reconciliation).toMatchObject({
      verdicts: { tokens: 'explained', money: 'differs', requests: 'not_counted' },
      ...{
        internalPicoUsd: '2000000000000',
        billedPicoUsd: '2350000000000',
        residualPicoUsd: '100000000000',
      },
      elsewhere: [{ backend: 'bedrock', listCostPicoUsd: '3000000000000' }],
    });
    const causes = reconciliation.causes.map(({ cause, amountPicoUsd }: Record<string, string>) => [
      cause,
      amountPicoUsd,
    ]);
    expect(causes).toEqual([
      ['unmetered_model', '500000000000'],
      ['code_execution', '250000000000'],
      ['discount', '-500000000000'],
    ]);
    expect(await cli.history.lastReports('default')).toMatchObject([
      { providerOrganizationId: '', fromMs: Date.UTC(2026, 9), toMs: Date.UTC(2026, 10) },
    ]);
  });

  it('keeps the files under whose bill they are, hashed and without the names of keys', async () => {
    const { document, cli } = await reconciled([
      `${COST}\n2026-10-31,Claude Opus 5.5,Lab,ann,output,2,2,token`,
    ]);
    const [version] = cli.history.reportVersions.kept;
    expect(version).toMatchObject({ providerOrganizationId: '', report: 'billed_csv?backend=anthropic' });
    expect(version?.body).toMatchObject({
      files: [
        {
          file: 'bill-0.csv',
          sha256: document.files[0].sha256,
          rows: [{ cost_usd: '2', api_key: 'withheld 1' }],
        },
      ],
    });
    expect(document.reconciliation.verdicts).toMatchObject({ tokens: 'not_counted', money: 'agrees' });
    const details = document.reconciliation.caveats.map(({ detail }: { detail: string }) => detail);
    expect(details).toEqual([
      expect.stringContaining('may have been cut'),
      expect.stringMatching(/^Amounts are rounded to the cent/),
      expect.stringMatching(/^bill-0.csv \(SHA-256 \w{12}, last written /),
      expect.stringContaining('by day and model'),
    ]);
  });

  it('compares the bill of a cloud with what went there, and leaves the month of the provider alone', async () => {
    const { code, document, cli } = await reconciled([AWS_ROW], ...AWS);
    expect([code, document.reconciliation]).toMatchObject([
      0,
      {
        verdicts: { money: 'agrees', tokens: 'not_counted' },
        elsewhere: [{ backend: 'anthropic', listCostPicoUsd: '2000000000000' }],
      },
    ]);
    expect(cli.history.reportVersions.kept).toMatchObject([{ providerOrganizationId: 'bedrock' }]);
    expect(await cli.history.lastReports('default')).toEqual([]);
  });

  it('calls a bill dark of which there is no row at all, whatever its models are called', async () => {
    const bill = 'BillingDate,SkuId,BilledCost\n2026-10-31,SKU 0815,3\n';
    const { document } = await reconciled([bill], '--backend', 'vertex', ...AWS.slice(2));
    expect(document.reconciliation).toMatchObject({
      ...{ internalPicoUsd: '0', billedPicoUsd: '3000000000000', residualPicoUsd: '0' },
      coverage: { darkPicoUsd: '3000000000000', percent: 0 },
      causes: [{ cause: 'unmetered_model', amountPicoUsd: '3000000000000' }],
    });
  });

  it('knows the model by the name that AWS sells it by, and what was used from tax', async () => {
    const bill = [
      'BillingDate,SkuId,BilledCost,ChargeCategory',
      '2026-10-31,Claude Opus 5.5 (Amazon Bedrock Edition),3,Usage',
      '2026-10-31,,0.5,Tax',
    ];
    const columns = ['--csv-columns', `${AWS[3]},type=ChargeCategory`];
    const { document } = await reconciled([bill.join('\n')], '--backend', 'bedrock', ...columns);
    expect(document.reconciliation).toMatchObject({
      ...{ internalPicoUsd: '3000000000000', billedPicoUsd: '3500000000000', residualPicoUsd: '0' },
      causes: [
        { cause: 'unknown_cost_type', amountPicoUsd: '500000000000', evidence: [{ description: 'Tax' }] },
      ],
    });
  });

  it.each<[string, string[], string[], string]>([
    ['a file twice', [AWS_ROW, AWS_ROW], AWS, 'TALLYGATE_REPORT_MALFORMED'],
    [
      'tokens without amounts',
      [`${USAGE}\n2026-10-31,opus,ci,Default,1,0,0,0,4,0`],
      [],
      'TALLYGATE_REPORT_MALFORMED',
    ],
    ['days outside the range', [AWS_ROW], [...AWS, '--month', '2026-09'], 'TALLYGATE_REQUEST_INVALID'],
    ['nothing that says whose it is', [AWS_ROW], AWS.slice(2), 'TALLYGATE_REQUEST_INVALID'],
    ['a cloud whose columns nobody named', [AWS_ROW], AWS.slice(0, 2), 'TALLYGATE_REQUEST_INVALID'],
    ['a backend that is none', [AWS_ROW], ['--backend', 'azure'], 'TALLYGATE_REQUEST_INVALID'],
    ['no file', [], AWS, 'TALLYGATE_REQUEST_INVALID'],
    [
      'evidence to nowhere',
      [AWS_ROW],
      [...AWS, '--evidence', 'no/folder/findings.csv'],
      'TALLYGATE_REQUEST_INVALID',
    ],
  ])('refuses %s, and stores nothing', async (_case, files, flags, code) => {
    const { document, cli } = await reconciled(files, ...flags);
    expect([document.error.code, cli.history.reportVersions.kept]).toEqual([code, []]);
  });
});
