import { emptyConfiguration, type Hold, type ReserveReply } from '@tallygate/usage';
import { describe, expect, test } from 'vitest';
import { createMemoryGate } from './memory-gate.ts';

const HOUR_MS = 3_600_000;

/** What only this gate does; what every gate does stands in the contract suite. */
describe('the gate in process', () => {
  const openGate = (holds: readonly Hold[] = []) => {
    const time = { nowMs: Date.UTC(2026, 9, 15) };
    const budget = {
      id: 'all',
      scope: {},
      period: 'day' as const,
      timeZone: 'UTC',
      limit: 100n,
      onOutage: 'block' as const,
    };
    const configuration = { ...emptyConfiguration('org'), version: 4, budgets: [budget] };
    const clock = { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs };
    const options = { organization: 'org', clock, configuration, recordGraceMs: HOUR_MS };
    const gate = createMemoryGate({ ...options, holds });
    const attribution = {
      team: 't',
      feature: 'f',
      environment: 'e',
      userPseudonym: null,
      workflow: null,
      taskType: null,
      tags: {},
    };
    const reserve = (attemptId: string) =>
      gate.reserve({
        attemptId,
        attribution,
        models: [],
        expectedNanoUsd: 1n,
        worstNanoUsd: 1n,
        ttlMs: 1_000,
        configVersion: 4,
        enforce: true,
      });
    return { gate, time, reserve, configuration };
  };
  const holdOf = (reply: ReserveReply) => {
    if (reply.kind !== 'held') throw new Error(reply.kind);
    return reply.hold;
  };

  test('an ended attempt is remembered for the grace, then forgotten: memory does not grow with time', async () => {
    const { gate, time, reserve } = openGate();
    const hold = holdOf(await reserve('a'));
    await gate.settle({ hold, amountNanoUsd: 5n });
    time.nowMs += HOUR_MS;
    await reserve('b');
    expect((await gate.settle({ hold, amountNanoUsd: 5n })).outcome).toBe('duplicate');
    time.nowMs += HOUR_MS;
    await reserve('c');
    const stranger = { ...hold, epoch: 'of-another-life' };
    expect((await gate.settle({ hold: stranger, amountNanoUsd: 5n })).outcome).toBe('orphan');
  });

  test('what callers do to a snapshot they were given does not change the live one', async () => {
    const { gate, configuration } = openGate();
    (await gate.configuration()).budgets.pop();
    configuration.budgets.pop();
    expect((await gate.configuration()).budgets).toHaveLength(1);
  });

  test('two gates have two epochs: the counters of one are not those of the other', async () => {
    const [left, right] = [openGate(), openGate()];
    expect(holdOf(await left.reserve('a')).epoch).not.toBe(holdOf(await right.reserve('a')).epoch);
  });

  test('holds of a gate before it count once each until they end, as if it had made them; what is over or foreign does not', async () => {
    const before = openGate();
    const [live, other] = [holdOf(await before.reserve('a')), holdOf(await before.reserve('b'))];
    const over = { ...live, attemptId: 'over', expiryBucket: live.expiryBucket - 10 };
    const foreign = { ...live, attemptId: 'foreign', organization: 'other' };
    const { gate, reserve } = openGate([live, live, other, over, foreign]);
    const held = async () => (await gate.balances())[0]?.held;
    expect(await held()).toBe(2n);
    expect(holdOf(await reserve('a'))).toMatchObject({ entries: live.entries });
    expect(await held()).toBe(2n);
    expect((await gate.settle({ hold: live, amountNanoUsd: 5n })).outcome).toBe('settled');
    expect((await gate.settle({ hold: over, amountNanoUsd: 5n })).outcome).toBe('orphan');
    expect(await gate.balances()).toMatchObject([{ spent: 10n, held: 1n }]);
  });

  test.each([
    [{ version: 1, organization: 'other' }, /organization is "other"/],
    [{ version: -1, organization: 'org' }, /version/],
  ])('a configuration that could not be published does not open a gate: %o', (parts, message) => {
    const configuration = { ...emptyConfiguration('org'), ...parts };
    const clock = { nowMs: () => 0, monotonicMs: () => 0 };
    const open = () => createMemoryGate({ organization: 'org', clock, configuration });
    expect(open).toThrow(message);
    expect(open).toThrow(expect.objectContaining({ code: 'TALLYGATE_CONFIGURATION_INVALID' }));
  });
});
