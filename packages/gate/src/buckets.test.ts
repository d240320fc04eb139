import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUCKETS_PER_HOLD, bucketEndMs, currentBucket, expiryBucket } from './buckets.ts';

const HOUR_MS = 3_600_000;
const nowMs = fc.integer({ min: 0, max: 4 * 10 ** 12 });
const ttlMs = fc.integer({ min: 1, max: 48 * HOUR_MS });
const bucketMs = fc.constantFrom(20, 1_000, 60_000);

describe('expiry buckets', () => {
  test('a hold lives at least its time, and at most one bucket and a sixteenth longer', () => {
    fc.assert(
      fc.property(nowMs, ttlMs, bucketMs, (now, ttl, width) => {
        const endMs = bucketEndMs(expiryBucket(now, ttl, width, 0), width);
        expect(endMs).toBeGreaterThan(now + ttl);
        expect(endMs).toBeLessThanOrEqual(now + ttl + width + ttl / 16);
      }),
    );
  });

  test('a hold counts until its bucket is past, and not after', () => {
    fc.assert(
      fc.property(nowMs, ttlMs, bucketMs, (now, ttl, width) => {
        const bucket = expiryBucket(now, ttl, width, 0);
        expect(currentBucket(bucketEndMs(bucket, width) - 1, width, 0)).toBe(bucket);
        expect(currentBucket(bucketEndMs(bucket, width), width, 0)).toBe(bucket + 1);
      }),
    );
  });

  test('holds of one length never fill more than 34 buckets, however long they are', () => {
    fc.assert(
      fc.property(nowMs, ttlMs, (now, ttl) => {
        const instants = Array.from({ length: 400 }, (_, step) => now + (step * ttl) / 399);
        const buckets = new Set(instants.map((instant) => expiryBucket(Math.floor(instant), ttl, 60_000, 0)));
        expect(buckets.size).toBeLessThanOrEqual(2 * BUCKETS_PER_HOLD + 2);
      }),
    );
  });

  test('nothing is placed in, or read from, a bucket that was declared past', () => {
    expect(expiryBucket(0, 1, 60_000, 500)).toBe(500);
    expect(currentBucket(0, 60_000, 500)).toBe(500);
  });
});
