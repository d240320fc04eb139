import { formatUsd, type SpendRow, totalInputTokens, usdFromNano } from '@tallygate/usage';
import { type CsvCell, toCsv } from './csv.ts';
import { DIMENSION_TITLES, displayGroup } from './dimension-titles.ts';
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

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** "12.3%", rounded half up in integers; "–" of nothing, because 0 % of nothing would be a claim. */
export function percentOf(part: bigint, whole: bigint): string {
  if (whole === 0n) return '–';
  const magnitude = (amount: bigint) => (amount < 0n ? -amount : amount);
  const perMille = (magnitude(part) * 2000n + magnitude(whole)) / (magnitude(whole) * 2n);
  const sign = perMille !== 0n && part < 0n !== whole < 0n ? '-' : '';
  return `${sign}${perMille / 10n}.${perMille % 10n}%`;
}

type Usage = SpendRow['usage'];
const USAGE_COLUMNS: readonly (readonly [string, keyof Usage])[] = [
  ['uncached_input_tokens', 'uncachedInputTokens'],
  ['cache_read_input_tokens', 'cacheReadInputTokens'],
  ['cache_write_5m_input_tokens', 'cacheWrite5mInputTokens'],
  ['cache_write_1h_input_tokens', 'cacheWrite1hInputTokens'],
  ['cache_write_unsplit_input_tokens', 'cacheWriteUnsplitInputTokens'],
  ['output_tokens', 'outputTokens'],
  ['web_search_requests', 'webSearchRequests'],
  ['web_fetch_requests', 'webFetchRequests'],
];

/** The statement for machines: every class of tokens, exact decimals, and no total line, so that columns can be summed. */
export function spendCsv(statement: SpendStatement): string {
  const { groupBy, lines } = statement;
  const header = [
    ...groupBy.map((dimension) => DIMENSION_TITLES[dimension].column),
    ...['calls', 'attempts', 'failed_attempts'],
    ...USAGE_COLUMNS.map(([column]) => column),
    ...['list_cost_usd', 'contracted_cost_usd'],
  ];
  return toCsv(
    header,
    lines.map((line) => [
      ...groupBy.map((dimension) => ({ text: line.group[dimension] ?? '' })),
      ...csvFigures(line),
    ]),
  );
}

function csvFigures(line: StatementLine): CsvCell[] {
  const counts = [
    line.calls,
    line.attempts,
    line.failedAttempts,
    ...USAGE_COLUMNS.map(([, field]) => line.usage[field]),
  ];
  const amounts = [usdFromNano(line.listCostNanoUsd), usdFromNano(line.contractedCostNanoUsd)];
  return [...counts.map(String), ...amounts].map((figure) => ({ figure }));
}
