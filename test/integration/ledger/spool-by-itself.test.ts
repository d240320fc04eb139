import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitingSettlements } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { holdFor, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, unavailable } from './collecting-store.ts';
import { createSettlingGate, createSpoolRoot, type SpoolRoot } from './spool-fixtures.ts';

let spools: SpoolRoot;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  spools = createSpoolRoot();
});
afterEach(() => {
  vi.useRealTimers();
  spools.remove();
});

/** Half a minute: what the spool does now and then is due. */
function halfAMinute(): void {
  spools.clock.advance(30_001);
  vi.advanceTimersByTime(30_000);
}

/** A spool whose process is gone, with one outcome that holds budget. */
async function leaveOrphan(): Promise<string> {
  const spool = await spools.open();
  const event = usageEvent();
  spool.recordOutcome(event, holdFor(event));
  await spool.flush();
  spools.kill(spool);
  rmSync(join(spools.graveyard, spool.spoolId, 'owner.json'));
  return event.eventId;
}

describe('a spool that drains', () => {
  it('takes over what dead processes left as soon as it is open, and is done with it when closed', async () => {
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    const eventId = await leaveOrphan();
    const options = { directory: spools.graveyard, destination: store, recover: gate.recover };
    await (await spools.open(options)).close();
    expect(store.eventIds()).toEqual([eventId]);
    expect(store.attemptsSettled()).toEqual([eventId]);
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('comes back to what it could not finish', async () => {
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    store.before = unavailable;
    const eventId = await leaveOrphan();
    const options = { directory: spools.graveyard, destination: store, recover: gate.recover };
    const spool = await spools.open(options);
    await spool.adopt();
    expect(store.eventIds()).toEqual([]);
    store.before = () => {};
    halfAMinute();
    halfAMinute();
    await vi.waitFor(() => expect(store.eventIds()).toEqual([eventId]));
    await spool.close();
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });

  it('settles its own outcomes that the meter has given up, and leaves fresh ones to the meter', async () => {
    const [store, gate] = [createCollectingStore(), createSettlingGate()];
    const spool = await spools.open({ destination: store, recover: gate.recover });
    const [old, fresh] = [usageEvent(), usageEvent()];
    spool.recordOutcome(old, holdFor(old));
    await spool.flush();
    spools.clock.advance(20_000);
    spool.recordOutcome(fresh, holdFor(fresh));
    spools.clock.advance(10_001);
    vi.advanceTimersByTime(30_000);
    await vi.waitFor(() => expect(spool.unsettledOutcomes).toBe(1));
    expect([...gate.settled.keys()]).toEqual([old.eventId]);
    halfAMinute();
    await vi.waitFor(() => expect(spool.unsettledOutcomes).toBe(0));
    await spool.close();
    expect(store.attemptsSettled().sort()).toEqual([old.eventId, fresh.eventId].sort());
  });
});

describe('settlements that wait', () => {
  it('are those of the living and the dead that the store has not, and reading them changes no file', async () => {
    const living = await spools.open();
    const store = createCollectingStore();
    const [open, sealed] = [settlement({ seq: 1 }), settlement({ seq: 2 })];
    living.recordSettlement(sealed);
    await living.flush();
    living.recordSettlement(open);
    const files = spools.files(living.directory);
    const ask = (destination: typeof store | null) => waitingSettlements({ root: spools.root, destination });
    expect(await ask(null)).toEqual([sealed, open]);
    expect(await ask(store)).toEqual([open]);
    expect(store.attemptsSettled()).toEqual([sealed.attemptId]);
    expect(spools.files(living.directory)).toEqual(files);
    store.before = unavailable;
    await expect(ask(store)).rejects.toMatchObject({ code: 'TALLYGATE_LEDGER_UNAVAILABLE' });
  });
});
