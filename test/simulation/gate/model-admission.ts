import type { NanoUsd } from '@tallygate/usage';
import { BUCKET_MS } from '../../contract/gate-fixtures.ts';

/** What a gate decides about an amount, from sums alone. */

export interface Amounts {
  expected: NanoUsd;
  worst: NanoUsd;
}

/** What stands on a budget in a period. */
export interface Sums {
  budgetId: string;
  spent: NanoUsd;
  held: Amounts & { firstBucket: number };
  limit: NanoUsd;
  hard: NanoUsd;
  /** When so much of what was spent no longer counts; of a period of the calendar always when it ends. */
  leftAtMs(amount: NanoUsd): number;
}

/** Of a denial, what a person acts on. */
export interface Refusal {
  budgetId: string;
  limit: NanoUsd;
  spent: NanoUsd;
  held: NanoUsd;
  needed: NanoUsd;
  retryAtMs: number;
  pool?: Omit<Refusal, 'retryAtMs' | 'pool' | 'median'>;
  /** Of a breaker that denies. */
  median?: NanoUsd;
}

export function refusalOf(sums: Sums, asked: Amounts): Refusal | null {
  const track = refusingTrack(sums, asked);
  if (track === null) return null;
  const { limit, needed, ...others } = inTrack(track, sums, asked);
  const tooMuch = sums.spent + needed - limit;
  const leftMs = sums.leftAtMs(tooMuch > 0n ? tooMuch : 1n);
  const freedMs = tooMuch > 0n ? leftMs : firstEndMs(sums);
  return { ...others, limit, needed, retryAtMs: Math.min(freedMs, leftMs) };
}

/** Of a call that does not fit, the most that can stand on the budget: by the expected cost only where that is what is short. */
export function shareOf({ spent, held, limit, hard }: Sums, { expected }: Amounts): NanoUsd {
  const planned = limit - spent - held.expected;
  const bounds = [hard - spent - held.worst, ...(expected > planned ? [planned] : [])];
  return notNegative(bounds.reduce(smaller));
}

/** Null where the pool has what the budget lacks. */
export function refusalByBoth(sums: Sums, pool: Sums, asked: Amounts): Refusal | null {
  const lacking = partOf(asked, { from: shareOf(sums, asked) });
  const track = refusingTrack(pool, lacking);
  if (track === null) return null;
  const [own, others] = [inTrack(track, sums, asked), inTrack(track, pool, lacking)];
  const [left, leftInPool] = [own.limit - sums.spent, others.limit - pool.spent];
  const tooMuch = own.needed - notNegative(left) - notNegative(leftInPool);
  const freedMs =
    tooMuch > 0n
      ? [
          sums.leftAtMs(own.needed - notNegative(leftInPool) - left),
          pool.leftAtMs(own.needed - notNegative(left) - leftInPool),
        ]
      : [sums.leftAtMs(1n), pool.leftAtMs(1n), firstEndMs(sums), firstEndMs(pool)];
  return { ...own, pool: others, retryAtMs: Math.min(...freedMs) };
}

/** Which part of a call a budget or its pool has: what is up to a share, or what is above. */
export interface Part {
  upTo?: NanoUsd | undefined;
  from?: NanoUsd | undefined;
}

export function partOf({ expected, worst }: Amounts, part: Part): Amounts {
  return { expected: partOfAmount(expected, part), worst: partOfAmount(worst, part) };
}

export function partOfAmount(amount: NanoUsd, { upTo = amount, from = 0n }: Part): NanoUsd {
  return notNegative((amount < upTo ? amount : upTo) - from);
}

/** The one that is farther beyond. */
function refusingTrack({ spent, held, limit, hard }: Sums, asked: Amounts): 'expected' | 'worst' | null {
  const beyondPlan = spent + held.expected + asked.expected - limit;
  const beyondHard = spent + held.worst + asked.worst - hard;
  if (beyondPlan <= 0n && beyondHard <= 0n) return null;
  return beyondHard >= beyondPlan ? 'worst' : 'expected';
}

function inTrack(track: 'expected' | 'worst', { budgetId, spent, held, limit, hard }: Sums, asked: Amounts) {
  const top = track === 'worst' ? hard : limit;
  return { budgetId, limit: top, spent, held: held[track], needed: asked[track] };
}

function firstEndMs({ held }: Sums): number {
  return (held.firstBucket + 1) * BUCKET_MS;
}

export function smaller(left: NanoUsd, right: NanoUsd): NanoUsd {
  if (left < right) return left;
  return right;
}

function notNegative(amount: NanoUsd): NanoUsd {
  return amount < 0n ? 0n : amount;
}
