import { openBatchDays } from './batch-timing.ts';
import type { ChargesToRead } from './charges-to-read.ts';
import type { ComparedDays } from './compare-days.ts';
import { groupRows } from './group-rows.ts';
import { laneOf } from './joined-rows.ts';
import { isOnlySearches } from './web-search.ts';

export interface SuspectDay {
  dayMs: number;
  apiKeyId: string;
  /** Whether there is usage at fast speed, which is asked for apart; null: nobody can tell. */
  isFast: boolean | null;
}

/** What days cannot decide, and must be read closer. */
export interface Suspects {
  /** Days and keys to be read minute by minute, earliest first. */
  minutes: SuspectDay[];
  /** Days whose batches have no counterpart among the others: at an edge of the range, the day beside is to be read. */
  openBatchDays: ReadonlySet<number>;
  /** Days and models to be read by price. */
  charges: ChargesToRead[];
}

export function suspectsOf({ guessed, differing, charges, fastDays }: ComparedDays): Suspects {
  const unlike = differing.filter((day) => laneOf(day.serviceTier) !== 'priority' && !isOnlySearches(day));
  const places = groupRows([...unlike, ...guessed], ({ dayMs, apiKeyId }) => `${dayMs} ${apiKeyId}`);
  const minutes = [...places.values()]
    .flatMap(([{ dayMs, apiKeyId }]) =>
      apiKeyId === null ? [] : [{ dayMs, apiKeyId, isFast: fastDays?.has(`${dayMs} ${apiKeyId}`) ?? null }],
    )
    .sort((left, right) => left.dayMs - right.dayMs);
  return { minutes, openBatchDays: openBatchDays(differing), charges };
}
