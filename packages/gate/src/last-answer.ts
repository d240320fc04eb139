import type { Clock } from '@tallygate/usage';

/** Something that Redis answered and must still know. */
export interface Answer {
  /** Where it stands. */
  readonly key: string;
  /** What stands there: an attempt that is held or was, one that has ended, or a field in the endings of a lease. */
  readonly stands: 'held' | 'ended' | `ending ${string}`;
  readonly epoch: string;
}

/**
 * What Redis answered this process last. Replicas and files follow in order, so that the last answer speaks for all before it: if
 * it is gone, they may be.
 */
export interface LastAnswer {
  note(answer: Answer): void;
  /** The last of the connection before is in doubt: what is answered from now on says nothing about what was lost between them. */
  reconnected(): void;
  toAsk(): Answer | null;
  isKnown(asked: Answer | null): void;
}

export function createLastAnswer(clock: Clock, recordGraceMs: number): LastAnswer {
  let last: (Answer & { forgottenMs: number }) | null = null;
  let suspect: (Answer & { forgottenMs: number }) | null = null;
  return {
    note(answer) {
      // Half of the time for which Redis remembers it: clocks of two machines count it.
      last = { ...answer, forgottenMs: clock.monotonicMs() + recordGraceMs / 2 };
    },
    reconnected() {
      suspect ??= last;
    },
    toAsk() {
      const asked = suspect ?? last;
      return asked !== null && asked.forgottenMs > clock.monotonicMs() ? asked : null;
    },
    isKnown(asked) {
      if (asked === null || suspect === asked) suspect = null;
    },
  };
}
