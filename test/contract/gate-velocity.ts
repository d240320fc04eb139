import type { NanoUsd, Velocity } from '@tallygate/usage';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  attributionOf,
  budgetOf,
  counters,
  type GateUnderTest,
  type Guarantees,
  HOUR_MS,
  held,
  MINUTE_MS,
  requestOf,
  START_MS,
  snapshotOf,
  usd,
} from './gate-fixtures.ts';

const WINDOW_MS = 5 * MINUTE_MS;
const velocity: Velocity = { floorNanoUsd: usd('0.50'), times: 4, pauseMinutes: 10 };
const fast = budgetOf('fast', usd('1000000'), { velocity });

/** One call that cost so much, whatever any budget says. */
async function spend({ gate }: GateUnderTest, amountNanoUsd: NanoUsd, configVersion = 1): Promise<void> {
  const hold = await held(gate, { expectedNanoUsd: 1n, enforce: false, configVersion });
  await gate.settle({ hold, amountNanoUsd });
}

/** What waits, as `<key> <percent> <spent> of <limit>`. */
async function told({ gate }: GateUnderTest): Promise<string[]> {
  const waiting = await gate.outbox.waiting();
  return waiting.map(
    ({ key, thresholdPercent, spent, limit }) => `${key} ${thresholdPercent} ${spent} of ${limit}`,
  );
}

/** Spends too fast: denied for a while, and told once. */
export const VELOCITY: Guarantees = {
  'five minutes that cost more than the floor trip the breaker: every call is denied, with its figures, until the pause is over':
    async (openWith) => {
      const subject = await openWith([fast]);
      await spend(subject, usd('0.50'));
      await held(subject.gate);
      await spend(subject, 1n);
      const untilMs = START_MS + 10 * MINUTE_MS;
      expect(await subject.gate.reserve(requestOf({ expectedNanoUsd: 0n }))).toMatchObject({
        kind: 'denied',
        denial: {
          ...{
            budgetId: 'fast',
            reason: 'velocity',
            enforced: true,
            periodStartMs: START_MS,
            periodEndMs: untilMs,
          },
          ...{ spent: usd('0.50') + 1n, limit: usd('0.50'), median: 0n, held: 0n, retryAtMs: untilMs },
        },
      });
      await subject.advanceMs(10 * MINUTE_MS - 1);
      expect((await subject.gate.reserve(requestOf())).kind).toBe('denied');
      await subject.advanceMs(1);
      await held(subject.gate);
    },

  'a trip is told once, whatever is charged while it denies; the next one is told again': async (
    openWith,
  ) => {
    const subject = await openWith([{ ...fast, alerts: [] }]);
    await Promise.all(Array.from({ length: 50 }, () => spend(subject, usd('0.02'))));
    const first = `fast:velocity:${START_MS} 100 ${usd('0.52')} of ${usd('0.50')}`;
    expect(await told(subject)).toEqual([first]);
    await subject.advanceMs(10 * MINUTE_MS);
    await spend(subject, usd('0.60'));
    const second = `fast:velocity:${START_MS + 10 * MINUTE_MS} 100 ${usd('0.60')} of ${usd('0.50')}`;
    expect((await told(subject)).sort()).toEqual([first, second].sort());
  },

  'what a budget is used to trips nothing: only so many times the median of the two hours before': async (
    openWith,
  ) => {
    const subject = await openWith([fast]);
    await spend(subject, usd('0.30'));
    for (let window = 0; window < 24; window += 1) {
      await subject.advanceMs(WINDOW_MS);
      await spend(subject, usd('0.30'));
    }
    await spend(subject, usd('0.90'));
    await held(subject.gate);
    await spend(subject, 1n);
    expect(await subject.gate.reserve(requestOf())).toMatchObject({
      denial: { spent: usd('1.20') + 1n, limit: usd('1.20'), median: usd('0.30') },
    });
  },

  'a release, a repeated end and a denied call count for nothing': async (openWith) => {
    const subject = await openWith([fast]);
    const hold = await held(subject.gate);
    await subject.gate.release(hold);
    const other = await held(subject.gate);
    for (let times = 0; times < 3; times += 1)
      await subject.gate.settle({ hold: other, amountNanoUsd: usd('0.30') });
    await held(subject.gate);
    expect(await told(subject)).toEqual([]);
  },

  'a budget that observes, and an observing gate, record it, and the call goes on': async (openWith) => {
    const subject = await openWith([{ ...fast, mode: 'observe' }]);
    await spend(subject, usd('0.60'));
    const observed = await subject.gate.reserve(requestOf());
    expect(observed).toMatchObject({ kind: 'held', wouldDeny: [{ reason: 'velocity', enforced: false }] });
    const id = { id: 'o1', fromMs: START_MS, untilMs: START_MS + HOUR_MS, who: 'ann', why: 'INC-9' };
    const snapshot = snapshotOf(subject.organization, 2, [fast]);
    await subject.gate.publish({ ...snapshot, overrides: [{ kind: 'observe', ...id }] });
    const reply = await subject.gate.reserve(requestOf({ configVersion: 2 }));
    expect(reply).toMatchObject({ kind: 'held', wouldDeny: [{ reason: 'velocity', enforced: false }] });
  },

  'it outlives the budget’s period, and each value has one of its own': async (openWith) => {
    const by = (user: string) => ({ attribution: { ...attributionOf('support'), userPseudonym: user } });
    const subject = await openWith([{ ...fast, period: 'minute', each: 'user' }]);
    await subject.gate.settle({ hold: await held(subject.gate, by('u-1')), amountNanoUsd: usd('0.60') });
    await subject.advanceMs(2 * MINUTE_MS);
    expect(await subject.gate.reserve(requestOf(by('u-1')))).toMatchObject({
      kind: 'denied',
      denial: { scope: { user: 'u-1' }, reason: 'velocity' },
    });
    await held(subject.gate, by('u-2'));
    expect((await told(subject))[0]).toContain(`fast:velocity:${START_MS}:u-1 100`);
  },

  'of a budget with a pool counts what it pays itself; tripped, it takes nothing from the pool either':
    async (openWith) => {
      const shared = budgetOf('shared', usd('5'), { isPool: true });
      const plain = budgetOf('all', usd('100'));
      const subject = await openWith([{ ...fast, limit: usd('0.60'), pool: 'shared' }, plain, shared]);
      const { gate } = subject;
      await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.40') });
      const split = await held(gate, { expectedNanoUsd: usd('0.50') });
      expect(split.entries.map(({ key, expected }) => [key.split(':')[0], expected])).toEqual([
        ['fast', usd('0.20')],
        ['all', usd('0.50')],
        ['shared', usd('0.30')],
      ]);
      await gate.settle({ hold: split, amountNanoUsd: usd('0.10') });
      const other = await held(gate, { expectedNanoUsd: usd('0.40') });
      await gate.settle({ hold: other, amountNanoUsd: usd('0.60') });
      const reply = await gate.reserve(requestOf({ expectedNanoUsd: usd('1') }));
      expect(reply).toMatchObject({ kind: 'denied', denial: { reason: 'velocity', spent: usd('0.60') } });
      const spentOf = (id: string, { spent, held: now }: { spent: bigint; held: bigint }) => [id, spent, now];
      expect(Object.entries(await counters(gate)).map(([id, found]) => spentOf(id, found))).toEqual([
        ['fast', usd('0.60'), 0n],
        ['all', usd('1.10'), 0n],
        ['shared', usd('0.50'), 0n],
      ]);
    },

  'over any walk it trips where a model that remembers every charge does': async (openWith) => {
    const step = fc.record({
      passMs: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 0, max: 4 * MINUTE_MS }) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 12 * MINUTE_MS }) },
        { weight: 1, arbitrary: fc.constantFrom(HOUR_MS, 3 * HOUR_MS, WINDOW_MS - 1, WINDOW_MS) },
      ),
      amount: fc.bigInt(0n, 40n),
    });
    const settings = fc.record({
      floorNanoUsd: fc.bigInt(1n, 60n),
      times: fc.integer({ min: 2, max: 5 }),
      pauseMinutes: fc.integer({ min: 1, max: 15 }),
    });
    await fc.assert(
      fc.asyncProperty(settings, fc.array(step, { minLength: 10, maxLength: 60 }), async (chosen, steps) => {
        const subject = await openWith([{ ...fast, velocity: chosen, alerts: [] }]);
        const model = new ModelBreaker(chosen);
        for (const { passMs, amount } of steps) {
          await subject.advanceMs(passMs);
          await spend(subject, amount);
          model.charge(subject.nowMs(), amount);
          const reply = await subject.gate.reserve(requestOf({ expectedNanoUsd: 0n }));
          expect(reply.kind).toBe(subject.nowMs() < model.untilMs ? 'denied' : 'held');
        }
        expect(await subject.gate.outbox.waiting()).toHaveLength(model.trips);
        await subject.gate.close();
      }),
      { numRuns: 12 },
    );
  },
};

