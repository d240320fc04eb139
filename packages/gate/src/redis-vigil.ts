import type { Hold, NanoUsd } from '@tallygate/usage';
import type { PinnedPeriod } from './budget-periods.ts';
import { createEpochFollower, type FollowerOptions } from './epoch-follower.ts';
import { type Answer, createLastAnswer } from './last-answer.ts';
import { createLiveHolds } from './live-holds.ts';
import { createWatch } from './watch.ts';

/**
 * Watches over what Redis told this process. A flush, an empty replica or a failover can take it back without any call noticing, and
 * money that is being spent would be given out again. So a process that was told something lately looks a few times a second,
 * and after a loss puts its holds back before budgets admit more.
 */
export interface RedisVigil {
  held(hold: Hold, ttlMs: number): void;
  /** @param epoch null where Redis need not have kept a record of it. */
  ended(attemptId: string, epoch: string | null): void;
  endedInLease(part: EndedPart): void;
  /** Called when something was lost, before holds are put back. */
  onLoss(listener: () => void): void;
  /** Puts all holds back. @returns periods whose counters must be rebuilt first. */
  reassert(): Promise<PinnedPeriod[]>;
  close(): void;
}

/** What a lease does not hold any more, and where Redis wrote so. */
export interface EndedPart {
  leaseId: string;
  expectedNanoUsd: NanoUsd;
  worstNanoUsd: NanoUsd;
  /** Null when nothing is: idle money was given back, or the ends were ended before. */
  written: { field: string; epoch: string } | null;
}

export function createRedisVigil(options: FollowerOptions): RedisVigil {
  const { clock, logger, connection, keys } = options;
  const holds = createLiveHolds(clock);
  const answers = createLastAnswer(clock, options.recordGraceMs);
  const follower = createEpochFollower(options, holds, answers);
  const look = () =>
    follower.look().catch((error: unknown) => {
      logger.debug('Redis does not tell what it still knows.', { reason: String(error) });
    });
  const watch = createWatch(clock, () => holds.all().length > 0, look);
  const note = (answer: Answer): void => {
    follower.toldIn(answer.epoch);
    answers.note(answer);
    watch.goOn();
  };
  connection.onReady(() => {
    answers.reconnected();
    watch.lookNow();
  });
  return {
    held(hold, ttlMs) {
      if (hold.entries.length === 0) return;
      holds.add(hold, ttlMs);
      note({ key: keys.attempt(hold.attemptId), stands: 'held', epoch: hold.epoch });
    },
    ended(attemptId, epoch) {
      holds.remove(attemptId);
      if (epoch !== null) note({ key: keys.attempt(attemptId), stands: 'ended', epoch });
    },
    endedInLease({ leaseId, expectedNanoUsd, worstNanoUsd, written }) {
      holds.reduce(leaseId, expectedNanoUsd, worstNanoUsd);
      if (written === null) return;
      note({ key: keys.endings(leaseId), stands: `ending ${written.field}`, epoch: written.epoch });
    },
    onLoss: follower.onLoss,
    reassert: follower.reassert,
    close() {
      watch.stop();
      follower.stop();
    },
  };
}
