import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterDdl, ledgerDdl } from '@tallygate/ledger';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTables, type Tables } from './tables.ts';

const isDistributed = (sql: string) => sql.includes('ENGINE = Distributed');
const isLocal = (sql: string) =>
  sql.includes("_local ON CLUSTER 'fleet' (") || sql.includes('MATERIALIZED VIEW');

/** As one replica would have it, where no keeper is there to replicate it. */
function onOneReplica(sql: string): string {
  return sql
    .replaceAll(" ON CLUSTER 'fleet'", '')
    .replace(/Replicated(\w*MergeTree)\('[^']+', '[^']+'(?:, )?/, '$1(');
}

describe('the statements for a cluster', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tallygate-cluster-'));
  const statements = clusterDdl('fleet');
  let tables: Tables;

  beforeAll(async () => {
    tables = openTables(directory);
    for (const sql of ledgerDdl()) await tables.run(sql);
    await tables.run('CREATE DATABASE replica');
    await tables.run('USE replica');
    for (const sql of statements.filter(isLocal)) await tables.run(onOneReplica(sql));
  });
  afterAll(async () => {
    await tables.close();
    rmSync(directory, { recursive: true });
  });

  it('are all read by the engine', async () => {
    for (const sql of statements) await tables.run(`EXPLAIN AST ${sql}`);
    const misspelt = statements.filter((sql) => sql.includes('NOT EXISTS'));
    expect(misspelt.length).toBeGreaterThan(statements.filter(isDistributed).length * 2);
    for (const sql of misspelt)
      await expect(tables.run(`EXPLAIN AST ${sql.replace('NOT EXISTS', 'NOT EXIST')}`)).rejects.toThrow(
        'Syntax',
      );
  });

  it('make on each replica tables of the same columns, order and expiry as on one server', async () => {
    const shapes = (database: string, name: string) =>
      tables.rows(`
        SELECT
          ${name} AS table_name,
          extract(engine_full, '^\\w+') AS kind,
          sorting_key,
          partition_key,
          extract(engine_full, 'TTL .*? SETTINGS') AS expiry,
          arraySort(groupArray((position, columns.name, type, compression_codec))) AS table_columns
        FROM system.tables AS tables
        INNER JOIN system.columns AS columns ON columns.database = tables.database AND columns.table = tables.name
        WHERE tables.database = '${database}' AND tables.engine LIKE '%MergeTree'
        GROUP BY ALL
        ORDER BY table_name`);
    const local = await shapes('replica', "replaceOne(tables.name, '_local', '')");
    expect(local).toHaveLength(statements.filter(isDistributed).length);
    expect(local).toEqual(await shapes('default', 'tables.name'));
    const expiring = local.filter(({ expiry }) => expiry !== '');
    expect(expiring.map((table) => table['table_name'])).toEqual(['usage_events']);
  });

  it('mark the hours of a replica by what is inserted there', async () => {
    await tables.run(
      "INSERT INTO usage_events_local (organization, event_id, budget_instant) VALUES ('acme', 'e1', now())",
    );
    expect(await tables.rows('SELECT organization FROM dirty_hours_local')).toEqual([
      { organization: 'acme' },
    ]);
  });

  it('send a copy of an event, of a settlement and of a denial to the shard of its original', () => {
    const keys = statements
      .filter(isDistributed)
      .map((sql) => /EXISTS (\w+) .*cityHash64\((\w+)\)/s.exec(sql));
    const byTable = Object.fromEntries(keys.map((found) => [found?.[1], found?.[2]]));
    expect(byTable).toMatchObject({
      usage_events: 'event_id',
      late_usage_events: 'event_id',
      settlements: 'attempt_id',
      denials: 'denial_id',
      rollup_pointers: 'organization',
      spend_hours: 'organization',
      report_versions: 'organization',
    });
  });
});
