import type { CostBucket, UsageBucket } from '@tallygate/admin-api';
import {
  addFigures,
  NO_FIGURES,
  type ReportedDimension,
  type ReportedFigures,
  type ReportedLine,
} from './bill.ts';

export interface Join {
  usage: readonly UsageBucket[];
  costs: readonly CostBucket[];
  groupBy: readonly ReportedDimension[];
  /** What a row that only has usage, or only a cost, knows of the other: nothing there, or nothing known. */
  without: ReportedFigures;
}

/** Usage and cost of one bucket and group on one line, in the order of time. A row without a partner is a line, too. */
export function joinLines({ usage, costs, groupBy, without }: Join): ReportedLine[] {
  const lines = new Map<string, ReportedLine>();
  const add = (startMs: number, group: ReportedLine['group'], figures: ReportedFigures) => {
    const asked = Object.fromEntries(groupBy.map((dimension) => [dimension, group[dimension] ?? null]));
    const key = JSON.stringify([startMs, asked]);
    const known = lines.get(key);
    lines.set(key, {
      startMs,
      group: asked,
      ...(known === undefined ? figures : addFigures(known, figures)),
    });
  };
  for (const { startMs, rows } of usage)
    for (const { group, usage: counts, requests } of rows)
      add(startMs, group, { ...without, usage: counts, requests });
  for (const { startMs, rows } of costs)
    for (const { group, amountPicoUsd, listAmountPicoUsd } of rows)
      add(startMs, group, {
        ...without,
        ...{ costPicoUsd: amountPicoUsd, listCostPicoUsd: listAmountPicoUsd },
      });
  return [...lines.values()].sort((left, right) => left.startMs - right.startMs);
}

export function sumLines(lines: readonly ReportedFigures[]): ReportedFigures {
  return lines.reduce(addFigures, NO_FIGURES);
}
