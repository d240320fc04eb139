import {
  builtinPriceBook,
  builtinPriceBookDocument,
  charge,
  livePriceBook,
  type PriceBookDocument,
} from '@tallygate/pricing';
import { NO_USAGE } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { type MemoryCli, memoryCli, NOW_MS, writeFile } from '../memory-context.ts';

type Row = PriceBookDocument['prices'][number];

const OPUS = 'claude-opus-5-5@2026-09-22';
const NEXT: Row = {
  priceId: 'claude-opus-5-5@2026-12-01',
  model: 'claude-opus-5-5',
  effectiveFrom: '2026-12-01',
  effectiveTo: null,
  usdPerMtok: { input: '3.5', cacheRead: '0.175', cacheWrite5m: '4.375', cacheWrite1h: '7', output: '17.5' },
  confidence: 'high',
  source: "provider's announcement of 2026-11-20",
};
const CHANGE =
  '~ claude-opus-5-5 from 2026-12-01: input 4 → 3.5, cacheRead 0.2 → 0.175, cacheWrite5m 5 → 4.375, ' +
  'cacheWrite1h 8 → 7, output 20 → 17.5, row claude-opus-5-5@2026-09-22 → claude-opus-5-5@2026-12-01';

/** The built-in book with one row changed and others added. */
function bookWith(change: Partial<Row>, more: Row[] = []): PriceBookDocument {
  const prices = builtinPriceBookDocument.prices.map((row) =>
    row.priceId === OPUS ? { ...row, ...change } : row,
  );
  return { ...builtinPriceBookDocument, prices: [...prices, ...more] };
}
const decemberBook = bookWith({ effectiveTo: '2026-12-01' }, [NEXT]);
const rewritten = bookWith({ usdPerMtok: NEXT.usdPerMtok });
const write = (cli: MemoryCli, book: unknown) => writeFile(cli, JSON.stringify(book), 'book.json');
const publish = (cli: MemoryCli, ...more: string[]) =>
  cli.run('prices', 'publish', 'book.json', '--reason', 'December', ...more);
const documentOf = (stdout: string) => JSON.parse(stdout) as Record<string, unknown>;

describe('tallygate prices check', () => {
  it('accepts a book that can be charged from, and names what looks like a slip', async () => {
    const cli = memoryCli();
    const dear = { ...NEXT.usdPerMtok, cacheWrite1h: '8' };
    write(cli, bookWith({ effectiveTo: '2026-12-01' }, [{ ...NEXT, usdPerMtok: dear }]));
    expect(await cli.run('prices', 'check', 'book.json')).toMatchObject({
      code: 0,
      stdout:
        'ok    book.json: 43 prices of 28 models, read up to 2026-11-20\n' +
        'warn  claude-3-haiku-20240307@launch: a 5-minute cache write is not 1.25 × input\n' +
        'warn  claude-opus-5-5@2026-12-01: a 1-hour cache write is not 2 × input\n',
      stderr: '',
    });
    expect(cli.opened).toEqual([]);
    const { stdout } = await cli.run('prices', 'check', 'book.json', '--json');
    expect(documentOf(stdout)).toMatchObject({
      schema: 'tallygate.prices-check/1',
      book: 'book.json',
      prices: 43,
      warnings: [{}, { priceId: NEXT.priceId, warning: 'a 1-hour cache write is not 2 × input' }],
    });
  });

  it.each<[string, Partial<Row>, string]>([
    [
      'a rate that is a number',
      { usdPerMtok: { ...NEXT.usdPerMtok, input: 4 as unknown as string } },
      'row "claude-opus-5-5@2026-09-22" usdPerMtok.input: Invalid input: expected string, received number.',
    ],
    [
      'days that another row has',
      { effectiveFrom: '2026-01-01', priceId: 'claude-opus-4-8@2026-05-28' },
      'Price book row "claude-opus-4-8@2026-05-28": another row has the same id.',
    ],
    [
      'a rate that no US batch can charge in whole pico-USD',
      { usdPerMtok: { ...NEXT.usdPerMtok, cacheRead: '0.000001' } },
      'Price book row "claude-opus-5-5@2026-09-22": cacheReadPicoUsd 1 is not a whole number',
    ],
  ])('refuses %s with the row and the reason, exit code 2', async (_what, change, reason) => {
    const cli = memoryCli();
    write(cli, bookWith(change));
    const { code, stdout, stderr } = await cli.run('prices', 'check', 'book.json');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(reason);
  });

  it('looks at the book in force where no file is named', async () => {
    const cli = memoryCli();
    expect((await cli.run('prices', 'check')).stdout).toMatch(/^ok {4}built-in: 42 prices/);
    write(cli, decemberBook);
    await publish(cli);
    expect((await cli.run('prices', 'check')).stdout).toMatch(/^ok {4}published: 43 prices/);
  });
});

