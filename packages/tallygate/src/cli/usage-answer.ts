import { percentOf, type UsageStatement, unassignedNanoUsd } from '@tallygate/report';
import { formatUsd, type SpendHistory, type UsageQuestion } from '@tallygate/usage';
import type { TimeRange } from './time-range.ts';
import type { AskedUsage } from './usage-options.ts';

/** Asks the ledger, by the instant a call ended, as the provider bills. */
export async function askStatement(
  history: SpendHistory,
  organization: string,
  range: TimeRange,
  asked: AskedUsage,
): Promise<UsageStatement> {
  const question: UsageQuestion = { organization, ...range, by: 'ended', ...asked };
  const { groupBy, tagKey = null, percentiles = false } = asked;
  return { ...(await history.usage(question)), groupBy, tagKey, percentiles };
}

/** What a reader must know who takes the figures further, one sentence each. */
export function statementRemarks(statement: UsageStatement): string[] {
  const { total, groups, coverage } = statement;
  if (groups.length === 0) return ['Nothing was recorded that fits.'];
  const unassigned = unassignedNanoUsd(statement) ?? 0n;
  const share = percentOf(unassigned, total.contractedCostNanoUsd);
  return [
    ...(unassigned === 0n ? [] : [`${formatUsd(unassigned)} (${share}) belongs to no listed team.`]),
    describeCoverage(coverage),
  ];
}

function describeCoverage(coverage: UsageStatement['coverage']): string {
  if (coverage === null) return 'With these filters, what is estimated is told for at most 31 days.';
  const { reported, estimated } = coverage;
  if (estimated.attempts === 0) return 'All usage is as the provider reported it; nothing is estimated.';
  const cost = estimated.contractedCostNanoUsd;
  const share = percentOf(cost, reported.contractedCostNanoUsd + cost);
  return `${formatUsd(cost)} (${share}) is estimated, in ${estimated.attempts} attempts; the rest is as the provider reported it.`;
}
