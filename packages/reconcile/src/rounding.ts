import type { Day } from './day.ts';
import type { Findings } from './findings.ts';
import { wholeDay } from './places.ts';
import { NO_TOKENS } from './token-counts.ts';

/** Each billable line of ours was rounded once to nano; the exact remainder was kept on the row. */
export function explainRounding({ dayMs, ours }: Day, findings: Findings): void {
  let [attempts, chargedPicoUsd, roundingPicoUsd] = [0, 0n, 0n];
  for (const row of ours) {
    attempts += row.attempts;
    chargedPicoUsd += row.chargedPicoUsd;
    roundingPicoUsd += row.roundingPicoUsd;
  }
  if (roundingPicoUsd === 0n) return;
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
