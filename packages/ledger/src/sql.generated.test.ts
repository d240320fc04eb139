import { SPEND_DIMENSIONS } from '@tallygate/usage';
import { describe, expect, it } from 'vitest';
import { KNOWN_MIGRATIONS } from './migrate.ts';
import { DIMENSIONS, MIGRATIONS, QUERIES, ROLLUP_QUERIES, SCHEMA, SUMS } from './sql.generated.ts';

const ROLLUPS = ['spend', 'billing'] as const;
/** All that is asked or told, `spend.read_days` being the rollup's own. */
const STATEMENTS: Record<string, string> = {
  ...QUERIES,
  ...Object.fromEntries(
    ROLLUPS.flatMap((rollup) =>
      Object.entries(ROLLUP_QUERIES[rollup]).map(([name, text]) => [`${rollup}.${name}`, text]),
    ),
  ),
};
const OVER_ROWS = [
  'counts',
  'estimates',
  'latency_percentiles',
  'settled_totals',
  'spend',
  'spend.add_up_hours',
  'billing.add_up_hours',
];
const columnOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name);

describe('the SQL in the build', () => {
  it('holds no placeholder: every list is written out', () => {
    for (const [name, text] of Object.entries(STATEMENTS)) expect(text, name).not.toMatch(/-- each|\$\w/);
  });

  it('opens every file with what it is for', () => {
    for (const [name, text] of Object.entries({ ...SCHEMA, ...MIGRATIONS, ...STATEMENTS })) {
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
      // Marks may be written again: that is what they are for. A setting is what it was set to, however often.
      expect(sql).toMatch(/IF (NOT )?EXISTS|^INSERT INTO dirty_hours|^ {2}MODIFY SETTING/m);
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
    const sums = Object.entries(STATEMENTS).filter(([, text]) => /\b(sum|count)(If)?\(/.test(text));
    const overRows = sums.filter(([, text]) =>
      /FROM (usage_events\b|settlements\b|\{rows:Identifier\})/.test(text),
    );
    expect(overRows.map(([name]) => name)).toEqual(OVER_ROWS);
    for (const [name, text] of overRows.filter(([file]) => file !== 'counts'))
      expect(text, name).toMatch(/LIMIT 1 BY/);
  });

  it('reads a rollup only by the generations that pointers name', () => {
    const readers = Object.entries(STATEMENTS).filter(([, text]) =>
      /FROM (spend|billing)_(hours|days)\b/.test(text),
    );
    expect(readers).toHaveLength(10);
    for (const [name, text] of readers) expect(text, name).toMatch(/, generation\) (NOT )?IN/);
  });

  it('has in each rollup the columns of the lists, in the order in which they are added up, read as rows are', () => {
    const counts = namesIn(QUERIES.spend, / AS sum_(\w+)/g);
    const sums = [...SUMS];
    const inOneArray = sums.map((name) => `    toInt128(${name})`).join(',\n');
    for (const rollup of ROLLUPS) {
      const dimensions = DIMENSIONS[rollup].map(columnOf);
      for (const unit of ['hour', 'day'] as const) {
        expect(namesIn(SCHEMA[`${rollup}_${unit}s`], /^ {2}([a-z]\w+) /gm)).toEqual([
          ...['organization', unit, `ended_${unit}`, ...dimensions, 'generation', 'taken_at'],
          ...[...counts, ...counts.map((count) => `split_${count}`), ...sums],
        ]);
        const { [`read_${unit}s` as const]: read, [`add_up_${unit}s` as const]: addUp } =
          ROLLUP_QUERIES[rollup];
        expect(namesIn(addUp, / AS sum_(\w+)/g)).toEqual([...counts, ...sums]);
        expect(namesIn(read, / AS sum_(\w+)/g)).toEqual(counts);
        expect(read).toContain(`sumForEach([\n${inOneArray}\n  ]) AS sums`);
      }
    }
  });

  it('can be asked by every dimension there is', () => {
    const asked = namesIn(QUERIES.spend, / AS group_(\w+), --/g);
    expect(new Set(asked)).toEqual(new Set(SPEND_DIMENSIONS));
    expect(new Set(namesIn(QUERIES.latency_percentiles, / AS group_(\w+), --/g))).toEqual(new Set(asked));
    for (const known of Object.values(DIMENSIONS)) expect(asked).toEqual(expect.arrayContaining([...known]));
  });

  it('hands 64-bit numbers out as text', () => {
    const answers = Object.entries(STATEMENTS).filter(([, text]) => !/^(INSERT|DELETE|ALTER)/m.test(text));
    for (const [name, text] of answers) {
      if (text.includes('output_format_json_quote_64bit_integers = 1')) continue;
      const bare =
        text.match(
          /(?<!toString\()\b(sum|uniqExact|uniqExactIf|count|max)\([^)]*\)+ AS (?!\w+_at\b)\w+,?\n/g,
        ) ?? [];
      const inSubquery = name === 'counts';
      expect(inSubquery ? [] : bare, name).toEqual([]);
    }
  });
});
