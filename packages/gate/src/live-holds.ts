import type { Clock, Hold } from '@tallygate/usage';

/** Holds that this process was given and has not ended: what it can put back when Redis has lost them. */
export interface LiveHolds {
  add(hold: Hold, ttlMs: number): void;
  remove(attemptId: string): void;
  /** Those that have not ended by time, each with what is left of it. */
  all(): { hold: Hold; leftMs: number }[];
}

export function createLiveHolds(clock: Clock): LiveHolds {
  const holds = new Map<string, { hold: Hold; endsAtMs: number }>();
  return {
    add: (hold, ttlMs) => {
      holds.set(hold.attemptId, { hold, endsAtMs: clock.monotonicMs() + ttlMs });
    },
    remove: (attemptId) => void holds.delete(attemptId),
    all: () => {
      const nowMs = clock.monotonicMs();
      for (const [attemptId, { endsAtMs }] of holds) if (endsAtMs <= nowMs) holds.delete(attemptId);
      return [...holds.values()].map(({ hold, endsAtMs }) => ({ hold, leftMs: Math.ceil(endsAtMs - nowMs) }));
    },
  };
}
