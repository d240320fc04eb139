import type { ReportedUsage } from '@tallygate/admin-api';
import { addTokens, NO_TOKENS } from '@tallygate/reconcile';
import type { PicoUsd } from '@tallygate/usage';
import type { Freshness } from '../pulls/index.ts';

/** By what the provider's own account can be broken down. */
export const REPORTED_DIMENSIONS = [
  'model',
  'workspace_id',
  'api_key_id',
  'service_tier',
  'context_window',
  'inference_geo',
  'speed',
  'product',
] as const;
export type ReportedDimension = (typeof REPORTED_DIMENSIONS)[number];

export interface BillQuestion {
  /** [fromMs, toMs) on bucket boundaries. */
  fromMs: number;
  toMs: number;
  bucketWidth: '1m' | '1h' | '1d';
  groupBy: readonly ReportedDimension[];
  /** Only these; empty: all. */
  models: readonly string[];
}

export interface ReportedFigures {
  /** Null: files of amounts alone say nothing of usage. */
  usage: ReportedUsage | null;
  /** Null: the report does not count requests. */
  requests: number | null;
  /** As billed, before credits; null: it cannot be told for this line. */
  costPicoUsd: PicoUsd | null;
  /** Before contract discounts; null: the report does not say. */
  listCostPicoUsd: PicoUsd | null;
}

export interface ReportedLine extends ReportedFigures {
  startMs: number;
  group: Partial<Record<ReportedDimension, string | null>>;
}

/** The provider's account of a range, read whole and checked against its own totals. */
export interface ReportedBill {
  /** csv: a file that somebody exported. analytics: usage and cost by the same dimensions. legacy: tokens by dimension, amounts by workspace and model per day. */
  source: 'analytics' | 'legacy' | 'csv';
  lines: ReportedLine[];
  total: ReportedFigures;
  freshness: Freshness;
  /** What a reader must know, one sentence each. */
  caveats: string[];
}

export const NO_FIGURES: ReportedFigures = {
  usage: NO_TOKENS,
  requests: 0,
  costPicoUsd: 0n,
  listCostPicoUsd: 0n,
};

/** What is unknown of a part is unknown of the whole. */
export function addFigures(left: ReportedFigures, right: ReportedFigures): ReportedFigures {
  const bothKnown = <Amount>(
    one: Amount | null,
    other: Amount | null,
    sum: (a: Amount, b: Amount) => Amount,
  ) => (one === null || other === null ? null : sum(one, other));
  const addPico = (a: PicoUsd, b: PicoUsd) => a + b;
  return {
    usage: bothKnown(left.usage, right.usage, addTokens),
    requests: bothKnown(left.requests, right.requests, (a, b) => a + b),
    costPicoUsd: bothKnown(left.costPicoUsd, right.costPicoUsd, addPico),
    listCostPicoUsd: bothKnown(left.listCostPicoUsd, right.listCostPicoUsd, addPico),
  };
}

/** The dearest first; where no cost is known, what used most tokens. */
export function bySize(left: ReportedFigures, right: ReportedFigures): number {
  return sizeOf(right) - sizeOf(left);
}

function sizeOf({ costPicoUsd, usage }: ReportedFigures): number {
  return Number(costPicoUsd ?? 0n) || (usage === null ? 0 : usage.uncachedInputTokens + usage.outputTokens);
}
