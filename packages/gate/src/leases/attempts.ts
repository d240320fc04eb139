import type { Clock, Hold, SettleReply } from '@tallygate/usage';
import type { Ending } from '../settlements.ts';
import type { EndingQueue } from './ending-queue.ts';
import type { Lease } from './lease.ts';

/** An attempt that was admitted from a lease of this process and has not ended. */
export interface LeasedAttempt {
  hold: Hold;
  readonly lease: Lease;
  readonly endings: EndingQueue;
}

export interface EndedAttempt {
  readonly hold: Hold;
  readonly kind: Ending['kind'];
  readonly reply: Promise<SettleReply>;
}

/**
 * What this process knows about attempts, so that asking again for one admits nothing anew. The gate itself remembers how they
 * ended; here the latest are remembered only.
 */
export interface LeasedAttempts {
  readonly live: Map<string, LeasedAttempt>;
  ended(attemptId: string): EndedAttempt | undefined;
  end(attempt: LeasedAttempt, kind: Ending['kind'], reply: Promise<SettleReply>): void;
  /** The gate is asked for it by itself, now and whenever it is asked for again. */
  ask(attemptId: string): void;
  wasAsked(attemptId: string): boolean;
  /** This process has taken the lease, so that it knows every attempt of it that has not ended. */
  own(leaseId: string): void;
  isOwn(leaseId: string): boolean;
}

/** Attempts that are remembered; twice as many at most. */
const GENERATION = 20_000;

export function createLeasedAttempts(clock: Clock): LeasedAttempts {
  const live = new Map<string, LeasedAttempt>();
  const ended = createRecentMap<EndedAttempt>(() => forgetOver(live, clock.monotonicMs()));
  const asked = createRecentMap<true>(() => {});
  const own = createRecentMap<true>(() => {});
  return {
    live,
    ended: ended.get,
    end({ hold }, kind, reply) {
      live.delete(hold.attemptId);
      ended.set(hold.attemptId, { hold, kind, reply });
    },
    ask: (attemptId) => asked.set(attemptId, true),
    wasAsked: (attemptId) => asked.get(attemptId) !== undefined,
    own: (leaseId) => own.set(leaseId, true),
    isOwn: (leaseId) => own.get(leaseId) !== undefined,
  };
}

/** Whoever ends one that was forgotten is answered by the gate: its hold says what it was a part of. */
function forgetOver(live: Map<string, LeasedAttempt>, nowMs: number): void {
  for (const [attemptId, { lease }] of live) {
    // In the order in which they were admitted: the first that is not over ends the search.
    if (nowMs < lease.isOverAtMonotonicMs) return;
    live.delete(attemptId);
  }
}

function createRecentMap<Value>(turned: () => void) {
  let young = new Map<string, Value>();
  let old = young;
  return {
    get: (key: string): Value | undefined => young.get(key) ?? old.get(key),
    set(key: string, value: Value): void {
      if (young.size >= GENERATION) {
        old = young;
        young = new Map();
        turned();
      }
      young.set(key, value);
    },
  };
}
