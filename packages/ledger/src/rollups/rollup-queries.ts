/** What the rollups are asked and told. The SQL is in queries/*.sql. */
import { z } from 'zod';
import { defineCommand, defineQuery } from '../query.ts';
import { QUERIES, ROLLUP_QUERIES } from '../sql.generated.ts';

/** Whole numbers that may be wider than 2^53 stay text; they are only handed back to the engine. */
const digits = z.string().regex(/^\d+$/);
const integer = z.number().int();
/** Unix seconds as text: arrays of parameters are arrays of strings. */
const seconds = z.array(digits);

const patience = { marginMs: integer, frozenBeforeSeconds: integer };

const askedState = z.object({
  organization: z.string().min(1),
  fromSeconds: integer,
  toSeconds: integer,
  ...patience,
});
const rollupDay = z.object({ day: digits, dirty_hours: seconds, generation: digits });
export type AskedState = z.output<typeof askedState>;
export type RollupDay = z.output<typeof rollupDay>;
export const rollupState = defineQuery({
  sql: QUERIES.rollup_state,
  parameters: askedState,
  row: rollupDay,
});

export const rollupParts = defineQuery({
  sql: QUERIES.rollup_parts,
  parameters: z.object({}),
  row: z.object({ table: z.string(), name: z.string() }),
});

export const hoursToAddUp = defineQuery({
  sql: QUERIES.hours_to_add_up,
  parameters: z.object({ ...patience, limit: integer }),
  row: z.object({ organization: z.string(), hour: digits, taken_at_micros: digits }),
});

export const daysToAddUp = defineQuery({
  sql: QUERIES.days_to_add_up,
  parameters: z.object({ ...patience, limit: integer }),
  row: z.object({
    organization: z.string(),
    day: digits,
    hours: seconds,
    generations: seconds,
    source: digits,
    taken_at_micros: digits,
  }),
});

const hourParameters = z.object({
  organizations: z.array(z.string()),
  hours: seconds,
  fromMs: integer,
  toMs: integer,
  generation: digits,
  takenAtMicros: digits,
});
const rollups = Object.values(ROLLUP_QUERIES);
/** One generation of hours, in both rollups. */
export const addUpHours = rollups.map((sql) =>
  defineCommand({ sql: sql.add_up_hours, parameters: hourParameters }),
);

const dayParameters = z.object({
  organizations: z.array(z.string()),
  hours: seconds,
  generations: seconds,
  generation: digits,
  takenAtMicros: digits,
});
/** One generation of days, from the given generation of each of their hours, in both rollups. */
export const addUpDays = rollups.map((sql) =>
  defineCommand({ sql: sql.add_up_days, parameters: dayParameters }),
);

const sweepParameters = z.object({ graceMs: integer });
export const sweeps = rollups
  .flatMap((sql) => [sql.sweep_hours, sql.sweep_days])
  .map((sql) => defineCommand({ sql, parameters: sweepParameters }));

const ofRange = { organization: z.string().min(1), ...patience };
export const markHoursDirty = defineCommand({
  sql: QUERIES.mark_hours_dirty,
  parameters: z.object({ ...ofRange, fromMs: integer, toMs: integer, doneForMs: integer }),
});

/** Settled and not added up yet. */
export const waitingHours = defineQuery({
  sql: QUERIES.hours_to_rebuild,
  parameters: z.object({ ...ofRange, fromSeconds: integer, toSeconds: integer }),
  row: z.object({ hours: digits.transform(Number) }),
});
