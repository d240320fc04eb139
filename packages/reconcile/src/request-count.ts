import type { Day } from './day.ts';
import type { OurRow, TheirRow } from './joined-rows.ts';

/** Requests that the provider counts beyond our attempts that were answered, by day; null: its report does not count them. */
export type RequestDifferences = ReadonlyMap<number, number> | null;

export interface RequestCount {
  add(day: Day): void;
  differences(): RequestDifferences;
}

export function createRequestCount(): RequestCount {
  let isCounted = true;
  let isAnyUsed = false;
  const byDay = new Map<number, number>();
  return {
    add({ dayMs, ours, theirs }) {
      const difference = requestDifference(theirs, ours);
      if (difference === null) isCounted = false;
      else byDay.set(dayMs, difference);
      isAnyUsed ||= theirs.length > 0;
    },
    // Without a row of theirs nobody knows whether the report has the column.
    differences: () => (isCounted && isAnyUsed ? byDay : null),
  };
}

/** Null: the report of these rows does not count requests. Attempts that failed are counted by nobody. */
export function requestDifference(theirs: readonly TheirRow[], ours: readonly OurRow[]): number | null {
  let difference = 0;
  for (const { requests } of theirs) {
    if (requests === null) return null;
    difference += requests;
  }
  for (const { attempts, failedAttempts } of ours) difference += failedAttempts - attempts;
  return difference;
}
