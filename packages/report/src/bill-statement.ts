import type { PicoUsd } from '@tallygate/usage';

/** What the provider counted and billed, as it says itself. */
export interface BillStatement {
  /** Titles of the columns that name a line: "Model", "API key" … */
  titles: readonly string[];
  /** True: a line is of one bucket of time. */
  isBucketed: boolean;
  lines: readonly BillLine[];
  total: BillFigures;
}

export interface BillLine extends BillFigures {
  /** Start of its bucket. */
  startMs: number;
  /** One for each title; people read them, so they may be names. */
  names: readonly string[];
}

export interface BilledUsage {
  uncachedInputTokens: number;
  cacheReadInputTokens: number;
  cacheWrite5mInputTokens: number;
  cacheWrite1hInputTokens: number;
  outputTokens: number;
  webSearchRequests: number;
}

export interface BillFigures {
  /** Null: nothing is said of usage. */
  usage: BilledUsage | null;
  /** Null: the report does not count requests. */
  requests: number | null;
  /** As billed, before credits; null: it cannot be told for this line. */
  costPicoUsd: PicoUsd | null;
  /** Before contract discounts; null: the report does not say. */
  listCostPicoUsd: PicoUsd | null;
}
