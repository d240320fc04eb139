/** The same choices for the same seed, whatever the machine; when they take effect is the machine's business. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  chance(probability: number): boolean;
  /** In [from, to). */
  between(from: number, to: number): number;
  pick<Item>(items: readonly Item[]): Item | undefined;
}

/** Mulberry32: small, and good enough to spread faults. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    between: (from, to) => from + Math.floor(next() * (to - from)),
    pick: (items) => items[Math.floor(next() * items.length)],
  };
}
