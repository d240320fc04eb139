/** Adds up the parts of an answer, group by group. */
import { TallygateError } from '@tallygate/usage';

/** Groups are texts, sums are numbers; every row has the same columns. */
type Sums = object;

/** Ordered by group, as every part is. */
export function addedSpend<Row extends Sums>(rows: readonly Row[]): Row[] {
  const groups = new Map<string, Row>();
  const columns = Object.keys(rows[0] ?? {}).filter((column) => column.startsWith('group_'));
  for (const row of rows) {
    const key = JSON.stringify(columns.map((column) => row[column as keyof Row]));
    const found = groups.get(key);
    groups.set(key, found === undefined ? row : added(found, row));
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function added<Row extends Sums>(a: Row, b: Row): Row {
  const columns = Object.entries(a).map(([column, value]) => {
    const other = b[column as keyof Row] as number | bigint;
    return [column, typeof value === 'string' ? value : plus(value, other)];
  });
  return Object.fromEntries(columns) as Row;
}

function plus(a: number | bigint, b: number | bigint): number | bigint {
  if (typeof a === 'bigint') return a + BigInt(b);
  const sum = a + Number(b);
  if (Number.isSafeInteger(sum)) return sum;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: 'A count of this answer is beyond 2^53 and cannot be told exactly.',
    cure: 'Ask for a shorter range, or by more dimensions.',
  });
}
