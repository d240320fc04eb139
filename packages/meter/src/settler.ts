import {
  type BudgetGate,
  chargeOf,
  type Hold,
  type Logger,
  type SettleReply,
  TallygateError,
  type UsageEvent,
  type UsageSink,
} from '@tallygate/usage';
import type { ConfigurationCache } from './configuration-cache.ts';
import { createCrowd } from './crowd.ts';
import { plainModelNames } from './model-names.ts';

/**
 * Ends holds behind the caller's back and writes what the gate answered. The promises never reject: false means that the gate
 * did not answer in time, so that the rest is left to recovery, or to the hold's own end.
 */
export interface Settler {
  /** Replaces the hold by the event's charge, or releases it when the event cost nothing and was not sent or not billed. */
  settle(event: UsageEvent, hold: Hold | null): Promise<boolean>;
  /** Ends a hold under which nothing was charged. */
  release(hold: Hold): Promise<boolean>;
  /** Resolves when no settlement is under way any more. */
  idle(): Promise<void>;
}

export interface SettlerOptions {
  gate: BudgetGate;
  sink: UsageSink;
  configuration: ConfigurationCache;
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
export function createSettler({ gate, sink, configuration, logger, wait }: SettlerOptions): Settler {
  const underWay = createCrowd();

  const ended = (attemptId: string, endHold: () => Promise<SettleReply>) =>
    underWay.during(() => tried(attemptId, endHold));

  async function tried(attemptId: string, endHold: () => Promise<SettleReply>): Promise<boolean> {
    for (let attempt = 1; attempt <= TRIES_MAX; attempt += 1) {
      try {
        const reply = await endHold();
        sink.recordSettlement(reply.settlement);
        return true;
      } catch (error) {
        const code = TallygateError.isInstance(error) ? error.code : 'unexpected';
        const isLast = attempt === TRIES_MAX;
        logger[isLast ? 'warn' : 'debug']('settlement failed', { attemptId, attempt, code });
        if (!isLast) await wait(FIRST_DELAY_MS * 2 ** (attempt - 1));
      }
    }
    return false;
  }

  function end(event: UsageEvent, hold: Hold) {
    if (event.status === 'error') return gate.release(hold);
    const { amountNanoUsd, tokens } = chargeOf(event);
    return gate.settle({ hold, amountNanoUsd, tokens });
  }

  /** The call went on while the gate was away: its budgets are found now, and charged without asking whether it fits. */
  async function holdAfterwards(event: UsageEvent): Promise<Hold> {
    const { amountNanoUsd, tokens } = chargeOf(event);
    const { snapshot, priceBook } = await configuration.reload();
    const reply = await gate.reserve({
      attemptId: event.eventId,
      attribution: event.attribution,
      models: plainModelNames([event.requestModel], priceBook),
      expectedNanoUsd: amountNanoUsd,
      worstNanoUsd: amountNanoUsd,
      tokens: { expected: tokens, worst: tokens },
      ttlMs: 60_000,
      configVersion: snapshot.version,
      enforce: false,
    });
    if (reply.kind === 'held') return reply.hold;
    throw new TallygateError('TALLYGATE_GATE_UNAVAILABLE', {
      message: 'The configuration changed during a late settlement.',
    });
  }

  return {
    settle(event, hold) {
      const settling = async () => end(event, hold ?? (await holdAfterwards(event)));
      return ended(event.eventId, settling);
    },
    release: (hold) => ended(hold.attemptId, () => gate.release(hold)),
    idle: underWay.empty,
  };
}
