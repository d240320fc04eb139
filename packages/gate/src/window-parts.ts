import { isRolling, partIsOutMs, partMsOf } from '@tallygate/usage';
import type { PinnedPeriod } from './budget-periods.ts';
import { parsePeriodKey, partKey } from './keys.ts';

/** What was charged to the parts of one rolling window; `usage/src/rolling.ts` says what counts. `lua/fragments/window.lua` does the same. */
export interface WindowParts {
  /** Also forgets the parts that were out by `pastMs`. */
  add(partStartMs: number, amount: bigint, pastMs: number): void;
  spent(nowMs: number): bigint;
  /** When at least so much has left, at the soonest; with nothing in the window, when the part that is current now has. */
  leftAtMs(amount: bigint, nowMs: number): number;
}

export function createWindowParts(partMs: number): WindowParts {
  const parts = new Map<number, bigint>();
  const counting = (nowMs: number) => [...parts].filter(([startMs]) => nowMs < partIsOutMs(startMs, partMs));
  return {
    add(partStartMs, amount, pastMs) {
      parts.set(partStartMs, (parts.get(partStartMs) ?? 0n) + amount);
      for (const startMs of parts.keys()) if (partIsOutMs(startMs, partMs) <= pastMs) parts.delete(startMs);
    },
    spent: (nowMs) => counting(nowMs).reduce((sum, [, amount]) => sum + amount, 0n),
    leftAtMs(amount, nowMs) {
      let left = 0n;
      let lastMs = startOfPartMs(partMs, nowMs);
      for (const [startMs, spent] of counting(nowMs).sort(([a], [b]) => a - b)) {
        left += spent;
        lastMs = startMs;
        if (left >= amount) break;
      }
      return partIsOutMs(lastMs, partMs);
    },
  };
}

/** The part that a key of a rolling window names; null for a period of the calendar. */
export function partIn({ key }: Pick<PinnedPeriod, 'key'>): { startMs: number; partMs: number } | null {
  if (!key.includes('rolling-')) return null;
  const name = parsePeriodKey(key);
  if (name === null || !isRolling(name.unit)) return null;
  return { startMs: name.startMs, partMs: partMsOf(name.unit) };
}

/** Of the same window, the part that is current then; a period of the calendar stays as it is. */
export function currentPartKey(key: string, nowMs: number): string {
  const part = partIn({ key });
  return part === null ? key : partKey(key, startOfPartMs(part.partMs, nowMs));
}

function startOfPartMs(partMs: number, nowMs: number): number {
  return Math.floor(nowMs / partMs) * partMs;
}
