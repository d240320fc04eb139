import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Member, startMember, temporaryDirectory } from './processes.ts';

const CENT = 10_000_000n;

async function ownerAndClients(count: number, limitUsd = '1000') {
  const dataDirectory = temporaryDirectory();
  const owner = await startMember();
  expect(await owner.do('open', { dataDirectory })).toEqual({ role: 'owner', hasHistory: true });
  await owner.do('publish', { limitUsd });
  const clients = await Promise.all(Array.from({ length: count }, () => startMember()));
  for (const client of clients) {
    expect(await client.do('open', { dataDirectory })).toEqual({ role: 'client', hasHistory: true });
  }
  return { dataDirectory, owner, clients };
}

function first(members: Member[]): Member {
  const [member] = members;
  if (member === undefined) throw new Error('nobody was started');
  return member;
}

const sumOf = (counts: number[]) => counts.reduce((sum, count) => sum + count, 0);

const generations = (dataDirectory: string) =>
  readdirSync(join(dataDirectory, 'owner.lock')).filter((name) => name.endsWith('.json'));

describe('processes on one data directory', () => {
  it('spend from one gate into one ledger', async () => {
    const { owner, clients } = await ownerAndClients(1, '0.20');
    const client = first(clients);
    const admitted = await Promise.all(
      [owner, client].map((member) => member.do('spend', { count: 15, amountNanoUsd: CENT })),
    );
    expect(sumOf(admitted)).toBe(20);
    expect(await client.do('balance')).toEqual({ spent: 20n * CENT, held: 0n });
    await client.do('flush');
    await owner.do('flush');
    const ledger = await client.do('ledger');
    expect(ledger).toEqual(await owner.do('ledger'));
    expect(ledger.counts).toMatchObject({ events: 20, lines: 20, duplicates: 0, settlements: 20 });
    expect(ledger.cost).toBe(20n * CENT);
  });

  it('lose no cent and gain no second gate when the owner is killed amid the traffic of all', async () => {
    const { dataDirectory, owner, clients } = await ownerAndClients(2);
    await Promise.all(
      [owner, ...clients].map((member) => member.do('spend', { count: 10, amountNanoUsd: CENT })),
    );
    const dying = owner.do('spend', { count: 100_000, amountNanoUsd: CENT }).catch(() => null);
    const going = clients.map((client) => client.do('spend', { count: 200, amountNanoUsd: CENT }));
    await first(clients).do('balance');
    await owner.kill();
    expect(await dying).toBeNull();
    expect(await Promise.all(going)).toEqual([200, 200]);
    expect(generations(dataDirectory)).toEqual(['000000000002.json']);

    const heir = first(clients);
    await heir.do('adopt');
    await Promise.all(clients.map((client) => client.do('flush')));
    const ledger = await heir.do('ledger');
    const { spent } = await heir.do('balance');
    expect(ledger.counts).toMatchObject({ duplicates: 0 });
    expect(ledger.counts?.settlements).toBe(ledger.counts?.events);
    expect(ledger.counts?.events).toBeGreaterThanOrEqual(430);
    expect(ledger.settled.map(({ amount }) => amount)).toEqual([ledger.cost]);
    expect(spent).toBe(ledger.cost);
    expect(await first(clients.slice(1)).do('balance')).toEqual(await heir.do('balance'));
  });

  it('count what waited in the spools of the living when one of them takes over', async () => {
    const { owner, clients } = await ownerAndClients(2, '0.30');
    for (const client of clients) await client.do('spend', { count: 10, amountNanoUsd: CENT });
    await owner.kill();
    expect(await first(clients).do('balance')).toEqual({ spent: 20n * CENT, held: 0n });
    const more = await Promise.all(
      clients.map((client) => client.do('spend', { count: 20, amountNanoUsd: CENT })),
    );
    expect(sumOf(more)).toBe(10);
  });

  it('hold the calls that were under way with the next owner, those of the dead and of the living, until they end', async () => {
    const { owner, clients } = await ownerAndClients(2, '0.30');
    const [calling, other] = [first(clients), first(clients.slice(1))];
    expect(await calling.do('begin', { count: 10, amountNanoUsd: CENT })).toBe(10);
    expect(await owner.do('begin', { count: 5, amountNanoUsd: CENT })).toBe(5);
    await owner.kill();
    expect(await other.do('balance')).toEqual({ spent: 0n, held: 15n * CENT });
    expect(await other.do('spend', { count: 100, amountNanoUsd: CENT })).toBe(15);
    await calling.do('finish');
    expect(await other.do('balance')).toEqual({ spent: 25n * CENT, held: 5n * CENT });
  });

  it('go on with the same sums and holds when one of them has the gate rebuilt, amid the traffic of all', async () => {
    const { owner, clients } = await ownerAndClients(2);
    const [asking, other] = [first(clients), first(clients.slice(1))];
    await other.do('begin', { count: 5, amountNanoUsd: CENT });
    const going = [owner, other].map((member) => member.do('spend', { count: 100, amountNanoUsd: CENT }));
    await asking.do('rebuild');
    expect(await Promise.all(going)).toEqual([100, 100]);
    expect(await asking.do('balance')).toEqual({ spent: 200n * CENT, held: 5n * CENT });
    for (const member of [owner, other]) await member.do('flush');
    expect((await asking.do('ledger')).settled.map(({ amount }) => amount)).toEqual([200n * CENT]);
  });

  it('keep the published configuration across owners', async () => {
    const { owner, clients } = await ownerAndClients(1);
    await owner.kill();
    expect(await first(clients).do('configVersion')).toBe(1);
  });

  it('settle what the dead owner had recorded and not settled, once', async () => {
    const { owner, clients } = await ownerAndClients(1);
    const heir = first(clients);
    expect(await owner.do('recordOnly', { amountNanoUsd: 7n * CENT })).toBe(true);
    await owner.kill();
    await heir.do('balance');
    await heir.do('adopt');
    await heir.do('adopt');
    expect(await heir.do('balance')).toEqual({ spent: 7n * CENT, held: 0n });
    const { counts, cost } = await heir.do('ledger');
    expect(counts).toMatchObject({ events: 1, settlements: 1, duplicates: 0 });
    expect(cost).toBe(7n * CENT);
  });

  it('are in outage while the owner stands still, and never find a second gate', async () => {
    const { dataDirectory, owner, clients } = await ownerAndClients(1);
    const client = first(clients);
    owner.signal('SIGSTOP');
    await expect(client.do('balance')).rejects.toMatchObject({ code: 'TALLYGATE_GATE_UNAVAILABLE' });
    expect(generations(dataDirectory)).toEqual(['000000000001.json']);
    owner.signal('SIGCONT');
    await expect
      .poll(() => client.do('balance').catch(() => null), { timeout: 20_000 })
      .toEqual({ spent: 0n, held: 0n });
  });

  it('hand over without an outage when the owner closes', async () => {
    const { owner, clients } = await ownerAndClients(1);
    await owner.do('spend', { count: 3, amountNanoUsd: CENT });
    await owner.do('close');
    expect(await first(clients).do('balance')).toEqual({ spent: 3n * CENT, held: 0n });
  });
});

