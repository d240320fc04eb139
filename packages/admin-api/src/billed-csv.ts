import { divideHalfEven, type PicoUsd, TallygateError } from '@tallygate/usage';
import type { CostGroup, CostRow, UsageRow } from './reported.ts';

/** A row of a file by the names of its columns. */
/** Where somebody must look. */
export interface CsvPlace {
  /** Its name. */
  file: string;
  line: number;
}

export interface CsvRow extends CsvPlace {
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

/** Days in their order, and what of them a reader must know. */
export interface BilledRows {
  days: BilledDay[];
  remarks: string[];
}

/**
 * Billed amounts of whoever else sends a bill, such as a cloud that resells the models: rows of one day and group add up. Clouds write
 * amounts as floats, whose last digits are dust: what pico-USD cannot hold is rounded, half to even, and said.
 *
 * @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for another currency, an amount that is none, a day that is none.
 */
export function readBilledCsv(rows: readonly CsvRow[], columns: BilledColumns): BilledRows {
  if (columns.currency === undefined) requireOneCurrency(rows);
  let rounded = 0;
  const roundedIn = (row: CsvRow, column: string) => {
    const amount = nearestPicoUsd(textIn(row, column));
    if (amount === null) throw noAmount(row, column);
    if (!amount.isExact) rounded += 1;
    return amount.picoUsd;
  };
  const group: [keyof CostGroup, string | undefined][] = [
    ['model', columns.model],
    ['workspace_id', columns.workspace],
    ['api_key_id', columns.key],
    ['service_tier', columns.tier],
    ['cost_type', columns.type],
  ];
  const days = inDays(rows, columns.date, (row) => {
    if (columns.currency !== undefined && textIn(row, columns.currency) !== 'USD')
      throw malformed(row, `is in "${textIn(row, columns.currency)}", not in USD`);
    const cost: CostRow = {
      group: Object.fromEntries(
        group.flatMap(([name, column]) =>
          column === undefined ? [] : [[name, textIn(row, column) || null]],
        ),
      ),
      amountPicoUsd: roundedIn(row, columns.amount),
      listAmountPicoUsd: columns.list === undefined ? null : roundedIn(row, columns.list),
      requests: null,
    };
    return { costs: [cost], usage: [] };
  });
  return { days, remarks: rounded === 0 ? [] : [roundedRemark(rounded)] };
}

function roundedRemark(count: number): string {
  return `${count} amounts have more than ${PICO_DIGITS} decimals of a USD and were rounded there, each by less than a trillionth.`;
}

/** A sum over several currencies is no amount. Which of several columns the amounts are in, only a person knows. */
function requireOneCurrency(rows: readonly CsvRow[]): void {
  for (const row of rows)
    for (const [column, text] of Object.entries(row.value))
      if (/currency/i.test(column) && typeof text === 'string' && /^[A-Z]{3}$/.test(text) && text !== 'USD')
        throw malformed(
          row,
          `has ${text} in "${column}", and nothing says what its amounts are in`,
          `Name the column of their currency: --csv-columns …,currency=${column}.`,
        );
}

export function inDays(
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

const DAY_MS = 86_400_000;

function dayIn(row: CsvRow, column: string): number {
  const text = textIn(row, column);
  const [, day = ''] = /^(\d{4}-\d{2}-\d{2})(?:$|[T ])/.exec(text) ?? [];
  const startMs = Date.parse(`${day}T00:00:00Z`);
  const isDay = Number.isFinite(startMs) && new Date(startMs).toISOString().startsWith(day);
  if (isDay && startMs % DAY_MS === 0) return startMs;
  throw malformed(
    row,
    `has ${quoted(text)} in "${column}", which is no day`,
    'A day is written 2026-11-18, with or without a time in UTC behind it: anything else would be guessed at.',
  );
}

/** @throws TallygateError `TALLYGATE_REPORT_MALFORMED` for what is no amount, or none that pico-USD can hold. */
export function amountIn(row: CsvRow, column: string): PicoUsd {
  const amount = nearestPicoUsd(textIn(row, column));
  if (amount?.isExact === true) return amount.picoUsd;
  throw noAmount(row, column);
}

function noAmount(row: CsvRow, column: string): TallygateError {
  return malformed(
    row,
    `has ${quoted(textIn(row, column))} in "${column}", which is no amount`,
    'An amount is written 1234.56 or 1.2E-7: with a point, without a sign of its currency, nothing between its thousands.',
  );
}

function quoted(text: string): string {
  return text === '' ? 'nothing' : `"${text.slice(0, MOST_QUOTED)}"`;
}

const MOST_QUOTED = 30;
const PICO_DIGITS = 12;

/** Clouds write small amounts with an exponent ("1.2E-7"). Null for what is no amount. */
export function nearestPicoUsd(text: string): { picoUsd: PicoUsd; isExact: boolean } | null {
  const [, minus, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d{1,18})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text) ?? [];
  if (whole === '') return null;
  const digits = BigInt(minus + whole + fraction);
  const scale = PICO_DIGITS + Number(exponent) - fraction.length;
  if (scale >= 0) return { picoUsd: digits * 10n ** BigInt(scale), isExact: true };
  const unit = 10n ** BigInt(-scale);
  return { picoUsd: divideHalfEven(digits, unit), isExact: digits % unit === 0n };
}

export function textIn(row: CsvRow, column: string): string {
  const text = row.value[column];
  if (typeof text === 'string') return text.trim();
  throw malformed(row, `has no column "${column}"`);
}

const FILE_CURE = 'Correct it, or export the file again: nothing was counted from it.';

export function malformed({ file, line }: CsvPlace, found: string, cure = FILE_CURE): TallygateError {
  return new TallygateError('TALLYGATE_REPORT_MALFORMED', {
    message: `Line ${line} of ${file} ${found}.`,
    cure,
  });
}
