import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { readBilledFiles } from './read-billed-files.ts';

/** Whatever happens to an exported file on its way, its total is the truth, or the file is refused, or it is said to be cut. */
const SEED = 20261121;
const RUNS = 150;
const directory = mkdtempSync(join(tmpdir(), 'tallygate-billed-'));
afterAll(() => rmSync(directory, { recursive: true }));

const COUNTS = ['no_cache', 'cache_write_5m', 'cache_write_1h', 'cache_read'].map(
  (kind) => `usage_input_tokens_${kind}`,
);
const KINDS = {
  cost: {
    header: ['usage_date_utc', 'model', 'api_key', 'token_type', 'cost_usd', 'cost_type'],
    rowOf: (n: number, index: number) => [
      '2026-11-18',
      'Claude Opus 5',
      `key-${index}`,
      'output',
      `0.${n}`,
      'token',
    ],
    columns: null,
    figures: ['cost_usd'],
  },
  usage: {
    header: [
      'usage_date_utc',
      'model_version',
      'api_key',
      ...COUNTS,
      'usage_output_tokens',
      'web_search_count',
    ],
    rowOf: (n: number, index: number) => [
      '2026-11-18',
      'opus',
      `key-${index}`,
      '0',
      '1',
      '0',
      '2',
      `${n}`,
      '345',
    ],
    columns: null,
    figures: [...COUNTS, 'usage_output_tokens'],
  },
  partner: {
    header: ['SkuId', 'Currency', 'BillingDate', 'BilledCost'],
    rowOf: (n: number) => ['"claude, ""opus"""', 'USD', '2026-11-18T00:00:00Z', `-1${n}E-3`],
    columns: { date: 'BillingDate', amount: 'BilledCost', currency: 'Currency', model: 'SkuId' },
    figures: ['BillingDate', 'BilledCost', 'Currency'],
  },
};
type Kind = (typeof KINDS)[keyof typeof KINDS];

const lines = (table: readonly (readonly string[])[]) =>
  table.map((cells) => `${cells.join(',')}\n`).join('');
let written = 0;

async function totalOf(text: string, { columns }: Kind) {
  written += 1;
  const path = join(directory, `${written}.csv`);
  writeFileSync(path, text);
  const { usage, costs, remarks } = await readBilledFiles([path], columns);
  rmSync(path);
  const picoUsd = costs.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.amountPicoUsd, 0n);
  const counts = usage.flatMap(({ rows }) => rows).flatMap((row) => Object.values(row.usage));
  return {
    total: `${picoUsd} ${counts.reduce((sum, count) => sum + count, 0)}`,
    isSaidCut: remarks.some((remark) => remark.includes('may have been cut')),
  };
}

const DAMAGES = ['reorder', 'retype', 'empty', 'lose a cell', 'rename', 'shift', 'cut'] as const;
const BROKEN = ['n/a', '1 USD', '1,5', '$3', 'NaN', '٣', '0x1', '--1', 'null'];

function damaged(
  table: string[][],
  kind: Kind,
  damage: (typeof DAMAGES)[number],
  at: number,
  order: readonly number[],
) {
  const [row, figure] = [1 + (at % (table.length - 1)), kind.figures[at % kind.figures.length] as string];
  const column = kind.header.indexOf(figure);
  const cells = table[row] as string[];
  if (damage === 'reorder') return lines(table.map((own) => order.map((index) => own[index] as string)));
  if (damage === 'retype') cells[column] = `"${BROKEN[at % BROKEN.length]}"`;
  if (damage === 'empty') cells[column] = '';
  if (damage === 'lose a cell') cells.splice(at % cells.length, 1);
  if (damage === 'rename') (table[0] as string[])[column] = `x_${figure}`;
  if (damage === 'shift') cells.unshift(cells.pop() as string);
  const text = lines(table);
  // Never between two rows: such a file is whole in itself.
  const lastRow = (table.at(-1) as string[]).join();
  return damage === 'cut' ? text.slice(0, text.length - 1 - (at % lastRow.length)) : text;
}

it.each(Object.entries(KINDS))(
  'a damaged file of %s never gives a wrong total in silence',
  async (_name, kind) => {
    const figures = fc.array(fc.integer({ min: 10, max: 999_999 }), { minLength: 2, maxLength: 4 });
    const order = fc.shuffledSubarray([...kind.header.keys()], { minLength: kind.header.length });
    const damages = fc.constantFrom(...DAMAGES);
    const outcomes = { refused: 0, exact: 0, saidCut: 0 };
    await fc.assert(
      fc.asyncProperty(figures, damages, fc.nat(), order, async (numbers, damage, at, by) => {
        const table = [kind.header, ...numbers.map(kind.rowOf)].map((cells) => [...cells]);
        const truth = await totalOf(lines(table), kind);
        try {
          const { total, isSaidCut } = await totalOf(damaged(table, kind, damage, at, by), kind);
          if (isSaidCut) outcomes.saidCut += 1;
          else expect([damage, total]).toEqual([damage, truth.total]);
          if (!isSaidCut) outcomes.exact += 1;
        } catch (error) {
          if ((error as { code?: string }).code !== 'TALLYGATE_REPORT_MALFORMED') throw error;
          outcomes.refused += 1;
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(0);
  },
);
