import { type Settlement, systemClock } from '@tallygate/usage';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  budgetOf,
  counters,
  HOUR_MS,
  held,
  requestOf,
  snapshotOf,
  usd,
} from '../../contract/gate-fixtures.ts';
import { startFaultyRedis } from './faulty-redis.ts';
import {
  connectDirectly,
  copyOf,
  createLedger,
  keysOf,
  loseEverything,
  newOrganization,
  openGate,
  redisUrl,
  restore,
  spend,
} from './redis-fixtures.ts';

/** Redis is hot state. Whatever of it is lost is rebuilt from the ledger, and is an outage until then; it is never zero. */
describe('Redis loses counters', () => {
  const outage = { code: 'TALLYGATE_GATE_UNAVAILABLE' };

  /** An organization with $0.60 of $1.00 settled in the ledger, $0.10 of it under a budget of its own. */
  const openSpent = async () => {
    const organization = newOrganization();
    const ledger = createLedger();
    const gate = await openGate({ organization, seed: ledger.seed });
    const budgets = [
      budgetOf('all', usd('1')),
      budgetOf('chat', usd('1'), { scope: { feature: 'chat' }, period: 'day' }),
    ];
    const snapshot = snapshotOf(organization, 1, budgets);
    await gate.publish(snapshot);
    await spend(gate, ledger, await held(gate), usd('0.50'));
    await spend(gate, ledger, await held(gate), usd('0.10'));
    return { organization, ledger, gate, snapshot, redis: connectDirectly() };
  };
  const spent = { spent: usd('0.60'), held: 0n };

  test('a first start with an empty ledger begins at zero, and no call waits for the ledger', async () => {
    const organization = newOrganization();
    const ledger = createLedger();
    const gate = await openGate({ organization, seed: ledger.seed });
    await gate.publish(snapshotOf(organization, 1, [budgetOf('all', usd('1'))]));
    const askedBefore = ledger.asked;
    await held(gate);
    expect(await counters(gate)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    expect(ledger.asked).toBe(askedBefore);
  });

  test("everything lost: the next call finds the ledger's totals, the configuration and the sequence", async () => {
    const { gate, ledger, redis, organization } = await openSpent();
    await loseEverything(redis, organization);
    expect((await gate.reserve(requestOf({ expectedNanoUsd: usd('0.41') }))).kind).toBe('denied');
    const hold = await held(gate, { expectedNanoUsd: usd('0.40') });
    expect((await spend(gate, ledger, hold, usd('0.40'))).seq).toBe(3);
    expect(await counters(gate)).toEqual({
      all: { spent: usd('1'), held: 0n },
      chat: { spent: usd('1'), held: 0n },
    });
  });

  test('a configuration that is lost before anybody has read it is put back, not the one before', async () => {
    const { gate, redis, organization } = await openSpent();
    await gate.publish(snapshotOf(organization, 2, [budgetOf('all', usd('0.65'))]));
    await loseEverything(redis, organization);
    expect((await gate.configuration()).version).toBe(2);
    expect((await gate.reserve(requestOf({ expectedNanoUsd: usd('0.10') }))).kind).toBe('outdated');
  });

  test('a loss begins a new epoch, and a hold of the old one is in it', async () => {
    const { gate, redis, organization, ledger } = await openSpent();
    const hold = await held(gate);
    await loseEverything(redis, organization);
    expect((await counters(gate))['all']).toEqual({ spent: usd('0.60'), held: usd('0.10') });
    expect(await gate.extend(hold, 60_000)).toMatchObject({ kind: 'extended' });
    const reply = await gate.settle({ hold, amountNanoUsd: usd('0.10') });
    expect(reply.outcome).toBe('settled');
    expect(reply.settlement.epoch).not.toBe(hold.epoch);
    ledger.record(reply.settlement);
    expect((await counters(gate))['all']).toEqual({ spent: usd('0.70'), held: 0n });
  });

  test('a hold that a budget shares with its pool is put back on both, and both begin with what the ledger knows', async () => {
    const { gate, redis, organization, ledger } = await openSpent();
    const budgets = [
      budgetOf('all', usd('1'), { pool: 'more' }),
      budgetOf('more', usd('1'), { isPool: true }),
    ];
    await gate.publish(snapshotOf(organization, 2, budgets));
    const second = { configVersion: 2, expectedNanoUsd: usd('0.60') };
    await spend(gate, ledger, await held(gate, second), usd('0.50'));
    const shared = await held(gate, { ...second, expectedNanoUsd: usd('0.30') });
    await loseEverything(redis, organization);
    const both = { all: { spent: usd('1'), held: 0n }, more: { spent: usd('0.10'), held: usd('0.30') } };
    expect(await counters(gate)).toEqual(both);
    await spend(gate, ledger, shared, usd('0.20'));
    await loseEverything(redis, organization);
    expect((await counters(gate))['more']).toEqual({ spent: usd('0.30'), held: 0n });
  });

  test('what another process holds is asserted again, and what it settled is shipped, before anybody is admitted', async () => {
    const { gate, redis, organization, ledger } = await openSpent();
    // This one's last settlement still lies in its spool when everything is lost.
    const spool: Settlement[] = [];
    const ship = async () => {
      for (const settlement of spool.splice(0)) ledger.record(settlement);
      return ledger.seed();
    };
    const other = await openGate({ organization, seed: ship });
    await held(other, { expectedNanoUsd: usd('0.20') });
    spool.push((await other.settle({ hold: await held(other), amountNanoUsd: usd('0.10') })).settlement);
    await loseEverything(redis, organization);
    expect((await gate.reserve(requestOf({ expectedNanoUsd: usd('0.11') }))).kind).toBe('denied');
    expect((await gate.reserve(requestOf({ expectedNanoUsd: usd('0.10') }))).kind).toBe('held');
    expect((await counters(gate))['all']).toEqual({ spent: usd('0.70'), held: usd('0.30') });
  });

  test('a hold that was settled elsewhere is not put back', async () => {
    const { gate, redis, organization, ledger } = await openSpent();
    const other = await openGate({ organization, seed: ledger.seed });
    const hold = await held(gate);
    await loseEverything(redis, organization);
    await spend(other, ledger, hold, usd('0.10'));
    expect((await counters(gate))['all']).toEqual({ spent: usd('0.70'), held: 0n });
  });

  test('a failover that forgot a settlement is noticed: a new epoch counts it, and holds are put back', async () => {
    const { gate, redis, organization, ledger } = await openSpent();
    const before = await copyOf(redis, organization);
    const hold = await held(gate);
    await spend(gate, ledger, await held(gate), usd('0.20'));
    await restore(redis, organization, before);
    await expect
      .poll(async () => (await counters(gate))['all'], { timeout: 20_000 })
      .toEqual({ spent: usd('0.80'), held: usd('0.10') });
    expect(await gate.settle({ hold, amountNanoUsd: usd('0.05') })).toMatchObject({ outcome: 'settled' });
    expect((await counters(gate))['all']).toEqual({ spent: usd('0.85'), held: 0n });
  });

  test('a release of what is forgotten is no sign of a loss: Redis keeps no record of it', async () => {
    const { gate, ledger, redis, organization } = await openSpent();
    const hold = await held(gate);
    await gate.release(hold);
    await gate.close();
    await redis.del(`tg4:{${organization}}:attempt:${hold.attemptId}`);
    const wire = await startFaultyRedis(redisUrl);
    onTestFinished(() => wire.close());
    const clock = { ...systemClock, nowMs: () => Date.now() + HOUR_MS };
    const late = await openGate({ url: wire.url, organization, clock, seed: ledger.seed });
    expect((await late.release(hold)).outcome).toBe('duplicate');
    // Whoever connects again asks first whether what it was told last still stands.
    wire.cut();
    await expect.poll(() => late.nowMs().catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(0);
    const epochs = new Set<string>();
    for (let calls = 0; calls < 30; calls += 1) epochs.add((await held(late, { expectedNanoUsd: 0n })).epoch);
    expect([...epochs]).toEqual([hold.epoch]);
  });

  test('what reaches the ledger after the counters were filled from it raises them, without anybody asking', async () => {
    const { gate, redis, organization, ledger } = await openSpent();
    const late = (await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.30') })).settlement;
    await loseEverything(redis, organization);
    expect((await counters(gate))['all']).toEqual(spent);
    const hold = await held(gate);
    ledger.record(late);
    await expect
      .poll(async () => (await counters(gate))['all'], { timeout: 20_000 })
      .toEqual({ spent: usd('0.90'), held: usd('0.10') });
    await spend(gate, ledger, hold, usd('0.10'));
    expect((await counters(gate))['all']).toEqual({ spent: usd('1'), held: 0n });
  });

  test('the breaker of a budget: a flush forgets its trip and its two hours, a failover what came after the copy; never money', async () => {
    const { gate, ledger, redis, organization, snapshot } = await openSpent();
    const velocity = { floorNanoUsd: usd('0.50'), times: 4, pauseMinutes: 10 };
    const budgets = [budgetOf('all', usd('9')), budgetOf('fast', usd('9'), { velocity })];
    ledger.configuration = { ...snapshot, version: 2, budgets };
    await gate.publish(ledger.configuration);
    const ask = () => gate.reserve(requestOf({ configVersion: 2 }));
    const pay = async (amount: string) =>
      spend(gate, ledger, await held(gate, { configVersion: 2 }), usd(amount));
    const tripped = (amount: string) => ({ denial: { reason: 'velocity', spent: usd(amount) } });
    await pay('0.30');
    const copy = await copyOf(redis, organization);
    await pay('0.30');
    expect(await ask()).toMatchObject(tripped('0.60'));
    await restore(redis, organization, copy);
    await expect.poll(async () => (await ask()).kind, { timeout: 20_000 }).toBe('held');
    await pay('0.21');
    expect(await ask()).toMatchObject(tripped('0.51'));
    await loseEverything(redis, organization);
    await pay('0.50');
    expect((await ask()).kind).toBe('held');
    await pay('0.01');
    expect(await ask()).toMatchObject(tripped('0.51'));
    expect((await counters(gate))['fast']?.spent).toBe(usd('1.32'));
  });

  test('while the ledger does not answer the gate is in outage, and afterwards exact', async () => {
    const { gate, redis, ledger, organization } = await openSpent();
    const hold = await held(gate);
    await loseEverything(redis, organization);
    ledger.isDown = true;
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await expect(gate.settle({ hold, amountNanoUsd: 1n })).rejects.toMatchObject(outage);
    await expect(gate.balances()).rejects.toMatchObject(outage);
    await expect(gate.configuration()).rejects.toMatchObject(outage);
    expect(await keysOf(redis, organization)).toEqual([]);
    ledger.isDown = false;
    expect((await counters(gate))['all']).toEqual({ spent: usd('0.60'), held: usd('0.10') });
  });

  test('one counter lost: it is rebuilt alone, the epoch goes on, and nobody loses another hold', async () => {
    const { gate, redis, organization } = await openSpent();
    const older = await held(gate);
    const [key = ''] = (await keysOf(redis, organization)).filter((name) => name.includes(':budget:all:'));
    await redis.del(key);
    const newer = await held(gate);
    expect(newer.epoch).toBe(older.epoch);
    await gate.release(older);
    expect(await counters(gate)).toEqual({
      all: { spent: usd('0.60'), held: usd('0.10') },
      chat: { spent: usd('0.60'), held: usd('0.10') },
    });
    expect(await gate.release(newer)).toMatchObject({ outcome: 'released' });
    expect(await counters(gate)).toEqual({ all: spent, chat: spent });
  });

  test('one counter lost, and a hold is extended: it goes on on all its budgets, in the rebuilt one again, and ends once', async () => {
    const { gate, redis, organization } = await openSpent();
    const older = await held(gate);
    const [key = ''] = (await keysOf(redis, organization)).filter((name) => name.includes(':budget:all:'));
    await redis.del(key);
    const extended = await gate.extend(older, 120_000);
    if (extended.kind !== 'extended') throw new Error(extended.kind);
    const both = { spent: usd('0.60'), held: usd('0.10') };
    expect(await counters(gate)).toEqual({ all: both, chat: both });
    expect(await gate.release(extended.hold)).toMatchObject({ outcome: 'released' });
    expect(await counters(gate)).toEqual({ all: spent, chat: spent });
  });

  test('a window lost: a hold that was pinned to an older part brings all of it back, whatever it does first', async () => {
    for (const first of ['settle', 'release', 'extend'] as const) {
      const organization = newOrganization();
      const ledger = createLedger();
      const gate = await openGate({ organization, seed: ledger.seed });
      await gate.publish(snapshotOf(organization, 1, [budgetOf('all', usd('1'), { period: 'rolling-60m' })]));
      await spend(gate, ledger, await held(gate), usd('0.50'));
      const hold = await held(gate);
      const [entry] = hold.entries;
      if (entry === undefined) throw new Error('nothing is held');
      const older = { ...entry, key: entry.key.replace(/\d+$/, String(entry.periodStartMs - 120_000)) };
      await connectDirectly().del(`tg4:{${organization}}:budget:all:rolling-60m:0`);
      const of = { ...hold, attemptId: first === 'settle' ? `${hold.attemptId}-other` : hold.attemptId };
      const entries = [
        { ...older, periodStartMs: entry.periodStartMs - 120_000, periodEndMs: entry.periodEndMs - 120_000 },
      ];
      if (first === 'settle') await gate.settle({ hold: { ...of, entries }, amountNanoUsd: usd('0.20') });
      if (first === 'release') await gate.release(of);
      if (first === 'extend') await gate.extend(of, 120_000);
      const expected = {
        settle: [usd('0.70'), 0n],
        release: [usd('0.50'), 0n],
        extend: [usd('0.50'), usd('0.10')],
      };
      const [spentNow, heldNow] = expected[first];
      expect(await counters(gate)).toEqual({ all: { spent: spentNow, held: heldNow } });
    }
  });

  test('rebuilt by hand: what was counted wrongly is as the ledger has it, holds of all stay, in a new epoch', async () => {
    const { gate, ledger, organization } = await openSpent();
    const other = await openGate({ organization, seed: ledger.seed });
    const hold = await held(other);
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.20') });
    await gate.rebuild();
    const both = { spent: usd('0.60'), held: usd('0.10') };
    await expect.poll(() => counters(gate)).toEqual({ all: both, chat: both });
    expect((await held(gate)).epoch).not.toBe(hold.epoch);
    expect((await other.release(hold)).outcome).toBe('released');
  });

  test('nothing is rebuilt without a ledger: it would begin at zero', async () => {
    const gate = await openGate({ organization: newOrganization() });
    await expect(gate.rebuild()).rejects.toMatchObject(outage);
  });

  test('many processes that find the loss at once rebuild it once', async () => {
    const { redis, organization, ledger } = await openSpent();
    const openAnother = () => openGate({ organization, seed: ledger.seed });
    const gates = await Promise.all(Array.from({ length: 6 }, openAnother));
    await loseEverything(redis, organization);
    const asks = gates.flatMap((gate) =>
      Array.from({ length: 10 }, () => gate.reserve(requestOf({ expectedNanoUsd: usd('0.01') }))),
    );
    const replies = await Promise.all(asks);
    expect(replies.filter(({ kind }) => kind === 'held')).toHaveLength(40);
    const epochs = replies.map((reply) => reply.kind === 'held' && reply.hold.epoch).filter(Boolean);
    expect(new Set(epochs).size).toBe(1);
    const [first] = gates;
    expect(first && (await counters(first))['all']).toEqual({ spent: usd('0.60'), held: usd('0.40') });
  });

  test('a fresh process restores the configuration from the ledger, and without it is in outage rather than without budgets', async () => {
    const { gate, redis, organization, ledger, snapshot } = await openSpent();
    await gate.close();
    await loseEverything(redis, organization);
    const fresh = await openGate({ organization, seed: ledger.seed });
    await expect(fresh.reserve(requestOf({ configVersion: 0 }))).rejects.toMatchObject(outage);
    ledger.configuration = snapshot;
    expect(await fresh.configuration()).toEqual(snapshot);
    expect((await counters(fresh))['all']).toEqual(spent);
  });

  test('without a ledger a first start begins at zero, and a later loss is an outage', async () => {
    const organization = newOrganization();
    const gate = await openGate({ organization });
    await gate.publish(snapshotOf(organization, 1, [budgetOf('all', usd('1'))]));
    await gate.settle({ hold: await held(gate), amountNanoUsd: usd('0.90') });
    const redis = connectDirectly();
    await redis.del(
      `tg4:{${organization}}:budget:${(await held(gate, { expectedNanoUsd: 0n })).entries[0]?.key}`,
    );
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await loseEverything(redis, organization);
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
  });

  test('a ledger that names something that is no budget period stops the rebuild: skipped money would be spent again', async () => {
    const organization = newOrganization();
    const seed = async () => ({ lastSeq: 1, totals: [{ key: 'all:fortnight:0', amount: 1n }] });
    const gate = await openGate({ organization, seed });
    await expect(gate.reserve(requestOf({ configVersion: 0 }))).rejects.toThrow(/all:fortnight:0/);
  });

  test('losing the scripts costs nothing', async () => {
    const { gate, redis } = await openSpent();
    await redis.script('FLUSH');
    await held(gate);
  });

  test('every key ends by itself but the state', async () => {
    const { gate, redis, organization } = await openSpent();
    const hold = await held(gate);
    await gate.release(hold);
    await gate.settle({ hold: { ...hold, attemptId: 'never-held' }, amountNanoUsd: 1n });
    const keys = await keysOf(redis, organization);
    expect(keys.length).toBeGreaterThan(5);
    const endless = [];
    for (const key of keys) if ((await redis.pttl(key)) < 0) endless.push(key);
    expect(endless).toEqual([`tg4:{${organization}}:state`]);
  });
});
