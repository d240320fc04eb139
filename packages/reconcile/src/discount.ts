import type { CostBucket } from '@tallygate/admin-api';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { sumPico } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Net less list, both as the provider states them, by day, kind of cost and model. Every other cause is at list price. */
export function explainDiscount(
  costs: readonly CostBucket[],
  modelName: (name: string) => string,
  findings: Findings,
): void {
  for (const { startMs, rows } of costs) {
    const lines = rows.map(({ group, amountPicoUsd, listAmountPicoUsd }) => ({
      costType: group.cost_type ?? null,
      model: group.model == null ? null : modelName(group.model),
      netPicoUsd: amountPicoUsd,
      // Not stated: nothing is known to have been taken off.
      listPicoUsd: listAmountPicoUsd ?? amountPicoUsd,
    }));
    for (const members of groupRows(lines, (line) => `${line.costType} ${line.model}`).values()) {
      const listPicoUsd = sumPico(members.map((line) => line.listPicoUsd));
      const netPicoUsd = sumPico(members.map((line) => line.netPicoUsd));
      if (listPicoUsd === netPicoUsd) continue;
      findings.explain('discount', {
        ...wholeDay(startMs),
        model: members[0].model,
        apiKeyId: null,
        workspaceId: null,
        attempts: 0,
        description: members[0].costType,
        charged: { tokens: NO_TOKENS, amountPicoUsd: listPicoUsd },
        actual: { tokens: NO_TOKENS, amountPicoUsd: netPicoUsd },
      });
    }
  }
}
