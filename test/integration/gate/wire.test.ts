import { createServer } from 'node:net';
import { openRedisGate } from '@tallygate/gate';
import { type Logger, silentLogger, systemClock } from '@tallygate/usage';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { budgetOf, counters, held, requestOf, snapshotOf, usd } from '../../contract/gate-fixtures.ts';
import { startFaultyRedis } from './faulty-redis.ts';
import { connectDirectly, keysOf, newOrganization, openGate, redisUrl } from './redis-fixtures.ts';

/** Between the gate and Redis is a wire. Whatever it does, every operation happens once or not at all, and no hold leaks. */
describe('the wire to Redis', () => {
  const outage = { code: 'TALLYGATE_GATE_UNAVAILABLE' };

  /** A gate behind a wire that breaks, and one beside it that sees what Redis has. */
  const openBehindWire = async (
    deadlines: { reserveDeadlineMs?: number; settleDeadlineMs?: number } = {},
  ) => {
    const wire = await startFaultyRedis(redisUrl);
    onTestFinished(() => wire.close());
    const organization = newOrganization();
    const witness = await openGate({ organization });
    await witness.publish(snapshotOf(organization, 1, [budgetOf('all', usd('1'))]));
    const gate = await openGate({ organization, url: wire.url, ...deadlines });
    return { wire, organization, gate, witness };
  };
  type Witness = Awaited<ReturnType<typeof openBehindWire>>['witness'];
  const seen = (witness: Witness, all: { spent: bigint; held: bigint }) =>
    vi.waitFor(async () => expect(await counters(witness)).toEqual({ all }), {
      timeout: 10_000,
      interval: 5,
    });

  test('a reply that is lost on the way: the command is sent again, and has one effect', async () => {
    const { wire, gate, witness } = await openBehindWire();
    const request = requestOf();
    wire.holdReplies();
    const reserving = gate.reserve(request);
    await seen(witness, { spent: 0n, held: usd('0.10') });
    wire.cut();
    const reply = await reserving;
    if (reply.kind !== 'held') throw new Error(reply.kind);
    expect(await counters(witness)).toEqual({ all: { spent: 0n, held: usd('0.10') } });

    wire.holdReplies();
    const settling = gate.settle({ hold: reply.hold, amountNanoUsd: 7n });
    await seen(witness, { spent: 7n, held: 0n });
    wire.cut();
    expect(await settling).toMatchObject({
      outcome: 'duplicate',
      settlement: { seq: 1, entries: [{ amount: 7n }] },
    });
    expect(await counters(witness)).toEqual({ all: { spent: 7n, held: 0n } });
  });

  test('a publication whose reply is lost succeeds when it is sent again', async () => {
    const { wire, gate, witness, organization } = await openBehindWire();
    const next = snapshotOf(organization, 2, [budgetOf('all', usd('2'))]);
    const publishing = gate.publish(next);
    const isLive = async () => (await witness.configuration()).version === 2;
    for (wire.holdReplies(); !(await isLive()); wire.holdReplies()) {
      await vi.waitFor(() => expect(wire.waitingReplies()).toBeGreaterThan(0), 10_000);
      if (await isLive()) break;
      wire.deliverReplies();
    }
    wire.cut();
    await publishing;
    expect(await witness.configuration()).toEqual(next);
  });

  test('a reserve that nobody waits for any more is undone, and takes no number', async () => {
    const { wire, gate, witness } = await openBehindWire({ reserveDeadlineMs: 30 });
    await gate.balances();
    wire.holdReplies();
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await seen(witness, { spent: 0n, held: usd('0.10') });
    wire.deliverReplies();
    await seen(witness, { spent: 0n, held: 0n });
    expect((await witness.settle({ hold: await held(witness), amountNanoUsd: 0n })).settlement.seq).toBe(1);
  });

  test('a gate that is closed while such a reserve is unanswered waits for the answer, and leaves no hold', async () => {
    const { wire, gate, witness } = await openBehindWire({ reserveDeadlineMs: 30 });
    await gate.balances();
    wire.holdReplies();
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await seen(witness, { spent: 0n, held: usd('0.10') });
    const closing = gate.close();
    wire.deliverReplies();
    await closing;
    expect(await counters(witness)).toEqual({ all: { spent: 0n, held: 0n } });
  });

  test('a reserve whose connection broke is undone as soon as the next one stands', async () => {
    const { wire, gate, witness } = await openBehindWire({ reserveDeadlineMs: 30 });
    await gate.balances();
    wire.holdReplies();
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await seen(witness, { spent: 0n, held: usd('0.10') });
    wire.goDown();
    wire.comeUp();
    wire.deliverReplies();
    await seen(witness, { spent: 0n, held: 0n });
  });

  test('who asks again for the same attempt keeps the hold, though the first question is undone later', async () => {
    const { wire, gate, witness } = await openBehindWire({ reserveDeadlineMs: 30 });
    const request = requestOf();
    await gate.balances();
    wire.holdReplies();
    await expect(gate.reserve(request)).rejects.toMatchObject(outage);
    await seen(witness, { spent: 0n, held: usd('0.10') });
    const again = await witness.reserve(request);
    wire.deliverReplies();
    // Answers come in the order of the questions: once these are here, what had to be undone was tried.
    await gate.balances();
    await gate.balances();
    expect(await counters(witness)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
    if (again.kind !== 'held') throw new Error(again.kind);
    expect((await witness.settle({ hold: again.hold, amountNanoUsd: 1n })).outcome).toBe('settled');
  });

  test('an attempt whose first question was undone can be held again', async () => {
    const { wire, gate, witness } = await openBehindWire({ reserveDeadlineMs: 30 });
    const request = requestOf();
    await gate.balances();
    wire.holdReplies();
    await expect(gate.reserve(request)).rejects.toMatchObject(outage);
    await seen(witness, { spent: 0n, held: usd('0.10') });
    wire.deliverReplies();
    await seen(witness, { spent: 0n, held: 0n });
    expect((await witness.reserve(request)).kind).toBe('held');
    expect(await counters(witness)).toEqual({ all: { spent: 0n, held: usd('0.10') } });
  });

  test('no answer in time is an outage of every operation, never a denial', async () => {
    const { wire, gate, organization } = await openBehindWire({
      reserveDeadlineMs: 20,
      settleDeadlineMs: 20,
    });
    const hold = {
      attemptId: 'a',
      organization,
      epoch: 'e',
      budgetInstantMs: 0,
      expiryBucket: 0,
      entries: [],
    };
    wire.holdReplies();
    await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    await expect(gate.settle({ hold, amountNanoUsd: 1n })).rejects.toMatchObject(outage);
    await expect(gate.release(hold)).rejects.toMatchObject(outage);
    await expect(gate.extend(hold, 1_000)).rejects.toMatchObject(outage);
    await expect(gate.balances()).rejects.toMatchObject(outage);
    await expect(gate.configuration()).rejects.toMatchObject(outage);
  });

  test('while Redis is away every call is in outage, and when it is back the gate is', async () => {
    const { wire, gate } = await openBehindWire({ reserveDeadlineMs: 100 });
    wire.goDown();
    for (let call = 0; call < 20; call++)
      await expect(gate.reserve(requestOf())).rejects.toMatchObject(outage);
    wire.comeUp();
    await vi.waitFor(() => held(gate), { timeout: 10_000 });
  });

  test('a change published by one process is in force with the next call of another', async () => {
    const { gate, witness, organization } = await openBehindWire();
    await held(gate);
    await witness.publish(snapshotOf(organization, 2, [budgetOf('all', usd('0.15'))]));
    expect(await gate.reserve(requestOf())).toEqual({ kind: 'outdated', version: 2 });
    expect((await gate.reserve(requestOf({ configVersion: 2 }))).kind).toBe('denied');
  });

  test('balances are those of the budgets that another process has just published, however many', async () => {
    const organization = newOrganization();
    const [reader, publisher] = await Promise.all([openGate({ organization }), openGate({ organization })]);
    expect(await reader.balances()).toEqual([]);
    const budgets = Array.from({ length: 450 }, (_, index) => budgetOf(`team-${index}`, BigInt(index)));
    await publisher.publish(snapshotOf(organization, 1, budgets));
    await held(publisher, { expectedNanoUsd: 0n, worstNanoUsd: 0n });
    const balances = await reader.balances();
    expect(balances.map(({ budget }) => budget)).toEqual(budgets);
  });

  test('1,000 calls of four processes at once on $5.00 at $0.01: exactly 500 are admitted', async () => {
    const organization = newOrganization();
    const gates = await Promise.all(Array.from({ length: 4 }, () => openGate({ organization })));
    await gates[0]?.publish(snapshotOf(organization, 1, [budgetOf('all', usd('5'))]));
    const ask = (_: unknown, index: number) =>
      gates[index % gates.length]?.reserve(requestOf({ expectedNanoUsd: usd('0.01') }));
    const replies = await Promise.all(Array.from({ length: 1_000 }, ask));
    expect(replies.filter((reply) => reply?.kind === 'held')).toHaveLength(500);
  });

  test('a hold of a process that died ends by itself', async () => {
    const organization = newOrganization();
    const options = { organization, bucketMs: 20 };
    const gate = await openGate(options);
    await gate.publish(snapshotOf(organization, 1, [budgetOf('all', usd('0.10'))]));
    await held(gate, { ttlMs: 20 });
    await gate.close();
    const survivor = await openGate(options);
    await seen(survivor, { spent: 0n, held: 0n });
    await held(survivor);
  });
});

describe('opening a gate in Redis', () => {
  const openAt = (url: string, logger: Logger = silentLogger) =>
    openRedisGate({ url, organization: newOrganization(), clock: systemClock, logger });

  test('a Redis that is not there is an outage; neither error nor log shows the password', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as { port: number };
    await new Promise((resolve) => probe.close(resolve));
    const written: unknown[] = [];
    const write = (...given: unknown[]): void => void written.push(given);
    const logger = { debug: write, info: write, warn: write, error: write };
    const opening = openAt(`redis://user:very-secret@127.0.0.1:${port}`, logger);
    const error = await opening.then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    expect(error?.message).toContain(`127.0.0.1:${port}`);
    expect(JSON.stringify([error?.stack, error?.cause, written])).not.toContain('very-secret');
  });

  test('a wrong password is an outage that does not repeat it', async () => {
    const url = new URL(redisUrl);
    url.username = 'nobody';
    url.password = 'very-secret';
    const error = await openAt(url.href).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    expect(error?.message).toContain('WRONGPASS');
    expect(JSON.stringify([error?.stack, error?.cause])).not.toContain('very-secret');
  });

  test.each(['http://127.0.0.1:6379', 'not a url', 'redis://'])('"%s" is no URL of a Redis', async (url) => {
    await expect(openAt(url)).rejects.toMatchObject({ code: 'TALLYGATE_CONFIGURATION_INVALID' });
  });

  test('keys carry one hash tag, whatever the organization is called', async () => {
    const organization = `we {curly} & co ${newOrganization()}`;
    const gate = await openGate({ organization });
    await gate.publish(snapshotOf(organization, 1, [budgetOf('all', usd('1'))]));
    await held(gate);
    const redis = connectDirectly();
    const keys = await keysOf(redis, encodeURIComponent(organization));
    expect(keys).toHaveLength(3);
    expect(new Set(keys.map((key) => /^tg4:\{([^{}]+)\}:[^{}]+$/.exec(key)?.[1]))).toEqual(
      new Set([encodeURIComponent(organization)]),
    );
  });
});
