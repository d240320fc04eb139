import type { Dated, Price, PriceBook } from './price-book.ts';

/** The rows that follow each other: one model at one speed in one prompt band. */
export interface PriceTrack {
  readonly model: string;
  readonly speed: string;
  readonly promptBand: Price['promptBand'];
  /** Oldest first. */
  readonly prices: readonly Price[];
}

/** Every track of the book by a key that is the same in every book, in the order of its first row. */
export function tracksOf({ prices }: PriceBook): ReadonlyMap<string, PriceTrack> {
  const tracks = new Map<string, PriceTrack & { prices: Price[] }>();
  for (const price of prices) {
    const { model, speed, promptBand } = price;
    const key = JSON.stringify([model, speed, promptBand]);
    const track = tracks.get(key);
    if (track) track.prices.push(price);
    else tracks.set(key, { model, speed, promptBand, prices: [price] });
  }
  return tracks;
}

/** Where anything begins or ends, in order: between two of these nothing changes. */
export function edgesOf(rows: readonly Dated[]): number[] {
  const edges = new Set(rows.flatMap(({ startMs, endMs }) => [startMs, endMs]));
  return [...edges].sort((left, right) => (left < right ? -1 : 1));
}
