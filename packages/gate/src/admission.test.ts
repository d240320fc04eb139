import { NANO_USD_MAX } from '@tallygate/usage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitsCounter, refusalOf, shownHeld } from './admission.ts';
import type { BudgetPeriod } from './budget-periods.ts';
import { decisiveRefusal, denialFrom, type Refusal } from './denials.ts';

const amount = fc.bigInt(0n, NANO_USD_MAX);
const BUCKET_MS = 60_000;
/** As in a period of the calendar, where all of it leaves at the end. */
const leftAtMs = () => 86_400_000;

function periodWith(limit: bigint): BudgetPeriod {
  const budget = {
    id: 'all',
    scope: {},
    period: 'day' as const,
    timeZone: 'UTC',
    limit,
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
          const held = { expected: heldExpected, worst: heldWorst, oldestBucket: 3 };
          const asked = { expected, worst };
          const fits = spent + heldExpected + expected <= limit && spent + heldWorst + worst <= limit;
          expect(
            refusalOf({ period: periodWith(limit), spent, held, asked, leftAtMs }, BUCKET_MS) === null,
          ).toBe(fits);
        },
      ),
    );
  });

  test('the numbers are those of the track that runs into the limit first', () => {
    const held = { expected: 90n, worst: 50n, oldestBucket: 3 };
    const refusal = refusalOf(
      { period: periodWith(100n), spent: 0n, held, asked: { expected: 20n, worst: 30n }, leftAtMs },
      BUCKET_MS,
    );
    expect(refusal).toMatchObject({ spent: 0n, held: 90n, needed: 20n });
  });

  test('it can make sense to try again when the oldest hold ends, unless the amount would not fit even then', () => {
    const held = { expected: 60n, worst: 60n, oldestBucket: 3 };
    const retryAt = (needed: bigint) =>
      refusalOf(
        { period: periodWith(100n), spent: 0n, held, asked: { expected: needed, worst: needed }, leftAtMs },
        BUCKET_MS,
      )?.retryAtMs;
    expect(retryAt(100n)).toBe(4 * BUCKET_MS);
    expect(retryAt(101n)).toBe(86_400_000);
  });

  test('a hold that outlives the period does not move the time to try again beyond it', () => {
    const held = { expected: 60n, worst: 60n, oldestBucket: 10_000 };
    const refusal = refusalOf(
      { period: periodWith(100n), spent: 0n, held, asked: { expected: 50n, worst: 50n }, leftAtMs },
      BUCKET_MS,
    );
    expect(refusal?.retryAtMs).toBe(86_400_000);
  });

  test('a sum of holds stays within a 64-bit counter', () => {
    const held = { expected: NANO_USD_MAX - 1n, worst: 0n };
    expect(fitsCounter(held, { expected: 1n, worst: NANO_USD_MAX })).toBe(true);
    expect(fitsCounter(held, { expected: 2n, worst: 0n })).toBe(false);
    expect(fitsCounter({ expected: 0n, worst: 1n }, { expected: 0n, worst: NANO_USD_MAX })).toBe(false);
  });

  test('one number for what is held is the larger track', () => {
    expect(shownHeld({ expected: 1n, worst: 2n })).toBe(2n);
    expect(shownHeld({ expected: 3n, worst: 2n })).toBe(3n);
  });
});

describe('a denial', () => {
  const refusal = (retryAtMs: number): Refusal => ({
    period: periodWith(10n),
    spent: 1n,
    limit: 10n,
    held: 2n,
    needed: 8n,
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
