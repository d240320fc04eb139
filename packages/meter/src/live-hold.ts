import { type BudgetGate, type Clock, type Hold, type Logger, TallygateError } from '@tallygate/usage';

/** The hold of an attempt under way. It must not expire while its stream still runs, so bytes that arrive late extend it. */
export interface LiveHold {
  /** The hold as it now stands, for settling. */
  current(): Hold | null;
  /** Called for every chunk: costs one comparison until half of the hold's life is over. */
  keepAlive(): void;
  /** Extends at once: the next bytes may be that long in coming. */
  keepFor(durationMs: number): void;
}

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

  async function extend(live: Hold, forMs: number): Promise<void> {
    extendAtMonotonicMs = clock.monotonicMs() + forMs / 2;
    try {
      const reply = await gate.extend(live, forMs);
      if (reply.kind === 'extended') hold = reply.hold;
    } catch (error) {
      // An expired hold still settles: the charge counts late, and only admission was too generous meanwhile.
      const code = TallygateError.isInstance(error) ? error.code : 'unexpected';
      logger.warn('hold not extended', { attemptId: live.attemptId, code });
    }
  }

  return {
    current: () => hold,
    keepAlive() {
      if (hold !== null && clock.monotonicMs() >= extendAtMonotonicMs) void extend(hold, ttlMs);
    },
    keepFor(durationMs) {
      if (hold !== null) void extend(hold, Math.max(ttlMs, durationMs));
    },
  };
}
