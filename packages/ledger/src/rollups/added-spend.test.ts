import { describe, expect, it } from 'vitest';
import { addedSpend } from './added-spend.ts';

const row = (group_team: string, sum_calls: number, sum_cost: bigint) => ({
  group_team,
  sum_calls,
  sum_cost,
});

describe('parts of an answer, added up', () => {
  it('are one row for each group, in the order of groups', () => {
    const parts = [row('b', 1, 2n), row('a', 3, 2n ** 70n), row('b', 10, 20n)];
    expect(addedSpend(parts)).toEqual([row('a', 3, 2n ** 70n), row('b', 11, 22n)]);
  });

  it('are refused where a count leaves what a number can hold: it would be off by a little, and look exact', () => {
    const half = 2 ** 52 + 1;
    expect(() => addedSpend([row('a', half, 0n), row('a', half, 0n)])).toThrow(/2\^53/);
    expect(addedSpend([row('a', half, 0n), row('b', half, 0n)])).toHaveLength(2);
  });
});
