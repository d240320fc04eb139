import { z } from 'zod';
import { TallygateError } from './errors.ts';

/**
 * Money wherever it is added: integer nano-USD (10^-9 USD), always within Int64.
 * Never a float: Redis scripts, JSON and SQL see it as a decimal string.
 */
export type NanoUsd = bigint;

/** Prices and unrounded charges: integer pico-USD (10^-12 USD). 1 USD per million tokens is 1,000,000 pico per token. */
export type PicoUsd = bigint;

export const NANO_USD_PER_USD = 1_000_000_000n;
export const PICO_USD_PER_NANO_USD = 1_000n;
export const PICO_USD_PER_CENT = 10_000_000_000n;
/** Largest amount that Redis, ClickHouse and the spool can hold: about 9.2 billion USD. */
export const NANO_USD_MAX = 2n ** 63n - 1n;
const NANO_USD_MIN = -(2n ** 63n);

/**
 * How many units an amount comes to, half to even: no direction is favoured over many rows, and a correction rounds as what it
 * takes back did.
 * @param unit above zero.
 */
export function divideHalfEven(amount: bigint, unit: bigint): bigint {
  const towardsZero = amount / unit;
  const twiceRest = 2n * (amount % unit);
  const magnitude = twiceRest < 0n ? -twiceRest : twiceRest;
  const isNearer = magnitude > unit || (magnitude === unit && towardsZero % 2n !== 0n);
  if (!isNearer) return towardsZero;
  return amount < 0n ? towardsZero - 1n : towardsZero + 1n;
}

/** Once per billable line. */
export function nanoFromPico(amountPicoUsd: PicoUsd): NanoUsd {
  return divideHalfEven(amountPicoUsd, PICO_USD_PER_NANO_USD);
}

/**
 * Reads a decimal string of USD ("500", "0.25", "-1.000000001") exactly.
 * @throws TallygateError `TALLYGATE_MONEY_INVALID` when it is not a decimal, has more than nine fraction digits, or is
 * beyond what a store can hold (±`NANO_USD_MAX`).
 */
export function nanoFromUsd(text: string): NanoUsd {
  const match = /^(-?)(\d{1,10})(?:\.(\d{1,9}))?$/.exec(text.trim());
  if (!match) {
    throw new TallygateError('TALLYGATE_MONEY_INVALID', {
      message: `"${text}" is not an amount in USD.`,
      cure: 'Write a decimal with at most nine fraction digits, such as "500" or "0.25".',
    });
  }
  const [, minus, whole = '0', fraction = ''] = match;
  const magnitude = BigInt(whole) * NANO_USD_PER_USD + BigInt(fraction.padEnd(9, '0'));
  if (magnitude > NANO_USD_MAX) {
    throw new TallygateError('TALLYGATE_MONEY_INVALID', {
      message: `"${text}" is more USD than a ledger can hold.`,
      cure: `Write at most ${usdFromNano(NANO_USD_MAX)}.`,
    });
  }
  return minus ? -magnitude : magnitude;
}

/** "0.010000000": exact, nine fraction digits, for JSON and CSV. */
export function usdFromNano(amountNanoUsd: NanoUsd): string {
  return decimalFrom(amountNanoUsd, 9);
}

/** Exact: nine fraction digits, or twelve when the last three are needed. */
export function usdFromPico(amountPicoUsd: PicoUsd): string {
  return amountPicoUsd % PICO_USD_PER_NANO_USD === 0n
    ? decimalFrom(amountPicoUsd / PICO_USD_PER_NANO_USD, 9)
    : decimalFrom(amountPicoUsd, 12);
}

/** "$498.20" for people; below one cent as many digits as it takes to show two significant ones. Rounded for display only. */
export function formatUsd(amountNanoUsd: NanoUsd): string {
  const sign = amountNanoUsd < 0n ? '-' : '';
  const magnitude = amountNanoUsd < 0n ? -amountNanoUsd : amountNanoUsd;
  const fractionDigits =
    magnitude === 0n || magnitude >= 10_000_000n ? 2 : Math.min(9, 12 - magnitude.toString().length - 1);
  const step = 10n ** BigInt(9 - fractionDigits);
  const rounded = ((magnitude + step / 2n) / step) * step;
  const whole = (rounded / NANO_USD_PER_USD).toString().replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = (rounded % NANO_USD_PER_USD).toString().padStart(9, '0').slice(0, fractionDigits);
  return `${sign}$${whole}.${fraction}`;
}

function decimalFrom(amount: bigint, fractionDigits: number): string {
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(fractionDigits + 1, '0');
  return `${sign}${digits.slice(0, -fractionDigits)}.${digits.slice(-fractionDigits)}`;
}

/**
 * An amount on any wire: a decimal integer string outside, a bigint inside. The bounds of Int64 hold in both directions:
 * beyond them ClickHouse would wrap around without a word.
 */
const int64 = z.bigint().min(NANO_USD_MIN).max(NANO_USD_MAX);
export const nanoUsdSchema = z.codec(z.string().regex(/^-?\d{1,19}$/), int64, {
  decode: (text) => BigInt(text),
  encode: (amount) => amount.toString(),
});
