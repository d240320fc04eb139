import { isoFromMs, periodAt } from '@tallygate/usage';

/** [fromMs, toMs) of a month such as "2026-10", in UTC. */
export function rangeOfMonth(month: string): { fromMs: number; toMs: number } {
  const { startMs, endMs } = periodAt('month', 'UTC', Date.parse(`${month}-01T00:00:00.000Z`));
  return { fromMs: startMs, toMs: endMs };
}

/** "2026-10". */
export function monthOf(instantMs: number): string {
  return isoFromMs(instantMs).slice(0, 7);
}
