import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adoptSpools, openUsageStore } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedClock, holdFor, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, refusing, unavailable } from './collecting-store.ts';
import { startProgram } from './programs.ts';
import { createSettlingGate, createSpoolRoot, type SpoolRoot } from './spool-fixtures.ts';
import { openTables } from './tables.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

const beside = (name: string) => join(spools.root, '..', name);

/** @returns what the process had noted as safe before it was killed. */
async function recordUntilKilled(durability: string, events: number): Promise<string[]> {
  const notes = beside('notes');
  const file = new URL('./durable-process.ts', import.meta.url);
  const recorder = startProgram(file, [durability, spools.root, notes, beside('ledger')]);
  const gone = once(recorder, 'close');
  let seen = 0;
  let complaint = '';
  recorder.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  recorder.stdout.on('data', (dots: Buffer) => {
    seen += dots.length;
    if (seen >= events) recorder.kill('SIGKILL');
  });
  const [, signal] = await gone;
  expect({ signal, complaint }).toEqual({ signal: 'SIGKILL', complaint: '' });
  return readFileSync(notes, 'utf8').trimEnd().split('\n');
}

describe('kill -9 of a process whose durability is', () => {
  it.each(['os', 'group', 'fsync'])('%s loses nothing that it was told is safe', async (durability) => {
    const safe = await recordUntilKilled(durability, 500);
    const store = createCollectingStore();
    const { root, clock } = spools;
    expect(await adoptSpools({ root, destination: store, clock })).toMatchObject({
      adopted: 1,
      quarantined: 0,
    });
    const stored = new Set(store.eventIds());
    expect(safe.filter((id) => !stored.has(id))).toEqual([]);
    expect(stored.size).toBe(store.eventIds().length);
  });

  it('memory leaves nothing on the disk and loses what the ledger had not taken, nothing else', async () => {
    const safe = await recordUntilKilled('memory', 300);
    expect(readdirSync(spools.root)).toEqual([]);
    const ledger = await openUsageStore(
      { kind: 'embedded', directory: beside('ledger') },
      { clock: fixedClock },
    );
    const tables = openTables(beside('ledger'));
    const stored = new Set(
      (await tables.rows('SELECT event_id AS id FROM usage_events')).map(({ id }) => id),
    );
    await tables.close();
    await ledger.close();
    expect(safe.filter((id) => !stored.has(id))).toEqual([]);
    // One round of ten may be on its way when the process dies.
    expect(stored.size).toBeLessThanOrEqual(safe.length + 10);
  });
});

describe('a spool in memory', () => {
  const open = (options: Parameters<SpoolRoot['open']>[0]) =>
    spools.open({ durability: 'memory', ...options });

  it('works where nothing can be written, and settles and stores as one on a disk does', async () => {
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    const directory = '/proc/no-such-place/spool';
    const spool = await open({ directory, destination: store, recover: gate.recover });
    const [held, plain] = [usageEvent(), usageEvent()];
    spool.recordOutcome(held, holdFor(held));
    spool.recordOutcome(plain, null);
    expect(spool.unsettledOutcomes).toBe(1);
    expect(await spool.flush()).toEqual({ stored: 2, pending: 0 });
    await spool.close();
    expect(store.eventIds()).toEqual([held.eventId, plain.eventId]);
    expect(store.attemptsSettled()).toEqual([held.eventId]);
    expect(existsSync(directory)).toBe(false);
  });

  it('sends the same rows under the same token until the ledger has them', async () => {
    const store = createCollectingStore();
    store.after = unavailable;
    const spool = await open({ destination: store });
    spool.recordOutcome(usageEvent(), null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 1 });
    store.after = () => {};
    spool.recordOutcome(usageEvent(), null);
    expect(await spool.flush()).toEqual({ stored: 2, pending: 0 });
    expect(store.tries[1]).toEqual(store.tries[0]);
    await spool.close();
  });

  it('refuses calls at its bound, folds what comes all the same, and never takes more than twice the bound', async () => {
    const store = createCollectingStore();
    store.before = unavailable;
    const spool = await open({ destination: store, maxBytes: 30_000, sealRows: 10 });
    for (let index = 0; index < 400; index += 1) spool.recordOutcome(usageEvent(), null);
    expect(spool.refusal()).toMatchObject({ code: 'TALLYGATE_SPOOL_FULL' });
    store.before = () => {};
    const { pending: lost } = await spool.flush();
    const attempts = [...store.segments.values()].flatMap(({ events }) =>
      events.map(({ lines }) => Number(/folded:(\d+)/.exec(lines[0]?.flags.join() ?? '')?.[1] ?? 1)),
    );
    expect(attempts.reduce((sum, count) => sum + count, 0) + lost).toBe(400);
    expect(spools.logger.messages.filter((text) => text.startsWith('usage is lost'))).toHaveLength(lost);
    expect(spool.refusal()).toBeNull();
    await spool.close();
  });

  it('says what is lost when it is closed before the ledger took it, and when the ledger refuses it', async () => {
    const store = createCollectingStore();
    store.before = refusing;
    const refused = await open({ destination: store });
    refused.recordOutcome(usageEvent(), null);
    expect(await refused.flush()).toEqual({ stored: 0, pending: 1 });
    await refused.close();
    store.before = unavailable;
    const spool = await open({ destination: store });
    spool.recordOutcome(usageEvent(), null);
    await spool.close();
    expect(spools.logger.messages).toContain('facts refused by the ledger are lost');
    expect(spools.logger.messages).toContain('usage is lost: closed before the ledger took it');
    expect(() => spool.recordOutcome(usageEvent(), null)).toThrow('closed');
  });
});
