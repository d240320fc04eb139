import type { SettlementGap } from '@tallygate/usage';
import { MINUTE_MS } from './places.ts';
import type { Run } from './run.ts';

type Place = Pick<Run, 'fromMs' | 'toMs'>;

/**
 * Which runs a lost row could be behind. Settlements are numbered, and one is made when its attempt ends; so a missing number
 * was used between the instants of its neighbours. A number that has found its run is not offered to another.
 */
export interface GapBook {
  mayHold(place: Place): boolean;
  take(place: Place): void;
}

export function createGapBook(gaps: readonly SettlementGap[]): GapBook {
  const open = gaps.map((gap) => ({ ...gap, left: gap.toSeq - gap.fromSeq + 1 }));
  const around = (place: Place) => open.find((gap) => gap.left > 0 && encloses(gap, place));
  return {
    mayHold: (place) => around(place) !== undefined,
    take(place) {
      const gap = around(place);
      if (gap !== undefined) gap.left -= 1;
    },
  };
}

/** A bucket may be that of the attempt's beginning, never one after its end. */
function encloses({ beforeMs, afterMs }: SettlementGap, { fromMs, toMs }: Place): boolean {
  return fromMs <= afterMs && beforeMs < toMs + MINUTE_MS;
}
