import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { adoptSpools } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usageEvent } from '../../contract/usage-fixtures.ts';
import { createCollectingStore, unavailable } from './collecting-store.ts';
import { createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';

const MINUTE_MS = 60_000;

let spools: SpoolRoot;
beforeEach(() => {
  spools = createSpoolRoot();
});
afterEach(() => spools.remove());

/** One outcome that waited in the spool while the ledger was away, was stored then, and whose process was killed after that. */
async function storedAfter(waitedMs: number): Promise<string> {
  const store = createCollectingStore();
  store.before = unavailable;
  const spool = await spools.open({ destination: store });
  const event = usageEvent();
  spool.recordOutcome(event, null);
  await spool.flush();
  spools.clock.advance(waitedMs);
  store.before = () => {};
  expect(await spool.flush()).toEqual({ stored: 1, pending: 0 });
  spools.kill(spool);
  await spool.close();
  return event.eventId;
}

/** The machine lost its power: the ledger has forgotten what it had not written through. */
async function adoptForALedgerThatForgot(): Promise<string[]> {
  const store = createCollectingStore();
  const { graveyard: root, clock } = spools;
  await adoptSpools({ root, destination: store, clock, isAlive: nobodyLives });
  return store.eventIds();
}

describe('a segment that was stored just before its machine went down', () => {
  it.each([0, 180 * MINUTE_MS])('is sent again, after it had waited %i ms for the ledger', async (waited) => {
    const eventId = await storedAfter(waited);
    spools.clock.advance(9 * MINUTE_MS);
    expect(await adoptForALedgerThatForgot()).toEqual([eventId]);
  });

  it('is not sent again once its ten minutes are over', async () => {
    await storedAfter(0);
    spools.clock.advance(11 * MINUTE_MS);
    expect(await adoptForALedgerThatForgot()).toEqual([]);
    expect(spools.spools(spools.graveyard)).toEqual([]);
  });
});

describe('a segment whose file cannot be read for a while', () => {
  it('keeps none of those behind it waiting, and is stored once it can', async () => {
    const store = createCollectingStore();
    store.before = unavailable;
    const spool = await spools.open({ destination: store, sealRows: 1 });
    const [first, ...others] = Array.from({ length: 4 }, () => usageEvent());
    for (const event of [first, ...others]) if (event) spool.recordOutcome(event, null);
    await spool.flush();
    const [file, aside] = [join(spool.directory, '000001.ready'), join(spools.root, 'aside')];
    renameSync(file, aside);
    mkdirSync(file);
    store.before = () => {};
    expect(await spool.flush()).toEqual({ stored: 3, pending: 1 });
    expect(store.eventIds()).toEqual(others.map(({ eventId }) => eventId));
    expect(spools.logger.messages).toContain('segment file cannot be shipped');
    rmdirSync(file);
    renameSync(aside, file);
    expect(await spool.flush()).toEqual({ stored: 1, pending: 0 });
    expect(store.eventIds()).toContain(first?.eventId);
    await spool.close();
  });
});
