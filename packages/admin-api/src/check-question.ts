import { TallygateError } from '@tallygate/usage';
import { BUCKET_WIDTH_MS, type BucketWidth } from './bucket-width.ts';

/**
 * The provider would drop a partial last bucket and snap the first one: another range than the one asked for.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` for an empty range, or one that does not lie on bucket boundaries in UTC.
 */
export function requireWholeBuckets(asked: { fromMs: number; toMs: number }, width: BucketWidth): void {
  const widthMs = BUCKET_WIDTH_MS[width];
  const isBoundary = (instantMs: number) => Number.isSafeInteger(instantMs) && instantMs % widthMs === 0;
  if (isBoundary(asked.fromMs) && isBoundary(asked.toMs) && asked.fromMs < asked.toMs) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `The range ${asked.fromMs} to ${asked.toMs} is not a row of whole ${width} buckets in UTC.`,
  });
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for more dimensions than the provider takes, or one twice. */
export function requireDimensions(
  groupBy: readonly string[],
  most: number,
  beside: readonly string[] = [],
): void {
  const counted = groupBy.filter((dimension) => !beside.includes(dimension));
  if (counted.length <= most && new Set(groupBy).size === groupBy.length) return;
  throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
    message: `Grouping by ${groupBy.join(', ')} is refused: at most ${most} dimensions, each once.`,
  });
}
