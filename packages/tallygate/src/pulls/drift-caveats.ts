import { type Caveat, FINAL_AFTER_MS } from '@tallygate/reconcile';
import { isoFromMs, type ReportVersions } from '@tallygate/usage';
import { findPullDrift } from './find-pull-drift.ts';

/**
 * Days that were final and have changed all the same: what was closed on them no longer agrees with the provider. Looks at days
 * only that can be final.
 */
export async function driftCaveats(
  versions: () => ReportVersions,
  range: { organization: string; fromMs: number; toMs: number; nowMs: number },
): Promise<Caveat[]> {
  const toMs = Math.min(range.toMs, range.nowMs - FINAL_AFTER_MS);
  if (toMs <= range.fromMs) return [];
  const drifts = await findPullDrift(versions(), { ...range, toMs });
  const days = new Set(drifts.filter(({ earlier }) => earlier.state === 'final').map(({ dayMs }) => dayMs));
  return [...days].map((dayMs) => ({
    caveat: 'drifted_after_final',
    detail: `${isoFromMs(dayMs).slice(0, 10)} was final, and the provider has changed it: see "tallygate pulls drift".`,
  }));
}
