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

export function modelPeriod({ period, timeZone }: Budget, instantMs: number): ModelPeriod {
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
