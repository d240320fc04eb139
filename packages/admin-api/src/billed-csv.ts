import { type PicoUsd, TallygateError } from '@tallygate/usage';
import type { CostGroup, CostRow, ReportedUsage, UsageRow } from './reported.ts';
import { requireDistinctGroups } from './reported-group.ts';

/** A row of a file by the names of its columns. */
export interface CsvRow {
  line: number;
  value: Readonly<Record<string, unknown>>;
}

/** Which column of a partner's bill holds what. Amounts are USD. */
export type BilledColumns = Partial<Record<BilledField, string>> & { date: string; amount: string };
export const BILLED_FIELDS = [
  'date',
  'amount',
  'list',
  'currency',
  'model',
  'workspace',
  'key',
  'tier',
  'type',
] as const;
export type BilledField = (typeof BILLED_FIELDS)[number];

export interface BilledDay {
  startMs: number;
  usage: UsageRow[];
  costs: CostRow[];
}

/** What says whose and what a row is: by the Console's names of columns. */
const CONSOLE_GROUP: Readonly<Record<string, keyof CostGroup>> = {
  model: 'model',
  model_version: 'model',
  workspace: 'workspace_id',
  api_key: 'api_key_id',
  api_key_id: 'api_key_id',
  usage_type: 'service_tier',
  context_window: 'context_window',
  inference_geo: 'inference_geo',
  speed: 'speed',
  cost_type: 'cost_type',
  token_type: 'token_type',
};

const CONSOLE_COUNTS: Readonly<Record<string, keyof ReportedUsage>> = {
  usage_input_tokens_no_cache: 'uncachedInputTokens',
  usage_input_tokens_cache_read: 'cacheReadInputTokens',
  usage_input_tokens_cache_write_5m: 'cacheWrite5mInputTokens',
  usage_input_tokens_cache_write_1h: 'cacheWrite1hInputTokens',
  usage_output_tokens: 'outputTokens',
  web_search_count: 'webSearchRequests',
};
const CONSOLE_DATE = 'usage_date_utc';
const CONSOLE_AMOUNTS = ['cost_usd', 'list_price_usd'];
/** What such a column holds is money or a count, and left out it would be missing from a total. */
const FIGURE = /cost|amount|price|usd|charge|credit|discount|tax|token(?!_type)|count/i;

/**
 * Usage and cost as the Console exports them, in whatever order their columns are. The names of columns are those that people's programs
 * read, for the provider documents none: see `docs/decisions/billed-csv.md`.
 *
 * @param files the rows of each; two of one kind must tell the same things apart, or one would hold again what the other holds.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a column of figures that is not known, a row twice, or a value that is none.
 */
export function readConsoleCsv(...files: readonly (readonly CsvRow[])[]): BilledDay[] {
  const days = mergedDays(files.map(readConsoleFile));
  for (const { usage, costs } of days) {
    for (const rows of [usage, costs]) {
      requireSameDimensions(rows);
      requireDistinctGroups('exported CSV', rows);
    }
  }
  return days;
}

/** Of two files the days of both, rows of one day together. */
function mergedDays(files: readonly BilledDay[][]): BilledDay[] {
  const days = new Map<number, BilledDay>();
  for (const { startMs, usage, costs } of files.flat()) {
    const known = days.get(startMs) ?? { startMs, usage: [], costs: [] };
    const [allUsage, allCosts] = [known.usage.concat(usage), known.costs.concat(costs)];
    days.set(startMs, { startMs, usage: allUsage, costs: allCosts });
  }
  return [...days.values()].sort((left, right) => left.startMs - right.startMs);
}

function requireSameDimensions(rows: readonly { group: CostGroup }[]): void {
  const [kind, ...others] = new Set(rows.map(({ group }) => Object.keys(group).sort().join(', ')));
  if (kind !== undefined && others.length > 0)
    throw malformed(1, `tells apart ${others[0]}, and another one ${kind}: one holds what the other holds`);
}

function readConsoleFile(rows: readonly CsvRow[]): BilledDay[] {
  const columns = Object.keys(rows[0]?.value ?? {});
  const known = [
    CONSOLE_DATE,
    ...CONSOLE_AMOUNTS,
    ...Object.keys(CONSOLE_GROUP),
    ...Object.keys(CONSOLE_COUNTS),
  ];
  const unknown = columns.find((name) => FIGURE.test(name) && !known.includes(name));
  if (unknown !== undefined) throw malformed(1, `holds "${unknown}", figures of which nothing is known`);
  const isCost = columns.includes('cost_usd');
  const needed = isCost ? [CONSOLE_DATE] : [CONSOLE_DATE, ...Object.keys(CONSOLE_COUNTS)];
  const missing = needed.find((name) => !columns.includes(name));
  if (missing !== undefined) throw malformed(1, `has no column "${missing}"`);
  return inDays(rows, CONSOLE_DATE, (row) => ({
    ...(isCost ? { costs: [consoleCost(row)], usage: [] } : { costs: [], usage: [consoleUsage(row)] }),
  }));
}

