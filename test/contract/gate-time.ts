import { newAttemptId } from '@tallygate/usage';
import { expect } from 'vitest';
import {
  budgetOf,
  counters,
  type Guarantees,
  HOUR_MS,
  held,
  MINUTE_MS,
  requestOf,
  usd,
} from './gate-fixtures.ts';

/** Holds end by time; charges stay in the period that admitted them. */
const PLAIN: Guarantees = {
  'a hold ends by itself: not before its time, and at most a bucket later': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('0.10'))]);
    await held(gate, { ttlMs: 10 * MINUTE_MS });
    await advanceMs(10 * MINUTE_MS);
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    expect((await gate.reserve(requestOf())).kind).toBe('denied');
    await advanceMs(MINUTE_MS);
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: 0n } });
    await held(gate);
  },

  'what was spent in a minute, an hour, a week, a quarter or a year is free again in the next, and not before':
    async (openWith) => {
      const units = ['minute', 'hour', 'week', 'quarter', 'year'] as const;
      const { gate, advanceMs, nowMs } = await openWith(
        units.map((period) => budgetOf(period, usd('1'), { period })),
      );
      await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') });
      const ends = (await gate.balances()).map(({ budget, periodEndMs }) => ({
        period: budget.period,
        periodEndMs,
      }));
      expect(ends.map(({ period }) => period)).toEqual(units);
      for (const { period, periodEndMs } of ends) {
        await advanceMs(periodEndMs - nowMs() - 1);
        expect((await counters(gate))[period]?.spent).toBe(usd('0.10'));
        await advanceMs(1);
        expect((await counters(gate))[period]?.spent).toBe(0n);
      }
    },

  'a long hold lives at most a sixteenth longer than it asked for': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('0.10'))]);
    await held(gate, { ttlMs: 25 * HOUR_MS });
    await advanceMs(25 * HOUR_MS);
    expect((await counters(gate))['all']?.held).toBe(usd('0.10'));
    await advanceMs((25 * HOUR_MS) / 16 + MINUTE_MS);
    expect((await counters(gate))['all']?.held).toBe(0n);
  },

  'a charge after the hold has ended counts, and takes nothing from other holds': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
    const late = await held(gate, { ttlMs: MINUTE_MS });
    await advanceMs(3 * MINUTE_MS);
    await held(gate, { ttlMs: MINUTE_MS });
    expect((await gate.settle({ hold: late, amountNanoUsd: 7n })).outcome).toBe('late');
    expect(await counters(gate)).toEqual({ all: { spent: 7n, held: usd('0.10') } });
  },

  'a release after the hold has ended is late, and a charge after that reopens it': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
    const hold = await held(gate, { ttlMs: MINUTE_MS });
    await advanceMs(3 * MINUTE_MS);
    expect(await gate.release(hold)).toMatchObject({ outcome: 'late', settlement: { kind: 'release' } });
    expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('reopened');
    expect(await counters(gate)).toEqual({ all: { spent: 1n, held: 0n } });
  },

  'when no call is live and one time to live has passed, nothing is held': async (openWith) => {
    const { gate, advanceMs } = await openWith([
      budgetOf('all', usd('100')),
      budgetOf('daily', usd('100'), { period: 'day' }),
    ]);
    for (let call = 0; call < 25; call++) {
      await held(gate, { ttlMs: (1 + (call % 10)) * MINUTE_MS });
      await advanceMs(7_000);
    }
    await advanceMs(11 * MINUTE_MS);
    const nothing = { spent: 0n, held: 0n };
    expect(await counters(gate)).toEqual({ all: nothing, daily: nothing });
  },

  'an extended hold lives on, and either copy of it ends it': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
    const hold = await held(gate, { ttlMs: 2 * MINUTE_MS });
    await advanceMs(MINUTE_MS);
    const reply = await gate.extend(hold, 10 * MINUTE_MS);
    expect(reply).toMatchObject({
      kind: 'extended',
      hold: { ...hold, expiryBucket: hold.expiryBucket + 9 },
    });
    expect(await gate.extend(hold, 10 * MINUTE_MS)).toEqual(reply);
    await advanceMs(9 * MINUTE_MS);
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('settled');
    expect(await counters(gate)).toEqual({ all: { spent: 1n, held: 0n } });
  },

  'what has ended cannot be extended': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
    const [settled, released, expired] = [await held(gate), await held(gate), await held(gate, { ttlMs: 1 })];
    await gate.settle({ hold: settled, amountNanoUsd: 1n });
    await gate.release(released);
    await advanceMs(2 * MINUTE_MS);
    const unknown = { ...settled, attemptId: newAttemptId() };
    for (const hold of [settled, released, expired, unknown]) {
      expect(await gate.extend(hold, HOUR_MS)).toEqual({ kind: 'ended' });
    }
    expect(await counters(gate)).toEqual({ all: { spent: 1n, held: 0n } });
  },

  'a clock that steps back neither revives a hold that has ended nor touches the ones that live': async (
    openWith,
  ) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))]);
    const ended = await held(gate, { ttlMs: MINUTE_MS });
    await advanceMs(5 * MINUTE_MS);
    await held(gate, { ttlMs: 10 * MINUTE_MS });
    await advanceMs(-25 * MINUTE_MS);
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    expect((await gate.settle({ hold: ended, amountNanoUsd: 1n })).outcome).toBe('late');
    expect(await counters(gate)).toEqual({ all: { spent: 1n, held: usd('0.10') } });
  },

  'a charge belongs to the period of its reserve, however late it arrives': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('1'))], {
      startMs: Date.UTC(2026, 9, 31, 23, 59, 59, 999),
    });
    const october = await held(gate);
    await advanceMs(1);
    const november = await held(gate);
    expect(november.entries[0]?.key).toBe(`all:month:${Date.UTC(2026, 10, 1)}`);
    const reply = await gate.settle({ hold: october, amountNanoUsd: usd('0.90') });
    expect(reply).toMatchObject({
      outcome: 'settled',
      settlement: { entries: [{ key: `all:month:${Date.UTC(2026, 9, 1)}` }] },
    });
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
  },

  'a new period begins at zero under a storm of denied calls': async (openWith) => {
    const { gate, advanceMs } = await openWith([budgetOf('all', usd('0.10'), { period: 'day' })], {
      startMs: Date.UTC(2026, 9, 15, 23, 59, 59),
    });
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.10') });
    for (let time = 0; time < 10; time++) {
      expect((await gate.reserve(requestOf())).kind).toBe('denied');
      await advanceMs(99);
    }
    await advanceMs(10);
    await held(gate);
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
  },
};

