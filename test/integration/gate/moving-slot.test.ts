import { openRedisGate } from '@tallygate/gate';
import {
  type BudgetGate,
  type Hold,
  newAttemptId,
  type ReserveReply,
  systemClock,
  TallygateError,
} from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { budgetOf, counters, requestOf, snapshotOf, usd } from '../../contract/gate-fixtures.ts';
import { clusterProgram, type RedisCluster, startRedisCluster } from '../../setup/redis-cluster.ts';

const CENT = usd('0.01');
const PATIENCE = { timeout: 30_000, interval: 20 };

describe.skipIf(clusterProgram === null)('the slot of an organization moves while calls go on', () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster.stop());

  /** With the deadlines of production: what is not answered in time is an outage, and counts nowhere. */
  const openWith = async (limit: string) => {
    const organization = `org-${newAttemptId()}`;
    const gate = await openRedisGate({ url: cluster.url, organization, clock: systemClock });
    onTestFinished(() => gate.close());
    await gate.publish(
      snapshotOf(organization, 1, [budgetOf('all', usd(limit)), budgetOf('day', usd(limit))]),
    );
    const slot = await cluster.slotOf(`tg4:{${organization}}:state`);
    const owner = await cluster.ownerOf(slot);
    const other = cluster.primaries.find((primary) => primary !== owner);
    if (other === undefined) throw new Error('There is one primary only.');
    return { gate, move: (onKey: () => Promise<void>) => cluster.moveSlot(slot, other, onKey) };
  };

  test('nothing is overspent, lost or counted twice, and afterwards all is as before', async () => {
    const { gate, move } = await openWith('1');
    const seen = { settled: 0, denied: 0, outages: 0 };
    const call = async () => {
      const hold = await admitted(gate, seen);
      if (hold === null) return;
      await settled(gate, hold);
      seen.settled += 1;
    };
    for (let count = 0; count < 40; count += 1) await call();
    const during: Promise<void>[] = [];
    await move(async () => {
      during.push(call());
    });
    await Promise.all(during);
    expect(seen.outages).toBeGreaterThan(0);
    const wasOutBefore = seen.outages;
    await vi.waitFor(async () => {
      await call();
      expect(seen.outages).toBe(wasOutBefore);
    }, PATIENCE);
    while (seen.denied === 0) await call();
    expect(seen.settled).toBe(100);
    const exact = { spent: usd('1'), held: 0n };
    await vi.waitFor(async () => expect(await counters(gate)).toEqual({ all: exact, day: exact }), PATIENCE);
  });
});

async function admitted(gate: BudgetGate, seen: { denied: number; outages: number }): Promise<Hold | null> {
  let reply: ReserveReply;
  try {
    reply = await gate.reserve(requestOf({ expectedNanoUsd: CENT, worstNanoUsd: CENT }));
  } catch (error) {
    if (!TallygateError.isInstance(error) || error.code !== 'TALLYGATE_GATE_UNAVAILABLE') throw error;
    seen.outages += 1;
    return null;
  }
  if (reply.kind === 'held') return reply.hold;
  seen.denied += 1;
  return null;
}

/** The money is spent: as an application does, until it is counted. */
async function settled(gate: BudgetGate, hold: Hold): Promise<void> {
  await vi.waitFor(() => gate.settle({ hold, amountNanoUsd: CENT }), PATIENCE);
}
