import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import type { UsageEvent } from '@tallygate/usage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, segmentOf, settlement, usageEvent } from '../../contract/usage-fixtures.ts';
import { openTables, type Tables } from './tables.ts';

/** What the engine does by itself that would lose usage or count it twice, each met on purpose. */
const directory = mkdtempSync(join(tmpdir(), 'tallygate-traps-'));
const FOR_GOOD = { rawDays: 10_000, providerIdDays: 10_000 };
let store: UsageStore;
let tables: Tables;

beforeAll(async () => {
  store = await openUsageStore(
    { kind: 'embedded', directory },
    { clock: fixedClock, settlingMs: 0, retention: FOR_GOOD },
  );
  tables = openTables(directory);
  await tables.run('SYSTEM STOP MERGES usage_events');
});
afterAll(async () => {
  await store.close();
  await tables.close();
  rmSync(directory, { recursive: true });
});

const rangeOf = (organization: string) => ({ organization, fromMs: START_MS, toMs: START_MS + 1 });
const eventsOf = (organization: string, count = 1) =>
  Array.from({ length: count }, () => usageEvent({ organization }));

async function expectSpent(organization: string, attempts: number): Promise<void> {
  const query = { ...rangeOf(organization), by: 'budget' as const, groupBy: [] };
  const expected = [{ attempts, contractedCostNanoUsd: BigInt(attempts) * 600_000n }];
  expect(await store.spend(query)).toMatchObject(expected);
  while ((await store.addUp()).more);
  expect(await store.spend(query)).toMatchObject(expected);
}

describe('the engine', () => {
  it('forgets the oldest tokens: a replay beyond them stands there twice and counts once, before and after rollups', async () => {
    const organization = 'forgotten';
    await tables.run('ALTER TABLE usage_events MODIFY SETTING non_replicated_deduplication_window = 3');
    const segments = Array.from({ length: 6 }, () => segmentOf(eventsOf(organization, 2)));
    for (const segment of segments) await store.store(segment);
    for (const segment of segments.slice(0, 2)) await store.store(segment);
    expect(await store.counts(rangeOf(organization))).toMatchObject({ events: 12, duplicates: 4 });
    await expectSpent(organization, 12);
    await tables.run('ALTER TABLE usage_events MODIFY SETTING non_replicated_deduplication_window = 100000');
  });

  it('that refuses an insert has not spent its token, and drops nothing that comes after it', async () => {
    const organization = 'refused';
    await tables.run("ALTER TABLE usage_events ADD CONSTRAINT sound CHECK organization != 'refused'");
    const refused = segmentOf(eventsOf(organization, 2), { settlements: [settlement({ organization })] });
    await expect(store.store(refused)).rejects.toMatchObject({ code: 'TALLYGATE_REQUEST_INVALID' });
    for (let index = 0; index < 3; index += 1) await store.store(segmentOf(eventsOf('behind')));
    const whose = { organization, providerOrganizationId: '' };
    const report = { reportId: 'r', ...whose, kind: 'reconciliation' as const, body: null };
    await store.saveReport({ ...report, fromMs: START_MS, toMs: START_MS + 1, createdAtMs: START_MS });
    expect(await store.counts(rangeOf('behind'))).toMatchObject({ events: 3 });
    expect(await store.lastReports(organization)).toMatchObject([{ reportId: 'r' }]);

    await tables.run('ALTER TABLE usage_events DROP CONSTRAINT sound');
    await store.store(refused);
    expect(await store.counts(rangeOf(organization))).toMatchObject({ events: 2, settlements: 1 });
  });

  it('that died between rows and their mark marks them at the retry, though it drops the rows as known', async () => {
    const organization = 'unmarked';
    const segment = segmentOf(eventsOf(organization));
    await store.store(segment);
    await tables.run('TRUNCATE TABLE dirty_hours');
    await store.store(segment);
    expect(await tables.rows('SELECT organization FROM dirty_hours')).toEqual([{ organization }]);
    expect(await store.counts(rangeOf(organization))).toMatchObject({ events: 1, duplicates: 0 });
    await expectSpent(organization, 1);
  });

  it('keeps apart two rows of one event that disagree about whose it is: its money counts once, and the copy is told', async () => {
    const organization = 'disagreeing';
    const [event] = eventsOf(organization) as [UsageEvent];
    const other = { ...event, attribution: { ...event.attribution, team: 'search' } };
    await store.store(segmentOf([event]));
    await store.store(segmentOf([other]));
    await tables.run('SYSTEM START MERGES usage_events');
    await tables.run('OPTIMIZE TABLE usage_events FINAL');
    await tables.run('SYSTEM STOP MERGES usage_events');
    expect(await store.counts(rangeOf(organization))).toMatchObject({ events: 1, lines: 1, duplicates: 1 });
    await expectSpent(organization, 1);
    const byTeam = { ...rangeOf(organization), by: 'budget' as const, groupBy: ['team' as const] };
    expect(await store.spend(byTeam)).toHaveLength(1);
  });
});
