import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openUsageStore, type Spool, type UsageStore } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../chaos/random.ts';
import { fixedClock, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';
import { createSpoolRoot, type SpoolRoot } from './spool-fixtures.ts';

/** Rows of fixed days, whatever day it is. */
const FOR_GOOD = { rawDays: 10_000, providerIdDays: 10_000 };
const ALWAYS = { organization: 'acme', fromMs: 0, toMs: Date.UTC(2030, 0) };
const MONTHS = 5;
const ROWS = 300;

let spools: SpoolRoot;
let server: ClickHouseOverHttp;
let store: UsageStore;
beforeEach(async () => {
  spools = createSpoolRoot();
  mkdirSync(directory());
  server = await startClickHouseOverHttp({ directory: directory(), port: 0 });
  store = await openUsageStore(
    { kind: 'server', url: server.url },
    { clock: fixedClock, retention: FOR_GOOD, settlingMs: 0 },
  );
  await keepCopies();
});
afterEach(async () => {
  await store.close();
  await server.close();
  spools.remove();
});

const directory = () => join(spools.root, '..', 'server');

/** Also over a restart: what a merge would hide must be right without it. */
async function keepCopies(): Promise<void> {
  const never = 'max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1';
  for (const table of ['usage_events', 'settlements']) {
    const answer = await fetch(server.url, {
      method: 'POST',
      body: `ALTER TABLE ${table} MODIFY SETTING ${never}`,
    });
    expect(await answer.text()).toBe('');
  }
}

async function restart(): Promise<void> {
  server = await startClickHouseOverHttp({ directory: directory(), port: Number(new URL(server.url).port) });
}

/** One segment over many months: the engine writes a part for each, and a crash can leave some of them. */
function recordYear(spool: Spool): void {
  for (let index = 0; index < ROWS; index += 1) {
    const budgetInstantMs = Date.UTC(2026, index % MONTHS, 14);
    const event = usageEvent({ budgetInstantMs, endedAtMs: budgetInstantMs + 1 });
    spool.recordOutcome(event, null);
    spool.recordSettlement(settlement({ attemptId: event.eventId, seq: index + 1, budgetInstantMs }));
  }
}

async function expectExactly(years: number): Promise<void> {
  expect(await store.counts(ALWAYS)).toMatchObject({ events: years * ROWS, duplicates: 0 });
  const spent = async () => (await store.spend({ ...ALWAYS, by: 'budget', groupBy: [] }))[0];
  const expected = { attempts: years * ROWS, contractedCostNanoUsd: BigInt(years * ROWS) * 600_000n };
  expect(await spent()).toMatchObject(expected);
  while ((await store.addUp()).more);
  expect(await spent()).toMatchObject(expected);
}

/** Each starts the engine several times. */
describe('a ClickHouse server', { timeout: 180_000 }, () => {
  it('that is killed in the middle of inserts gets the same segments again: every row once, its tokens survived', async () => {
    const seed = Date.now() % 2 ** 31;
    const random = createRandom(seed);
    const spool = await spools.open({ destination: store, sealRows: 1_000_000, sealBytes: 2 ** 30 });
    recordYear(spool);
    const begunMs = performance.now();
    expect(await spool.flush()).toMatchObject({ pending: 0 });
    const insertMs = performance.now() - begunMs;
    let years = 1;
    for (; years <= 3; years += 1) {
      recordYear(spool);
      const flushed = spool.flush();
      await pause(random.between(0, Math.ceil(insertMs)));
      await server.kill();
      await flushed;
      await restart();
      expect(await spool.flush(), `seed ${seed}`).toMatchObject({ pending: 0 });
    }
    await expectExactly(years);
    await spool.close();
  });

  it('that is down for hours delays nobody: the spool grows, and the ledger is exact once it is up again', async () => {
    const spool = await spools.open({ destination: store, sealRows: 250 });
    await server.kill();
    recordYear(spool);
    expect(await spool.flush()).toEqual({ stored: 0, pending: 2 * ROWS });
    spools.clock.advance(3 * 3_600_000);
    await restart();
    expect(await spool.flush()).toEqual({ stored: 2 * ROWS, pending: 0 });
    await expectExactly(1);
    await spool.close();
  });
});
