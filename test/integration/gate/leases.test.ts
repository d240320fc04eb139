import type { LeaseOptions } from '@tallygate/gate';
import {
  type BudgetGate,
  type Hold,
  nanoFromUsd,
  newAttemptId,
  type SettleReply,
  systemClock,
} from '@tallygate/usage';
import { expect, onTestFinished, test } from 'vitest';
import { budgetOf, requestOf, snapshotOf } from '../../contract/gate-fixtures.ts';
import { startFaultyRedis } from './faulty-redis.ts';
import { connectDirectly, keysOf, newOrganization, openGate, redisUrl } from './redis-fixtures.ts';

const LEASES: LeaseOptions = { ttlMs: 1_000, fromCalls: 0 };
const CENT = nanoFromUsd('0.01');
const aCent = (parts = {}) => requestOf({ expectedNanoUsd: CENT, ...parts });

/** Gates as several processes have them, on one organization with these limits in USD. */
async function openFleet(
  count: number,
  limits: Record<string, string>,
  leases = LEASES,
): Promise<BudgetGate[]> {
  const organization = newOrganization();
  const seed = async () => ({ lastSeq: 0, totals: [] });
  const plain = await openGate({ organization, seed });
  const budgets = Object.entries(limits).map(([id, usd]) => budgetOf(id, nanoFromUsd(usd)));
  await plain.publish(snapshotOf(organization, 1, budgets));
  return Promise.all(Array.from({ length: count }, () => openGate({ organization, seed, leases })));
}

async function leasedHold(gate: BudgetGate): Promise<Hold> {
  // The first call tells the gate which configuration is live.
  for (let calls = 0; calls < 3; calls += 1) {
    const reply = await gate.reserve(aCent());
    if (reply.kind === 'held' && reply.hold.leaseId !== undefined) return reply.hold;
  }
  throw new Error('No call was admitted from a lease.');
}

test('1,000 callers of $0.01 on $5.00 in four fleets of leases: exactly 500 are admitted', async () => {
  const gates = await openFleet(4, { all: '5', more: '100' });
  const replies = await Promise.all(
    gates.flatMap((gate) => Array.from({ length: 250 }, () => gate.reserve(aCent()))),
  );
  expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(500);
  expect(replies.filter(({ kind }) => kind === 'denied')).toHaveLength(500);
});

test('callers of one process get what another one holds idle', async () => {
  const [idle, busy] = await openFleet(2, { all: '5' });
  if (idle === undefined || busy === undefined) throw new Error('no gates');
  await leasedHold(idle);
  const replies: string[] = [];
  for (let calls = 0; calls < 500; calls += 1) replies.push((await busy.reserve(aCent())).kind);
  const admittedByIdle = 500 - replies.filter((kind) => kind === 'held').length;
  expect(admittedByIdle).toBeLessThanOrEqual(2);
  expect((await idle.balances())[0]?.held).toBe(nanoFromUsd('5'));
});

test('after its deadline a lease admits nothing, however long the process was stopped meanwhile', async () => {
  let stoppedMs = 0;
  const clock = { ...systemClock, monotonicMs: () => performance.now() + stoppedMs };
  const organization = newOrganization();
  const gate = await openGate({
    organization,
    clock,
    leases: LEASES,
    seed: async () => ({ lastSeq: 0, totals: [] }),
  });
  await gate.publish(snapshotOf(organization, 1, [budgetOf('all', nanoFromUsd('5'))]));
  const before = await leasedHold(gate);
  stoppedMs = LEASES.ttlMs;
  const after = await leasedHold(gate);
  expect(after.leaseId).not.toBe(before.leaseId);
});

