import { bucketOf, type RawBucket } from './bucket-pages.ts';
import { parseReported } from './report-malformed.ts';
import type { UsageBucket, UsageDimension, UsageRow } from './reported.ts';
import { groupFrom, requireDistinctGroups } from './reported-group.ts';
import { reportedCountsSchema, unknownCountsOf, usageFrom } from './reported-usage.ts';

/** Report family A, `GET /v1/organizations/usage_report/messages`: tokens per bucket and group, five minutes fresh; no requests. */
export const MESSAGES_USAGE_REPORT = 'usage_report/messages';

export type MessagesUsageDimension = Exclude<
  UsageDimension,
  'actor' | 'organization_id' | 'product' | 'user_profile_id'
>;

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a row that lacks a count or an asked dimension, or comes twice. */
export function usageBucketFrom(raw: RawBucket, asked: readonly MessagesUsageDimension[]): UsageBucket {
  const rows = raw.results.map((result) => usageRowFrom(result, asked));
  requireDistinctGroups(MESSAGES_USAGE_REPORT, rows);
  return bucketOf(raw, rows);
}

function usageRowFrom(result: unknown, asked: readonly MessagesUsageDimension[]): UsageRow {
  const row = parseReported(MESSAGES_USAGE_REPORT, reportedCountsSchema, result);
  return {
    group: groupFrom(MESSAGES_USAGE_REPORT, row, asked),
    usage: usageFrom(row),
    requests: null,
    unknownCounts: unknownCountsOf(row),
  };
}
