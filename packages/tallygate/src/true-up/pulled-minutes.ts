import type { StoredLines } from '@tallygate/admin-api';
import type { Evidence, Reconciliation } from '@tallygate/reconcile';
import type { ReportVersion, ReportVersions } from '@tallygate/usage';
import { readPull } from '../pulls/index.ts';

/** Of either usage report, as its question is written. */
const MINUTES = /^(usage_report\/messages|analytics\/usage)\?(.*&)?(time_)?bucket_width=1m(&|$)/;

/**
 * The version of the provider's 1-minute buckets that a finding was read from: the first that was pulled from when the reconciliation
 * began on, and holds the finding's minutes and key.
 *
 * @param versions as `ReportVersions.list` orders them: of each question the oldest first.
 */
export function pulledMinutes(
  versions: readonly ReportVersion[],
  { createdAtMs }: Pick<Reconciliation, 'createdAtMs'>,
  { fromMs, toMs, apiKeyId }: Evidence,
): ReportVersion | null {
  const holding = versions.filter(
    (version) =>
      MINUTES.test(version.report) &&
      version.pulledAtMs >= createdAtMs &&
      version.fromMs <= fromMs &&
      version.toMs >= toMs &&
      version.report.includes(apiKeyId ?? ''),
  );
  return holding.reduce<ReportVersion | null>(
    (first, version) => (first === null || version.pulledAtMs < first.pulledAtMs ? version : first),
    null,
  );
}

/** What a version holds. The last one is remembered, and no other: a body can be large, so ask version by version. */
export function createPullReader(versions: Pick<ReportVersions, 'read'>) {
  let last: { pull: ReportVersion; lines: Promise<StoredLines | null> } | null = null;
  return (pull: ReportVersion): Promise<StoredLines | null> => {
    if (last?.pull !== pull) last = { pull, lines: readPull(versions, pull) };
    return last.lines;
  };
}
