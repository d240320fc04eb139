import { formatUsd, totalInputTokens } from '@tallygate/usage';
import { DIMENSION_TITLES, displayGroup } from './dimension-titles.ts';
import { grouped, percentOf } from './figures.ts';
import type { SpendStatement, StatementLine } from './spend-statement.ts';
import type { TextTable } from './text-table.ts';

/** The statement for people: rounded money, all input as one figure, each line's share of the cost. */
export function spendTable(statement: SpendStatement): TextTable {
  const { groupBy, lines, total } = statement;
  const names = groupBy.map((dimension) => ({
    title: DIMENSION_TITLES[dimension].title,
    align: 'left' as const,
  }));
  const figures = ['Calls', 'Failed', 'Input', 'Output', 'Cost', 'Share'];
  const leading = groupBy.map((_dimension, index) => (index === 0 ? 'Total' : ''));
  return {
    columns: [...names, ...figures.map((title) => ({ title, align: 'right' as const }))],
    rows: lines.map((line) => [
      ...groupBy.map((dimension) => displayGroup(dimension, line.group[dimension] ?? '')),
      ...figureCells(line, total),
    ]),
    footer: [...leading, ...figureCells(total, total)],
  };
}

function figureCells(line: StatementLine, total: StatementLine): string[] {
  return [
    grouped(line.calls),
    grouped(line.failedAttempts),
    grouped(totalInputTokens({ ...line.usage, thinkingTokens: null })),
    grouped(line.usage.outputTokens),
    formatUsd(line.contractedCostNanoUsd),
    percentOf(line.contractedCostNanoUsd, total.contractedCostNanoUsd),
  ];
}
