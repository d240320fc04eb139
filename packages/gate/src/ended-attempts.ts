import { type AttemptTable, createAttemptTable } from './attempt-table.ts';
import { idWords } from './id-words.ts';
import type { Ending } from './settlements.ts';

/**
 * Attempts that ended, remembered for at least `graceMs`, so that repeating an ending changes nothing. They stand in a few
 * generations, each forgotten as a whole: an attempt is kept at most a quarter of the grace longer than promised.
 */
export interface EndedAttempts {
  /** The last one of the attempt that is still remembered: what was released may be settled later. */
  get(attemptId: string): Ending | undefined;
  put(attemptId: string, ending: Ending): void;
  forgetBefore(nowMs: number): void;
}

/** More would forget sooner; every look-up asks all of them. */
const GENERATIONS_PER_GRACE = 4;

export function createEndedAttempts(graceMs: number): EndedAttempts {
  const generationMs = Math.max(1, graceMs / GENERATIONS_PER_GRACE);
  const generations = new Map<number, AttemptTable>();

  const generationAt = (instantMs: number): AttemptTable => {
    const number = Math.floor(instantMs / generationMs);
    const known = generations.get(number);
    if (known !== undefined) return known;
    const table = createAttemptTable();
    generations.set(number, table);
    return table;
  };

  return {
    get: (attemptId) => {
      const id = idWords(attemptId);
      let last: Ending | undefined;
      for (const table of generations.values()) {
        const ending = table.get(id);
        // By number, not by generation: a clock that steps back puts the later ending into the earlier one.
        if (ending !== undefined && ending.seq > (last?.seq ?? 0)) last = ending;
      }
      return last;
    },
    put: (attemptId, ending) => generationAt(ending.settledAtMs).put(idWords(attemptId), ending),
    forgetBefore: (nowMs) => {
      for (const number of generations.keys()) {
        if ((number + 1) * generationMs + graceMs <= nowMs) generations.delete(number);
      }
    },
  };
}
