import type { UsageBucket, UsageDimension, UsageGroup, UsageRow } from '@tallygate/admin-api';
import {
  addInto,
  type Caveat,
  createPairs,
  isNothing,
  noTokens,
  subtractFrom,
  TOKEN_CLASSES,
  type TokenCounts,
} from '@tallygate/reconcile';
import { isoFromMs, TallygateError } from '@tallygate/usage';
import type { CheckedRange } from './check-totals.ts';

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
    const difference = firstDifference(bucket.rows, other[index]?.rows ?? [], shared);
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
  const filled = buckets.find(({ rows }) => rows.length > 0);
  return new Set(Object.keys(filled?.rows[0]?.group ?? {}) as UsageDimension[]);
}

interface Margin {
  group: UsageGroup;
  difference: TokenCounts;
}

/** Of the tokens of each group of the dimensions that both have. */
function firstDifference(
  one: readonly UsageRow[],
  other: readonly UsageRow[],
  shared: readonly UsageDimension[],
): string | null {
  const valueIn = (group: UsageGroup, dimension: UsageDimension) => group[dimension] ?? 'none';
  const margins = createPairs<string, string, UsageGroup, Margin>(
    (margin, group) => shared.every((by) => valueIn(margin.group, by) === valueIn(group, by)),
    (group) => ({ group, difference: noTokens() }),
  );
  const marginAt = (group: UsageGroup) =>
    margins.at(valueIn(group, 'model'), valueIn(group, 'api_key_id'), group);
  for (const { group, usage } of one) addInto(marginAt(group).difference, usage);
  for (const { group, usage } of other) subtractFrom(marginAt(group).difference, usage);
  for (const { group, difference } of margins.all()) {
    if (isNothing(difference)) continue;
    const place = shared.map((by) => `${by} ${valueIn(group, by)}`).join(', ');
    return `${place} by ${TOKEN_CLASSES.map((tokenClass) => difference[tokenClass]).join('/')}`;
  }
  return null;
}
