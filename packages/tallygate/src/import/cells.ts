/**
 * Cells of an export as exact values. A number of JSON is read by its shortest decimal form, which is what was written as long as
 * that has no more than 15 digits; nothing is computed with it before it is an integer.
 */
import { divideHalfEven, type PicoUsd } from '@tallygate/usage';
import { RowFault } from './row-fault.ts';

/** No call uses more, and none costs more: what exceeds them is a slip of units. What they bound fits into Int64 nano-USD. */
const TOKENS_MAX = 1_000_000_000;
const CALL_USD_MAX = 1_000_000n;
const TOKEN_USD_MAX = 1n;
const PICO_USD_PER_USD = 10n ** 12n;
const PICO_DIGITS = 12;

export function textCell(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

/** A whole count; "12.0" is one, as spreadsheets write it. */
export function countCell(value: unknown, column: string): number | null {
  const text = textCell(value);
  if (text === null) return null;
  const match = /^(\d{1,10})(?:\.0+)?$/.exec(text);
  const count = match === null ? Number.NaN : Number(match[1]);
  if (count <= TOKENS_MAX) return count;
  throw new RowFault(`${column} "${shown(text)}" is not a count`);
}

export interface UsdCell {
  amountPicoUsd: PicoUsd;
  /** Finer than a pico-USD, as sums of floats are: rounded half to even. */
  rounded: boolean;
}

/** "0.000003", "3e-06", 3e-6: USD, to the pico. */
export function usdCell(value: unknown, column: string, per: 'token' | 'call'): UsdCell | null {
  const text = textCell(value);
  if (text === null) return null;
  const match = /^\$?(\d{0,12})(?:\.(\d{0,30}))?(?:e([+-]?\d{1,2}))?$/i.exec(text);
  const [, whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || whole + fraction === '') throw new RowFault(`${column} "${shown(text)}" is no price`);
  const scale = PICO_DIGITS + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  const cell = scale >= 0 ? exact(digits * 10n ** BigInt(scale)) : roundedBy(digits, 10n ** BigInt(-scale));
  const mostUsd = per === 'token' ? TOKEN_USD_MAX : CALL_USD_MAX;
  if (cell.amountPicoUsd <= mostUsd * PICO_USD_PER_USD) return cell;
  throw new RowFault(`${column} "${shown(text)}" is more than ${mostUsd} USD per ${per}`);
}

function exact(amountPicoUsd: PicoUsd): UsdCell {
  return { amountPicoUsd, rounded: false };
}

function roundedBy(digits: bigint, divisor: bigint): UsdCell {
  return { amountPicoUsd: divideHalfEven(digits, divisor), rounded: digits % divisor !== 0n };
}

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;
/** Digits of an epoch in seconds, milliseconds, microseconds and nanoseconds, from 2001 to 2286. */
const EPOCH_DIGITS: Readonly<Record<number, number>> = { 10: 1_000, 13: 1, 16: 1e-3, 19: 1e-6 };
/** Before the first model of the price book nobody was charged; after now nobody has been. */
const EARLIEST_MS = Date.UTC(2023, 0, 1);

/** ISO 8601, UTC where it names no zone, or an epoch. Day before month or month before day is not guessed at. */
export function instantCell(value: unknown, column: string, nowMs: number): number {
  const text = textCell(value);
  if (text === null) throw new RowFault(`it has no ${column}`);
  const instantMs = epochMs(text) ?? isoMs(text);
  if (Number.isNaN(instantMs)) throw new RowFault(`${column} "${shown(text)}" is no instant`);
  if (instantMs < EARLIEST_MS) throw new RowFault(`${column} "${shown(text)}" lies before 2023`);
  if (instantMs > nowMs) throw new RowFault(`${column} "${shown(text)}" lies in the future`);
  return instantMs;
}

function epochMs(text: string): number | null {
  const match = /^(\d{10,19})(\.\d+)?$/.exec(text);
  if (match === null) return null;
  const [, whole = '', fraction = ''] = match;
  const factor = EPOCH_DIGITS[whole.length];
  return factor === undefined ? Number.NaN : Math.floor(Number(`${whole}${fraction}`) * factor);
}

/** NaN for days that no calendar has: `Date` alone would take 31 February for 3 March. */
function isoMs(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const [, day = '', time = '00:00', zone = 'Z'] = match;
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(midnightMs) || new Date(midnightMs).toISOString().slice(0, 10) !== day) return Number.NaN;
  const offset = /^(Z|UTC)$/i.test(zone) ? 'Z' : zone.replace(/^([+-]\d{2}):?(\d{2})$/, '$1:$2');
  return Date.parse(`${day}T${time.replace(/(\.\d{3})\d+$/, '$1')}${offset}`);
}

/** Of a value that may be anything, as little as helps to find it; nothing that may be an address. */
function shown(text: string): string {
  return text.includes('@') ? '…' : text.slice(0, 40);
}
