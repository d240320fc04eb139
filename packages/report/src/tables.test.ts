import type { Balance } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetBar, budgetTable, percentOf, toCsv, toTextTable, varianceTable } from './index.ts';

const balance = (spentUsd: bigint, heldUsd: bigint, limitUsd: bigint, id = 'support-monthly'): Balance => ({
  budget: {
    id,
    scope: { team: 'support' },
    period: 'month',
    timeZone: 'Europe/Berlin',
    limit: limitUsd * 1_000_000_000n,
    onOutage: 'block',
  },
  periodStartMs: Date.parse('2026-09-30T22:00:00Z'),
  periodEndMs: Date.parse('2026-10-31T23:00:00Z'),
  spent: spentUsd * 1_000_000_000n,
  held: heldUsd * 1_000_000_000n,
});

describe('toTextTable', () => {
  const columns = [
    { title: 'Name', align: 'left' as const },
    { title: 'Cost', align: 'right' as const },
  ];

  it('aligns names left and numbers right, and puts the footer under a rule', () => {
    const text = toTextTable({
      columns,
      rows: [
        ['a', '$1.00'],
        ['longer', '$10.00'],
      ],
      footer: ['Total', '$11.00'],
    });
    expect(text.split('\n')).toEqual([
      'Name      Cost',
      '──────────────',
      'a        $1.00',
      'longer  $10.00',
      '──────────────',
      'Total   $11.00',
      '',
    ]);
  });

  it('needs no second rule where nothing stands above the footer', () => {
    expect(toTextTable({ columns, rows: [], footer: ['Total', '$0.00'] }).split('\n')).toEqual([
      'Name    Cost',
      '────────────',
      'Total  $0.00',
      '',
    ]);
  });

  it('shortens names to the width and never a number', () => {
    const rows = [['a-feature-with-a-very-long-name', '$1,234,567.89']];
    const text = toTextTable({ columns, rows }, { width: 30 });
    expect(text).toContain('a-feature-with…  $1,234,567.89');
    expect(toTextTable({ columns, rows }, { width: 5 })).toContain('a-featu…  $1,234,567.89');
  });

  it('keeps every line within the width where names can give way', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, fc.nat().map(String))),
        fc.integer({ min: 22, max: 120 }),
        (rows, width) => {
          const lines = toTextTable({ columns, rows }, { width }).split('\n');
          expect(lines.every((line) => [...line].length <= width)).toBe(true);
          for (const [, figure] of rows) expect(lines.some((line) => line.endsWith(figure))).toBe(true);
        },
      ),
      { seed: 20261121 },
    );
  });

  it('does not let a name steer the terminal', () => {
    const text = toTextTable({ columns, rows: [['\u001b[31mred\nline\u202e', '1']] });
    expect(text).toContain('\uFFFD[31mred\uFFFDline\uFFFD');
  });
});

describe('toCsv', () => {
  it('quotes what needs quotes and ends lines as the standard says', () => {
    expect(toCsv(['a', 'b'], [[{ text: 'x,"y"\n' }, { figure: '-1.5' }]])).toBe(
      'a,b\r\n"x,""y""\n",-1.5\r\n',
    );
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])(
    'does not let the name %j run as a formula',
    (text) => {
      expect(toCsv(['a'], [[{ text }]])).toMatch(/^a\r\n"?'/);
    },
  );
});

describe('budgetTable', () => {
  it('shows spent, held, limit and available, the fullest first', () => {
    const rows = budgetTable([balance(1n, 0n, 100n, 'low'), balance(450n, 25n, 500n)]).rows;
    expect(rows[0]).toEqual([
      'support-monthly',
      'team support',
      'October 2026',
      'enforced',
      '$450.00',
      '$25.00',
      '$500.00',
      '$25.00',
      '██████████████████▒· 95%',
      '1 Nov 00:00 Europe/Berlin',
    ]);
    expect(rows[1]?.[0]).toBe('low');
  });

  it.each([
    [0n, 0n, 100n, '···················· 0%'],
    [1n, 0n, 1000n, '█··················· 0%'],
    [99n, 0n, 100n, '███████████████████· 99%'],
    [100n, 0n, 100n, '████████████████████ 100%'],
    [50n, 50n, 100n, '██████████▒▒▒▒▒▒▒▒▒▒ 100%'],
    [150n, 10n, 100n, '████████████████████ 160%'],
    [0n, 0n, 0n, '···················· 100%'],
    [1n, 0n, 0n, '████████████████████ over'],
  ])('draws %s spent and %s held of %s as %s', (spent, held, limit, bar) => {
    expect(budgetBar(balance(spent, held, limit))).toBe(bar);
  });

  it('never draws a full bar for a budget that is not full, nor a bar of another length', () => {
    const amount = fc.bigInt(0n, 10n ** 10n);
    fc.assert(
      fc.property(amount, amount, fc.bigInt(1n, 10n ** 10n), (spent, held, limit) => {
        const bar = budgetBar(balance(spent, held, limit)).split(' ')[0] ?? '';
        expect([...bar]).toHaveLength(20);
        if (spent + held + limit / 10n < limit) expect(bar).toContain('·');
      }),
      { seed: 20261121 },
    );
  });
});

describe('varianceTable', () => {
  const statement = {
    internalPicoUsd: 99_000_000_000_000n,
    billedPicoUsd: 100_000_000_000_000n,
    causes: [
      { name: 'rounding', amountPicoUsd: -5n, evidence: '1,204 lines' },
      { name: 'unmetered key', amountPicoUsd: 900_000_000_000n, evidence: 'apikey_01…' },
    ],
  };

  it('goes from ours to the bill without a gap', () => {
    const { rows, footer } = varianceTable(statement);
    expect(rows).toEqual([
      ['Ours', '99.000000000000', '99.0%', ''],
      ['rounding', '-0.000000000005', '0.0%', '1,204 lines'],
      ['unmetered key', '+0.900000000000', '0.9%', 'apikey_01…'],
      ['Residual', '+0.100000000005', '0.1%', 'not explained'],
    ]);
    expect(footer).toEqual(["Provider's bill", '100.000000000000', '100.0%', '']);
  });

  it('calls nothing "not explained" when nothing is left', () => {
    const [, residual] = varianceTable({ internalPicoUsd: 1000n, billedPicoUsd: 1000n, causes: [] }).rows;
    expect(residual).toEqual(['Residual', '0.000000000', '0.0%', '']);
  });

  it('derives the residual, so that the column always adds up to the bill', () => {
    const amount = fc.bigInt(-(2n ** 70n), 2n ** 70n);
    fc.assert(
      fc.property(amount, amount, fc.array(amount), (internalPicoUsd, billedPicoUsd, amounts) => {
        const causes = amounts.map((amountPicoUsd) => ({ name: 'c', amountPicoUsd, evidence: '' }));
        const table = varianceTable({ internalPicoUsd, billedPicoUsd, causes });
        const digits = (cells: readonly string[] | undefined) =>
          BigInt((cells?.[1] ?? '').replace(/[+.]/g, ''));
        expect(table.rows.reduce((total, row) => total + digits(row), 0n)).toBe(digits(table.footer));
      }),
      { seed: 20261121 },
    );
  });
});

describe('percentOf', () => {
  it.each([
    [1n, 3n, '33.3%'],
    [2n, 3n, '66.7%'],
    [-1n, 300n, '-0.3%'],
    [1n, -3n, '-33.3%'],
    [-1n, 10_000n, '0.0%'],
    [5n, 0n, '–'],
  ])('%s of %s is %s', (part, whole, text) => {
    expect(percentOf(part, whole)).toBe(text);
  });
});
