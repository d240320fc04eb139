/**
 * Groups in order of first appearance; every group has at least its first row. Not `Map.groupBy`: the oldest Node that we run
 * on does not have it, and the compiler does not know that.
 */
export type Group<Row> = [Row, ...Row[]];

export function groupRows<Row, Key>(rows: Iterable<Row>, keyOf: (row: Row) => Key): Map<Key, Group<Row>> {
  const groups = new Map<Key, Group<Row>>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}
