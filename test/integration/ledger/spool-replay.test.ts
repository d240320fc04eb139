import { join } from 'node:path';
import { adoptSpools, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  denialRecord,
  fixedClock,
  START_MS,
  segmentOf,
  settlement,
  usageEvent,
  usageLine,
} from '../../contract/usage-fixtures.ts';
import { createCollectingStore } from './collecting-store.ts';
import { createSpoolRoot, nobodyLives, type SpoolRoot } from './spool-fixtures.ts';
import { openTables } from './tables.ts';

let spools: SpoolRoot;
let store: UsageStore;
const ledger = () => join(spools.root, '..', 'ledger');
beforeEach(async () => {
  spools = createSpoolRoot();
  // These rows are of fixed days: the engine, which knows what day it is, must not take them for expired ones.
  const retention = { rawDays: 10_000, providerIdDays: 10_000 };
  store = await openUsageStore({ kind: 'embedded', directory: ledger() }, { clock: fixedClock, retention });
});
afterEach(async () => {
  await store.close();
  spools.remove();
});

it('a segment that is sent so late that its token is forgotten adds only what the ledger has not, however often', async () => {
  const tables = openTables(ledger());
  await tables.run('SYSTEM STOP MERGES usage_events');
  const events = Array.from({ length: 400 }, (_, index) =>
    usageEvent({ budgetInstantMs: Date.UTC(2026, index % 3, 14) }),
  );
  const [facts, late] = [{ settlements: [settlement()], denials: [denialRecord()] }, { replayed: true }];
  await store.store(segmentOf(events.slice(0, 250)));
  // Another token: for the engine the first one might as well never have been.
  const again = segmentOf(events, { ...facts, ...late });
  await store.store(again);
  await store.store(again);
  await store.store(segmentOf(events, { ...facts, ...late }));
  const [row] = await tables.rows('SELECT count() AS n, uniqExact(event_id) AS events FROM usage_events');
  expect(row).toEqual({ n: '400', events: '400' });
  const [others] = await tables.rows('SELECT uniqExact(attempt_id) AS settled FROM settlements');
  expect(others).toEqual({ settled: '1' });
  await tables.close();
});

it('a correction that is sent so late adds its line to an event that the ledger has', async () => {
  const event = usageEvent();
  await store.store(segmentOf([event]));
  const correction = { ...event, lines: [usageLine({ line: 1_000, contractedCostNanoUsd: -9n })] };
  for (const events of [[correction], [correction, usageEvent()]])
    await store.store(segmentOf(events, { replayed: true }));
  const range = { organization: 'acme', fromMs: START_MS, toMs: START_MS + 1 };
  expect(await store.counts(range)).toMatchObject({ events: 2, lines: 3, duplicates: 0 });
});

it('the spool says of a segment older than an hour that it may be one, and of no younger one', async () => {
  const spool = await spools.open();
  spool.recordOutcome(usageEvent(), null);
  await spool.flush();
  spools.kill(spool);
  await spool.close();
  const seen = createCollectingStore();
  seen.after = () => {
    throw new TypeError('the answer is lost');
  };
  const { graveyard: root, clock } = spools;
  const pass = () => adoptSpools({ root, destination: seen, clock, isAlive: nobodyLives });
  await pass();
  spools.clock.advance(3_700_000);
  await pass();
  expect(seen.tries.map(({ replayed }) => replayed)).toEqual([undefined, true]);
});
