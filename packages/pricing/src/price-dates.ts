import type { TallygateError } from '@tallygate/usage';
import type { Dated } from './price-book.ts';

/**
 * Calendar days become instants at 00:00 UTC: the provider publishes no time of day.
 * @throws what `refuse` makes of a period that ends before it begins.
 */
export function toDates(
  row: { effectiveFrom: string | null; effectiveTo: string | null },
  refuse: (reason: string) => TallygateError,
): Dated {
  const startMs = row.effectiveFrom === null ? Number.NEGATIVE_INFINITY : Date.parse(row.effectiveFrom);
  const endMs = row.effectiveTo === null ? Number.POSITIVE_INFINITY : Date.parse(row.effectiveTo);
  if (startMs < endMs) return { startMs, endMs };
  throw refuse(`it ends on ${row.effectiveTo}, which is not after its start on ${row.effectiveFrom}`);
}
