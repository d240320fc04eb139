import { z } from 'zod';
import { formatUsd, nanoUsdSchema } from './money.ts';

/** The time in which spend is looked at; windows begin at full five minutes of the gate's clock. */
export const PACE_WINDOW_MS = 300_000;
export const VELOCITY_TIMES_MAX = 100;
export const VELOCITY_PAUSE_MINUTES_MAX = 24 * 60;

/**
 * A breaker for what spends faster than ever: where five minutes cost more than the floor, and more than `times` the median of the 24
 * windows before, calls of the budget are denied for a while, and somebody is told.
 */
export const velocitySchema = z.object({
  /** Five minutes may always cost this much. */
  floorNanoUsd: nanoUsdSchema,
  times: z.number().int().min(2).max(VELOCITY_TIMES_MAX),
  pauseMinutes: z.number().int().min(1).max(VELOCITY_PAUSE_MINUTES_MAX),
});
export type Velocity = z.output<typeof velocitySchema>;

/** "breaks above $5.00 in 5 minutes and 4 times the median, for 10 minutes". */
export function describeVelocity({ floorNanoUsd, times, pauseMinutes }: Velocity): string {
  return `breaks above ${formatUsd(floorNanoUsd)} in 5 minutes and ${times} times the median, for ${pauseMinutes} minutes`;
}
