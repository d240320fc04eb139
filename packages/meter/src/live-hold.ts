import { type BudgetGate, type Clock, type Hold, type Logger, TallygateError } from '@tallygate/usage';

/** The hold of an attempt under way. It must not expire while its stream still runs, so bytes that arrive late extend it. */
export interface LiveHold {
  /** The hold as it now stands, for settling. */
  current(): Hold | null;
  /** Bytes arrived. Called for every chunk, so it looks at no clock. */
  keepAlive(): void;
  /** To be called every `UPKEEP_MS`: extends a hold of which half its life is over, if bytes have arrived since the last time. */
  upkeep(): void;
  /** Extends at once: the next bytes may be that long in coming. */
  keepFor(durationMs: number): void;
}

/** Short beside the half life of any hold, whose time to live is a minute at least. */
export const UPKEEP_MS = 5_000;

export interface LiveHoldOptions {
  gate: Pick<BudgetGate, 'extend'>;
  clock: Clock;
  logger: Logger;
}

export function createLiveHold(
  reserved: Hold | null,
  ttlMs: number,
  { gate, clock, logger }: LiveHoldOptions,
): LiveHold {
  let hold = reserved;
  let extendAtMonotonicMs = clock.monotonicMs() + ttlMs / 2;
  let hasBytes = false;
  /** Half its life is over and nothing arrived: the next byte must not wait for the next upkeep. */
  let isOverdue = false;

  async function extend(forMs = ttlMs): Promise<void> {
    if (hold === null) return;
    isOverdue = false;
    extendAtMonotonicMs = clock.monotonicMs() + forMs / 2;
    try {
      const reply = await gate.extend(hold, forMs);
      if (reply.kind === 'extended') hold = reply.hold;
    } catch (error) {
      // An expired hold still settles: the charge counts late, and only admission was too generous meanwhile.
      const code = TallygateError.isInstance(error) ? error.code : 'unexpected';
      logger.warn('hold not extended', { attemptId: hold.attemptId, code });
    }
  }

  return {
    current: () => hold,
    keepAlive() {
      hasBytes = true;
      if (isOverdue) void extend();
    },
    upkeep() {
      const isDue = clock.monotonicMs() >= extendAtMonotonicMs;
      if (isDue && hasBytes) void extend();
      isOverdue = isDue && !hasBytes;
      hasBytes = false;
    },
    keepFor: (durationMs) => void extend(Math.max(ttlMs, durationMs)),
  };
}
