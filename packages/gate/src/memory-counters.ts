import type { HoldEntry } from '@tallygate/usage';
import type { HeldSum, Tracks } from './admission.ts';
import { createExpiringMap } from './expiring-map.ts';

/**
 * Counters of budget periods in process: what was spent, and holds in their expiry buckets. A period that nobody touched
 * reads zero; here that is no guess, because the counters of the embedded owner begin with the ledger's totals.
 */
export interface MemoryCounters {
  spent(key: string): bigint;
  /** Sum of the holds whose bucket is not past. */
  held(key: string, currentBucket: number): HeldSum;
  spend(key: string, amount: bigint, keepUntilMs: number): void;
  /** Also drops the buckets that are past. */
  hold(entry: HoldEntry, bucket: number, currentBucket: number, keepUntilMs: number): void;
  drop(entry: HoldEntry, bucket: number): void;
  /** The highest threshold that was announced of it, in percent. */
  announcedPercent(key: string): number;
  /** Of a counter that something was spent on. */
  markAnnounced(key: string, percent: number): void;
  forgetBefore(nowMs: number): void;
}

interface Counter {
  spent: bigint;
  buckets: Map<number, Tracks>;
  announcedPercent: number;
}

export function createMemoryCounters(groupMs: number): MemoryCounters {
  const counters = createExpiringMap<Counter>(groupMs);

  const touch = (key: string, keepUntilMs: number): Counter => {
    const counter = counters.get(key) ?? { spent: 0n, buckets: new Map(), announcedPercent: 0 };
    counters.put(key, counter, keepUntilMs);
    return counter;
  };

  return {
    spent: (key) => counters.get(key)?.spent ?? 0n,
    held: (key, current) => heldSum(counters.get(key)?.buckets ?? NO_BUCKETS, current),
    spend: (key, amount, keepUntilMs) => {
      touch(key, keepUntilMs).spent += amount;
    },
    hold: (entry, bucket, current, keepUntilMs) => {
      const { buckets } = touch(entry.key, keepUntilMs);
      for (const past of buckets.keys()) if (past < current) buckets.delete(past);
      change(buckets, bucket, entry.expected, entry.worst);
    },
    drop: (entry, bucket) => {
      const buckets = counters.get(entry.key)?.buckets;
      if (buckets?.has(bucket)) change(buckets, bucket, -entry.expected, -entry.worst);
    },
    announcedPercent: (key) => counters.get(key)?.announcedPercent ?? 0,
    markAnnounced: (key, percent) => {
      const counter = counters.get(key);
      if (counter !== undefined) counter.announcedPercent = percent;
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
