import type { UsageBucket, UsageDimension } from '@tallygate/admin-api';
import type { Caveat } from '@tallygate/reconcile';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import { type CheckedRange, tokenSum } from './check-totals.ts';

/**
 * The provider groups by five dimensions at once, so more of them take several questions. They are about one and the same usage
 * only where they agree on every group of the dimensions that they share: equal totals may hide a row that moved.
 *
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for complete buckets whose margins do not agree.
 */
export function checkMargins(
  report: string,
  one: readonly UsageBucket[],
  other: readonly UsageBucket[],
  { completeUntilMs }: CheckedRange,
): Caveat[] {
  const shared = sharedDimensions(one, other);
  return one.flatMap((bucket, index): Caveat[] => {
    const difference = firstDifference(marginsOf(bucket, shared), marginsOf(other[index], shared));
    if (difference === null) return [];
    const day = isoFromMs(bucket.startMs).slice(0, 10);
    const detail = `${report} of ${day}: two questions disagree on ${difference}.`;
    if (bucket.endMs <= completeUntilMs) {
      throw new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: detail });
    }
    return [{ caveat: 'totals_moved', detail }];
  });
}

function sharedDimensions(one: readonly UsageBucket[], other: readonly UsageBucket[]): UsageDimension[] {
  const [left, right] = [dimensionsOf(one), dimensionsOf(other)];
  return [...left].filter((dimension) => right.has(dimension)).sort();
}

function dimensionsOf(buckets: readonly UsageBucket[]): Set<UsageDimension> {
  const [first] = buckets.flatMap(({ rows }) => rows);
  return new Set(Object.keys(first?.group ?? {}) as UsageDimension[]);
}

/** The tokens of each group of the dimensions that both have. */
function marginsOf(bucket: UsageBucket | undefined, shared: readonly UsageDimension[]): Map<string, string> {
  const groups = new Map<string, UsageBucket['rows']>();
  for (const row of bucket?.rows ?? []) {
    const key = shared.map((dimension) => `${dimension} ${row.group[dimension] ?? 'none'}`).join(', ');
    const members = groups.get(key) ?? [];
    members.push(row);
    groups.set(key, members);
  }
  const sumOf = (rows: UsageBucket['rows']) => tokenSum({ startMs: 0, endMs: 0, rows });
  return new Map([...groups].map(([key, rows]) => [key, sumOf(rows)]));
}

function firstDifference(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): string | null {
  for (const key of new Set([...one.keys(), ...other.keys()])) {
    const [left, right] = [one.get(key) ?? 'nothing', other.get(key) ?? 'nothing'];
    if (left !== right) return `${key} (${left} and ${right})`;
  }
  return null;
}
