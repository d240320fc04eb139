import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openUsageStore } from '@tallygate/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixedClock, START_MS, segmentOf, usageEvent } from '../../contract/usage-fixtures.ts';
import { startProgram } from './programs.ts';
import { openTables, type Tables } from './tables.ts';

const ledgerFolder = join(import.meta.dirname, '..', '..', '..', 'packages', 'ledger');
const schemaFolder = join(ledgerFolder, 'schema');
const MIGRATIONS = readdirSync(join(ledgerFolder, 'migrations')).length;
const migrations = readdirSync(join(schemaFolder, '..', 'migrations'));
/** As an older version had written it: nothing marks it but a migration. */
const ONE_ROW =
  "INSERT INTO usage_events (organization, event_id, budget_instant) VALUES ('acme', 'old', '2026-10-14 12:00:00')";
const range = { organization: 'acme', fromMs: START_MS - 1, toMs: START_MS + 1 };

describe('migrations', () => {
  let directory: string;
  let tables: Tables;
  const open = () => openUsageStore({ kind: 'embedded', directory }, { clock: fixedClock });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tallygate-migrations-'));
    tables = openTables(directory);
  });
  afterEach(async () => {
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  it('lead to exactly the tables that schema/ describes', async () => {
    await (await open()).close();
    const migrated = await tableDefinitions(tables);
    await tables.run('CREATE DATABASE described');
    await tables.run('USE described');
    for (const file of readdirSync(schemaFolder))
      await tables.run(readFileSync(join(schemaFolder, file), 'utf8'));
    const described = await tableDefinitions(tables);
    expect(described.map((table) => table.replaceAll('described.', 'default.'))).toEqual(migrated);
    expect(migrated).toHaveLength(readdirSync(schemaFolder).length);
  });

  it('run once: opening again changes nothing and keeps every row', async () => {
    const first = await open();
    await first.store(segmentOf([usageEvent()]));
    await first.close();
    const before = await tables.rows('SELECT * FROM schema_migrations ORDER BY version');
    const second = await open();
    expect(await second.counts(range)).toMatchObject({ events: 1 });
    await second.close();
    expect(await tables.rows('SELECT * FROM schema_migrations ORDER BY version')).toEqual(before);
  });

  it('continue after a crash between a table and its record', async () => {
    const store = await open();
    await store.store(segmentOf([usageEvent()]));
    await store.close();
    await tables.run('TRUNCATE TABLE schema_migrations');
    const again = await open();
    expect(await again.counts(range)).toMatchObject({ events: 1 });
    await again.close();
    expect(await tables.rows('SELECT count() AS n FROM schema_migrations')).toEqual([{ n: `${MIGRATIONS}` }]);
  });

  it('keep the rows of a ledger from before the stable prefix, and say of them that nobody looked', async () => {
    const store = await open();
    await store.store(segmentOf([usageEvent({ eventId: 'older' })]));
    await store.close();
    const shape = await tableDefinitions(tables);
    const columns = ['stable_prefix_hash', 'stable_prefix_bytes'].map((name) => `DROP COLUMN ${name}`);
    await tables.run(`ALTER TABLE usage_events ${columns.join(', ')}`);
    await tables.run('ALTER TABLE schema_migrations DELETE WHERE version = 6 SETTINGS mutations_sync = 1');
    const again = await open();
    await again.store(segmentOf([usageEvent({ eventId: 'newer', stablePrefixBytes: 9 })]));
    await again.close();
    expect(await tableDefinitions(tables)).toEqual(shape);
    const rows = await tables.rows(
      'SELECT event_id, stable_prefix_bytes AS bytes FROM usage_events ORDER BY bytes',
    );
    expect(rows).toEqual([
      { event_id: 'newer', bytes: '9' },
      { event_id: 'older', bytes: null },
    ]);
  });

  it('continue after a kill -9 in the middle of any of them, and lose no row', async () => {
    await tables.close();
    for (const deadly of [1, 7, 13]) {
      const opener = startProgram(new URL('./migrating-process.ts', import.meta.url), [directory]);
      const ended = once(opener, 'exit');
      for await (const line of createInterface({ input: opener.stdout })) {
        if (JSON.parse(line).version < deadly) continue;
        // The next statement is on its way.
        opener.kill('SIGKILL');
        break;
      }
      await ended;
      tables = openTables(directory);
      if (deadly === 7) await tables.run(ONE_ROW);
      await tables.close();
    }
    tables = openTables(directory);
    await (await open()).close();
    const versions = await tables.rows('SELECT uniqExact(version) AS n FROM schema_migrations');
    expect(versions).toEqual([{ n: String(migrations.length) }]);
    expect(await tables.rows('SELECT uniqExact(event_id) AS n FROM usage_events')).toEqual([{ n: '1' }]);
    const marks = await tables.rows('SELECT organization FROM dirty_hours FINAL');
    expect(marks).toEqual([{ organization: 'acme' }]);
  });

  it('may be run by several openers at once', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    await stores[0]?.store(segmentOf([usageEvent()]));
    for (const store of stores) expect(await store.counts(range)).toMatchObject({ events: 1 });
    for (const store of stores) await store.close();
    expect(await tables.rows('SELECT uniqExact(version) AS n FROM schema_migrations')).toEqual([
      { n: `${MIGRATIONS}` },
    ]);
  });

  it('are refused where a newer version has been at work, or one was edited afterwards', async () => {
    await (await open()).close();
    await tables.run("INSERT INTO schema_migrations VALUES (9001, 'drop_everything', 'x', now())");
    await expect(open()).rejects.toMatchObject({ code: 'TALLYGATE_VERSION_UNSUPPORTED' });
    await expect(open()).rejects.toThrow('9001_drop_everything');
    await tables.run('TRUNCATE TABLE schema_migrations');
    await tables.run("INSERT INTO schema_migrations VALUES (1, 'create_usage_events', 'x', now())");
    await expect(open()).rejects.toThrow('another form');
  });
});

async function tableDefinitions(tables: Tables): Promise<string[]> {
  const rows = await tables.rows(
    'SELECT create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name',
  );
  return rows.map((row) => String(row['create_table_query']));
}
