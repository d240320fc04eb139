import { formatUsd, PICO_USD_PER_CENT, PICO_USD_PER_NANO_USD } from '@tallygate/usage';
import {
  amountIn,
  type BilledDay,
  type BilledRows,
  type CsvPlace,
  type CsvRow,
  inDays,
  malformed,
  textIn,
} from './billed-csv.ts';
import type { CostGroup, CostRow, ReportedUsage, UsageRow } from './reported.ts';

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
/** Of a web search: no model, no tier, no kind of tokens. */
const NONE = new Set(['', '--']);

/**
 * Usage and cost as the Console exports them, by day or by hour, in whatever order their columns are: see `docs/decisions/billed-csv.md`.
 * Rows of one file that tell the same things apart add up, since the Console knows more than it exports, and are said.
 *
 * @param files the rows of each; two of one kind must tell the same things apart, and none may hold again what another one holds.
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for a column of figures that is not known, a day twice, or a value that is none.
 */
export function readConsoleCsv(...files: readonly (readonly CsvRow[])[]): BilledRows {
  const read = files.map(readConsoleFile);
  requireNothingAgain(read);
  const days = mergedDays(read.map((file) => file.days));
  for (const { usage, costs } of days) for (const rows of [usage, costs]) requireSameDimensions(rows);
  return { days, remarks: [...repeatedRemarks(read), ...centRemarks(days)] };
}

interface ConsoleFile {
  /** Its first line, which names its columns. */
  header: CsvPlace;
  days: BilledDay[];
  /** By instant and group: the first row, its day, and the figures of all of them. */
  groups: Map<string, { place: CsvPlace; day: string; figures: string[] }>;
}

function readConsoleFile(rows: readonly CsvRow[]): ConsoleFile {
  const columns = Object.keys(rows[0]?.value ?? {});
  const header = { file: rows[0]?.file ?? '', line: 1 };
  requireKnownFigures(columns, header);
  const isCost = columns.includes('cost_usd');
  const needed = isCost ? [CONSOLE_DATE] : [CONSOLE_DATE, ...Object.keys(CONSOLE_COUNTS)];
  const missing = needed.find((name) => !columns.includes(name));
  if (missing !== undefined) throw malformed(header, `has no column "${missing}"`);
  const groups: ConsoleFile['groups'] = new Map();
  const days = inDays(rows, CONSOLE_DATE, (row) => {
    const group = consoleGroup(row);
    const read = isCost ? consoleCost(row, group) : consoleUsage(row, group);
    const instant = textIn(row, CONSOLE_DATE);
    const key = JSON.stringify([isCost, instant, group]);
    const known = groups.get(key) ?? { place: row, day: instant.slice(0, 10), figures: [] };
    known.figures.push('usage' in read ? Object.values(read.usage).join('/') : String(read.amountPicoUsd));
    groups.set(key, known);
    return 'usage' in read ? { costs: [], usage: [read] } : { costs: [read], usage: [] };
  });
  const file = { header, days, groups };
  requireNotTwice(file);
  return file;
}

function requireKnownFigures(columns: readonly string[], header: CsvPlace): void {
  const known = new Set([
    CONSOLE_DATE,
    ...CONSOLE_AMOUNTS,
    ...Object.keys(CONSOLE_GROUP),
    ...Object.keys(CONSOLE_COUNTS),
  ]);
  const unknown = columns.find((name) => FIGURE.test(name) && !known.has(name));
  if (unknown !== undefined) throw malformed(header, `holds "${unknown}", figures of which nothing is known`);
}

/** Two rows alike may be two things that the Console does not tell apart. A day of nothing but twins was pasted twice. */
function requireNotTwice({ header, groups }: ConsoleFile): void {
  const isTwice = new Map<string, boolean>();
  for (const { day, figures } of groups.values())
    for (const figure of figures.filter((each) => /[1-9]/.test(each))) {
      const hasTwin = figures.indexOf(figure) !== figures.lastIndexOf(figure);
      isTwice.set(day, hasTwin && isTwice.get(day) !== false);
    }
  for (const [day, isSo] of isTwice)
    if (isSo) throw malformed(header, `is not alone: all of ${day} stands twice`);
}

function requireNothingAgain(files: readonly ConsoleFile[]): void {
  const seen = new Set<string>();
  for (const { groups } of files) {
    for (const [key, { place }] of groups)
      if (seen.has(key)) throw malformed(place, 'holds again what another file holds');
    for (const key of groups.keys()) seen.add(key);
  }
}

/** Of several files the days of all, rows of one day together. */
function mergedDays(files: readonly BilledDay[][]): BilledDay[] {
  const days = new Map<number, BilledDay>();
  for (const { startMs, usage, costs } of files.flat()) {
    const known = days.get(startMs) ?? { startMs, usage: [], costs: [] };
    const [allUsage, allCosts] = [known.usage.concat(usage), known.costs.concat(costs)];
    days.set(startMs, { startMs, usage: allUsage, costs: allCosts });
  }
  return [...days.values()].sort((left, right) => left.startMs - right.startMs);
}

const ONE_OF_THEM: CsvPlace = { file: 'one of the files', line: 1 };

function requireSameDimensions(rows: readonly { group: CostGroup }[]): void {
  const [kind, ...others] = new Set(rows.map(({ group }) => Object.keys(group).sort().join(', ')));
  if (kind !== undefined && others.length > 0)
    throw malformed(
      ONE_OF_THEM,
      `tells apart ${others[0]}, and another one ${kind}: one holds what the other holds`,
    );
}

function repeatedRemarks(files: readonly ConsoleFile[]): string[] {
  const groups = files.flatMap((file) => [...file.groups.values()]);
  const repeated = groups.reduce((sum, { figures }) => sum + figures.length - 1, 0);
  return repeated === 0 ? [] : [`Rows that the file tells apart from no other are added up: ${repeated}.`];
}

/** It exports cents, and bills less than cents. */
function centRemarks(days: readonly BilledDay[]): string[] {
  const costs = days.flatMap((day) => day.costs);
  if (costs.length === 0 || costs.some(({ amountPicoUsd }) => amountPicoUsd % PICO_USD_PER_CENT !== 0n))
    return [];
  const most = formatUsd((BigInt(costs.length) * PICO_USD_PER_CENT) / 2n / PICO_USD_PER_NANO_USD);
  return [`Amounts are rounded to the cent: what was billed may be up to ${most} more or less.`];
}

function consoleCost(row: CsvRow, group: CostGroup): CostRow {
  const list = 'list_price_usd' in row.value ? amountIn(row, 'list_price_usd') : null;
  return { group, amountPicoUsd: amountIn(row, 'cost_usd'), listAmountPicoUsd: list, requests: null };
}

function consoleUsage(row: CsvRow, group: CostGroup): UsageRow {
  const counts = Object.entries(CONSOLE_COUNTS).map(([column, name]) => [name, countIn(row, column)]);
  return { group, usage: Object.fromEntries(counts), requests: null, unknownCounts: {} };
}

/** A key's id before its name, wherever either column stands. */
function consoleGroup(row: CsvRow): CostGroup {
  const group: CostGroup = {};
  for (const [column, name] of Object.entries(CONSOLE_GROUP)) {
    if (!(column in row.value)) continue;
    const text = textIn(row, column);
    group[name] = NONE.has(text) ? (group[name] ?? null) : text;
  }
  return group;
}

function countIn(row: CsvRow, column: string): number {
  const text = textIn(row, column);
  const count = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(count)) return count;
  throw malformed(row, `has no count in "${column}"`);
}
