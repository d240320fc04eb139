import type { UsageBucket } from '@tallygate/admin-api';

/** Adds up, by the provider's names, what it counts and we have no column for: it is in no figure, so it must be said. */
export function addUnknownCounts(sums: Map<string, number>, usage: readonly UsageBucket[]): void {
  for (const { rows } of usage)
    for (const { unknownCounts } of rows)
      for (const name in unknownCounts) sums.set(name, (sums.get(name) ?? 0) + (unknownCounts[name] ?? 0));
}
