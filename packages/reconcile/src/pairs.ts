/**
 * What is known of two names together, in order of first appearance. Two names written into one text, to look that up, would be most
 * of what joining the month of a large organization costs.
 */
export interface Pairs<First, Second, Row, Item> {
  /** The item that the row belongs to, made where there is none. */
  at(first: First, second: Second, row: Row): Item;
  all(): Item[];
}

/** @param isOf tells items of the same two names apart. */
export function createPairs<First, Second, Row, Item>(
  isOf: (item: Item, row: Row) => boolean,
  itemOf: (row: Row, first: First, second: Second) => Item,
): Pairs<First, Second, Row, Item> {
  const pairs = new Map<First, Map<Second, Item[]>>();
  return {
    at(first, second, row) {
      const ofFirst = pairs.get(first) ?? new Map<Second, Item[]>();
      if (ofFirst.size === 0) pairs.set(first, ofFirst);
      const known = ofFirst.get(second);
      if (known !== undefined) for (const item of known) if (isOf(item, row)) return item;
      const item = itemOf(row, first, second);
      if (known === undefined) ofFirst.set(second, [item]);
      else known.push(item);
      return item;
    },
    all() {
      const all: Item[] = [];
      for (const ofFirst of pairs.values()) for (const items of ofFirst.values()) all.push(...items);
      return all;
    },
  };
}
