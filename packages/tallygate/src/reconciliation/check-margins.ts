import type { UsageBucket, UsageDimension, UsageGroup } from '@tallygate/admin-api';
import { type Caveat, TOKEN_CLASSES, type TokenCounts } from '@tallygate/reconcile';
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
    const difference = firstDifference(marginsOf(bucket, shared), marginsOf(other[index], shared), shared);
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

interface Margin {
  group: UsageGroup;
  tokens: TokenCounts;
}

/** The tokens of each group of the dimensions that both have. */
function marginsOf(
  bucket: UsageBucket | undefined,
  shared: readonly UsageDimension[],
): ReadonlyMap<string, Margin> {
  const margins = new Map<string, Margin>();
  for (const { group, usage } of bucket?.rows ?? []) {
    let key = '';
    for (const dimension of shared) key += `${group[dimension] ?? 'none'} `;
    const margin = margins.get(key);
    if (margin === undefined) margins.set(key, { group, tokens: { ...usage } });
    else for (const tokenClass of TOKEN_CLASSES) margin.tokens[tokenClass] += usage[tokenClass];
  }
  return margins;
}

function firstDifference(
  one: ReadonlyMap<string, Margin>,
  other: ReadonlyMap<string, Margin>,
  shared: readonly UsageDimension[],
): string | null {
  for (const side of [one, other]) {
    for (const [key, { group }] of side) {
      const [left, right] = [one.get(key), other.get(key)];
      if (left !== undefined && right !== undefined && isSame(left, right)) continue;
      const place = shared.map((dimension) => `${dimension} ${group[dimension] ?? 'none'}`).join(', ');
      return `${place} (${sumOf(left)} and ${sumOf(right)})`;
    }
  }
  return null;
}

function isSame(left: Margin, right: Margin): boolean {
  for (const tokenClass of TOKEN_CLASSES)
    if (left.tokens[tokenClass] !== right.tokens[tokenClass]) return false;
  return true;
}

function sumOf(margin: Margin | undefined): string {
  if (margin === undefined) return 'nothing';
  return TOKEN_CLASSES.map((tokenClass) => margin.tokens[tokenClass]).join('/');
}
