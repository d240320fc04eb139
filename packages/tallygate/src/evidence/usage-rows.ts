import { type CsvCell, toCsv } from '@tallygate/report';
import { isoFromMs, type SpendHistory, type UsageEvent, type UsageLine, usdFromNano } from '@tallygate/usage';

/** A call is admitted before it ends, a batch up to a day before: those of a month are looked for a little earlier, too. */
const ADMITTED_BEFORE_MS = 3 * 86_400_000;
const MAX_ROWS = 20_000;

type Column = readonly [name: string, cell: (event: UsageEvent, line: UsageLine) => CsvCell];
const text = (value: string | null | undefined): CsvCell => ({ text: value ?? '' });
const figure = (value: string | number): CsvCell => ({ figure: String(value) });

const COLUMNS: readonly Column[] = [
  ['event_id', ({ eventId }) => text(eventId)],
  ['line', (_event, { line }) => figure(line)],
  ['ended_at', ({ endedAtMs }) => text(isoFromMs(endedAtMs))],
  ['feature', ({ attribution }) => text(attribution.feature)],
  ['environment', ({ attribution }) => text(attribution.environment)],
  ['backend', ({ backend }) => text(backend)],
  ['response_model', (_event, { responseModel }) => text(responseModel)],
  ['line_type', (_event, { lineType }) => text(lineType)],
  ['status', ({ status }) => text(status)],
  ['basis', ({ basis }) => text(basis)],
  ['request_id', ({ requestId }) => text(requestId)],
  ['uncached_input_tokens', (_event, { usage }) => figure(usage.uncachedInputTokens)],
  ['cache_read_input_tokens', (_event, { usage }) => figure(usage.cacheReadInputTokens)],
  ['cache_write_5m_input_tokens', (_event, { usage }) => figure(usage.cacheWrite5mInputTokens)],
  ['cache_write_1h_input_tokens', (_event, { usage }) => figure(usage.cacheWrite1hInputTokens)],
  ['output_tokens', (_event, { usage }) => figure(usage.outputTokens)],
  ['web_search_requests', (_event, { usage }) => figure(usage.webSearchRequests)],
  ['list_cost_usd', (_event, line) => figure(usdFromNano(line.listCostNanoUsd))],
  ['contracted_cost_usd', (_event, line) => figure(usdFromNano(line.contractedCostNanoUsd))],
  ['price_id', (_event, { priceId }) => text(priceId)],
  // Of a correction: what it was made from, by whom and why.
  ['flags', (_event, { flags }) => text(flags.join(' '))],
];

/** What an attempt is worth by each price that it was charged at. */
export interface PriceUse {
  priceId: string;
  lines: number;
  chargedNanoUsd: bigint;
}

/**
 * A team's rows of [fromMs, toMs) by when they ended, page by page in the order in which the ledger has them, so that a month of any
 * size is written in little memory.
 * @returns by which prices they were charged, by id.
 */
export async function writeUsageRows(
  history: Pick<SpendHistory, 'usagePage'>,
  asked: { organization: string; team: string; fromMs: number; toMs: number },
  write: (text: string) => void,
): Promise<PriceUse[]> {
  const { organization, team, fromMs, toMs } = asked;
  const prices = new Map<string, PriceUse>();
  const header = COLUMNS.map(([name]) => name);
  write(toCsv(header, []));
  let after: Parameters<SpendHistory['usagePage']>[0]['after'] = null;
  do {
    const range = { organization, fromMs: fromMs - ADMITTED_BEFORE_MS, toMs, after, maxRows: MAX_ROWS };
    const page = await history.usagePage(range);
    const own = page.events.filter(
      ({ attribution, endedAtMs }) => attribution.team === team && endedAtMs >= fromMs && endedAtMs < toMs,
    );
    const rows = own.flatMap((event) => event.lines.map((line) => ({ event, line })));
    for (const { line } of rows) countPrice(prices, line);
    write(
      withoutHeader(
        toCsv(
          header,
          rows.map(({ event, line }) => COLUMNS.map(([, cell]) => cell(event, line))),
        ),
      ),
    );
    after = page.next;
  } while (after !== null);
  return [...prices.values()].sort((left, right) => (left.priceId < right.priceId ? -1 : 1));
}

function withoutHeader(csv: string): string {
  return csv.slice(csv.indexOf('\r\n') + 2);
}

function countPrice(prices: Map<string, PriceUse>, { priceId, contractedCostNanoUsd }: UsageLine): void {
  const id = priceId ?? '';
  const known = prices.get(id) ?? { priceId: id, lines: 0, chargedNanoUsd: 0n };
  prices.set(id, {
    priceId: id,
    lines: known.lines + 1,
    chargedNanoUsd: known.chargedNanoUsd + contractedCostNanoUsd,
  });
}

export function pricesCsv(prices: readonly PriceUse[]): string {
  return toCsv(
    ['price_id', 'lines', 'contracted_cost_usd'],
    prices.map(({ priceId, lines, chargedNanoUsd }) => [
      text(priceId),
      figure(lines),
      figure(usdFromNano(chargedNanoUsd)),
    ]),
  );
}
