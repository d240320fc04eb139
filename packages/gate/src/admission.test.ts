import { NANO_USD_MAX } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsCounter, heldNanoUsd, refusalOf } from './admission.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import { decisiveRefusal, denialFrom, type Refusal } from './denials.ts';

const amount = fc.bigInt(0n, NANO_USD_MAX);
const BUCKET_MS = 60_000;

function periodWith(limitNanoUsd: bigint): BudgetPeriod {
  const budget = {
    id: 'all',
    scope: {},
    period: 'day' as const,
    timeZone: 'UTC',
    limitNanoUsd,
    onOutage: 'block' as const,
  };
  return { budget, key: 'all:day:0', periodStartMs: 0, periodEndMs: 86_400_000 };
}

describe('the rule of admission', () => {
  test('an amount is refused exactly when it does not fit on one of the tracks', () => {
    fc.assert(
      fc.property(
        amount,
        amount,
        amount,
        amount,
        amount,
        amount,
        (limit, spent, heldExpected, heldWorst, expected, worst) => {
          const held = { expectedNanoUsd: heldExpected, worstNanoUsd: heldWorst, oldestBucket: 3 };
          const asked = { expectedNanoUsd: expected, worstNanoUsd: worst };
          const fits = spent + heldExpected + expected <= limit && spent + heldWorst + worst <= limit;
          expect(
            refusalOf({ period: periodWith(limit), spentNanoUsd: spent, held }, asked, BUCKET_MS) === null,
          ).toBe(fits);
        },
      ),
    );
  });

  test('the numbers are those of the track that runs into the limit first', () => {
    const held = { expectedNanoUsd: 90n, worstNanoUsd: 50n, oldestBucket: 3 };
    const refusal = refusalOf(
      { period: periodWith(100n), spentNanoUsd: 0n, held },
      { expectedNanoUsd: 20n, worstNanoUsd: 30n },
      BUCKET_MS,
    );
    expect(refusal).toMatchObject({ spentNanoUsd: 0n, heldNanoUsd: 90n, neededNanoUsd: 20n });
  });

  test('it can make sense to try again when the oldest hold ends, unless the amount would not fit even then', () => {
    const held = { expectedNanoUsd: 60n, worstNanoUsd: 60n, oldestBucket: 3 };
    const retryAt = (needed: bigint) =>
      refusalOf(
        { period: periodWith(100n), spentNanoUsd: 0n, held },
        { expectedNanoUsd: needed, worstNanoUsd: needed },
        BUCKET_MS,
      )?.retryAtMs;
    expect(retryAt(100n)).toBe(4 * BUCKET_MS);
    expect(retryAt(101n)).toBe(86_400_000);
  });

  test('a hold that outlives the period does not move the time to try again beyond it', () => {
    const held = { expectedNanoUsd: 60n, worstNanoUsd: 60n, oldestBucket: 10_000 };
    const refusal = refusalOf(
      { period: periodWith(100n), spentNanoUsd: 0n, held },
      { expectedNanoUsd: 50n, worstNanoUsd: 50n },
      BUCKET_MS,
    );
    expect(refusal?.retryAtMs).toBe(86_400_000);
  });

  test('a sum of holds stays within a 64-bit counter', () => {
    const held = { expectedNanoUsd: NANO_USD_MAX - 1n, worstNanoUsd: 0n };
    expect(fitsCounter(held, { expectedNanoUsd: 1n, worstNanoUsd: NANO_USD_MAX })).toBe(true);
    expect(fitsCounter(held, { expectedNanoUsd: 2n, worstNanoUsd: 0n })).toBe(false);
    expect(
      fitsCounter(
        { expectedNanoUsd: 0n, worstNanoUsd: 1n },
        { expectedNanoUsd: 0n, worstNanoUsd: NANO_USD_MAX },
      ),
    ).toBe(false);
  });

  test('one number for what is held is the larger track', () => {
    expect(heldNanoUsd({ expectedNanoUsd: 1n, worstNanoUsd: 2n })).toBe(2n);
    expect(heldNanoUsd({ expectedNanoUsd: 3n, worstNanoUsd: 2n })).toBe(3n);
  });
});

describe('a denial', () => {
  const refusal = (retryAtMs: number): Refusal => ({
    period: periodWith(10n),
    spentNanoUsd: 1n,
    heldNanoUsd: 2n,
    neededNanoUsd: 8n,
    retryAtMs,
  });

  test('reports the refusal that lets go last, the first among equals', () => {
    const [early, late, equal] = [refusal(1), refusal(9), refusal(9)];
    expect(decisiveRefusal([early, late, equal])).toBe(late);
  });

  test('has an identity of its own each time', () => {
    const attribution = {
      team: 't',
      feature: 'f',
      environment: 'e',
      userPseudonym: null,
      workflow: null,
      taskType: null,
      tags: {},
    };
    const request = {
      attemptId: 'a',
      attribution,
      models: [],
      expectedNanoUsd: 8n,
      worstNanoUsd: 8n,
      ttlMs: 1,
      configVersion: 1,
      enforce: true,
    };
    const [first, second] = [1, 2].map(() => denialFrom(refusal(1), request, 5));
    expect(first).toEqual({ ...second, denialId: first?.denialId });
    expect(first?.denialId).not.toBe(second?.denialId);
  });
});