test('while calls come, the next lease is taken before the one before is over', async () => {
  let passedMs = 0;
  const clock = { ...systemClock, monotonicMs: () => passedMs };
  const organization = newOrganization();
  const seed = async () => ({ lastSeq: 0, totals: [] });
  const [plain, leased] = [
    await openGate({ organization, seed }),
    await openGate({ organization, clock, seed, leases: LEASES }),
  ];
  await plain.publish(snapshotOf(organization, 1, [budgetOf('all', nanoFromUsd('50'))]));
  const before = await leasedHold(leased);
  const heldBefore = (await plain.balances())[0]?.held ?? 0n;
  passedMs = LEASES.ttlMs * 0.9;
  expect((await leasedHold(leased)).leaseId).toBe(before.leaseId);
  const held = async () => (await plain.balances())[0]?.held ?? 0n;
  await expect.poll(held, { timeout: 20_000 }).toBeGreaterThan(heldBefore);
});

test('ids that come in another order than they were made are admitted once each', async () => {
  const [gate] = await openFleet(1, { all: '5' });
  if (gate === undefined) throw new Error('no gate');
  await leasedHold(gate);
  const held = async () => (await gate.balances())[0]?.held ?? 0n;
  const heldBefore = await held();
  const [early, late] = [newAttemptId(), newAttemptId()];
  const replies = [];
  for (const attemptId of [late, early, late, early]) replies.push(await gate.reserve(aCent({ attemptId })));
  expect(replies.slice(2)).toEqual(replies.slice(0, 2));
  expect(await held()).toBe(heldBefore + 2n * CENT);
});

test('a change of budgets is in force elsewhere within the time of a lease', async () => {
  let passedMs = 0;
  const clock = { ...systemClock, monotonicMs: () => performance.now() + passedMs };
  const organization = newOrganization();
  const seed = async () => ({ lastSeq: 0, totals: [] });
  const [plain, leased] = [
    await openGate({ organization, seed }),
    await openGate({ organization, clock, seed, leases: LEASES }),
  ];
  await plain.publish(snapshotOf(organization, 1, [budgetOf('all', nanoFromUsd('5'))]));
  await leasedHold(leased);
  await plain.publish(snapshotOf(organization, 2, [budgetOf('all', 0n)]));
  passedMs = LEASES.ttlMs;
  expect(await leased.reserve(aCent())).toEqual({ kind: 'outdated', version: 2 });
  expect((await leased.reserve(aCent({ configVersion: 2 }))).kind).toBe('denied');
});

test('whoever ends a part of a lease, and however often, it counts once and gives back once', async () => {
  const [leased, other] = await openFleet(2, { all: '5' });
  if (leased === undefined || other === undefined) throw new Error('no gates');
  const holds = await Promise.all(Array.from({ length: 20 }, () => leasedHold(leased)));
  const ends = (gate: BudgetGate) =>
    holds.map((hold, index) =>
      index % 4 === 3 ? gate.release(hold) : gate.settle({ hold, amountNanoUsd: BigInt(index) }),
    );
  // At once: the owner ends them in a batch, the other one by one, as a recovery does that took the owner for dead.
  const replies = await Promise.all([...ends(leased), ...ends(other), ...ends(leased)]);
  const numbers = new Set(replies.map(({ settlement }) => settlement.seq));
  expect([...numbers].sort((left, right) => left - right)).toEqual(holds.map((_, index) => index + 1));
  expect(replies.filter(({ outcome }) => outcome !== 'duplicate')).toHaveLength(holds.length);
  for (const hold of holds) expect(settlementsOf(replies, hold).size).toBe(1);
  const held = (await leased.balances())[0]?.held ?? -1n;
  const others = (await other.balances())[0];
  expect(others?.held).toBe(held);
  expect(others?.spent).toBe(
    holds.reduce((sum, _, index) => sum + (index % 4 === 3 ? 0n : BigInt(index)), 0n),
  );
});

const settlementsOf = (replies: readonly SettleReply[], { attemptId }: Hold) =>
  new Set(
    replies
      .filter(({ settlement }) => settlement.attemptId === attemptId)
      .map(({ settlement }) => JSON.stringify(settlement, (_, value) => String(value))),
  );

