import { type Caveat, type DayComparison, INTERNAL_GROUPS, type ReportFreshness } from '@tallygate/reconcile';
import type { SpendHistory } from '@tallygate/usage';
import { type BillingReports, pullProviderDays } from './pull-provider.ts';

/** Both sides of a range of UTC days. */
export interface Sides {
  history: SpendHistory;
  adminApi: BillingReports;
  organization: string;
  fromMs: number;
  toMs: number;
  nowMs: number;
  /** At most so many sums of ours has a day. */
  placesPerDay: number;
}

const DAY_MS = 86_400_000;
/**
 * Sums of ours that are in memory at once, and three rows of the provider's beside each. An organization of a thousand keys is read
 * two days at a time; one that has so few that a month of them fits is asked in one question, because the provider counts those.
 */
const SUMS_AT_ONCE = 20_000;

/** Reads both sides, oldest first, and gives each stretch of days to the comparison before the next one is read. */
export async function readDays(
  { history, adminApi, organization, placesPerDay, nowMs, ...range }: Sides,
  comparison: Pick<DayComparison, 'add'>,
): Promise<{ caveats: Caveat[]; freshness: ReportFreshness[] }> {
  const read = { caveats: [] as Caveat[], freshness: [] as ReportFreshness[] };
  for (const stretch of stretchesOf(range, placesPerDay)) {
    const groupBy = ['day' as const, ...INTERNAL_GROUPS];
    const internal = await history.spend({ organization, ...stretch, by: 'ended', groupBy });
    const isContinued = stretch.fromMs > range.fromMs;
    const pulled = await pullProviderDays(adminApi, { ...stretch, nowMs, isContinued });
    const { caveats, freshness, ...reports } = pulled;
    comparison.add({ internal, ...reports });
    read.caveats.push(...caveats);
    read.freshness.push(...freshness);
  }
  return { caveats: withoutRepeats(read.caveats), freshness: freshnessOf(read.freshness) };
}

function* stretchesOf(
  { fromMs, toMs }: { fromMs: number; toMs: number },
  placesPerDay: number,
): Generator<{ fromMs: number; toMs: number }> {
  const days = Math.max(1, Math.floor(SUMS_AT_ONCE / Math.max(1, placesPerDay)));
  for (let startMs = fromMs; startMs < toMs; startMs += days * DAY_MS)
    yield { fromMs: startMs, toMs: Math.min(startMs + days * DAY_MS, toMs) };
}

/** Where data ends is where the first stretch says so: those after it have none at all. */
function withoutRepeats(caveats: readonly Caveat[]): Caveat[] {
  const first = caveats.findIndex(({ caveat }) => caveat === 'incomplete');
  return caveats.filter(({ caveat }, index) => caveat !== 'incomplete' || index === first);
}

/** What is true of every stretch that a report was asked for. */
function freshnessOf(stretches: readonly ReportFreshness[]): ReportFreshness[] {
  const reports = new Map<string, ReportFreshness>();
  for (const figures of stretches) {
    const { completeToMs = null } = reports.get(figures.report) ?? figures;
    const earliestMs =
      completeToMs === null || figures.completeToMs === null
        ? null
        : Math.min(completeToMs, figures.completeToMs);
    reports.set(figures.report, { ...figures, completeToMs: earliestMs });
  }
  return [...reports.values()];
}
