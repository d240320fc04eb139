import type { ComparedDays } from './compare-days.ts';
import type { Findings } from './findings.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Each billable line of ours was rounded once to nano; the exact remainder was kept on the row. */
export function explainRounding({ rounded }: ComparedDays, findings: Findings): void {
  for (const { dayMs, attempts, chargedPicoUsd, roundingPicoUsd } of rounded) {
    findings.explain('rounding', {
      ...wholeDay(dayMs),
      model: null,
      apiKeyId: null,
      workspaceId: null,
      attempts,
      description: null,
      charged: { tokens: NO_TOKENS, amountPicoUsd: chargedPicoUsd },
      actual: { tokens: NO_TOKENS, amountPicoUsd: chargedPicoUsd + roundingPicoUsd },
    });
  }
}
