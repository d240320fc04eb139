import { type Balance, nanoFromUsd } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetOf } from '../testing/served-world.ts';
import { budgetLine, commonCalendar, inReadingOrder } from './budget-lines.ts';

const BERLIN_NOVEMBER = {
  periodStartMs: Date.parse('2026-10-31T23:00:00Z'),
  periodEndMs: Date.parse('2026-11-30T23:00:00Z'),
};

function balanceOf(
  limitUsd: string,
  spentUsd: string,
  heldUsd: string,
  budget: Partial<Balance['budget']> = {},
): Balance {
  return {
    budget: { ...budgetOf('support', limitUsd, { team: 'support' }), ...budget },
    ...BERLIN_NOVEMBER,
    spent: nanoFromUsd(spentUsd),
    held: nanoFromUsd(heldUsd),
  };
}

describe('budgetLine', () => {
  it('names the period and the reset in the calendar of the budget, not in UTC', () => {
    expect(budgetLine(balanceOf('10', '1', '0'))).toMatchObject({
      team: 'support',
      feature: null,
      period: 'November',
      resets: '1 Dec 00:00 Europe/Berlin',
    });
  });

  it.each([
    ['10', '2.5', '1', { spent: 250, held: 100, limit: 1000 }, 35],
    ['10', '0', '0', { spent: 0, held: 0, limit: 1000 }, 0],
    ['10', '0.000000001', '0', { spent: 3, held: 0, limit: 1000 }, 0],
    ['10', '10', '0', { spent: 1000, held: 0, limit: 1000 }, 100],
    ['10', '9.999', '0.0001', { spent: 999, held: 1, limit: 1000 }, 99],
    ['10', '15', '5', { spent: 750, held: 250, limit: 500 }, 200],
    ['0', '0', '0', { spent: 0, held: 0, limit: 1000 }, 100],
    ['0', '1', '0', { spent: 1000, held: 0, limit: 0 }, 100],
  ])('of %s USD with %s spent and %s held draws %j', (limit, spent, held, bar, usedPercent) => {
    expect(budgetLine(balanceOf(limit, spent, held))).toMatchObject({ bar, usedPercent });
  });

  it('never draws beyond the bar, and available is exactly limit − spent − held', () => {
    const amount = fc.bigInt({ min: 0n, max: 2n ** 62n });
    fc.assert(
      fc.property(amount, amount, amount, (limitNanoUsd, spentNanoUsd, heldNanoUsd) => {
        const line = budgetLine({
          ...balanceOf('1', '0', '0', { limit: limitNanoUsd }),
          spent: spentNanoUsd,
          held: heldNanoUsd,
        });
        expect(line.available).toBe(limitNanoUsd - spentNanoUsd - heldNanoUsd);
        expect(line.bar.spent + line.bar.held).toBeLessThanOrEqual(1000);
        expect(line.bar.limit).toBeLessThanOrEqual(1000);
        expect(line.bar.limit < 1000).toBe(line.available < 0n && line.bar.limit !== 1000);
        expect(line.usedPercent >= 100).toBe(line.available <= 0n);
      }),
      { seed: 20261121 },
    );
  });
});

describe('the order of lines', () => {
  it('has the whole before its features, the larger limit first, and no dependence on arrival', () => {
    const lines = [
      budgetLine(balanceOf('1', '0', '0', { id: 'b', scope: { team: 'support', feature: 'chat' } })),
      budgetLine(balanceOf('5', '0', '0', { id: 'day' })),
      budgetLine(balanceOf('9', '0', '0', { id: 'month' })),
      budgetLine(balanceOf('5', '0', '0', { id: 'a-twin' })),
    ];
    const ids = (order: typeof lines) => order.toSorted(inReadingOrder).map(({ id }) => id);
    expect(ids(lines)).toEqual(['month', 'a-twin', 'day', 'b']);
    expect(ids(lines.toReversed())).toEqual(ids(lines));
  });
});

describe('commonCalendar', () => {
  const inZone = (timeZone: string) => budgetLine(balanceOf('1', '0', '0', { timeZone }));

  it('is what most lines share', () => {
    const lines = [inZone('UTC'), inZone('Europe/Berlin'), inZone('Europe/Berlin')];
    expect(commonCalendar(lines)).toEqual({ period: 'November', resets: '1 Dec 00:00 Europe/Berlin' });
  });

  it('is nothing where no two agree: then every line says its own', () => {
    expect(commonCalendar([inZone('UTC'), inZone('Europe/Berlin')])).toBeNull();
    expect(commonCalendar([])).toBeNull();
  });
});
