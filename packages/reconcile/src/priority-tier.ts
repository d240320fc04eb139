import type { Day } from './day.ts';
import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { exactPicoUsd, laneOf, type OurRow, sumPico } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import { sumTokens } from './token-counts.ts';

/** Priority capacity is paid by contract and never in the cost report, while our rows carry its list price. */
export function explainPriorityTier({ dayMs, ours }: Day, findings: Findings): void {
  for (const rows of groupRows(ours.filter(isOnPriority), ({ model }) => model).values()) {
    const [{ model }] = rows;
    const tokens = sumTokens(rows.map((row) => row.tokens));
    findings.explain('priority_tier', {
      ...wholeDay(dayMs),
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

function isOnPriority(row: OurRow): boolean {
  return laneOf(row.serviceTier) === 'priority' && exactPicoUsd(row) !== 0n;
}
