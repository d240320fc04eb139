import { formatAmount, formatUsd, type Measure, type NanoUsd, type Period } from '@tallygate/usage';

/** Figures and times as the page says them. Times are UTC; money is rounded to the cent, for display only. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NANO_PER_CENT = 10_000_000n;

const timeFormat = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});
const dateFormat = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});
const monthFormat = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** "$498.20", "−$3.10"; "<$0.01" for what is there and is less: something must not read as nothing. */
export function sayUsd(amountNanoUsd: NanoUsd): string {
  const magnitude = amountNanoUsd < 0n ? -amountNanoUsd : amountNanoUsd;
  const sign = amountNanoUsd < 0n ? '−' : '';
  if (magnitude > 0n && magnitude < NANO_PER_CENT) return `${sign}<$0.01`;
  return `${sign}${formatUsd(magnitude)}`;
}

/** "12%"; "<1%" of what is there; "" of nothing, because 0% of nothing would be a claim. */
export function sayShare(part: bigint, whole: bigint): string {
  if (whole <= 0n) return '';
  const percent = (part * 200n + whole) / (whole * 2n);
  return percent === 0n && part > 0n ? '<1%' : `${percent}%`;
}

export function sayCount(count: number, noun: string): string {
  return `${sayNumber(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export function sayNumber(count: number): string {
  return count.toLocaleString('en-US');
}

/** "14:05". */
export function sayTime(instantMs: number): string {
  return timeFormat.format(instantMs);
}

/** "21 November 2026". */
export function sayDate(instantMs: number): string {
  return dateFormat.format(instantMs);
}

/** "November 2026". */
export function sayMonth({ startMs }: Pick<Period, 'startMs'>): string {
  return monthFormat.format(startMs);
}

/** "14:05 UTC" today, "20 November 2026, 14:05 UTC" on another day. */
export function sayInstant(instantMs: number, nowMs: number): string {
  const isToday = Math.floor(instantMs / DAY_MS) === Math.floor(nowMs / DAY_MS);
  return `${isToday ? '' : `${sayDate(instantMs)}, `}${sayTime(instantMs)} UTC`;
}

/** "21 November 2026", "1 November 2026 to 21 November 2026"; the end is not included. */
export function sayDays(fromMs: number, toMs: number): string {
  const [first, last] = [sayDate(fromMs), sayDate(toMs - 1)];
  return first === last ? first : `${first} to ${last}`;
}

/** "just now", "3 min old", "5 h old", "4 days old". */
export function sayAge(instantMs: number, nowMs: number): string {
  const ageMs = nowMs - instantMs;
  if (ageMs < MINUTE_MS) return 'just now';
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min old`;
  if (ageMs < 2 * DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h old`;
  return `${Math.floor(ageMs / DAY_MS)} days old`;
}

export function sayAmount(amount: bigint, measure: Measure): string {
  return measure === 'usd' ? sayUsd(amount) : formatAmount(amount, measure);
}
