import type { Evidence, Reconciliation } from '@tallygate/reconcile';
import type { ReportVersion } from '@tallygate/usage';

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