/** Adds up anew for each question. */
class ModelBreaker {
  trips = 0;
  untilMs = 0;
  readonly #velocity: Velocity;
  readonly #charges: { atMs: number; amount: bigint }[] = [];

  constructor(velocity: Velocity) {
    this.#velocity = velocity;
  }

  charge(atMs: number, amount: bigint): void {
    if (amount === 0n) return;
    this.#charges.push({ atMs, amount });
    const { floorNanoUsd, times, pauseMinutes } = this.#velocity;
    const beganMs = atMs - (atMs % WINDOW_MS);
    const windows = Array.from({ length: 24 }, (_none, index) =>
      this.#spentFrom(beganMs - (index + 1) * WINDOW_MS),
    );
    const sorted = windows.map(Number).sort((left, right) => left - right);
    const median = ((sorted[11] ?? 0) + (sorted[12] ?? 0)) / 2;
    const most = Math.max(Number(floorNanoUsd), times * median);
    if (atMs < this.untilMs || Number(this.#spentFrom(beganMs)) <= most) return;
    this.trips += 1;
    this.untilMs = atMs + pauseMinutes * MINUTE_MS;
  }

  #spentFrom(fromMs: number): bigint {
    const within = this.#charges.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + WINDOW_MS);
    return within.reduce((sum, { amount }) => sum + amount, 0n);
  }
}
