import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryCli, writeFile } from '../memory-context.ts';

const HEADER = 'usage_date_utc,model,workspace,api_key,token_type,cost_usd,list_price_usd,cost_type';
const ROWS = [
  '2026-11-18,Claude Opus 5,Default,ci,output,0.5,1,token',
  '2026-11-18,Claude Opus 5,Default,ci,input_no_cache,0.25,0.5,token',
  '2026-11-19,Claude Haiku 5,Lab,ci,output,0.000000000001,0.1,token',
];
const TOTAL = '0.750000000001';

async function billOf(text: string, ...flags: string[]) {
  const cli = memoryCli();
  writeFile(cli, text, 'bill.csv');
  const { code, stdout } = await cli.run(
    'bill',
    '--csv-file',
    join(cli.directory, 'bill.csv'),
    '--json',
    ...flags,
  );
  return { code, document: JSON.parse(stdout), opened: cli.opened };
}

describe('tallygate bill --csv-file', () => {
  it('says what was billed by any dimension, exactly, with no key and no ledger', async () => {
    const { code, document, opened } = await billOf(
      [HEADER, ...ROWS].join('\n'),
      '--group-by',
      'model,workspace',
    );
    expect([code, opened]).toEqual([0, []]);
    expect(document).toMatchObject({
      ...{ source: 'csv', from: '2026-11-18T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' },
      total: { costUsd: TOTAL },
      lines: [
        { group: { model: 'Claude Opus 5', workspace_id: 'Default' }, costUsd: '0.750000000' },
        { group: { model: 'Claude Haiku 5', workspace_id: 'Lab' } },
      ],
    });
  });

  it('says of a file of tokens that it holds no amounts, never zero', async () => {
    const header =
      'usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,web_search_count';
    const { document } = await billOf(`${header}\n2026-11-18 02:00,claude-opus-5,7,0,0,0,2,0\n`);
    expect(document.total).toMatchObject({ costUsd: null, usage: { uncachedInputTokens: 7 } });
  });

  it('says of a file of amounts that it tells no usage, never zero: as JSON, as CSV and to people', async () => {
    const { document } = await billOf([HEADER, ...ROWS].join('\n'));
    expect(document).toMatchObject({ total: { usage: null }, lines: [{ usage: null }, { usage: null }] });
    const cli = memoryCli();
    writeFile(cli, [HEADER, ...ROWS].join('\n'), 'bill.csv');
    const file = ['bill', '--csv-file', join(cli.directory, 'bill.csv')];
    expect((await cli.run(...file, '--csv')).stdout).toContain('Claude Opus 5,,,,,,,,0.750000000,');
    expect((await cli.run(...file)).stdout).toMatch(/Total +– +– +– +– +– +\$/);
  });

  it('says of which of several files the line is that it cannot read', async () => {
    const cli = memoryCli();
    writeFile(cli, [HEADER, ...ROWS].join('\n'), 'october.csv');
    writeFile(cli, `${HEADER}\n2026-11-20,Claude Opus 5,Default,ci,output,much,1,token\n`, 'november.csv');
    const files = ['october.csv', 'november.csv'].flatMap((name) => [
      '--csv-file',
      join(cli.directory, name),
    ]);
    const { code, stderr } = await cli.run('bill', ...files);
    expect([code, stderr]).toEqual([4, expect.stringContaining('Line 2 of november.csv has "much"')]);
  });

  it('reads the bill of another cloud by the columns that are named', async () => {
    const text = 'BillingDate,SkuId,BilledCost,Note\n2026-11-18,opus,1.5E-1,"a, b"\n2026-11-18,opus,-0.05,\n';
    const { document } = await billOf(
      text,
      '--csv-columns',
      'date=BillingDate,amount=BilledCost,model=SkuId',
    );
    expect(document).toMatchObject({ lines: [{ group: { model: 'opus' }, costUsd: '0.100000000' }] });
  });

  it.each([
    [['--csv-columns', 'amount=x'], 'Write date=…,amount=… at least.'],
    [['--csv-columns', 'date=a,amonut=b'], 'Did you mean amount?'],
    [['--days', '3'], 'Leave the range out.'],
    [['--bucket', '1h'], 'Use --bucket 1d, or leave it out.'],
  ])('%j is refused with the cure', async (flags, cure) => {
    const { code, document } = await billOf([HEADER, ...ROWS].join('\n'), ...flags);
    expect([code, document.error.cure]).toEqual([2, cure]);
  });

  it('a damaged file never gives a wrong total in silence', async () => {
    const columns = HEADER.split(',');
    const order = fc.shuffledSubarray(
      columns.map((_name, index) => index),
      { minLength: columns.length },
    );
    const damage = fc.record({
      order,
      kind: fc.constantFrom('none', 'cut', 'retype', 'rename', 'twice'),
      at: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ order: by, kind, at }) => {
        const table = [HEADER, ...ROWS].map((row) => by.map((index) => row.split(',')[index] ?? ''));
        const [row, column] = [1 + (at % ROWS.length), by.indexOf(columns.indexOf('cost_usd'))];
        if (kind === 'retype') (table[row] as string[])[column] = '1.5 USD';
        if (kind === 'rename') (table[0] as string[])[column] = 'amount_eur';
        if (kind === 'twice') table.push(table[row] as string[]);
        // A file that ends between two rows is well-formed in itself, and so is one whose last field lost its end.
        if (kind === 'cut') table[row] = (table[row] as string[]).slice(0, 1 + (at % (columns.length - 1)));
        const { code, document } = await billOf(table.map((cells) => cells.join(',')).join('\n'));
        if (kind === 'none') expect(document.total.costUsd).toBe(TOTAL);
        else if (kind === 'twice' && code === 0) expect(document.caveats[1]).toContain('are added up: 1.');
        else expect([code, document.error.code]).toEqual([4, 'TALLYGATE_REPORT_MALFORMED']);
      }),
      { seed: 20261121, numRuns: 40 },
    );
  });
});
