import { counterKey, withoutValue } from './keys.ts';
import { type MemoryState, readTime } from './memory-state.ts';
import { stepsOf } from './thresholds.ts';

/** Thresholds in process, each announced once in its period. `lua/fragments/announce.lua` states the same rules. */

/** Of the one period, once something was spent on it. */
export function announceReached(
  state: MemoryState,
  key: string,
  { nowMs, atMs }: Pick<ReturnType<typeof readTime>, 'nowMs' | 'atMs'>,
): void {
  const { organization, counters, outbox, live } = state;
  const step = stepsOf(live, key).find(({ untilMs }) => nowMs < untilMs);
  const spent = counters.spent(key, atMs);
  const announced = counters.announced(key, nowMs);
  for (const { percent, amount } of step?.thresholds ?? []) {
    if (step === undefined || spent < amount) return;
    if (percent <= announced.percent) continue;
    counters.markAnnounced({ key: announced.key, percent });
    const alert = { organization, key: announced.key, thresholdPercent: percent, spent, limit: step.limit };
    outbox.push({ ...alert, crossedAtMs: nowMs });
  }
}

/** After a rebuild, of the counters that were rebuilt: what was reached, and lost before anybody was told. */
export function announceRunning(state: MemoryState, rebuiltKeys: readonly string[]): void {
  const time = readTime(state);
  const running = new Set(
    state.live.budgets.map((budget) => counterKey(state.calendar(budget, time.nowMs).key)),
  );
  for (const key of rebuiltKeys)
    if (running.has(counterKey(withoutValue(key)))) announceReached(state, key, time);
}
