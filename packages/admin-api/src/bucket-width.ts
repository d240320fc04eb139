/** The provider's buckets. */
export const BUCKET_WIDTH_MS = { '1m': 60_000, '1h': 3_600_000, '1d': 86_400_000 } as const;
export type BucketWidth = keyof typeof BUCKET_WIDTH_MS;
