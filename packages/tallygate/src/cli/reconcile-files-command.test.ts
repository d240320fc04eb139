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
      '--month',
      '2026-10',
    );
    expect(code).toBe(3);
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
    expect(document.reconciliation.caveats[1].detail).toMatch(/^bill-0.csv \(SHA-256 \w{12}, last written /);
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
  ])('refuses %s, and stores nothing', async (_case, files, flags, code) => {
    const { document, cli } = await reconciled(files, ...flags);
    expect([document.error.code, cli.history.reportVersions.kept]).toEqual([code, []]);
  });
});
