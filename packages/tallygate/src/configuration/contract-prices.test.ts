import { createMemoryGate } from '@tallygate/gate';
import { builtinPriceBookDocument } from '@tallygate/pricing';
import { emptyConfiguration, TallygateError } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { applyPlan } from './apply.ts';
import { type DesiredConfiguration, parseConfigurationYaml } from './file.ts';
import { describePlan, planChanges } from './plan.ts';

const parse = (entries: string) =>
  parseConfigurationYaml(`version: 1\ncontractPrices:\n${entries}`, 'tallygate.yaml');
const DISCOUNT = '  - { id: frame, discountPercent: 12.50, effectiveFrom: 2026-01-01, source: order form }\n';
const RATES =
  '  - id: opus\n    model: claude-opus-5-5\n    source: order form\n' +
  '    usdPerMtok: { input: 3.50, cacheRead: 0.175, cacheWrite5m: 4.375, cacheWrite1h: 7, output: 17.5 }\n';
const live = { ...emptyConfiguration('acme'), version: 3 };
const clock = { nowMs: () => Date.UTC(2026, 10, 21), monotonicMs: () => 0 };

describe('contract prices in tallygate.yaml', () => {
  it('are read as they are written: no amount and no percentage passes through a float', () => {
    expect(parse(DISCOUNT + RATES).contractPrices).toEqual([
      {
        id: 'frame',
        model: null,
        effectiveFrom: '2026-01-01',
        effectiveTo: null,
        discountPercent: '12.50',
        source: 'order form',
      },
      {
        id: 'opus',
        model: 'claude-opus-5-5',
        effectiveFrom: null,
        effectiveTo: null,
        usdPerMtok: {
          input: '3.50',
          cacheRead: '0.175',
          cacheWrite5m: '4.375',
          cacheWrite1h: '7',
          output: '17.5',
        },
        source: 'order form',
      },
    ]);
  });

  it.each([
    [
      '  - { id: a, discountPercent: 100, source: s }',
      '3:31: contractPrices[0].discountPercent "100" is not a',
    ],
    [
      '  - { id: a, discountPercent: -5, source: s }',
      '3:31: contractPrices[0].discountPercent "-5" is not a',
    ],
    ['  - { id: a, discountPercent: 5 }', '3:5: contractPrices[0].source is missing. Write where'],
    [
      '  - { id: a, discount: 5, source: s }',
      'contractPrices[0].discount is not a known field. Did you mean',
    ],
    ['  - { id: a, source: s }', '3:5: contractPrices[0] is not valid: Contract price "a": it needs either'],
    [
      '  - { id: a, discountPercent: 5, effectiveFrom: 1.1.2026, source: s }',
      'contractPrices[0].effectiveFrom "1.1.2026" is not a date. Write a date such as 2026-10-31',
    ],
    [
      '  - { id: a, discountPercent: 5, effectiveFrom: 2026-02-31, source: s }',
      '3:5: contractPrices[0] is not valid: Contract price "a": effectiveFrom',
    ],
    [
      DISCOUNT + DISCOUNT,
      '4:5: contractPrices[1] is not valid: Contract price "frame": another one has the same id',
    ],
    [
      DISCOUNT + DISCOUNT.replace('frame', 'second'),
      '4:5: contractPrices[1] is not valid: Contract price "second"',
    ],
    [RATES.replace('output: 17.5', 'outptu: 1'), 'contractPrices[0].usdPerMtok.outptu is not a known field.'],
    [
      RATES.replace('17.5 }', '1e3 }'),
      'contractPrices[0].usdPerMtok.output "1e3" is not a plain decimal amount.',
    ],
  ])('are refused where they stand: %s', (entries, problem) => {
    expect(() => parse(entries)).toThrow(problem);
  });
});

describe('a plan with contract prices', () => {
  it('says what is agreed, and what changes', () => {
    expect(describePlan(planChanges(live, parse(DISCOUNT + RATES)))).toEqual([
      '+ contract price frame',
      '    12.50% off every model from 2026-01-01 (order form)',
      '+ contract price opus',
      '    claude-opus-5-5 at USD per million: input 3.50, cache read 0.175, 5m write 4.375, 1h write 7, output 17.5 (order form)',
    ]);
    const agreed = planChanges(live, parse(DISCOUNT)).after;
    expect(describePlan(planChanges(agreed, parse(DISCOUNT.replace('12.50', '15'))))).toEqual([
      '~ contract price frame',
      '    was 12.50% off every model from 2026-01-01 (order form)',
      '    now 15% off every model from 2026-01-01 (order form)',
    ]);
  });

  it('removes what the file no longer lists, and is empty where nothing changes', () => {
    const { after } = planChanges(live, parse(DISCOUNT));
    const none: DesiredConfiguration = parseConfigurationYaml('version: 1\n', 'tallygate.yaml');
    const removed = planChanges(after, none);
    expect(describePlan(removed)[0]).toBe('- contract price frame');
    expect(removed.after).not.toHaveProperty('contractPrices');
    expect(planChanges(after, parse(DISCOUNT)).changes).toEqual([]);
    expect(planChanges(live, none).changes).toEqual([]);
  });

  it('leaves the published price book alone, as that leaves them', async () => {
    const gate = createMemoryGate({ organization: 'acme', clock });
    const published = await gate.configuration();
    await gate.publish({ ...published, version: 1, priceBook: builtinPriceBookDocument });
    const plan = planChanges(await gate.configuration(), parse(DISCOUNT));
    await applyPlan({ gate, history: null, plan, actor: 'ann', reason: '', clock });
    expect(await gate.configuration()).toMatchObject({
      version: 2,
      priceBook: builtinPriceBookDocument,
      contractPrices: [{ id: 'frame' }],
    });
  });

  it('refuses a model that the live price book does not name, with the nearest one that it does', () => {
    expect.assertions(2);
    try {
      planChanges(live, parse(RATES.replace('claude-opus-5-5', 'claude-opus-55')));
    } catch (error) {
      if (!TallygateError.isInstance(error)) throw error;
      expect(error.message).toContain('Contract price "opus" is for model "claude-opus-55"');
      expect(error.cure).toMatch(/^Did you mean claude-opus-5/);
    }
  });

  it('does not look at the price book where no contract price changes: a broken one must not hold up a budget', () => {
    const { after } = planChanges(live, parse(RATES));
    const broken = { ...after, priceBook: 'broken' };
    expect(planChanges(broken, { ...parse(RATES), tagAllowList: ['x'] }).changes).toHaveLength(1);
  });
});