/**
 * Billed amounts of whoever else sends a bill, such as a cloud that resells the models: rows of one day and group add up.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another currency, an amount that is none, a day that is none.
 */
export function readBilledCsv(rows: readonly CsvRow[], columns: BilledColumns): BilledDay[] {
  const group: [keyof CostGroup, string | undefined][] = [
    ['model', columns.model],
    ['workspace_id', columns.workspace],
    ['api_key_id', columns.key],
    ['service_tier', columns.tier],
    ['cost_type', columns.type],
  ];
  return inDays(rows, columns.date, (row) => {
    if (columns.currency !== undefined && textIn(row, columns.currency) !== 'USD')
      throw malformed(row.line, 'is not in USD');
    const cost: CostRow = {
      group: Object.fromEntries(
        group.flatMap(([name, column]) =>
          column === undefined ? [] : [[name, textIn(row, column) || null]],
        ),
      ),
      amountPicoUsd: amountIn(row, columns.amount),
      listAmountPicoUsd: columns.list === undefined ? null : amountIn(row, columns.list),
      requests: null,
    };
    return { costs: [cost], usage: [] };
  });
}

function inDays(
  rows: readonly CsvRow[],
  dateColumn: string,
  read: (row: CsvRow) => Omit<BilledDay, 'startMs'>,
): BilledDay[] {
  const days = new Map<number, BilledDay>();
  for (const row of rows) {
    const startMs = dayIn(row, dateColumn);
    const day = days.get(startMs) ?? { startMs, usage: [], costs: [] };
    const { usage, costs } = read(row);
    day.usage.push(...usage);
    day.costs.push(...costs);
    days.set(startMs, day);
  }
  return [...days.values()].sort((left, right) => left.startMs - right.startMs);
}

function consoleCost(row: CsvRow): CostRow {
  const list = 'list_price_usd' in row.value ? amountIn(row, 'list_price_usd') : null;
  const amountPicoUsd = amountIn(row, 'cost_usd');
  return { group: consoleGroup(row), amountPicoUsd, listAmountPicoUsd: list, requests: null };
}

function consoleUsage(row: CsvRow): UsageRow {
  const counts = Object.entries(CONSOLE_COUNTS).map(([column, name]) => [name, countIn(row, column)]);
  return { group: consoleGroup(row), usage: Object.fromEntries(counts), requests: null, unknownCounts: {} };
}

/** A key's id before its name, wherever either column stands. */
function consoleGroup(row: CsvRow): CostGroup {
  const group: CostGroup = {};
  for (const [column, name] of Object.entries(CONSOLE_GROUP))
    if (column in row.value) group[name] = textIn(row, column) || (group[name] ?? null);
  return group;
}

const DAY_MS = 86_400_000;

function dayIn(row: CsvRow, column: string): number {
  const text = textIn(row, column);
  const [, day = ''] = /^(\d{4}-\d{2}-\d{2})(?:$|[T ])/.exec(text) ?? [];
  const startMs = Date.parse(`${day}T00:00:00Z`);
  const isDay = Number.isFinite(startMs) && new Date(startMs).toISOString().startsWith(day);
  if (isDay && startMs % DAY_MS === 0) return startMs;
  throw malformed(row.line, `has no day in "${column}"`);
}

function countIn(row: CsvRow, column: string): number {
  const text = textIn(row, column);
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count)) return count;
  throw malformed(row.line, `has no count in "${column}"`);
}

function amountIn(row: CsvRow, column: string): PicoUsd {
  const amountPicoUsd = picoFromDecimalUsd(textIn(row, column));
  if (amountPicoUsd !== null) return amountPicoUsd;
  throw malformed(row.line, `has no amount in "${column}" that pico-USD can hold`);
}

const PICO_DIGITS = 12;

/** Clouds write small amounts with an exponent ("1.2E-7"): read as exactly as any. Null where digits would be lost. */
export function picoFromDecimalUsd(text: string): PicoUsd | null {
  const [, minus, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d{1,18})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text) ?? [];
  if (whole === '') return null;
  const digits = whole + fraction;
  const scale = PICO_DIGITS + Number(exponent) - fraction.length;
  const kept = scale >= 0 ? digits.padEnd(digits.length + scale, '0') : digits.slice(0, scale) || '0';
  const lost = scale >= 0 ? '' : digits.slice(scale);
  if (/[1-9]/.test(lost)) return null;
  return minus ? -BigInt(kept) : BigInt(kept);
}

function textIn({ line, value }: CsvRow, column: string): string {
  const text = value[column];
  if (typeof text === 'string') return text.trim();
  throw malformed(line, `has no column "${column}"`);
}

function malformed(line: number, found: string): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', { message: `Line ${line} of the file ${found}.` });
}
