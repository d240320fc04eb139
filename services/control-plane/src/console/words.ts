/** Times as the page says them, all in UTC. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const clockTime = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});
const dayAndMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const monthAndYear = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

export function sayTime(instantMs: number): string {
  return clockTime.format(instantMs);
}

export function sayMonth(instantMs: number): string {
  return monthAndYear.format(instantMs);
}

/** "14:05" today, "20 Nov 14:05" on another day. */
export function sayInstant(instantMs: number, nowMs: number): string {
  const isToday = Math.floor(instantMs / DAY_MS) === Math.floor(nowMs / DAY_MS);
  return isToday ? sayTime(instantMs) : `${dayAndMonth.format(instantMs)} ${sayTime(instantMs)}`;
}

/** "3 min old", "2 h old", "4 days old". */
export function sayAge(instantMs: number, nowMs: number): string {
  const ageMs = Math.max(0, nowMs - instantMs);
  if (ageMs < MINUTE_MS) return 'just now';
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min old`;
  if (ageMs < 2 * DAY_MS) return `${Math.floor(ageMs / HOUR_MS)} h old`;
  return `${Math.floor(ageMs / DAY_MS)} days old`;
}

export function sayCount(count: number, noun: string): string {
  return `${count.toLocaleString('en-GB')} ${noun}${count === 1 ? '' : 's'}`;
}
