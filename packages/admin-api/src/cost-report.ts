import { z } from 'zod';
import { bucketOf, type RawBucket } from './bucket-pages.ts';
import { amountSchema } from './cents.ts';
import { parseReported } from './report-malformed.ts';
import type { CostBucket, CostDimension, CostRow } from './reported.ts';
import { groupFrom, requireDistinctGroups } from './reported-group.ts';

/**
 * Report family B, `GET /v1/organizations/cost_report`: billed amounts per UTC day.
 *
 * It has no API key and no filters; the model and the token type arrive with the line item, that is by grouping by
 * "description". Priority Tier never appears in it. Whether amounts are net of contract discounts the provider does not say.
 */
export const COST_REPORT = 'cost_report';

export type CostReportDimension = Extract<CostDimension, 'workspace_id' | 'description'>;

/** What a line item is, in the fields that the provider parsed for us; its description is but a label. */
const LINE_ITEM = [
  'description',
  'cost_type',
  'model',
  'token_type',
  'service_tier',
  'context_window',
  'inference_geo',
] as const satisfies CostDimension[];

const rowSchema = z.looseObject({ amount: amountSchema, currency: z.literal('USD') });

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another currency, an inexact amount, or a line that comes twice. */
export function costBucketFrom(raw: RawBucket, asked: readonly CostReportDimension[]): CostBucket {
  const rows = raw.results.map((result) => costRowFrom(result, asked));
  requireDistinctGroups(COST_REPORT, rows);
  return bucketOf(raw, rows);
}

function costRowFrom(result: unknown, asked: readonly CostReportDimension[]): CostRow {
  const row = parseReported(COST_REPORT, rowSchema, result);
  // Two pages of the documentation disagree on when a geography is sent, so its absence is no fault.
  const named = { ...row, inference_geo: row['inference_geo'] ?? null };
  const dimensions = asked.flatMap((dimension) => (dimension === 'description' ? LINE_ITEM : [dimension]));
  return {
    group: groupFrom(COST_REPORT, named, dimensions),
    amountPicoUsd: row.amount,
    listAmountPicoUsd: null,
    requests: null,
  };
}
