/**
 * The job that keeps the rollups: dirty hours are added up from deduplicated rows as a new generation, then pointed at; days
 * likewise from the generations of their hours. Any number of processes may run it, and any may die in it: rows without a
 * pointer are read by nobody, and of two pointers to an hour the one whose rows were read later counts.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@tallygate/usage';
import type { Database } from '../database.ts';
import type { Retention } from '../retention.ts';
import { QUERIES } from '../sql.generated.ts';
import { sqlInstantFromMicros } from '../sql-instant.ts';
import { inPortions } from './in-portions.ts';
import type { ReadByState } from './remember-state.ts';
import { addUpDays, addUpHours, daysToAddUp, hoursToAddUp, sweeps } from './rollup-queries.ts';

export interface RollupDependencies {
  database: Database;
  clock: Clock;
  retention: Retention;
  /** How long after its last mark an hour is left alone: longer than an insert can lie between its mark and its rows. */
  marginMs: number;
  /** How readers learn what of the rollups counts. */
  readByState: ReadByState;
}

/** What one run added up. `more` while it stopped at its bound and another run has work at once. */
export interface AddedUp {
  hours: number;
  days: number;
  more: boolean;
}

/** Hours, of whatever organization, in one statement, unless the engine has too little memory for them. */
const HOURS_AT_ONCE = 512;
/** 24 parameters each, which travel in the URL of a request. */
const DAYS_AT_ONCE = 32;
/** Longer than a query may run, and a job between its rows and its pointer. */
const GRACE_MS = 3_600_000;

export async function addUp(rollups: RollupDependencies): Promise<AddedUp> {
  const patience = patienceOf(rollups);
  const hours = await hoursToAddUp(rollups.database, { ...patience, limit: HOURS_AT_ONCE });
  await inPortions(hours, (portion) => addUpTheseHours(rollups.database, portion));
  const days = await daysToAddUp(rollups.database, { ...patience, limit: DAYS_AT_ONCE });
  await inPortions(days, (portion) => addUpTheseDays(rollups.database, portion));
  const more = hours.length === HOURS_AT_ONCE || days.length === DAYS_AT_ONCE;
  return { hours: hours.length, days: days.length, more };
}

function patienceOf({ clock, retention, marginMs }: RollupDependencies) {
  return { marginMs, frozenBeforeSeconds: retention.frozenBeforeSeconds(clock.nowMs()) };
}

type Chosen<Find extends (...asked: never[]) => Promise<unknown[]>> = Awaited<ReturnType<Find>>;

async function addUpTheseHours(database: Database, chosen: Chosen<typeof hoursToAddUp>): Promise<void> {
  const [first] = chosen;
  const last = chosen.at(-1);
  if (first === undefined || last === undefined) return;
  const generation = newGeneration();
  const takenAtMicros = first.taken_at_micros;
  for (const add of addUpHours) {
    await add(database, {
      organizations: chosen.map((item) => item.organization),
      hours: chosen.map((item) => item.hour),
      fromMs: Number(first.hour) * 1_000,
      toMs: (Number(last.hour) + 3_600) * 1_000,
      generation,
      takenAtMicros,
    });
  }
  const pointers = chosen.map(({ organization, hour }) =>
    pointer({ organization, grain: 'hour', start: hour, generation, source: '0', takenAtMicros }),
  );
  await database.insert(QUERIES.insert_rollup_pointers, pointers);
}

async function addUpTheseDays(database: Database, chosen: Chosen<typeof daysToAddUp>): Promise<void> {
  const [first] = chosen;
  if (first === undefined) return;
  const generation = newGeneration();
  const takenAtMicros = first.taken_at_micros;
  for (const add of addUpDays) {
    await add(database, {
      organizations: chosen.flatMap(({ organization, hours }) => hours.map(() => organization)),
      hours: chosen.flatMap(({ hours }) => hours),
      generations: chosen.flatMap(({ generations }) => generations),
      generation,
      takenAtMicros,
    });
  }
  const pointers = chosen.map(({ organization, day, source }) =>
    pointer({ organization, grain: 'day', start: day, generation, source, takenAtMicros }),
  );
  await database.insert(QUERIES.insert_rollup_pointers, pointers);
}

/** Deletes the rows that no pointer names and nobody can still be reading. */
export async function sweep({ database }: RollupDependencies, graceMs = GRACE_MS): Promise<void> {
  for (const run of sweeps) await run(database, { graceMs });
}

/** Random, so that two jobs that start in the same instant never share one; 0 stands for none. */
function newGeneration(): string {
  return (randomBytes(8).readBigUInt64BE() | 1n).toString();
}

function pointer(row: {
  organization: string;
  grain: 'hour' | 'day';
  start: string;
  generation: string;
  source: string;
  takenAtMicros: string;
}): string {
  const { takenAtMicros, start, ...rest } = row;
  return JSON.stringify({
    ...rest,
    start: sqlInstantFromMicros(BigInt(start) * 1_000_000n).slice(0, 19),
    taken_at: sqlInstantFromMicros(BigInt(takenAtMicros)),
  });
}
