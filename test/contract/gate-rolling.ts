import { newAttemptId, type RollingUnit, type Settlement } from '@tallygate/usage';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  budgetOf,
  counters,
  type Guarantees,
  HOUR_MS,
  held,
  MINUTE_MS,
  requestOf,
  START_MS,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

const period: RollingUnit = 'rolling-60m';
/** A sixtieth of the window. */
const PART_MS = MINUTE_MS;
const hourly = budgetOf('hourly', usd('1'), { period });

/** What was spent within the last hour, and not a calendar's. */
export const ROLLING: Guarantees = {
  'a charge counts for its window, and for a sixtieth of it longer at most': async (openWith) => {
    const { gate, advanceMs, nowMs } = await openWith([hourly]);
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') });
    const spent = async () => (await counters(gate))['hourly']?.spent;
    const chargedMs = nowMs();
    await advanceMs(HOUR_MS);
    expect(await spent()).toBe(usd('0.10'));
    await advanceMs(Math.floor(chargedMs / PART_MS) * PART_MS + 61 * PART_MS - nowMs() - 1);
    expect(await spent()).toBe(usd('0.10'));
    await advanceMs(1);
    expect(await spent()).toBe(0n);
  },

  'a charge belongs to the instant of its reserve, however late it arrives': async (openWith) => {
    const { gate, advanceMs } = await openWith([hourly]);
    const hold = await held(gate, { ttlMs: 50 * MINUTE_MS });
    await advanceMs(40 * MINUTE_MS);
    const { settlement } = await gate.settle({ hold, amountNanoUsd: usd('0.10') });
    expect(settlement.entries).toEqual([
      { key: `hourly:${period}:${Math.floor(START_MS / PART_MS) * PART_MS}`, amount: usd('0.10') },
    ]);
    expect(await counters(gate)).toEqual({ hourly: { spent: usd('0.10'), held: 0n } });
    await advanceMs(21 * MINUTE_MS);
    expect(await counters(gate)).toEqual({ hourly: { spent: 0n, held: 0n } });
  },

  'a hold counts for as long as it lives, also beyond the window': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('brief', usd('1'), { period: 'rolling-1m' })]);
    await held(gate, { ttlMs: 10 * MINUTE_MS });
    await advanceMs(9 * MINUTE_MS);
    expect(await counters(gate)).toEqual({ brief: { spent: 0n, held: usd('0.10') } });
  },

  'a denial says when enough of what was spent first will have left': async (openWith) => {
    const { gate, advanceMs, nowMs } = await openWith([hourly]);
    const partsMs: number[] = [];
    for (const amount of ['0.30', '0.30', '0.40']) {
      partsMs.push(Math.floor(nowMs() / PART_MS) * PART_MS);
      await gate.settle({ hold: await held(gate), amountNanoUsd: usd(amount) });
      await advanceMs(5 * MINUTE_MS);
    }
    const retryAt = async (amount: string) => {
      const reply = await gate.reserve(requestOf({ expectedNanoUsd: usd(amount) }));
      return reply.kind === 'denied' ? reply.denial.retryAtMs : null;
    };
    const outMs = partsMs.map((startMs) => startMs + 61 * PART_MS);
    expect(await retryAt('0.10')).toBe(outMs[0]);
    expect(await retryAt('0.31')).toBe(outMs[1]);
    expect(await retryAt('0.61')).toBe(outMs[2]);
    // Never, in truth: no sooner than when nothing is left in the window.
    expect(await retryAt('5')).toBe(outMs[2]);
    await advanceMs((outMs[0] ?? 0) - nowMs());
    await held(gate, { expectedNanoUsd: usd('0.30') });
  },

  'where calls in flight are in the way, the first of them to end gives room': async (openWith) => {
    const { gate } = await openWith([hourly]);
    const hold = await held(gate, { expectedNanoUsd: usd('0.95'), ttlMs: 10 * MINUTE_MS });
    const reply = await gate.reserve(requestOf());
    const retryAtMs = (hold.expiryBucket + 1) * MINUTE_MS;
    expect(reply).toMatchObject({ kind: 'denied', denial: { retryAtMs } });
  },

  'what the ledger knows of the parts of the window counts, each until it is out': async (
    _openWith,
    open,
  ) => {
    const organization = `org-${newAttemptId()}`;
    const partMs = Math.floor(START_MS / PART_MS) * PART_MS;
    const keyOf = (before: number) => `hourly:${period}:${partMs - before * PART_MS}`;
    const totals = [60, 30, 0].map((before) => ({ key: keyOf(before), amount: BigInt(before + 1) }));
    const configuration = snapshotOf(organization, 1, [hourly]);
    const subject = await open(organization, { configuration, seed: { lastSeq: 3, totals } });
    const spent = async () => (await counters(subject.gate))['hourly']?.spent;
    expect(await spent()).toBe(93n);
    await subject.advanceMs(PART_MS);
    expect(await spent()).toBe(32n);
    await subject.advanceMs(30 * PART_MS);
    expect(await spent()).toBe(1n);
  },

  'each threshold is announced once within the length of the window, and then anew': async (openWith) => {
    const { gate, advanceMs, nowMs } = await openWith([hourly]);
    const announced = async () =>
      (await gate.outbox.waiting()).map(({ key, thresholdPercent }) => `${key} ${thresholdPercent}`).sort();
    const spend = async (amount: string) =>
      gate.settle({ hold: await held(gate, { enforce: false }), amountNanoUsd: usd(amount) });
    const firstMs = Math.floor(nowMs() / PART_MS) * PART_MS;
    await spend('0.50');
    await advanceMs(50 * MINUTE_MS);
    await spend('0.10');
    await advanceMs(firstMs + 61 * PART_MS - nowMs() - 1);
    await spend('0.10');
    expect(await announced()).toEqual([`hourly:${period}:${firstMs} 50`]);
    await advanceMs(1);
    const secondMs = firstMs + 61 * PART_MS;
    await spend('0.40');
    expect(await announced()).toEqual([`hourly:${period}:${firstMs} 50`, `hourly:${period}:${secondMs} 50`]);
  },

  'what was announced in a window that still runs is not announced again by a rebuilt gate': async (
    _openWith,
    open,
  ) => {
    const organization = `org-${newAttemptId()}`;
    const partMs = Math.floor(START_MS / PART_MS) * PART_MS;
    const keyOf = (before: number) => `hourly:${period}:${partMs - before * PART_MS}`;
    const totals = [{ key: keyOf(5), amount: usd('0.80') }];
    const announced = [
      { key: keyOf(100), thresholdPercent: 100 },
      { key: keyOf(4), thresholdPercent: 50 },
    ];
    const configuration = snapshotOf(organization, 1, [hourly]);
    const { gate } = await open(organization, { configuration, seed: { lastSeq: 3, totals, announced } });
    await gate.balances();
    const waiting = await gate.outbox.waiting();
    expect(waiting.map(({ key, thresholdPercent }) => [key, thresholdPercent])).toEqual([[keyOf(4), 75]]);
  },

  'over any walk it is at least what the window holds, and at most what a window longer by a sixtieth does':
    async (openWith) => {
      const step = fc.record({
        passMs: fc.oneof(
          fc.integer({ min: 0, max: 20 * MINUTE_MS }),
          fc.constantFrom(HOUR_MS, PART_MS, PART_MS - 1),
        ),
        amount: fc.bigInt(0n, 1_000n),
        isLate: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          const subject = await openWith([budgetOf('hourly', usd('1000000'), { period })]);
          const charges: { atMs: number; amount: bigint }[] = [];
          const late: (() => Promise<unknown>)[] = [];
          for (const { passMs, amount, isLate } of steps) {
            await subject.advanceMs(passMs);
            const hold = await held(subject.gate, { ttlMs: 2 * HOUR_MS });
            const settle = async (): Promise<Settlement> => {
              charges.push({ atMs: hold.budgetInstantMs, amount });
              return (await subject.gate.settle({ hold, amountNanoUsd: amount })).settlement;
            };
            if (isLate) late.push(settle);
            else await settle();
            if (late.length > 2) await late.shift()?.();
            const within = (lengthMs: number) =>
              charges.reduce(
                (sum, { atMs, amount: one }) => (atMs > subject.nowMs() - lengthMs ? sum + one : sum),
                0n,
              );
            const spent = (await counters(subject.gate))['hourly']?.spent ?? -1n;
            expect(spent).toBeGreaterThanOrEqual(within(HOUR_MS));
            expect(spent).toBeLessThanOrEqual(within(HOUR_MS + PART_MS));
          }
          await subject.gate.close();
        }),
        { numRuns: 25 },
      );
    },
};
