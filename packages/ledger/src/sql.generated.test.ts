import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KNOWN_MIGRATIONS } from './migrate.ts';
import { MIGRATIONS, QUERIES, SCHEMA } from './sql.generated.ts';

const ledger = join(import.meta.dirname, '..');
const OVER_ROWS = [
  'add_up_billing_hours',
  'add_up_spend_hours',
  'counts',
  'latency_percentiles',
  'settled_totals',
  'spend',
];
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(ledger, folder)).map((name) => [
      name.replace(/\.sql$/, ''),
      readFileSync(join(ledger, folder, name), 'utf8'),
    ]),
  );

describe('the SQL in the build', () => {
  it('is the SQL in the files: run "npx tsx scripts/generate-sql.ts" where this fails', () => {
    expect(SCHEMA).toEqual(filesOf('schema'));
    expect(MIGRATIONS).toEqual(filesOf('migrations'));
    expect(QUERIES).toEqual(filesOf('queries'));
  });

  it('opens every file with what it is for', () => {
    for (const [name, text] of Object.entries({ ...SCHEMA, ...MIGRATIONS, ...QUERIES })) {
      expect(text, name).toMatch(/^-- [A-Z].{20,}/);
    }
  });

  it('has migrations numbered without a gap, each one statement that may run again', () => {
    expect(KNOWN_MIGRATIONS.map(({ version }) => version)).toEqual(
      KNOWN_MIGRATIONS.map((_, index) => index + 1),
    );
    for (const { name, sql } of KNOWN_MIGRATIONS) {
      expect(name, sql).toMatch(/^[a-z]+_[a-z_]+$/);
      expect(sql.replace(/--.*/g, ''), name).not.toContain(';');
      // Marks may be written again: that is what they are for.
      expect(sql).toMatch(/IF (NOT )?EXISTS|^INSERT INTO dirty_hours/m);
    }
  });

  it('gives every insert all its settings, and no default a chance', () => {
    for (const [name, text] of Object.entries(QUERIES).filter(([file]) => file.startsWith('insert_'))) {
      expect(text, name).toContain('async_insert = 0');
      expect(text, name).toMatch(/insert_deduplicate = [01]/);
      expect(text, name).toContain('input_format_skip_unknown_fields = 0');
      if (!text.includes('insert_deduplicate = 1')) continue;
      // As one block: a segment that is cut into several has one token for all of them.
      for (const setting of [
        "token = '__TOKEN__'",
        'materialized_views = 1',
        'max_insert_block_size = 1048576',
      ])
        expect(text, name).toContain(setting);
    }
    const tables = Object.entries(SCHEMA).filter(([, text]) => text.includes('CREATE TABLE'));
    for (const [name, text] of tables) {
      expect(text, name).toContain('fsync_after_insert = 1');
      const insert = Object.entries(QUERIES).find(([query]) => query === `insert_${name}`)?.[1] ?? '';
      const isFedByTokens = insert.includes('insert_deduplicate = 1');
      expect(text.includes('non_replicated_deduplication_window = 100000'), name).toBe(isFedByTokens);
    }
  });

  it('lets nothing expire but usage rows and the ids of the provider in them', () => {
    const expiring = Object.entries(SCHEMA).filter(([, text]) => /\bTTL\b/.test(text.replace(/--.*/g, '')));
    expect(expiring.map(([name]) => name)).toEqual(['usage_events']);
    for (const name of ['config_versions', 'reports', 'report_versions', 'alerts_sent', 'settlements'])
      expect(SCHEMA).toHaveProperty(name);
  });

  it('never adds up rows that may be stored twice: every sum over them is over deduplicated ones', () => {
    const sums = Object.entries(QUERIES).filter(([, text]) => /\b(sum|count)(If)?\(/.test(text));
    const overRows = sums.filter(([, text]) => /FROM (usage_events|settlements)\b/.test(text));
    expect(overRows.map(([name]) => name)).toEqual(OVER_ROWS);
    for (const [name, text] of overRows.filter(([file]) => file !== 'counts'))
      expect(text, name).toMatch(/LIMIT 1 BY/);
  });

  it('reads a rollup only by the generations that pointers name', () => {
    const readers = Object.entries(QUERIES).filter(([, text]) =>
      /FROM (spend|billing)_(hours|days)\b/.test(text),
    );
    expect(readers).toHaveLength(10);
    for (const [name, text] of readers)
      expect(text, name).toMatch(/, generation\) (NOT )?IN|\(day\)\), ' ', toString\(generation\)/);
  });

  it('gives every statement that sums a measure all measures, by the same names', () => {
    const measuresOf = (text: string) =>
      [...text.matchAll(/ AS (sum_(?!calls|attempts|failed)\w+)/g)].map(([, name]) => name);
    const expected = measuresOf(QUERIES.spend);
    expect(expected).toHaveLength(17);
    const readers = [
      'spend_from_days',
      'spend_from_hours',
      'billing_from_days',
      'billing_from_hours',
    ] as const;
    for (const name of readers) expect(new Set(measuresOf(QUERIES[name])), name).toEqual(new Set(expected));
  });

  it('hands 64-bit numbers out as text', () => {
    const answers = Object.entries(QUERIES).filter(([, text]) => !/^(INSERT|DELETE|ALTER)/m.test(text));
    for (const [name, text] of answers) {
      const bare =
        text.match(
          /(?<!toString\()\b(sum|uniqExact|uniqExactIf|count|max)\([^)]*\)+ AS (?!\w+_at\b)\w+,?\n/g,
        ) ?? [];
      const inSubquery = name === 'counts';
      expect(inSubquery ? [] : bare, name).toEqual([]);
    }
  });
});
