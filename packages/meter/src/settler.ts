import {
  type BudgetGate,
  contractedCostNanoUsd,
  type Hold,
  type Logger,
  TallygateError,
  type UsageEvent,
  type UsageSink,
} from '@tallygate/usage';

/** Ends holds behind the caller's back and writes what the gate answered. */
export interface Settler {
  /** Replaces the hold by the event's charge, or releases it when the event cost nothing and was not sent or not billed. */
  settle(event: UsageEvent, hold: Hold | null): void;
  /** Resolves when no settlement is under way any more. */
  idle(): Promise<void>;
}

export interface SettlerOptions {
  gate: BudgetGate;
  sink: UsageSink;
  logger: Logger;
  /** Waits between tries; injected so that tests need no time. */
  wait: (delayMs: number) => Promise<void>;
}

const FIRST_DELAY_MS = 100;
const TRIES_MAX = 6;

/**
 * Every settlement is idempotent by attempt id, so it is simply tried again. When tries run out the outcome is in the spool
 * without a settlement beside it, which is how recovery at the next start finds it: nothing is lost, only later.
 */
export function createSettler({ gate, sink, logger, wait }: SettlerOptions): Settler {
  const underWay = new Set<Promise<void>>();

  async function settled(event: UsageEvent, hold: Hold | null): Promise<void> {
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      try {
        const reply = await end(event, hold ?? (await holdAfterwards(event)));
        sink.recordSettlement(reply.settlement);
        return;
      } catch (error) {
        const code = TallygateError.isInstance(error) ? error.code : 'unexpected';
        logger.warn('settlement failed', { attemptId: event.eventId, attempt, code });
        if (attempt < TRIES_MAX) await wait(FIRST_DELAY_MS * 2 ** (attempt - 1));
      }
    }
  }

  function end(event: UsageEvent, hold: Hold) {
    const amountNanoUsd = contractedCostNanoUsd(event);
    return event.status === 'error' ? gate.release(hold) : gate.settle({ hold, amountNanoUsd });
  }

  /** The call went on while the gate was away: its budgets are found now, and charged without asking whether it fits. */
  async function holdAfterwards(event: UsageEvent): Promise<Hold> {
    const amountNanoUsd = contractedCostNanoUsd(event);
    const { version } = await gate.configuration();
    const reply = await gate.reserve({
      attemptId: event.eventId,
      attribution: event.attribution,
      expectedNanoUsd: amountNanoUsd,
      worstNanoUsd: amountNanoUsd,
      ttlMs: 60_000,
      configVersion: version,
      enforce: false,
    });
    if (reply.kind === 'held') return reply.hold;
    throw new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
      message: 'The configuration changed during a late settlement.',
    });
  }

  return {
    settle(event, hold) {
      const work = settled(event, hold).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
