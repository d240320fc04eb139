import { describe, expect, it } from 'vitest';
import { QUERIES, ROLLUP_QUERIES } from '../sql.generated.ts';
import { askedLines } from './asked-lines.ts';

const asking = (groupBy: string[], filter: Record<string, string[]> = {}) => ({
  groupBy,
  filter: JSON.stringify(filter),
});

describe('the lines that a question has a use for', () => {
  it('are those of what it groups and filters by, each for itself', () => {
    const sql = askedLines(QUERIES.spend, asking(['team', 'day'], { user: ['u'], team: ['a'] }));
    expect([...sql.matchAll(/ AS (group_\w+)/g)].map(([, name]) => name)).toEqual([
      'group_team',
      'group_day',
    ]);
    expect([...sql.matchAll(/filter:String}, '(\w+)'/g)].map(([, name]) => name)).toEqual(['team', 'user']);
    const ungrouped = askedLines(ROLLUP_QUERIES.billing.read_days, asking([]));
    expect(ungrouped).not.toMatch(/group_|filter/);
    expect(ungrouped).toContain('toInt128(contracted_cost_nano_usd)');
  });

  it('are lines of the file: nothing that is asked gets into a statement', () => {
    const hostile = "team'; DROP TABLE usage_events --";
    const whole = new Set(QUERIES.spend.split('\n'));
    const sql = askedLines(
      QUERIES.spend,
      asking(['team', hostile], { [hostile]: [hostile], team: [hostile] }),
    );
    for (const line of sql.split('\n')) expect(whole, line).toContain(line);
  });
});
