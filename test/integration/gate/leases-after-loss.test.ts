import { type BudgetGate, type Hold, newAttemptId } from '@tallygate/usage';
import { expect, test } from 'vitest';
import { budgetOf, counters, held, requestOf, snapshotOf, usd } from '../../contract/gate-fixtures.ts';
import {
  connectDirectly,
  copyOf,
  createLedger,
  loseEverything,
  newOrganization,
  openGate,
  restore,
  spend,
} from './redis-fixtures.ts';

/** What a process leased is one hold to Redis. After a loss it stands there again as what it still held, attempt by attempt. */

/** Two processes on one budget: one with leases that outlive the test, one without. */
async function openTwo() {
  const organization = newOrganization();
  const ledger = createLedger();
  const seed = ledger.seed;
  const plain = await openGate({ organization, seed });
  ledger.configuration = snapshotOf(organization, 1, [budgetOf('all', usd('1'))]);
  await plain.publish(ledger.configuration);
  const leased = await openGate({ organization, seed, leases: { ttlMs: 60_000, fromCalls: 0 } });
  return { organization, ledger, plain, leased, redis: connectDirectly() };
}

/** Admitted together, so that one lease is for all of them. */
async function fourFromOneLease(gate: BudgetGate): Promise<Hold[]> {
  // The first call tells the gate which configuration is live.
  await held(gate, { expectedNanoUsd: 0n });
  const holds = await Promise.all(
    Array.from({ length: 4 }, () => held(gate, { expectedNanoUsd: usd('0.05'), attemptId: newAttemptId() })),
  );
  expect(new Set(holds.map(({ leaseId }) => leaseId)).size).toBe(1);
  expect(holds[0]?.leaseId).toBeDefined();
  return holds;
}

test('everything lost: what is in flight of a lease is held again, what had ended is not, and idle money comes back', async () => {
  const { plain, leased, ledger, redis, organization } = await openTwo();
  const [ended, ...inFlight] = await fourFromOneLease(leased);
  if (ended !== undefined) await spend(leased, ledger, ended, usd('0.02'));
  await loseEverything(redis, organization);
  const afterLoss = { all: { spent: usd('0.02'), held: usd('0.15') } };
  await expect.poll(() => counters(plain), { timeout: 20_000 }).toEqual(afterLoss);
  for (const hold of inFlight) {
    expect(await leased.settle({ hold, amountNanoUsd: usd('0.01') })).toMatchObject({ outcome: 'settled' });
  }
  expect(await counters(plain)).toEqual({ all: { spent: usd('0.05'), held: 0n } });
});

test('a failover that forgot ends of a lease is noticed, and each counts once', async () => {
  const { plain, leased, ledger, redis, organization } = await openTwo();
  const [ended, ...inFlight] = await fourFromOneLease(leased);
  const before = await copyOf(redis, organization);
  if (ended !== undefined) await spend(leased, ledger, ended, usd('0.02'));
  await restore(redis, organization, before);
  await expect
    .poll(() => counters(plain), { timeout: 20_000 })
    .toEqual({ all: { spent: usd('0.02'), held: usd('0.15') } });
  for (const hold of inFlight) await leased.release(hold);
  expect(await counters(plain)).toEqual({ all: { spent: usd('0.02'), held: 0n } });
});

test('an end whose answer went with the epoch is counted in the one that followed', async () => {
  const { plain, leased, redis, organization } = await openTwo();
  const [hold] = await fourFromOneLease(leased);
  if (hold === undefined) throw new Error('nothing was admitted');
  // Somebody ends it in its place, and dies with the answer: no ledger has its number.
  await plain.settle({ hold, amountNanoUsd: usd('0.02') });
  const [state = ''] = await redis.keys(`tg4:{${organization}}:state`);
  await redis.del(state);
  const again = await leased.settle({ hold, amountNanoUsd: usd('0.02') });
  expect(again.outcome).not.toBe('duplicate');
  await expect.poll(async () => (await counters(plain))['all']?.spent, { timeout: 20_000 }).toBe(usd('0.02'));
});

test('a failover that forgot a hold is noticed although nothing has ended since', async () => {
  const { plain, redis, organization } = await openTwo();
  const before = await copyOf(redis, organization);
  const reply = await plain.reserve(requestOf({ expectedNanoUsd: usd('0.30') }));
  expect(reply.kind).toBe('held');
  await restore(redis, organization, before);
  await expect
    .poll(() => counters(plain), { timeout: 20_000 })
    .toEqual({ all: { spent: 0n, held: usd('0.30') } });
});
