import { formatUsd, type Percentiles, totalInputTokens, type UsageGroup } from '@tallygate/usage';
import { displayGroup } from './dimension-titles.ts';
import { costBar, durationText, grouped, percentOf, shareText } from './figures.ts';
import type { TextColumn, TextTable } from './text-table.ts';
import {
  dimensionTitle,
  OTHERS,
  statementLines,
  type UsageStatement,
  type UsageStatementLine,
} from './usage-statement.ts';

const PERCENTILES = ['p50', 'p90', 'p95', 'p99'] as const satisfies (keyof Percentiles)[];

interface Figure extends TextColumn {
  cell(line: UsageGroup): string;
}

/** The statement for people: rounded money, rates, and each line's share of the cost as a figure and as a bar. */
export function usageTable(statement: UsageStatement): TextTable {
  const { groupBy, total } = statement;
  const lines = statementLines(statement);
  const figures = figuresOf(statement, lines);
  const names = groupBy.map((dimension) => ({
    title: dimensionTitle(dimension, statement),
    align: 'left' as const,
  }));
  const heading = groupBy.map((_dimension, index) => (index === 0 ? 'Total' : ''));
  const cells = (line: UsageGroup) => figures.map(({ cell }) => cell(line));
  return {
    columns: [...names, ...figures],
    rows: groupBy.length === 0 ? [] : lines.map((line) => [...nameCells(line, statement), ...cells(line)]),
    // The longest bar is the largest line's; the total would dwarf them all.
    footer: [...heading, ...figures.map(({ title, cell }) => (title === '' ? '' : cell(total)))],
  };
}

function nameCells({ group, others }: UsageStatementLine, { groupBy }: UsageStatement): string[] {
  const firstMissing = others ? groupBy.find((dimension) => group[dimension] === undefined) : undefined;
  return groupBy.map((dimension) => {
    const value = group[dimension];
    if (value !== undefined || !others) return displayGroup(dimension, value ?? '');
    return dimension === firstMissing ? OTHERS : '';
  });
}

/** What a narrow terminal can do without goes first where `spare` is highest. */
function figuresOf({ total, percentiles }: UsageStatement, lines: readonly UsageGroup[]): Figure[] {
  const right = (title: string, cell: Figure['cell'], spare?: number): Figure => ({
    ...{ title, align: 'right', cell },
    ...(spare === undefined ? {} : { spare }),
  });
  const costs = lines.map(({ contractedCostNanoUsd }) => contractedCostNanoUsd);
  const [largest = 0n] = costs.sort((left, right) => Number(right > left) - Number(right < left));
  return [
    right('Calls', ({ calls }) => grouped(calls)),
    right('Errors', ({ errorRate }) => shareText(errorRate), 5),
    ...denialFigures(total, right),
    ...(percentiles ? percentileFigures(right) : [...tokenFigures(right), ...meanFigures(total, right)]),
    right('Cost', ({ contractedCostNanoUsd }) => formatUsd(contractedCostNanoUsd)),
    right('Share', (line) => percentOf(line.contractedCostNanoUsd, total.contractedCostNanoUsd), 1),
    {
      ...{ title: '', align: 'left', spare: 4 },
      cell: ({ contractedCostNanoUsd }) => costBar(contractedCostNanoUsd, largest),
    },
  ];
}

type Right = (title: string, cell: Figure['cell'], spare?: number) => Figure;

function tokenFigures(right: Right): Figure[] {
  const inputOf = ({ usage }: UsageGroup) => totalInputTokens({ ...usage, thinkingTokens: null });
  return [
    right('Input', (line) => grouped(inputOf(line)), 2),
    right('Cached', ({ cacheReadShare }) => shareText(cacheReadShare), 6),
    right('Output', ({ usage }) => grouped(usage.outputTokens), 3),
  ];
}

function denialFigures({ denials }: UsageGroup, right: Right): Figure[] {
  if (denials === null) return [];
  const denied = right('Denied', (line) => shareText(line.denials?.deniedShare ?? null), 5);
  if (denials.wouldBeDenied === 0) return [denied];
  return [denied, right('Would deny', (line) => grouped(line.denials?.wouldBeDenied ?? 0), 7)];
}

function meanFigures({ meanTimeToFirstTokenMs }: UsageGroup, right: Right): Figure[] {
  const latency = right('Latency', (line) => durationText(line.meanLatencyMs), 8);
  if (meanTimeToFirstTokenMs === null) return [latency];
  return [latency, right('First token', (line) => durationText(line.meanTimeToFirstTokenMs), 9)];
}

/** Only the first of four names its measure: the table is wide enough as it is. */
function percentileFigures(right: Right): Figure[] {
  const figuresOf = (measure: 'latency' | 'timeToFirstToken', title: string, spare?: number) =>
    PERCENTILES.map((name, index) =>
      right(
        index === 0 ? `${title} ${name}` : name,
        (line) => durationText(line[measure]?.[name] ?? null),
        spare,
      ),
    );
  return [...figuresOf('latency', 'Latency'), ...figuresOf('timeToFirstToken', 'First token', 9)];
}
