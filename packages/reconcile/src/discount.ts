import type { CostBucket, CostRow } from '@tallygate/admin-api';
import type { PicoUsd } from '@tallygate/usage';
import type { Findings } from './findings.ts';
import { createPairs, type Pairs } from './pairs.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Net less list, both as the provider states them, by day, kind of cost and model. Every other cause is at list price. */
export function explainDiscount(
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
  findings: Findings,
): void {
  for (const { startMs, rows } of costs) {
    for (const { costType, model, netPicoUsd, listPicoUsd } of linesOf(rows, modelName).all()) {
      if (listPicoUsd === netPicoUsd) continue;
      findings.explain('discount', {
        ...wholeDay(startMs),
        model,
        apiKeyId: null,
        workspaceId: null,
        attempts: 0,
        description: costType,
        charged: { tokens: NO_TOKENS, amountPicoUsd: listPicoUsd },
        actual: { tokens: NO_TOKENS, amountPicoUsd: netPicoUsd },
      });
    }
  }
}

interface Line {
  costType: string | null;
  model: string | null;
  netPicoUsd: PicoUsd;
  listPicoUsd: PicoUsd;
}

function linesOf(
  rows: readonly CostRow[],
  modelName: (name: string) => string,
): Pairs<string | null, string | null, null, Line> {
  const lines = createPairs<string | null, string | null, null, Line>(
    () => true,
    (_, costType, model) => ({ costType, model, netPicoUsd: 0n, listPicoUsd: 0n }),
  );
  for (const { group, amountPicoUsd, listAmountPicoUsd } of rows) {
    const line = lines.at(group.cost_type ?? null, group.model == null ? null : modelName(group.model), null);
    line.netPicoUsd += amountPicoUsd;
    // Not stated: nothing is known to have been taken off.
    line.listPicoUsd += listAmountPicoUsd ?? amountPicoUsd;
  }
  return lines;
}
