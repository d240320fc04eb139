import { describe, expect, it } from 'vitest';
import { QUERIES } from './sql.generated.ts';
import { insertStatement } from './store-segment.ts';

const settingsOf = (sql: string) =>
  sql
    .slice(sql.indexOf('SETTINGS') + 'SETTINGS'.length, sql.indexOf('FORMAT'))
    .split(',')
    .map((setting) => setting.trim());

const TOKEN = 'host-1-abc/000001';
const INSERTS = [QUERIES.insert_usage_events, QUERIES.insert_settlements, QUERIES.insert_denials];
const COMMON = [
  'insert_deduplicate = 1',
  `insert_deduplication_token = '${TOKEN}'`,
  'deduplicate_blocks_in_dependent_materialized_views = 1',
  'max_insert_block_size = 1048576',
  'max_partitions_per_insert_block = 0',
  'input_format_parallel_parsing = 0',
  'input_format_null_as_default = 0',
  'input_format_with_names_use_header = 1',
  'input_format_skip_unknown_fields = 0',
];

describe('the insert of a segment says every setting that its exactness depends on', () => {
  it.each(INSERTS)('directly: %#', (sql) => {
    expect(settingsOf(insertStatement(sql, TOKEN, 'direct'))).toEqual(['async_insert = 0', ...COMMON]);
  });

  it.each(INSERTS)('gathered, and waits until it is stored: %#', (sql) => {
    const gathered = ['async_insert = 1', 'wait_for_async_insert = 1', 'async_insert_deduplicate = 1'];
    expect(settingsOf(insertStatement(sql, TOKEN, 'gathered'))).toEqual([...gathered, ...COMMON]);
  });
});
