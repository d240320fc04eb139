import type { Fault } from './faults.ts';

/** What was served so far, for tests and demonstrations. */
export interface ServedSummary {
  /** Calls of POST /v1/messages that brought a valid key, faults and refusals included. */
  requests: number;
  /** Of those, answered as a stream. */
  streams: number;
  /** Of those, answered in full. */
  completed: number;
  /** Of those, left by the caller before the end: billed for what had been generated. */
  abandoned: number;
  /** Faults delivered, by kind. */
  faults: Partial<Record<Fault, number>>;
  countTokens: number;
  /** Attempts on the bill. */
  billedAttempts: number;
  /** Exact total of the bill, any extra included: what the cost report adds up to. */
  billedUsd: string;
  /** The same before the contract's discount. */
  listUsd: string;
}

type Counter = 'requests' | 'streams' | 'completed' | 'abandoned' | 'countTokens';

export interface Tally {
  count(counter: Counter): void;
  countFault(fault: Fault): void;
  read(): Pick<ServedSummary, Counter | 'faults'>;
  /** Marks work as begun; the returned function marks it as done. */
  begin(): () => void;
  /** Resolves once no work is under way: the moment after which a bill can be compared. */
  idle(): Promise<void>;
}

export function createTally(): Tally {
  const counts: Record<Counter, number> = {
    requests: 0,
    streams: 0,
    completed: 0,
    abandoned: 0,
    countTokens: 0,
  };
  const faults: Partial<Record<Fault, number>> = {};
  let underWay = 0;
  let waiting: (() => void)[] = [];

  const finish = (): void => {
    underWay -= 1;
    if (underWay > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  return {
    count: (counter) => {
      counts[counter] += 1;
    },
    countFault: (fault) => {
      faults[fault] = (faults[fault] ?? 0) + 1;
    },
    read: () => ({ ...counts, faults: { ...faults } }),
    begin: () => {
      underWay += 1;
      let done = false;
      return () => {
        if (!done) finish();
        done = true;
      };
    },
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}
