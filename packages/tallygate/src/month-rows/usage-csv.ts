import { type CsvCell, csvLines, toCsv } from '@tallygate/report';
import { isoFromMs, usdFromNano } from '@tallygate/usage';
import type { MonthRow } from './month-rows.ts';

type Column = readonly [name: string, cell: (row: MonthRow) => CsvCell];
const text = (value: string | null | undefined): CsvCell => ({ text: value ?? '' });
const figure = (value: string | number): CsvCell => ({ figure: String(value) });

/** What nothing changes about a row any more. Hashes of closed months are over these, so that a new column has no place here. */
const LASTING: readonly Column[] = [
  ['event_id', ({ event }) => text(event.eventId)],
  ['line', ({ line }) => figure(line.line)],
  ['ended_at', ({ event }) => text(isoFromMs(event.endedAtMs))],
  ['feature', ({ event }) => text(event.attribution.feature)],
  ['environment', ({ event }) => text(event.attribution.environment)],
  ['backend', ({ event }) => text(event.backend)],
  ['response_model', ({ line }) => text(line.responseModel)],
  ['line_type', ({ line }) => text(line.lineType)],
  ['status', ({ event }) => text(event.status)],
  ['basis', ({ event }) => text(event.basis)],
  ['uncached_input_tokens', ({ line }) => figure(line.usage.uncachedInputTokens)],
  ['cache_read_input_tokens', ({ line }) => figure(line.usage.cacheReadInputTokens)],
  ['cache_write_5m_input_tokens', ({ line }) => figure(line.usage.cacheWrite5mInputTokens)],
  ['cache_write_1h_input_tokens', ({ line }) => figure(line.usage.cacheWrite1hInputTokens)],
  ['output_tokens', ({ line }) => figure(line.usage.outputTokens)],
  ['web_search_requests', ({ line }) => figure(line.usage.webSearchRequests)],
  ['list_cost_usd', ({ line }) => figure(usdFromNano(line.listCostNanoUsd))],
  ['contracted_cost_usd', ({ line }) => figure(usdFromNano(line.contractedCostNanoUsd))],
  ['price_id', ({ line }) => text(line.priceId)],
  // Of a correction: what it was made from, by whom and why.
  ['flags', ({ line }) => text(line.flags.join(' '))],
];

/** The ledger forgets ids of the provider after a time. */
const FADING: readonly Column[] = [['request_id', ({ event }) => text(event.requestId)]];

const COLUMNS = [...LASTING, ...FADING];

export const USAGE_CSV_HEADER = toCsv(
  COLUMNS.map(([name]) => name),
  [],
);

/** Without the header. */
export function usageCsvLines(rows: readonly MonthRow[]): string {
  return linesOf(rows, COLUMNS);
}

/** The same without `request_id`, the last column: what is hashed. */
export function lastingLine(row: MonthRow): string {
  return linesOf([row], LASTING);
}

function linesOf(rows: readonly MonthRow[], columns: readonly Column[]): string {
  return csvLines(rows.map((row) => columns.map(([, cell]) => cell(row))));
}
