/** Adds up the parts of an answer, group by group. */
import type { SpendColumns } from './spend-queries.ts';

/** Ordered by group, as every part is. */
export function addedSpend(rows: readonly SpendColumns[]): SpendColumns[] {
  const groups = new Map<string, SpendColumns>();
  for (const row of rows) {
    const key = JSON.stringify(Object.entries(row).filter(([column]) => column.startsWith('group_')));
    const found = groups.get(key);
    groups.set(key, found === undefined ? row : added(found, row));
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function added(a: SpendColumns, b: SpendColumns): SpendColumns {
  const columns = Object.entries(a).map(([column, value]) => {
    const other = b[column as keyof SpendColumns];
    return [column, typeof value === 'string' ? value : plus(value, other)];
  });
  return Object.fromEntries(columns) as SpendColumns;
}

function plus(a: number | bigint, b: number | bigint | string): number | bigint {
  return typeof a === 'bigint' ? a + BigInt(b) : a + Number(b);
}
