import { openRedisGateAt } from '@tallygate/gate/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  budgetOf,
  counters,
  DAY_MS,
  HOUR_MS,
  held,
  MINUTE_MS,
  requestOf,
  START_MS,
  snapshotOf,
  usd,
} from '../../contract/gate-fixtures.ts';
import { connectDirectly, newOrganization, redisUrl } from './redis-fixtures.ts';

/** Two clocks, the caller's and the server's, that need not agree. */
describe('clocks that differ', () => {
  const openWithClocks = async () => {
    const redis = connectDirectly();
    const organization = newOrganization();
    const clocks = { callerMs: START_MS, serverMs: START_MS };
    const timeKey = `test-time:${organization}`;
    const setServer = async (nowMs: number): Promise<void> => {
      clocks.serverMs = nowMs;
      await redis.set(timeKey, nowMs, 'PX', 600_000);
    };
    await setServer(START_MS);
    const clock = { nowMs: () => clocks.callerMs, monotonicMs: () => performance.now() };
    const deadlines = { reserveDeadlineMs: 20_000, settleDeadlineMs: 20_000 };
    const gate = await openRedisGateAt({ url: redisUrl, organization, clock, ...deadlines }, timeKey);
    onTestFinished(() => gate.close());
    await gate.publish(snapshotOf(organization, 1, [budgetOf('all', usd('0.10'))]));
    return { gate, organization, clocks, setServer };
  };
  const isHeld = { all: { spent: 0n, held: usd('0.10') } };

  test('no hold ends before its time because one clock alone jumps ahead', async () => {
    const { gate, clocks, setServer } = await openWithClocks();
    const hold = await held(gate, { ttlMs: 10 * MINUTE_MS });
    await setServer(START_MS + HOUR_MS);
    expect(await counters(gate)).toEqual(isHeld);
    expect((await gate.reserve(requestOf())).kind).toBe('denied');
    await setServer(START_MS);
    clocks.callerMs = START_MS + HOUR_MS;
    expect(await counters(gate)).toEqual(isHeld);
    expect((await gate.settle({ hold, amountNanoUsd: 1n })).outcome).toBe('settled');
  });

  test('a hold ends when both clocks say so', async () => {
    const { gate, clocks, setServer } = await openWithClocks();
    await held(gate, { ttlMs: 10 * MINUTE_MS });
    await setServer(START_MS + HOUR_MS);
    clocks.callerMs = START_MS + HOUR_MS;
    await held(gate);
    expect(await counters(gate)).toEqual(isHeld);
  });

  test.each([-40 * DAY_MS, 40 * DAY_MS])(
    'the server decides the period of a caller whose clock is off by %d ms',
    async (offMs) => {
      const { gate, clocks } = await openWithClocks();
      clocks.callerMs = START_MS + offMs;
      const hold = await held(gate);
      expect(hold.budgetInstantMs).toBe(START_MS);
      expect(hold.entries).toMatchObject([
        { periodStartMs: Date.UTC(2026, 9, 1), periodEndMs: Date.UTC(2026, 10, 1) },
      ]);
      expect(await counters(gate)).toEqual(isHeld);
    },
  );

  test.each([-HOUR_MS, HOUR_MS])(
    'the server alone decides when an override is over, for a caller whose clock is off by %d ms',
    async (offMs) => {
      const { gate, organization, clocks, setServer } = await openWithClocks();
      const until = { fromMs: START_MS, untilMs: START_MS + 10 * MINUTE_MS, who: 'ann', why: 'INC-9' };
      const grant = { kind: 'grant' as const, id: 'g', ...until, budget: 'all', amount: usd('1') };
      const pause = { kind: 'pause' as const, id: 'p', ...until, feature: 'search' };
      const budgets = [budgetOf('all', usd('0.10'))];
      await gate.publish({ ...snapshotOf(organization, 2, budgets), overrides: [grant, pause] });
      const search = { ...requestOf().attribution, feature: 'search' };
      const decisions = async () => {
        const granted = await gate.reserve(requestOf({ configVersion: 2, expectedNanoUsd: usd('0.11') }));
        const paused = await gate.reserve(
          requestOf({ configVersion: 2, attribution: search, expectedNanoUsd: 0n }),
        );
        return [granted.kind, paused.kind];
      };
      clocks.callerMs = START_MS + offMs;
      await setServer(until.untilMs - 1);
      expect(await decisions()).toEqual(['held', 'denied']);
      await setServer(until.untilMs);
      expect((await gate.balances())[0]?.budget.limit).toBe(usd('0.10'));
      expect((await decisions())[0]).toBe('denied');
      await setServer(until.untilMs - 1);
      expect((await decisions())[0]).toBe('denied');
    },
  );

  test('a call one millisecond before the end of a month belongs to it, one at the end to the next', async () => {
    const { gate, setServer } = await openWithClocks();
    const monthEndMs = Date.UTC(2026, 10, 1);
    await setServer(monthEndMs - 1);
    expect((await held(gate)).entries).toMatchObject([{ periodEndMs: monthEndMs }]);
    await setServer(monthEndMs);
    expect((await held(gate)).entries).toMatchObject([{ periodStartMs: monthEndMs }]);
  });
});
