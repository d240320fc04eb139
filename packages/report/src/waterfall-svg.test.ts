import { describe, expect, it } from 'vitest';
import { type WaterfallBar, waterfallSvg } from './waterfall-svg.ts';

const bar = (label: string, amountUsd: string, kind: WaterfallBar['kind'] = 'step'): WaterfallBar => ({
  ...{ label, kind, amountUsd: Number(amountUsd).toFixed(9) },
});
const month = [
  bar('our rows', '600', 'total'),
  bar('past the meter', '1.5'),
  bar('guesses', '-0.5'),
  bar('rounding', '-0.000000001'),
  bar('nothing', '0'),
  bar('discount', '-45'),
  bar('report', '555.999999999', 'total'),
];
const rectsOf = (svg: string) =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g)].map(([, x, y, width]) => ({
    ...{ left: Number(x), y: Number(y), width: Number(width) },
  }));

describe('steps too small for the scale of the totals', () => {
  const svg = waterfallSvg('x', month);
  const rects = rectsOf(svg);
  const [, gained = [], lost = [], least = [], none = [], discount = []] = [
    ...new Set(rects.map(({ y }) => y)),
  ].map((row) => rects.filter(({ y }) => y === row));

  it('are drawn to scale, and once more to a second one that is the same for all of them', () => {
    expect([gained, lost, least, none, discount].map((bars) => bars.length)).toEqual([2, 2, 2, 1, 1]);
    expect(gained[0]?.width).toBeLessThan(2);
    expect(gained[1]?.width).toBeCloseTo(150, 0);
    expect(lost[1]?.width).toBeCloseTo(50, 0);
    // Both hang on the same ground, on either side of it.
    expect((lost[1]?.left ?? 0) + (lost[1]?.width ?? 0)).toBeCloseTo(gained[1]?.left ?? 0, 0);
    expect(least[1]?.width).toBe(1);
  });

  it('say how far they are enlarged and what the edge of that scale is, and every amount is beside', () => {
    expect(svg).toContain('small steps, enlarged 139 times');
    expect(svg).toContain('>$1.50</text>');
    expect(svg).toContain('>-$0.000000001</text>');
    expect(svg).toContain('viewBox="0 0 974 ');
  });

  it('need no second scale where there are none', () => {
    const plain = waterfallSvg('x', [bar('a', '10', 'total'), bar('b', '-4'), bar('c', '6', 'total')]);
    expect(rectsOf(plain)).toHaveLength(3);
    expect(plain).not.toContain('enlarged');
  });
});
