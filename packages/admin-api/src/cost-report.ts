import type { PicoUsd } from '@tallygate/usage';
import { z } from 'zod';
import { describeShape, type RawBucket } from './bucket-pages.ts';
import { picoFromCents } from './cents.ts';
import { reportMalformed } from './report-malformed.ts';

/**
 * Report family B, `GET /v1/organizations/cost_report`: billed amounts per UTC day.
 *
 * It has no API key and no filters; the model and the token type arrive with the line item, that is by grouping by
 * "description". Priority Tier never appears in it. Whether amounts are net of contract discounts the provider does not say.
 */
export const COST_REPORT = 'cost_report';

export const COST_DIMENSIONS = ['workspace_id', 'description'] as const;
export type CostDimension = (typeof COST_DIMENSIONS)[number];

/** A line of the provider's price list, in the provider's words. Strings are open: new values arrive without notice. */
export interface CostLine {
  description: string | null;
  /** "tokens", "web_search", "code_execution", "session_usage", … */
  costType: string | null;
  model: string | null;
  /** "uncached_input_tokens", "output_tokens", "cache_creation.ephemeral_5m_input_tokens", …; null for other costs. */
  tokenType: string | null;
  serviceTier: string | null;
  contextWindow: string | null;
  inferenceGeo: string | null;
}

export interface CostRow {
  /** Absent: not asked for. Null: the default workspace. */
  workspaceId?: string | null;
  /** Absent: not grouped by description. */
  line?: CostLine;
  amountPicoUsd: PicoUsd;
}

export interface CostBucket {
  startMs: number;
  endMs: number;
  rows: CostRow[];
}

const label = z.string().min(1).nullable();

const amountSchema = z.string().transform((text, context) => {
  const amountPicoUsd = picoFromCents(text);
  if (amountPicoUsd !== null) return amountPicoUsd;
  context.addIssue({ code: 'custom', message: 'not a decimal of cents that pico-USD can hold' });
  return z.NEVER;
});

const rowSchema = z.looseObject({ amount: amountSchema, currency: z.literal('USD') });

const lineSchema = z.looseObject({
  description: label,
  cost_type: label,
  model: label,
  token_type: label,
  service_tier: label,
  context_window: label,
  // Two pages of the documentation disagree on when this is sent, so its absence is no fault.
  inference_geo: label.optional(),
});

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another currency, an inexact amount, or a line that comes twice. */
export function costBucketFrom(raw: RawBucket, asked: readonly CostDimension[]): CostBucket {
  const seen = new Set<string>();
  const rows = raw.results.map((result) => costRowFrom(result, asked));
  for (const row of rows) {
    const key = JSON.stringify([row.workspaceId, row.line]);
    if (seen.has(key)) throw reportMalformed(COST_REPORT, `holds the line ${key} twice in a day`);
    seen.add(key);
  }
  return { startMs: raw.startMs, endMs: raw.endMs, rows };
}

function costRowFrom(result: unknown, asked: readonly CostDimension[]): CostRow {
  const row: CostRow = { amountPicoUsd: parseAs(rowSchema, result).amount };
  if (asked.includes('workspace_id')) {
    row.workspaceId = parseAs(z.looseObject({ workspace_id: label }), result).workspace_id;
  }
  if (asked.includes('description')) row.line = lineFrom(parseAs(lineSchema, result));
  return row;
}

function lineFrom(line: z.output<typeof lineSchema>): CostLine {
  return {
    description: line.description,
    costType: line.cost_type,
    model: line.model,
    tokenType: line.token_type,
    serviceTier: line.service_tier,
    contextWindow: line.context_window,
    inferenceGeo: line.inference_geo ?? null,
  };
}

function parseAs<T>(schema: z.ZodType<T>, result: unknown): T {
  const parsed = schema.safeParse(result);
  if (!parsed.success) throw reportMalformed(COST_REPORT, describeShape(parsed.error), parsed.error);
  return parsed.data;
}
