import type { Clock, Hold, HoldEntry, NanoUsd } from '@tallygate/usage';

/**
 * Holds that this process was given and has not ended: what it can put back when Redis has lost them. A lease is one hold, as it is
 * to Redis: with each of its attempts that end it becomes smaller.
 */
export interface LiveHolds {
  add(hold: Hold, ttlMs: number): void;
  /** A part of a lease has ended. */
  reduce(attemptId: string, expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): void;
  remove(attemptId: string): void;
  /** Those that have not ended by time, each with what is left of it. */
  all(): LiveHold[];
}

export interface LiveHold {
  readonly hold: Hold;
  readonly leftMs: number;
}

export function createLiveHolds(clock: Clock): LiveHolds {
  const holds = new Map<string, { hold: Hold; endsAtMs: number }>();
  return {
    add: (hold, ttlMs) => {
      holds.set(hold.attemptId, { hold, endsAtMs: clock.monotonicMs() + ttlMs });
    },
    reduce: (attemptId, expectedNanoUsd, worstNanoUsd) => {
      const live = holds.get(attemptId);
      if (live === undefined) return;
      const entries = live.hold.entries.map((entry) => less(entry, expectedNanoUsd, worstNanoUsd));
      if (entries.every(isNothing)) holds.delete(attemptId);
      else live.hold = { ...live.hold, entries };
    },
    remove: (attemptId) => void holds.delete(attemptId),
    all: () => {
      const nowMs = clock.monotonicMs();
      for (const [attemptId, { endsAtMs }] of holds) if (endsAtMs <= nowMs) holds.delete(attemptId);
      return [...holds.values()].map(({ hold, endsAtMs }) => ({ hold, leftMs: Math.ceil(endsAtMs - nowMs) }));
    },
  };
}

function less(entry: HoldEntry, expectedNanoUsd: NanoUsd, worstNanoUsd: NanoUsd): HoldEntry {
  return {
    ...entry,
    expected: notNegative(entry.expected - expectedNanoUsd),
    worst: notNegative(entry.worst - worstNanoUsd),
  };
}

function notNegative(amountNanoUsd: NanoUsd): NanoUsd {
  return amountNanoUsd < 0n ? 0n : amountNanoUsd;
}

function isNothing({ expected, worst }: HoldEntry): boolean {
  return expected === 0n && worst === 0n;
}
