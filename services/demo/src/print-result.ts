import { meaningOf } from '@tallygate/reconcile';
import { budgetTable, spendStatement, spendTable, toTextTable, varianceTable } from '@tallygate/report';
import type { MainJob } from './main-job.ts';

/** What a person wants to see of the run: counts, spend, budgets, and the way from our total to the bill. */
export function printResult(job: MainJob, columns: number | undefined): string {
  const width = columns ?? 120;
  const { result } = job;
  const sections = [
    `${result.calls} calls in ${result.attempts} attempts: ${result.streamed} streamed, ${result.denied} denied, ` +
      `${result.aborted} aborted, ${result.retried} retried.\n` +
      `${result.eventsRecorded} recorded, ${result.eventsInLedger} in the ledger, ${result.duplicates} twice.`,
    `Spend by team and feature\n${toTextTable(spendTable(spendStatement(job.spend, { groupBy: ['team', 'feature'] })), { width })}`,
    `Budgets\n${toTextTable(budgetTable(job.balances), { width })}`,
    reconciliationSection(job, width),
  ];
  return `\n${sections.join('\n\n')}\n`;
}

function reconciliationSection({ reconciliation, result }: MainJob, width: number): string {
  if (reconciliation === null)
    return 'Not reconciled: set ANTHROPIC_ADMIN_KEY to compare with the provider’s reports.';
  const { internalPicoUsd, billedPicoUsd } = reconciliation;
  const causes = reconciliation.causes.map((cause) => ({
    name: cause.cause,
    amountPicoUsd: cause.amountPicoUsd,
    evidence: meaningOf(cause),
  }));
  const table = toTextTable(varianceTable({ internalPicoUsd, billedPicoUsd, causes }), { width });
  const control = `The provider also billed ${result.controlUsd} that nothing explains: the residual must be exactly that.`;
  return `Reconciliation\n${table}\n${control}`;
}
