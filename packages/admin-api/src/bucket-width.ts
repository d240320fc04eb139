import { TallygateError } from '@tallygate/usage';

/** Widths of the provider's buckets; family A's and B's pages hold so many of them. */
export const BUCKETS = {
  '1m': { widthMs: 60_000, maxPerPage: 1440 },
  '1h': { widthMs: 3_600_000, maxPerPage: 168 },
  '1d': { widthMs: 86_400_000, maxPerPage: 31 },
} as const;
export type BucketWidth = keyof typeof BUCKETS;

/**
 * The provider would drop a partial last bucket and snap the first one: another range than the one asked for.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for an empty range, or one that does not lie on bucket boundaries in UTC.
 */
export function requireWholeBuckets(asked: { fromMs: number; toMs: number }, width: BucketWidth): void {
  const { widthMs } = BUCKETS[width];
  const isBoundary = (instantMs: number) => Number.isSafeInteger(instantMs) && instantMs % widthMs === 0;
  if (isBoundary(asked.fromMs) && isBoundary(asked.toMs) && asked.fromMs < asked.toMs) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The range ${asked.fromMs} to ${asked.toMs} is not a row of whole ${width} buckets in UTC.`,
  });
}

/** How long a bucket is, for those who ask. */
export const BUCKET_WIDTH_MS: Readonly<Record<BucketWidth, number>> = {
  '1m': BUCKETS['1m'].widthMs,
  '1h': BUCKETS['1h'].widthMs,
  '1d': BUCKETS['1d'].widthMs,
};
