/**
 * Any ladders on any budgets, many calls at once: whatever was walked, what is held while a call is out fits every budget, what
 * arrives is what the ladders allow, and afterwards nothing is held. The seed is printed when it fails.
 */
import type { Budget, LadderStep } from '@tallygate/usage';
import { BudgetExceededError } from '@tallygate/usage';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { budgetWith, HAIKU, ladderRig, OPUS } from '../integration/meter/ladder-rig.ts';

const SONNET = 'claude-sonnet-5-5';
const FLOOR = 500;

const step: fc.Arbitrary<LadderStep> = fc.oneof(
  fc.record({ step: fc.constant('trim' as const), minOutputTokens: fc.integer({ min: FLOOR, max: 5_000 }) }),
  fc.record({ step: fc.constant('standard-speed' as const) }),
  fc.record({ step: fc.constant('downgrade' as const), model: fc.constantFrom(HAIKU, SONNET) }),
);
const scope = fc.constantFrom<Budget['scope']>({}, { team: 'support' }, { model: OPUS }, { model: HAIKU });
const budgets = fc.array(
  fc.record({
    scope,
    limitUsd: fc.integer({ min: 1, max: 300 }).map((mills) => `${mills / 1_000}`),
    ladder: fc.option(fc.array(step, { maxLength: 5 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 4 },
);
const call = fc.record({
  model: fc.constantFrom(OPUS, SONNET),
  max_tokens: fc.integer({ min: FLOOR, max: 20_000 }),
  speed: fc.constantFrom('standard' as const, 'fast' as const),
});

it('after any walk the holds fit all budgets, and none is left behind', async () => {
  let [changed, denied] = [0, 0];
  await fc.assert(
    fc.asyncProperty(budgets, fc.array(call, { minLength: 1, maxLength: 8 }), async (drawn, calls) => {
      const inForce = drawn.map(({ scope, limitUsd, ladder }, index) =>
        budgetWith(limitUsd, ladder, { id: `budget-${index}`, scope }),
      );
      const rig = await ladderRig(inForce);
      const messages = [{ role: 'user' as const, content: 'hi' }];
      const outcomes = await Promise.allSettled(
        calls.map((params) => rig.claude.beta.messages.create({ ...params, messages })),
      );
      for (const { balances, body } of rig.arrivals) {
        for (const { budget, spent, held } of balances)
          expect(spent + held).toBeLessThanOrEqual(budget.limit);
        expect(Number(body['max_tokens'])).toBeGreaterThanOrEqual(FLOOR);
      }
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(BudgetExceededError);
      denied += rig.denials.length;
      expect(rig.arrivals.length + rig.denials.length).toBe(calls.length);
      for (const { held } of await rig.balancesAtEnd()) expect(held).toBe(0n);
      const stepsMax = inForce.reduce((sum, { ladder = [] }) => sum + ladder.length, 0);
      for (const { changes } of rig.notices) {
        changed += 1;
        // A downgrade may take two more along.
        expect(changes.length).toBeLessThanOrEqual(3 * stepsMax);
      }
    }),
    { numRuns: 150 },
  );
  // A property over calls that all fit, or of which none does, would prove nothing.
  expect(Math.min(changed, denied)).toBeGreaterThan(20);
});