test('ends of a lease that are repeated when they are forgotten count once; what never ended of another counts', async () => {
  const organization = newOrganization();
  const options = { organization, seed: async () => ({ lastSeq: 0, totals: [] }), recordGraceMs: 1 };
  const plain = await openGate(options);
  await plain.publish(snapshotOf(organization, 1, [budgetOf('all', nanoFromUsd('5'))]));
  const killed = await openGate({ ...options, leases: { ...LEASES, ttlMs: 60_000 } });
  const leased = await openGate({ ...options, leases: LEASES });
  const [ended, unended] = [await leasedHold(killed), await leasedHold(killed)];
  await killed.settle({ hold: ended, amountNanoUsd: 5n });
  const ends = [await leasedHold(leased), await leasedHold(leased)];
  for (const hold of ends) await leased.settle({ hold, amountNanoUsd: 7n });
  // Gives back what is idle, so that the lease is over.
  await leased.balances();
  const redis = connectDirectly();
  const endingsOf = (hold?: Hold) => redis.exists(`tg4:{${organization}}:endings:${hold?.leaseId}`);
  await expect.poll(() => endingsOf(ends[0]), { timeout: 20_000 }).toBe(0);
  const again = [];
  for (const hold of ends) again.push(await plain.settle({ hold: { ...hold }, amountNanoUsd: 7n }));
  expect(again.map(({ outcome, settlement: { seq } }) => [outcome, seq])).toEqual([
    ['duplicate', 4],
    ['duplicate', 5],
  ]);
  expect(await endingsOf(ended)).toBe(1);
  expect(await plain.settle({ hold: { ...ended }, amountNanoUsd: 5n })).toMatchObject({
    outcome: 'duplicate',
    settlement: { seq: 1 },
  });
  expect((await plain.settle({ hold: { ...unended }, amountNanoUsd: 3n })).outcome).toBe('settled');
  expect((await plain.balances())[0]?.spent).toBe(5n + 2n * 7n + 3n);
});

test('idle money that cannot be given back is nobody’s error: the gate closes all the same', async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const faulty = await startFaultyRedis(redisUrl);
  onTestFinished(() => faulty.close());
  const organization = newOrganization();
  const gate = await openGate({
    url: faulty.url,
    organization,
    leases: LEASES,
    settleDeadlineMs: 200,
    seed: async () => ({ lastSeq: 0, totals: [] }),
  });
  await gate.publish(snapshotOf(organization, 1, [budgetOf('all', nanoFromUsd('5'))]));
  await leasedHold(gate);
  faulty.goDown();
  await gate.close();
  // Node tells of a promise that failed unheard after the microtasks of the turn.
  await new Promise(setImmediate);
  expect(unhandled).toEqual([]);
});

test('what a lease leaves behind expires: no key without an end but the state', async () => {
  const organization = newOrganization();
  const redis = connectDirectly();
  const gate = await openGate({
    organization,
    leases: LEASES,
    seed: async () => ({ lastSeq: 0, totals: [] }),
  });
  await gate.publish(snapshotOf(organization, 1, [budgetOf('all', nanoFromUsd('5'))]));
  await gate.settle({ hold: await leasedHold(gate), amountNanoUsd: 1n });
  const keys = await keysOf(redis, organization);
  const endless = [];
  for (const key of keys) if ((await redis.pttl(key)) < 0) endless.push(key);
  expect(keys.length).toBeGreaterThan(3);
  expect(endless).toEqual([`tg4:{${organization}}:state`]);
});

test('an id that others can make again is the gate’s to compare, not a lease’s', async () => {
  const [left, right] = await openFleet(2, { all: '5' });
  if (left === undefined || right === undefined) throw new Error('no gates');
  await leasedHold(left);
  await leasedHold(right);
  const attemptId = newAttemptId().replace(/-7/, '-8');
  const replies = [await left.reserve(aCent({ attemptId })), await right.reserve(aCent({ attemptId }))];
  expect(replies[1]).toEqual(replies[0]);
});
