import { type Percentiles, type UsageGroup, usdFromNano } from '@tallygate/usage';
import { type CsvCell, toCsv } from './csv.ts';
import { DIMENSION_TITLES } from './dimension-titles.ts';
import { OTHERS, statementLines, type UsageStatement } from './usage-statement.ts';

type Column = readonly [name: string, figure: (line: UsageGroup) => string | number | null];

const COUNTS: readonly Column[] = [
  ['calls', ({ calls }) => calls],
  ['attempts', ({ attempts }) => attempts],
  ['failed_attempts', ({ failedAttempts }) => failedAttempts],
  ['uncached_input_tokens', ({ usage }) => usage.uncachedInputTokens],
  ['cache_read_input_tokens', ({ usage }) => usage.cacheReadInputTokens],
  ['cache_write_5m_input_tokens', ({ usage }) => usage.cacheWrite5mInputTokens],
  ['cache_write_1h_input_tokens', ({ usage }) => usage.cacheWrite1hInputTokens],
  ['cache_write_unsplit_input_tokens', ({ usage }) => usage.cacheWriteUnsplitInputTokens],
  ['output_tokens', ({ usage }) => usage.outputTokens],
  ['web_search_requests', ({ usage }) => usage.webSearchRequests],
  ['web_fetch_requests', ({ usage }) => usage.webFetchRequests],
  ['list_cost_usd', ({ listCostNanoUsd }) => usdFromNano(listCostNanoUsd)],
  ['contracted_cost_usd', ({ contractedCostNanoUsd }) => usdFromNano(contractedCostNanoUsd)],
  ['thinking_tokens', ({ thinkingTokens }) => thinkingTokens],
  ['denied_attempts', ({ denials }) => denials?.denied ?? null],
  ['would_be_denied_attempts', ({ denials }) => denials?.wouldBeDenied ?? null],
];

const RATES: readonly Column[] = [
  ['cache_read_share', ({ cacheReadShare }) => rounded(cacheReadShare, 6)],
  ['error_rate', ({ errorRate }) => rounded(errorRate, 6)],
  ['denied_share', ({ denials }) => rounded(denials?.deniedShare ?? null, 6)],
  ['mean_latency_ms', ({ meanLatencyMs }) => rounded(meanLatencyMs, 3)],
  ['mean_time_to_first_token_ms', (line) => rounded(line.meanTimeToFirstTokenMs, 3)],
];

const PERCENTILES: readonly Column[] = (['latency', 'timeToFirstToken'] as const).flatMap((measure) =>
  (['p50', 'p90', 'p95', 'p99'] as const satisfies (keyof Percentiles)[]).map(
    (name): Column => [
      `${measure === 'latency' ? 'latency' : 'time_to_first_token'}_${name}_ms`,
      (line) => rounded(line[measure]?.[name] ?? null, 3),
    ],
  ),
);

/**
 * The statement for machines: every class of tokens, exact decimals, and no total line, so that columns can be summed. What is
 * unknown is an empty cell, never a zero.
 */
export function usageCsv(statement: UsageStatement): string {
  const { groupBy, percentiles } = statement;
  const columns = [...COUNTS, ...RATES, ...(percentiles ? PERCENTILES : [])];
  return toCsv(
    [...groupBy.map((dimension) => nameOf(dimension, statement)), ...columns.map(([name]) => name)],
    statementLines(statement).map((line) => [
      ...groupBy.map(
        (dimension): CsvCell => ({ text: line.group[dimension] ?? (line.others ? OTHERS : '') }),
      ),
      ...columns.map(([, figure]): CsvCell => ({ figure: String(figure(line) ?? '') })),
    ]),
  );
}

/** People choose the names of tags: one must not pass for a formula, nor for a column of ours. */
function nameOf(dimension: keyof typeof DIMENSION_TITLES, { tagKey }: UsageStatement): string {
  return dimension === 'tag' && tagKey !== null ? `tag:${tagKey}` : DIMENSION_TITLES[dimension].column;
}

function rounded(value: number | null, digits: number): number | null {
  return value === null ? null : Math.round(value * 10 ** digits) / 10 ** digits;
}
