import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import {
  NANO_USD_MAX,
  SPEND_DIMENSIONS,
  type SpendQuery,
  type SpendRow,
  type UsageEvent,
} from '@tallygate/usage';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { naiveSpend } from '../../contract/naive-spend.ts';
import {
  anyEvent,
  fixedClock,
  START_MS,
  segmentOf,
  usageEvent,
  usageLine,
} from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

describe('rollups', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-rollups-'));
  let store: UsageStore;
  let tables: Tables;

  beforeAll(async () => {
    store = await openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock, settlingMs: 0 });
    tables = openTables(directory);
    // Copies stay: what a merge would hide must be right without it.
    await tables.run('SYSTEM STOP MERGES');
  });
  afterAll(async () => {
    await store.close();
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  const addUpAll = async () => {
    while ((await store.addUp()).more);
  };
  const expectModel = async (events: readonly UsageEvent[], query: SpendQuery) =>
    expect(sorted(await store.spend(query)), JSON.stringify(query)).toEqual(
      sorted(naiveSpend(events, query)),
    );

  it('never change a sum: random inserts, copies, late rows, jobs at once, jobs that died (seed 20261121)', async () => {
    const events: UsageEvent[] = [];
    const organization = 'random';
    const sent: ReturnType<typeof segmentOf>[] = [];
    const steps = {
      fresh: async (drawn: UsageEvent[]) => {
        const mine = drawn.map((event) => ({ ...event, organization, budgetInstantMs: near(event) }));
        const segment = segmentOf(mine);
        await store.store(segment);
        sent.push(segment);
        events.push(...mine);
      },
      retry: async () => {
        const last = sent.at(-1);
        if (last) await store.store(last);
      },
      replayBeyondTheWindow: async (drawn: UsageEvent[]) => {
        const old = sent[drawn.length % Math.max(sent.length, 1)];
        if (old) await store.store(segmentOf(old.events));
      },
      addUp: addUpAll,
      addUpTwiceAtOnce: async () => {
        await Promise.all([store.addUp(), store.addUp(), store.addUp()]);
      },
      dieBeforeThePointer: async () => {
        for (const rollup of ['spend_hours', 'billing_hours', 'spend_days', 'billing_days'])
          await tables.run(
            `INSERT INTO ${rollup} SELECT * REPLACE (generation + 2 AS generation, now64(6) AS taken_at) FROM ${rollup} LIMIT 50`,
          );
      },
    };
    const step = fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[]));
    const range = fc.tuple(fc.integer({ min: -30, max: 30 }), fc.integer({ min: 1, max: 60 }), fc.boolean());
    const script = fc.tuple(
      step,
      fc.array(anyEvent, { minLength: 1, maxLength: 12 }),
      fc.subarray([...SPEND_DIMENSIONS], { maxLength: 3 }),
      fc.constantFrom('ended' as const, 'budget' as const),
      range,
    );
    for (const [name, drawn, dimensions, by, [from, length, isCut]] of fc.sample(script, {
      numRuns: 40,
      seed: 20261121,
    })) {
      await steps[name](drawn);
      const base = Math.floor(START_MS / DAY_MS) * DAY_MS;
      const cutMs = isCut ? 1_234_567 : 0;
      const groupBy = dimensions.filter((dimension) => dimension !== 'tag');
      const fromMs = base + from * HOUR_MS + cutMs;
      await expectModel(events, {
        organization,
        by,
        groupBy,
        fromMs,
        toMs: fromMs + length * HOUR_MS + cutMs,
      });
      const always = { organization, fromMs: 0, toMs: Date.UTC(2100, 0) };
      await expectModel(events, { ...always, by, groupBy: ['team', 'responseModel'] });
      await expectModel(events, { ...always, by, groupBy: ['serviceTier', 'day'] });
    }
    const stored = await tables.rows(
      "SELECT count() AS n FROM usage_events WHERE organization = 'random' SETTINGS final = 0",
    );
    expect(Number(stored[0]?.['n'])).toBeGreaterThan(events.flatMap((event) => event.lines).length);
  });

  it('are what is read once an hour has settled: rows that vanish are not missed', async () => {
    const organization = 'settled';
    const events = [usageEvent({ organization }), usageEvent({ organization, status: 'error' })];
    await store.store(segmentOf(events));
    await addUpAll();
    await tables.run(
      "ALTER TABLE usage_events DELETE WHERE organization = 'settled' SETTINGS mutations_sync = 0",
    );
    const query = { organization, by: 'ended' as const, groupBy: ['status' as const] };
    await expectModel(events, { ...query, fromMs: START_MS - 12 * HOUR_MS, toMs: START_MS + 12 * HOUR_MS });
  });

  it('read a day by the generation that counts for it, though that one counts no more for another day', async () => {
    const organization = 'two-days';
    const on = (days: number) => {
      const instantMs = START_MS + days * DAY_MS;
      return usageEvent({ organization, budgetInstantMs: instantMs, endedAtMs: instantMs });
    };
    const events = [on(0), on(1)];
    await store.store(segmentOf(events));
    await addUpAll();
    const query = { organization, by: 'budget' as const, groupBy: ['day' as const] };
    const range = { fromMs: START_MS - 12 * HOUR_MS, toMs: START_MS + 36 * HOUR_MS };
    events.push(on(0));
    await store.store(segmentOf(events.slice(2)));
    await expectModel(events, { ...query, ...range });
    await addUpAll();
    await expectModel(events, { ...query, ...range });
  });

  it('count an attempt with lines of two models once, and once with each model', async () => {
    const organization = 'two-models';
    const lines = [usageLine(), usageLine({ line: 1, responseModel: 'claude-haiku-4-5' })];
    await store.store(segmentOf([usageEvent({ organization, lines }), usageEvent({ organization })]));
    await addUpAll();
    const query = { organization, by: 'budget' as const, fromMs: START_MS - DAY_MS, toMs: START_MS + DAY_MS };
    expect(await store.spend({ ...query, groupBy: [] })).toMatchObject([{ attempts: 2, calls: 2 }]);
    const models = await store.spend({ ...query, groupBy: ['responseModel'] });
    expect(models.map((row) => [row.group.responseModel, row.attempts])).toEqual([
      ['claude-haiku-4-5', 1],
      ['claude-sonnet-4-5', 2],
    ]);
  });

  it('are not read where somebody else has marked an hour since they were last asked for', async () => {
    const organization = 'two-writers';
    const query = { organization, by: 'budget' as const, groupBy: [] };
    const range = { fromMs: START_MS - 12 * HOUR_MS, toMs: START_MS + 12 * HOUR_MS };
    await store.store(segmentOf([usageEvent({ organization })]));
    await addUpAll();
    for (const attempts of [1, 1])
      expect(await store.spend({ ...query, ...range })).toMatchObject([{ attempts }]);
    await tables.run(`INSERT INTO usage_events
      SELECT * REPLACE (concat(event_id, '-again') AS event_id) FROM usage_events WHERE organization = '${organization}'`);
    expect(await store.spend({ ...query, ...range })).toMatchObject([{ attempts: 2 }]);
  });

  it('sum money beyond 64 bits exactly, hour by hour and day by day', async () => {
    const organization = 'rich';
    const event = (lines: number) => {
      const cost = { listCostNanoUsd: NANO_USD_MAX, contractedCostNanoUsd: -NANO_USD_MAX };
      return usageEvent({
        organization,
        lines: Array.from({ length: lines }, (_, line) => usageLine({ line, ...cost })),
      });
    };
    await store.store(segmentOf([event(1), event(3)]));
    await addUpAll();
    const day = { fromMs: START_MS - 12 * HOUR_MS, toMs: START_MS + 36 * HOUR_MS };
    for (const groupBy of [['team'], ['team', 'hour'], ['team', 'user']] as const)
      expect(await store.spend({ organization, by: 'budget', groupBy: [...groupBy], ...day })).toMatchObject([
        { listCostNanoUsd: 4n * NANO_USD_MAX, contractedCostNanoUsd: -4n * NANO_USD_MAX },
      ]);
  });

  it('answer with the filter that rows answer with', async () => {
    const organization = 'filtered';
    const of = (team: string) => ({ ...usageEvent().attribution, team });
    await store.store(
      segmentOf(['a', 'b', 'b'].map((team) => usageEvent({ organization, attribution: of(team) }))),
    );
    const query = {
      organization,
      by: 'ended' as const,
      fromMs: START_MS - 12 * HOUR_MS,
      toMs: START_MS + DAY_MS,
    };
    const filter = { team: ['b', 'z'] };
    for (const groupBy of [['team'], ['team', 'requestModel']] as const) {
      expect(await store.spend({ ...query, groupBy: [...groupBy], filter })).toMatchObject([{ attempts: 2 }]);
    }
    await addUpAll();
    expect(await store.spend({ ...query, groupBy: ['team'], filter })).toMatchObject([{ attempts: 2 }]);
  });

  it('refuse more than 31 days of users or tags, and a tag without its name', async () => {
    const query = { organization: 'x', by: 'ended' as const, fromMs: 0 };
    for (const groupBy of ['user', 'workflow', 'taskType'] as const)
      await expect(store.spend({ ...query, toMs: 32 * DAY_MS, groupBy: [groupBy] })).rejects.toMatchObject({
        code: 'TALLYGATE_REQUEST_INVALID',
      });
    await expect(store.spend({ ...query, toMs: 1, groupBy: ['tag'] })).rejects.toThrow('name of a tag');
  });
});

/** Within three days, so that hours and days have several events each. */
function near(event: UsageEvent): number {
  return START_MS + ((event.budgetInstantMs - START_MS) % (36 * HOUR_MS));
}

function sorted(rows: SpendRow[]): SpendRow[] {
  const key = (row: SpendRow) => JSON.stringify(Object.entries(row.group).sort());
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
