import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearestPicoUsd, readBilledCsv } from './billed-csv.ts';

const rowsOf = (...values: Record<string, string>[]) =>
  values.map((value, index) => ({ file: 'bill.csv', line: index + 2, value }));
const malformed = expect.objectContaining({ code: 'TALLYGATE_REPORT_MALFORMED' });

describe('a bill of another cloud', () => {
  const columns = { date: 'day', amount: 'BilledCost', model: 'sku', currency: 'cur' };
  const row = {
    day: '2026-11-18T00:00:00Z',
    BilledCost: '1.2E-7',
    sku: 'claude',
    cur: 'USD',
    EffectiveCost: '9',
  };

  it('is read by the columns that are named for it; rows of one day and group are all there', () => {
    const [day] = readBilledCsv(rowsOf(row, { ...row, BilledCost: '-0.5' }), columns).days;
    expect(day?.costs).toMatchObject([
      { amountPicoUsd: 120_000n, group: { model: 'claude' } },
      { amountPicoUsd: -500_000_000_000n },
    ]);
  });

  it('is rounded where floats have dust below pico-USD, and says how often', () => {
    const dust = ['3.1999999999999998e-05', '0.0000000000005', '1.25'];
    const { days, remarks } = readBilledCsv(
      rowsOf(...dust.map((BilledCost) => ({ ...row, BilledCost }))),
      columns,
    );
    const amounts = days[0]?.costs.map(({ amountPicoUsd }) => amountPicoUsd);
    expect(amounts).toEqual([32_000_000n, 0n, 1_250_000_000_000n]);
    expect(remarks).toEqual([expect.stringMatching(/^2 amounts .* were rounded/)]);
  });

  it('is refused in another currency, also where nobody named the column that says so', () => {
    const { currency: _unnamed, ...unnamed } = columns;
    expect(readBilledCsv(rowsOf(row), unnamed).remarks).toEqual([]);
    expect(() =>
      readBilledCsv(rowsOf(row, { ...row, cur: 'USD', BillingCurrency: 'EUR' } as never), unnamed),
    ).toThrow(
      expect.objectContaining({
        cure: 'Name the column of their currency: --csv-columns …,currency=BillingCurrency.',
      }),
    );
  });

  it.each([
    ['another currency', { ...row, cur: 'EUR' }],
    ['a missing column', { day: row.day, sku: row.sku, cur: row.cur }],
    ['an amount in words', { ...row, BilledCost: 'n/a' }],
  ])('is refused whole for %s', (_case, changed) => {
    expect(() => readBilledCsv(rowsOf(changed as typeof row), columns)).toThrow(malformed);
  });
});

it('an amount is read exactly or not at all, with an exponent or without', () => {
  const pico = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n });
  fc.assert(
    fc.property(pico, fc.integer({ min: -6, max: 6 }), (amount, exponent) => {
      const magnitude = amount < 0n ? -amount : amount;
      const digits = magnitude.toString().padStart(40, '0');
      const point = digits.length - 12 - exponent;
      const text = `${amount < 0n ? '-' : ''}${digits.slice(Math.max(0, point - 18), point)}.${digits.slice(point) || '0'}E${exponent}`;
      expect(nearestPicoUsd(text)).toEqual({ picoUsd: amount, isExact: true });
    }),
    { seed: 20261121 },
  );
  for (const text of ['', '.5', '1.', '1e', '0x1', '1 2', '1,234', '$1', 'NaN', '1e999'])
    expect(nearestPicoUsd(text), text).toBeNull();
});
