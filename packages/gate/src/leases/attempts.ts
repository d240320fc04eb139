import type { Clock, Hold } from '@tallygate/usage';
import type { GatheredEnding } from './ending-queue.ts';
import type { OpenLease } from './take-lease.ts';

/** An attempt that was admitted from a lease of this process. */
export interface LeasedAttempt {
  hold: Hold;
  readonly from: OpenLease;
  ending: GatheredEnding | null;
}

/**
 * What this process knows about attempts, so that asking again for one admits nothing anew. The gate itself remembers how they
 * ended; here the latest are remembered only, and those that live.
 */
export interface LeasedAttempts {
  get(attemptId: string): LeasedAttempt | undefined;
  add(attempt: LeasedAttempt): void;
  /** The gate is asked for it by itself, now and whenever it is asked for again. */
  ask(attemptId: string): void;
  wasAsked(attemptId: string): boolean;
  /** This process has taken the lease, so that it knows every attempt of it that has not ended. */
  own(leaseId: string): void;
  isOwn(leaseId: string): boolean;
}

/** Attempts that are remembered; twice as many at most. */
const GENERATION = 5_000;

export function createLeasedAttempts(clock: Clock): LeasedAttempts {
  // Whoever ends one that was forgotten is answered by the gate: its hold says what it was a part of.
  const isLive = ({ ending, from }: LeasedAttempt) =>
    ending === null && clock.monotonicMs() < from.lease.isOverAtMonotonicMs;
  const leased = createRecentMap<LeasedAttempt>(isLive);
  const asked = createRecentMap<true>(() => false);
  const own = createRecentMap<true>(() => false);
  return {
    get: leased.get,
    add: (attempt) => leased.set(attempt.hold.attemptId, attempt),
    ask: (attemptId) => asked.set(attemptId, true),
    wasAsked: (attemptId) => asked.get(attemptId) !== undefined,
    own: (leaseId) => own.set(leaseId, true),
    isOwn: (leaseId) => own.get(leaseId) !== undefined,
  };
}

/** Forgets a generation at once, which costs an attempt less than being deleted, but for what has to stay. */
function createRecentMap<Value>(mustStay: (value: Value) => boolean) {
  let young = new Map<string, Value>();
  let old = young;
  let turnsAt = GENERATION;

  function turn(): void {
    const forgotten = old === young ? new Map<string, Value>() : old;
    old = young;
    young = new Map();
    for (const [key, value] of forgotten) if (mustStay(value)) young.set(key, value);
    turnsAt = young.size + GENERATION;
  }

  return {
    get: (key: string): Value | undefined => young.get(key) ?? old.get(key),
    set(key: string, value: Value): void {
      if (young.size >= turnsAt) turn();
      young.set(key, value);
    },
  };
}
