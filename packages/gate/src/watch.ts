import type { Clock } from '@tallygate/usage';

/** Looks every now and then for as long as there is something to lose. Keeps no process alive. */
export interface Watch {
  /** There is something to lose. */
  goOn(): void;
  /** Not while a look is under way. */
  lookNow(): void;
  stop(): void;
}

/** Some looks fall within the time for which counters stay missing after a loss (`REASSERT_MS`), on a busy machine too. */
const PULSE_MS = 200;
/** Longer than a settlement usually lies in a spool. */
const WATCH_MS = 5_000;

/** @param look never rejects. */
export function createWatch(clock: Clock, hasMore: () => boolean, look: () => Promise<void>): Watch {
  let goneOnMs = 0;
  let timer: NodeJS.Timeout | null = null;
  let isLooking = false;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const lookNow = (): void => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  };
  return {
    goOn() {
      goneOnMs = clock.monotonicMs();
      timer ??= setInterval(() => {
        if (clock.monotonicMs() - goneOnMs > WATCH_MS && !hasMore()) stop();
        else lookNow();
      }, PULSE_MS).unref();
    },
    lookNow,
    stop,
  };
}
