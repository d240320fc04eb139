import type { Clock, Hold } from '@tallygate/usage';
import { LeasedHold } from './leased-hold.ts';

/**
 * What this process knows about attempts, so that asking again for one admits nothing anew. The gate itself remembers how they
 * ended; here the latest are remembered only, and those that live.
 */
export interface RecentAttempts {
  /** True for an id that sorts after all that came before, as ids do that one process makes: nothing is known of it. */
  isFirst(attemptId: string): boolean;
  /** What this process admitted under the id of the hold. */
  of(hold: Hold): LeasedHold | undefined;
  get(attemptId: string): LeasedHold | undefined;
  add(hold: LeasedHold): void;
  /** The gate is asked for it by itself, now and whenever it is asked for again. */
  ask(attemptId: string): void;
  wasAsked(attemptId: string): boolean;
  /** This process has taken the lease, so that it knows every attempt of it that has not ended. */
  own(leaseId: string): void;
  isOwn(leaseId: string): boolean;
}

/** Attempts that are remembered beside those that live; a few times as many at most. Each that lives through collections of garbage costs more than it took to admit it. */
const GENERATION = 1_000;

export function createRecentAttempts(clock: Clock): RecentAttempts {
  // Whoever ends one that was forgotten is answered by the gate: its hold says what it was a part of.
  const livesNow = () => {
    const nowMs = clock.monotonicMs();
    return ({ ending, from }: LeasedHold) => ending === null && nowMs < from.lease.isOverAtMonotonicMs;
  };
  const leased = createGenerations<LeasedHold>(({ attemptId }) => attemptId, livesNow);
  const asked = createGenerations<string>(itself, never);
  const own = createGenerations<string>(itself, never);
  let last = '';
  return {
    isFirst(attemptId) {
      const isFirst = attemptId > last;
      if (isFirst) last = attemptId;
      return isFirst;
    },
    of: (hold) => LeasedHold.of(hold) ?? leased.get(hold.attemptId),
    get: leased.get,
    add: leased.add,
    ask: asked.add,
    wasAsked: (attemptId) => asked.get(attemptId) !== undefined,
    own: own.add,
    isOwn: (leaseId) => own.get(leaseId) !== undefined,
  };
}

const itself = (id: string) => id;
const never = () => () => false;

/** Forgets a generation at once, which costs less than deleting each, but for what has to stay. */
function createGenerations<Value>(idOf: (value: Value) => string, staysNow: () => (value: Value) => boolean) {
  let young = createGeneration(idOf);
  let old = young;
  let turnsAt = GENERATION;

  function turn(): void {
    const forgotten = old === young ? [] : old.values;
    old = young;
    young = createGeneration(idOf);
    const stays = staysNow();
    for (const value of forgotten) if (stays(value)) young.values.push(value);
    // In step with those that stay, so that each addition pays for looking at two others, however many live.
    turnsAt = 2 * young.values.length + GENERATION;
  }

  return {
    get: (id: string): Value | undefined => young.get(id) ?? old.get(id),
    add(value: Value): void {
      if (young.values.length >= turnsAt) turn();
      young.values.push(value);
    },
  };
}

/** In the order in which they came. Hardly anybody asks for one by its id, so the index grows when somebody does. */
function createGeneration<Value>(idOf: (value: Value) => string) {
  const values: Value[] = [];
  const byId = new Map<string, Value>();
  let indexed = 0;
  return {
    values,
    get(id: string): Value | undefined {
      for (; indexed < values.length; indexed += 1) {
        const value = values[indexed];
        if (value !== undefined) byId.set(idOf(value), value);
      }
      return byId.get(id);
    },
  };
}
