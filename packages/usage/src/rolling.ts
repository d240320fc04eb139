import { z } from 'zod';

/**
 * Rolling windows: what was charged within the last so many minutes. Time is cut into parts of a sixtieth of the window, and a charge
 * belongs to the part of its reserve. It counts while that part is the current one, and for sixty parts more: for the whole window at
 * least, and for a sixtieth longer at most. So it never counts too short, and a window is no more than sixty-one numbers.
 */
export type RollingUnit = `rolling-${number}m`;

/** Parts that count, the current one among them. */
export const ROLLING_PARTS = 61;
export const ROLLING_MINUTES_MAX = 90 * 24 * 60;

const ROLLING_UNIT = /^rolling-([1-9]\d{0,5})m$/;

export const rollingUnitSchema = z.custom<RollingUnit>(
  (value) => typeof value === 'string' && isRolling(value) && partMsOf(value) <= ROLLING_MINUTES_MAX * 1_000,
  { error: 'not a rolling window' },
);

export function rollingUnit(minutes: number): RollingUnit {
  return `rolling-${minutes}m`;
}

export function isRolling(unit: string): unit is RollingUnit {
  return ROLLING_UNIT.test(unit);
}

/** Length of a part: as many seconds as the window has minutes. */
export function partMsOf(unit: RollingUnit): number {
  return Number(ROLLING_UNIT.exec(unit)?.[1]) * 1_000;
}

/** When a charge of the part that began then no longer counts. */
export function partIsOutMs(partStartMs: number, partMs: number): number {
  return partStartMs + ROLLING_PARTS * partMs;
}

/** Beginnings of all parts that count while the named one is current: the oldest first. */
export function partsInWindow(currentPartStartMs: number, partMs: number): number[] {
  const parts = Array.from({ length: ROLLING_PARTS }, (_none, index) => ROLLING_PARTS - 1 - index);
  return parts.map((before) => currentPartStartMs - before * partMs);
}

/** "the last 24 hours", "the last 90 minutes", "the last 7 days": as a person says it. */
export function describeWindow(unit: RollingUnit): string {
  return `the last ${lengthOf(unit).replace(/^1 /, '')}`;
}

/** "24 hours". */
export function lengthOf(unit: RollingUnit): string {
  const minutes = partMsOf(unit) / 1_000;
  const [count, name] =
    minutes % 1_440 === 0 && minutes > 1_440
      ? [minutes / 1_440, 'day']
      : minutes % 60 === 0
        ? [minutes / 60, 'hour']
        : [minutes, 'minute'];
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}