describe('tallygate prices show', () => {
  it('prints the rates of a model at an instant, with fast mode, band, price ids and sources', async () => {
    const cli = memoryCli();
    const { stdout, stderr } = await cli.run('prices', 'show', '--model', 'claude-haiku-5-5');
    const [header = '', , standard = '', long = ''] = stdout.split('\n');
    expect(header).toMatch(
      /^Model +Speed +Prompt +Input +Cache read +5m write +1h write +Output +Batch +Contract/,
    );
    expect(standard).toMatch(
      /standard +0\.1 +0\.01 +0\.125 +0\.2 +0\.5 +50% +claude-haiku-5-5@2026-10-07 +provider/,
    );
    expect(long).toMatch(
      /standard +> 100,000 +0\.5 +0\.05 +0\.625 +1 +2\.5 +50% +claude-haiku-5-5@2026-10-07\/long/,
    );
    expect(stderr).toContain('USD per million tokens at 2026-11-21T12:00:00.000Z');
    const opus = await cli.run('prices', 'show', '--model', 'us.anthropic.claude-opus-5-5');
    expect(opus.stdout).toMatch(/fast +8 +0\.4 +10 +16 +40 +100% +claude-opus-5-5@2026-09-22\/fast/);
  });

  it('answers for any instant of the history', async () => {
    const cli = memoryCli();
    const shown = async (at: string) => {
      const { stdout } = await cli.run('prices', 'show', '--json', '--at', at, '--model', 'claude-fable-5-2');
      return documentOf(stdout)['prices'];
    };
    expect(await shown('2026-11-08T23:59:59.999Z')).toEqual([]);
    expect(await shown('2026-11-09')).toMatchObject([
      {
        priceId: 'claude-fable-5-2@2026-11-09',
        usdPerMtok: { input: '8', cacheRead: '0.2' },
        contract: null,
      },
      { speed: 'fast' },
    ]);
  });

  it('shows what was agreed beside what is listed', async () => {
    const cli = memoryCli();
    writeFile(
      cli,
      'version: 1\ncontractPrices:\n  - { id: frame, discountPercent: 12.5, source: order form }\n' +
        '  - { id: opus, model: claude-opus-5-5, source: order form, usdPerMtok: { input: 3, cacheRead: 0.15, cacheWrite5m: 3.75, cacheWrite1h: 6, output: 15 } }\n',
    );
    await cli.run('apply');
    const { stdout } = await cli.run('prices', 'show', '--model', 'claude-opus-5-5');
    expect(stdout).toContain('50%  3 in, 15 out (opus)  claude-opus-5-5@2026-09-22');
    expect(stdout).toContain('100%  −12.5% (frame)');
    const json = await cli.run('prices', 'show', '--model', 'claude-opus-5-5', '--json');
    expect(documentOf(json.stdout)['prices']).toMatchObject([
      { usdPerMtok: { input: '4' }, contract: { id: 'opus', usdPerMtok: { input: '3', output: '15' } } },
      { speed: 'fast', contract: { id: 'frame', discountPercent: '12.5', source: 'order form' } },
    ]);
  });

  it('hands out the whole book, which publishes as it is', async () => {
    const cli = memoryCli();
    const { stdout } = await cli.run('prices', 'show', '--book');
    writeFile(cli, stdout, 'book.json');
    expect(JSON.parse(stdout)).toEqual(builtinPriceBookDocument);
    expect((await publish(cli)).stdout).toBe('  nothing is charged or estimated otherwise\n');
    expect((await cli.gate.configuration()).priceBook).toEqual(builtinPriceBookDocument);
  });
});

describe('tallygate prices diff', () => {
  it('says what changes for which model from which day, and changes nothing', async () => {
    const cli = memoryCli();
    write(cli, decemberBook);
    const { stdout, stderr } = await cli.run('prices', 'diff', 'book.json');
    expect(stdout).toBe(`From built-in to book.json:\n  ${CHANGE}\n`);
    expect(stderr).toBe('Nothing is published: the built-in book is in force.\n');
    expect((await cli.gate.configuration()).version).toBe(0);
  });

  it('compares the built-in book with the published one, and that with the file', async () => {
    const cli = memoryCli();
    write(cli, decemberBook);
    await publish(cli);
    write(cli, rewritten);
    const { stdout } = await cli.run('prices', 'diff', 'book.json', '--json');
    expect(documentOf(stdout)['comparisons']).toMatchObject([
      {
        from: 'built-in',
        to: 'published',
        changes: [
          {
            kind: 'price',
            action: 'change',
            model: 'claude-opus-5-5',
            effectiveFrom: '2026-12-01',
            effectiveTo: null,
            before: { priceId: OPUS, usdPerMtok: { input: '4' } },
            after: { priceId: NEXT.priceId, usdPerMtok: { input: '3.5' } },
            changesThePast: false,
          },
        ],
      },
      {
        from: 'published',
        to: 'book.json',
        changes: [{ effectiveFrom: '2026-09-22', changesThePast: true }, { effectiveFrom: '2026-12-01' }],
      },
    ]);
  });
});