describe('a data directory without the embedded engine', () => {
  it('gates and spools, says so once, and is rebuilt exactly from the spools alone', async () => {
    const dataDirectory = temporaryDirectory();
    const owner = await startMember({ withEngine: false });
    expect(await owner.do('open', { dataDirectory })).toEqual({ role: 'owner', hasHistory: false });
    await owner.do('publish', { limitUsd: '0.10' });
    await owner.do('spend', { count: 4, amountNanoUsd: CENT });
    expect(await owner.do('flush')).toMatchObject({ stored: 0 });
    const said = (await owner.do('warnings')).filter((message) =>
      message.includes('engine is not installed'),
    );
    expect(said).toHaveLength(1);
    await owner.kill();

    const next = await startMember({ withEngine: false });
    await next.do('open', { dataDirectory });
    expect(await next.do('balance')).toEqual({ spent: 4n * CENT, held: 0n });
    expect(await next.do('spend', { count: 100, amountNanoUsd: CENT })).toBe(6);
  });

  it('drains into the ledger once a process with the engine owns it', async () => {
    const dataDirectory = temporaryDirectory();
    const without = await startMember({ withEngine: false });
    await without.do('open', { dataDirectory });
    await without.do('publish', { limitUsd: '1' });
    await without.do('spend', { count: 5, amountNanoUsd: CENT });
    await without.do('close');

    const having = await startMember();
    expect(await having.do('open', { dataDirectory })).toEqual({ role: 'owner', hasHistory: true });
    await having.do('adopt');
    expect((await having.do('ledger')).counts).toMatchObject({ events: 5, settlements: 5, duplicates: 0 });
    expect(await having.do('balance')).toEqual({ spent: 5n * CENT, held: 0n });
  });

  it('refuses to begin at zero where a ledger stands that it cannot read', async () => {
    const dataDirectory = temporaryDirectory();
    const having = await startMember();
    await having.do('open', { dataDirectory });
    await having.do('close');
    const without = await startMember({ withEngine: false });
    await expect(without.do('open', { dataDirectory })).rejects.toMatchObject({
      code: 'TALLYGATE_ENGINE_MISSING',
    });
  });
});
