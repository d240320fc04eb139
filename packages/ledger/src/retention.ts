/**
 * How long rows are kept. Only raw usage rows expire, and earlier the provider's ids in them; rollups, configuration, settlements,
 * reports and statements stay until somebody deletes them by hand.
 */
import { TallygateError } from '@tallygate/usage';
import { z } from 'zod';
import type { Database } from './database.ts';
import { defineCommand, defineQuery } from './query.ts';
import { QUERIES } from './sql.generated.ts';

export interface RetentionSetting {
  /** Days after which raw usage rows may be deleted: 2 … 10,000. */
  rawDays: number;
  /** Days after which request, message and trace ids may be: 1 … rawDays. */
  providerIdDays: number;
}

export interface Retention {
  /** Unix seconds. Hours before it may have lost rows: what was added up of them is all there is, and is never replaced. */
  frozenBeforeSeconds(nowMs: number): number;
  /** Unix seconds. What arrives for an hour before it is kept apart; what arrives in time has most of a day to be added up. */
  lateBeforeSeconds(nowMs: number): number;
}

/** As the tables are made. */
const FIRST_RAW_DAYS = 400;

const DAY_MS = 86_400_000;
/** Earlier than the engine takes rows: its clock and ours need not agree. */
const FROZEN_EARLIER_MS = 3_600_000;
/** Earlier than hours freeze by enough for a row on time to be added up, whoever is down meanwhile. */
const LATE_EARLIER_MS = DAY_MS;

const retentionSchema = z
  .object({
    rawDays: z.number().int().min(2).max(10_000),
    providerIdDays: z.number().int().min(1),
  })
  .refine((setting) => setting.providerIdDays <= setting.rawDays, 'providerIdDays is beyond rawDays');

const days = z.object({ rawDays: z.number().int(), providerIdDays: z.number().int() });
const expireRows = defineCommand({ sql: QUERIES.expire_usage_events, parameters: days });
const recordChange = defineCommand({ sql: QUERIES.insert_retention_change, parameters: days });
const retentionInForce = defineQuery({
  sql: QUERIES.retention_in_force,
  parameters: z.object({}),
  row: z.object({ raw_days: z.number().int(), provider_id_days: z.number().int() }),
});
const retentionChanges = defineQuery({
  sql: QUERIES.retention_changes,
  parameters: z.object({}),
  row: z.object({
    applied_at_ms: z.string().regex(/^\d+$/).transform(Number),
    raw_days: z.number().int(),
  }),
});

/**
 * Makes the setting the one in force; without one, what is in force stays.
 *
 * @throws TallygateError `TALLYGATE_CONFIGURATION_INVALID` for days out of bounds.
 */
export async function applyRetention(
  database: Database,
  setting: RetentionSetting | undefined,
): Promise<Retention> {
  if (setting !== undefined) await change(database, setting);
  return retentionOf(await retentionChanges(database, {}));
}

async function change(database: Database, setting: RetentionSetting): Promise<void> {
  const checked = retentionSchema.safeParse(setting);
  if (!checked.success) throw invalid(checked.error);
  const [inForce] = await retentionInForce(database, {});
  if (inForce?.raw_days === setting.rawDays && inForce.provider_id_days === setting.providerIdDays) return;
  // The record first: rows must not vanish from an hour that still counts as whole. A crash in between repeats both.
  await recordChange(database, checked.data);
  await expireRows(database, checked.data);
}

function invalid(error: z.ZodError): TallygateError {
  return new TallygateError('TALLYGATE_CONFIGURATION_INVALID', {
    message: `The retention of the ledger is out of bounds: ${z.prettifyError(error)}.`,
  });
}

interface Change {
  applied_at_ms: number;
  raw_days: number;
}

/** Keeping more from now on does not bring back what a shorter time has taken: the latest horizon of all that were in force. */
function retentionOf(changes: readonly Change[]): Retention {
  const made: Change = { applied_at_ms: 0, raw_days: FIRST_RAW_DAYS };
  const all = [made, ...changes];
  const horizon = (nowMs: number, earlierMs: number) => {
    const horizons = all.map((change, index) => {
      const untilMs = all[index + 1]?.applied_at_ms ?? nowMs;
      return untilMs - change.raw_days * DAY_MS + earlierMs;
    });
    return Math.max(0, Math.floor(Math.max(...horizons) / 1_000));
  };
  return {
    frozenBeforeSeconds: (nowMs) => horizon(nowMs, FROZEN_EARLIER_MS),
    lateBeforeSeconds: (nowMs) => horizon(nowMs, LATE_EARLIER_MS),
  };
}
