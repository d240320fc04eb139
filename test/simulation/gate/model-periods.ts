import type { Budget } from '@tallygate/usage';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../contract/gate-fixtures.ts';

/** Calendar arithmetic of the model's own: plain division, in zones that never change their clocks. */

const WEEK_MS = 7 * DAY_MS;
/** 1970 began on a Thursday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

/** What the zones of the model's budgets are ahead of UTC. */
const ZONE_OFFSETS_MS: Readonly<Record<string, number>> = {
  UTC: 0,
  'Asia/Kolkata': 5.5 * HOUR_MS,
};

export interface ModelPeriod {
  startMs: number;
  endMs: number;
}

/** A period of a fixed length, and where one of them begins. */
const FIXED: Readonly<Record<string, { lengthMs: number; beginsMs: number }>> = {
  minute: { lengthMs: MINUTE_MS, beginsMs: 0 },
  hour: { lengthMs: HOUR_MS, beginsMs: 0 },
  day: { lengthMs: DAY_MS, beginsMs: 0 },
  week: { lengthMs: WEEK_MS, beginsMs: FIRST_MONDAY_MS },
};

const PARTS_OF_A_WINDOW = 60;

/** How long a part of the window is that a unit or a key names; null for a period of the calendar. */
function partMsOf(name: string): number | null {
  const minutes = /rolling-(\d+)m/.exec(name)?.[1];
  return minutes === undefined ? null : (Number(minutes) * MINUTE_MS) / PARTS_OF_A_WINDOW;
}

/** Under what a period is counted: by itself, or with all parts of its window. */
export function counterOf(key: string): string {
  return partMsOf(key) === null ? key : key.replace(/:\d+$/, ':0');
}

export function startOf(key: string): number {
  return Number(key.split(':')[2]);
}

/** Until when a charge to it counts: whoever asks for a period of the calendar asks for all of it. */
export function outOfWindowMs(key: string): number {
  const partMs = partMsOf(key);
  return partMs === null ? Number.POSITIVE_INFINITY : startOf(key) + (PARTS_OF_A_WINDOW + 1) * partMs;
}

/** The part of the same window that is current then. */
export function currentPart(key: string, instantMs: number): string {
  const partMs = partMsOf(key);
  return partMs === null ? key : key.replace(/:\d+$/, `:${Math.floor(instantMs / partMs) * partMs}`);
}

/** The first instant whose charges count then; null for a period of the calendar. */
export function windowStartMs(key: string, instantMs: number): number | null {
  const partMs = partMsOf(key);
  if (partMs === null) return null;
  const currentMs = Math.min(startOf(key), startOf(currentPart(key, instantMs)));
  return currentMs - PARTS_OF_A_WINDOW * partMs;
}

export function modelPeriod({ period, timeZone }: Budget, instantMs: number): ModelPeriod {
  const partMs = partMsOf(period);
  if (partMs !== null) return fixedPeriod({ lengthMs: partMs, beginsMs: 0 }, instantMs);
  const offsetMs = ZONE_OFFSETS_MS[timeZone] ?? Number.NaN;
  const localMs = instantMs + offsetMs;
  const fixed = FIXED[period];
  const { startMs, endMs } = fixed ? fixedPeriod(fixed, localMs) : monthOf(localMs);
  return { startMs: startMs - offsetMs, endMs: endMs - offsetMs };
}

function fixedPeriod({ lengthMs, beginsMs }: { lengthMs: number; beginsMs: number }, localMs: number) {
  const startMs = Math.floor((localMs - beginsMs) / lengthMs) * lengthMs + beginsMs;
  return { startMs, endMs: startMs + lengthMs };
}

function monthOf(localMs: number): ModelPeriod {
  const date = new Date(localMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
