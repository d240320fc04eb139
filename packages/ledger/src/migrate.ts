/**
 * Forward-only migrations, run at every open. One file is one statement that may run again (IF NOT EXISTS), and it is
 * recorded after it ran: a crash in between repeats it, and two openers of one server may run it side by side.
 */
import { createHash } from 'node:crypto';
import { type Clock, isoFromMs, type Logger, TallygateError } from '@tallygate/usage';
import type { Database } from './database.ts';
import { appliedMigrations } from './queries.ts';
import { MIGRATIONS, QUERIES, SCHEMA } from './sql.generated.ts';
import { sqlInstant } from './sql-instant.ts';

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

export const KNOWN_MIGRATIONS: readonly Migration[] = Object.entries(MIGRATIONS).map(([file, sql]) => ({
  version: Number(file.slice(0, 4)),
  name: file.slice(5),
  sql,
}));

/** @returns how many were applied now. @throws TallygateError `TALLYGATE_VERSION_UNSUPPORTED` for a database that is ahead of this version. */
export async function migrate(
  database: Database,
  clock: Clock,
  logger: Logger,
  known: readonly Migration[] = KNOWN_MIGRATIONS,
): Promise<number> {
  await database.run(SCHEMA.schema_migrations);
  const applied = new Map((await appliedMigrations(database, {})).map((row) => [row.version, row]));
  refuseStrangers(applied, known);
  const missing = known.filter((migration) => !applied.has(migration.version));
  for (const migration of missing) {
    await database.run(migration.sql);
    await database.insert(QUERIES.insert_migration, [recordOf(migration, clock)]);
    logger.info('ledger migrated', { version: migration.version, name: migration.name });
  }
  return missing.length;
}

function refuseStrangers(
  applied: ReadonlyMap<number, { name: string; checksum: string }>,
  known: readonly Migration[],
): void {
  for (const [version, record] of applied) {
    const ours = known.find((migration) => migration.version === version);
    if (ours?.name === record.name && checksumOf(ours) === record.checksum) continue;
    const label = `${String(version).padStart(4, '0')}_${record.name}`;
    throw new TallygateError('TALLYGATE_VERSION_UNSUPPORTED', {
      message: ours
        ? `The ledger has had migration ${label} in another form than this version knows.`
        : `The ledger has had migration ${label}, which this version does not know.`,
    });
  }
}

function recordOf(migration: Migration, clock: Clock): string {
  return JSON.stringify({
    version: migration.version,
    name: migration.name,
    checksum: checksumOf(migration),
    applied_at: sqlInstant(isoFromMs(clock.nowMs())),
  });
}

export function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql).digest('hex');
}
