import { describe, expect, it } from 'vitest';
import { clusterDdl, ledgerDdl } from './cluster-ddl.ts';
import { SCHEMA } from './sql.generated.ts';

describe('the tables as statements', () => {
  it('for one server are those of schema/, views after the tables they read', () => {
    const statements = ledgerDdl();
    expect([...statements].sort()).toEqual(
      Object.values(SCHEMA)
        .map((sql) => sql.trimEnd())
        .sort(),
    );
    expect(statements.at(-1)).toContain('CREATE MATERIALIZED VIEW');
  });

  it('for a cluster are these', async () => {
    await expect(`${clusterDdl('fleet').join(';\n\n')};\n`).toMatchFileSnapshot('./cluster-ddl.golden.txt');
  });

  it('for a cluster leave no table unreplicated, none without a name over all shards, and no placeholder', () => {
    const statements = clusterDdl('fleet');
    const locals = statements.filter((sql) => sql.includes('_local ON CLUSTER'));
    const tables = Object.values(SCHEMA).filter((sql) => sql.includes('CREATE TABLE'));
    expect(locals).toHaveLength(tables.length);
    for (const sql of locals) {
      expect(sql).toMatch(/ENGINE = Replicated(Replacing)?MergeTree\('/);
      expect(sql).toMatch(/\breplicated_deduplication_window = (0|100000),/);
      expect(sql).not.toContain('non_replicated');
    }
    expect(statements.filter((sql) => sql.includes('ENGINE = Distributed'))).toHaveLength(tables.length);
    expect(statements.join('')).not.toMatch(/__[A-Z]+__/);
  });

  it('refuse a name that could leave its literal', () => {
    for (const name of ["a'b", '', 'a b', '1a', 'x'.repeat(101)])
      expect(() => clusterDdl(name)).toThrow('not the name of a cluster');
  });
});
