import { isoFromMs, usdFromPico } from '@tallygate/usage';
import type { BillLine, BillStatement } from './bill-statement.ts';
import { type CsvCell, toCsv } from './csv.ts';

const FIGURES: readonly (readonly [column: string, figure: (line: BillLine) => string | number | null])[] = [
  ['requests', ({ requests }) => requests],
  ['uncached_input_tokens', ({ usage }) => usage?.uncachedInputTokens ?? null],
  ['cache_read_input_tokens', ({ usage }) => usage?.cacheReadInputTokens ?? null],
  ['cache_write_5m_input_tokens', ({ usage }) => usage?.cacheWrite5mInputTokens ?? null],
  ['cache_write_1h_input_tokens', ({ usage }) => usage?.cacheWrite1hInputTokens ?? null],
  ['output_tokens', ({ usage }) => usage?.outputTokens ?? null],
  ['web_search_requests', ({ usage }) => usage?.webSearchRequests ?? null],
  ['cost_usd', ({ costPicoUsd }) => (costPicoUsd === null ? null : usdFromPico(costPicoUsd))],
  [
    'list_cost_usd',
    ({ listCostPicoUsd }) => (listCostPicoUsd === null ? null : usdFromPico(listCostPicoUsd)),
  ],
];

/** The bill for machines: exact decimals and no total line. What the provider does not say is an empty cell, never a zero. */
export function billCsv({ titles, isBucketed, lines }: BillStatement): string {
  const names = titles.map((title) => title.toLowerCase().replaceAll(' ', '_'));
  return toCsv(
    [...(isBucketed ? ['from_utc'] : []), ...names, ...FIGURES.map(([column]) => column)],
    lines.map((line): CsvCell[] => [
      ...(isBucketed ? [{ text: isoFromMs(line.startMs) }] : []),
      ...line.names.map((text) => ({ text })),
      ...FIGURES.map(([, figure]) => ({ figure: String(figure(line) ?? '') })),
    ]),
  );
}
