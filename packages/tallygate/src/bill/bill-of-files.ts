import { NO_FIGURES, type ReportedBill, type ReportedDimension } from './bill.ts';
import { joinLines, sumLines } from './join-lines.ts';
import type { BilledDays } from './read-billed-files.ts';

/** The account of a provider as files give it, in the form that reports have. @param models only these; empty: all. */
export function billOfFiles(
  { usage, costs, files, remarks }: BilledDays,
  {
    groupBy,
    models,
    nowMs,
  }: { groupBy: readonly ReportedDimension[]; models: readonly string[]; nowMs: number },
): ReportedBill {
  const isAsked = ({ group }: { group: { model?: string | null } }) =>
    models.length === 0 || models.includes(group.model ?? '');
  const asked = {
    usage: usage.map((day) => ({ ...day, rows: day.rows.filter(isAsked) })),
    costs: costs.map((day) => ({ ...day, rows: day.rows.filter(isAsked) })),
  };
  const hasCosts = asked.costs.some(({ rows }) => rows.length > 0);
  const hasUsage = asked.usage.some(({ rows }) => rows.length > 0);
  const without = {
    ...{ usage: hasUsage ? NO_FIGURES.usage : null, requests: null },
    ...{ costPicoUsd: hasCosts ? 0n : null, listCostPicoUsd: null },
  };
  const lines = joinLines({ ...asked, groupBy, without });
  return {
    source: 'csv',
    lines,
    total: sumLines(lines),
    freshness: { readAtMs: Math.min(nowMs, ...files.map(({ changedMs }) => changedMs)), completeToMs: null },
    caveats: [...remarks, ...(hasUsage ? [] : ['These files hold no usage, only amounts.'])],
  };
}
