import type { ComparedDays } from './compare-days.ts';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { exactPicoUsd, sumPico } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import { sumTokens } from './token-counts.ts';

/** Priority capacity is paid by contract and never in the cost report, while our rows carry its list price. */
export function explainPriorityTier({ priority }: ComparedDays, findings: Findings): void {
  const charged = priority.filter((row) => exactPicoUsd(row) !== 0n);
  for (const rows of groupRows(charged, (row) => `${row.atMs} ${row.model}`).values()) {
    const [{ atMs, model }] = rows;
    const tokens = sumTokens(rows.map((row) => row.tokens));
    findings.explain('priority_tier', {
      ...wholeDay(atMs),
      model,
      apiKeyId: null,
      workspaceId: null,
      attempts: rows.reduce((sum, row) => sum + row.attempts, 0),
      description: null,
      charged: { tokens, amountPicoUsd: sumPico(rows.map(exactPicoUsd)) },
      actual: { tokens, amountPicoUsd: 0n },
    });
  }
}
