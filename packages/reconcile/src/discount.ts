import type { CostBucket, CostRow } from '@tallygate/admin-api';
import type { PicoUsd } from '@tallygate/usage';
import type { Findings } from './findings.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Net less list, both as the provider states them, by day, kind of cost and model. Every other cause is at list price. */
export function explainDiscount(
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
  findings: Findings,
): void {
  for (const { startMs, rows } of costs) {
    for (const { costType, model, netPicoUsd, listPicoUsd } of linesOf(rows, modelName).values()) {
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

function linesOf(rows: readonly CostRow[], modelName: (name: string) => string): Map<string, Line> {
  const lines = new Map<string, Line>();
  for (const { group, amountPicoUsd, listAmountPicoUsd } of rows) {
    const costType = group.cost_type ?? null;
    const model = group.model == null ? null : modelName(group.model);
    const key = `${costType} ${model}`;
    const line = lines.get(key) ?? { costType, model, netPicoUsd: 0n, listPicoUsd: 0n };
    line.netPicoUsd += amountPicoUsd;
    // Not stated: nothing is known to have been taken off.
    line.listPicoUsd += listAmountPicoUsd ?? amountPicoUsd;
    lines.set(key, line);
  }
  return lines;
}