describe('tallygate prices publish', () => {
  it('puts a book in force and records who did it and why', async () => {
    const cli = memoryCli();
    write(cli, decemberBook);
    expect(await publish(cli)).toEqual({
      code: 0,
      stdout: `  ${CHANGE}\n`,
      stderr: 'Version 1 is in force.\n',
    });
    const live = await cli.gate.configuration();
    expect(live).toMatchObject({ version: 1, priceBook: decemberBook });
    expect(cli.history.records).toMatchObject([
      { version: 1, actor: 'ann', reason: 'December', publishedAtMs: NOW_MS, before: { priceBook: null } },
    ]);
    const line = {
      model: 'claude-opus-5-5',
      backend: 'anthropic',
      atMs: Date.parse('2026-12-01T00:00:00Z'),
      usage: { ...NO_USAGE, uncachedInputTokens: 1_000 },
      serviceTier: null,
      speed: null,
      inferenceGeo: null,
      billed: true,
      unpricedModels: 'dearest',
    } as const;
    expect(charge(livePriceBook(live.priceBook), line).priceId).toBe(NEXT.priceId);
    expect(charge(builtinPriceBook, line).priceId).toBe(OPUS);
  });

  it('refuses a book that changes what usage was charged by, unless it is told to', async () => {
    const cli = memoryCli();
    write(cli, rewritten);
    const refused = await publish(cli);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /This book changes what usage was already charged by: ~ claude-opus-5-5 from 2026-09-22: input 4 → 3\.5/,
    );
    expect((await cli.gate.configuration()).version).toBe(0);
    const told = await publish(cli, '--rewrite-history');
    expect(told).toMatchObject({ code: 0, stderr: 'Version 1 is in force.\n' });
    expect(told.stdout).toContain('[changes the past]');
  });

  it('publishes nothing a second time, and then makes good a record that is missing', async () => {
    const cli = memoryCli();
    write(cli, decemberBook);
    const { saveConfigVersion } = cli.history;
    cli.history.saveConfigVersion = () => Promise.reject(new Error('away'));
    const unrecorded = await publish(cli);
    expect(unrecorded.code).toBe(4);
    expect(unrecorded.stderr).toContain('Version 1 is in force, but the ledger did not take its record.');
    expect(unrecorded.stderr).toContain('Run "tallygate prices publish" again');
    cli.history.saveConfigVersion = saveConfigVersion;
    expect(await publish(cli)).toMatchObject({ code: 0, stdout: 'No changes: book.json is in force.\n' });
    expect(cli.history.records).toMatchObject([{ version: 1, reason: 'December' }]);
    await publish(cli);
    expect(cli.history.records).toHaveLength(1);
  });

  it('goes back to the built-in book', async () => {
    const cli = memoryCli();
    write(cli, decemberBook);
    await publish(cli);
    const back = await cli.run('prices', 'publish', '--built-in', '--reason', 'upgraded');
    expect(back).toMatchObject({ code: 0, stderr: 'Version 2 is in force.\n' });
    expect(await cli.gate.configuration()).toMatchObject({ version: 2, priceBook: null });
  });

  it('and apply leave each other’s prices alone', async () => {
    const cli = memoryCli();
    writeFile(cli, 'version: 1\ncontractPrices: [{ id: a, discountPercent: 5, source: order form }]\n');
    await cli.run('apply');
    write(cli, decemberBook);
    await publish(cli);
    writeFile(cli, 'version: 1\ntagAllowList: [x]\n');
    await cli.run('apply');
    expect(await cli.gate.configuration()).toMatchObject({
      version: 3,
      priceBook: decemberBook,
      tagAllowList: ['x'],
    });
    expect(await cli.gate.configuration()).not.toHaveProperty('contractPrices');
  });

  it('refuses a book that no longer names a model which a contract price is for', async () => {
    const cli = memoryCli();
    writeFile(
      cli,
      'version: 1\ncontractPrices: [{ id: a, model: claude-opus-5-5, discountPercent: 5, source: order form }]\n',
    );
    await cli.run('apply');
    write(cli, {
      ...builtinPriceBookDocument,
      models: builtinPriceBookDocument.models.filter(({ model }) => model !== 'claude-opus-5-5'),
      prices: builtinPriceBookDocument.prices.filter(({ model }) => model !== 'claude-opus-5-5'),
    });
    const { code, stderr } = await publish(cli, '--rewrite-history');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'Contract price "a" is for model "claude-opus-5-5", which the price book does not name.',
    );
  });

  it('replaces a live book that this release cannot read', async () => {
    const cli = memoryCli();
    const live = await cli.gate.configuration();
    await cli.gate.publish({ ...live, version: 1, priceBook: 'broken' });
    expect((await cli.run('prices', 'show')).code).toBe(2);
    write(cli, decemberBook);
    const { code, stdout, stderr } = await publish(cli);
    expect([code, stdout]).toEqual([0, `  ${CHANGE}\n`]);
    expect(stderr).toContain('The published book cannot be read here: compared with the built-in one.');
  });
});
