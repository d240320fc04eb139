/**
 * Time in buckets. A hold stands in the bucket of its last instant and counts while that bucket is not past, so that it ends
 * by arithmetic: nothing has to run when a process dies. The same rules stand in `lua/fragments/buckets.lua`.
 */

/** Width of a bucket unless an organization's gate was opened with another. */
export const DEFAULT_BUCKET_MS = 60_000;

/** A longer hold stands in a coarser bucket, at most a sixteenth of its length: 25 hours of batches must not make 1,500 fields. */
export const BUCKETS_PER_HOLD = 16;

/** The bucket of the instant. Never below the watermark: a bucket that was once declared past stays past. */
export function currentBucket(instantMs: number, bucketMs: number, watermark: number): number {
  return Math.max(Math.floor(instantMs / bucketMs), watermark);
}

/** A hold lives at least `ttlMs`, and at most one bucket and a sixteenth longer. */
export function expiryBucket(nowMs: number, ttlMs: number, bucketMs: number, watermark: number): number {
  const last = Math.floor((nowMs + ttlMs) / bucketMs);
  const step = Math.max(1, Math.floor(ttlMs / bucketMs / BUCKETS_PER_HOLD));
  return Math.max((Math.floor(last / step) + 1) * step - 1, watermark);
}

/** First instant at which holds of the bucket no longer count. */
export function bucketEndMs(bucket: number, bucketMs: number): number {
  return (bucket + 1) * bucketMs;
}
