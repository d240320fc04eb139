import { type HoldEntry, partIsOutMs } from '@tallygate/usage';
import type { HeldSum, Tracks } from './admission.ts';
import type { PinnedPeriod } from './budget-periods.ts';
import { createExpiringMap } from './expiring-map.ts';
import { counterKey } from './keys.ts';
import type { Announced } from './seeds.ts';
import { createWindowParts, currentPartKey, partIn, type WindowParts } from './window-parts.ts';

/**
 * Counters of budget periods in process: what was spent, and holds in their expiry buckets. A period that nobody touched
 * reads zero; here that is no guess, because the counters of the embedded owner begin with the ledger's totals.
 */
export interface MemoryCounters {
  /** `atMs`: by which windows count, see `readTime`. */
  spent(key: string, atMs: number): bigint;
  /** When so much of what was spent no longer counts, at the soonest: at the end of the period, or as it leaves a window. */
  leftAtMs(period: PinnedPeriod, amount: bigint, atMs: number): number;
  /** Sum of the holds whose bucket is not past. */
  held(key: string, currentBucket: number): HeldSum;
  /** Also forgets what was out of its window by `pastMs`. */
  spend(key: string, amount: bigint, keepUntilMs: number, pastMs: number): void;
  /** Also drops the buckets that are past. */
  hold(entry: HoldEntry, bucket: number, currentBucket: number, keepUntilMs: number): void;
  drop(entry: HoldEntry, bucket: number): void;
  /**
   * The highest threshold that was announced of it, in percent, and the period that an announcement names: of a rolling window the one that
   * its first announcement began, and that is over when the window has passed.
   */
  announced(key: string, nowMs: number): Announced;
  /** Of a counter that something was spent on. */
  markAnnounced(announced: Announced): void;
  forgetBefore(nowMs: number): void;
}

interface Counter {
  spent: bigint;
  /** Of a rolling window, in place of the sum. */
  window: WindowParts | null;
  buckets: Map<number, Tracks>;
  announced: Announced | null;
}

export function createMemoryCounters(groupMs: number): MemoryCounters {
  const counters = createExpiringMap<Counter>(groupMs);

  const touch = (key: string, keepUntilMs: number): Counter => {
    const part = partIn({ key });
    const name = counterKey(key);
    const counter = counters.get(name) ?? {
      spent: 0n,
      window: part && createWindowParts(part.partMs),
      buckets: new Map(),
      announced: null,
    };
    const countsUntilMs = part === null ? 0 : partIsOutMs(part.startMs, part.partMs);
    counters.put(name, counter, Math.max(keepUntilMs, countsUntilMs));
    return counter;
  };

  return {
    spent: (key, atMs) => {
      const counter = counters.get(counterKey(key));
      return counter?.window?.spent(atMs) ?? counter?.spent ?? 0n;
    },
    leftAtMs: ({ key, periodEndMs }, amount, atMs) => {
      const part = partIn({ key });
      if (part === null) return periodEndMs;
      const window = counters.get(counterKey(key))?.window ?? createWindowParts(part.partMs);
      return window.leftAtMs(amount, atMs);
    },
    held: (key, current) => heldSum(counters.get(counterKey(key))?.buckets ?? NO_BUCKETS, current),
    spend: (key, amount, keepUntilMs, pastMs) => {
      const counter = touch(key, keepUntilMs);
      if (counter.window === null) counter.spent += amount;
      else if (amount !== 0n) counter.window.add(partIn({ key })?.startMs ?? 0, amount, pastMs);
    },
    hold: (entry, bucket, current, keepUntilMs) => {
      const { buckets } = touch(entry.key, keepUntilMs);
      for (const past of buckets.keys()) if (past < current) buckets.delete(past);
      change(buckets, bucket, entry.expected, entry.worst);
    },
    drop: (entry, bucket) => {
      const buckets = counters.get(counterKey(entry.key))?.buckets;
      if (buckets?.has(bucket)) change(buckets, bucket, -entry.expected, -entry.worst);
    },
    announced: (key, nowMs) => {
      const counter = counters.get(counterKey(key));
      const since = counter?.announced ? partIn(counter.announced) : null;
      if (counter && since && nowMs >= partIsOutMs(since.startMs, since.partMs)) counter.announced = null;
      return counter?.announced ?? { key: currentPartKey(key, nowMs), percent: 0 };
    },
    markAnnounced: (announced) => {
      if (counters.get(counterKey(announced.key)) !== undefined)
        touch(announced.key, 0).announced = announced;
    },
    forgetBefore: (nowMs) => counters.forgetBefore(nowMs),
  };
}

const NO_BUCKETS: ReadonlyMap<number, Tracks> = new Map();

function heldSum(buckets: ReadonlyMap<number, Tracks>, current: number): HeldSum {
  const sum: HeldSum = { expected: 0n, worst: 0n, oldestBucket: null };
  for (const [bucket, tracks] of buckets) {
    if (bucket < current || isEmpty(tracks)) continue;
    sum.expected += tracks.expected;
    sum.worst += tracks.worst;
    sum.oldestBucket = Math.min(sum.oldestBucket ?? bucket, bucket);
  }
  return sum;
}

/** The last hold of the bucket has ended; it stays until it is past, because the next call would make it again. */
function isEmpty({ expected, worst }: Tracks): boolean {
  return expected === 0n && worst === 0n;
}

function change(buckets: Map<number, Tracks>, bucket: number, expected: bigint, worst: bigint): void {
  const tracks = buckets.get(bucket);
  if (tracks === undefined) {
    buckets.set(bucket, { expected, worst });
    return;
  }
  tracks.expected += expected;
  tracks.worst += worst;
}