const ZONES = [
  {
    timeZone: 'Europe/Berlin',
    period: 'day',
    now: '2026-10-25T12:00Z',
    start: '2026-10-24T22:00Z',
    end: '2026-10-25T23:00Z',
  },
  {
    timeZone: 'America/New_York',
    period: 'month',
    now: '2026-11-01T03:59Z',
    start: '2026-10-01T04:00Z',
    end: '2026-11-01T04:00Z',
  },
  {
    timeZone: 'Asia/Kathmandu',
    period: 'day',
    now: '2026-10-15T18:15Z',
    start: '2026-10-15T18:15Z',
    end: '2026-10-16T18:15Z',
  },
] as const;

const CALENDARS: Guarantees = Object.fromEntries(
  ZONES.map(({ timeZone, period, now, start, end }) => [
    `a ${period} follows the calendar of ${timeZone}`,
    async (openWith) => {
      const startMs = Date.parse(now);
      const { gate } = await openWith([budgetOf('all', usd('1'), { timeZone, period })], { startMs });
      const bounds = { periodStartMs: Date.parse(start), periodEndMs: Date.parse(end) };
      const { entries } = await held(gate);
      expect(entries).toMatchObject([bounds]);
      expect(await gate.balances()).toMatchObject([{ ...bounds, held: usd('0.10') }]);
    },
  ]),
);

export const TIME: Guarantees = { ...PLAIN, ...CALENDARS };
