import type { Clock, Logger } from '@tallygate/usage';

/**
 * Reserves whose caller stopped waiting. Each is undone as soon as Redis answers; one that never can be undone costs
 * nothing but its hold's time.
 */
export interface AbandonedReserves {
  /** `undo` is tried now, and again whenever `retry` is called, until it succeeds or the hold has ended by itself. */
  add(abandoned: AbandonedReserve): void;
  /** Until this is through it is not known whether anything has to be undone. */
  awaited(asking: Promise<void>): void;
  /** Tries again what failed before. */
  retry(): void;
  /** Resolves when nothing is awaited or being undone at the moment. */
  settled(): Promise<void>;
}

export interface AbandonedReserve {
  attemptId: string;
  ttlMs: number;
  undo: () => Promise<void>;
}

/** In a long outage every call leaves one; beyond this the oldest are left to expire. */
const MOST_WAITING = 10_000;

export function createAbandonedReserves(clock: Clock, logger: Logger): AbandonedReserves {
  const waiting = new Map<string, AbandonedReserve & { endsAtMs: number }>();
  const running = new Set<Promise<void>>();

  const follow = (run: Promise<void>): void => {
    running.add(run);
    void run.finally(() => running.delete(run));
  };
  const attempt = (abandoned: AbandonedReserve & { endsAtMs: number }): void => {
    const { attemptId, undo } = abandoned;
    const run = undo().catch((error: unknown) => {
      logger.debug('A reserve is not undone yet.', { attemptId, reason: String(error) });
      if (waiting.size >= MOST_WAITING) waiting.delete(waiting.keys().next().value ?? '');
      waiting.set(attemptId, abandoned);
    });
    follow(run);
  };

  return {
    add: (abandoned) => attempt({ ...abandoned, endsAtMs: clock.monotonicMs() + abandoned.ttlMs }),
    retry: () => {
      const again = [...waiting.values()].filter(({ endsAtMs }) => endsAtMs > clock.monotonicMs());
      waiting.clear();
      for (const abandoned of again) attempt(abandoned);
    },
    awaited: follow,
    settled: async () => {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
