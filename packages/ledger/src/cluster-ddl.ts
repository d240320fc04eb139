/**
 * The tables as statements for a person to run: on one server as they are in schema/, on a cluster rendered from the same files.
 * There each table is a replicated `<name>_local` on every shard and a Distributed `<name>` over them, so that every query and
 * insert stays as it is. The users who read and write it get the settings profile that comes first.
 */
import { TallygateError } from '@tallygate/usage';
import { checksumOf, KNOWN_MIGRATIONS } from './migrate.ts';
import { QUERIES, SCHEMA } from './sql.generated.ts';

/** By what rows find their shard: a function of their identity, so that a copy always meets its original. */
const SHARDING_KEYS: Record<string, string> = {
  usage_events: 'event_id',
  late_usage_events: 'event_id',
  settlements: 'attempt_id',
  denials: 'denial_id',
  schema_migrations: 'version',
  retention_changes: 'applied_at',
};

/** @returns statements, in the order in which they must run; they may run again. */
export function ledgerDdl(): string[] {
  return inOrder().map(([, sql]) => sql.trimEnd());
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for a name that is none of a cluster. */
export function clusterDdl(cluster: string): string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/.test(cluster)) {
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `"${cluster.slice(0, 100)}" is not the name of a cluster.`,
      cure: 'Use letters, digits, dots, dashes and underscores; system.clusters lists the names.',
    });
  }
  const tables = inOrder();
  return [
    filled(QUERIES.create_cluster_profile, { CLUSTER: cluster }),
    ...tables.flatMap(([name, sql]) => {
      const local = localDdl(name, sql, cluster);
      return isView(sql) ? [local] : [local, distributedDdl(name, cluster)];
    }),
    ...KNOWN_MIGRATIONS.map((migration) =>
      filled(QUERIES.record_migration, {
        VERSION: String(migration.version),
        NAME: migration.name,
        CHECKSUM: checksumOf(migration),
      }),
    ),
  ];
}

/** Views last: they read one table and fill another. */
function inOrder(): [string, string][] {
  return Object.entries(SCHEMA).sort(([, a], [, b]) => Number(isView(a)) - Number(isView(b)));
}

function isView(sql: string): boolean {
  return sql.includes('CREATE MATERIALIZED VIEW');
}

function localDdl(name: string, sql: string, cluster: string): string {
  if (isView(sql)) {
    return sql
      .trimEnd()
      .replace(` ${name} TO `, ` ${name} ON CLUSTER '${cluster}' TO `)
      .replace(/\b(TO|FROM) (\w+)/g, '$1 $2_local');
  }
  const path = `'/clickhouse/tables/{shard}/{database}/${name}', '{replica}'`;
  return sql
    .trimEnd()
    .replace(`EXISTS ${name} (`, `EXISTS ${name}_local ON CLUSTER '${cluster}' (`)
    .replace(/ENGINE = (\w*MergeTree)(?:\((\w+)\))?/, (_all, engine: string, version?: string) =>
      [`ENGINE = Replicated${engine}(${path}`, ...(version === undefined ? [] : [version])]
        .join(', ')
        .concat(')'),
    )
    .replace(/non_replicated_deduplication_window = (\d+)/, deduplicated('$1', '604800'))
    .replace(/SETTINGS (?!replicated_)/, `SETTINGS ${deduplicated('0', '0')}, `);
}

/** Stated for every table: by default a replicated one drops blocks that look alike, and two equal marks are two marks. */
function deduplicated(blocks: string, seconds: string): string {
  return `replicated_deduplication_window = ${blocks}, replicated_deduplication_window_seconds = ${seconds}`;
}

function distributedDdl(name: string, cluster: string): string {
  return filled(QUERIES.create_distributed, {
    CLUSTER: cluster,
    KEY: SHARDING_KEYS[name] ?? 'organization',
    TABLE: name,
  });
}

function filled(sql: string, values: Record<string, string>): string {
  return Object.entries(values)
    .reduce((text, [name, value]) => text.replaceAll(`__${name}__`, () => value), sql)
    .trimEnd();
}
