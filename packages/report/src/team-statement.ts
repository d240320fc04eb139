import type { WaterfallBar } from './waterfall-svg.ts';

/** A month of one team as it is told, frozen and printed: JSON, money as decimal USD, null for what is unknown. */
export interface TeamStatement {
  schema: 'tallygate.statement/1';
  organization: string;
  month: string;
  team: string;
  name: string;
  costCentre: string | null;
  charging: string;
  /** closed: it never changes again. Otherwise as of now. */
  state: 'open' | 'provisional' | 'final' | 'closed';
  /** What the bill is that is borne: an invoice, before it the provider's report, before that our own charges. */
  basis: 'invoice' | 'report' | 'charges';
  /** Does the provider's report tie to the invoice; null without both. */
  tiedToInvoice: boolean | null;
  figures: StatementFigures;
  features: (StatementFigures & { feature: string })[];
  /** From what was charged for the calls to what the team bears. */
  steps: WaterfallBar[];
  totalUsd: string;
}

export interface StatementFigures {
  calls: number;
  attempts: number;
  failedAttempts: number;
  errorRate: number | null;
  meanLatencyMs: number | null;
  /** Of the input tokens, the part that was read from a cache. */
  cacheReadShare: number | null;
  chargedUsd: string;
  /** The part of the bill that these calls bear. */
  billedUsd: string;
  /** billed − charged. */
  varianceUsd: string;
}
