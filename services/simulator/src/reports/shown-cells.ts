import type { Cell } from '../billing/book.ts';
import type { Provider } from '../provider.ts';
import { floorTo } from './query.ts';

/** Which of the two families is asked: each has its own delay. */
export type ReportFamily = 'reports' | 'analytics';

const MINUTE_MS = 60_000;

/**
 * What the reports know by now of the minutes in [fromMs, toMs): usage appears after the delay of its family, and what was booked
 * to appear late, an adjustment, only from its own instant on.
 */
export function shownCells(provider: Provider, family: ReportFamily, fromMs: number, toMs: number): Cell[] {
  const nowMs = provider.options.nowMs();
  const untilMs = nowMs - lagOf(provider, family);
  const cells = provider.book.cells(fromMs, toMs);
  return cells.filter(({ minuteMs, shownFromMs }) => minuteMs <= untilMs && shownFromMs <= nowMs);
}

/** How far the analytics reports have come: one instant for all pages, unless they are asked for across it. */
export function refreshedAtMs(provider: Provider): number {
  return floorTo(MINUTE_MS, provider.options.nowMs() - lagOf(provider, 'analytics'));
}

function lagOf({ options }: Provider, family: ReportFamily): number {
  return family === 'analytics' ? options.analyticsLagMs : options.reportLagMs;
}
