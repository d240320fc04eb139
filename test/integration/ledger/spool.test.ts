import { existsSync, writeFileSync } from 'node:fs';
import { NANO_USD_MAX } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { denialRecord, holdFor, settlement, usageEvent, usageLine } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, unavailable } from './collecting-store.ts';
import { createSettlingGate, createSpoolRoot, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

describe('recording', () => {
  it('ships exactly what was recorded, field by field', async () => {
    const store = createCollectingStore();
    const spool = await spools.open({ destination: store });
    const event = usageEvent({ lines: [usageLine({ listCostNanoUsd: NANO_USD_MAX, flags: ['unpriced'] })] });
    const [ended, denied] = [settlement({ attemptId: event.eventId }), denialRecord()];
    spool.recordOutcome(event, holdFor(event));
    spool.recordSettlement(ended);
    spool.recordDenial(denied);
    expect(await spool.flush()).toEqual({ stored: 3, pending: 0 });
    expect([...store.segments.values()]).toEqual([
      { token: `${spool.spoolId}/000001`, events: [event], settlements: [ended], denials: [denied] },
    ]);
    expect(spool.recordedEvents).toBe(1);
    await spool.close();
    expect(spools.spools()).toEqual([]);
  });

  it('has a record on disk before it returns', async () => {
    const spool = await spools.open();
    spool.recordOutcome(usageEvent(), null);
    expect(spools.files(spool.directory)).toEqual(['000001.open']);
    expect(spool.pendingRecords).toBe(1);
  });

  it('refuses what could never be stored, and keeps the rest', async () => {
    const store = createCollectingStore();
    const spool = await spools.open({ destination: store });
    const refused = [
      usageEvent({ latencyMs: Number.NaN }),
      usageEvent({ lines: [usageLine({ contractedCostNanoUsd: NANO_USD_MAX + 1n })] }),
      usageEvent({ budgetInstantMs: Date.UTC(2300, 0) }),
      usageEvent({ lines: [] }),
    ];
    spool.recordOutcome(usageEvent({ eventId: 'good-1' }), null);
    for (const event of refused) {
      expect(() => spool.recordOutcome(event, null)).toThrow(
        expect.objectContaining({ code: 'TALLYGATE_REQUEST_INVALID' }),
      );
    }
    spool.recordOutcome(usageEvent({ eventId: 'good-2' }), null);
    await spool.close();
    expect(store.eventIds()).toEqual(['good-1', 'good-2']);
    expect(spool.recordedEvents).toBe(2);
  });

  it('refuses what comes after close, loudly', async () => {
    const spool = await spools.open({ destination: createCollectingStore() });
    await spool.close();
    expect(() => spool.recordOutcome(usageEvent(), null)).toThrow(
      expect.objectContaining({ code: 'TALLYGATE_SPOOL_FAILED' }),
    );
    await spool.close();
  });

  it('fails to the caller when the directory cannot be written', async () => {
    const file = `${spools.root}/not-a-directory`;
    writeFileSync(file, '');
    await expect(spools.open({ directory: file })).rejects.toMatchObject({ code: 'TALLYGATE_SPOOL_FAILED' });
    await expect(spools.open({ ownerId: '../x' })).rejects.toMatchObject({
      code: 'TALLYGATE_CONFIGURATION_INVALID',
    });
  });
});

describe('sealing', () => {
  it('cuts segments by rows and by bytes, each with a token of its own and in order', async () => {
    const store = createCollectingStore();
    const byRows = await spools.open({ destination: store, sealRows: 3, ownerId: 'rows' });
    const ids = Array.from({ length: 10 }, (_, index) => `event-${index}`);
    for (const eventId of ids) byRows.recordOutcome(usageEvent({ eventId }), null);
    expect(await byRows.flush()).toEqual({ stored: 10, pending: 0 });
    expect(store.eventIds()).toEqual(ids);
    expect([...store.segments.keys()]).toEqual([1, 2, 3, 4].map((n) => `${byRows.spoolId}/00000${n}`));
    const byBytes = await spools.open({ destination: store, sealBytes: 1, ownerId: 'bytes' });
    byBytes.recordOutcome(usageEvent(), null);
    byBytes.recordOutcome(usageEvent(), null);
    await byBytes.flush();
    expect(store.segments.size).toBe(6);
    await Promise.all([byRows.close(), byBytes.close()]);
  });

  it('ships by itself once a segment has been open for long enough', async () => {
    const store = createCollectingStore();
    const arrived = new Promise<void>((resolve) => {
      store.after = () => resolve();
    });
    const spool = await spools.open({ destination: store, sealAfterMs: 1 });
    spool.recordOutcome(usageEvent({ eventId: 'alone' }), null);
    await arrived;
    expect(store.eventIds()).toEqual(['alone']);
    await spool.close();
  });

  it('never uses a token twice, whatever the owner is called', async () => {
    const store = createCollectingStore();
    for (const eventId of ['first-life', 'second-life']) {
      const spool = await spools.open({ destination: store, ownerId: 'same-name' });
      spool.recordOutcome(usageEvent({ eventId }), null);
      await spool.close();
    }
    expect(store.eventIds()).toEqual(['first-life', 'second-life']);
  });

  it('keeps a stored segment for its tail, and longer while an outcome in it is unsettled', async () => {
    const spool = await spools.open({ destination: createCollectingStore() });
    const event = usageEvent();
    spool.recordOutcome(event, holdFor(event));
    await spool.flush();
    expect(spools.files(spool.directory)).toEqual(['000001.done']);
    spools.clock.advance(700_000);
    await spool.flush();
    expect(spools.files(spool.directory)).toEqual(['000001.done']);
    spool.recordSettlement(settlement({ attemptId: event.eventId }));
    await spool.flush();
    expect(spools.files(spool.directory)).toEqual(['000002.done']);
    await spool.close();
  });
});

describe('a store that does not answer', () => {
  it('makes flush say what waits, and gets exactly that once it is back', async () => {
    const store = createCollectingStore();
    store.before = unavailable;
    const spool = await spools.open({ destination: store, sealRows: 2 });
    const ids = Array.from({ length: 5 }, (_, index) => `event-${index}`);
    for (const eventId of ids) spool.recordOutcome(usageEvent({ eventId }), null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 5 });
    expect(await spool.flush()).toEqual({ stored: 0, pending: 5 });
    store.before = () => {};
    expect(await spool.flush()).toEqual({ stored: 5, pending: 0 });
    expect(store.eventIds()).toEqual(ids);
    await spool.close();
  });

  it('is tried again without being told', async () => {
    const store = createCollectingStore();
    let refusals = 2;
    const arrived = new Promise<void>((resolve) => {
      store.before = () => {
        if (refusals === 0) return resolve();
        refusals -= 1;
        unavailable();
      };
    });
    const spool = await spools.open({ destination: store });
    spool.recordOutcome(usageEvent({ eventId: 'patient' }), null);
    await spool.flush();
    await arrived;
    expect(await spool.flush()).toMatchObject({ pending: 0 });
    expect(store.eventIds()).toEqual(['patient']);
    await spool.close();
  });

  it('gets the same rows under the same token when its answer was lost', async () => {
    const store = createCollectingStore();
    store.after = unavailable;
    const spool = await spools.open({ destination: store });
    spool.recordOutcome(usageEvent(), null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 1 });
    spool.recordOutcome(usageEvent(), null);
    store.after = () => {};
    expect(await spool.flush()).toEqual({ stored: 2, pending: 0 });
    expect(store.tries[1]).toEqual(store.tries[0]);
    expect(store.eventIds()).toHaveLength(2);
    await spool.close();
  });

  it('any error counts as an outage, also one that nobody knows', async () => {
    const store = createCollectingStore();
    store.before = () => {
      throw new TypeError('fetch failed');
    };
    const spool = await spools.open({ destination: store });
    spool.recordOutcome(usageEvent(), null);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 1 });
    store.before = () => {};
    await spool.close();
    expect(store.eventIds()).toHaveLength(1);
  });

  it('that hangs does not keep close from ending, and the rows stay on disk for the next one', async () => {
    const hanging = createCollectingStore();
    hanging.before = () => new Promise(() => {});
    const spool = await spools.open({ destination: hanging, drainMs: 20 });
    spool.recordOutcome(usageEvent({ eventId: 'left-behind' }), null);
    await spool.close();
    expect(existsSync(spool.directory)).toBe(true);
    const store = createCollectingStore();
    const next = await spools.open({ destination: store });
    expect(await next.adopt()).toMatchObject({ adopted: 1, stored: 1, waiting: 0 });
    expect(store.eventIds()).toEqual(['left-behind']);
    await next.close();
  });

  it.each(['os', 'memory'] as const)(
    'that hangs keeps close (%s) no longer than it is told, where some of its time is gone',
    async (durability) => {
      const hanging = createCollectingStore();
      hanging.before = () => new Promise(() => {});
      const spool = await spools.open({ destination: hanging, durability, drainMs: 600_000 });
      spool.recordOutcome(usageEvent(), null);
      await spool.close(20);
      expect(spool.pendingRecords).toBe(1);
    },
  );
});

