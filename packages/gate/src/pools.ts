import type { HoldEntry, PoolDenial } from '@tallygate/usage';
import {
  above,
  inTrack,
  ownShare,
  refusalOf,
  type Standing,
  smaller,
  type Track,
  type TrackRefusal,
  type Tracks,
  within,
} from './admission.ts';
import { bucketEndMs } from './buckets.ts';
import { type BudgetPeriod, holdEntry } from './budget-periods.ts';
import type { Refusal } from './denials.ts';

/**
 * A call that does not fit on its budget alone is held by the budget and its pool together: the budget takes what still fits on it,
 * its share, and the pool what is above. Of the charge the budget pays up to its share. `lua/reserve.lua` states the same rules.
 */
export interface Placing {
  standing: Standing;
  /** Null where the budget holds the call alone. */
  share: bigint | null;
  /** Null where the call fits. */
  refusal: Refusal | null;
}

export function placeOn(standing: Standing, bucketMs: number): Placing {
  const refusal = refusalOf(standing, bucketMs);
  const { pool } = standing;
  if (refusal === null || pool === undefined) return { standing, share: null, refusal };
  const share = ownShare(standing);
  const lacking = { ...pool, asked: above(share, standing.asked) };
  const refused = refusalOf(lacking, bucketMs);
  if (refused === null) return { standing, share, refusal: null };
  return { standing, share: null, refusal: togetherRefused(standing, lacking, refused, bucketMs) };
}

/** What is held on each budget, and behind them on each pool once: two budgets that lack something of one call share what it gives. */
export function entriesOf(placings: readonly Placing[]): HoldEntry[] {
  const entries: HoldEntry[] = [];
  const pools = new Map<string, PoolPart>();
  for (const { standing, share } of placings) {
    const { period, asked, pool } = standing;
    if (share === null) entries.push(holdEntry(period, asked));
    else entries.push({ ...holdEntry(period, within(share, asked)), paysUpTo: share });
    // In the order in which budgets name them, needed or not, so that it is the same wherever a call is held.
    if (pool !== undefined) pools.set(pool.period.key, partOf(pool.period, asked, share, pools));
  }
  for (const { period, asked, share } of pools.values())
    if (share !== null) entries.push({ ...holdEntry(period, above(share, asked)), paysFrom: share });
  return entries;
}

/** The part of a pool; its share is null where no budget needs it. */
interface PoolPart {
  period: BudgetPeriod;
  asked: Tracks;
  share: bigint | null;
}

function partOf(
  period: BudgetPeriod,
  asked: Tracks,
  share: bigint | null,
  known: ReadonlyMap<string, PoolPart>,
): PoolPart {
  const before = known.get(period.key)?.share ?? null;
  if (share === null || before === null) return { period, asked, share: share ?? before };
  return { period, asked, share: smaller(before, share) };
}

/** Of the budget, by the track in which its pool refuses. */
function togetherRefused(
  standing: Standing,
  lacking: Standing,
  refused: TrackRefusal,
  bucketMs: number,
): Refusal {
  const { period, spent } = standing;
  const own = inTrack(refused.track, standing);
  const { limit, held, needed } = refused;
  const pool: PoolDenial = { budgetId: refused.period.budget.id, limit, spent: lacking.spent, held, needed };
  const retryAtMs = retryTogether(standing, own, lacking, limit, bucketMs);
  return { period, spent, ...own, pool, retryAtMs };
}

/** When either gives something back, where that is enough; else when one of them alone has got what is too much by now. */
function retryTogether(
  standing: Standing,
  own: Track,
  lacking: Standing,
  limit: bigint,
  bucketMs: number,
): number {
  const [left, leftInPool] = [own.limit - standing.spent, limit - lacking.spent];
  const tooMuch = own.needed - notNegative(left) - notNegative(leftInPool);
  if (tooMuch > 0n)
    return Math.min(
      standing.leftAtMs(own.needed - notNegative(leftInPool) - left),
      lacking.leftAtMs(own.needed - notNegative(left) - leftInPool),
    );
  const ends = [standing.leftAtMs(1n), lacking.leftAtMs(1n)];
  for (const { held } of [standing, lacking])
    if (held.oldestBucket !== null) ends.push(bucketEndMs(held.oldestBucket, bucketMs));
  return Math.min(...ends);
}

function notNegative(amount: bigint): bigint {
  return amount < 0n ? 0n : amount;
}
