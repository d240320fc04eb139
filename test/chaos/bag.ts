import type { Random } from './random.ts';

/** Each kind comes as often as it is named before any of them comes round again: a short run meets all of them, too. */
export function createBag<Kind>(random: Random, kinds: readonly Kind[]): { draw(): Kind } {
  let left: Kind[] = [];
  return {
    draw() {
      if (left.length === 0) left = [...kinds];
      const [drawn] = left.splice(random.between(0, left.length), 1);
      if (drawn === undefined) throw new Error('Nothing is in the bag.');
      return drawn;
    },
  };
}
