import type { Findings } from './findings.ts';
import { groupRows } from './group-rows.ts';
import { exactPicoUsd, type OurRow, sumPico } from './joined-rows.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Each billable line of ours was rounded once to nano; the exact remainder was kept on the row. */
export function explainRounding(ours: readonly OurRow[], findings: Findings): void {
  for (const [dayMs, rows] of groupRows(ours, (row) => row.atMs)) {
    const chargedPicoUsd = sumPico(rows.map((row) => row.chargedPicoUsd));
    const exact = sumPico(rows.map(exactPicoUsd));
    if (exact === chargedPicoUsd) continue;
    findings.explain('rounding', {
      ...wholeDay(dayMs),
      model: null,
      apiKeyId: null,
      workspaceId: null,
      attempts: rows.reduce((sum, row) => sum + row.attempts, 0),
      description: null,
      charged: { tokens: NO_TOKENS, amountPicoUsd: chargedPicoUsd },
      actual: { tokens: NO_TOKENS, amountPicoUsd: exact },
    });
  }
}
