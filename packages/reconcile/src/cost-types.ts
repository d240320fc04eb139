import type { CostBucket } from '@tallygate/admin-api';
import type { CauseName } from './causes.ts';
import type { Findings } from './findings.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Kinds of cost that no response ever shows, by the provider's word for each. */
const UNSEEN: Readonly<Record<string, CauseName>> = {
  code_execution: 'code_execution',
  session_usage: 'session_runtime',
};
/** Those that our rows have a side of. A line without a kind may be any of them. */
const SEEN: ReadonlySet<string | null> = new Set(['tokens', 'web_search', null]);

/** Lines of the bill that have no counterpart. A kind that nobody has heard of is named as the provider names it, never dropped. */
export function explainCostTypes(costs: readonly CostBucket[], findings: Findings): void {
  for (const { startMs, rows } of costs) {
    for (const { group, amountPicoUsd, listAmountPicoUsd } of rows) {
      const costType = group.cost_type ?? null;
      if (costType === null || SEEN.has(costType)) continue;
      const cause = UNSEEN[costType] ?? 'unknown_cost_type';
      findings.explain(cause, {
        ...wholeDay(startMs),
        model: group.model ?? null,
        apiKeyId: group.api_key_id ?? null,
        workspaceId: group.workspace_id ?? null,
        attempts: 0,
        description: group.description ?? costType,
        charged: { tokens: NO_TOKENS, amountPicoUsd: 0n },
        // Where list and net are stated the discount is a cause of its own.
        actual: { tokens: NO_TOKENS, amountPicoUsd: listAmountPicoUsd ?? amountPicoUsd },
      });
    }
  }
}
