import type { HoldEntry, NanoUsd } from '@tallygate/usage';
import type { HeldSum, Tracks } from './admission.ts';
import { createExpiringMap } from './expiring-map.ts';

/**
 * Counters of budget periods in process: what was spent, and holds in their expiry buckets. A period that nobody touched
 * reads zero; here that is no guess, because the counters of the embedded owner begin with the ledger's totals.
 */
export interface MemoryCounters {
  spentNanoUsd(key: string): NanoUsd;
  /** Sum of the holds whose bucket is not past. */
  held(key: string, currentBucket: number): HeldSum;
  spend(key: string, amountNanoUsd: NanoUsd, keepUntilMs: number): void;
  /** Also drops the buckets that are past. */
  hold(entry: HoldEntry, bucket: number, currentBucket: number, keepUntilMs: number): void;
  drop(entry: HoldEntry, bucket: number): void;
  forgetBefore(nowMs: number): void;
}

interface Counter {
  spentNanoUsd: NanoUsd;
  buckets: Map<number, Tracks>;
}

export function createMemoryCounters(groupMs: number): MemoryCounters {
  const counters = createExpiringMap<Counter>(groupMs);

  const touch = (key: string, keepUntilMs: number): Counter => {
    const counter = counters.get(key) ?? { spentNanoUsd: 0n, buckets: new Map() };
    counters.put(key, counter, keepUntilMs);
    return counter;
  };

  return {
    spentNanoUsd: (key) => counters.get(key)?.spentNanoUsd ?? 0n,
    held: (key, current) => heldSum(counters.get(key)?.buckets ?? NO_BUCKETS, current),
    spend: (key, amountNanoUsd, keepUntilMs) => {
      touch(key, keepUntilMs).spentNanoUsd += amountNanoUsd;
    },
    hold: (entry, bucket, current, keepUntilMs) => {
      const { buckets } = touch(entry.key, keepUntilMs);
      for (const past of buckets.keys()) if (past < current) buckets.delete(past);
      change(buckets, bucket, entry.expectedNanoUsd, entry.worstNanoUsd);
    },
    drop: (entry, bucket) => {
      const buckets = counters.get(entry.key)?.buckets;
      if (buckets?.has(bucket)) change(buckets, bucket, -entry.expectedNanoUsd, -entry.worstNanoUsd);
    },
    forgetBefore: (nowMs) => counters.forgetBefore(nowMs),
  };
}

const NO_BUCKETS: ReadonlyMap<number, Tracks> = new Map();

function heldSum(buckets: ReadonlyMap<number, Tracks>, current: number): HeldSum {
  const sum: HeldSum = { expectedNanoUsd: 0n, worstNanoUsd: 0n, oldestBucket: null };
  for (const [bucket, tracks] of buckets) {
    if (bucket < current || isEmpty(tracks)) continue;
    sum.expectedNanoUsd += tracks.expectedNanoUsd;
    sum.worstNanoUsd += tracks.worstNanoUsd;
    sum.oldestBucket = Math.min(sum.oldestBucket ?? bucket, bucket);
  }
  return sum;
}

/** The last hold of the bucket has ended; it stays until it is past, because the next call would make it again. */
function isEmpty({ expectedNanoUsd, worstNanoUsd }: Tracks): boolean {
  return expectedNanoUsd === 0n && worstNanoUsd === 0n;
}

function change(buckets: Map<number, Tracks>, bucket: number, expected: NanoUsd, worst: NanoUsd): void {
  const tracks = buckets.get(bucket);
  if (tracks === undefined) {
    buckets.set(bucket, { expectedNanoUsd: expected, worstNanoUsd: worst });
    return;
  }
  tracks.expectedNanoUsd += expected;
  tracks.worstNanoUsd += worst;
}
