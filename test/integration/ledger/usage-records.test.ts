import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openUsageStore, type UsageStore, type UsageStoreOptions } from '@tallygate/ledger';
import type { UsageCursor, UsageEvent } from '@tallygate/usage';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, usageEvent, usageLine } from '../../contract/usage-fixtures.ts';
import { type ClickHouseOverHttp, startClickHouseOverHttp } from '../../setup/clickhouse-http.ts';

const SEED = 20_261_121;
const HOUR_MS = 3_600_000;
const directory = mkdtempSync(join(tmpdir(), 'tallygate-records-'));
let engine: ClickHouseOverHttp;
let store: UsageStore;

beforeAll(async () => {
  engine = await startClickHouseOverHttp();
});
afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true });
});

const ofRange = (organization: string, fromMs: number, toMs: number) => ({ organization, fromMs, toMs });

async function pagesOf(organization: string, fromMs: number, toMs: number): Promise<UsageEvent[][]> {
  const pages: UsageEvent[][] = [];
  let after: UsageCursor | null = null;
  do {
    const page = await store.usagePage({ ...ofRange(organization, fromMs, toMs), after, maxRows: 1_000 });
    pages.push(page.events);
    after = page.next;
  } while (after !== null);
  return pages;
}

let segments = 0;
async function stored(events: UsageEvent[]): Promise<void> {
  segments += 1;
  await store.store({ token: `records/${segments}`, events, settlements: [], denials: [] });
}

const byId = (events: readonly UsageEvent[]) =>
  [...events].sort((left, right) => (left.eventId < right.eventId ? -1 : 1));

describe.each([
  ['embedded', (): UsageStoreOptions => ({ kind: 'embedded', directory })],
  ['on a server', (): UsageStoreOptions => ({ kind: 'server', url: engine.url })],
])('the ledger %s gives back', (_where, options) => {
  beforeAll(async () => {
    store = await openUsageStore(options(), { clock: fixedClock });
  });
  afterAll(() => store.close());

  it('every event of a range as it was recorded, whole and once, however pages cut it and whatever was stored twice', async () => {
    const shape = fc.record({
      hours: fc.integer({ min: 0, max: 30 }),
      lines: fc.integer({ min: 1, max: 4 }),
      team: fc.constantFrom('support', 'search', 'Zürich'),
      cost: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
    });
    const [shapes = []] = fc.sample(fc.array(shape, { minLength: 2_500, maxLength: 2_500 }), {
      seed: SEED,
      numRuns: 1,
    });
    const events = shapes.map(({ hours, lines, team, cost }) => {
      const event = usageEvent({ organization: 'pages', budgetInstantMs: START_MS + hours * HOUR_MS });
      return {
        ...event,
        attribution: { ...event.attribution, team },
        lines: Array.from({ length: lines }, (_, index) =>
          usageLine({ line: index * 999, contractedCostNanoUsd: cost }),
        ),
      };
    });
    await stored(events);
    await stored(events.slice(0, 900));
    const [fromMs, toMs] = [START_MS + 2 * HOUR_MS, START_MS + 29 * HOUR_MS];
    const pages = await pagesOf('pages', fromMs, toMs);
    expect(pages.length).toBeGreaterThan(3);
    const wanted = events.filter(({ budgetInstantMs: atMs }) => atMs >= fromMs && atMs < toMs);
    expect(byId(pages.flat())).toEqual(byId(wanted));
  });

  it('nothing of a range without events', async () => {
    expect(await pagesOf('nobody', START_MS, START_MS + HOUR_MS)).toEqual([[]]);
  });

  it('of some ids those that it has, in that range and of that organization', async () => {
    const [first, second] = [usageEvent({ organization: 'known' }), usageEvent({ organization: 'known' })];
    await stored([first, second, usageEvent({ organization: 'other' })]);
    const ids = [first.eventId, ...Array.from({ length: 199 }, () => usageEvent().eventId)];
    const range = ofRange('known', START_MS, START_MS + 1);
    expect(await store.knownEvents({ ...range, eventIds: ids })).toEqual([first.eventId]);
    expect(await store.knownEvents({ ...range, toMs: START_MS, eventIds: ids })).toEqual([]);
    expect(await store.knownEvents({ ...range, organization: 'other', eventIds: ids })).toEqual([]);
  });
});
