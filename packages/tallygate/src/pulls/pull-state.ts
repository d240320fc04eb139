import { FINAL_AFTER_MS } from '@tallygate/reconcile';

/**
 * open: the day was not over, or its data not complete. provisional: the provider may still change it. final: it says it will not.
 * closed: a month was closed by it, which holds whatever the provider says later.
 */
export type PullState = 'open' | 'provisional' | 'final' | 'closed';

/** "Within five minutes, occasionally later", where a report does not say how far it has come. */
const REPORT_DELAY_MS = 3_600_000;

/**
 * What a pull says of a range that ends at `endMs`.
 * @param refreshedAtMs how far its data had come; null: there was none yet; undefined: the report does not say.
 */
export function pullState(
  endMs: number,
  { pulledAtMs, refreshedAtMs }: { pulledAtMs: number; refreshedAtMs?: number | null | undefined },
): Exclude<PullState, 'closed'> {
  const completeToMs =
    refreshedAtMs === undefined
      ? pulledAtMs - REPORT_DELAY_MS
      : Math.min(refreshedAtMs ?? Number.NEGATIVE_INFINITY, pulledAtMs);
  if (completeToMs < endMs) return 'open';
  return pulledAtMs < endMs + FINAL_AFTER_MS ? 'provisional' : 'final';
}
