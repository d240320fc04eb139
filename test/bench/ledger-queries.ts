import { openUsageStore, type UsageStore } from '@tallygate/ledger';
import { type SpendQuery, systemClock } from '@tallygate/usage';
import { openTables, type Tables } from '../integration/ledger/tables.ts';
import { MONTH_END_MS, MONTH_START_MS, ORGANIZATIONS } from './ledger-made-rows.ts';
import type { ShowProgress } from './run.ts';

/** How long questions about a month of usage take. Times are medians, in a process that is warm. */
export interface QueryBench {
  /** One organization, the largest: its month by team. */
  orgMonthByTeamMs: number;
  /** The month of each of the organizations, one after the other. */
  allOrgsMonthMs: number;
  /** The largest organization's last two hours by team, which no rollup has seen yet. */
  lastTwoHoursMs: number;
  /** One hour of all organizations is added up again, and the day it lies in. */
  rebuildHourMs: number;
}

/** Of milliseconds more than of seconds: other work of the machine lasts longer than fifteen of them. */
const QUICK = { warmUps: 25, repetitions: 101 };
const SLOW = { warmUps: 5, repetitions: 15 };
const HOUR_MS = 3_600_000;

/** Of the month in the directory, added up first where it is not yet. With the memory that an application's engine has. */
export async function benchQueries(directory: string, showProgress: ShowProgress): Promise<QueryBench> {
  const store = await openUsageStore({ kind: 'embedded', directory }, { clock: systemClock, settlingMs: 0 });
  const tables = openTables(directory);
  try {
    await addUpAll(store, ORGANIZATIONS * 31, showProgress);
    // As every store does once an hour: a directory that is measured again holds what was replaced for the last measurement.
    await store.sweep(0);
    await mergeRollups(tables);
    return await questions(store, tables);
  } finally {
    await tables.close();
    await store.close();
  }
}

export async function addUpAll(store: UsageStore, days: number, showProgress: ShowProgress): Promise<void> {
  let added = { hours: 0, days: 0 };
  for (let more = true; more; ) {
    const run = await store.addUp();
    added = { hours: added.hours + run.hours, days: added.days + run.days };
    more = run.more;
    showProgress(added.days, days, `days added up, of ${added.hours} hours`);
  }
}

/** As the engine does by itself in the days after a month: here all of it was written within a minute. */
export async function mergeRollups(tables: Tables): Promise<void> {
  for (const table of ['spend_hours', 'spend_days', 'billing_hours', 'billing_days'])
    await tables.run(`OPTIMIZE TABLE ${table} FINAL SETTINGS optimize_skip_merged_partitions = 1`);
}

async function questions(store: UsageStore, tables: Tables) {
  const month: SpendQuery = {
    organization: 'org-0',
    fromMs: MONTH_START_MS,
    toMs: MONTH_END_MS,
    by: 'budget',
    groupBy: ['team'],
  };
  const lastTwoHours = { ...month, fromMs: MONTH_END_MS - 2 * HOUR_MS };
  const everyone = Array.from({ length: ORGANIZATIONS }, (_, number) => `org-${number}`);
  const orgMonthByTeamMs = await medianMs(QUICK, () => store.spend(month));
  const allOrgsMonthMs = await medianMs(SLOW, async () => {
    for (const organization of everyone) await store.spend({ ...month, organization, groupBy: [] });
  });
  const rebuildHourMs = await medianMs(
    SLOW,
    () => store.addUp(),
    () => markDirty(tables, MONTH_END_MS - 30 * HOUR_MS, 1),
  );
  await markDirty(tables, MONTH_END_MS - 2 * HOUR_MS, 2);
  const lastTwoHoursMs = await medianMs(QUICK, () => store.spend(lastTwoHours));
  await store.addUp();
  return { orgMonthByTeamMs, allOrgsMonthMs, lastTwoHoursMs, rebuildHourMs };
}

/** As if rows had just come in. */
async function markDirty(tables: Tables, fromMs: number, hours: number): Promise<void> {
  await tables.run(`INSERT INTO dirty_hours SETTINGS async_insert = 0
    SELECT concat('org-', toString(number)), toDateTime(${fromMs / 1_000} + 3600 * hour, 'UTC'), now64(6)
    FROM numbers(${ORGANIZATIONS}) ARRAY JOIN range(${hours}) AS hour`);
}

async function medianMs(
  { warmUps, repetitions }: typeof QUICK,
  work: () => Promise<unknown>,
  before: () => Promise<unknown> = async () => {},
): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < warmUps + repetitions; index += 1) {
    await before();
    const startedMs = performance.now();
    await work();
    if (index >= warmUps) times.push(performance.now() - startedMs);
  }
  times.sort((left, right) => left - right);
  return Math.round((times[Math.floor(times.length / 2)] ?? Number.NaN) * 10) / 10;
}