describe('without a destination', () => {
  it('spools, says so once, and leaves everything to a process that drains', async () => {
    const only = await spools.open();
    for (let index = 0; index < 3; index += 1) only.recordOutcome(usageEvent(), null);
    expect(await only.flush()).toEqual({ stored: 0, pending: 3 });
    await only.close();
    expect(spools.logger.messages.filter((text) => text.startsWith('no ledger here'))).toHaveLength(1);
    const store = createCollectingStore();
    const drainer = await spools.open({ destination: store });
    expect(await drainer.adopt()).toMatchObject({ adopted: 1, stored: 3 });
    await drainer.close();
    expect(spools.spools()).toEqual([]);
  });
});

describe('an outcome whose settlement never came', () => {
  it('is settled at close, and the settlement is stored', async () => {
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    const spool = await spools.open({ destination: store, recover: gate.recover });
    const [settled, unsettled, unheld] = [usageEvent(), usageEvent(), usageEvent()];
    spool.recordOutcome(settled, holdFor(settled));
    spool.recordOutcome(unsettled, holdFor(unsettled));
    spool.recordOutcome(unheld, null);
    spool.recordSettlement(settlement({ attemptId: settled.eventId }));
    expect(spool.unsettledOutcomes).toBe(1);
    await spool.close();
    expect([...gate.settled.keys()]).toEqual([unsettled.eventId]);
    expect(store.attemptsSettled().sort()).toEqual([settled.eventId, unsettled.eventId].sort());
    expect(spools.spools()).toEqual([]);
  });

  it('is not taken for settled by a mere adjustment', async () => {
    const spool = await spools.open();
    const event = usageEvent();
    spool.recordOutcome(event, holdFor(event));
    spool.recordSettlement(settlement({ attemptId: event.eventId, kind: 'adjust' }));
    expect(spool.unsettledOutcomes).toBe(1);
    spool.recordSettlement(settlement({ attemptId: event.eventId, kind: 'release' }));
    expect(spool.unsettledOutcomes).toBe(0);
  });

  it('waits on disk while the gate is away, though it has been stored', async () => {
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    gate.away = true;
    const spool = await spools.open({ destination: store, recover: gate.recover });
    const event = usageEvent();
    spool.recordOutcome(event, holdFor(event));
    await spool.close();
    expect(store.eventIds()).toEqual([event.eventId]);
    expect(spools.spools()).toHaveLength(1);
    gate.away = false;
    const next = await spools.open({ destination: store });
    expect(await next.adopt()).toMatchObject({ unsettled: 1, recovered: 0 });
    await next.close();
    const recovering = await spools.open({ destination: store, recover: gate.recover });
    await recovering.adopt();
    await recovering.close();
    expect(store.attemptsSettled()).toEqual([event.eventId]);
    expect(store.eventIds()).toEqual([event.eventId]);
  });
});
