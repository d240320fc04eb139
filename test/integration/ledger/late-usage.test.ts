import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSpool, openUsageStore, type UsageStore } from '@tallygate/ledger';
import { type Clock, NO_USAGE, type SpendQuery, systemClock, type UsageEvent } from '@tallygate/usage';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { naiveSpend } from '../../contract/naive-spend.ts';
import { START_MS, segmentOf, usageEvent, usageLine } from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The engine expires by its own clock, so the story is told backwards from now. */
const LONG_AGO_MS = Math.floor((Date.now() - 10 * DAY_MS) / HOUR_MS) * HOUR_MS;

const at = (instantMs: number, changes: Partial<UsageEvent> = {}) =>
  usageEvent({ budgetInstantMs: instantMs, startedAtMs: instantMs, endedAtMs: instantMs, ...changes });

describe('events that arrive when rows of their hour have expired', () => {
  let directory: string;
  let tables: Tables;
  let store: UsageStore;
  const open = (rawDays: number, clock: Clock = systemClock) =>
    openUsageStore(
      { kind: 'embedded', directory: join(directory, 'ledger') },
      { clock, settlingMs: 0, retention: { rawDays, providerIdDays: 1 } },
    );
  const addUp = async () => {
    while ((await store.addUp()).more);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tallygate-late-'));
    tables = openTables(join(directory, 'ledger'));
  });
  afterEach(async () => {
    await store.close();
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  /** What was added up is all that is left of these. */
  async function expired(events: UsageEvent[]): Promise<void> {
    store = await open(400);
    await store.store(segmentOf(events));
    await addUp();
    await store.close();
    store = await open(2);
    await tables.run('ALTER TABLE usage_events MATERIALIZE TTL SETTINGS mutations_sync = 2');
    await tables.run('OPTIMIZE TABLE usage_events FINAL');
    expect(await tables.rows('SELECT count() AS n FROM usage_events')).toEqual([{ n: '0' }]);
  }

  async function expectSums(recorded: readonly UsageEvent[]): Promise<void> {
    for (const groupBy of [['team'], ['feature', 'hour'], ['day'], ['responseModel', 'basis']] as const) {
      for (const by of ['budget', 'ended'] as const) {
        const range = { fromMs: LONG_AGO_MS - DAY_MS, toMs: LONG_AGO_MS + DAY_MS };
        const query: SpendQuery = { organization: 'acme', ...range, by, groupBy: [...groupBy] };
        expect(sorted(await store.spend(query)), `${by} ${groupBy}`).toEqual(
          sorted(naiveSpend(recorded, query)),
        );
      }
    }
  }

  it('are added to what was added up, once, however often they arrive and whatever merges', async () => {
    const before = [at(LONG_AGO_MS), at(LONG_AGO_MS + 60_000, { status: 'error' })];
    await expired(before);
    const late = [
      at(LONG_AGO_MS + 1),
      at(LONG_AGO_MS + 2, { lines: [usageLine(), usageLine({ line: 1, contractedCostNanoUsd: -5n })] }),
      at(LONG_AGO_MS + 5 * HOUR_MS),
    ];
    const now = at(Math.floor(Date.now() / 1_000) * 1_000);
    await store.store(segmentOf([...late, now]));
    await expectSums([...before, ...late]);
    await store.store(segmentOf(late));
    await store.store(segmentOf(late, { replayed: true }));
    const spool = await openSpool({
      directory: join(directory, 'spool'),
      destination: store,
      clock: systemClock,
    });
    for (const event of late) spool.recordOutcome(event, null);
    expect(await spool.flush()).toEqual({ stored: late.length, pending: 0 });
    await spool.close();
    await expectSums([...before, ...late]);
    await addUp();
    await tables.run('OPTIMIZE TABLE late_usage_events FINAL');
    await expectSums([...before, ...late]);
    expect(await tables.rows('SELECT count() AS n FROM usage_events')).toEqual([{ n: '1' }]);
  });

  it('take their corrections along, and are known to whoever asks before an import', async () => {
    await expired([at(LONG_AGO_MS)]);
    const late = at(LONG_AGO_MS + 1);
    const correction = {
      ...late,
      lines: [usageLine({ line: 1_000, usage: NO_USAGE, contractedCostNanoUsd: -9n })],
    };
    await store.store(segmentOf([late]));
    await store.store(segmentOf([correction], { replayed: true }));
    const range = { organization: 'acme', fromMs: LONG_AGO_MS, toMs: LONG_AGO_MS + HOUR_MS };
    const [row] = await store.spend({ ...range, by: 'budget', groupBy: [] });
    expect(row).toMatchObject({ attempts: 2, contractedCostNanoUsd: 1_199_991n });
    expect(await store.knownEvents({ ...range, eventIds: ['nobody', late.eventId] })).toEqual([late.eventId]);
    expect(await store.counts(range)).toMatchObject({ events: 1, lines: 2, duplicates: 0 });
  });

  it('are not those that came in time and are added up hours later', async () => {
    let nowMs = START_MS;
    store = await open(400, { nowMs: () => nowMs, monotonicMs: () => 0 });
    // By the engine's own clock these rows are older still.
    await tables.run('SYSTEM STOP MERGES usage_events');
    const hourMs = START_MS - 399 * DAY_MS;
    await store.store(segmentOf([at(hourMs)]));
    await addUp();
    await store.store(segmentOf([at(hourMs + 1)]));
    const attempts = async () => {
      const range = { organization: 'acme', fromMs: hourMs, toMs: hourMs + HOUR_MS };
      return (await store.spend({ ...range, by: 'budget', groupBy: [] })).map((row) => row.attempts);
    };
    nowMs += 20 * HOUR_MS;
    expect(await attempts()).toEqual([2]);
    await addUp();
    nowMs += 20 * HOUR_MS;
    expect(await attempts()).toEqual([2]);
    await store.store(segmentOf([at(hourMs + 2)]));
    expect(await attempts()).toEqual([3]);
  });
});

function sorted<Row>(rows: readonly Row[]): Row[] {
  const textOf = (row: Row) =>
    JSON.stringify(row, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
  return [...rows].sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
}
